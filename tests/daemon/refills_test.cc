#include "practice-panel/server.h"
#include "shifted_clock.h"
#include "tracker_process.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <set>

namespace smm::test::refills_test {

// Automatic refills, and what becomes of accepted ones: the real daemon against a panel whose clock is ours.

namespace practice = smm::practice;
using practice::Ms;
using std::chrono::hours;

namespace {

practice::Quirk quirk(const std::string& name, const std::string& parameter = "",
                      const std::vector<std::string>& orders = {}) {
  practice::Quirk made;
  made.name = name;
  made.parameter = parameter;
  made.order_ids = orders;
  return made;
}

const practice::OrderPatch finished = [] {
  practice::OrderPatch patch;
  patch.status = "Completed";
  patch.remains = "0";
  patch.start_count = "100";
  return patch;
}();
const std::string at_once = "[panel.p1.refill]\nask_after = [\"0s\"]\n";

struct World {
  World() : panel(server.add_panel()) {}

  bool start(const std::string& more) { return tracker.start({.config = config(more)}); }
  [[nodiscard]] std::string config(const std::string& more) const {
    return fast_polling() + panel_section("p1", server.api_url("p1"), more);
  }
  void reload(const std::string& more) {
    tracker.write_config(config(more));
    REQUIRE(tracker.post("/v1/config/reload").status == 200);
  }

  // Orders of service 1, which offers refills, seen Pending and then Completed.
  void complete(const std::vector<std::string>& ids) {
    auto orders = Json::array();
    for (const auto& id : ids) {
      panel.script_order(id, 1000, {});
      orders.push_back({{"panel", "p1"}, {"id", id}, {"service", "1"}, {"quantity", 1000}});
    }
    REQUIRE(tracker.post("/v1/orders", orders).status == 200);
    for (const auto& id : ids) REQUIRE(eventually([&] { return order(id)["status"] == "pending"; }));
    for (const auto& id : ids) panel.set_order(id, finished);
    for (const auto& id : ids) REQUIRE(eventually([&] { return order(id)["status"] == "completed"; }));
  }
  [[nodiscard]] Json order(const std::string& id) const { return tracker.get("/v1/orders/p1/" + id).json(); }
  [[nodiscard]] std::vector<Json> refills(const std::string& id) const {
    return tracker.all_items("/v1/refills?order=p1/" + id);
  }
  [[nodiscard]] Json why(const std::string& id) const {
    return tracker.get("/v1/refills/eligible?order=p1/" + id).json()["items"][0];
  }
  [[nodiscard]] std::vector<std::size_t> asked(const std::string& action) {
    std::vector<std::size_t> sizes;
    for (const auto& entry : server.ledger().entries()) {
      if (entry.request.action == action) sizes.push_back(entry.request.asked.size());
    }
    return sizes;
  }
  [[nodiscard]] std::vector<Json> events(const std::string& type) const {
    auto events = tracker.all_events();
    std::erase_if(events, [&](const Json& event) { return event["type"] != type; });
    return events;
  }

