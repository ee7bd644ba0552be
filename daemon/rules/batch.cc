#include "rules/batch.h"

#include <algorithm>

namespace smm::rules {
namespace {

// In what part of a panel's interval a batch fills by itself, and a quarter more; nothing to wait for where
// orders are few.
Milliseconds filling_time(std::size_t batch_size, std::size_t orders, const PollPolicy& policy) {
  if (orders < many_orders) return Milliseconds(0);
  return policy.slowest * 5 / 4 * static_cast<std::int64_t>(batch_size) / static_cast<std::int64_t>(orders);
}

Milliseconds part_of(Milliseconds interval, int part, Milliseconds filling) {
  return interval <= Milliseconds(0) ? Milliseconds(0) : std::max(interval / part, filling);
}

// How many due orders make a request worth sending.
std::size_t enough(std::size_t batch_size, std::size_t orders) {
  if (orders >= many_orders) return batch_size;
  const auto requests = (orders + batch_size - 1) / batch_size;
  return (orders + requests - 1) / requests;
}

// The moment the first of `soonest` runs out of patience.
Timestamp first_end(std::span<const Candidate> soonest, int part, Milliseconds filling) {
  auto end = Timestamp::max();
  for (const auto& candidate : soonest) {
    if (candidate.due >= end) break;
    end = std::min(end, candidate.due + part_of(candidate.interval, part, filling));
  }
  return end;
}

// Has waited half of its interval.
bool may_go_early(const Candidate& candidate, Timestamp now) {
  return candidate.due - now <= candidate.interval / 2;
}

}  // namespace

Milliseconds patience(Milliseconds interval, std::size_t batch_size, std::size_t orders,
                      const PollPolicy& policy) {
  return part_of(interval, orders >= many_orders ? 2 : 10, filling_time(batch_size, orders, policy));
}

BatchPlan plan_batch(std::span<const Candidate> soonest, std::size_t batch_size, std::size_t orders,
                     const PollPolicy& policy, Timestamp now) {
  if (soonest.empty()) return {};
  batch_size = std::max<std::size_t>(batch_size, 1);
  soonest = soonest.first(std::min(soonest.size(), batch_size));
  orders = std::max(orders, soonest.size());
  const bool many = orders >= many_orders;
  const auto full = enough(batch_size, orders);
  const bool can_fill = soonest.size() >= full;
  const auto full_at = can_fill ? soonest[full - 1].due : Timestamp::max();

  const auto due_now = [&] {
    return static_cast<std::size_t>(
        std::upper_bound(soonest.begin(), soonest.end(), now,
                         [](Timestamp moment, const Candidate& other) { return moment < other.due; }) -
        soonest.begin());
  };
  if (full_at <= now) return {due_now(), std::nullopt};

  const auto filling = filling_time(batch_size, orders, policy);
  auto end = first_end(soonest, many ? 2 : 10, filling);
  if (many && end < full_at) end = first_end(soonest, 10, filling);
  if (now < std::min(end, full_at)) return {0, std::min(end, full_at)};

  auto take = due_now();
  while (!many && take < std::min(full, soonest.size()) && may_go_early(soonest[take], now)) ++take;
  return {take, std::nullopt};
}

}  // namespace smm::rules
