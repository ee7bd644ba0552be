#include "api/named_order.h"

namespace smm::api {

std::optional<OrderKey> named_order(const ExchangePtr& exchange) {
  const auto& id = exchange->capture(1);
  if (is_valid_id(id)) return OrderKey{PanelName(exchange->capture(0)), OrderId(id)};
  exchange->refuse(validation_failed({{"id", "must be an id: 1 to 64 of A-Z a-z 0-9 _ . : -"}}));
  return std::nullopt;
}

Problem no_such_order(House& house, const OrderKey& key) {
  if (house.fleet.find(key.panel) == nullptr) {
    store::OrderQuery query;
    query.panels = {key.panel};
    query.limit = 1;
    const auto page = house.store.orders(query);
    if (!page || (page->items.empty() && !page->next)) return panel_unknown(key.panel.text());
  }
  return order_not_found(key.panel.text(), key.id.text());
}

}  // namespace smm::api