  practice::PracticeServer server;
  practice::PracticePanel& panel;
  TrackerProcess tracker;
};

}  // namespace

TEST_CASE("a completed order's refill is asked for by itself at its moments, and each followed to its end") {
  ShiftedClock clock;
  World world;
  const std::string moments = "[panel.p1.refill]\nask_after = [\"0s\", \"12h\"]\ngap = \"100ms\"\n";
  REQUIRE_MESSAGE(world.tracker.start({.config = world.config(moments), .environment = clock.environment()}),
                  world.tracker.log());
  world.complete({"7001"});
  REQUIRE(eventually([&] { return world.refills("7001").size() == 1; }));
  REQUIRE(eventually([&] { return world.refills("7001")[0]["state"] == "pending"; }));
  const auto first = world.refills("7001")[0];
  CHECK(first["cause"] == "auto");
  CHECK(first["asked_by"].is_null());
  CHECK(world.order("7001")["refill"]["auto"] == "schedule");
  CHECK(world.order("7001")["refill"]["allowed"] == true);
  CHECK(world.order("7001")["refill"]["open"] == first["id"]);
  CHECK(world.order("7001")["refill"]["count"] == 1);
  CHECK(world.order("7001")["service_name"] == "Followers");
  CHECK(world.why("7001")["reason"] == "already_open");
  CHECK(world.tracker.get("/v1/panels/p1").json()["refills"]["open"] == 1);

  world.server.advance(hours(25));
  REQUIRE(eventually([&] { return world.refills("7001").back()["state"] == "completed"; }));
  CHECK(world.refills("7001").size() == 1);
  clock.pass(hours(12));
  REQUIRE(eventually([&] { return world.refills("7001").size() == 2; }));
  REQUIRE(eventually([&] {
    const auto refills = world.refills("7001");
    return std::none_of(refills.begin(), refills.end(),
                        [](const Json& refill) { return refill["state"] == "asking"; });
  }));
  world.server.advance(hours(25));
  CHECK(eventually([&] {
    const auto refills = world.refills("7001");
    return std::all_of(refills.begin(), refills.end(),
                       [](const Json& refill) { return refill["state"] == "completed"; });
  }));
  CHECK(world.asked("refill") == std::vector<std::size_t>{1, 1});
  CHECK(world.why("7001")["reason"] == "no_window_left");
  const auto changes = world.events("refill.status_changed");
  REQUIRE_FALSE(changes.empty());
  CHECK(changes.back()["data"]["status"] == "completed");
  CHECK(changes.back()["data"].contains("labels"));
  CHECK(eventually([&] { return world.order("7001")["settled"] == true; }));
}

TEST_CASE("an open refill holds back that its order is settled, until it ends") {
  World world;
  world.panel.add_quirk(quirk("refill-never-completes"));
  REQUIRE_MESSAGE(world.start(at_once), world.tracker.log());
  world.complete({"7001"});
  REQUIRE(eventually([&] {
    const auto refills = world.refills("7001");
    return !refills.empty() && refills[0]["state"] == "pending";
  }));
  world.server.advance(hours(48));
  REQUIRE(eventually([&] { return world.refills("7001")[0]["state"] == "in_progress"; }));
  // By the same settings an order without a refill settles meanwhile.
  world.panel.set_order("7002", {.status = "Canceled"});
  REQUIRE(world.tracker.track("p1", {"7002"}) == 1);
  REQUIRE(eventually([&] { return world.order("7002")["settled"] == true; }));
  CHECK(world.order("7001")["settled"] == false);
  CHECK(world.asked("refill").size() == 1);
  world.panel.set_refill("1", "Completed");
  CHECK(eventually([&] { return world.order("7001")["settled"] == true; }));
}

TEST_CASE("with `drop` a refill is asked for when a reported count shows one, with `off` never") {
  World world;
  REQUIRE_MESSAGE(world.start("[panel.p1.refill]\nauto = \"drop\"\n"), world.tracker.log());
  world.complete({"7001", "7002", "7003"});
  CHECK(world.why("7001")["reason"] == "no_drop_reported");
  TrackerProcess::Call patch;
  patch.method = "PATCH";
  patch.target = "/v1/orders/p1/7002";
  patch.body = R"({"refill":{"auto":"off"}})";
  const auto patched = world.tracker.call(patch);
  REQUIRE_MESSAGE(patched.status == 200, patched.body);
  CHECK(patched.json()["refill"]["auto"] == "off");
  const auto report = [&](const std::string& id, int count) {
    REQUIRE(world.tracker.post("/v1/orders/p1/" + id + "/count", Json{{"count", count}}).status == 200);
  };
  report("7002", 900);   // off
  report("7003", 1090);  // 1 % below what was delivered
  report("7001", 900);
  CHECK(eventually([&] { return !world.refills("7001").empty(); }));
  CHECK(world.why("7002")["reason"] == "off");
  CHECK(world.why("7003")["reason"] == "no_drop_reported");
  CHECK(world.tracker.all_items("/v1/refills").size() == 1);

  patch.body = R"({"refill":{"auto":null}})";
  CHECK(world.tracker.call(patch).json()["refill"]["auto"] == "drop");
  CHECK(eventually([&] { return !world.refills("7002").empty(); }));
  patch.body = R"({"refill":{"auto":"sometimes"}})";
  CHECK(world.tracker.call(patch).status == 422);
}

TEST_CASE("a service's own section comes before the panel's") {
  World world;
  REQUIRE_MESSAGE(world.start(at_once + "[panel.p1.refill.service.1]\nauto = \"off\"\n"),
                  world.tracker.log());
  world.complete({"7001"});
  CHECK(world.why("7001")["reason"] == "off");
  world.reload(at_once);
  CHECK(eventually([&] { return !world.refills("7001").empty(); }));
}

TEST_CASE("every refusal is sorted into its class, and asked again only when that may help") {
  World world;
  const std::map<std::string, std::pair<std::string, std::string>> refusals = {
      {"7001", {"refill-refused-cooldown", "cooldown"}},
      {"7002", {"refill-refused-cooldown-stated", "cooldown"}},
      {"7003", {"refill-refused-too-early", "too_early"}},
      {"7004", {"refill-refused-expired", "expired"}},
      {"7005", {"refill-refused-not-offered", "not_offered"}},
      {"7006", {"refill-refused-unknown", "unknown"}},
      {"7007", {"refill-refused-foreign", "unknown"}},
  };
  std::vector<std::string> ids;
  for (const auto& each : refusals) {
    world.panel.add_quirk(quirk(each.second.first, "", {each.first}));
    ids.push_back(each.first);
  }
  REQUIRE_MESSAGE(world.start(at_once), world.tracker.log());
  world.complete(ids);
  for (const auto& each : refusals) {
    CAPTURE(each.second.first);
    REQUIRE(eventually([&] {
      const auto refills = world.refills(each.first);
      return !refills.empty() && refills[0]["state"] != "asking";
    }));
    const auto refill = world.refills(each.first)[0];
    CHECK(refill["state"] == "refused");
    CHECK(refill["refusal"] == each.second.second);
    CHECK_FALSE(refill["words"].is_null());
    const bool stated = each.second.first == "refill-refused-cooldown-stated";
    CHECK(refill["not_before"].is_null() != stated);
    const auto why = world.why(each.first);
    CHECK(why["reason"] == (stated ? "cooldown" : "gap"));
    if (stated) CHECK(why["next_ask_at"] == refill["not_before"]);
  }
  CHECK(world.events("refill.refused").size() == refusals.size());
  CHECK(world.tracker.get("/v1/panels/p1").json()["state"] == "up");
}

TEST_CASE("a refill refused because of the key is about the panel, not about the order") {
  World world;
  world.panel.add_quirk(quirk("refill-refused-auth"));
  REQUIRE_MESSAGE(world.start(at_once), world.tracker.log());
  world.complete({"7001"});
  REQUIRE(eventually([&] {
    const auto refills = world.refills("7001");
    return !refills.empty() && refills[0]["refusal"] == "auth";
  }));
  CHECK(world.tracker.get("/v1/panels/p1").json()["state"] == "key_rejected");
}

TEST_CASE("refill_status: every word is a state, a word nobody knows and an error are none") {
  World world;
  REQUIRE_MESSAGE(world.start(""), world.tracker.log());
  const std::vector<std::pair<std::string, std::string>> words = {
      {"Completed", "completed"}, {"Rejected", "rejected"},
      {"Canceled", "canceled"},   {"Error", "error"},
      {"Fail", "error"},          {"Expired", "expired"},
      {"Quantum", "pending"},     {"In progress", "in_progress"}};
  int number = 7000;
  for (const auto& each : words) {
    CAPTURE(each.first);
    const auto id = std::to_string(++number);
    world.complete({id});
    world.panel.add_quirk(quirk("refill-status-word", each.first));
    const auto made = world.tracker.post("/v1/orders/p1/" + id + "/refill");
    REQUIRE_MESSAGE(made.status == 201, made.body);
    CHECK(eventually([&] { return world.refills(id)[0]["words"] == each.first; }));
    CHECK(world.refills(id)[0]["state"] == each.second);
    world.panel.set_refill(made.json()["upstream_id"].get<std::string>(), "Completed");
    world.panel.clear_quirks();
    const bool ended = each.second != "pending" && each.second != "in_progress";
    CHECK(eventually([&] { return world.refills(id)[0]["state"] == (ended ? each.second : "completed"); }));
  }
  const auto changes = world.events("refill.status_changed");
  CHECK(std::count_if(changes.begin(), changes.end(),
                      [](const Json& event) { return event["data"]["words"] == "Quantum"; }) == 1);

  world.complete({"7101"});
  world.panel.add_quirk(quirk("refill-status-word", "Refill not found"));
  REQUIRE(world.tracker.post("/v1/orders/p1/7101/refill").status == 201);
  const auto before = world.asked("refill_status").size();
  REQUIRE(eventually([&] { return world.asked("refill_status").size() > before + 3; }));
  CHECK(world.refills("7101")[0]["state"] == "pending");
}

TEST_CASE("250 orders that are due are asked for in three requests, each once") {
  World world;
  REQUIRE_MESSAGE(world.start(""), world.tracker.log());
  auto orders = Json::array();
  for (int i = 1; i <= 250; ++i) {
    const auto id = std::to_string(8000 + i);
    world.panel.script_order(id, 1000, {});
    world.panel.set_order(id, {.status = "Completed", .remains = "0"});
    orders.push_back({{"panel", "p1"}, {"id", id}, {"service", "1"}, {"ended_at", "2026-01-01T00:00:00Z"}});
  }
  REQUIRE(world.tracker.post("/v1/orders", orders).status == 200);
  REQUIRE(eventually([&] {
    return world.tracker.all_items("/v1/orders?status=completed").size() == 250 &&
           world.order("8250")["refill"]["allowed"] == true;
  }));
  CHECK(world.tracker.all_items("/v1/refills").empty());
  world.reload(at_once + "window = \"3650d\"\n");
  REQUIRE(eventually([&] { return world.tracker.all_items("/v1/refills?state=pending").size() == 250; }));
  CHECK(world.asked("refill") == std::vector<std::size_t>{100, 100, 50});
  std::set<std::string> named;
  for (const auto& refill : world.tracker.all_items("/v1/refills")) named.insert(refill["order"]);
  CHECK(named.size() == 250);

  // They are followed to their end in requests of up to 100, each asked about no sooner than its pace says.
  world.server.advance(hours(25));
  REQUIRE(eventually([&] { return world.tracker.all_items("/v1/refills?state=completed").size() == 250; }));
  const auto asked = world.asked("refill_status");
  CHECK(*std::max_element(asked.begin(), asked.end()) == 100);
  const auto requests = asked.size();
  world.panel.script_order("9000", 1000, {});  // gives reason to poll
  REQUIRE(world.tracker.track("p1", {"9000"}) == 1);
  const auto before = world.server.ledger().requests();
  REQUIRE(eventually([&] { return world.server.ledger().requests() > before + 5; }));
  CHECK(world.asked("refill_status").size() == requests);  // nothing is left to ask about
}

TEST_CASE("a panel without batches is asked for refills, and about them, one at a time") {
  World world;
  REQUIRE_MESSAGE(world.start(""), world.tracker.log());
  world.complete({"7001", "7002", "7003"});
  world.panel.add_quirk(quirk("no-batch"));
  world.reload(at_once);
  REQUIRE(eventually([&] { return world.tracker.all_items("/v1/refills?state=pending").size() == 3; }));
  world.server.advance(hours(25));
  CHECK(eventually([&] { return world.tracker.all_items("/v1/refills?state=completed").size() == 3; }));
  CHECK(world.tracker.all_items("/v1/refills").size() == 3);
  CHECK(world.events("refill.requested").size() == 3);
}

TEST_CASE("a refill whose answer never came is not asked for again: it counts as open, and uses its moment") {
  World world;
  auto lost = quirk("close-before-reply");
  lost.action = "refill";
  world.panel.add_quirk(lost);
  REQUIRE_MESSAGE(world.start("[panel.p1.refill]\nask_after = [\"0s\"]\n"), world.tracker.log());
  world.complete({"7001"});
  REQUIRE(eventually([&] {
    const auto refills = world.refills("7001");
    return !refills.empty() && refills[0]["state"] == "unknown";
  }));
  CHECK(world.events("refill.unknown").size() == 1);
  CHECK(world.why("7001")["reason"] == "already_open");
  CHECK(world.order("7001")["refill"]["open"] == world.refills("7001")[0]["id"]);
  CHECK(world.order("7001")["refill"]["count"] == 0);
  world.panel.clear_quirks();
  world.reload("[panel.p1.refill]\nask_after = [\"0s\"]\ngap = \"100ms\"\n");
  REQUIRE(eventually([&] { return world.why("7001")["reason"] == "no_window_left"; }));
  CHECK(world.asked("refill").size() == 1);
  CHECK(world.tracker.stop().code == 0);
  REQUIRE_MESSAGE(world.start(at_once), world.tracker.log());
  REQUIRE(eventually([&] { return !world.order("7001")["polled_at"].is_null(); }));
  CHECK(world.asked("refill").size() == 1);
}

TEST_CASE("orders that nobody saw before they ended, or whose service offers none, are told apart and left") {
  World world;
  auto services = world.panel.services();
  services.push_back({.id = 90, .name = "Views | No refill", .refill = true});
  services.push_back({.id = 91, .name = "Likes [R30]", .refill = false});
  world.panel.set_services(services);
  REQUIRE_MESSAGE(world.start(at_once), world.tracker.log());
  const std::vector<std::vector<std::string>> orders = {
      {"7001", "1", "not_seen_before_end"}, {"7002", "90", "not_offered"}, {"7003", "91", "not_offered"}};
  for (const auto& each : orders) {
    world.panel.script_order(each[0], 1000, {});
    if (each[0] == "7001") world.panel.set_order(each[0], finished);
    REQUIRE(world.tracker.post("/v1/orders", Json{{"panel", "p1"}, {"id", each[0]}, {"service", each[1]}})
                .status == 201);
  }
  for (const auto& each : orders) {
    REQUIRE(eventually([&] { return world.order(each[0])["status"] != "new"; }));
    world.panel.set_order(each[0], finished);
  }
  for (const auto& each : orders) {
    CAPTURE(each[0]);
    REQUIRE(eventually([&] { return world.order(each[0])["status"] == "completed"; }));
    CHECK(eventually([&] { return world.why(each[0])["reason"] == each[2]; }));
    CHECK(world.why(each[0])["ask"] == false);
    CHECK(world.why(each[0])["explain"].get<std::string>().size() > 20);
    CHECK(world.why(each[0])["next_ask_at"].is_null());
  }
  CHECK(world.tracker.all_items("/v1/refills/eligible?panel=p1").size() == 3);
  // With its end given, an order need not have been seen before it.
  Json late = {
      {"panel", "p1"}, {"id", "7004"}, {"service", "1"}, {"ended_at", world.order("7001")["ended_at"]}};
  world.panel.script_order("7004", 1000, {});
  world.panel.set_order("7004", finished);
  REQUIRE(world.tracker.post("/v1/orders", late).status == 201);
  CHECK(eventually([&] { return world.refills("7004").size() == 1; }));
  CHECK(world.tracker.all_items("/v1/refills").size() == 1);
}

TEST_CASE("the flag of the time when an order was first seen counts, whatever the catalogue says later") {
  World world;
  REQUIRE_MESSAGE(world.start("[panel.p1.services]\nevery = \"200ms\"\n[panel.p1.refill]\nauto = \"drop\"\n"),
                  world.tracker.log());
  world.complete({"7001"});
  REQUIRE(eventually([&] { return world.order("7001")["refill"]["allowed"] == true; }));
  auto services = world.panel.services();
  services[0].refill = false;
  world.panel.set_services(services);
  REQUIRE(eventually([&] { return !world.events("service.changed").empty(); }));
  REQUIRE(world.tracker.post("/v1/orders/p1/7001/count", Json{{"count", 500}}).status == 200);
  CHECK(eventually([&] { return world.refills("7001").size() == 1; }));
  world.complete({"7002"});
  CHECK(eventually([&] { return world.why("7002")["reason"] == "not_offered"; }));
}

TEST_CASE("an order that ended Partial is asked for where the policy says so") {
  World world;
  REQUIRE_MESSAGE(world.start(at_once), world.tracker.log());
  world.panel.script_order("7001", 1000, {});
  REQUIRE(world.tracker.post("/v1/orders", Json{{"panel", "p1"}, {"id", "7001"}, {"service", "1"}}).status ==
          201);
  REQUIRE(eventually([&] { return world.order("7001")["status"] == "pending"; }));
  world.panel.set_order("7001", {.status = "Partial", .remains = "10"});
  REQUIRE(eventually([&] { return world.why("7001")["reason"] == "ended_partial"; }));
  world.reload(at_once + "partial = true\n");
  CHECK(eventually([&] { return world.refills("7001").size() == 1; }));
}

TEST_CASE("a reported count that shows no drop skips the ask, one that shows a drop does not") {
  World world;
  REQUIRE_MESSAGE(world.start(""), world.tracker.log());
  world.complete({"7001", "7002"});
  const auto report = [&](const std::string& id, int count) {
    REQUIRE(world.tracker.post("/v1/orders/p1/" + id + "/count", Json{{"count", count}}).status == 200);
  };
  report("7001", 1100);
  report("7002", 900);
  CHECK(world.events("order.drop_detected").size() == 1);
  world.reload(at_once);
  REQUIRE(eventually([&] { return world.refills("7002").size() == 1; }));
  CHECK(world.why("7001")["reason"] == "no_drop_reported");
  CHECK(world.refills("7001").empty());
}

TEST_CASE("ten refusals in a row rest the panel's automatic refills for a day, also over a restart") {
  World world;
  world.panel.add_quirk(quirk("refill-refused-unknown"));
  REQUIRE_MESSAGE(world.start(at_once), world.tracker.log());
  std::vector<std::string> ids;
  for (int i = 1; i <= 12; ++i) ids.push_back(std::to_string(7000 + i));
  world.complete(ids);
  const auto rests = [&] {
    return !world.tracker.get("/v1/panels/p1").json()["refills"]["resting_until"].is_null();
  };
  REQUIRE(eventually(rests));
  CHECK(world.tracker.log().find("refused ten automatic refills in a row") != std::string::npos);
  CHECK(world.tracker.stop().code == 0);
  REQUIRE_MESSAGE(world.start(at_once), world.tracker.log());
  CHECK(rests());
  world.panel.clear_quirks();
  world.complete({"7101"});
  CHECK(world.why("7101")["reason"] == "resting");
  // What a person asks for does not rest.
  CHECK(world.tracker.post("/v1/orders/p1/7101/refill").status == 201);
}

TEST_CASE("a paused panel is asked for nothing by itself, and for what is due once it goes on") {
  World world;
  REQUIRE_MESSAGE(world.start("[panel.p1.refill]\nauto = \"drop\"\n"), world.tracker.log());
  world.complete({"7001"});
  REQUIRE(world.tracker.post("/v1/panels/p1/pause").status == 200);
  REQUIRE(world.tracker.post("/v1/orders/p1/7001/count", Json{{"count", 500}}).status == 200);
  CHECK(world.why("7001")["reason"] == "panel_down");
  CHECK(world.refills("7001").empty());
  REQUIRE(world.tracker.post("/v1/panels/p1/resume").status == 200);
  CHECK(eventually([&] { return !world.refills("7001").empty(); }));
}

}  // namespace smm::test::refills_test
