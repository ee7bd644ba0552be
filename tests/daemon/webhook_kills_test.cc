#include "shifted_clock.h"
#include "webhook_world.h"

#include <csignal>
#include <map>

namespace smm::test::webhook_kills_test {

// A delivery while the daemon is killed at each step of it.

using std::chrono::seconds;

namespace {

practice::ReceiverOptions of_any_time() {
  auto options = verifying();
  options.tolerance.reset();
  return options;
}

// Nothing of the next try happens before the test has set the clock on.
const practice::ReceiverAnswer refusal = {.status = 500,
                                          .headers = {{"Connection", "close"}, {"Retry-After", "15"}}};

// What the daemon did before it was killed, as it stands in its database, and what the endpoint saw.
struct Step {
  const char* name;
  bool is_written;      // the attempt's row
  bool is_recorded;     // and what came of it
  std::size_t arrives;  // as often as this the endpoint had the request by then, at least …
  std::size_t at_most;
};

const std::vector<Step> steps = {{"intent-write", false, false, 0, 0}, {"intent-sync", true, false, 0, 0},
                                 {"connect", true, false, 0, 0},       {"connected", true, false, 0, 0},
                                 {"send", true, false, 0, 0},          {"sent-piece", true, false, 0, 1},
                                 {"sent", true, false, 1, 1},          {"received", true, false, 1, 1},
                                 {"outcome-write", true, false, 1, 1}, {"outcome-sync", true, true, 1, 1},
                                 {"outcome-synced", true, true, 1, 1}};

// The delivery that is killed is the second try of an event: while it waits nothing else is written, and a
// new connection is made for it, so that every step is certain.
struct KillWorld {
  KillWorld()
      : receiver(of_any_time()),
        other(of_any_time()),
        world({{"shop", receiver.url()}, {"other", other.url(), "events = [\"webhook.disabled\"]\n"}},
              options()) {
    REQUIRE(world.tracker.post("/v1/panels/p1/pause").status == 200);
  }
  [[nodiscard]] std::string kill_file() const { return directory.path() / "kill-point"; }
  [[nodiscard]] TrackerProcess::Options options() const {
    TrackerProcess::Options options;
    options.environment = clock.environment(SMM_KILL_POINT);
    options.environment["KILL_POINT"] = kill_file();
    options.environment["KILL_POINT_PORT"] = std::to_string(receiver.port());
    return options;
  }
  [[nodiscard]] Json delivery_of(const std::string& order) const {
    const auto items = world.tracker.all_items("/v1/deliveries?webhook=shop&order=p1/" + order);
    if (items.empty()) return {};
    return world.tracker.get("/v1/deliveries/" + items.front()["id"].dump()).json();
  }
  // Its only delivery is in that state and nothing of it is under way.
  [[nodiscard]] bool is(const std::string& order, const std::string& state, int tries) const {
    const auto delivery = delivery_of(order);
    if (delivery.is_null() || delivery["state"] != state || delivery["tries"] != tries) return false;
    return delivery["attempts"].empty() || !delivery["attempts"].back()["ended_at"].is_null();
  }
  // An event whose first try failed.
  void begin(const std::string& order) {
    receiver.clear();
    receiver.answer_next(refusal);
    world.make_event(order);
    REQUIRE_MESSAGE(eventually([&] { return is(order, "pending", 1); }), world.tracker.log());
  }
  void kill_at(const Step& step) {
    write_file(kill_file(), step.name);
    clock.pass_unseen(seconds(16));
    const auto end = world.tracker.wait_for_exit(seconds(20));
    REQUIRE_MESSAGE(end, world.tracker.log());
    REQUIRE(end->code == 128 + SIGKILL);
    REQUIRE(std::filesystem::remove(kill_file() + ".done"));
    REQUIRE(std::filesystem::remove(kill_file()));
    REQUIRE(receiver.wait_for(1 + step.arrives));
  }
  void start() { REQUIRE_MESSAGE(world.tracker.start(options()), world.tracker.log()); }

