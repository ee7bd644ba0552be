#include "rules/schedule.h"

#include <doctest/doctest.h>

#include <random>

namespace smm::rules::schedule_test {
namespace {

using namespace std::chrono_literals;

const Timestamp tracked = from_millis(1'800'000'000'000);
const PollPolicy policy;  // fastest 1 min, moving 10 min, slowest 30 min, settle 48 h

ScheduleFacts unanswered() {
  ScheduleFacts facts;
  facts.tracked_ms = to_millis(tracked);
  return facts;
}

ScheduleFacts answered(OrderStatus status, Timestamp status_changed, Timestamp changed) {
  auto facts = unanswered();
  facts.status = status;
  facts.status_changed_ms = to_millis(status_changed);
  facts.changed_ms = to_millis(changed);
  return facts;
}

ScheduleFacts settled_since(Timestamp ended) {
  auto facts = answered(OrderStatus::completed, ended, ended);
  facts.ended_ms = to_millis(ended);
  facts.settled = true;
  return facts;
}

Milliseconds paced(const ScheduleFacts& facts, Timestamp now) {
  const auto due = due_after(facts, policy, now);
  CHECK(due.pace == Pace::paced);
  return due.interval;
}

Order order_with(OrderStatus status, Timestamp changed) {
  Order order;
  order.key = {PanelName("p1"), OrderId("1")};
  order.tracked_at = tracked;
  order.status = status;
  order.changed_at = changed;
  order.status_changed_at = changed;
  if (has_ended(status)) order.ended_at = changed;
  return order;
}

}  // namespace

TEST_CASE("an order never answered is due at once") {
  CHECK(paced(unanswered(), tracked) == 0ms);
}

TEST_CASE("an order asked in vain is asked again after fastest, then in growing steps up to slowest") {
  CHECK(paced(unanswered(), tracked + 1ms) == 1min);
  CHECK(paced(unanswered(), tracked + 4min) == 1min);
  CHECK(paced(unanswered(), tracked + 8min) == 2min);
  CHECK(paced(unanswered(), tracked + 119min) == 29min + 45s);
  CHECK(paced(unanswered(), tracked + 48h) == 30min);
}

TEST_CASE("after a change of status the interval grows from fastest to slowest") {
  const auto facts = answered(OrderStatus::in_progress, tracked, tracked);
  CHECK(paced(facts, tracked) == 1min);
  CHECK(paced(facts, tracked + 4min) == 1min);
  CHECK(paced(facts, tracked + 20min) == 5min);
  CHECK(paced(facts, tracked + 60min) == 15min);
  CHECK(paced(facts, tracked + 120min) == 30min);
  CHECK(paced(facts, tracked + 10 * 24h) == 30min);
}

TEST_CASE("after a change of figures only the interval is at least moving, and grows up to slowest") {
  const auto moved = tracked + 24h;
  const auto facts = answered(OrderStatus::in_progress, tracked, moved);
  CHECK(paced(facts, moved) == 10min);
  CHECK(paced(facts, moved + 40min) == 10min);
  CHECK(paced(facts, moved + 80min) == 20min);
  CHECK(paced(facts, moved + 200min) == 30min);
}

TEST_CASE("of the change of status and the change of figures the one that is sooner counts") {
  const auto facts = answered(OrderStatus::in_progress, tracked, tracked + 8min);
  CHECK(paced(facts, tracked + 8min) == 2min);
  CHECK(paced(facts, tracked + 60min) == 13min);
}

TEST_CASE("an order that ended and is not settled is asked at slowest") {
  for (const auto status : all_order_statuses) {
    if (!has_ended(status)) continue;
    CHECK(paced(answered(status, tracked, tracked), tracked) == 30min);
    CHECK(paced(answered(status, tracked, tracked), tracked + 400h) == 30min);
  }
}

TEST_CASE("a settled order is asked once a day in free places, until 30 days after it could have settled") {
  const auto facts = settled_since(tracked);
  const auto last = tracked + 48h + 30 * 24h;
  CHECK(due_after(facts, policy, tracked + 48h) == Due{Pace::spare, 24h});
  CHECK(due_after(facts, policy, last - 1ms) == Due{Pace::spare, 24h});
  CHECK(due_after(facts, policy, last).pace == Pace::never);
  CHECK(due_after(facts, policy, last + 1000h).pace == Pace::never);
}

TEST_CASE("a lost order is asked every ten times slowest") {
  auto facts = answered(OrderStatus::in_progress, tracked, tracked);
  facts.lost = true;
  CHECK(paced(facts, tracked) == 300min);
  auto never_known = unanswered();
  never_known.lost = true;
  CHECK(paced(never_known, tracked + 24h) == 300min);
}

TEST_CASE("a subscription that is active or paused for weeks is still asked at slowest") {
  for (const auto status : {OrderStatus::active, OrderStatus::paused, OrderStatus::in_progress}) {
    CHECK(paced(answered(status, tracked, tracked), tracked + 60 * 24h) == 30min);
  }
}

TEST_CASE("an order answered with an unknown word at first sight is scheduled like any other") {
  CHECK(paced(answered(OrderStatus::unasked, tracked, tracked), tracked + 60min) == 15min);
}

TEST_CASE("a moment that lies ahead counts as if it lay as far behind") {
  const auto facts = answered(OrderStatus::in_progress, tracked, tracked);
  CHECK(paced(facts, tracked - 1s) == 1min);
  CHECK(paced(facts, tracked - 60min) == 15min);
  CHECK(paced(facts, tracked - 48h) == 30min);
  CHECK(paced(unanswered(), tracked - 1s) == 1min);
}

TEST_CASE("an interval never leaves the bounds of the policy, whatever the policy and the facts") {
  std::mt19937_64 random(7);
  const auto some = [&](std::int64_t most) {
    return static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(most));
  };
  for (int round = 0; round < 20'000; ++round) {
    PollPolicy any;
    any.fastest = Milliseconds(100 + some(600'000));
    any.moving = Milliseconds(100 + some(6'000'000));
    any.slowest = Milliseconds(100 + some(6'000'000));
    auto facts = answered(all_order_statuses.at(random() % all_order_statuses.size()),
                          tracked + Milliseconds(some(86'400'000)), tracked);
    facts.changed_ms = facts.status_changed_ms + some(86'400'000);
    const auto now = tracked + Milliseconds(some(86'400'000 * 3));
    const auto due = due_after(facts, any, now);
    REQUIRE(due.pace == Pace::paced);
    REQUIRE(due.interval <= any.slowest);
    REQUIRE(due.interval >= std::min({any.fastest, any.moving, any.slowest}));
    // Quiet makes it no quicker.
    REQUIRE(due_after(facts, any, std::max(now, from_millis(facts.changed_ms)) + 1h).interval >=
            due_after(facts, any, std::max(now, from_millis(facts.changed_ms))).interval);
  }
}

TEST_CASE("a change of policy takes effect at once") {
  auto other = policy;
  other.slowest = 5min;
  CHECK(due_after(answered(OrderStatus::pending, tracked, tracked), other, tracked + 24h).interval == 5min);
}

TEST_CASE("the facts of an order are those the schedule needs") {
  auto order = order_with(OrderStatus::completed, tracked + 2h);
  order.status_changed_at = tracked + 1h;
  order.ended_at = tracked + 1h;
  order.settled = true;
  const auto facts = facts_of(order);
  CHECK(facts.tracked_ms == to_millis(tracked));
  CHECK(facts.status_changed_ms == to_millis(tracked + 1h));
  CHECK(facts.changed_ms == to_millis(tracked + 2h));
  CHECK(facts.ended_ms == to_millis(tracked + 1h));
  CHECK(facts.status == OrderStatus::completed);
  CHECK(facts.settled);
  CHECK_FALSE(facts.lost);

  Order fresh;
  fresh.tracked_at = tracked;
  CHECK(facts_of(fresh) == unanswered());
  fresh.lost = true;
  CHECK(facts_of(fresh).lost);
}

TEST_CASE("time may tell that an order stands still, and that an ended one settled") {
  const auto changed = tracked + 1h;
  CHECK(time_may_tell(order_with(OrderStatus::in_progress, changed), policy) == changed + 24h);
  CHECK(time_may_tell(order_with(OrderStatus::completed, changed), policy) == changed + 48h);
}

TEST_CASE("time has nothing to tell of an order unanswered, paused, stalled, settled, or a subscription") {
  Order fresh;
  fresh.tracked_at = tracked;
  CHECK_FALSE(time_may_tell(fresh, policy).has_value());
  CHECK_FALSE(time_may_tell(order_with(OrderStatus::paused, tracked), policy).has_value());
  CHECK_FALSE(time_may_tell(order_with(OrderStatus::unasked, tracked), policy).has_value());
  auto stalled = order_with(OrderStatus::in_progress, tracked);
  stalled.stalled = true;
  CHECK_FALSE(time_may_tell(stalled, policy).has_value());
  auto settled = order_with(OrderStatus::partial, tracked);
  settled.settled = true;
  CHECK_FALSE(time_may_tell(settled, policy).has_value());
  auto subscription = order_with(OrderStatus::active, tracked);
  subscription.kind = OrderKind::subscription;
  CHECK_FALSE(time_may_tell(subscription, policy).has_value());
}

TEST_CASE("a later change or a later end puts off the settling") {
  auto corrected = order_with(OrderStatus::completed, tracked);
  corrected.changed_at = tracked + 10h;
  CHECK(time_may_tell(corrected, policy) == tracked + 58h);
  auto ended_later = order_with(OrderStatus::completed, tracked);
  ended_later.ended_at = tracked + 1h;
  CHECK(time_may_tell(ended_later, policy) == tracked + 49h);
}

TEST_CASE("an answer of a panel that had not known the order is always worth a look") {
  auto missing = order_with(OrderStatus::paused, tracked);
  missing.missing_since = tracked + 5h;
  CHECK(time_may_tell(missing, policy) == tracked + 5h);
}

TEST_CASE("a pace reads back as it was written") {
  for (const auto pace : {Pace::paced, Pace::spare, Pace::never})
    CHECK(pace_from_text(to_text(pace)) == pace);
  CHECK_FALSE(pace_from_text("Paced").has_value());
}

}  // namespace smm::rules::schedule_test
