#include "practice-panel/server.h"
#include "tracker_process.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <thread>

namespace smm::test::catalogue_test {

// The catalogue and the balance, kept up to date by the real daemon.

namespace practice = smm::practice;

namespace {

practice::Quirk quirk(const std::string& name, const std::string& action, const std::string& parameter = "") {
  practice::Quirk made;
  made.name = name;
  made.action = action;
  made.parameter = parameter;
  return made;
}

const std::string often = "[panel.p1.services]\nevery = \"200ms\"\n";
const std::string never = "[panel.p1.services]\nevery = \"1h\"\n[panel.p1.balance]\nevery = \"1h\"\n";

struct World {
  World() : panel(server.add_panel()) {}

  bool start(const std::string& more) {
    return tracker.start({.config = fast_polling() + panel_section("p1", server.api_url("p1"), more)});
  }
  [[nodiscard]] std::size_t asked(const std::string& action) {
    const auto entries = server.ledger().entries();
    return static_cast<std::size_t>(std::count_if(entries.begin(), entries.end(), [&](const auto& entry) {
      return entry.request.action == action && entry.answer;
    }));
  }
  // So many more requests of the kind were answered, and the last but one of them has been dealt with.
  [[nodiscard]] bool asked_again(const std::string& action, std::size_t times) {
    const auto before = asked(action);
    return eventually([&] { return asked(action) >= before + times; });
  }
  [[nodiscard]] std::vector<std::string> events(const std::string& prefix) const {
    std::vector<std::string> types;
    for (const auto& event : tracker.all_events()) {
      const auto type = event["type"].get<std::string>();
      if (type.rfind(prefix, 0) == 0) types.push_back(type);
    }
    return types;
  }
  [[nodiscard]] bool has_catalogue() const {
    return eventually([&] { return !tracker.get("/v1/panels/p1/services").json()["seen_at"].is_null(); });
  }
  HttpAnswer place(const std::string& key, int quantity) const {
    TrackerProcess::Call call;
    call.method = "POST";
    call.target = "/v1/panels/p1/orders";
    call.headers = {"Content-Type: application/json", "Idempotency-Key: " + key};
    call.body = Json{{"service", "1"}, {"link", "https://example.com/p"}, {"quantity", quantity}}.dump();
    return tracker.call(call);
  }

