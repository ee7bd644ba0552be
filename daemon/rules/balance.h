#pragma once

#include "domain/event.h"
#include "domain/service.h"

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

// What an account's balance comes to: low or not, and for how long it lasts.
//
// * It is low while it is below `low`; balance.low when it has become so, balance.recovered when it is no
//   longer, each once. Without `low` (unset, or no longer set) it is neither, and nothing is said.
// * The rate of spending is the sum of the decreases over the last 30 days, or over the history if that is
//   shorter, but at least a day: less tells nothing. Increases are top-ups and refunds, not negative
//   spending; a purchase and a top-up between two checks hide each other, which nobody can see. Before a
//   change of currency nothing counts; one that is unknown is none.
// * Days left: the balance by that rate, cut to whole days; 0 for a balance of nothing or less. Nothing when
//   nothing was spent.
namespace smm::rules {

struct BalanceStep {
  bool is_low = false;  // to be remembered
  std::vector<EventDraft> events;
};
// `was_low`: what the step before said. Events have balance, currency (null when unknown) and low.
[[nodiscard]] BalanceStep judge_balance(const PanelName& panel, bool was_low, const BalancePoint& point,
                                        const std::optional<Money>& low);

struct Spending {
  Money spent;  // over `period`, in the currency last known
  Milliseconds period{0};

  bool operator==(const Spending&) const = default;
};
inline constexpr Milliseconds spending_period = std::chrono::hours(24) * 30;

// `history`: the balance's points, newest first (a point is written when the balance changes), back to the
// first one older than 30 days. Nothing with less than a day of history, or sums that are no amount.
[[nodiscard]] std::optional<Spending> spending(std::span<const BalancePoint> history, Timestamp now);

[[nodiscard]] std::optional<std::int64_t> days_left(const Money& balance, const Spending& spending);

}  // namespace smm::rules
