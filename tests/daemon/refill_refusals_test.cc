#include "panel/refusal_spellings.h"
#include "practice-panel/server.h"
#include "shifted_clock.h"

#include <doctest/doctest.h>
#include <sqlite3.h>

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <map>
#include <set>
#include <span>

namespace smm::test::refill_refusals_test {

// A panel that will not refill, in every wording and every shape of reply: what is recorded, what is said of
// it, when it may be asked again, and that nothing is asked again by itself.

namespace practice = smm::practice;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

namespace {

struct Spelling {
  std::string words;
  std::string refusal;            // the class
  std::optional<seconds> wait{};  // where it says how long
};

std::vector<Spelling> all_spellings() {
  std::vector<Spelling> all;
  const auto add = [&](std::span<const std::string_view> texts, const char* refusal,
                       std::optional<seconds> wait = {}) {
    for (const auto text : texts) all.push_back({std::string(text), refusal, wait});
  };
  add(refusals::of_key, "auth");
  add(refusals::cooldowns, "cooldown");
  add(refusals::nine_hours_three_minutes, "cooldown", hours(9) + minutes(3));
  add(refusals::for_now, "cooldown");
  add(refusals::too_early, "too_early");
  add(refusals::expired, "expired");
  add(refusals::not_offered, "not_offered");
  add(refusals::unknown, "unknown");
  return all;
}

// One of each class, and one with a time.
const std::vector<Spelling> one_of_each = {
    {"Incorrect API key", "auth"},
    {"Refill has already been requested, once every 24 hours", "cooldown"},
    {"Refill will be available in 9 hours 3 minutes", "cooldown", hours(9) + minutes(3)},
    {"Order is not completed yet", "too_early"},
    {"The refill period has expired", "expired"},
    {"Refill is not available for this service", "not_offered"},
    {"Đơn hàng này chưa thể bảo hành", "unknown"}};

practice::Quirk quirk(const std::string& name, const std::string& parameter = "",
                      const std::vector<std::string>& orders = {}) {
  practice::Quirk made;
  made.name = name;
  made.action = "refill";
  made.parameter = parameter;
  made.order_ids = orders;
  return made;
}

// "2026-11-21T08:00:00.000Z", to the second.
std::time_t time_of(const Json& text) {
  std::tm time{};
  const auto value = text.get<std::string>();
  REQUIRE(strptime(value.c_str(), "%Y-%m-%dT%H:%M:%S", &time) != nullptr);
  return timegm(&time);
}

struct World {
  World() : panel(server.add_panel()) {}

  bool start() {
    return tracker.start({.config = fast_polling() + panel_section("p1", server.api_url("p1")),
                          .environment = clock.environment()});
  }
  // Time passes, for the daemon and the panel alike.
  void pass(seconds time) {
    clock.pass(time);
    server.advance(time);
  }
  std::string new_order() {
    auto id = std::to_string(++last_order);
    panel.script_order(id, 1000, {});
    panel.set_order(id, {.status = "Completed", .remains = "0"});
    REQUIRE(tracker.track("p1", {id}) == 1);
    return id;
  }
  // Of service 1, and watched to its end.
  std::string new_completed_order() {
    auto id = std::to_string(++last_order);
    const auto is = [&](const char* status) {
      return eventually([&] { return tracker.get("/v1/orders/p1/" + id).json()["status"] == status; });
    };
    panel.script_order(id, 1000, {});
    REQUIRE(tracker.post("/v1/orders", Json{{"panel", "p1"}, {"id", id}, {"service", "1"}}).status == 201);
    REQUIRE(is("pending"));
    panel.set_order(id, {.status = "Completed", .remains = "0"});
    REQUIRE(is("completed"));
    return id;
  }
  // The catalogue knows service 1, which offers refills: written where the daemon keeps it.
  void offer_refills() {
    tracker.kill_hard();
    sqlite3* database = nullptr;
    REQUIRE(sqlite3_open((tracker.state() / "tracker.db").c_str(), &database) == SQLITE_OK);
    const auto* sql = R"sql(
      INSERT OR IGNORE INTO panel (name) VALUES ('p1');
      INSERT OR IGNORE INTO service (panel, id, position, name, type, category, refill, refill_offered,
                                     cancel_offered, first_seen_at, changed_at)
      SELECT row, '1', 0, 'Followers', 'Default', 'First Category', 1, 1, 1, 0, 0 FROM panel WHERE name = 'p1';
    )sql";
    CHECK(sqlite3_exec(database, sql, nullptr, nullptr, nullptr) == SQLITE_OK);
    sqlite3_close(database);
    REQUIRE_MESSAGE(start(), tracker.log());
  }
  [[nodiscard]] HttpAnswer ask(const std::string& id) const {
    return tracker.post("/v1/orders/p1/" + id + "/refill");
  }
  [[nodiscard]] Json why(const std::string& id) const {
    return tracker.post("/v1/orders/p1/" + id + "/refill", Json{{"dry_run", true}}).json();
  }
  [[nodiscard]] std::vector<Json> refills(const std::string& id) const {
    return tracker.all_items("/v1/refills?order=p1/" + id);
  }
  // How often each order was named in a request for refills.
  [[nodiscard]] std::map<std::string, int> asked() {
    std::map<std::string, int> times;
    for (const auto& entry : server.ledger().entries()) {
      if (entry.request.action != "refill") continue;
      for (const auto& id : entry.request.asked) ++times[id];
    }
    return times;
  }
  [[nodiscard]] std::map<std::string, std::vector<Json>> events_by_order(const std::string& type) const {
    std::map<std::string, std::vector<Json>> events;
    for (auto& event : tracker.all_events()) {
      if (event["type"] == type) events[event["data"]["order"].get<std::string>()].push_back(event);
    }
    return events;
  }
  // A day goes by, and a restart.
  void a_day_and_a_restart() {
    pass(hours(26));
    follows_again();
    tracker.kill_hard();
    REQUIRE_MESSAGE(start(), tracker.log());
    follows_again();
  }
  void follows_again() {
    const auto id = new_order();
    REQUIRE(eventually([&] { return tracker.get("/v1/orders/p1/" + id).json()["status"] == "completed"; }));
  }

