#include "store/tracking.h"

#include "store/json.h"

namespace smm::store {
namespace {

// Fills in what was absent; says whether it did.
template <class Value>
bool fill_in(std::optional<Value>& known, const std::optional<Value>& said) {
  if (known || !said) return false;
  known = said;
  return true;
}

bool fill_in(Order& order, const TrackRequest& request) {
  bool filled = fill_in(order.service, request.service);
  filled = fill_in(order.link, request.link) || filled;
  filled = fill_in(order.quantity, request.quantity) || filled;
  filled = fill_in(order.ref, request.ref) || filled;
  filled = fill_in(order.placed_at, request.placed_at) || filled;
  if (order.labels.empty() && !request.labels.empty()) {
    order.labels = request.labels;
    filled = true;
  }
  // Once the panel has answered, when the order ended is what was seen.
  if (order.status == OrderStatus::unasked && fill_in(order.ended_at, request.ended_at)) {
    order.ended_given = true;
    filled = true;
  }
  return filled;
}

bool fill_in(Order& order, const Placed& placed) {
  bool filled = fill_in(order.runs, placed.runs);
  filled = fill_in(order.interval, placed.interval) || filled;
  filled = fill_in(order.rate_at_placing, placed.rate) || filled;
  if (order.kind == OrderKind::ordinary && placed.kind != OrderKind::ordinary) {
    order.kind = placed.kind;
    filled = true;
  }
  return filled;
}

}  // namespace

Tracking::Tracking(platform::Database& database, Panels& panels, Services& services, Orders& orders,
                   EventLog& events)
    : database_(database),
      panels_(panels),
      services_(services),
      orders_(orders),
      events_(events),
      update_(database, "write what the user says of an order", R"sql(
        UPDATE orders SET quiet = ?2, untracked = ?3, placed_at = ?4, ended_at = ?5, quantity = ?6, service = ?7,
                          ref = ?8, labels = ?9, link = ?10, kind = ?11, runs = ?12, ended_given = ?13,
                          interval = ?14, refill_auto = ?15, refill_offered = ?16, refill_window = ?17,
                          cancel_offered = ?18, rate_at_placing = ?19
        WHERE row = ?1
      )sql"),
      delete_attempted_(database, "erase an order's deliveries", R"sql(
        DELETE FROM delivery WHERE order_row = ?1 AND event_seq NOT IN
          (SELECT event_seq FROM delivery WHERE order_row = ?1 AND state = 0)
      )sql"),
      delete_events_(database, "erase an order's events", R"sql(
        DELETE FROM event WHERE order_row = ?1
          AND NOT EXISTS (SELECT 1 FROM delivery d WHERE d.event_seq = event.seq)
      )sql"),
      // Its history, the panel's object, its refills and cancels go with it; its children lose their parent.
      delete_order_(database, "erase an order", "DELETE FROM orders WHERE row = ?1") {}

void Tracking::write(const Order& order) {
  update_.bind(1, order.row).bind(2, std::int64_t{order.quiet}).bind(3, std::int64_t{order.untracked});
  update_.bind(4, to_millis(order.placed_at)).bind(5, to_millis(order.ended_at)).bind(6, order.quantity);
  update_.bind(7, optional_text(order.service)).bind(8, order.ref).bind(10, order.link);
  if (order.labels.empty()) {
    update_.bind_null(9);
  } else {
    update_.bind(9, labels_text(order.labels));
  }
  update_.bind(11, static_cast<std::int64_t>(order.kind)).bind(12, order.runs);
  update_.bind(13, std::int64_t{order.ended_given}).bind(14, optional_number(order.interval));
  update_.bind(15, optional_number(order.refill_auto)).bind(16, optional_number(order.refill_offered));
  update_.bind(17, optional_number(order.refill_window)).bind(18, optional_number(order.cancel_offered));
  update_.bind(19, optional_text(order.rate_at_placing)).run();
}

// What the catalogue knows of its service, the first time it knows it. Whether that was now.
bool Tracking::give_facts(Order& order) {
  if (!order.service || order.refill_offered) return false;
  const auto facts = services_.facts(order.key.panel, *order.service);
  if (!facts || !facts->refill_offered) return false;
  order.refill_offered = facts->refill_offered;
  order.refill_window = facts->refill_window;
  order.cancel_offered = facts->cancel_offered;
  return true;
}

Tracked Tracking::track(const TrackRequest& request, Work& work, const Placed& placed) {
  if (auto known = orders_.find(request.key)) return track_again(std::move(*known), request, placed, work);
  Tracked tracked;
  tracked.is_new = true;
  auto& order = tracked.order;
  order.key = request.key;
  order.service = request.service;
  order.link = request.link;
  order.quantity = request.quantity;
  order.ref = request.ref;
  order.labels = request.labels;
  order.placed_at = request.placed_at;
  order.ended_at = request.ended_at;
  order.ended_given = request.ended_at.has_value();
  order.quiet = request.quiet;
  order.tracked_at = work.now;
  fill_in(order, placed);
  give_facts(order);
  orders_.insert(order, std::nullopt, work);
  return tracked;
}

Tracked Tracking::track_again(Order known, const TrackRequest& request, const Placed& placed, Work& work) {
  const bool was_untracked = known.untracked;
  bool filled = fill_in(known, request);
  filled = fill_in(known, placed) || filled;
  filled = give_facts(known) || filled;
  if (was_untracked) {
    known.untracked = false;
    known.quiet = request.quiet;
    work.counted_in.push_back(count_key(panels_.find_or_make(known.key.panel), known));
  }
  if (was_untracked || filled) {
    write(known);
    work.notice.orders.push_back(known.key);
  }
  if (was_untracked && !known.quiet) {
    events_.append(rules::order_event(EventType::order_tracked, known), known.row, work);
  }
  return {std::move(known), was_untracked};
}

std::optional<Order> Tracking::patch(const OrderKey& key, const OrderPatch& patch, Work& work) {
  auto order = orders_.find(key);
  if (!order) return std::nullopt;
  const bool is_different = (patch.ref && *patch.ref != order->ref) ||
                            (patch.labels && *patch.labels != order->labels) ||
                            (patch.refill_auto && *patch.refill_auto != order->refill_auto);
  if (!is_different) return order;
  if (patch.ref) order->ref = *patch.ref;
  if (patch.labels) order->labels = *patch.labels;
  if (patch.refill_auto) order->refill_auto = *patch.refill_auto;
  write(*order);
  work.notice.orders.push_back(key);
  return order;
}

void Tracking::count_out(const Order& order, Work& work) {
  if (!order.untracked) work.counted_out.push_back(count_key(panels_.find_or_make(order.key.panel), order));
}

bool Tracking::untrack(const OrderKey& key, Work& work) {
  auto order = orders_.find(key);
  if (!order) return false;
  if (order->untracked) return true;
  count_out(*order, work);
  order->untracked = true;
  write(*order);
  work.notice.orders.push_back(key);
  return true;
}

bool Tracking::purge(const OrderKey& key, Work& work) {
  const auto order = orders_.find(key);
  if (!order) return false;
  count_out(*order, work);
  delete_attempted_.bind(1, order->row).run();
  delete_events_.bind(1, order->row).run();
  work.events -= database_.changes();
  delete_order_.bind(1, order->row).run();
  work.notice.orders.push_back(key);
  return true;
}

}  // namespace smm::store
