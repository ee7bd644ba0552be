#include "rules/refill.h"
#include "rules/transition.h"

#include <algorithm>
#include <chrono>

// What is counted for refills: refusals in a row, and drops.
namespace smm::rules {
namespace {

constexpr int refusals_before_rest = 10;
constexpr Milliseconds refusal_rest = std::chrono::hours(24);

}  // namespace

std::optional<Timestamp> rest_of(const RefusalStreak& streak, Timestamp now) {
  const auto& until = streak.rests_until;
  return until && now < *until && *until - now <= refusal_rest ? until : std::nullopt;
}

StreakStep after_answer(const RefusalStreak& before, RefillState state, Timestamp now) {
  StreakStep step{before, false};
  step.after.rests_until = rest_of(before, now);
  switch (state) {
    case RefillState::refused:
      if (step.after.rests_until || ++step.after.refusals < refusals_before_rest) break;
      step = {{0, now + refusal_rest}, true};
      break;
    case RefillState::pending:
    case RefillState::in_progress:
    case RefillState::completed:
    case RefillState::rejected:
    case RefillState::canceled:
    case RefillState::error:
    case RefillState::expired:
      step.after.refusals = 0;
      break;
    case RefillState::asking:
    case RefillState::failed:
    case RefillState::unknown:
      break;
  }
  return step;
}

RefusalStreak streak_of(std::span<const Refill> automatic) {
  RefusalStreak streak;
  for (const auto& refill : automatic) {
    const auto at = refill.accepted_at ? *refill.accepted_at : refill.changed_at.value_or(refill.asked_at);
    streak = after_answer(streak, refill.state, at).after;
  }
  return streak;
}

std::optional<CountVerdict> judge_count(const std::optional<std::int64_t>& start_count,
                                        const std::optional<std::int64_t>& delivered, std::int64_t count,
                                        std::int64_t drop_per_mille) {
  if (!start_count || !delivered || *start_count < 0 || *delivered <= 0 || count < 0) return std::nullopt;
  CountVerdict verdict;
  std::int64_t missing_mille = 0;
  std::int64_t allowed_mille = 0;
  if (__builtin_add_overflow(*start_count, *delivered, &verdict.expected)) return std::nullopt;
  verdict.missing = std::max<std::int64_t>(verdict.expected - count, 0);
  if (__builtin_mul_overflow(verdict.missing, 1000, &missing_mille) ||
      __builtin_mul_overflow(*delivered, drop_per_mille, &allowed_mille)) {
    return std::nullopt;
  }
  verdict.is_drop = verdict.missing > 0 && missing_mille >= allowed_mille;
  return verdict;
}

std::optional<EventDraft> drop_event(const Order& order, std::int64_t count,
                                     const std::optional<CountReport>& before,
                                     std::span<const Refill> refills, std::int64_t drop_per_mille) {
  if (order.status != OrderStatus::completed && order.status != OrderStatus::partial) return std::nullopt;
  const auto judge = [&](std::int64_t seen) {
    return judge_count(order.start_count, delivered(order), seen, drop_per_mille);
  };
  const auto verdict = judge(count);
  if (!verdict || !verdict->is_drop) return std::nullopt;
  const auto earlier = before ? judge(before->count) : std::nullopt;
  const bool was_made_good = std::any_of(refills.begin(), refills.end(), [&](const Refill& refill) {
    return before && refill.accepted_at && *refill.accepted_at > before->at;
  });
  if (earlier && earlier->is_drop && !was_made_good) return std::nullopt;
  auto event = order_event(EventType::order_drop_detected, order);
  event.data.emplace_back("count", count);
  event.data.emplace_back("expected", verdict->expected);
  event.data.emplace_back("missing", verdict->missing);
  return event;
}

}  // namespace smm::rules
