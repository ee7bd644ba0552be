#include "api/readers.h"
#include "api/routes.h"
#include "api/shapes.h"

#include <nlohmann/json.hpp>

#include <algorithm>

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

void refuse_unwritten(House& house, const ExchangePtr& exchange) {
  exchange->refuse(storage_trouble(house.storage.trouble().value_or("the program is stopping")));
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
    return refuse_unwritten(house, exchange);
  }
  exchange->answer(200, shown_webhook(house, *policy, record_of(house.store.webhooks(), policy->name)));
}

Problem conflict(std::string detail) {
  return {409, "conflict", std::move(detail), {}, {}};
}

// Why a delivery could not be sent even if it were due; empty if it could.
std::string hindrance_of(House& house, const store::WebhookRecord& webhook) {
  if (house.courier.find(webhook.name) == nullptr)
    return "webhook " + webhook.name.text() + " is not in the configuration any more";
  if (webhook.disabled)
    return "webhook " + webhook.name.text() + " is disabled since it answered 410; resume it first";
  return {};
}

// A delivery that was let go, and what holds it all the same.
Json shown_sent(House& house, const store::Delivery& delivery, const store::WebhookRecord& webhook) {
  auto json = shown_delivery(delivery);
  const auto& lane = *house.courier.find(delivery.webhook);
  json["held"] = nullptr;
  if (webhook.paused) {
    json["held"] = "paused";
  } else if (lane.resting_until()) {
    json["held"] = "resting";
  } else if (lane.down()) {
    json["held"] = "down";
  }
  return json;
}

// What the endpoint gets is an event like any other, but for this endpoint only.
void test_webhook(House& house, const ExchangePtr& exchange) {
  const auto* policy = webhook_of(house, exchange);
  if (policy == nullptr) return;
  const auto record = record_of(house.store.webhooks(), policy->name);
  if (auto hindrance = hindrance_of(house, record); !hindrance.empty())
    return exchange->refuse(conflict(std::move(hindrance)));
  EventDraft draft;
  draft.type = EventType::webhook_test;
  draft.only_for = policy->name;
  draft.data = {{"webhook", policy->name.text()}};
  if (!house.storage.write([&] { house.store.append({&draft, 1}, house.loop.now()); })) {
    return refuse_unwritten(house, exchange);
  }
  store::DeliveryQuery query;
  query.webhooks = {policy->name};
  query.limit = 1;
  exchange->answer(202, shown_sent(house, house.store.deliveries(query)->items.at(0), record));
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

// The delivery the path names; refuses the exchange if there is none.
std::optional<store::Delivery> delivery_of(House& house, const ExchangePtr& exchange) {
  QueryReader reader(exchange->request());
  if (const auto problem = reader.finish()) {
    exchange->refuse(*problem);
    return std::nullopt;
  }
  const auto& text = exchange->capture(0);
  const auto id = row_number(text);
  auto delivery = id ? house.store.delivery(*id) : std::nullopt;
  if (!delivery) exchange->refuse({404, "delivery-not-found", "there is no delivery " + text, {}, {}});
  return delivery;
}

void get_delivery(House& house, const ExchangePtr& exchange) {
  const auto delivery = delivery_of(house, exchange);
  if (!delivery) return;
  auto json = shown_delivery(*delivery);
  json["attempts"] = Json::array();
  for (const auto& attempt : house.store.attempts(delivery->id))
    json["attempts"].push_back(shown_attempt(attempt));
  exchange->answer(200, json);
}

void retry_delivery(House& house, const ExchangePtr& exchange) {
  const auto delivery = delivery_of(house, exchange);
  if (!delivery) return;
  const auto record = record_of(house.store.webhooks(), delivery->webhook);
  if (auto hindrance = hindrance_of(house, record); !hindrance.empty())
    return exchange->refuse(conflict(std::move(hindrance)));
  const auto now = house.loop.now();
  house.courier.look_at_clock(now);
  bool goes = false;
  if (!house.storage.write([&] { goes = house.store.send_again(delivery->id, now); })) {
    return refuse_unwritten(house, exchange);
  }
  if (!goes) {
    return exchange->refuse(conflict("delivery " + std::to_string(delivery->id) +
                                     " is under way, or waits for an older one of its order"));
  }
  exchange->answer(202, shown_sent(house, house.store.delivery(delivery->id).value_or(*delivery), record));
}

struct ReplayWish {
  WebhookName webhook;
  std::int64_t since = 0;
  bool also_delivered = true;
};

// What the body asks for; refuses the exchange and gives nothing if it is none.
std::optional<ReplayWish> read_replay(House& house, const ExchangePtr& exchange) {
  const auto body = read_body(exchange);
  if (!body) return std::nullopt;
  std::vector<FieldError> errors;
  ReplayWish wish;
  if (!body->is_object()) {
    errors.push_back({"body", "must be an object like {\"webhook\":\"shop\",\"since\":88121}"});
  } else {
    ObjectReader reader(*body, errors);
    if (!reader.has("webhook")) reader.wrong("webhook", "is missing");
    wish.webhook = WebhookName(reader.text("webhook", 32).value_or(""));
    wish.also_delivered = !reader.flag("undelivered").value_or(false);
    if (!reader.has("since") || (*body)["since"].is_null()) {
      reader.wrong("since", "is missing: the number of an event, or a time");
    } else if ((*body)["since"].is_string()) {
      const auto at = reader.time("since");
      if (at) wish.since = house.store.last_event_before(*at);
    } else {
      wish.since = reader.count("since").value_or(0);
    }
    reader.finish();
  }
  if (errors.empty()) return wish;
  exchange->refuse(validation_failed(std::move(errors)));
  return std::nullopt;
}

void replay(House& house, const ExchangePtr& exchange) {
  QueryReader query(exchange->request());
  if (const auto problem = query.finish()) return exchange->refuse(*problem);
  const auto wish = read_replay(house, exchange);
  if (!wish) return;
  const auto records = house.store.webhooks();
  const auto record = std::find_if(records.begin(), records.end(),
                                   [&](const auto& each) { return each.name == wish->webhook; });
  if (record == records.end()) return exchange->refuse(webhook_unknown(wish->webhook.text()));
  if (auto hindrance = hindrance_of(house, *record); !hindrance.empty())
    return exchange->refuse(conflict(std::move(hindrance)));
  if (const auto problem = cursor_problem(house.store, wish->since)) return exchange->refuse(*problem);
  const auto now = house.loop.now();
  house.courier.look_at_clock(now);
  store::Replayed slice;
  const bool written = house.storage.write(
      [&] { slice = house.store.replay(wish->webhook, wish->since, wish->also_delivered, now); });
  if (!written) return refuse_unwritten(house, exchange);
  exchange->answer(200, {{"replayed", slice.replayed},
                         {"left_alone", slice.left_alone},
                         {"next", slice.next ? Json(*slice.next) : Json(nullptr)}});
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
  router.add("POST", "/v1/webhooks/{}/test",
             [&house](const ExchangePtr& exchange) { test_webhook(house, exchange); });
  router.add("POST", "/v1/deliveries/{}/retry",
             [&house](const ExchangePtr& exchange) { retry_delivery(house, exchange); });
  router.add("POST", "/v1/deliveries/replay",
             [&house](const ExchangePtr& exchange) { replay(house, exchange); });
  router.add("GET", "/v1/deliveries",
             [&house](const ExchangePtr& exchange) { list_deliveries(house, exchange); });
  router.add("GET", "/v1/deliveries/{}",
             [&house](const ExchangePtr& exchange) { get_delivery(house, exchange); });
}

}  // namespace smm::api
