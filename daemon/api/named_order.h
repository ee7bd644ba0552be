#pragma once

#include "api/api.h"
#include "api/exchange.h"
#include "domain/order.h"

#include <optional>

// The order a path names as `{panel}/{id}`, its first two captures.
namespace smm::api {

// Refuses the exchange and gives nothing if the id can be no order's.
[[nodiscard]] std::optional<OrderKey> named_order(const ExchangePtr& exchange);

// Why there is no such order: it is not tracked, or its panel is one that neither the configuration nor any
// order names.
[[nodiscard]] Problem no_such_order(House& house, const OrderKey& key);

}  // namespace smm::api
