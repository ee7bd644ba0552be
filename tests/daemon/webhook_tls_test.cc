#include "enclave.h"
#include "tls_endpoint.h"
#include "wire_world.h"

// What an https endpoint must prove before a request is sent to it. The system's authorities are the test's:
// it shows the daemon other files in their place.
namespace smm::test::webhook_tls_test {

using std::chrono::hours;

namespace {

struct Fault {
  std::string name;
  TlsContext context;
  std::string words;  // in the attempt's error
};

TlsContext only_tls_1_1(TlsContext context) {
  REQUIRE(SSL_CTX_set_min_proto_version(context.get(), TLS1_VERSION) == 1);
  REQUIRE(SSL_CTX_set_max_proto_version(context.get(), TLS1_1_VERSION) == 1);
  REQUIRE(SSL_CTX_set_cipher_list(context.get(), "ALL:@SECLEVEL=0") == 1);
  return context;
}

std::vector<Fault> faults(const TlsAuthority& trusted, const TlsAuthority& stranger) {
  TlsAuthority::Wish expired;
  expired.begins = -hours(40);
  expired.ends = -hours(1);
  TlsAuthority::Wish early;
  early.begins = hours(1);
  TlsAuthority::Wish other_name;
  other_name.names = "DNS:other.example,DNS:*.shop.example";
  TlsAuthority::Wish own;
  own.self_signed = true;
  std::vector<Fault> list;
  list.push_back({"expired", trusted.issue(expired), "certificate has expired"});
  list.push_back({"early", trusted.issue(early), "certificate is not yet valid"});
  list.push_back({"misnamed", trusted.issue(other_name), "matches target host name 'shop.example'"});
  list.push_back({"selfsigned", trusted.issue(own), "self-signed certificate"});
  list.push_back({"stranger", stranger.issue({}), "no authority this machine trusts has signed it"});
  list.push_back({"old", only_tls_1_1(trusted.issue({})), "protocol version"});
  return list;
}

}  // namespace

TEST_CASE("a certificate that is expired, early, misnamed, self-signed or a stranger's: no request is sent") {
  const Enclave enclave;
  if (!enclave.entered()) {
    MESSAGE("skipped: only root can show the daemon other authorities");
    return;
  }
  const ScratchDirectory directory;
  const TlsAuthority trusted("Practice Authority");
  const TlsAuthority stranger("Nobody's Authority");
  write_file(directory.path() / "certs/ca-certificates.crt", trusted.pem(), 0644);
  write_file(directory.path() / "hosts", "127.0.0.1 localhost shop.example\n", 0644);
  REQUIRE(enclave.cover("/etc/ssl/certs", directory.path() / "certs"));
  REQUIRE(enclave.cover("/etc/hosts", directory.path() / "hosts"));

  auto cases = faults(trusted, stranger);
  std::vector<std::unique_ptr<TlsEndpoint>> endpoints;
  std::vector<Hook> hooks;
  for (auto& fault : cases) {
    endpoints.push_back(std::make_unique<TlsEndpoint>(std::move(fault.context)));
    hooks.push_back({fault.name, endpoints.back()->url("shop.example")});
  }
  const TlsEndpoint right(trusted.issue({}));
  hooks.push_back({"right", right.url("shop.example")});
  practice::WebhookReceiver plain(verifying());
  hooks.push_back({"plain", "https://shop.example:" + std::to_string(plain.port()) + "/hook"});
  const WebhookWorld world(hooks);
  world.make_event("1");

  CHECK(world.delivery("right", 1)["state"] == "delivered");
  CHECK(right.requests().size() == 1);
  for (std::size_t i = 0; i < cases.size(); ++i) {
    CAPTURE(cases[i].name);
    const auto delivery = world.delivery(cases[i].name, 1);
    const auto attempt = delivery["attempts"][0];
    CAPTURE(attempt.dump());
    CHECK(delivery["state"] == "pending");
    CHECK(delivery["tries"] == delivery["attempts"].size());
    CHECK(attempt["outcome"] == "failed");
    CHECK(attempt["http_status"].is_null());
    CHECK(attempt["error"].get<std::string>().find(cases[i].words) != std::string::npos);
    // One for each attempt; another one may be under way.
    CHECK(eventually([&] {
      const auto attempts = world.delivery(cases[i].name, 1)["attempts"].size();
      return static_cast<std::size_t>(endpoints[i]->connections()) == attempts;
    }));
    CHECK(endpoints[i]->requests().empty());
  }
  CHECK(world.delivery("plain", 1)["attempts"][0]["outcome"] == "failed");
  CHECK(plain.count() == 0);
}

}  // namespace smm::test::webhook_tls_test
