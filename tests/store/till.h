#pragma once

#include "store/purchases.h"
#include "workbench.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// Refills, cancels and placements to put into a store.
namespace smm::store {

inline std::int64_t intend_refill(Workbench& bench, const Order& order, Timestamp now,
                                  Cause cause = Cause::manual) {
  Refill intent;
  intent.order_row = order.row;
  intent.cause = cause;
  intent.asked_by = 1000;
  return bench.store().purchases().intend_refills({&intent, 1}, now).at(0);
}

inline std::int64_t intend_cancel(Workbench& bench, const Order& order, Timestamp now) {
  Cancel intent;
  intent.order_row = order.row;
  intent.cause = Cause::compat;
  return bench.store().purchases().intend_cancels({&intent, 1}, now).at(0);
}

// Brings it into that state, with the words and the time of it, and an event that names it.
inline void settle_refill(Workbench& bench, std::int64_t id, RefillState state, Timestamp now,
                          EventType type = EventType::refill_requested) {
  RefillChange change;
  change.after = *bench.store().purchases().refill(id);
  change.after.state = state;
  change.after.words = "words";
  change.after.changed_at = now;
  change.events.push_back(draft_of(type, change.after.order));
  change.events.back().data = {{"refill", id}};
  bench.store().purchases().settle_refills({&change, 1}, now);
}

inline void settle_cancel(Workbench& bench, std::int64_t id, CancelState state, Timestamp now) {
  CancelChange change;
  change.after = *bench.store().purchases().cancel(id);
  change.after.state = state;
  change.after.words = "words";
  change.after.answered_at = now;
  change.events.push_back(draft_of(EventType::cancel_requested, change.after.order));
  bench.store().purchases().settle_cancels({&change, 1}, now);
}

inline Placement placement_with(const std::string& key, std::string_view panel = "p1") {
  Placement placement;
  placement.panel = PanelName(panel);
  if (!key.empty()) placement.idempotency_key = key;
  placement.digest = "digest of " + key;
  placement.fields = {{"service", "1"}, {"link", "https://example.com/p/1"}, {"posts", "0"}};
  return placement;
}

inline EventDraft place_event(EventType type, const Placement& placement) {
  EventDraft draft;
  draft.type = type;
  draft.panel = placement.panel;
  draft.order = placement.upstream;
  draft.data = {{"placement", placement.id}};
  return draft;
}

// The panel gave it this order.
inline std::optional<Tracked> accept(Workbench& bench, std::int64_t id, std::string_view order, Timestamp now,
                                     PlacementState state = PlacementState::accepted) {
  auto& purchases = bench.store().purchases();
  auto after = *purchases.placement(id);
  after.state = state;
  after.upstream = OrderId(order);
  after.answered_at = now;
  Purchases::NewOrder placed;
  placed.request = request_for(order, after.panel.text());
  placed.request.service = ServiceId("1");
  const auto event = place_event(EventType::place_accepted, after);
  return purchases.settle_placement(after, placed, {&event, 1}, now);
}

inline void end_placement(Workbench& bench, std::int64_t id, PlacementState state, Timestamp now,
                          EventType type = EventType::place_refused) {
  auto after = *bench.store().purchases().placement(id);
  after.state = state;
  after.words = "words";
  after.answered_at = now;
  const auto event = place_event(type, after);
  bench.store().purchases().settle_placement(after, {}, {&event, 1}, now);
}

template <class Items>
std::string numbers_of(const Items& items) {
  std::string text;
  for (const auto& item : items) text += (text.empty() ? "" : " ") + std::to_string(item.id);
  return text;
}

}  // namespace smm::store
