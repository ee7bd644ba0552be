#include "refills.h"
#include "rules/refill_state.h"

#include <algorithm>
#include <random>

// Refills when the wall clock was set: nothing is asked for early, and nothing ends, because of a step.
namespace smm::rules::refill_clock_test {
namespace {

const PollPolicy polls;  // lost_after 24 h

struct Case {
  Order order = completed_order();
  RefillPolicy policy;
  std::vector<Refill> refills;
  std::optional<CountReport> reported;
  std::vector<ClockStep> steps;
  std::size_t seen = 0;

  [[nodiscard]] RefillDecision at(Timestamp now) const {
    auto by_now = refills;
    auto facts = refill_facts(order, by_now, reported);
    place(facts, by_now, {steps, seen}, now);
    return decide_refill(facts, &policy, {}, now);
  }
};

// A step made when the clock showed `then`.
ClockStep step_at(Timestamp then, Milliseconds by) {
  return {then + by, by};
}

using Why = RefillReason;

}  // namespace

TEST_CASE(
    "a clock set on while the program ran brings no moment of the schedule nearer, and ends no window") {
  Case now;
  now.steps = {step_at(ended + days(1), days(500))};
  now.seen = 1;
  const auto today = ended + days(502);  // two days after the end
  CHECK(now.at(today) == RefillDecision{Why::waiting_for_schedule, ended + days(507), ended + days(590)});
  CHECK(now.at(ended + days(507)).reason == Why::due);
  now.refills = {refill_of(RefillState::completed, ended + 1h)};
  now.policy.ask_after = {days(1)};
  CHECK(now.at(ended + days(501) + 1h) ==
        RefillDecision{Why::gap, ended + days(501) + 2h, ended + days(590)});
  CHECK(now.at(ended + days(501) + 2h).reason == Why::due);
}

TEST_CASE("time between two runs has passed: what came due in it is asked for, and windows have ended") {
  Case now;
  now.steps = {step_at(ended + days(1), days(8))};
  CHECK(now.at(ended + days(9)).reason == Why::due);
  now.steps = {step_at(ended + days(1), days(90))};
  CHECK(now.at(ended + days(91)).reason == Why::window_ended);
}

TEST_CASE("what a clock wrote that was set back since is moved over its steps") {
  Case now;
  // The program started with a clock 500 days ahead, wrote, and was started again when the clock was right.
  now.steps = {step_at(ended - days(500), days(500)), step_at(ended + days(6), days(-500))};
  const auto end = ended - days(500);  // by the right clock
  CHECK(now.at(end + days(6)) == RefillDecision{Why::waiting_for_schedule, end + days(7), end + days(90)});
  CHECK(now.at(end + days(7)).reason == Why::due);
  now.refills = {refused(RefusalClass::cooldown, ended + days(5), ended + days(8))};
  now.policy.ask_after = {days(1)};
  CHECK(now.at(end + days(7)) == RefillDecision{Why::cooldown, end + days(8), end + days(90)});
  CHECK(now.at(end + days(8)).reason == Why::due);
}

TEST_CASE("a rest that lies further ahead than rests last is over") {
  const RefusalStreak streak{0, ended + 24h};
  CHECK(rest_of(streak, ended) == ended + 24h);
  CHECK(rest_of(streak, ended + 24h) == std::nullopt);
  CHECK(rest_of(streak, ended - 1ms) == std::nullopt);
  CHECK(rest_of({}, ended) == std::nullopt);
  CHECK(after_answer(streak, RefillState::refused, ended - days(3)).after == RefusalStreak{1, std::nullopt});
}

TEST_CASE("no refill expires, and none is lost, because of a step or by a clock that is not believed") {
  const auto refill = refill_of(RefillState::pending, ended);
  const std::vector<ClockStep> steps = {step_at(ended + days(1), days(30))};
  CHECK_FALSE(expired_refill(refill, {steps, true}, ended + days(50) - 1ms).has_value());
  CHECK(expired_refill(refill, {steps, true}, ended + days(50)).has_value());
  CHECK_FALSE(expired_refill(refill, {{}, false}, ended + days(50)).has_value());

  RefillDoubt doubt;
  const auto not_found = [&](const ClockView& clock, Timestamp now) {
    return refill_transition(refill, {"Refill not found", true}, doubt, polls, clock, now).has_value();
  };
  CHECK_FALSE(not_found({}, ended + days(1) - 1h));
  CHECK_FALSE(not_found({steps, true}, ended + days(31)));
  CHECK_FALSE(not_found({steps, true}, ended + days(31) + 23h - 1ms));
  CHECK_FALSE(not_found({steps, false}, ended + days(31) + 23h));
  CHECK(not_found({steps, true}, ended + days(31) + 23h));
}

TEST_CASE("whatever steps on the clock made while the program ran, a refill is decided on as without them") {
  std::mt19937 random(41);
  const auto some = [&](std::int64_t most) {
    return Milliseconds(static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(most)));
  };
  std::size_t due = 0;
  for (int round = 0; round < 3000; ++round) {
    Case steady;
    steady.policy.mode = random() % 3 == 0 ? RefillAuto::drop : RefillAuto::schedule;
    const auto life = days(1 + static_cast<std::int64_t>(random() % 100));
    const auto now = ended + life;
    for (int i = static_cast<int>(random() % 3); i > 0; --i) {
      const auto asked = ended + some(life.count());
      const auto state = all_refill_states[random() % all_refill_states.size()];
      steady.refills.push_back(state == RefillState::refused
                                   ? refused(RefusalClass::cooldown, asked, asked + some(days(5).count()))
                                   : refill_of(state, asked));
    }
    std::sort(steady.refills.begin(), steady.refills.end(),
              [](const Refill& a, const Refill& b) { return a.asked_at < b.asked_at; });
    if (random() % 2)
      steady.reported = CountReport{4000 + static_cast<int>(random() % 700), ended + some(life.count())};

    // The same life, written by a clock that was set on now and then.
    auto stepped = steady;
    std::vector<Timestamp> at = {ended + some(life.count()), ended + some(life.count())};
    std::sort(at.begin(), at.end());
    const auto by = days(1) + some(days(700).count());
    const auto shown = [&](Timestamp then) {
      return then + (then >= at[0] ? by : 0ms) + (then >= at[1] ? by : 0ms);
    };
    stepped.steps = {step_at(at[0], by), {at[1] + by + by, by}};
    stepped.seen = 2;
    stepped.order.ended_at = shown(ended);
    if (stepped.reported) stepped.reported->at = shown(stepped.reported->at);
    for (auto& refill : stepped.refills) {
      const auto move = [&](std::optional<Timestamp>& then) {
        if (then) then = shown(*then);
      };
      if (refill.not_before) *refill.not_before += shown(refill.asked_at) - refill.asked_at;
      move(refill.accepted_at);
      move(refill.changed_at);
      if (refill.ended_at) refill.ended_at = shown(std::min(*refill.ended_at, now));
      refill.asked_at = shown(refill.asked_at);
    }
    for (auto& refill : steady.refills) {
      if (refill.ended_at) refill.ended_at = std::min(*refill.ended_at, now);
    }
    auto expected = steady.at(now);
    if (expected.next) *expected.next += 2 * by;
    if (expected.window_ends_at) *expected.window_ends_at += 2 * by;
    due += expected.reason == Why::due ? 1 : 0;
    CAPTURE(round);
    CAPTURE(to_text(expected.reason));
    REQUIRE(stepped.at(now + 2 * by) == expected);
  }
  CHECK(due > 300);
}

}  // namespace smm::rules::refill_clock_test
