#include "doctor_world.h"
#include "enclave.h"
#include "small_resolver.h"
#include "tls_endpoint.h"

#include <array>
#include <ctime>
#include <memory>

// What one balance call shows of names, certificates and clocks, in a network of the test's own.
namespace smm::test::doctor_network_test {

using namespace doctor_world;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

namespace {

std::string date_header(seconds ahead) {
  const auto time = std::time(nullptr) + ahead.count();
  std::tm parts{};
  gmtime_r(&time, &parts);
  std::array<char, 64> text{};
  std::strftime(text.data(), text.size(), "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &parts);
  return text.data();
}

struct Network {
  Network() {
    if (!enclave.entered()) return;
    write_file(directory.path() / "certs/ca-certificates.crt", trusted.pem(), 0644);
    write_file(directory.path() / "resolv.conf", "nameserver 127.0.0.1\n", 0644);
    write_file(directory.path() / "hosts", "127.0.0.1 localhost\n", 0644);
    REQUIRE(enclave.cover("/etc/ssl/certs", directory.path() / "certs"));
    REQUIRE(enclave.cover("/etc/resolv.conf", directory.path() / "resolv.conf"));
    REQUIRE(enclave.cover("/etc/hosts", directory.path() / "hosts"));
    write_file(directory.path() / "nsswitch.conf", "hosts: files dns\n", 0644);
    if (std::filesystem::exists("/etc/nsswitch.conf"))
      REQUIRE(enclave.cover("/etc/nsswitch.conf", directory.path() / "nsswitch.conf"));
    resolver = std::make_unique<SmallResolver>();
    resolver->set("panel.example", {"127.0.0.1", "127.0.0.2"});
  }
  std::string panel(const std::string& name, TlsAuthority::Wish wish, seconds ahead = seconds(0)) {
    wish.names = "DNS:panel.example";
    endpoints.push_back(std::make_unique<TlsEndpoint>(trusted.issue(wish), date_header(ahead),
                                                      R"({"balance":"100.84","currency":"USD"})"));
    return panel_section(name, endpoints.back()->url("panel.example"));
  }

  const Enclave enclave;
  const ScratchDirectory directory;
  const TlsAuthority trusted{"Practice Authority"};
  std::unique_ptr<SmallResolver> resolver;
  std::vector<std::unique_ptr<TlsEndpoint>> endpoints;
};

TlsAuthority::Wish ending(seconds after) {
  TlsAuthority::Wish wish;
  wish.begins = -hours(40);
  wish.ends = after;
  return wish;
}

}  // namespace

TEST_CASE(
    "a doctor tells of certificates that ended or end soon, of clocks that are wrong, of names that are "
    "none") {
  Network network;
  if (!network.enclave.entered()) {
    MESSAGE("skipped: only root can have a network of its own");
    return;
  }
  auto config = rare_polling();
  config += network.panel("well", ending(hours(24 * 30)));
  config += network.panel("soon", ending(hours(24 * 10 + 12)));
  config += network.panel("ended", ending(-hours(1)));
  config += network.panel("ahead", ending(hours(24 * 30)), minutes(2));
  config += network.panel("behind", ending(hours(24 * 30)), -minutes(20));
  config += panel_section("nowhere", "https://nowhere.example/api/v2");
  config += "[webhook.shop]\nurl = \"" + network.endpoints.front()->url("panel.example") +
            "\"\nnetwork = \"local\"\nsecret_file = \"keys/shop\"\n";
  TrackerProcess tracker;
  tracker.add_file("keys/shop", webhook_secret);
  REQUIRE(tracker.start({.config = config}));
  const auto document = doctor(tracker);
  CAPTURE(document.dump(1));

  CHECK(check_of(document, "panel.well.tls")["verdict"] == "ok");
  CHECK(check_of(document, "panel.well.clock")["verdict"] == "ok");
  CHECK(check_of(document, "panel.well.dns")["verdict"] == "ok");
  CHECK(says(check_of(document, "panel.well.dns"), "found", "2 addresses"));
  CHECK(says(check_of(document, "panel.well.balance"), "found", "balance 100.84 USD"));
  CHECK(check_of(document, "panel.soon.tls")["verdict"] == "warn");
  CHECK(says(check_of(document, "panel.soon.tls"), "found", "ends in 10 days"));
  CHECK(check_of(document, "panel.ended.tls")["verdict"] == "fail");
  CHECK(says(check_of(document, "panel.ended.tls"), "found", "certificate has expired"));
  CHECK(check_of(document, "panel.ended.balance")["verdict"] == "fail");
  CHECK(check_of(document, "panel.ahead.clock")["verdict"] == "warn");
  CHECK(says(check_of(document, "panel.ahead.clock"), "found", "ahead of"));
  CHECK(check_of(document, "panel.behind.clock")["verdict"] == "fail");
  CHECK(says(check_of(document, "panel.behind.clock"), "found", "behind"));
  CHECK(check_of(document, "panel.nowhere.dns")["verdict"] == "fail");
  CHECK(says(check_of(document, "panel.nowhere.dns"), "found", "nowhere.example has no address"));
  CHECK(check_of(document, "webhook.shop.tls")["verdict"] == "ok");
  CHECK(document["verdict"] == "fail");
}

}  // namespace smm::test::doctor_network_test
