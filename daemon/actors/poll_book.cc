#include "actors/poll_book.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace smm::actors {
namespace {

// Long past: the next answer asks the rules.
constexpr std::int64_t look_ms = 1;

}  // namespace

void PollBook::reserve(std::size_t orders) {
  slots_.reserve(orders);
  by_row_.reserve(orders);
  paced_.reserve(orders);
}

PollBook::ByRow::const_iterator PollBook::place_of(std::int64_t row) const {
  // Most orders come behind all others, after a start as well as later.
  if (by_row_.empty() || slots_[by_row_.back()].row < row) return by_row_.end();
  return std::lower_bound(by_row_.begin(), by_row_.end(), row,
                          [this](Slot slot, std::int64_t wanted) { return slots_[slot].row < wanted; });
}

std::optional<Slot> PollBook::find(std::int64_t row) const {
  const auto place = place_of(row);
  if (place == by_row_.end() || slots_[*place].row != row) return std::nullopt;
  return *place;
}

Slot PollBook::slot_for(std::int64_t row) {
  Slot slot = 0;
  if (free_.empty()) {
    slot = static_cast<Slot>(slots_.size());
    slots_.emplace_back();
  } else {
    slot = free_.back();
    free_.pop_back();
  }
  by_row_.insert(place_of(row), slot);
  slots_[slot].row = row;
  return slot;
}

void PollBook::release(Slot slot) {
  set_wanted(slot, PollSlot::Wanted::no);
  by_row_.erase(place_of(slots_[slot].row));
  if (!slots_[slot].has_own_id()) long_ids_.erase(slot);
  slots_[slot] = PollSlot();
  free_.push_back(slot);
}

OrderId PollBook::id_of(Slot slot) const {
  const auto& order = slots_[slot];
  return order.has_own_id() ? OrderId(order.own_id()) : long_ids_.at(slot);
}

void PollBook::fetch(Slot slot) const {
  const auto* begin = reinterpret_cast<const char*>(&slots_[slot]);
  __builtin_prefetch(begin);
  __builtin_prefetch(begin + sizeof(PollSlot) - 1);
}

Slot PollBook::put(const store::PollEntry& entry, Timestamp now, double spread) {
  const auto known = find(entry.row);
  const auto slot = known ? *known : slot_for(entry.row);
  auto& order = slots_[slot];
  if (!order.live) ++live_;
  order.live = true;
  order.set_own_id(entry.id.text());
  if (!order.has_own_id()) long_ids_.insert_or_assign(slot, entry.id);
  order.digest = 0;
  order.set_facts(entry.facts);
  tell_at(slot, entry.time_may_tell);
  if (order.out) return slot;  // it comes back
  const auto due = rules::due_after(entry.facts, policy_, now);
  // Never answered: at once, and it waits for no company.
  const bool at_once = entry.facts.changed_ms == 0 && !entry.facts.lost;
  const auto interval = at_once ? Milliseconds(0) : due.interval;
  order.set_interval(interval);
  order.due_ms = to_millis(now) + static_cast<std::int64_t>(static_cast<double>(interval.count()) * spread);
  enqueue(slot, due.pace);
  return slot;
}

void PollBook::forget(std::int64_t row) {
  const auto slot = find(row);
  if (!slot || !slots_[*slot].live) return;
  slots_[*slot].live = false;
  --live_;
  set_wanted(*slot, PollSlot::Wanted::no);
  leave_queues(*slot);
  if (!slots_[*slot].out) release(*slot);
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
    soonest.push_back(paced_.pop());
    fetch(soonest.back());
  }
  for (const auto slot : soonest) {
    candidates.push_back({from_millis(slots_[slot].due_ms), slots_[slot].interval()});
  }
  const auto plan = rules::plan_batch(candidates, batch_size, orders + in_flight, policy_, now);
  for (std::size_t i = plan.take; i < soonest.size(); ++i) paced_.put(soonest[i], slots_[soonest[i]].due_ms);
  soonest.resize(plan.take);
  batch.slots = std::move(soonest);
  batch.decide_again = plan.decide_again;
  for (const auto slot : batch.slots) set_wanted(slot, PollSlot::Wanted::no);
  if (!batch.slots.empty()) {
    make_room_for_wanted(batch, batch_size);
    take_wanted(batch, batch_size);
  } else if (wanted_batch_ > 0) {
    const auto at = last_taken_ > now ? now : last_taken_ + policy_.fastest;
    if (at <= now) {
      take_wanted(batch, batch_size);
      fill_up(batch, batch_size, now);
    } else {
      batch.decide_again = std::min(batch.decide_again.value_or(at), at);
    }
  }
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
    const auto at = std::max(from_millis(spare_.soonest_due()), now + std::chrono::hours(1));
    batch.decide_again = std::min(batch.decide_again.value_or(at), at);
  }
  for (const auto slot : batch.slots) {
    slots_[slot].out = true;
    set_wanted(slot, PollSlot::Wanted::no);
  }
  if (!batch.slots.empty()) last_taken_ = now;
  return batch;
}

bool PollBook::want(Slot slot, Timestamp now) {
  const auto& order = slots_[slot];
  if (!order.live || order.out) return false;
  const auto asked = from_millis(std::max(order.asked_ms, order.answered_ms));
  if (asked <= now && now - asked < policy_.fastest) return false;
  if (order.wanted != PollSlot::Wanted::no) return true;
  set_wanted(slot, has_ended(order.facts().status) ? PollSlot::Wanted::place : PollSlot::Wanted::batch);
  wanted_.push_back(slot);
  return true;
}

