#include "practice-panel/server.h"
#include "shifted_clock.h"

#include <doctest/doctest.h>

namespace smm::test::refill_clock_test {

// Automatic refills when the wall clock was set: the real daemon by a clock of the test's own.

namespace practice = smm::practice;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

namespace {

constexpr hours day(24);

struct World {
  World() : panel(server.add_panel()) {}

  // With an order that never ends, so that there is always something to poll.
  void start(const std::string& more) {
    REQUIRE_MESSAGE(tracker.start(options(more)), tracker.log());
    panel.script_order("1", 1000, {});
    REQUIRE(tracker.track("p1", {"1"}) == 1);
  }
  [[nodiscard]] TrackerProcess::Options options(const std::string& more) const {
    return {.config = fast_polling() + panel_section("p1", server.api_url("p1"), more),
            .environment = clock.environment()};
  }
  // An order of service 1, which offers refills, seen Pending and then Completed.
  void complete(const std::string& id) {
    panel.script_order(id, 1000, {});
    const auto tracked =
        tracker.post("/v1/orders", Json{{"panel", "p1"}, {"id", id}, {"service", "1"}, {"quantity", 1000}});
    REQUIRE_MESSAGE(tracked.status == 201, tracked.body);
    REQUIRE(eventually([&] { return order(id)["status"] == "pending"; }));
    panel.set_order(id, {.status = "Completed", .start_count = "100", .remains = "0"});
    REQUIRE(eventually([&] { return order(id)["status"] == "completed"; }));
  }
  [[nodiscard]] Json order(const std::string& id) const { return tracker.get("/v1/orders/p1/" + id).json(); }
  [[nodiscard]] Json why(const std::string& id) const {
    return tracker.get("/v1/refills/eligible?order=p1/" + id).json()["items"][0];
  }
  [[nodiscard]] std::vector<Json> refills() const { return tracker.all_items("/v1/refills"); }
  [[nodiscard]] std::size_t events(const std::string& type) const {
    std::size_t count = 0;
    for (const auto& event : tracker.all_events()) count += event["type"] == type ? 1U : 0U;
    return count;
  }
  bool polled_again() {
    const auto before = server.ledger().requests();
    return eventually([&] { return server.ledger().requests() >= before + 4; });
  }

  practice::PracticeServer server;
  practice::PracticePanel& panel;
  ShiftedClock clock;
  TrackerProcess tracker;
};

const std::string after_a_week = "[panel.p1.refill]\nask_after = [\"7d\"]\n";

}  // namespace

TEST_CASE("a clock set on by a week makes no refill due, neither at once nor when it is believed") {
  World world;
  world.start(after_a_week);
  world.complete("7001");
  REQUIRE(eventually([&] { return world.why("7001")["reason"] == "waiting_for_schedule"; }));
  world.clock.set_clock(day * 8);
  REQUIRE(world.polled_again());
  CHECK(world.why("7001")["ask"] == false);
  world.clock.pass(hours(1) + minutes(1));
  CHECK(
      eventually([&] { return world.tracker.log().find("is believed") != std::string::npos; }, seconds(40)));
  REQUIRE(world.polled_again());
  CHECK(world.why("7001")["reason"] == "waiting_for_schedule");
  CHECK(world.refills().empty());
  // A week that really passes does.
  world.clock.pass(day * 7);
  CHECK(eventually([&] { return world.refills().size() == 1; }, seconds(90)));
}

TEST_CASE("what came due while the program was off is held for an hour, said so, and then asked for") {
  World world;
  world.start(after_a_week);
  world.complete("7001");
  CHECK(world.tracker.stop().code == 0);
  world.clock.pass_unseen(day * 8);
  world.start(after_a_week);
  REQUIRE(world.polled_again());
  const auto held = world.why("7001");
  CHECK(held["reason"] == "held");
  CHECK_FALSE(held["next_ask_at"].is_null());
  CHECK(world.refills().empty());
  // What a person asks for is not held.
  CHECK(world.tracker.post("/v1/orders/p1/7001/refill", Json{{"dry_run", true}}).json()["ask"] == true);
  world.clock.pass(hours(1) + minutes(1));
  CHECK(eventually([&] { return world.refills().size() == 1; }, seconds(90)));
  CHECK(world.refills()[0]["cause"] == "auto");
}

TEST_CASE("a refill without an end expires after 20 days, said once, and not because the clock was set") {
  World world;
  world.panel.add_quirk({.name = "refill-never-completes"});
  world.start("");
  world.complete("7001");
  REQUIRE(world.tracker.post("/v1/orders/p1/7001/refill").status == 201);
  const auto state = [&] { return world.refills()[0]["state"].get<std::string>(); };
  world.clock.set_clock(day * 30);
  REQUIRE(world.polled_again());
  CHECK(state() == "pending");
  world.clock.pass(day * 19);  // the clock is believed again
  REQUIRE(world.polled_again());
  CHECK(state() == "pending");
  world.clock.pass(day);
  CHECK(eventually([&] { return state() == "expired"; }, seconds(90)));
  CHECK_FALSE(world.refills()[0]["ended_at"].is_null());
  CHECK(world.events("refill.expired") == 1);
  CHECK(world.tracker.stop().code == 0);
  world.start("");
  REQUIRE(world.polled_again());
  CHECK(world.events("refill.expired") == 1);
}

}  // namespace smm::test::refill_clock_test
