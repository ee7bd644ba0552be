#include "platform/http_client.h"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <string>

using smm::platform::AddressPolicy;
using smm::platform::is_allowed_address;

namespace {

bool allows(AddressPolicy policy, const std::string& text) {
  INFO(text);
  if (text.find(':') == std::string::npos) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    REQUIRE(inet_pton(AF_INET, text.c_str(), &address.sin_addr) == 1);
    return is_allowed_address(&address, policy);
  }
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  REQUIRE(inet_pton(AF_INET6, text.c_str(), &address.sin6_addr) == 1);
  return is_allowed_address(&address, policy);
}

// Of each net its first and last address.
constexpr auto public_addresses = {
    "1.1.1.1",         "9.255.255.255",  "11.0.0.0",      "100.63.255.255",  "100.128.0.0",
    "126.255.255.255", "128.0.0.0",      "168.63.129.15", "168.63.129.17",   "169.253.255.255",
    "169.255.0.0",     "172.15.255.255", "172.32.0.0",    "192.0.1.0",       "192.167.255.255",
    "192.169.0.0",     "198.17.255.255", "198.20.0.0",    "223.255.255.255", "2606:4700::1111",
    "2000::",          "3ffe:ffff::1",   "2001:200::1",   "::ffff:1.1.1.1",  "64:ff9b::1.1.1.1",
    "2002:101:101::1"};

constexpr auto private_addresses = {"10.0.0.0",
                                    "10.255.255.255",
                                    "127.0.0.1",
                                    "127.255.255.255",
                                    "172.16.0.0",
                                    "172.31.255.255",
                                    "192.168.0.0",
                                    "192.168.255.255",
                                    "100.64.0.0",
                                    "100.127.255.255",
                                    "100.100.100.199",
                                    "100.100.100.201",
                                    "192.0.0.1",
                                    "192.0.2.1",
                                    "198.51.100.1",
                                    "203.0.113.255",
                                    "198.18.0.0",
                                    "198.19.255.255",
                                    "240.0.0.1",
                                    "255.255.255.254",
                                    "::1",
                                    "fc00::",
                                    "fdff:ffff::1",
                                    "fd00:ec2::253",
                                    "fec0::1",
                                    "feff::1",
                                    "2001:db8::1",
                                    "3fff:fff::1",
                                    "2001:2::1",
                                    "2001:10::1",
                                    "100::1",
                                    "4000::1",
                                    "::ffff:127.0.0.1",
                                    "::ffff:0:10.1.2.3",
                                    "::192.168.1.1",
                                    "64:ff9b::127.0.0.1",
                                    "64:ff9b::10.0.0.1",
                                    "2002:7f00:1::1",
                                    "2002:c0a8:101::",
                                    "2001:0:101:101::fefe:fefe"};

constexpr auto forbidden_addresses = {"0.0.0.0",
                                      "0.1.2.3",
                                      "169.254.0.0",
                                      "169.254.169.254",
                                      "169.254.255.255",
                                      "100.100.100.200",
                                      "168.63.129.16",
                                      "224.0.0.1",
                                      "239.255.255.255",
                                      "255.255.255.255",
                                      "::",
                                      "fe80::1",
                                      "febf:ffff::1",
                                      "fd00:ec2::254",
                                      "ff02::1",
                                      "ff00::",
                                      "::ffff:169.254.169.254",
                                      "::ffff:0.0.0.0",
                                      "::ffff:0:169.254.169.254",
                                      "::169.254.169.254",
                                      "64:ff9b::169.254.169.254",
                                      "64:ff9b::100.100.100.200",
                                      "64:ff9b:1::1.1.1.1",
                                      "64:ff9b:1:a9fe:a9:fe00::",
                                      "2002:a9fe:a9fe::1",
                                      "2002:a83f:8110::",
                                      "2001:0:101:101::5601:5601"};

}  // namespace

TEST_CASE("public addresses are open to every policy") {
  for (const auto* address : public_addresses) {
    CHECK(allows(AddressPolicy::only_public, address));
    CHECK(allows(AddressPolicy::local, address));
    CHECK(allows(AddressPolicy::any, address));
  }
}

TEST_CASE("loopback, private and reserved addresses are closed to only_public, in whatever disguise") {
  for (const auto* address : private_addresses) {
    CHECK_FALSE(allows(AddressPolicy::only_public, address));
    CHECK(allows(AddressPolicy::local, address));
    CHECK(allows(AddressPolicy::any, address));
  }
}

TEST_CASE("link-local, metadata, multicast and unspecified addresses are closed to local too") {
  for (const auto* address : forbidden_addresses) {
    CHECK_FALSE(allows(AddressPolicy::only_public, address));
    CHECK_FALSE(allows(AddressPolicy::local, address));
    CHECK(allows(AddressPolicy::any, address));
  }
}

TEST_CASE("a family that is not IP is refused by all policies") {
  sockaddr address{};
  address.sa_family = AF_UNIX;
  CHECK_FALSE(is_allowed_address(&address, AddressPolicy::any));
  CHECK_FALSE(is_allowed_address(&address, AddressPolicy::local));
  CHECK_FALSE(is_allowed_address(&address, AddressPolicy::only_public));
}
