#include "rules/transition.h"

#include "rules/schedule.h"

#include <algorithm>
#include <cassert>
#include <string_view>
#include <unordered_set>
#include <utility>

namespace smm::rules {
namespace {

bool is_same_word(std::string_view left, std::string_view right) {
  return left == right || fold_status_word(left) == fold_status_word(right);
}

// `unasked` is our own word: no panel can make an order unasked.
OrderStatus status_after(const Order& before, const Observation& seen) {
  if (!seen.status || *seen.status == OrderStatus::unasked) return before.status;
  return *seen.status;
}

bool says_another_word(const Order& before, const Observation& seen) {
  return !seen.status_text.empty() && !is_same_word(before.status_text, seen.status_text);
}

bool is_change(const Order& before, const Observation& seen) {
  return !before.changed_at || status_after(before, seen) != before.status ||
         before.remains != seen.remains || before.start_count != seen.start_count ||
         before.charge != seen.charge || says_another_word(before, seen);
}

OrderKind kind_after(const Order& before, const Observation& seen) {
  return seen.kind == OrderKind::ordinary ? before.kind : seen.kind;
}

std::vector<OrderId> new_children(const Order& parent, OrderKind kind, const std::vector<OrderId>& named,
                                  const std::vector<OrderId>& known) {
  std::vector<OrderId> fresh;
  if (named.empty() || kind == OrderKind::ordinary || parent.parent) return fresh;
  std::unordered_set<std::string_view> taken;
  taken.insert(parent.key.id.text());
  for (const auto& id : known) taken.insert(id.text());
  for (const auto& id : named) {
    if (known.size() + fresh.size() >= max_children) break;
    if (taken.insert(id.text()).second) fresh.push_back(id);
  }
  return fresh;
}

void take_answer(Change& change) {
  auto& order = change.after;
  order.missing_since.reset();
  if (!std::exchange(order.lost, false)) return;
  change.events.push_back(order_event(EventType::order_found, order));
}

void take_fields(Order& order, const Observation& seen) {
  order.kind = kind_after(order, seen);
  if (seen.runs) order.runs = seen.runs;
  if (seen.currency) order.currency = seen.currency;
}

void take_reading(Order& order, const Observation& seen, Timestamp now) {
  const auto status = status_after(order, seen);
  if (status != order.status || !order.changed_at) order.status_changed_at = now;
  order.status = status;
  if (seen.status || !seen.status_text.empty()) order.status_text = seen.status_text;
  order.charge = seen.charge;
  order.remains = seen.remains;
  order.start_count = seen.start_count;
  take_fields(order, seen);
  order.raw = seen.raw;
  order.changed_at = now;
  order.seen_statuses |= std::uint32_t{1} << static_cast<unsigned>(status);
  order.revision += 1;
  order.settled = false;
  order.stalled = false;
  if (has_ended(status)) {
    order.ended_at = std::min(order.ended_at.value_or(now), now);
  } else if (status != OrderStatus::unasked) {
    order.ended_at.reset();
  }
}

EventDraft status_event(const Order& before, const Order& after) {
  const auto bit = std::uint32_t{1} << static_cast<unsigned>(after.status);
  const bool first_time = before.status != after.status && (before.seen_statuses & bit) == 0;
  auto event = order_event(EventType::order_status_changed, after, before.status);
  event.data.emplace_back("first_time", first_time);
  event.data.emplace_back("first_sight", !before.changed_at.has_value());
  return event;
}

// The one event a change has of its own; a quiet order's first sight has none.
std::optional<EventDraft> own_event(const Order& before, const Observation& seen, const Order& after) {
  if (!before.changed_at && before.quiet) return std::nullopt;
  if (!before.changed_at || before.status != after.status || says_another_word(before, seen)) {
    return status_event(before, after);
  }
  return order_event(has_ended(after.status) ? EventType::order_corrected : EventType::order_progress, after);
}

HistoryPoint point_of(const Order& order, Timestamp now) {
  return {now, order.status, order.status_text, order.charge, order.remains, order.start_count};
}

Change changed(const Order& before, const Observation& seen, Timestamp now) {
  Change change;
  change.after = before;
  take_reading(change.after, seen, now);
  take_answer(change);
  if (auto event = own_event(before, seen, change.after)) change.events.push_back(std::move(*event));
  if (before.stalled) change.events.push_back(order_event(EventType::order_resumed, change.after));
  change.point = point_of(change.after, now);
  return change;
}

// Time has told: settled or stalled.
void grow_old(Change& change) {
  auto& order = change.after;
  if (!has_ended(order.status)) {
    order.stalled = true;
    change.events.push_back(order_event(EventType::order_stalled, order));
    return;
  }
  order.settled = true;
  if (order.quiet && order.revision == 1) return;
  change.events.push_back(order_event(EventType::order_settled, order));
}

template <class T>
EventValue value_of(const std::optional<T>& value) {
  return value ? EventValue(*value) : EventValue();
}

}  // namespace

std::optional<Change> transition(const Order& before, const Observation& seen, const PollPolicy& policy,
                                 const Surroundings& around, Timestamp now) {
  assert(seen.id == before.key.id);
  auto children = new_children(before, kind_after(before, seen), seen.children, around.known_children);
  std::optional<Change> change;
  if (is_change(before, seen)) {
    change = changed(before, seen, now);
  } else {
    change = unchanged(before, policy, around, now);
    if (!change && children.empty()) return std::nullopt;
    if (!change) change.emplace().after = before;
    take_fields(change->after, seen);
  }
  change->new_children = std::move(children);
  return change;
}

std::optional<Change> unchanged(const Order& before, const PollPolicy& policy, const Surroundings& around,
                                Timestamp now) {
  const auto moment_of = [&](const Order& order) {
    return time_may_tell(order, policy, around.clock_steps, now);
  };
  const auto moment = moment_of(before);
  if (!moment) return std::nullopt;
  const bool answers = before.missing_since || before.lost;
  const bool is_held = !around.clock_believed || (has_ended(before.status) && around.open_refill);
  if (!answers && (now < *moment || is_held)) return std::nullopt;
  Change change;
  change.after = before;
  if (answers) take_answer(change);
  const auto own_moment = moment_of(change.after);
  if (own_moment && now >= *own_moment && !is_held) grow_old(change);
  return change;
}

std::optional<Change> not_known(const Order& before, const PollPolicy& policy, const Surroundings& around,
                                int answers, Timestamp now) {
  if (before.lost || has_ended(before.status)) return std::nullopt;
  const auto since = before.missing_since
                         ? std::optional(placed(*before.missing_since, around.clock_steps, now))
                         : std::nullopt;
  Change change;
  change.after = before;
  if (!since || now < *since) {
    change.after.missing_since = now;
    return change;
  }
  const bool is_sure = answers >= lost_answers && now - *since >= policy.lost_after;
  if (!is_sure || !around.clock_believed) return std::nullopt;
  change.after.lost = true;
  change.events.push_back(order_event(EventType::order_lost, change.after));
  return change;
}

EventDraft order_event(EventType type, const Order& order, std::optional<OrderStatus> previous) {
  EventDraft event;
  event.type = type;
  event.panel = order.key.panel;
  event.order = order.key.id;
  event.data.reserve(12);
  event.data.emplace_back("revision", order.revision);
  event.data.emplace_back("status", std::string(to_text(order.status)));
  event.data.emplace_back("status_text",
                          order.status_text.empty() ? EventValue() : EventValue(order.status_text));
  if (previous) event.data.emplace_back("previous_status", std::string(to_text(*previous)));
  event.data.emplace_back("charge", order.charge ? EventValue(order.charge->text()) : EventValue());
  event.data.emplace_back("remains", value_of(order.remains));
  event.data.emplace_back("start_count", value_of(order.start_count));
  event.data.emplace_back("currency", value_of(order.currency));
  event.data.emplace_back("ref", value_of(order.ref));
  event.data.emplace_back("labels", order.labels);
  return event;
}

}  // namespace smm::rules
