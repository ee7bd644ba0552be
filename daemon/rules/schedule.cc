#include "rules/schedule.h"

#include <algorithm>
#include <array>
#include <chrono>

namespace smm::rules {
namespace {

constexpr Milliseconds spare_interval = std::chrono::hours(24);
constexpr Milliseconds spare_time = std::chrono::hours(24) * 30;

// A quarter of the time between `then` and `now`, within the bounds; `most` wins over `least`.
Milliseconds growing(std::int64_t then_ms, Timestamp now, Milliseconds least, Milliseconds most) {
  const auto quarter = std::chrono::abs(now - from_millis(then_ms)) / 4;
  return std::min(std::max(quarter, least), most);
}

Due due_while_settled(const ScheduleFacts& facts, const PollPolicy& policy, Timestamp now) {
  const auto last = from_millis(facts.ended_ms) + policy.settle + spare_time;
  if (facts.ended_ms == 0 || now >= last) return {Pace::never, Milliseconds(0)};
  return {Pace::spare, spare_interval};
}

// How long an active order may stand still.
Milliseconds stall_limit(const Order& order, const PollPolicy& policy) {
  if (order.kind != OrderKind::drip_feed) return policy.stalled_after;
  return std::max(policy.stalled_after, 3 * order.interval.value_or(policy.slowest));
}

bool may_stall(const Order& order) {
  if (order.stalled || order.kind == OrderKind::subscription) return false;
  switch (order.status) {
    case OrderStatus::pending:
    case OrderStatus::processing:
    case OrderStatus::in_progress:
    case OrderStatus::active:
      return true;
    case OrderStatus::unasked:
    case OrderStatus::paused:
    case OrderStatus::completed:
    case OrderStatus::partial:
    case OrderStatus::canceled:
    case OrderStatus::refunded:
    case OrderStatus::failed:
    case OrderStatus::expired:
      return false;
  }
  return false;
}

}  // namespace

std::string_view to_text(Pace pace) {
  switch (pace) {
    case Pace::paced:
      return "paced";
    case Pace::spare:
      return "spare";
    case Pace::never:
      return "never";
  }
  return "never";
}

std::optional<Pace> pace_from_text(std::string_view text) {
  for (const auto pace : {Pace::paced, Pace::spare, Pace::never}) {
    if (to_text(pace) == text) return pace;
  }
  return std::nullopt;
}

ScheduleFacts facts_of(const Order& order, std::span<const ClockStep> steps, Timestamp now) {
  const auto millis = [&](const std::optional<Timestamp>& time) {
    return time ? to_millis(placed(*time, steps, now)) : 0;
  };
  ScheduleFacts facts;
  facts.tracked_ms = millis(order.tracked_at);
  facts.status_changed_ms = millis(order.status_changed_at);
  facts.changed_ms = millis(order.changed_at);
  facts.ended_ms = millis(order.ended_at);
  facts.status = order.status;
  facts.settled = order.settled;
  facts.lost = order.lost;
  return facts;
}

Due due_after(const ScheduleFacts& facts, const PollPolicy& policy, Timestamp now) {
  if (facts.lost) return {Pace::paced, 10 * policy.slowest};
  if (facts.changed_ms == 0) {
    if (to_millis(now) == facts.tracked_ms) return {Pace::paced, Milliseconds(0)};
    return {Pace::paced, growing(facts.tracked_ms, now, policy.fastest, policy.slowest)};
  }
  if (facts.settled) return due_while_settled(facts, policy, now);
  if (has_ended(facts.status)) return {Pace::paced, policy.slowest};
  return {Pace::paced, std::min(growing(facts.status_changed_ms, now, policy.fastest, policy.slowest),
                                growing(facts.changed_ms, now, policy.moving, policy.slowest))};
}

std::optional<Timestamp> time_may_tell(const Order& order, const PollPolicy& policy,
                                       std::span<const ClockStep> steps, Timestamp now) {
  if (order.missing_since || order.lost) return order.missing_since.value_or(order.tracked_at);
  if (!order.changed_at) return std::nullopt;
  const auto changed = placed(*order.changed_at, steps, now);
  if (has_ended(order.status)) {
    if (order.settled) return std::nullopt;
    const auto ended = order.ended_at ? placed(*order.ended_at, steps, now) : changed;
    return std::max(changed, ended) + policy.settle;
  }
  if (may_stall(order)) return changed + stall_limit(order, policy);
  return std::nullopt;
}

}  // namespace smm::rules
