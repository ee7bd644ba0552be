#include "platform/http_client.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <optional>

// The special-purpose address registries of IANA (RFC 6890), and the addresses under which cloud providers
// hand a machine's credentials to whoever asks from within it.
namespace smm::platform {
namespace {

enum class Reach : std::uint8_t {
  everywhere,
  only_here,  // loopback, private, or of no use outside: `local` may go there
  nowhere,    // link-local, metadata, multicast, unspecified: nobody may
};

struct Ipv4Net {
  std::uint32_t address;
  int bits;
  Reach reach;
};

constexpr std::uint32_t ipv4(std::uint32_t a, std::uint32_t b, std::uint32_t c, std::uint32_t d) {
  return a << 24 | b << 16 | c << 8 | d;
}

// The first that contains the address decides.
constexpr std::array<Ipv4Net, 21> ipv4_nets{{
    {ipv4(0, 0, 0, 0), 8, Reach::nowhere},           // this network; 0.0.0.0 would be loopback
    {ipv4(169, 254, 0, 0), 16, Reach::nowhere},      // link-local, metadata of most clouds
    {ipv4(100, 100, 100, 200), 32, Reach::nowhere},  // metadata of Alibaba Cloud
    {ipv4(168, 63, 129, 16), 32, Reach::nowhere},    // Azure's host agent
    {ipv4(224, 0, 0, 0), 4, Reach::nowhere},         // multicast
    {ipv4(255, 255, 255, 255), 32, Reach::nowhere},  // broadcast
    {ipv4(10, 0, 0, 0), 8, Reach::only_here},       {ipv4(172, 16, 0, 0), 12, Reach::only_here},
    {ipv4(192, 168, 0, 0), 16, Reach::only_here},   {ipv4(127, 0, 0, 0), 8, Reach::only_here},
    {ipv4(100, 64, 0, 0), 10, Reach::only_here},    // carrier-grade NAT
    {ipv4(192, 0, 0, 0), 24, Reach::only_here},     // protocol assignments
    {ipv4(192, 0, 2, 0), 24, Reach::only_here},     // documentation
    {ipv4(198, 51, 100, 0), 24, Reach::only_here},  // documentation
    {ipv4(203, 0, 113, 0), 24, Reach::only_here},   // documentation
    {ipv4(192, 88, 99, 0), 24, Reach::only_here},   // 6to4 relays, retired
    {ipv4(192, 31, 196, 0), 24, Reach::only_here},  // AS112 sinks
    {ipv4(192, 52, 193, 0), 24, Reach::only_here},  // AMT relays
    {ipv4(192, 175, 48, 0), 24, Reach::only_here},  // AS112 sinks
    {ipv4(198, 18, 0, 0), 15, Reach::only_here},    // benchmarks
    {ipv4(240, 0, 0, 0), 4, Reach::only_here},      // reserved
}};

Reach reach_of_ipv4(std::uint32_t address) {
  const auto contains = [address](const Ipv4Net& net) {
    return (address ^ net.address) >> (32 - net.bits) == 0;
  };
  const auto* net = std::find_if(ipv4_nets.begin(), ipv4_nets.end(), contains);
  return net == ipv4_nets.end() ? Reach::everywhere : net->reach;
}

using Ipv6Bytes = std::array<std::uint8_t, 16>;

bool starts_with(const Ipv6Bytes& address, std::initializer_list<std::uint8_t> prefix) {
  return std::equal(prefix.begin(), prefix.end(), address.begin());
}

std::uint32_t ipv4_at(const Ipv6Bytes& address, std::size_t at) {
  return ipv4(address[at], address[at + 1], address[at + 2], address[at + 3]);
}

bool is_loopback(const Ipv6Bytes& address) {
  return std::all_of(address.begin(), address.end() - 1, [](std::uint8_t byte) { return byte == 0; }) &&
         address.back() == 1;
}

// Forms that carry an IPv4 address, which then decides.
std::optional<Reach> reach_by_embedded_ipv4(const Ipv6Bytes& address) {
  constexpr std::size_t last = 12;
  if (starts_with(address, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}) ||     // ::ffff:0:0/96, mapped
      starts_with(address, {0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0}) ||     // ::ffff:0:0:0/96, translated
      starts_with(address, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}) ||           // ::/96, compatible, and ::
      starts_with(address, {0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0})) {  // 64:ff9b::/96, NAT64
    return reach_of_ipv4(ipv4_at(address, last));
  }
  if (starts_with(address, {0x20, 0x02})) return reach_of_ipv4(ipv4_at(address, 2));  // 2002::/16, 6to4
  if (starts_with(address, {0x20, 0x01, 0, 0})) {  // 2001::/32, Teredo: a server, and a client inverted
    return std::max(
        {reach_of_ipv4(ipv4_at(address, 4)), reach_of_ipv4(~ipv4_at(address, last)), Reach::only_here});
  }
  return std::nullopt;
}

Reach reach_of_ipv6(const Ipv6Bytes& address) {
  if (is_loopback(address)) return Reach::only_here;
  if (const auto reach = reach_by_embedded_ipv4(address)) return *reach;
  if (starts_with(address, {0xfe}) && (address[1] & 0xc0U) == 0x80U) return Reach::nowhere;  // link-local
  if (starts_with(address, {0xff})) return Reach::nowhere;                                   // multicast
  if (starts_with(address, {0, 0x64, 0xff, 0x9b, 0, 1})) return Reach::nowhere;  // NAT64 of local use
  constexpr Ipv6Bytes amazon_metadata{0xfd, 0x00, 0x0e, 0xc2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x02, 0x54};
  if (address == amazon_metadata) return Reach::nowhere;
  if ((address[0] & 0xe0U) != 0x20U) return Reach::only_here;  // outside 2000::/3 nothing is public
  if (starts_with(address, {0x20, 0x01}) && (address[2] & 0xfeU) == 0) {
    return Reach::only_here;  // 2001::/23, protocol assignments
  }
  if (starts_with(address, {0x20, 0x01, 0x0d, 0xb8})) return Reach::only_here;  // documentation
  if (starts_with(address, {0x3f, 0xff}) && (address[2] & 0xf0U) == 0) {
    return Reach::only_here;  // 3fff::/20, documentation
  }
  return Reach::everywhere;
}

std::optional<Reach> reach_of(const void* socket_address) {
  sa_family_t family = AF_UNSPEC;
  std::memcpy(&family, static_cast<const char*>(socket_address) + offsetof(sockaddr, sa_family),
              sizeof family);
  if (family == AF_INET) {
    sockaddr_in address{};
    std::memcpy(&address, socket_address, sizeof address);
    return reach_of_ipv4(ntohl(address.sin_addr.s_addr));
  }
  if (family == AF_INET6) {
    sockaddr_in6 address{};
    std::memcpy(&address, socket_address, sizeof address);
    Ipv6Bytes bytes{};
    std::memcpy(bytes.data(), &address.sin6_addr, bytes.size());
    return reach_of_ipv6(bytes);
  }
  return std::nullopt;
}

}  // namespace

bool is_allowed_address(const void* socket_address, AddressPolicy policy) {
  const auto reach = reach_of(socket_address);
  if (!reach) return false;
  switch (policy) {
    case AddressPolicy::any:
      return true;
    case AddressPolicy::only_public:
      return *reach == Reach::everywhere;
    case AddressPolicy::local:
      return *reach != Reach::nowhere;
  }
  return false;
}

}  // namespace smm::platform
