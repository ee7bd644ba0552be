#include "child.h"
#include "tracker_process.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

// GET /v1/config, and what `smm-tracker config show` makes of it.
namespace smm::test::config_view_test {
namespace {

struct Hidden {
  std::string name;
  std::string value;
};

std::string percent_encoded(const std::string& text) {
  constexpr const char* digits = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    encoded += '%';
    encoded += digits[byte >> 4U];
    encoded += digits[byte & 15U];
  }
  return encoded;
}

const std::string panel_key = "panel/key+7f3a";
const std::string webhook_text = webhook_secret;

// Everything the configuration knows that nobody else should.
std::vector<Hidden> hidden() {
  return {{"key", panel_key},
          {"key, encoded", percent_encoded(panel_key)},
          {"key, as JSON may spell it", "panel\\/key+7f3a"},
          {"token", "local-token-0123456789abcdef"},
          {"webhook secret", webhook_text.substr(6)},
          {"user of a panel", "panel-user"},
          {"password of a panel", "panel-pass"},
          {"query of a panel", "panel-query"},
          {"user of a proxy", "proxy-user"},
          {"password of a proxy", "proxy-pass"},
          {"path of a webhook", "hook-path"},
          {"query of a webhook", "hook-query"},
          {"user of a webhook", "hook-user"},
          {"value of a header", "header-value"}};
}

std::string config() {
  return "[poll]\nfastest = \"1h\"\nmoving = \"1h\"\nslowest = \"1h\"\n"
         "[panel.p1]\nurl = \"http://panel-user:panel-pass@127.0.0.1:9/" +
         percent_encoded(panel_key) +
         "/api/v2?token=panel-query\"\nkey_file = \"keys/odd\"\ncompat_token_file = \"keys/local\"\n"
         "proxy = \"http://proxy-user:proxy-pass@127.0.0.1:9\"\n[panel.p1.balance]\nlow = \"20.00\"\n"
         "[panel.p1.refill]\ndrop = \"2.5%\"\n[panel.p1.refill.service.7]\nauto = \"off\"\nwindow = \"30d\"\n"
         "[webhook.shop]\nurl = \"https://hook-user:pw@127.0.0.1:9/hook-path?x=hook-query\"\n"
         "secret_file = [\"keys/shop\"]\nnetwork = \"local\"\nheaders = { \"X-Env\" = \"header-value\" }\n";
}

struct World {
  World() {
    tracker.add_file("keys/odd", panel_key + "\n");
    tracker.add_file("keys/local", "local-token-0123456789abcdef\n");
    tracker.add_file("keys/shop", webhook_text + "\n");
    REQUIRE(tracker.start({.config = config()}));
  }
  TrackerProcess tracker;
};

}  // namespace

TEST_CASE("the configuration in force is told whole, with its defaults and where each secret is read from") {
  const World world;
  const auto answer = world.tracker.get("/v1/config");
  REQUIRE(answer.status == 200);
  const auto json = answer.json();
  const auto keys = (world.tracker.directory() / "keys").string();
  CHECK(json["file"] == (world.tracker.directory() / "smm-tracker.toml").string());
  CHECK(json["state_directory"] == world.tracker.state().string());
  CHECK(json["database"]["path"] == "tracker.db");
  CHECK(json["retention"]["history"] == "400d");
  CHECK(json["poll"]["slowest"] == "1h");
  const auto& panel = json["panel"]["p1"];
  CHECK(panel["key_file"] == keys + "/odd");
  CHECK(panel["compat_token_file"] == keys + "/local");
  CHECK(panel["url"] == "http://***@127.0.0.1:9/***/api/v2?***");
  CHECK(panel["proxy"] == "http://***@127.0.0.1:9");
  CHECK(panel["requests_per_minute"] == 30);
  CHECK(panel["poll"]["fastest"] == "1h");
  CHECK(panel["balance"] == Json{{"every", "10m"}, {"low", "20.00"}});
  CHECK(panel["refill"]["auto"] == "schedule");
  CHECK(panel["refill"]["drop"] == "2.5%");
  CHECK(panel["refill"]["window"] == "service");
  CHECK(panel["refill"]["service"]["7"]["auto"] == "off");
  CHECK(panel["refill"]["service"]["7"]["window"] == "30d");
  const auto& webhook = json["webhook"]["shop"];
  CHECK(webhook["url"] == "https://***@127.0.0.1:9/***");
  CHECK(webhook["secret_file"] == keys + "/shop");
  CHECK(webhook["headers"] == Json{{"X-Env", "***"}});
  CHECK(webhook["rate"] == 20);
  CHECK(webhook["events"].dump().find("order.status_changed") != std::string::npos);
  CHECK(webhook["events"].dump().find("order.progress") == std::string::npos);
  CHECK(world.tracker.call({.target = "/v1/config", .socket = "ro.sock"}).status == 200);
}

TEST_CASE("no secret of any kind is told with the configuration: not as it is and not encoded") {
  const World world;
  std::string told;
  for (const auto* target : {"/v1/config", "/v1/status", "/v1/panels", "/v1/panels/p1", "/v1/webhooks"}) {
    const auto answer = world.tracker.call({.target = target, .socket = "ro.sock"});
    REQUIRE(answer.status == 200);
    told += answer.body;
  }
  const auto shown = run(world.tracker.socket().string(), {"config", "show"});
  REQUIRE(shown.exit == 0);
  told += shown.out + shown.err;
  for (const auto& each : hidden()) {
    CAPTURE(each.name);
    CHECK_FALSE(has(told, each.value));
  }
}

TEST_CASE("config show prints TOML that the program reads again, but for what is hidden") {
  const World world;
  const auto shown = run(world.tracker.socket().string(), {"config", "show"});
  REQUIRE(shown.exit == 0);
  // A hidden part of a URL is no URL; the rest is as it was.
  auto text = shown.out;
  for (const auto* part : {"***@", "/***", "?***"}) {
    for (auto at = text.find(part); at != std::string::npos; at = text.find(part))
      text.replace(at, std::string(part).size(), std::string(part) == "/***" ? "/x" : "");
  }
  const auto again = world.tracker.directory() / "again.toml";
  write_file(again, text);
  const auto checked = run("/nonexistent", {"config", "check", again.string()});
  CAPTURE(text);
  CHECK(checked.err == "");
  CHECK(checked.exit == 0);
}

}  // namespace smm::test::config_view_test