  practice::PracticeServer server;
  practice::PracticePanel& panel;
  ShiftedClock clock;
  TrackerProcess tracker;
  int last_order = 7000;
};

// The row says what the panel said, in its words, and what it comes to.
void check_row(const Json& refill, const Spelling& spelling) {
  CHECK(refill["state"] == "refused");
  CHECK(refill["refusal"] == spelling.refusal);
  CHECK(refill["words"] == spelling.words);
  CHECK_FALSE(refill["ended_at"].is_null());
  CHECK(refill["upstream_id"].is_null());
  if (!spelling.wait) return;
  REQUIRE_FALSE(refill["not_before"].is_null());
  // From the answer on.
  const auto waits = seconds(time_of(refill["not_before"]) - time_of(refill["ended_at"]));
  CHECK(std::chrono::abs(waits - *spelling.wait) <= seconds(1));
}

void check_refused(const World& world, const std::string& id, const Spelling& spelling, const Json& problem) {
  CHECK_MESSAGE(problem["code"] == "upstream-error", problem.dump());
  CHECK(problem["detail"] == spelling.words);
  CHECK(problem["refusal"] == spelling.refusal);
  CHECK(problem["sent"] == "yes");
  const auto rows = world.refills(id);
  REQUIRE(rows.size() == 1);
  check_row(rows.front(), spelling);
}

void check_events(const World& world, const std::map<std::string, Spelling>& refused) {
  const auto events = world.events_by_order("refill.refused");
  CHECK(events.size() == refused.size());
  for (const auto& [id, spelling] : refused) {
    const auto found = events.find(id);
    REQUIRE(found != events.end());
    REQUIRE(found->second.size() == 1);
    CHECK(found->second.front()["data"]["words"] == spelling.words);
    CHECK(found->second.front()["data"]["refusal"] == spelling.refusal);
  }
}

}  // namespace

TEST_CASE(
    "every wording in every shape of an answer about one order: its class, its words, and no second try") {
  World world;
  REQUIRE_MESSAGE(world.start(), world.tracker.log());
  std::map<std::string, Spelling> refused;
  const auto ask = [&](const Spelling& spelling, const std::vector<std::string>& quirks) {
    CAPTURE(spelling.words);
    const auto id = world.new_order();
    for (const auto& name : quirks) {
      const bool speaks = &name == &quirks.front();
      world.panel.add_quirk(quirk(name, speaks ? spelling.words : "", {id}));
    }
    const auto answer = world.ask(id);
    world.panel.clear_quirks();
    CHECK(answer.status == 502);
    check_refused(world, id, spelling, answer.json());
    refused[id] = spelling;
  };
  for (const auto& spelling : all_spellings()) {
    ask(spelling, {"refill-refused-text"});
    ask(spelling, {"refill-refused-text", "nested-errors"});
    // A number where the refill's id would stand is one.
    if (spelling.words != "104") ask(spelling, {"refill-refused-text", "sentence-errors"});
  }
  for (const auto* shape :
       {"error-with-status", "status-error-message", "errors-array", "error-true-message", "plain-error",
        "http-400-json", "http-403-json", "http-404-json", "http-500-json"}) {
    CAPTURE(shape);
    for (const auto& spelling : one_of_each) ask(spelling, {shape});
  }
  REQUIRE(world.tracker.post("/v1/panels/p1/resume").status == 200);  // the rejected key is a good one
  check_events(world, refused);
  world.a_day_and_a_restart();
  for (const auto& each : world.asked()) CHECK_MESSAGE(each.second == 1, each.first);
}

