#include "doctor_world.h"
#include "practice-panel/webhook_receiver.h"
#include "tiny_disk.h"

#include <csignal>
#include <future>

// What only the daemon can find out, and the command that asks it.
namespace smm::test::doctor_test {

using namespace doctor_world;
using one_panel::OnePanel;
using one_panel::quirk;

namespace {

bool balance_is_known(const TrackerProcess& tracker) {
  return eventually([&] { return !one_panel::panel_of(tracker, "p1")["balance"].is_null(); });
}

Outcome command(const TrackerProcess& tracker, std::vector<std::string> arguments = {"doctor"}) {
  Launch launch;
  launch.arguments = std::move(arguments);
  launch.environment = {{"SMM_TRACKER_SOCKET", tracker.socket().string()}, {"PATH", "/nonexistent"}};
  return run(launch);
}

}  // namespace

TEST_CASE(
    "a doctor asks a panel for its balance once and for nothing else, and finds what is well to be well") {
  OnePanel world("", rare_polling());
  REQUIRE(world.start());
  REQUIRE(balance_is_known(world.tracker));
  REQUIRE(eventually([&] { return one_panel::requests_of(world.server, "p1").size() == 2; }));
  const auto document = doctor(world.tracker);
  CAPTURE(document.dump(1));
  const auto requests = one_panel::requests_of(world.server, "p1");
  CHECK(requests.size() == 3);
  CHECK(requests.back().request.action == "balance");
  for (const auto* id : {"config", "version", "limits", "clock", "database", "database.integrity", "orders",
                         "panel.p1.key", "panel.p1.polls", "panel.p1.dns", "panel.p1.balance"}) {
    CAPTURE(id);
    CHECK(check_of(document, id)["verdict"] == "ok");
    CHECK(check_of(document, id)["fix"].is_null());
  }
  CHECK(says(check_of(document, "panel.p1.balance"), "found", "balance 100"));
  CHECK(check_of(document, "panel.p1.tls").is_null());
}

TEST_CASE("a doctor is sent no body, or an empty one, and refuses any other") {
  OnePanel world("", rare_polling());
  REQUIRE(world.start());
  CHECK(world.tracker.post("/v1/doctor", Json::object()).status == 200);
  const auto refused = world.tracker.post("/v1/doctor", Json{{"panel", "p1"}});
  CHECK(refused.status == 422);
  CHECK(refused.json()["code"] == "validation-failed");
}

TEST_CASE("a doctor of a panel that is paused asks it nothing and says how to resume it") {
  OnePanel world("", rare_polling());
  REQUIRE(world.start());
  REQUIRE(balance_is_known(world.tracker));
  REQUIRE(world.tracker.post("/v1/panels/p1/pause").status == 200);
  const auto before = one_panel::requests_of(world.server, "p1").size();
  const auto check = check_of(doctor(world.tracker), "panel.p1.balance");
  CHECK(check["verdict"] == "warn");
  CHECK(check["fix"] == "smm-tracker panels resume p1");
  CHECK(one_panel::requests_of(world.server, "p1").size() == before);
}

TEST_CASE("a doctor tells a key that is rejected, names its file and shows it to nobody") {
  OnePanel world("", rare_polling());
  world.tracker.add_file("keys/p1", "not-the-right-key\n");
  REQUIRE(world.start());
  const auto document = doctor(world.tracker);
  const auto check = check_of(document, "panel.p1.balance");
  CHECK(check["verdict"] == "fail");
  CHECK(says(check, "fix", (world.tracker.directory() / "keys/p1").string()));
  CHECK(document["verdict"] == "fail");
  const auto shown = command(world.tracker);
  CHECK(shown.exit == 1);
  CHECK(has(shown.out, "FAIL"));
  for (const auto& text : {document.dump(), shown.out, shown.err})
    CHECK_FALSE(has(text, "not-the-right-key"));
}

TEST_CASE("a doctor tells a file that is not in force yet, one with errors, and a key that others may read") {
  OnePanel world("", rare_polling());
  REQUIRE(world.start());
  CHECK(check_of(doctor(world.tracker), "config")["verdict"] == "ok");
  world.tracker.write_config(world.config + "max_in_flight = 2\n");
  auto check = check_of(doctor(world.tracker), "config");
  CHECK(check["verdict"] == "warn");
  CHECK(says(check, "found", "panel.p1: changed"));
  CHECK(check["fix"] == "sudo systemctl reload smm-tracker");

  world.tracker.write_config(world.config + "max_in_fligth = 2\n");
  check = check_of(doctor(world.tracker), "config");
  CHECK(check["verdict"] == "fail");
  CHECK(says(check, "found", "unknown key (did you mean \"max_in_flight\"?)"));

  world.tracker.write_config(world.config);
  world.tracker.add_file("keys/p1", std::string(practice_key) + "\n", 0644);
  auto document = doctor(world.tracker);
  const auto key = (world.tracker.directory() / "keys/p1").string();
  CHECK(check_of(document, "config")["verdict"] == "fail");
  CHECK(check_of(document, "panel.p1.key")["verdict"] == "fail");
  CHECK(says(check_of(document, "panel.p1.key"), "fix", "chmod 640 " + key));
  CHECK(check_of(document, "panel.p1.balance")["verdict"] == "ok");

  world.tracker.add_file("keys/p1", "another-key\n");
  document = doctor(world.tracker);
  CHECK(check_of(document, "panel.p1.key")["verdict"] == "warn");
  CHECK(check_of(document, "panel.p1.key")["fix"] == "sudo systemctl reload smm-tracker");
}

TEST_CASE("a doctor opens a connection to a webhook's receiver and sends nothing on it") {
  practice::WebhookReceiver receiver;
  OnePanel world("", rare_polling());
  world.tracker.add_file("keys/shop", webhook_secret);
  const std::string rest = "secret_file = \"keys/shop\"\nheaders = { X-Env = \"header-value\" }\n";
  REQUIRE(world.tracker.start(
      {.config = world.config + "[webhook.near]\nurl = \"" + receiver.url() + "\"\nnetwork = \"local\"\n" +
                 rest + "[webhook.far]\nurl = \"https://127.0.0.1:9/hook-path?hook-query\"\n" + rest}));
  const auto document = doctor(world.tracker);
  CAPTURE(document.dump(1));
  CHECK(check_of(document, "webhook.near.secret")["verdict"] == "ok");
  CHECK(check_of(document, "webhook.near.connect")["verdict"] == "ok");
  CHECK(check_of(document, "webhook.near.deliveries")["verdict"] == "ok");
  CHECK(receiver.count() == 0);
  const auto far = check_of(document, "webhook.far.address");
  CHECK(far["verdict"] == "fail");
  CHECK(says(far, "found", "127.0.0.1 is not a public address"));
  CHECK(says(far, "fix", "network = \"local\""));
  for (const auto* hidden : {"hook-path", "hook-query", "header-value", "whsec_"})
    CHECK_FALSE(has(document.dump(), hidden));
}

TEST_CASE(
    "who waits for a doctor when the program stops is told that it stops, and of no fault there is not") {
  OnePanel world("", rare_polling());
  world.panel.add_quirk(quirk("hang", "", "balance"));
  REQUIRE(world.start());
  auto answer = std::async(std::launch::async, [&] { return world.tracker.post("/v1/doctor"); });
  REQUIRE(eventually([&] { return one_panel::requests_of(world.server, "p1").size() >= 3; }));
  CHECK(world.tracker.stop().code == 0);
  const auto told = answer.get();
  CHECK(told.status == 503);
  CHECK(told.json()["code"] == "draining");
}

TEST_CASE("a doctor tells that the disk is nearly full, and that the database takes no writes any more") {
  OnePanel world("", rare_polling());
  const TinyDisk disk(world.tracker.state());
  if (!disk.mounted()) {
    MESSAGE("skipped: only root can make a small file system");
    return;
  }
  REQUIRE(world.start());
  auto document = doctor(world.tracker);
  CHECK(check_of(document, "disk")["verdict"] == "fail");
  CHECK(says(check_of(document, "disk"), "fix", "df -h " + world.tracker.state().string()));
  CHECK(check_of(document, "database")["verdict"] == "ok");
  disk.fill();
  REQUIRE(eventually([&] {
    (void)world.tracker.post("/v1/panels/p1/pause");
    (void)world.tracker.post("/v1/panels/p1/resume");
    return world.tracker.get("/v1/health").status == 503;
  }));
  document = doctor(world.tracker);
  CHECK(check_of(document, "database")["verdict"] == "fail");
  CHECK(check_of(document, "database.integrity")["verdict"] == "ok");
}

TEST_CASE("ro.sock refuses a doctor, and its reader is told what was left out") {
  OnePanel world("", rare_polling());
  REQUIRE(world.start());
  CHECK(world.tracker.call({.method = "POST", .target = "/v1/doctor", .socket = "ro.sock"}).status == 403);
  // The balance and the services are asked for at the start.
  REQUIRE(eventually([&] { return one_panel::requests_of(world.server, "p1").size() == 2; }));
  Launch launch;
  launch.arguments = {"doctor", "--json", "--socket", world.tracker.socket("ro.sock").string()};
  launch.environment = {{"PATH", "/nonexistent"}};
  const auto shown = run(launch);
  CAPTURE(shown.out);
  CHECK(shown.exit == 0);
  CHECK(has(shown.out, "lets you look only"));
  CHECK(check_of(Json::parse(shown.out), "panel.p1.state")["verdict"] == "ok");
  CHECK(one_panel::requests_of(world.server, "p1").size() == 2);
}

TEST_CASE("a panel that does not answer in 20 s fails, and the others are told of all the same") {
  if (std::getenv("SMM_SILENT_PANEL") == nullptr) return;  // tests/long
  OnePanel world("", rare_polling());
  one_panel::add_panel(world.server, "p2");
  world.panel.add_quirk(quirk("hang", "", "balance"));
  REQUIRE(world.tracker.start(
      {.config = world.config + "timeout = \"50s\"\n" + panel_section("p2", world.server.api_url("p2"))}));
  const auto began = std::chrono::steady_clock::now();
  const auto document = doctor(world.tracker);
  CHECK(std::chrono::steady_clock::now() - began < std::chrono::seconds(25));
  CHECK(says(check_of(document, "panel.p1.balance"), "found", "no answer in 20 s"));
  CHECK(check_of(document, "panel.p2.balance")["verdict"] == "ok");
}

}  // namespace smm::test::doctor_test
