#pragma once

#include "api/api.h"
#include "api/exchange.h"
#include "domain/order.h"

#include <nlohmann/json_fwd.hpp>

// How an order stands with refills and cancels.
namespace smm::api {

// The members `refill` and `cancel` of an order.
[[nodiscard]] Json shown_order_refill(House& house, const Order& order);
[[nodiscard]] Json shown_order_cancel(House& house, const Order& order);
// The member `refills` of a panel.
[[nodiscard]] Json shown_panel_refills(House& house, const PanelPolicy& policy);

}  // namespace smm::api