void PollBook::set_wanted(Slot slot, PollSlot::Wanted wanted) {
  auto& order = slots_[slot];
  if (order.wanted == wanted) return;
  const auto count = [&](std::size_t step) {
    if (order.wanted != PollSlot::Wanted::no) wanted_count_ += step;
    if (order.wanted == PollSlot::Wanted::batch) wanted_batch_ += step;
  };
  count(static_cast<std::size_t>(-1));
  order.wanted = wanted;
  count(1);
  if (wanted_count_ == 0) wanted_.clear();
}

// Where more are due than a batch holds, half of it is for those that are wanted: neither keeps the other
// from its turn.
void PollBook::make_room_for_wanted(Batch& batch, std::size_t batch_size) {
  auto share = batch_size / 2;
  if (batch_size == 1) share = std::exchange(wanted_turn_, !wanted_turn_) ? 1 : 0;
  const auto places = std::min(wanted_count_, std::max(share, batch_size - batch.slots.size()));
  while (batch.slots.size() + places > batch_size) {
    paced_.put(batch.slots.back(), slots_[batch.slots.back()].due_ms);
    batch.slots.pop_back();
  }
}

void PollBook::take_wanted(Batch& batch, std::size_t batch_size) {
  while (batch.slots.size() < batch_size && !wanted_.empty()) {
    const auto slot = wanted_.front();
    wanted_.pop_front();
    if (slots_[slot].wanted == PollSlot::Wanted::no) continue;
    leave_queues(slot);
    batch.slots.push_back(slot);
    set_wanted(slot, PollSlot::Wanted::no);
  }
}

// With those due, and those that have waited half of their interval: what goes now need not go by itself.
void PollBook::fill_up(Batch& batch, std::size_t batch_size, Timestamp now) {
  while (batch.slots.size() < batch_size && !paced_.empty()) {
    const auto& order = slots_[paced_.soonest()];
    if (order.due_ms - to_millis(now) > order.interval().count() / 2) return;
    batch.slots.push_back(paced_.pop());
  }
}

void PollBook::answered(Slot slot, std::uint64_t digest, Timestamp now) {
  auto& order = slots_[slot];
  order.digest = digest;
  order.answered_ms = to_millis(now);
  order.not_known = 0;
  not_answered(slot, now);
}

void PollBook::heard(Slot slot, Timestamp now) {
  slots_[slot].asked_ms = slots_[slot].answered_ms = to_millis(now);
}

void PollBook::changed(Slot slot, const rules::ScheduleFacts& facts, std::optional<Timestamp> time_may_tell) {
  slots_[slot].set_facts(facts);
  tell_at(slot, time_may_tell);
}

void PollBook::tell_at(Slot slot, std::optional<Timestamp> time_may_tell) {
  slots_[slot].tell_ms = time_may_tell ? to_millis(*time_may_tell) : 0;
}

void PollBook::not_known(Slot slot) {
  auto& times = slots_[slot].not_known;
  if (times < UINT8_MAX) ++times;
}

void PollBook::not_answered(Slot slot, Timestamp now) {
  auto& order = slots_[slot];
  assert(order.out);
  order.out = false;
  if (!order.live) {
    release(slot);
    return;
  }
  order.asked_ms = to_millis(now);
  schedule(slot, now);
}

void PollBook::put_back(Slot slot, Timestamp now) {
  auto& order = slots_[slot];
  assert(order.out);
  order.out = false;
  if (!order.live) {
    release(slot);
    return;
  }
  order.due_ms = std::max(order.due_ms, to_millis(now));
  enqueue(slot, rules::due_after(order.facts(), policy_, from_millis(order.asked_ms)).pace);
}

void PollBook::take_out(Slot slot) {
  set_wanted(slot, PollSlot::Wanted::no);
  leave_queues(slot);
  slots_[slot].out = true;
}

void PollBook::leave_queues(Slot slot) {
  paced_.remove(slot);
  spare_.remove(slot);
}

void PollBook::set_policy(const PollPolicy& policy) {
  if (policy == policy_) return;
  policy_ = policy;
  for (const auto slot : by_row_) {
    slots_[slot].tell_ms = look_ms;
    reschedule(slot);
  }
}

void PollBook::clock_stepped(Milliseconds by) {
  for (const auto slot : by_row_) {
    auto& order = slots_[slot];
    order.move_facts(by);
    order.tell_ms = look_ms;
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

// From when it was asked last, or (not since the start) as if it had just got its place.
void PollBook::reschedule(Slot slot) {
  const auto& order = slots_[slot];
  if (!order.live || order.out) return;
  const auto from = order.asked_ms != 0 ? order.asked_ms : order.due_ms - order.interval().count();
  schedule(slot, from_millis(from));
}

void PollBook::schedule(Slot slot, Timestamp from) {
  auto& order = slots_[slot];
  const auto due = rules::due_after(order.facts(), policy_, from);
  order.set_interval(due.interval);
  order.due_ms = to_millis(from) + due.interval.count();
  enqueue(slot, due.pace);
}

void PollBook::enqueue(Slot slot, rules::Pace pace) {
  leave_queues(slot);
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