TEST_CASE("every wording in every shape of a batch: each order its own, in one request") {
  World world;
  REQUIRE_MESSAGE(world.start(), world.tracker.log());
  std::map<std::string, Spelling> refused;
  for (const auto* shape :
       {"", "flat-errors", "object-keyed-refill-and-cancel", "sentence-errors", "reordered-keys"}) {
    CAPTURE(shape);
    std::vector<std::pair<std::string, Spelling>> asked;
    auto orders = Json::array();
    for (const auto& spelling : all_spellings()) {
      if (spelling.words == "104") continue;
      asked.emplace_back(world.new_order(), spelling);
      orders.push_back("p1/" + asked.back().first);
      world.panel.add_quirk(quirk("refill-refused-text", spelling.words, {asked.back().first}));
      if (orders.size() % 10 == 0) orders.push_back("p1/" + world.new_order());  // one that is accepted
    }
    if (*shape != '\0') world.panel.add_quirk(quirk(shape));
    const auto before = world.server.ledger().requests();
    const auto answer = world.tracker.post("/v1/refills", Json{{"orders", orders}});
    REQUIRE(answer.status == 200);
    const auto entries = world.server.ledger().entries();
    CHECK(std::count_if(entries.begin() + static_cast<std::ptrdiff_t>(before), entries.end(),
                        [](const auto& entry) { return entry.request.action == "refill"; }) ==
          static_cast<std::ptrdiff_t>((orders.size() + 99) / 100));
    std::map<std::string, Json> items;
    const auto answered = answer.json();
    for (const auto& item : answered["items"]) items[item["order"].get<std::string>()] = item;
    for (const auto& each : asked) {
      const auto& id = each.first;
      const auto& spelling = each.second;
      CAPTURE(spelling.words);
      const auto& item = items["p1/" + id];
      CHECK_MESSAGE(item["status"] == 502, item.dump());
      check_refused(world, id, spelling, item["problem"]);
      items.erase("p1/" + id);
      refused[id] = spelling;
    }
    for (const auto& each : items) CHECK_MESSAGE(each.second["status"] == 201, each.second.dump());
    world.panel.clear_quirks();
  }
  check_events(world, refused);
  CHECK(world.tracker.get("/v1/panels/p1").json()["state"] == "up");
  world.a_day_and_a_restart();
  for (const auto& each : world.asked()) CHECK_MESSAGE(each.second == 1, each.first);
}

TEST_CASE(
    "what the panel itself refuses: a second one, one too soon, too early, too late, none offered, a "
    "stranger") {
  World world;
  world.panel.script_order("100", 1000, {});
  world.panel.script_order("101", 1000, {});
  practice::Course ended;
  ended.quantity = 1000;
  world.panel.put_order("102", ended, 20);  // "No refill"
  world.panel.put_order("103", ended, 17);  // 30 days
  REQUIRE_MESSAGE(world.start(), world.tracker.log());
  world.panel.set_order("100", {.status = "Completed", .remains = "0"});
  REQUIRE(world.tracker.track("p1", {"100", "101", "102", "103", "104"}) == 5);
  const auto refusal = [&](const std::string& id) {
    const auto answer = world.ask(id);
    CHECK_MESSAGE(answer.status == 502, answer.body);
    const auto refused = world.refills(id).front();
    CHECK(refused["state"] == "refused");
    CHECK(refused["words"] == answer.json()["detail"]);
    return refused["refusal"].get<std::string>() + ": " + refused["words"].get<std::string>();
  };
  REQUIRE(world.ask("100").status == 201);
  CHECK(refusal("100") == "cooldown: Refill is still in progress");
  CHECK(refusal("101") == "too_early: Order is not completed yet");
  CHECK(refusal("102") == "not_offered: Refill is not available for this service");
  CHECK(refusal("104") == "unknown: Incorrect order ID");
  world.pass(hours(12));
  CHECK(refusal("100") == "cooldown: Refill can be requested once every 24 hours");
  world.pass(hours(24 * 31));
  CHECK(refusal("103") == "expired: The refill period has expired");
  CHECK(world.ask("100").status == 201);
  CHECK(world.refills("100").size() == 4);
}

