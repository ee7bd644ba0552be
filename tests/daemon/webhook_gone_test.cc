#include "webhook_hours_world.h"

#include <algorithm>

namespace smm::test::webhook_gone_test {

// An endpoint that answers 410.

using std::chrono::seconds;

namespace {

const std::string tracked_only = "events = [\"order.tracked\"]\n";

std::size_t times_in(const std::string& text, const std::string& words) {
  std::size_t times = 0;
  for (auto at = text.find(words); at != std::string::npos; at = text.find(words, at + 1)) ++times;
  return times;
}

struct GoneWorld {
  GoneWorld()
      : gone(of_any_time()),
        other(of_any_time()),
        world({{"gone", gone.url(), tracked_only},
               {"other", other.url(), "events = [\"webhook.disabled\"]\n"}}) {}
  [[nodiscard]] std::vector<Json> told() const {
    std::vector<Json> told;
    for (const auto& event : world.tracker.all_events()) {
      if (event["type"] == "webhook.disabled") told.push_back(event["data"]);
    }
    return told;
  }
  [[nodiscard]] bool is_disabled() const {
    return eventually([&] { return world.webhook("gone")["disabled"] == true; });
  }
  void check_told_once() const {
    REQUIRE(other.wait_for(1));
    REQUIRE(told().size() == 1);
    CHECK(told()[0]["webhook"] == "gone");
    CHECK(told()[0]["reason"] == "it answered 410");
    CHECK(times_in(world.tracker.log(), "webhook gone: disabled, since it answered 410 Gone") == 1);
    const auto status = world.tracker.get("/v1/status").json();
    const auto& hooks = status["webhooks"];
    const auto shown =
        std::find_if(hooks.begin(), hooks.end(), [](const Json& hook) { return hook["name"] == "gone"; });
    REQUIRE(shown != hooks.end());
    CHECK((*shown)["disabled"] == true);
    CHECK((*shown)["disabled_reason"] == "it answered 410");
    CHECK((*shown)["pending"] == 0);
  }

  practice::WebhookReceiver gone;
  practice::WebhookReceiver other;
  HoursWorld world;
};

}  // namespace

TEST_CASE(
    "410 is said in the log, in the status and by an event, and cancels what waits, also after a restart") {
  GoneWorld game;
  auto& world = game.world;
  REQUIRE(world.tracker.post("/v1/webhooks/gone/pause").status == 200);
  world.track(ids_from(1, 20));
  game.gone.answer_next({.status = 410});
  game.gone.answer_always({.status = 410, .delay = milliseconds(300)});
  REQUIRE(world.tracker.post("/v1/webhooks/gone/resume").status == 200);
  REQUIRE(game.is_disabled());
  game.check_told_once();
  CHECK(game.gone.count() <= 2);
  CHECK(world.deliveries("webhook=gone&state=pending").empty());
  CHECK(world.deliveries("webhook=gone&state=canceled").size() >= 18);
  world.track({"later"});
  CHECK(world.deliveries("webhook=gone").size() == 20);
  REQUIRE(world.tracker.stop().code == 0);
  REQUIRE(world.tracker.start({.environment = world.clock.environment()}));
  CHECK(world.webhook("gone")["disabled"] == true);
  world.track({"later-still"});
  CHECK(world.deliveries("webhook=gone").size() == 20);
  CHECK(game.gone.count() <= 2);
  CHECK(game.told().size() == 1);
}

TEST_CASE(
    "410 while another transfer is under way: what that one brings counts, and nobody hears of it twice") {
  GoneWorld game;
  auto& world = game.world;
  practice::ReceiverAnswer late{.status = 200, .delay = milliseconds(700)};
  std::string state = "delivered";
  SUBCASE("taken") {}
  SUBCASE("refused: not tried again") {
    late.status = 500;
    state = "canceled";
  }
  SUBCASE("asks for a rest: not tried again") {
    late.status = 503;
    late.headers = {{"Retry-After", "1"}};
    state = "canceled";
  }
  // Seen: said twice, in the log and to the others.
  SUBCASE("410, too: said once") {
    late.status = 410;
    state = "canceled";
  }
  CAPTURE(late.status);
  game.gone.answer_next(late);
  game.gone.answer_next({.status = 410, .delay = milliseconds(100)});
  world.track({"1", "2"});
  REQUIRE(game.is_disabled());
  REQUIRE(eventually([&] {
    const auto items = world.deliveries("webhook=gone");
    return std::all_of(items.begin(), items.end(), [&](const Json& item) {
      const auto attempts = world.delivery(item["id"])["attempts"];
      return attempts.size() == 1 && !attempts[0]["ended_at"].is_null();
    });
  }));
  game.check_told_once();
  std::vector<std::string> states;
  for (const auto& item : world.deliveries("webhook=gone")) states.push_back(item["state"]);
  std::sort(states.begin(), states.end());
  CHECK(states == (state == "delivered" ? std::vector<std::string>{"dead", "delivered"}
                                        : std::vector<std::string>{"canceled", "dead"}));
  world.pass(std::chrono::minutes(10));
  CHECK(game.gone.count() == 2);
}

}  // namespace smm::test::webhook_gone_test
