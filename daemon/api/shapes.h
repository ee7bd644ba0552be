#pragma once

#include "api/api.h"
#include "api/exchange.h"
#include "domain/order.h"
#include "domain/placement.h"
#include "domain/service.h"
#include "store/store.h"

#include <nlohmann/json_fwd.hpp>

#include <string>

// How things look in an answer: the shapes the reference documents.
namespace smm::api {

// null for none
[[nodiscard]] Json text_or_null(const std::string& text);
[[nodiscard]] Json shown_time(const std::optional<Timestamp>& time);

// `now` fills in what only the pollers know: polled_at and next_poll_at.
[[nodiscard]] Json shown_order(House& house, const Order& order);
[[nodiscard]] Json shown_point(const HistoryPoint& point);
[[nodiscard]] Json shown_refill(const Refill& refill);
[[nodiscard]] Json shown_cancel(const Cancel& cancel);
[[nodiscard]] Json shown_placement(const Placement& placement);
[[nodiscard]] Json shown_service(const CatalogueEntry& entry);
[[nodiscard]] Json shown_panel(House& house, const PanelPolicy& policy, const store::Counts& counts);
// {"balance": …, "currency": …} as last seen
[[nodiscard]] Json shown_balance(House& house, const PanelPolicy& policy);
[[nodiscard]] Json shown_webhook(House& house, const WebhookPolicy& policy,
                                 const store::WebhookRecord& record);
[[nodiscard]] Json shown_delivery(const store::Delivery& delivery);
[[nodiscard]] Json shown_attempt(const store::Attempt& attempt);

// Why a request to a panel, made because a person asked, has no answer: 503 panel-busy or 502 upstream-error.
[[nodiscard]] Problem upstream_problem(const actors::PanelLine::Refusal& refusal);

// {"items": […], "next": …}
[[nodiscard]] Json shown_list(Json items, const std::optional<std::string>& next);

}  // namespace smm::api