TEST_CASE("each class has its consequence: when it may be asked again, and what ends for good") {
  World world;
  REQUIRE_MESSAGE(world.start(), world.tracker.log());
  world.offer_refills();
  std::map<std::string, Spelling> refused;
  for (const auto& spelling : one_of_each) refused[world.new_completed_order()] = spelling;
  const auto doubtful = world.new_completed_order();
  const auto accepted = world.new_completed_order();
  world.panel.add_quirk(quirk("close-before-reply", "", {doubtful}));
  REQUIRE(world.ask(doubtful).status == 504);
  REQUIRE(world.ask(accepted).status == 201);
  const auto ask_all = [&] {
    for (const auto& [id, spelling] : refused) {
      world.panel.add_quirk(quirk("refill-refused-text", spelling.words, {id}));
      CHECK(world.ask(id).status == 502);
    }
    world.panel.clear_quirks();
    REQUIRE(world.tracker.post("/v1/panels/p1/resume").status == 200);
    REQUIRE(eventually([&] { return world.tracker.get("/v1/panels/p1").json()["state"] == "up"; }));
  };
  ask_all();
  for (const auto& each : refused) {
    const auto& id = each.first;
    const auto& spelling = each.second;
    CAPTURE(spelling.words);
    const auto why = world.why(id);
    const auto refill = world.refills(id).front();
    CHECK_MESSAGE(why["reason"] == (spelling.wait ? "cooldown" : "gap"), why.dump());
    const auto until =
        spelling.wait ? time_of(refill["not_before"]) : time_of(refill["asked_at"]) + 25 * 3600;
    CHECK(time_of(why["next_ask_at"]) == until);
  }
  CHECK(world.why(accepted)["reason"] == "already_open");
  CHECK(world.why(accepted)["next_ask_at"].is_null());
  CHECK(world.why(doubtful)["reason"] == "already_open");
  CHECK_FALSE(world.why(doubtful)["next_ask_at"].is_null());

  // One word never ends a guarantee; the second, a day later, does.
  world.a_day_and_a_restart();
  for (const auto& each : refused) CHECK_MESSAGE(world.why(each.first)["reason"] == "due", each.second.words);
  CHECK(world.why(doubtful)["reason"] == "due");
  CHECK(eventually([&] { return world.refills(accepted).front()["state"] == "completed"; }));
  CHECK(world.why(accepted)["reason"] == "due");
  ask_all();
  for (const auto& each : refused) {
    const auto& spelling = each.second;
    const bool for_good = spelling.refusal == "expired" || spelling.refusal == "not_offered";
    const auto* expected = for_good ? "refused_for_good" : spelling.wait ? "cooldown" : "gap";
    CHECK_MESSAGE(world.why(each.first)["reason"] == expected, spelling.words);
  }
  world.a_day_and_a_restart();
  for (const auto& each : refused) {
    const bool for_good = each.second.refusal == "expired" || each.second.refusal == "not_offered";
    CHECK_MESSAGE(world.why(each.first)["reason"] == (for_good ? "refused_for_good" : "due"),
                  each.second.words);
  }
  for (const auto& [id, times] : world.asked()) CHECK(times == (refused.count(id) > 0 ? 2 : 1));
}

TEST_CASE(
    "a refusal about the key is the panel's trouble and no order's: one alert, and it goes on by itself") {
  World world;
  REQUIRE_MESSAGE(world.start(), world.tracker.log());
  const auto panel_events = [&] {
    std::vector<std::string> types;
    for (const auto& event : world.tracker.all_events()) {
      const auto type = event["type"].get<std::string>();
      if (type.rfind("panel.", 0) == 0) types.push_back(type);
    }
    return types;
  };
  std::ptrdiff_t alerts = 0;
  for (const auto* words : {"Invalid API key", "Account suspended"}) {
    const auto id = world.new_order();
    REQUIRE(
        eventually([&] { return world.tracker.get("/v1/orders/p1/" + id).json()["status"] == "completed"; }));
    const auto revision = world.tracker.get("/v1/orders/p1/" + id).json()["revision"];
    world.panel.add_quirk(quirk("refill-refused-text", words, {id}));
    CHECK(world.ask(id).status == 502);
    world.panel.clear_quirks();
    // Not the state: a poll that was under way may have made the panel well again.
    const auto so_far = panel_events();
    ++alerts;
    CHECK(std::count(so_far.begin(), so_far.end(), "panel.key_rejected") == alerts);
    CHECK(world.tracker.get("/v1/orders/p1/" + id).json()["revision"] == revision);
    // The panel takes a balance call: that is enough.
    world.pass(minutes(11));
    CHECK(
        eventually([&] { return world.tracker.get("/v1/panels/p1").json()["state"] == "up"; }, seconds(90)));
  }
  CHECK(panel_events() ==
        std::vector<std::string>{"panel.key_rejected", "panel.up", "panel.key_rejected", "panel.up"});
}

}  // namespace smm::test::refill_refusals_test
