#include "practice-panel/server.h"
#include "shifted_clock.h"

#include <doctest/doctest.h>

#include <algorithm>

namespace smm::test::clock_test {

namespace practice = smm::practice;
using std::chrono::hours;
using std::chrono::seconds;

namespace {

// A daemon that runs by a clock of the test's own, and a panel whose order 1 stands still and whose order 2
// is completed.
struct World {
  World() {
    auto& panel = server.add_panel();
    panel.script_order("1", 1000, {});
    panel.script_order("2", 1000, {{practice::Ms(10), {.status = "Completed", .remains = "0"}}});
  }
  TrackerProcess::Options options(const std::string& more = "") const {
    return {.config = "[poll]\nfastest = \"100ms\"\nmoving = \"100ms\"\nslowest = \"200ms\"\n" + more +
                      panel_section("p1", server.api_url("p1")),
            .environment = clock.environment()};
  }
  bool asked_again(std::size_t times = 4) {
    const auto before = server.ledger().requests();
    return eventually([&] { return server.ledger().requests() >= before + times; });
  }
  Json order(const std::string& id) const { return tracker.get("/v1/orders/p1/" + id).json(); }
  std::size_t points(const std::string& id) const {
    return tracker.get("/v1/orders/p1/" + id + "/history").json()["items"].size();
  }
  bool says(const std::string& words) const {
    return eventually([&] { return tracker.log().find(words) != std::string::npos; });
  }
  bool nothing_ended() const {
    return order("1")["stalled"] == false && order("2")["settled"] == false && order("1")["lost"] == false;
  }

  practice::PracticeServer server;
  ShiftedClock clock;
  TrackerProcess tracker;
};

constexpr auto minute = std::chrono::minutes(1);

}  // namespace

// Seen: all history and all events were gone within a minute, and every order had stalled or settled.
TEST_CASE("a wall clock set on by 500 days deletes, stalls and settles nothing") {
  World world;
  auto& tracker = world.tracker;
  REQUIRE_MESSAGE(tracker.start(world.options()), tracker.log());
  REQUIRE(tracker.track("p1", {"1", "2"}) == 2);
  REQUIRE(eventually([&] { return world.points("1") == 1 && world.points("2") == 1; }));
  world.server.advance(practice::Ms(10));
  REQUIRE(eventually([&] { return world.points("2") == 2; }));
  const auto events = tracker.all_events().size();
  REQUIRE(events == 5);
  REQUIRE(world.asked_again());

  world.clock.set_clock(hours(24 * 500));
  CHECK(world.says("not believed until"));
  for (int i = 0; i < 3; ++i) {
    world.clock.pass(minute);
    REQUIRE(world.asked_again());
  }
  CHECK(world.points("2") == 2);
  CHECK(tracker.all_events().size() == events);
  CHECK(world.nothing_ended());

  // Once the clock is believed retention goes by it; what time the orders stood still in is another matter.
  world.clock.pass(hours(1));
  CHECK(world.says("and is believed"));
  world.clock.pass(minute);
  CHECK(eventually([&] { return world.points("2") == 0; }));
  CHECK(world.points("1") == 1);
  REQUIRE(world.asked_again());
  CHECK(world.nothing_ended());

  // Nor does a restart end anything.
  CHECK(tracker.stop().code == 0);
  REQUIRE_MESSAGE(tracker.start(world.options()), tracker.log());
  REQUIRE(world.asked_again());
  CHECK(world.nothing_ended());
  world.clock.pass(hours(22));
  REQUIRE(world.asked_again());
  CHECK(world.nothing_ended());
  world.clock.pass(hours(1));
  CHECK(eventually([&] { return world.order("1")["stalled"] == true; }));
  CHECK(world.order("2")["settled"] == false);
  world.clock.pass(hours(24));
  CHECK(eventually([&] { return world.order("2")["settled"] == true; }));
}

TEST_CASE("a start that finds the clock 500 days on deletes, stalls and settles nothing") {
  World world;
  auto& tracker = world.tracker;
  REQUIRE_MESSAGE(tracker.start(world.options()), tracker.log());
  REQUIRE(tracker.track("p1", {"1", "2"}) == 2);
  world.server.advance(practice::Ms(10));
  REQUIRE(eventually([&] { return world.order("2")["status"] == "completed" && world.points("1") == 1; }));
  const auto points = world.points("2");
  CHECK(tracker.stop().code == 0);

  world.clock.set_unseen(hours(24 * 500));
  REQUIRE_MESSAGE(tracker.start(world.options()), tracker.log());
  CHECK(world.says("not believed until"));
  world.clock.pass(minute);
  REQUIRE(world.asked_again());
  CHECK(world.points("2") == points);
  CHECK(world.nothing_ended());
  // Put right again: believed at once, and nothing was lost.
  world.clock.set_clock(hours(-24 * 500));
  CHECK(world.says("and is believed"));
  world.clock.pass(minute);
  REQUIRE(world.asked_again());
  CHECK(world.points("2") == points);
  CHECK(world.nothing_ended());
}

// Seen: two answers, with nothing but failed requests for lost_after between them, were enough.
TEST_CASE("two answers that an order is unknown, lost_after apart, do not make it lost; the third does") {
  World world;
  auto& tracker = world.tracker;
  auto options = world.options();
  options.config = "[poll]\nfastest = \"2h\"\nmoving = \"2h\"\nslowest = \"2h\"\nlost_after = \"10m\"\n" +
                   panel_section("p1", world.server.api_url("p1"));
  REQUIRE_MESSAGE(tracker.start(options), tracker.log());
  REQUIRE(tracker.track("p1", {"1", "2"}) == 2);
  REQUIRE(eventually([&] { return world.points("1") == 1; }));
  world.server.panel("p1").add_quirk({.name = "order-lost", .order_ids = {"1"}});
  const auto requests = [&] {  // for orders; the catalogue and the balance are asked for, too
    const auto entries = world.server.ledger().entries();
    return std::count_if(entries.begin(), entries.end(),
                         [](const auto& entry) { return entry.request.action == "status"; });
  };
  const auto is_lost_after_asking = [&] {
    const auto before = requests();
    REQUIRE(tracker.post("/v1/orders/p1/1/poll").status == 502);  // with the panel's words
    REQUIRE(requests() == before + 1);
    return world.order("1")["lost"] == true;
  };
  CHECK_FALSE(is_lost_after_asking());
  world.clock.pass(std::chrono::minutes(11));
  CHECK_FALSE(is_lost_after_asking());
  CHECK(is_lost_after_asking());
}

// Seen: a request stood for a minute behind a timer that counted from the clock of before.
TEST_CASE("a wall clock set on does not hold up what somebody asks for") {
  World world;
  auto& tracker = world.tracker;
  auto options = world.options();
  options.config = panel_section("p1", world.server.api_url("p1"));
  REQUIRE_MESSAGE(tracker.start(options), tracker.log());
  REQUIRE(tracker.track("p1", {"1"}) == 1);
  REQUIRE(eventually([&] { return world.points("1") == 1; }));
  TrackerProcess::Call place;
  place.method = "POST";
  place.target = "/v1/panels/p1/orders";
  for (const auto* key : {"a", "b", "c"}) {
    world.clock.set_clock(seconds(130));
    place.headers = {"Content-Type: application/json", std::string("Idempotency-Key: ") + key};
    place.body = Json{{"service", "1"}, {"link", "https://example.com/p"}, {"quantity", 100}}.dump();
    const auto answer = tracker.call(place);
    REQUIRE_MESSAGE(answer.status == 201, answer.error << answer.body << tracker.log());
  }
}

}  // namespace smm::test::clock_test
