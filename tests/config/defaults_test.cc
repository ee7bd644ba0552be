#include "documented.h"
#include "workshop.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>

namespace smm::config::defaults_test {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
constexpr hours day{24};

constexpr std::string_view minimal = R"toml(
[panel.p1]
url = "https://panel.example/api/v2"
key_file = "keys/p1"
[panel.p1.refill]
[webhook.shop]
url = "https://shop.example/hooks/smm"
secret_file = "keys/shop.whsec"
)toml";

void furnish(const Workshop& workshop) {
  workshop.write("keys/p1.local", "abcdefghijklmnopqrstuvwx\n");
  workshop.write("keys/shop.whsec", "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz\n");
}

TEST_CASE("an empty file is a valid configuration without panels") {
  Workshop workshop;
  const auto policy = workshop.policy("");
  CHECK(policy == Policy());
  CHECK(policy.panels.empty());
  REQUIRE(workshop.warnings.size() == 1);
  CHECK(to_text(workshop.warnings.at(0)).find("describes no panel") != std::string::npos);
}

TEST_CASE("everything left out has its documented default") {
  Workshop workshop;
  furnish(workshop);
  const auto policy = workshop.policy(minimal);
  CHECK(policy.database_path == "tracker.db");
  CHECK(policy.api_socket == "api.sock");
  CHECK(policy.read_only_socket == "ro.sock");
  CHECK(policy.compat_socket == "compat.sock");
  CHECK(policy.retention.history == 400 * day);
  CHECK(policy.retention.events == 180 * day);
  CHECK(policy.retention.progress == 3 * day);
  CHECK(policy.retention.deliveries == 7 * day);
  const auto& panel = policy.panels.at(0);
  CHECK(panel.poll.fastest == minutes(1));
  CHECK(panel.poll.moving == minutes(10));
  CHECK(panel.poll.slowest == minutes(30));
  CHECK(panel.poll.settle == hours(48));
  CHECK(panel.poll.stalled_after == hours(24));
  CHECK(panel.poll.lost_after == hours(24));
  CHECK(panel.name == PanelName("p1"));
  CHECK(panel.url == "https://panel.example/api/v2");
  CHECK(panel.key.reveal() == "0123456789abcdef");
  CHECK(panel.requests_per_minute == 30);
  CHECK(panel.max_in_flight == 1);
  CHECK(panel.timeout == seconds(30));
  CHECK(panel.place_timeout == seconds(120));
  CHECK(panel.proxy.empty());
  CHECK(panel.currency.empty());
  CHECK(panel.compat_token.empty());
  CHECK(panel.track_on_sight);
  CHECK(panel.balance_every == minutes(10));
  CHECK_FALSE(panel.balance_low.has_value());
  CHECK(panel.services_every == hours(1));
}

TEST_CASE("an empty refill section has the documented defaults") {
  Workshop workshop;
  furnish(workshop);
  const auto policy = workshop.policy(minimal);
  REQUIRE(policy.panels.at(0).refill.has_value());
  const auto& refill = *policy.panels.at(0).refill;
  CHECK(refill.mode == RefillAuto::schedule);
  CHECK(refill.ask_after ==
        std::vector<Milliseconds>{7 * day, 14 * day, 29 * day, 59 * day, 89 * day, 179 * day, 364 * day});
  CHECK(refill.gap == hours(25));
  CHECK(refill.window_from_service);
  CHECK(refill.default_window == 30 * day);
  CHECK_FALSE(refill.partial);
  CHECK(refill.drop_per_mille == 50);
  CHECK(refill.max_per_order == 5);
}

TEST_CASE("a webhook that says little has the documented defaults") {
  Workshop workshop;
  furnish(workshop);
  const auto webhook = workshop.policy(minimal).webhooks.at(0);
  CHECK(webhook.name == WebhookName("shop"));
  CHECK(webhook.secrets.at(0).reveal() == "012345678901234567890123");
  CHECK(webhook.events.empty());
  CHECK(webhook.panels.empty());
  CHECK(webhook.network == WebhookNetwork::only_public);
  CHECK(webhook.proxy.empty());
  CHECK(webhook.headers.empty());
  CHECK(webhook.rate == 20);
}