  practice::PracticeServer server;
  practice::PracticePanel& panel;
  TrackerProcess tracker;
};

}  // namespace

TEST_CASE("the catalogue is there soon after the start, and what changes in it is rows and events") {
  World world;
  REQUIRE_MESSAGE(world.start(often), world.tracker.log());
  REQUIRE(world.has_catalogue());
  const auto services = world.tracker.all_items("/v1/panels/p1/services");
  REQUIRE(services.size() == world.panel.services().size());
  CHECK(services[0]["service"] == "1");
  CHECK(services[0]["rate"] == "0.90");
  CHECK(services[0]["removed_at"].is_null());
  CHECK(world.events("service.").empty());
  world.panel.script_order("7001", 1000, {});
  REQUIRE(world.tracker.post("/v1/orders", Json{{"panel", "p1"}, {"id", "7001"}, {"service", "1"}}).status ==
          201);

  const auto original = world.panel.services();
  auto changed = original;
  changed[0].rate = "0.95";
  changed.erase(changed.begin() + 1);
  changed.push_back({.id = 99, .name = "New"});
  world.panel.set_services(changed);
  REQUIRE(eventually([&] { return world.events("service.").size() == 3; }));
  const auto changes = world.tracker.all_items("/v1/panels/p1/services/changes");
  REQUIRE(changes.size() == 3);
  const auto rate = std::find_if(changes.begin(), changes.end(),
                                 [](const Json& change) { return change["field"] == "rate"; });
  REQUIRE(rate != changes.end());
  CHECK((*rate)["before"] == "0.90");
  CHECK((*rate)["after"] == "0.95");
  CHECK((*rate)["open_orders"] == 1);
  CHECK(std::count_if(changes.begin(), changes.end(),
                      [](const Json& change) { return change["kind"] == "added"; }) == 1);
  CHECK(std::count_if(changes.begin(), changes.end(),
                      [](const Json& change) { return change["kind"] == "removed"; }) == 1);
  for (const auto& event : world.tracker.all_events()) {
    if (event["type"] != "service.changed") continue;
    CHECK(event["data"]["service"] == "1");
    CHECK(event["data"]["field"] == "rate");
    CHECK(event["data"]["after"] == "0.95");
    CHECK(event["data"]["open_orders"] == 1);
  }
  CHECK(world.tracker.all_items("/v1/panels/p1/services?removed=1").size() == changed.size() + 1);
  REQUIRE(world.asked_again("services", 3));
  CHECK(world.events("service.").size() == 3);
  // The service that was taken out comes back: it had not been forgotten.
  world.panel.set_services(original);
  REQUIRE(eventually([&] { return world.tracker.all_items("/v1/panels/p1/services/changes").size() == 6; }));
  CHECK(world.tracker.all_items("/v1/panels/p1/services/changes")[0]["kind"] == "removed");
  const auto page = world.tracker.get("/v1/panels/p1/services/changes?limit=5").json();
  CHECK(page["items"].size() == 5);
  const auto rest =
      world.tracker.get("/v1/panels/p1/services/changes?limit=5&cursor=" + page["next"].get<std::string>());
  CHECK(rest.json()["items"].size() == 1);
  CHECK(rest.json()["next"].is_null());
  const auto again = world.tracker.all_items("/v1/panels/p1/services/changes");
  CHECK(std::count_if(again.begin(), again.end(),
                      [](const Json& change) { return change["kind"] == "returned"; }) == 1);
  CHECK(world.tracker.get("/v1/panels/none/services").status == 404);
}

TEST_CASE("a catalogue is read in whatever it is wrapped") {
  for (const auto* wrapped :
       {"wrapped-services", "wrapped-success", "service-flags-numeric", "service-flags-string",
        "service-numbers", "notice-before-json", "json-as-text-html"}) {
    CAPTURE(wrapped);
    World world;
    world.panel.add_quirk(quirk(wrapped, "services"));
    REQUIRE_MESSAGE(world.start(never), world.tracker.log());
    REQUIRE(world.has_catalogue());
    const auto services = world.tracker.all_items("/v1/panels/p1/services");
    REQUIRE(services.size() == world.panel.services().size());
    CHECK(services[0]["name"] == "Followers");
    CHECK(services[0]["refill"] == true);
    CHECK(services[0]["min"] == 50);
  }
}

TEST_CASE("a catalogue that is none takes nothing away, and is the panel's trouble with its catalogue only") {
  for (const auto* broken : {"html-500", "empty-array", "truncated-body", "empty-body", "plain-error"}) {
    CAPTURE(broken);
    World world;
    REQUIRE_MESSAGE(world.start(often), world.tracker.log());
    REQUIRE(world.has_catalogue());
    world.panel.script_order("7001", 1000, {});
    REQUIRE(world.tracker.track("p1", {"7001"}) == 1);
    world.panel.add_quirk(quirk(broken, "services"));
    REQUIRE(world.asked_again("services", 5));
    CHECK(world.tracker.all_items("/v1/panels/p1/services").size() == world.panel.services().size());
    CHECK(world.tracker.get("/v1/panels/p1").json()["state"] == "up");
    CHECK(world.events("service.").empty());
    CHECK(world.events("panel.").empty());
  }
}

TEST_CASE("a catalogue of 5,000 services that says the same again writes nothing") {
  World world;
  std::vector<practice::Service> many;
  for (long id = 1; id <= 5000; ++id)
    many.push_back({.id = id, .name = "Followers [30 days refill] " + std::to_string(id)});
  world.panel.set_services(many);
  REQUIRE_MESSAGE(world.start(often), world.tracker.log());
  REQUIRE(world.has_catalogue());
  CHECK(world.tracker.all_items("/v1/panels/p1/services").size() == 5000);
  REQUIRE(world.asked_again("services", 2));
  const auto log = world.tracker.state() / "tracker.db-wal";
  const auto size = std::filesystem::file_size(log);
  const auto written_at = std::filesystem::last_write_time(log);
  REQUIRE(world.asked_again("services", 3));
  CHECK(std::filesystem::file_size(log) == size);
  CHECK(std::filesystem::last_write_time(log) == written_at);
  // It was looked at all the same.
  const auto seen_at = [&] { return world.tracker.get("/v1/panels/p1/services?limit=1").json()["seen_at"]; };
  const auto seen = seen_at();
  CHECK(eventually([&] { return seen_at() > seen; }));
}

TEST_CASE("what the stored catalogue contradicts is refused only after a fresh one has said so too") {
  World world;
  REQUIRE_MESSAGE(world.start(never), world.tracker.log());
  REQUIRE(world.has_catalogue());
  CHECK(world.tracker.stop().code == 0);
  // After a restart the stored catalogue is not a fresh one.
  REQUIRE_MESSAGE(world.start(never), world.tracker.log());
  const auto refused = world.place("too-few", 10);
  REQUIRE_MESSAGE(refused.status == 422, refused.body);
  CHECK(refused.json()["code"] == "validation-failed");
  CHECK(refused.json()["sent"] == "no");
  CHECK(refused.body.find("must be at least 50") != std::string::npos);
  CHECK(world.asked("services") == 2);
  // For 10 s that one counts as fresh.
  CHECK(world.place("too-few", 10).status == 422);
  CHECK(world.place("too-many", 10'001).status == 422);
  CHECK(world.asked("services") == 2);
  CHECK(world.asked("add") == 0);
  CHECK(world.tracker.all_items("/v1/placements").empty());
  // What nothing speaks against asks for no catalogue, and the key is free.
  CHECK(world.place("too-few", 50).status == 201);
  CHECK(world.asked("services") == 2);
}

TEST_CASE("a service that is gone, and one of another type, are held against a fresh catalogue, too") {
  World world;
  REQUIRE_MESSAGE(world.start(never), world.tracker.log());
  REQUIRE(world.has_catalogue());
  CHECK(world.tracker.stop().code == 0);
  auto services = world.panel.services();
  REQUIRE(services[0].id == 1);
  const auto was = services[0];
  services[0].type = "Comment Likes";
  world.panel.set_services(services);
  REQUIRE_MESSAGE(world.start(often), world.tracker.log());
  REQUIRE(eventually([&] { return world.events("service.").size() == 1; }));
  CHECK(world.place("no-username", 100).body.find("username") != std::string::npos);
  services.erase(services.begin());
  world.panel.set_services(services);
  REQUIRE(eventually([&] { return world.events("service.removed").size() == 1; }));
  CHECK(world.place("gone", 100).status == 422);
  CHECK(world.asked("add") == 0);
  CHECK(world.tracker.stop().code == 0);
  // It is back, as it was.
  services.insert(services.begin(), was);
  world.panel.set_services(services);
  REQUIRE_MESSAGE(world.start(never), world.tracker.log());
  const auto placed = world.place("gone", 100);
  CHECK_MESSAGE(placed.status == 201, placed.body);
  CHECK(placed.json()["placement"]["rate"] == "0.90");
}

TEST_CASE("many who are contradicted at once wait for one and the same fresh catalogue") {
  World world;
  REQUIRE_MESSAGE(world.start(never), world.tracker.log());
  REQUIRE(world.has_catalogue());
  CHECK(world.tracker.stop().code == 0);
  world.panel.add_quirk(quirk("slow-reply", "services", "1000"));
  REQUIRE_MESSAGE(world.start(never), world.tracker.log());
  std::vector<HttpAnswer> answers(8);
  std::vector<std::thread> clients;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    clients.emplace_back([&, i] { answers[i] = world.place("client-" + std::to_string(i / 2), 10); });
  }
  for (auto& client : clients) client.join();
  for (const auto& answer : answers) CHECK_MESSAGE(answer.status == 422, answer.body);
  // What people ask for goes in turn: nothing of theirs is left to be sent before this.
  world.panel.script_order("7001", 1000, {});
  REQUIRE(world.tracker.track("p1", {"7001"}) == 1);
  CHECK(world.tracker.post("/v1/orders/p1/7001/poll").status == 200);
  CHECK(world.asked("services") == 2);
  CHECK(world.asked("add") == 0);
}

TEST_CASE("with a catalogue that is out of date and cannot be had, the panel decides") {
  World world;
  REQUIRE_MESSAGE(world.start(never), world.tracker.log());
  REQUIRE(world.has_catalogue());
  CHECK(world.tracker.stop().code == 0);
  auto services = world.panel.services();
  services[0].min = "5";
  world.panel.set_services(services);
  // After a restart nothing has been asked yet: it is looked up.
  REQUIRE_MESSAGE(world.start(never), world.tracker.log());
  const auto placed = world.place("fewer-are-enough-now", 10);
  CHECK_MESSAGE(placed.status == 201, placed.body);
  CHECK(world.tracker.stop().code == 0);

  services[0].min = "50";
  world.panel.set_services(services);
  world.panel.add_quirk(quirk("html-500", "services"));
  REQUIRE_MESSAGE(world.start(never), world.tracker.log());
  const auto judged = world.place("below-every-minimum", 2);
  CHECK_MESSAGE(judged.status == 502, judged.body);
  CHECK(judged.json()["sent"] == "yes");
  CHECK(world.asked("add") == 2);
}

TEST_CASE("the balance has a history; low and recovered are said once each way") {
  World world;
  REQUIRE_MESSAGE(world.start("[panel.p1.balance]\nevery = \"100ms\"\nlow = \"20.00\"\n"),
                  world.tracker.log());
  const auto shown = [&] { return world.tracker.get("/v1/panels/p1/balance").json(); };
  REQUIRE(eventually([&] { return !shown()["balance"].is_null(); }));
  CHECK(shown()["currency"] == "USD");
  CHECK(shown()["low"] == false);
  CHECK(shown()["threshold"] == "20.00");
  CHECK(shown()["days_left"].is_null());
  for (const auto* balance : {"10", "9", "50", "60"}) {
    world.panel.set_balance(balance);
    REQUIRE(
        eventually([&] { return std::stod(shown()["balance"].get<std::string>()) == std::stod(balance); }));
    REQUIRE(world.asked_again("balance", 2));
    CHECK(shown()["low"] == (std::stod(balance) < 20));
    CHECK(world.tracker.get("/v1/panels/p1").json()["balance_low"] == shown()["low"]);
  }
  CHECK(world.events("balance.") == std::vector<std::string>{"balance.low", "balance.recovered"});
  CHECK(shown()["history"]["items"].size() == 5);
  CHECK(world.tracker.get("/v1/panels/p1").json()["balance"] == shown()["balance"]);
}

TEST_CASE("the balance that a test of the panel brings is kept") {
  World world;
  REQUIRE_MESSAGE(world.start(never), world.tracker.log());
  const auto shown = [&] { return world.tracker.get("/v1/panels/p1/balance").json()["balance"]; };
  REQUIRE(eventually([&] { return !shown().is_null(); }));
  world.panel.set_balance("7");
  REQUIRE(world.tracker.post("/v1/panels/p1/test").status == 200);
  CHECK(std::stod(shown().get<std::string>()) == 7);
}

}  // namespace smm::test::catalogue_test
