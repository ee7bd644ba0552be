#include "rules/balance.h"

#include <algorithm>
#include <chrono>
#include <string_view>
#include <utility>

namespace smm::rules {
namespace {

constexpr Milliseconds day = std::chrono::hours(24);

}  // namespace

BalanceStep judge_balance(const PanelName& panel, bool was_low, const BalancePoint& point,
                          const std::optional<Money>& low) {
  BalanceStep step;
  step.is_low = low && point.balance < *low;
  if (!low || step.is_low == was_low) return step;
  auto& event = step.events.emplace_back();
  event.type = step.is_low ? EventType::balance_low : EventType::balance_recovered;
  event.panel = panel;
  event.data.emplace_back("balance", point.balance.text());
  event.data.emplace_back("currency", point.currency.empty() ? EventValue() : EventValue(point.currency));
  event.data.emplace_back("low", low->text());
  return step;
}

std::optional<Spending> spending(std::span<const BalancePoint> history, Timestamp now) {
  if (history.empty()) return std::nullopt;
  const auto start = now - spending_period;
  Spending result;
  auto oldest = history.front().at;
  std::string_view currency = history.front().currency;
  for (std::size_t i = 1; i < history.size() && oldest > start; ++i) {
    const auto& later = history[i - 1];
    const auto& earlier = history[i];
    if (currency.empty()) currency = earlier.currency;
    if (!earlier.currency.empty() && earlier.currency != currency) break;
    oldest = earlier.at;
    if (later.balance >= earlier.balance) continue;
    const auto decrease = difference(earlier.balance, later.balance);
    auto total = decrease ? sum(result.spent, *decrease) : std::nullopt;
    if (!total) return std::nullopt;
    result.spent = std::move(*total);
  }
  result.period = now - std::max(oldest, start);
  if (result.period < day) return std::nullopt;
  return result;
}

std::optional<std::int64_t> days_left(const Money& balance, const Spending& spending) {
  if (spending.spent <= Money() || spending.period <= Milliseconds(0)) return std::nullopt;
  if (balance <= Money()) return 0;
  const auto all = product(balance, spending.period.count());
  const auto a_day = product(spending.spent, day.count());
  if (!all || !a_day) return std::nullopt;
  return whole_times(*all, *a_day);
}

}  // namespace smm::rules
