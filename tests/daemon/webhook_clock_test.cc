#include "webhook_hours_world.h"

#include <algorithm>

namespace smm::test::webhook_clock_test {

// The wall clock is set on by days or back by hours while deliveries are in every state they can be in.

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

namespace {

const std::string tracked_only = "events = [\"order.tracked\"]\n";

// One endpoint for each state.
struct Endpoints {
  Endpoints()
      : retrying(retry_watch.options()),
        holding(hold_watch.options()),
        resting(of_any_time()),
        down(of_any_time()),
        flying(of_any_time()),
        paused(of_any_time()) {}
  [[nodiscard]] std::vector<Hook> hooks() const {
    return {{"retrying", retrying.url(), tracked_only}, {"holding", holding.url()},
            {"resting", resting.url(), tracked_only},   {"down", down.url(), tracked_only},
            {"flying", flying.url(), tracked_only},     {"paused", paused.url(), tracked_only}};
  }

  PickyEndpoint retry_watch;
  PickyEndpoint hold_watch;
  practice::WebhookReceiver retrying;
  practice::WebhookReceiver holding;
  practice::WebhookReceiver resting;
  practice::WebhookReceiver down;
  practice::WebhookReceiver flying;
  practice::WebhookReceiver paused;
};

struct ClockGame {
  ClockGame()
      : world(ends.hooks(), "[retention]\nevents = \"1d\"\ndeliveries = \"1d\"\nprogress = \"1d\"\n") {}

  // Everybody's deliveries of the orders 1 to 6 are under way, retried, held, at rest, down or paused.
  void begin() {
    ends.retry_watch.refuse("1", 0);
    ends.hold_watch.refuse("1", 0);
    ends.resting.answer_next({.status = 503, .headers = {{"Retry-After", "600"}}});
    ends.down.answer_always({.status = 503});
    REQUIRE(world.tracker.post("/v1/webhooks/paused/pause").status == 200);
    world.track(ids_from(1, 6));
    REQUIRE(ends.hold_watch.wait_for("6", 2));
    REQUIRE(eventually([&] { return first_of("retrying", "1")["tries"] > 0; }));
    REQUIRE(eventually([&] { return !first_of("retrying", "1")["next_try_at"].is_null(); }));
    REQUIRE(eventually([&] { return !world.webhook("down")["down_since"].is_null(); }));
    REQUIRE(eventually([&] { return !world.webhook("resting")["resting_until"].is_null(); }));
    // After the third failure the next try is 96 to 144 s away.
    for (int failed = 2; failed <= 3; ++failed) {
      world.pass(seconds(failed == 2 ? 6 : 36));
      REQUIRE(eventually([&] { return first_of("retrying", "1")["tries"] == failed; }));
      REQUIRE(eventually([&] { return first_of("holding", "1")["tries"] == failed; }));
    }
    REQUIRE(eventually([&] { return nothing_under_way(); }));
  }
  // So that there is something under way while the clock is set, and everybody notices.
  void step(seconds by) {
    const auto before = ends.flying.count();
    ends.flying.answer_next({.delay = milliseconds(600)});
    ends.down.answer_always({.status = 503, .delay = milliseconds(600)});
    const auto probed = ends.down.count();
    const auto probe = world.webhook("down")["next_probe_at"];
    world.pass_until(probe);
    const auto order = std::to_string(++orders);
    world.track({order});
    REQUIRE(ends.flying.wait_for(before + 1));
    REQUIRE(ends.down.wait_for(probed + 1));
    world.clock.set_clock(by);
    // Of each endpoint.
    const auto next = std::to_string(++orders);
    world.track({next});
    REQUIRE_MESSAGE(ends.flying.wait_for(before + 2), world.tracker.log());
    REQUIRE_MESSAGE(ends.hold_watch.wait_for(next, 2), world.tracker.log());
    REQUIRE_MESSAGE(ends.retry_watch.wait_for(next, 1), world.tracker.log());
    REQUIRE(eventually([&] { return nothing_under_way(); }));
    ends.down.answer_always({.status = 503});
  }
  [[nodiscard]] bool nothing_under_way() const {
    const auto pending = world.deliveries("state=pending");
    return std::all_of(pending.begin(), pending.end(), [&](const Json& item) {
      const auto attempts = world.delivery(item["id"])["attempts"];
      return attempts.empty() || !attempts.back()["ended_at"].is_null();
    });
  }
  // The delivery of an order's first event.
  [[nodiscard]] Json first_of(const std::string& webhook, const std::string& order) const {
    const auto items = world.deliveries("webhook=" + webhook + "&order=p1/" + order);
    return items.empty() ? Json() : world.delivery(items.back()["id"]);
  }
  [[nodiscard]] seconds until(const Json& moment) const {
    return std::chrono::floor<seconds>(moment_of(moment) - world.clock.now());
  }
  [[nodiscard]] int tries_of(const std::string& webhook) const {
    int tries = 0;
    for (const auto& item : world.deliveries("webhook=" + webhook)) tries += item["tries"].get<int>();
    return tries;
  }

