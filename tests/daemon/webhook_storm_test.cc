#include "webhook_attempts.h"
#include "webhook_hours_world.h"
#include "witness.h"

#include <atomic>
#include <cstdlib>
#include <random>
#include <thread>

namespace smm::test::webhook_storm_test {

// kill -9 at random moments while three endpoints are told of everything and answer as they like.

using std::chrono::seconds;

namespace {

// Now and then an answer that brings the event again; none while `is_fair`.
class Moody {
 public:
  explicit Moody(unsigned seed, double trouble) : random_(seed), trouble_(trouble) {}
  [[nodiscard]] practice::ReceiverOptions options() {
    auto options = of_any_time();
    options.choose = [this](const practice::ReceivedWebhook&) { return choose(); };
    return options;
  }
  std::atomic<bool> is_fair = false;

 private:
  // Called one at a time.
  std::optional<practice::ReceiverAnswer> choose() {
    std::uniform_real_distribution<double> draw(0, 1);
    if (is_fair || draw(random_) >= trouble_) return std::nullopt;
    switch (random_() % 5) {
      case 0:
        return practice::ReceiverAnswer{.status = 503};
      case 1:
        return practice::ReceiverAnswer{.delivery = practice::Delivery::close};
      case 2:
        return practice::ReceiverAnswer{.delivery = practice::Delivery::reset};
      case 3:
        return practice::ReceiverAnswer{.delay = milliseconds(random_() % 60)};
      default:
        return practice::ReceiverAnswer{.status = 500};
    }
  }

  std::mt19937 random_;
  double trouble_;
};

struct Count {
  std::size_t events = 0;
  std::size_t posts = 0;
  std::size_t attempts = 0;
};

// What arrived at an endpoint, held against the event log and the attempts.
Count check_endpoint(const std::string& name, const practice::WebhookReceiver& receiver,
                     const std::vector<Json>& events, const std::map<std::string, std::size_t>& attempts) {
  CAPTURE(name);
  std::map<std::string, std::string> bodies;
  std::map<std::string, std::size_t> posts;
  std::map<std::string, std::int64_t> newest;  // of each order
  std::set<std::int64_t> arrived;
  std::size_t strange = 0;
  std::size_t overtaken = 0;
  for (const auto& webhook : receiver.received()) {
    if (webhook.verdict != practice::SignatureVerdict::verified) ++strange;
    ++posts[webhook.id];
    const auto [known, is_first] = bodies.emplace(webhook.id, webhook.body);
    if (known->second != webhook.body) ++strange;
    if (!is_first) continue;
    const auto event = name_of(webhook);
    arrived.insert(event.seq);
    auto& before = newest[event.order];
    if (event.seq < before) ++overtaken;
    before = std::max(before, event.seq);
  }
  CHECK(strange == 0);
  CHECK(overtaken == 0);
  Count count;
  std::size_t missing = 0;
  for (const auto& event : events) {
    if (event["type"].get<std::string>().rfind("order.", 0) != 0) continue;
    ++count.events;
    missing += arrived.count(event["seq"].get<std::int64_t>()) == 0 ? 1U : 0U;
  }
  CHECK(missing == 0);
  CHECK(arrived.size() == count.events);
  std::size_t unwritten = 0;
  for (const auto& [id, times] : posts) {
    count.posts += times;
    const auto found = attempts.find(id);
    if (found == attempts.end() || found->second < times) ++unwritten;
  }
  for (const auto& [id, times] : attempts) count.attempts += times;
  CHECK(unwritten == 0);
  return count;
}

}  // namespace

TEST_CASE(
    "kill -9 at random moments: every event at every endpoint, the same bytes, in order, each POST written") {
  const char* wanted = std::getenv("SMM_KILL_ROUNDS");
  const int kills = wanted == nullptr ? 10 : std::atoi(wanted);
  const char* wanted_seed = std::getenv("SMM_ONCE_SEED");
  const auto seed = wanted_seed == nullptr ? std::random_device{}()
                                           : static_cast<unsigned>(std::strtoul(wanted_seed, nullptr, 10));
  CAPTURE(seed);
  Moody good_mood(seed, 0);
  Moody mixed_mood(seed + 1, 0.05);
  Moody bad_mood(seed + 2, 0.3);
  practice::WebhookReceiver good(good_mood.options());
  practice::WebhookReceiver mixed(mixed_mood.options());
  practice::WebhookReceiver bad(bad_mood.options());
  std::vector<Hook> hooks;
  for (const auto& [name, receiver] :
       {std::pair{std::string("good"), &good}, {"mixed", &mixed}, {"bad", &bad}})
    hooks.push_back(
        {name, receiver->url(), "events = [\"order.*\", \"order.tracked\", \"order.progress\"]\n"});
  HoursWorld world(hooks);
  world.server.clock().set_speed(1);
  std::mt19937 random(seed);
  for (int kill = 0; kill < kills; ++kill) {
    const auto ids = world.panel.seed_orders(12, seed + static_cast<unsigned>(kill), quick_courses());
    REQUIRE(world.tracker.track("p1", ids) == ids.size());
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 250'000));
    world.tracker.kill_hard();
    if (kill % 3 == 0) {  // and while it puts right what the last end left behind
      world.tracker.launch(world.options(hooks));
      std::this_thread::sleep_for(std::chrono::microseconds(random() % 60'000));
      world.tracker.kill_hard();
    }
    REQUIRE_MESSAGE(world.tracker.start(world.options(hooks)), world.tracker.log());
  }
  for (auto* mood : {&mixed_mood, &bad_mood}) mood->is_fair = true;
  world.server.clock().set_speed(0);
  REQUIRE(world.tracker.post("/v1/panels/p1/pause").status == 200);
  // Nobody has been failing for 30 minutes when the last retry is due.
  int passed = 0;
  REQUIRE_MESSAGE(eventually(
                      [&] {
                        if (all_delivered(world.tracker, milliseconds(200))) return true;
                        if (passed < 25 * 60) world.pass(seconds(20));
                        passed += 20;
                        return false;
                      },
                      seconds(120)),
                  world.tracker.get("/v1/webhooks").body << world.tracker.log());
  const auto events = world.tracker.all_events();
  REQUIRE(world.tracker.stop().code == 0);
  for (const auto& [name, receiver] :
       {std::pair{std::string("good"), &good}, {"mixed", &mixed}, {"bad", &bad}}) {
    const auto count = check_endpoint(name, *receiver, events,
                                      attempts_by_event(world.tracker.state() / "tracker.db", name));
    MESSAGE(kills << " kills, " << name << ": " << count.events << " events, " << count.posts << " POSTs, "
                  << count.attempts << " attempts, seed " << seed);
    CHECK(count.attempts >= count.posts);
    CHECK(count.events >= static_cast<std::size_t>(kills) * 12);
  }
}

}  // namespace smm::test::webhook_storm_test
