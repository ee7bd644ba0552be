#include "api/readers.h"
#include "api/routes.h"
#include "api/shapes.h"

#include <nlohmann/json.hpp>

#include <charconv>

namespace smm::api {
namespace {

store::WebhookRecord record_of(const std::vector<store::WebhookRecord>& records, const WebhookName& name) {
  for (const auto& record : records) {
    if (record.name == name) return record;
  }
  store::WebhookRecord none;
  none.name = name;
  return none;
}

// The webhook the path names; refuses the exchange if there is none.
const WebhookPolicy* webhook_of(const House& house, const ExchangePtr& exchange) {
  QueryReader reader(exchange->request());
  if (const auto problem = reader.finish()) {
    exchange->refuse(*problem);
    return nullptr;
  }
  for (const auto& webhook : house.policy().webhooks) {
    if (webhook.name.text() == exchange->capture(0)) return &webhook;
  }
  exchange->refuse(webhook_unknown(exchange->capture(0)));
  return nullptr;
}

void get_webhook(House& house, const ExchangePtr& exchange) {
  const auto* policy = webhook_of(house, exchange);
  if (policy == nullptr) return;
  exchange->answer(200, shown_webhook(house, *policy, record_of(house.store.webhooks(), policy->name)));
}

void set_paused(House& house, const ExchangePtr& exchange, bool paused) {
  const auto* policy = webhook_of(house, exchange);
  if (policy == nullptr) return;
  if (!house.courier.set_paused(policy->name, paused)) {
    return exchange->refuse(storage_trouble(house.storage.trouble().value_or("the program is stopping")));
  }
  exchange->answer(200, shown_webhook(house, *policy, record_of(house.store.webhooks(), policy->name)));
}

void list_webhooks(House& house, const ExchangePtr& exchange) {
  QueryReader reader(exchange->request());
  if (const auto problem = reader.finish()) return exchange->refuse(*problem);
  const auto records = house.store.webhooks();
  auto items = Json::array();
  for (const auto& policy : house.policy().webhooks) {
    items.push_back(shown_webhook(house, policy, record_of(records, policy.name)));
  }
  exchange->answer(200, shown_list(std::move(items), std::nullopt));
}

void list_deliveries(House& house, const ExchangePtr& exchange) {
  QueryReader reader(exchange->request());
  store::DeliveryQuery query;
  if (const auto state = reader.text("state")) {
    query.state = store::delivery_state_from_text(*state);
    if (!query.state) reader.wrong("state", "must be pending, delivered, dead or canceled");
  }
  for (auto& webhook : reader.texts("webhook")) query.webhooks.emplace_back(std::move(webhook));
  if (const auto order = reader.text("order")) {
    query.order = order_key_from_text(*order);
    if (!query.order) reader.wrong("order", "must name an order such as p1/23501");
  }
  query.limit = reader.limit();
  query.cursor = reader.text("cursor").value_or("");
  if (const auto problem = reader.finish()) return exchange->refuse(*problem);
  const auto page = house.store.deliveries(query);
  if (!page) return exchange->refuse(validation_failed({{"cursor", page.error()}}));
  auto items = Json::array();
  for (const auto& delivery : page->items) items.push_back(shown_delivery(delivery));
  exchange->answer(200, shown_list(std::move(items), page->next));
}

void get_delivery(House& house, const ExchangePtr& exchange) {
  QueryReader reader(exchange->request());
  if (const auto problem = reader.finish()) return exchange->refuse(*problem);
  const auto& text = exchange->capture(0);
  std::int64_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  const bool is_number = error == std::errc() && end == text.data() + text.size();
  const auto delivery = is_number ? house.store.delivery(id) : std::nullopt;
  if (!delivery) return exchange->refuse({404, "delivery-not-found", "there is no delivery " + text, {}, {}});
  auto json = shown_delivery(*delivery);
  json["attempts"] = Json::array();
  for (const auto& attempt : house.store.attempts(id)) json["attempts"].push_back(shown_attempt(attempt));
  exchange->answer(200, json);
}

}  // namespace

void add_webhook_routes(Router& router, House& house) {
  router.add("GET", "/v1/webhooks",
             [&house](const ExchangePtr& exchange) { list_webhooks(house, exchange); });
  router.add("GET", "/v1/webhooks/{}",
             [&house](const ExchangePtr& exchange) { get_webhook(house, exchange); });
  router.add("POST", "/v1/webhooks/{}/pause",
             [&house](const ExchangePtr& exchange) { set_paused(house, exchange, true); });
  router.add("POST", "/v1/webhooks/{}/resume",
             [&house](const ExchangePtr& exchange) { set_paused(house, exchange, false); });
  router.add("GET", "/v1/deliveries",
             [&house](const ExchangePtr& exchange) { list_deliveries(house, exchange); });
  router.add("GET", "/v1/deliveries/{}",
             [&house](const ExchangePtr& exchange) { get_delivery(house, exchange); });
}

}  // namespace smm::api