  Endpoints ends;
  HoursWorld world;
  int orders = 6;
};

void check_all_waits(seconds step) {
  ClockGame game;
  auto& ends = game.ends;
  auto& world = game.world;
  game.begin();
  const auto used = game.tries_of("down");
  const auto rested = ends.resting.count();
  const auto rest = game.until(world.webhook("resting")["resting_until"]);
  game.step(step);
  CAPTURE(world.tracker.log());

  // Being retried: as long as before, not at once.
  const auto retried = game.first_of("retrying", "1");
  CHECK(retried["tries"] == 3);
  CHECK(game.until(retried["next_try_at"]) <= seconds(144));
  CHECK(game.until(retried["next_try_at"]) > seconds(0));
  // The younger of an order that began to fail a minute ago stay behind.
  CHECK(ends.hold_watch.taken("1").empty());
  // At rest.
  CHECK(ends.resting.count() == rested);
  CHECK(game.until(world.webhook("resting")["resting_until"]) <= rest);
  CHECK(game.until(world.webhook("resting")["resting_until"]) >= rest - seconds(60));
  // Down: what was probed during the step keeps its place, and no try is used up.
  CHECK(game.tries_of("down") == used);
  for (const auto& item : world.deliveries("webhook=down&state=pending")) {
    CAPTURE(item.dump());
    CHECK(game.until(item["next_try_at"]) <= seconds(37));
  }
  CHECK(game.until(world.webhook("down")["next_probe_at"]) <= seconds(96));  // after one more than usual
  // Under way: one attempt that was answered.
  const auto flown = game.first_of("flying", "7");
  CHECK(flown["state"] == "delivered");
  CHECK(flown["attempts"].size() == 1);
  CHECK(world.deliveries("state=dead").empty());

  // Then everything in its time.
  ends.retry_watch.refuse("", 0);
  world.pass(seconds(145));
  CHECK(ends.retry_watch.wait_for("1", 1));
  world.pass(minutes(20));
  CHECK(ends.resting.wait_for(9));
  CHECK(ends.hold_watch.taken("1").empty());
  world.pass(minutes(10));
  CHECK(ends.hold_watch.wait_for("1", 1));
  ends.hold_watch.refuse("", 0);
  ends.down.answer_always({});
  CHECK(eventually([&] {
    if (world.webhook("down")["pending"] == 0) return true;
    world.pass(seconds(20));
    return false;
  }));
  std::set<std::string> taken;
  for (const auto& webhook : ends.down.received()) {
    if (webhook.answered == 200) CHECK(taken.insert(webhook.id).second);
  }
  CHECK(taken.size() == 8);
  // The clock is believed after an hour; what is pending stays with its body.
  world.pass(minutes(70));
  world.pass(minutes(2));
  REQUIRE(eventually([&] { return world.webhook("holding")["pending"] == 0; }));
  CHECK(world.webhook("paused")["pending"] == 8);
  CHECK(world.tracker.post("/v1/webhooks/paused/resume").status == 200);
  CHECK(ends.paused.wait_for(8));
  CHECK(distinct(ends.paused.received()).size() == 8);
  CHECK(world.deliveries("state=dead").empty());
  CHECK(world.deliveries("state=canceled").empty());
}

}  // namespace

TEST_CASE(
    "a clock set on by 8 days let every retry go at once, and the younger events of an order pass the one "
    "that "
    "fails") {
  check_all_waits(hours(24 * 8));
}

TEST_CASE("a clock set back by 2 hours put off what had been probed meanwhile by 2 hours") {
  check_all_waits(-hours(2));
}

TEST_CASE("a clock that goes to and fro burns no tries") {
  PickyEndpoint watch;
  watch.refuse("1", 0);
  practice::WebhookReceiver receiver(watch.options());
  HoursWorld world({{"shop", receiver.url(), tracked_only}});
  world.track({"1"});
  REQUIRE(receiver.wait_for(1));
  const auto tries = [&] { return world.deliveries("order=p1/1")[0]["tries"].get<int>(); };
  REQUIRE(eventually([&] { return tries() >= 1; }));
  world.pass(seconds(6));
  REQUIRE(eventually([&] { return tries() == 2; }));
  int order = 1;
  for (const auto step : {hours(24 * 8), -hours(24 * 8), hours(20), -hours(22), hours(2)}) {
    world.clock.set_clock(step);
    world.track({std::to_string(++order)});
    REQUIRE(watch.wait_for(std::to_string(order), 1));
  }
  CHECK(tries() == 2);
  world.pass(seconds(37));
  CHECK(eventually([&] { return tries() == 3; }));
}

TEST_CASE("a clock set back by 2 hours between a stop and a start put every retry off by 2 hours") {
  practice::WebhookReceiver receiver(of_any_time());
  receiver.answer_next({.status = 500}, 2);
  const std::vector<Hook> hooks = {{"shop", receiver.url(), tracked_only}};
  HoursWorld world(hooks);
  world.track({"1"});
  const auto tries = [&] { return world.deliveries("order=p1/1")[0]["tries"].get<int>(); };
  REQUIRE(eventually([&] { return tries() >= 1; }));
  world.pass(seconds(6));
  REQUIRE(eventually([&] { return tries() == 2; }));
  REQUIRE(world.tracker.stop().code == 0);
  world.clock.set_unseen(-hours(2));
  REQUIRE(world.tracker.start(world.options(hooks)));
  world.pass(minutes(2));
  CHECK(receiver.wait_for(3));
}

}  // namespace smm::test::webhook_clock_test
