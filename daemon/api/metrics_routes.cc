#include "api/metrics_panels.h"
#include "api/readers.h"
#include "api/routes.h"
#include "platform/process_usage.h"
#include "store/purchases.h"

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
  text.family("webhook_deliveries_total", "counter",
              "Attempts to deliver, by what came of them: delivered, refused (any other answer than 2xx and "
              "410), failed "
              "(no answer), gone (410).");
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

void write_database(House& house, MetricsText& text) {
  text.family("events_seq", "gauge", "The number of the newest event.");
  text.sample({}, house.store.event_span().newest);
  text.family("db_size_bytes", "gauge", "The size of the database.");
  text.sample({}, house.store.size_bytes());
  text.family("database_writable", "gauge",
              "0 while the database takes no writes, or cannot be read: nothing changes then.");
  text.sample({}, house.storage.writable() ? 1 : 0);
  text.family("placements_unknown", "gauge",
              "Placed orders of which nobody knows whether the panel got them; a person must find out.");
  text.sample({}, house.store.purchases().unknown_placements());
}

void write_config(House& house, MetricsText& text) {
  text.family("config_last_reload_successful", "gauge",
              "1 when the configuration was good when it was read last; 0: the one before is in force.");
  text.sample({}, house.reloaded.was_good ? 1 : 0);
  text.family("config_last_reload_success_timestamp_seconds", "gauge",
              "When the configuration in force was read.");
  text.sample_seconds({}, to_millis(house.reloaded.good_since.value_or(house.started_at)));
}

void write_requests(const AnswerCounts& answers, MetricsText& text) {
  text.family("api_requests_total", "counter",
              "Requests on the sockets, by the pattern of their path (\"other\" where there is none) and the "
              "status of the answer.");
  for (const auto& [answer, count] : answers) {
    text.sample({{"route", answer.first}, {"code", std::to_string(answer.second)}}, count);
  }
}

// What every client library of Prometheus tells of its process.
void write_process(MetricsText& text) {
  const auto usage = platform::process_usage();
  text.common_family("process_cpu_seconds_total", "counter",
                     "Total user and system CPU time spent in seconds.");
  text.sample_seconds({}, usage.cpu_ms);
  text.common_family("process_open_fds", "gauge", "Number of open file descriptors.");
  text.sample({}, usage.open_files);
  if (usage.most_files) {
    text.common_family("process_max_fds", "gauge", "Maximum number of open file descriptors.");
    text.sample({}, *usage.most_files);
  }
  text.common_family("process_virtual_memory_bytes", "gauge", "Virtual memory size in bytes.");
  text.sample({}, usage.virtual_bytes);
  text.common_family("process_resident_memory_bytes", "gauge", "Resident memory size in bytes.");
  text.sample({}, usage.resident_bytes);
  text.common_family("process_start_time_seconds", "gauge",
                     "Start time of the process since unix epoch in seconds.");
  text.sample_seconds({}, usage.started_ms);
}

void get_metrics(House& house, const AnswerCounts& answers, const ExchangePtr& exchange) {
  if (const auto problem = QueryReader(exchange->request()).finish()) return exchange->refuse(*problem);
  MetricsText text;
  text.family("build_info", "gauge", "The program; always 1.");
  text.sample({{"version", SMM_VERSION}}, 1);
  write_panels(house, text);
  write_webhooks(house, text);
  write_database(house, text);
  write_config(house, text);
  write_requests(answers, text);
  write_process(text);
  exchange->responder().send(
      {200, {{"Content-Type", "text/plain; version=0.0.4; charset=utf-8"}}, text.take()});
}

}  // namespace

void add_metrics_routes(Router& router, House& house, const AnswerCounts& answers) {
  router.add("GET", "/metrics",
             [&house, &answers](const ExchangePtr& exchange) { get_metrics(house, answers, exchange); });
}

}  // namespace smm::api