TEST_CASE("the documented configuration says in full what a minimal one leaves out") {
  Workshop workshop;
  furnish(workshop);
  auto full = workshop.policy(documented);
  CHECK(workshop.warnings.empty());
  auto& panel = full.panels.at(0);
  CHECK(panel.proxy == "http://127.0.0.1:3128");
  CHECK(panel.currency == "USD");
  CHECK(panel.compat_token.reveal() == "abcdefghijklmnopqrstuvwx");
  REQUIRE(panel.balance_low.has_value());
  CHECK(panel.balance_low->text() == "20.00");
  REQUIRE(panel.refill_services.size() == 1);
  auto expected_service = RefillPolicy();
  expected_service.mode = RefillAuto::off;
  CHECK(panel.refill_services.at("1") == expected_service);
  auto& webhook = full.webhooks.at(0);
  CHECK(webhook.events == std::vector<std::string>{"order.status_changed", "refill.*"});
  CHECK(webhook.panels == std::vector{PanelName("p1")});
  CHECK(webhook.headers == std::vector<std::pair<std::string, std::string>>{{"X-Env", "prod"}});

  panel.proxy.clear();
  panel.currency.clear();
  panel.compat_token = {};
  panel.compat_token_source.reset();
  panel.balance_low.reset();
  panel.refill_services.clear();
  webhook.events.clear();
  webhook.panels.clear();
  webhook.proxy.clear();
  webhook.headers.clear();
  CHECK(full == workshop.policy(minimal));
}

TEST_CASE("what the file says beats every default") {
  Workshop workshop;
  const auto policy = workshop.policy(
      "[database]\npath = \"/srv/x.db\"\n"
      "[api]\nsocket = \"a\"\nread_only_socket = \"b\"\ncompat_socket = \"c\"\n"
      "[retention]\nhistory = \"1s\"\nevents = \"2d\"\nprogress = \"4h\"\ndeliveries = \"5m\"\n" +
      std::string(panel_p1) +
      "requests_per_minute = 0\nmax_in_flight = 4\ntimeout = \"5s\"\nplace_timeout = \"1m\"\n"
      "track_on_sight = false\n[panel.p1.services]\nevery = \"100ms\"\n[panel.p1.balance]\nevery = \"2h\"\n");
  CHECK(policy.database_path == "/srv/x.db");
  CHECK(policy.api_socket == "a");
  CHECK(policy.read_only_socket == "b");
  CHECK(policy.compat_socket == "c");
  CHECK(policy.retention == RetentionPolicy{seconds(1), 2 * day, hours(4), minutes(5)});
  const auto& panel = policy.panels.at(0);
  CHECK(panel.requests_per_minute == 0);
  CHECK(panel.max_in_flight == 4);
  CHECK(panel.timeout == seconds(5));
  CHECK(panel.place_timeout == minutes(1));
  CHECK_FALSE(panel.track_on_sight);
  CHECK(panel.services_every == Milliseconds(100));
  CHECK(panel.balance_every == hours(2));
}

TEST_CASE("panels and webhooks come sorted by name, wherever they stand in the file") {
  Workshop workshop;
  workshop.write("keys/a", "akey");
  workshop.write("keys/b", "bkey");
  workshop.write("s", "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz");
  const auto policy = workshop.policy(
      "[webhook.z]\nurl = \"https://z.example\"\nsecret_file = \"s\"\npanels = [\"b\"]\n"
      "[panel.b]\nurl = \"http://10.0.0.1/\"\nkey_file = \"keys/b\"\n" +
      std::string(panel_p1) + "[panel.a]\nurl = \"http://10.0.0.1/\"\nkey_file = \"keys/a\"\n" +
      "[webhook.a]\nurl = \"https://z.example\"\nsecret_file = \"s\"\n");
  REQUIRE(policy.panels.size() == 3);
  CHECK(policy.panels[0].name == PanelName("a"));
  CHECK(policy.panels[1].name == PanelName("b"));
  CHECK(policy.panels[2].name == PanelName("p1"));
  CHECK(policy.panels[2].key.reveal() == "0123456789abcdef");
  REQUIRE(policy.webhooks.size() == 2);
  CHECK(policy.webhooks[0].name == WebhookName("a"));
}

TEST_CASE("the documented configuration cut short anywhere loads or is complained of inside the file") {
  Workshop workshop;
  furnish(workshop);
  const auto lines = static_cast<std::size_t>(std::count(documented.begin(), documented.end(), '\n')) + 1;
  for (std::size_t length = 0; length < documented.size(); ++length) {
    const auto loaded = load_text(documented.substr(0, length), workshop.places);
    if (loaded) continue;
    CHECK_FALSE(loaded.error().empty());
    for (const auto& complaint : loaded.error()) {
      CHECK(complaint.line >= 1);
      CHECK(complaint.line <= lines);
      CHECK(complaint.column >= 1);
    }
  }
}

}  // namespace
}  // namespace smm::config::defaults_test
