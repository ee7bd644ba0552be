#pragma once

#include "workbench.h"

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace smm::store {

inline const WebhookName shop("shop");

// A store whose one endpoint hears of everything.
class Post {
 public:
  Post() { subscribe(); }
  void subscribe() { bench.store().subscribe({{shop, {"*"}, {}}}); }

  // Writes an event of the order (tracked on the way), or of none. Its delivery.
  std::int64_t write(std::string_view order, Timestamp now) {
    EventDraft draft;
    draft.type = EventType::order_progress;
    draft.panel = PanelName("p1");
    if (!order.empty()) {
      if (!bench.store().find(key_of(order))) {
        auto request = request_for(order);
        request.quiet = true;
        bench.store().track({&request, 1}, now);
      }
      draft.order = OrderId(order);
    }
    bench.store().append({&draft, 1}, now);
    return bench.number("SELECT max(id) FROM delivery");
  }

  std::vector<std::int64_t> due(Timestamp now, std::size_t limit = 100,
                                const std::vector<std::int64_t>& busy = {},
                                const std::vector<std::int64_t>& busy_orders = {}) {
    std::vector<std::int64_t> ids;
    for (const auto& each : bench.store().due_deliveries(shop, now, limit, busy, busy_orders))
      ids.push_back(each.id);
    return ids;
  }

  std::int64_t begin(std::int64_t delivery, Timestamp now) {
    return bench.store().settle_and_begin({}, std::vector{delivery}, now).at(0);
  }
  void settle(std::int64_t attempt, std::int64_t delivery, DeliveryState state, Timestamp now,
              std::optional<Timestamp> next = {}, bool used_a_try = true) {
    AttemptResult result;
    result.attempt = attempt;
    result.delivery = delivery;
    result.state = state;
    result.outcome = state == DeliveryState::delivered ? "delivered" : "refused";
    result.http_status = state == DeliveryState::delivered ? 204 : 503;
    result.error = state == DeliveryState::delivered ? "" : "it answered 503";
    result.response = "words";
    result.used_a_try = used_a_try;
    result.next_try_at = next;
    bench.store().settle_and_begin({&result, 1}, {}, now);
  }
  void deliver(std::int64_t delivery, Timestamp now) {
    settle(begin(delivery, now), delivery, DeliveryState::delivered, now);
  }
  void fail(std::int64_t delivery, Timestamp now, Timestamp next) {
    settle(begin(delivery, now), delivery, DeliveryState::pending, now, next);
  }

  Workbench bench;
};

using Ids = std::vector<std::int64_t>;

}  // namespace smm::store
