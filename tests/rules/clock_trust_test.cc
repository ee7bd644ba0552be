#include "rules/clock_trust.h"

#include "orders.h"
#include "rules/schedule.h"

namespace smm::rules::clock_trust_test {
namespace {

constexpr auto day = 24h;

// A machine whose wall clock the test sets, and a watch that looks at it every half minute.
struct Machine {
  ClockReading now{tracked, 1'000'000};
  std::vector<ClockStep> steps;
  ClockTrust clock;

  explicit Machine(std::optional<Timestamp> newest_stored = tracked) { start(newest_stored); }
  void start(std::optional<Timestamp> newest_stored) {
    std::optional<Timestamp> newest;
    if (newest_stored) newest = placed(*newest_stored, steps, now.wall);
    take(first_look(newest, steps.empty() ? std::nullopt : std::optional(steps.back()), now));
  }
  void take(const ClockLook& look) {
    clock = look.after;
    if (look.step) steps.push_back(*look.step);
  }
  void pass(Milliseconds time) {
    for (auto left = time; left > 0ms; left -= 30s) {
      const auto part = std::min<Milliseconds>(left, 30s);
      now.wall += part;
      now.boot_ms += part.count();
      take(look_again(clock, now));
    }
  }
  void set(Milliseconds by) {
    now.wall += by;
    take(look_again(clock, now));
  }
  bool is_held() const { return held_until(clock).has_value(); }
  Surroundings around() const {
    Surroundings around;
    around.clock_steps = steps;
    around.clock_believed = !is_held();
    return around;
  }
  std::optional<Change> repeats(const Order& order) const {
    return unchanged(order, policy, around(), now.wall);
  }
};

Order changed_now(const Machine& machine, const std::string& word = "In progress") {
  auto order = fresh_order();
  order.tracked_at = machine.now.wall;
  return must(transition(order, reply(word), policy, machine.around(), machine.now.wall)).after;
}

}  // namespace

TEST_CASE("a clock that goes on, sleeps with its machine or is kept right by seconds is believed") {
  Machine machine;
  CHECK_FALSE(machine.is_held());
  for (int i = 0; i < 1000; ++i) {
    machine.pass(30s);
    machine.set(i % 2 == 0 ? 30s : -30s);
  }
  // A laptop that slept for a week: both clocks went on.
  machine.now.wall += 7 * day;
  machine.now.boot_ms += Milliseconds(7 * day).count();
  machine.take(look_again(machine.clock, machine.now));
  CHECK_FALSE(machine.is_held());
  CHECK(machine.steps.empty());
}

TEST_CASE("a clock set on by more than a day, or back, is not believed until it has stood for an hour") {
  for (const Milliseconds by : {Milliseconds(24h + 1ms), Milliseconds(500 * day), Milliseconds(-2min)}) {
    Machine machine;
    machine.pass(1min);
    machine.set(by);
    CHECK(machine.is_held());
    CHECK(held_until(machine.clock) == machine.now.wall + 1h);
    CHECK(machine.steps == std::vector{ClockStep{machine.now.wall, by}});
    machine.pass(1h - 30s);
    CHECK(machine.is_held());
    machine.pass(30s);
    CHECK_FALSE(machine.is_held());
    machine.pass(100h);
    CHECK_FALSE(machine.is_held());
    CHECK(machine.steps.size() == 1);
  }
}

TEST_CASE("a clock set on by up to a day is believed, and its step is kept all the same") {
  Machine machine;
  machine.set(24h);
  CHECK_FALSE(machine.is_held());
  CHECK(machine.steps.size() == 1);
  // Two within the hour count together; after an hour the first is believed.
  machine.pass(59min);
  machine.set(2min);
  CHECK(machine.is_held());
  machine.pass(1h);
  machine.set(23h);
  CHECK_FALSE(machine.is_held());
}

TEST_CASE(
    "a clock that is put right again is believed at once; one that steps again waits for another hour") {
  Machine machine;
  machine.set(500 * day);
  machine.pass(30min);
  machine.set(-500 * day);
  CHECK_FALSE(machine.is_held());
  machine.set(500 * day);
  machine.pass(59min);
  machine.set(5 * day);
  machine.pass(59min);
  CHECK(machine.is_held());
  machine.pass(1min);
  CHECK_FALSE(machine.is_held());
}

TEST_CASE("at the start the newest stored time tells what the clock should show") {
  CHECK_FALSE(Machine(std::nullopt).is_held());
  CHECK_FALSE(Machine(tracked - 24h).is_held());
  CHECK_FALSE(Machine(tracked + 1min).is_held());
  for (const auto newest : {tracked - 24h - 1ms, tracked + 1min + 1ms, tracked + 500 * day}) {
    Machine machine(newest);
    CHECK(machine.is_held());
    CHECK(machine.steps == std::vector{ClockStep{tracked, tracked - newest}});
    machine.pass(1h);
    CHECK_FALSE(machine.is_held());
  }
}

TEST_CASE("a restart neither ends nor begins the hour anew, and finds no step twice") {
  Machine machine;
  machine.pass(10min);
  const auto before = machine.now.wall;
  machine.set(500 * day);
  machine.pass(20min);
  // Nothing was stored since: the newest time is one before the step.
  machine.start(before);
  CHECK(machine.steps.size() == 1);
  CHECK(held_until(machine.clock) == machine.now.wall + 40min);
  machine.pass(40min);
  machine.start(before);
  CHECK_FALSE(machine.is_held());
  CHECK(machine.steps.size() == 1);
  // The machine was booted, too.
  machine.now.boot_ms = 5000;
  machine.start(machine.now.wall);
  CHECK_FALSE(machine.is_held());
}

TEST_CASE("a moment is placed over the steps that came after it, on, back and again") {
  Machine machine;
  const auto first = machine.now.wall;
  machine.pass(10h);
  machine.set(500 * day);
  machine.pass(1h);
  const auto second = machine.now.wall;
  machine.pass(9h);
  const auto shows = [&](Timestamp then) {
    return machine.now.wall - placed(then, machine.steps, machine.now.wall);
  };
  CHECK(shows(first) == 20h);
  CHECK(shows(second) == 9h);
  machine.set(-500 * day);
  machine.pass(5h);
  CHECK(shows(first) == 25h);
  CHECK(shows(second) == 14h);
  CHECK(shows(machine.now.wall) == 0h);
  CHECK(placed(second, {}, machine.now.wall) == second);
}

// Seen: a refill accepted in the second before the clock was set on by 30 days expired 19 days later.
TEST_CASE("what was stored between the last look and a step belongs to the time before the step") {
  for (const auto by : {30 * day, -30 * day}) {
    Machine machine;
    machine.pass(10h);
    machine.now.wall += 20s;  // nobody looks
    machine.now.boot_ms += 20'000;
    const auto then = machine.now.wall;
    machine.now.wall += 9s;
    machine.now.boot_ms += 9'000;
    machine.set(by);
    CHECK(machine.now.wall - placed(then, machine.steps, machine.now.wall) == 9s);
    machine.pass(5h);
    CHECK(machine.now.wall - placed(then, machine.steps, machine.now.wall) == 5h + 9s);
  }
}

TEST_CASE("a clock set on by 500 days stalls and settles no order, also when it is believed again") {
  Machine machine;
  const auto active = changed_now(machine);
  const auto ended = changed_now(machine, "Completed");
  machine.pass(10h);
  machine.set(500 * day);
  CHECK_FALSE(machine.repeats(active).has_value());
  CHECK_FALSE(machine.repeats(ended).has_value());
  machine.pass(2h);
  REQUIRE_FALSE(machine.is_held());
  CHECK_FALSE(machine.repeats(active).has_value());
  CHECK_FALSE(machine.repeats(ended).has_value());
  CHECK(time_may_tell(active, policy, machine.steps, machine.now.wall) == machine.now.wall + 12h);
  // What time they stood still in, seen, counts: 24 h and 48 h of it.
  machine.pass(12h - 30s);
  CHECK_FALSE(machine.repeats(active).has_value());
  machine.pass(30s);
  CHECK(types(must(machine.repeats(active))) == std::vector{EventType::order_stalled});
  CHECK_FALSE(machine.repeats(ended).has_value());
  machine.pass(24h);
  CHECK(types(must(machine.repeats(ended))) == std::vector{EventType::order_settled});
}

TEST_CASE("a clock set back does not keep an order from stalling for as long as it had been ahead") {
  Machine machine;
  machine.set(500 * day);
  machine.pass(2h);
  const auto order = changed_now(machine);
  machine.set(-500 * day);
  machine.pass(24h);
  CHECK(types(must(machine.repeats(order))) == std::vector{EventType::order_stalled});
}

TEST_CASE("a restart after a week off counts the week for nothing: nobody saw the orders in it") {
  Machine machine;
  const auto order = changed_now(machine);
  machine.pass(10h);
  const auto newest = machine.now.wall;
  machine.now.wall += 7 * day;
  machine.now.boot_ms = 1000;
  machine.start(newest);
  CHECK(machine.is_held());
  machine.pass(14h - 30s);
  CHECK_FALSE(machine.repeats(order).has_value());
  machine.pass(30s);
  CHECK(machine.repeats(order).has_value());
}

TEST_CASE("while the clock is not believed no order stalls, settles or is lost, and all else goes on") {
  Surroundings doubted;
  doubted.clock_believed = false;
  CHECK_FALSE(pass_time(after({reply("In progress")}), tracked + 100h, doubted).has_value());
  CHECK_FALSE(pass_time(ended_order(), tracked + 100h, doubted).has_value());
  CHECK_FALSE(step(ended_order(), reply("Completed", 0), tracked + 100h, doubted).has_value());
  CHECK(step(ended_order(), reply("Partial", 3), tracked + 100h, doubted).has_value());
  const auto noted = must(not_known(fresh_order(), policy, doubted, 1, tracked)).after;
  CHECK(noted.missing_since == tracked);
  CHECK_FALSE(not_known(noted, policy, doubted, lost_answers, tracked + 100h).has_value());
  const auto found = must(pass_time(noted, tracked + 100h, doubted));
  CHECK_FALSE(found.after.missing_since.has_value());
}

TEST_CASE("a clock set on makes no order lost, and one set back does not begin the time of missing anew") {
  Machine machine;
  const auto noted = must(forget(changed_now(machine), machine.now.wall)).after;
  machine.pass(10h);
  machine.set(500 * day);
  machine.pass(2h);
  const auto says = [&] {
    return not_known(noted, policy, machine.around(), lost_answers, machine.now.wall);
  };
  CHECK_FALSE(says().has_value());
  machine.set(-500 * day);
  machine.pass(11h);
  CHECK_FALSE(says().has_value());
  machine.pass(1h);
  CHECK(must(says()).after.lost);
}

}  // namespace smm::rules::clock_trust_test
