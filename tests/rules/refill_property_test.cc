#include "refills.h"

#include <algorithm>
#include <random>

// Random lives of completed orders, walked through a year, with panels that accept, refuse, stall and fall
// silent; the rule checked against a naive model and against what must never happen.
namespace smm::rules::refill_property_test {
namespace {

struct World {
  Order order = completed_order();
  RefillPolicy policy;
  std::vector<Refill> refills;
  std::optional<CountReport> reported;
  RefillClimate climate;
  Timestamp window_end;

  [[nodiscard]] RefillDecision decide(Timestamp now) const {
    return decide_refill(refill_facts(order, refills, reported), &policy, climate, now);
  }
};

World random_world(std::mt19937& random) {
  World world;
  auto& policy = world.policy;
  policy.ask_after.clear();
  for (auto day = 1 + random() % 20; day < 400 && policy.ask_after.size() < 8; day += 1 + random() % 60) {
    policy.ask_after.push_back(days(static_cast<std::int64_t>(day)));
  }
  policy.gap = random() % 2 ? 25h : std::chrono::hours(1 + random() % 200);
  policy.max_per_order = static_cast<std::int64_t>(random() % 7);
  policy.window_from_service = random() % 4 != 0;
  policy.default_window = days(static_cast<std::int64_t>(random() % 300));
  policy.mode = random() % 4 == 0 ? RefillAuto::drop : RefillAuto::schedule;
  if (random() % 3 == 0) world.order.refill_window.reset();
  if (random() % 3 == 0) world.order.refill_window = days(365);
  if (random() % 4 == 0) world.order.start_count.reset();
  world.window_end =
      ended + (policy.window_from_service ? world.order.refill_window.value_or(policy.default_window)
                                          : policy.default_window);
  return world;
}

bool counts_as_accepted(const Refill& refill) {
  return refill.accepted_at.has_value();
}

bool says_never(const Refill& refill) {
  return refill.refusal == RefusalClass::expired || refill.refusal == RefusalClass::not_offered;
}

// The rule, each time from the whole history, condition by condition as the specification lists them.
bool naive_is_due(const World& world, Timestamp now) {
  const auto& refills = world.refills;
  const auto& policy = world.policy;
  if (now >= world.window_end) return false;
  std::vector<Refill> since_accepted;
  std::int64_t accepted = 0;
  for (const auto& refill : refills) {
    if (counts_as_accepted(refill)) {
      ++accepted;
      since_accepted.clear();
    } else if (says_never(refill)) {
      since_accepted.push_back(refill);
    }
    if (is_accepted_and_open(refill.state) || refill.state == RefillState::asking) return false;
    if (refill.state == RefillState::unknown && now < refill.asked_at + policy.gap) return false;
  }
  if (accepted >= policy.max_per_order) return false;
  if (!since_accepted.empty() &&
      since_accepted.back().asked_at - since_accepted.front().asked_at >= Milliseconds(24h)) {
    return false;
  }
  // The pause.
  if (!refills.empty()) {
    std::size_t failures = 0;
    while (failures < refills.size() && refills[refills.size() - 1 - failures].state == RefillState::failed) {
      ++failures;
    }
    if (failures > 0) {
      Milliseconds pause = 10min;
      for (std::size_t i = 1; i < failures; ++i) pause = std::min(pause * 2, policy.gap);
      if (now < refills.back().asked_at + std::min(pause, policy.gap)) return false;
    }
    if (failures < refills.size()) {
      const auto& last = refills[refills.size() - 1 - failures];
      if (now < last.not_before.value_or(last.asked_at + policy.gap)) return false;
    }
  }
  // The occasion.
  const bool can_judge = world.reported && world.order.start_count;
  const auto missing = can_judge ? 4572 - world.reported->count : 0;
  const bool is_drop = can_judge && missing * 1000 >= 1000 * policy.drop_per_mille;
  Timestamp since = ended;
  Timestamp before = ended;
  if (policy.mode == RefillAuto::drop) {
    if (!is_drop || world.reported->at <= ended) return false;
    since = world.reported->at;
  } else {
    bool any = false;
    for (const auto after : policy.ask_after) {
      if (ended + after > now) break;
      before = any ? since : ended;
      since = ended + after;
      any = true;
    }
    if (!any) return false;
    if (can_judge && !is_drop && world.reported->at > before) return false;
  }
  int refused_since = 0;
  for (const auto& refill : refills) {
    const bool is_or_may_be = counts_as_accepted(refill) || refill.state == RefillState::unknown;
    const auto at =
        policy.mode == RefillAuto::drop ? refill.ended_at.value_or(refill.asked_at) : refill.asked_at;
    if (is_or_may_be && at >= since) return false;
    if (refill.state == RefillState::refused && refill.refusal != RefusalClass::auth &&
        refill.asked_at >= since) {
      ++refused_since;
    }
  }
  if (refused_since >= 3) return false;
  return world.climate.panel_up && !(world.climate.held_until && now < *world.climate.held_until) &&
         !(world.climate.rests_until && now < *world.climate.rests_until);
}

// The panel answers an ask.
void ask(World& world, std::mt19937& random, Timestamp now) {
  switch (random() % 10) {
    case 0:
      world.refills.push_back(refill_of(RefillState::failed, now));
      break;
    case 1:
      world.refills.push_back(refill_of(RefillState::unknown, now));
      break;
    case 2:
    case 3:
    case 4: {
      const auto refusal = static_cast<RefusalClass>(random() % 6);
      std::optional<Timestamp> not_before;
      if (refusal == RefusalClass::cooldown && random() % 2)
        not_before = now + std::chrono::hours(random() % 300);
      world.refills.push_back(refused(refusal, now, not_before));
      break;
    }
    default:
      world.refills.push_back(refill_of(RefillState::pending, now));
      break;
  }
}

// What else may happen: open refills end, people ask, counts are reported, panels fall down.
void live(World& world, std::mt19937& random, Timestamp now) {
  for (auto& refill : world.refills) {
    if (!is_accepted_and_open(refill.state) || random() % 4 != 0) continue;
    constexpr std::array outcomes = {RefillState::completed, RefillState::rejected, RefillState::in_progress,
                                     RefillState::expired};
    refill.state = outcomes[random() % outcomes.size()];
    if (is_final(refill.state)) refill.ended_at = now;
  }
  if (random() % 60 == 0) ask(world, random, now);  // a person
  if (random() % 20 == 0) world.reported = CountReport{4400 + static_cast<std::int64_t>(random() % 200), now};
  world.climate.panel_up = random() % 10 != 0;
  if (random() % 100 == 0) world.climate.held_until = now + 3h;
  if (random() % 100 == 0) world.climate.rests_until = now + 24h;
}

void check_may_ask(const World& world, Timestamp now) {
  const auto& refills = world.refills;
  REQUIRE(now < world.window_end);
  REQUIRE(std::count_if(refills.begin(), refills.end(), counts_as_accepted) < world.policy.max_per_order);
  for (const auto& refill : refills) {
    REQUIRE_FALSE(is_accepted_and_open(refill.state));
    const bool keeps_gap = refill.state != RefillState::failed && refill.state != RefillState::refused;
    if (keeps_gap && !refills.back().not_before) REQUIRE(now >= refill.asked_at + world.policy.gap);
  }
  if (world.policy.mode == RefillAuto::schedule) REQUIRE(now >= ended + world.policy.ask_after.front());
}

// Until then, while nothing happens, nothing may become due.
void check_next(const World& world, const RefillDecision& decision, Timestamp now, std::mt19937& random) {
  if (decision.reason == RefillReason::due || decision.reason == RefillReason::panel_down) return;
  const auto until = decision.next.value_or(now + days(400));
  REQUIRE(until > now);
  for (int i = 0; i < 3; ++i) {
    const auto span = static_cast<std::uint64_t>((until - now).count());
    const auto between = now + Milliseconds(static_cast<std::int64_t>(random() * std::uint64_t{7919} % span));
    REQUIRE(world.decide(between).reason != RefillReason::due);
  }
}

}  // namespace

TEST_CASE(
    "over thousands of lives the refill rule is what its naive model says, and breaks none of its bounds") {
  std::mt19937 random(17);
  int asks = 0;
  for (int round = 0; round < 1000; ++round) {
    auto world = random_world(random);
    auto now = ended - 1h;
    while (now < ended + days(380)) {
      now += std::chrono::minutes(1 + random() % (random() % 3 ? 3000 : 300));
      live(world, random, now);
      const auto decision = world.decide(now);
      const bool is_due = decision.reason == RefillReason::due;
      CAPTURE(round);
      CAPTURE(to_text(decision.reason));
      REQUIRE(is_due == naive_is_due(world, now));
      check_next(world, decision, now, random);
      if (!is_due) continue;
      check_may_ask(world, now);
      ask(world, random, now);
      ++asks;
    }
  }
  CHECK(asks > 2000);
}

TEST_CASE("when the panel accepts everything at once, the asks are exactly the moments of the schedule") {
  std::mt19937 random(18);
  for (int round = 0; round < 200; ++round) {
    World world;
    world.policy.gap = 25h;
    world.policy.max_per_order = static_cast<std::int64_t>(random() % 9);
    world.order.refill_window = days(static_cast<std::int64_t>(random() % 400));
    std::vector<Timestamp> expected;
    for (const auto after : world.policy.ask_after) {
      const bool fits = after < *world.order.refill_window &&
                        static_cast<std::int64_t>(expected.size()) < world.policy.max_per_order;
      if (fits) expected.push_back(ended + after);
    }
    std::vector<Timestamp> asked;
    for (auto now = ended; now < ended + days(366); now += 1h) {
      if (world.decide(now).reason != RefillReason::due) continue;
      asked.push_back(now);
      world.refills.push_back(refill_of(RefillState::completed, now));
    }
    REQUIRE(asked == expected);
  }
}

}  // namespace smm::rules::refill_property_test