  ScratchDirectory directory;
  ShiftedClock clock;
  practice::WebhookReceiver receiver;
  practice::WebhookReceiver other;
  WebhookWorld world;
};

std::vector<std::string> outcomes_of(const Json& delivery) {
  std::vector<std::string> outcomes;
  for (const auto& attempt : delivery["attempts"]) outcomes.push_back(attempt["outcome"]);
  return outcomes;
}

// Whatever arrived is one event: the same id, the same bytes.
void check_alike(const std::vector<practice::ReceivedWebhook>& received) {
  for (const auto& webhook : received) {
    CHECK(webhook.id == received.front().id);
    CHECK(webhook.body == received.front().body);
    CHECK(webhook.verdict == practice::SignatureVerdict::verified);
  }
}

}  // namespace

TEST_CASE(
    "kill -9 at each step of a delivery: it arrives, and only what was not recorded is sent again; an "
    "interrupted attempt uses up no try") {
  KillWorld game;
  std::map<std::string, std::size_t> arrivals;
  for (const auto& step : steps) {
    const std::string order = std::string("at-") + step.name;
    CAPTURE(order);
    game.begin(order);
    game.kill_at(step);
    game.start();
    REQUIRE_MESSAGE(eventually([&] { return game.is(order, "delivered", 2); }),
                    game.delivery_of(order).dump() << game.world.tracker.log());
    std::vector<std::string> outcomes = {"refused"};
    if (step.is_written && !step.is_recorded) outcomes.emplace_back("interrupted");
    outcomes.emplace_back("delivered");
    const auto delivery = game.delivery_of(order);
    CHECK_MESSAGE(outcomes_of(delivery) == outcomes, delivery.dump());
    const auto received = game.receiver.received();
    CHECK(received.size() >= 1 + step.arrives + (step.is_recorded ? 0 : 1));
    CHECK(received.size() <= 1 + step.at_most + (step.is_recorded ? 0 : 1));
    check_alike(received);
    arrivals[received.front().id] = received.size();
  }
  CHECK(arrivals.size() == steps.size());
  // What was recorded stays where it is, also later.
  game.receiver.clear();
  game.clock.pass(seconds(120));
  game.world.make_event("last");
  REQUIRE(game.receiver.wait_for(1));
  CHECK(game.receiver.count() == 1);
  CHECK(game.world.tracker.all_items("/v1/deliveries?state=pending").size() <= 1);
}

TEST_CASE("kill -9 around the record of a refusal: it uses up a try once it is recorded, and none before") {
  KillWorld game;
  game.receiver.answer_always(refusal);
  for (const auto& step : steps) {
    const std::string name = step.name;
    if (name.rfind("outcome", 0) != 0) continue;
    CAPTURE(name);
    game.begin(name);
    game.kill_at(step);
    game.receiver.answer_always({});
    game.start();
    if (step.is_recorded) {
      REQUIRE(game.is(name, "pending", 2));
      CHECK(outcomes_of(game.delivery_of(name)) == std::vector<std::string>{"refused", "refused"});
      CHECK(game.receiver.count() == 2);
      game.clock.pass(seconds(36));
    }
    const int tries = step.is_recorded ? 3 : 2;
    CHECK_MESSAGE(eventually([&] { return game.is(name, "delivered", tries); }),
                  game.delivery_of(name).dump());
    CHECK(game.receiver.count() == 3);
    check_alike(game.receiver.received());
    game.receiver.answer_always(refusal);
  }
}

// Seen: the delivery was dead, the endpoint was not disabled, and nobody was told.
TEST_CASE("kill -9 around the record of a 410: the endpoint is disabled, and the others are told once") {
  for (const auto& step : steps) {
    const std::string name = step.name;
    if (name.rfind("outcome", 0) != 0) continue;
    CAPTURE(name);
    KillWorld game;
    game.receiver.answer_always({.status = 410, .headers = {{"Connection", "close"}}});
    game.begin(name);
    game.kill_at(step);
    game.start();
    REQUIRE_MESSAGE(eventually([&] { return game.world.webhook("shop")["disabled"] == true; }),
                    game.world.tracker.log());
    CHECK(game.is(name, "dead", 2));
    REQUIRE(game.other.wait_for(1));
    game.world.make_event("later");
    REQUIRE(game.world.tracker.stop().code == 0);
    CHECK(game.other.count() == 1);
    CHECK(game.receiver.count() == (step.is_recorded ? 2 : 3));
  }
}

}  // namespace smm::test::webhook_kills_test
