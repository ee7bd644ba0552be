#include "actors/poll_book.h"

#include <algorithm>

namespace smm::actors {

void PollBook::reserve(std::size_t orders) {
  slots_.reserve(orders);
  paced_.reserve(orders);
}

std::optional<Slot> PollBook::find(std::int64_t row) const {
  const auto end = slots_.begin() + static_cast<std::ptrdiff_t>(in_order_);
  const auto found = std::lower_bound(
      slots_.begin(), end, row, [](const PollSlot& slot, std::int64_t wanted) { return slot.row < wanted; });
  if (found != end && found->row == row) return static_cast<Slot>(found - slots_.begin());
  const auto late = late_.find(row);
  return late == late_.end() ? std::nullopt : std::optional(late->second);
}

Slot PollBook::put(const store::PollEntry& entry, Timestamp now, double spread) {
  auto slot = find(entry.row);
  if (!slot) {
    slot = static_cast<Slot>(slots_.size());
    const bool ascends = in_order_ == slots_.size() && (slots_.empty() || slots_.back().row < entry.row);
    slots_.emplace_back();
    if (ascends) {
      ++in_order_;
    } else {
      late_.emplace(entry.row, *slot);
    }
  }
  auto& order = slots_[*slot];
  if (!order.live) ++live_;
  const bool was_live = order.live;
  order.live = true;
  order.row = entry.row;
  order.id = entry.id;
  order.facts = entry.facts;
  order.digest = 0;
  order.tell_ms = entry.time_may_tell ? to_millis(*entry.time_may_tell) : 0;
  if (was_live && !paced_.contains(*slot) && !spare_.contains(*slot)) return *slot;  // being asked right now
  const auto due = rules::due_after(order.facts, policy_, now);
  // Never answered: at once, and it waits for no company.
  const bool at_once = order.facts.changed_ms == 0 && !order.facts.lost;
  order.interval_ms = at_once ? 0 : due.interval.count();
  order.due_ms = to_millis(now) + static_cast<std::int64_t>(static_cast<double>(order.interval_ms) * spread);
  enqueue(*slot, due.pace);
  return *slot;
}

void PollBook::forget(std::int64_t row) {
  const auto slot = find(row);
  if (!slot || !slots_[*slot].live) return;
  slots_[*slot].live = false;
  --live_;
  take_out(*slot);
}

PollBook::Batch PollBook::take(std::size_t batch_size, Timestamp now, std::size_t in_flight) {
  Batch batch;
  std::vector<Slot> soonest;
  std::vector<rules::Candidate> candidates;
  const auto orders = paced_.size();
  const auto count = std::min(batch_size, orders);
  soonest.reserve(count);
  candidates.reserve(count);
  while (soonest.size() < count) {
    const auto slot = paced_.pop();
    soonest.push_back(slot);
    candidates.push_back({from_millis(slots_[slot].due_ms), Milliseconds(slots_[slot].interval_ms)});
  }
  const auto plan = rules::plan_batch(candidates, batch_size, orders + in_flight, policy_, now);
  for (std::size_t i = plan.take; i < soonest.size(); ++i) paced_.put(soonest[i], slots_[soonest[i]].due_ms);
  soonest.resize(plan.take);
  batch.slots = std::move(soonest);
  batch.decide_again = plan.decide_again;
  // Settled orders ride along where there is room. Where nothing else is asked they wait until a batch of
  // them is full or the eldest has waited another day.
  const auto now_ms = to_millis(now);
  const auto day_ms = std::int64_t{24} * 3600 * 1000;
  const bool alone =
      batch.slots.empty() && orders == 0 && !spare_.empty() &&
      (spare_.soonest_due() + day_ms <= now_ms || spare_.count_due(now_ms, batch_size) >= batch_size);
  if (!batch.slots.empty() || alone) {
    while (batch.slots.size() < batch_size && !spare_.empty() && spare_.soonest_due() <= now_ms) {
      batch.slots.push_back(spare_.pop());
    }
  } else if (orders == 0 && !spare_.empty()) {
    batch.decide_again = std::max(from_millis(spare_.soonest_due()), now + std::chrono::hours(1));
  }
  return batch;
}

void PollBook::answered(Slot slot, std::uint64_t digest, Timestamp now) {
  auto& order = slots_[slot];
  order.digest = digest;
  order.answered_ms = to_millis(now);
  not_answered(slot, now);
}

void PollBook::changed(Slot slot, const Order& after) {
  auto& order = slots_[slot];
  order.facts = rules::facts_of(after);
  const auto tell = rules::time_may_tell(after, policy_);
  order.tell_ms = tell ? to_millis(*tell) : 0;
}

void PollBook::not_answered(Slot slot, Timestamp now) {
  slots_[slot].asked_ms = to_millis(now);
  schedule(slot, now);
}

void PollBook::put_back(Slot slot, Timestamp now) {
  auto& order = slots_[slot];
  if (!order.live) return;
  order.due_ms = std::max(order.due_ms, to_millis(now));
  enqueue(slot, rules::due_after(order.facts, policy_, from_millis(order.asked_ms)).pace);
}

void PollBook::take_out(Slot slot) {
  paced_.remove(slot);
  spare_.remove(slot);
}

void PollBook::set_policy(const PollPolicy& policy) {
  if (policy == policy_) return;
  policy_ = policy;
  for (Slot slot = 0; slot < slots_.size(); ++slot) {
    auto& order = slots_[slot];
    const bool waiting = paced_.contains(slot) || spare_.contains(slot);
    if (!order.live || !waiting) continue;
    // From when it was asked last, or (not since the start) as if it had just got its place.
    const auto from = order.asked_ms != 0 ? order.asked_ms : order.due_ms - order.interval_ms;
    schedule(slot, from_millis(from));
  }
}

void PollBook::shift(Milliseconds step) {
  for (Slot slot = 0; slot < slots_.size(); ++slot) {
    auto& order = slots_[slot];
    order.due_ms += step.count();
    if (order.asked_ms != 0) order.asked_ms += step.count();
    if (paced_.contains(slot)) paced_.put(slot, order.due_ms);
    if (spare_.contains(slot)) spare_.put(slot, order.due_ms);
  }
}

void PollBook::forget_digests() {
  for (auto& order : slots_) order.digest = 0;
}

std::size_t PollBook::due(Timestamp now, std::size_t limit) const {
  return paced_.count_due(to_millis(now), limit);
}

Milliseconds PollBook::lag(Timestamp now) const {
  if (paced_.empty()) return Milliseconds(0);
  return Milliseconds(std::max<std::int64_t>(0, to_millis(now) - paced_.soonest_due()));
}

void PollBook::schedule(Slot slot, Timestamp from) {
  auto& order = slots_[slot];
  if (!order.live) return;
  const auto due = rules::due_after(order.facts, policy_, from);
  order.interval_ms = due.interval.count();
  order.due_ms = to_millis(from) + order.interval_ms;
  enqueue(slot, due.pace);
}

void PollBook::enqueue(Slot slot, rules::Pace pace) {
  take_out(slot);
  switch (pace) {
    case rules::Pace::paced:
      paced_.put(slot, slots_[slot].due_ms);
      break;
    case rules::Pace::spare:
      spare_.put(slot, slots_[slot].due_ms);
      break;
    case rules::Pace::never:
      break;
  }
}

}  // namespace smm::actors
