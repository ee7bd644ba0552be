#include "api/metrics_text.h"
#include "api/readers.h"
#include "api/routes.h"

#include <nlohmann/json.hpp>

// What Prometheus asks for.
namespace smm::api {
namespace {

// The rows of the webhooks that are in the configuration.
std::vector<store::WebhookRecord> configured_webhooks(House& house) {
  auto records = house.store.webhooks();
  std::erase_if(records, [&](const auto& record) { return house.courier.find(record.name) == nullptr; });
  return records;
}

void write_attempts(House& house, const std::vector<store::WebhookRecord>& webhooks, MetricsText& text) {
  text.family("webhook_deliveries_total", "counter", "Attempts to deliver, by what came of them.");
  for (const auto& record : webhooks) {
    const auto& name = record.name.text();
    const auto& tally = house.courier.find(record.name)->tally();
    text.sample({{"webhook", name}, {"result", "delivered"}}, tally.delivered);
    text.sample({{"webhook", name}, {"result", "refused"}}, tally.refused);
    text.sample({{"webhook", name}, {"result", "failed"}}, tally.failed);
    text.sample({{"webhook", name}, {"result", "gone"}}, tally.gone);
  }
}

void write_webhooks(House& house, MetricsText& text) {
  const auto webhooks = configured_webhooks(house);
  write_attempts(house, webhooks, text);
  text.family("webhook_queue_length", "gauge", "Deliveries that are pending.");
  for (const auto& record : webhooks) text.sample({{"webhook", record.name.text()}}, record.pending);
  text.family("webhook_oldest_pending_timestamp_seconds", "gauge",
              "When the oldest pending delivery was written; absent when there is none.");
  for (const auto& record : webhooks) {
    if (record.oldest_pending)
      text.sample_seconds({{"webhook", record.name.text()}}, to_millis(*record.oldest_pending));
  }
  text.family("webhook_dead", "gauge", "Deliveries that were given up.");
  for (const auto& record : webhooks) text.sample({{"webhook", record.name.text()}}, record.dead);
  text.family("webhook_disabled", "gauge", "1 when the endpoint answered 410 and is sent nothing more.");
  for (const auto& record : webhooks) text.sample({{"webhook", record.name.text()}}, record.disabled ? 1 : 0);
  text.family("webhook_down", "gauge", "1 while the endpoint is taken to be down and only probed.");
  for (const auto& record : webhooks) {
    const bool is_down = house.courier.find(record.name)->down().has_value();
    text.sample({{"webhook", record.name.text()}}, is_down ? 1 : 0);
  }
}

void get_metrics(House& house, const ExchangePtr& exchange) {
  if (const auto problem = QueryReader(exchange->request()).finish()) return exchange->refuse(*problem);
  MetricsText text;
  text.family("build_info", "gauge", "The program; always 1.");
  text.sample({{"version", SMM_VERSION}}, 1);
  text.family("events_seq", "gauge", "The number of the newest event.");
  text.sample({}, house.store.event_span().newest);
  text.family("db_size_bytes", "gauge", "The size of the database.");
  text.sample({}, house.store.size_bytes());
  write_webhooks(house, text);
  exchange->responder().send(
      {200, {{"Content-Type", "text/plain; version=0.0.4; charset=utf-8"}}, text.take()});
}

}  // namespace

void add_metrics_routes(Router& router, House& house) {
  router.add("GET", "/metrics", [&house](const ExchangePtr& exchange) { get_metrics(house, exchange); });
}

}  // namespace smm::api
