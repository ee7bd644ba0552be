#include "api/config_view.h"
#include "api/openapi.h"
#include "api/readers.h"
#include "api/routes.h"
#include "api/shapes.h"
#include "platform/library_versions.h"

#include <nlohmann/json.hpp>

// The program itself: what it is, whether it is well, what it knows in numbers.
namespace smm::api {
namespace {

// For requests that take no query. Refuses the exchange if it has one.
bool has_no_query(const ExchangePtr& exchange) {
  const auto problem = QueryReader(exchange->request()).finish();
  if (problem) exchange->refuse(*problem);
  return !problem;
}

void get_root(const ExchangePtr& exchange) {
  if (!has_no_query(exchange)) return;
  exchange->answer(200, {{"name", "smm-tracker"},
                         {"version", SMM_VERSION},
                         {"links",
                          {{"version", "/v1/version"},
                           {"openapi", "/v1/openapi.json"},
                           {"health", "/v1/health"},
                           {"status", "/v1/status"},
                           {"orders", "/v1/orders"},
                           {"panels", "/v1/panels"},
                           {"services", "/v1/panels/{panel}/services"},
                           {"services_changes", "/v1/panels/{panel}/services/changes"},
                           {"balance", "/v1/panels/{panel}/balance"},
                           {"placements", "/v1/placements"},
                           {"refills", "/v1/refills"},
                           {"refills_eligible", "/v1/refills/eligible"},
                           {"cancels", "/v1/cancels"},
                           {"events", "/v1/events"},
                           {"webhooks", "/v1/webhooks"},
                           {"api_v2", "/api/v2"},
                           {"deliveries", "/v1/deliveries"},
                           {"config", "/v1/config"},
                           {"doctor", "/v1/doctor"},
                           {"metrics", "/metrics"}}}});
}

void get_version(const ExchangePtr& exchange) {
  if (!has_no_query(exchange)) return;
  Json json = {{"name", "smm-tracker"}, {"version", SMM_VERSION}, {"schema", store::migrations().size()}};
  for (const auto& [library, version] : platform::library_versions()) json[library] = version;
  exchange->answer(200, json);
}

void get_openapi(const ExchangePtr& exchange) {
  if (!has_no_query(exchange)) return;
  static const auto text = openapi_text();
  exchange->responder().send({200, {{"Content-Type", "application/json"}}, text});
}

// Ready: the database is open and takes writes (this answer shows that the sockets serve). Trouble of a panel
// or a webhook is none of the program's.
Json reasons_of(const House& house) {
  auto reasons = Json::array();
  if (!house.storage.writable()) reasons.push_back("database: " + *house.storage.trouble());
  return reasons;
}

void get_health(House& house, const ExchangePtr& exchange) {
  QueryReader reader(exchange->request());
  const auto level = reader.text("level").value_or("ready");
  if (level != "alive" && level != "ready") reader.wrong("level", "must be alive or ready");
  if (const auto problem = reader.finish()) return exchange->refuse(*problem);
  auto reasons = reasons_of(house);
  if (level == "alive" || reasons.empty()) return exchange->answer(200, {{"status", "ok"}});
  exchange->answer(503, {{"status", "trouble"}, {"reasons", std::move(reasons)}});
}

Json order_numbers(const store::Counts& counts) {
  std::int64_t total = 0;
  std::int64_t ended = 0;
  std::map<std::string, std::int64_t> by_status;
  for (const auto& count : counts.orders) {
    total += count.orders;
    if (has_ended(count.status)) ended += count.orders;
    by_status[std::string(to_text(count.status))] += count.orders;
  }
  const auto sum = [](const auto& list) {
    std::int64_t all = 0;
    for (const auto& [name, orders] : list) all += orders;
    return all;
  };
  return {{"total", total},           {"active", total - ended},
          {"ended", ended},           {"stalled", sum(counts.stalled)},
          {"lost", sum(counts.lost)}, {"by_status", by_status}};
}

void get_status(House& house, const ExchangePtr& exchange) {
  if (!has_no_query(exchange)) return;
  const auto counts = house.store.order_counts();
  const auto span = house.store.event_span();
  auto reasons = reasons_of(house);
  Json json;
  json["version"] = SMM_VERSION;
  json["started_at"] = to_rfc3339(house.started_at);
  json["ready"] = reasons.empty();
  json["reasons"] = std::move(reasons);
  json["orders"] = order_numbers(counts);
  json["panels"] = Json::array();
  for (const auto& policy : house.policy().panels)
    json["panels"].push_back(shown_panel(house, policy, counts));
  json["webhooks"] = Json::array();
  for (const auto& record : house.store.webhooks()) {
    for (const auto& policy : house.policy().webhooks) {
      if (policy.name == record.name) json["webhooks"].push_back(shown_webhook(house, policy, record));
    }
  }
  json["events"] = {{"oldest", span.oldest}, {"newest", span.newest}};
  json["configuration"] = {
      {"reload_refused", !house.reloaded.was_good},
      {"in_force_since", to_rfc3339(house.reloaded.good_since.value_or(house.started_at))}};
  json["database"] = {{"bytes", house.store.size_bytes()}, {"writable", house.storage.writable()}};
  exchange->answer(200, json);
}

void get_config(House& house, const ExchangePtr& exchange) {
  if (has_no_query(exchange)) exchange->answer(200, shown_config(house.policy(), house.in_force()));
}

void reload(House& house, const ExchangePtr& exchange) {
  if (!has_no_query(exchange)) return;
  if (!house.storage.readable()) {
    return exchange->refuse(storage_trouble(house.storage.trouble().value_or("the database cannot be read")));
  }
  const auto changed = house.reload();
  if (changed) return exchange->answer(200, {{"ok", true}, {"changed", *changed}});
  auto problem = Json::parse(
      to_json_text({422, "config-invalid", "the configuration has errors; nothing changed", {}, {}}));
  problem["complaints"] = changed.error();
  exchange->responder().send({422, {{"Content-Type", "application/problem+json"}}, problem.dump() + "\n"});
}

}  // namespace

void add_service_routes(Router& router, House& house) {
  router.add("GET", "/", [](const ExchangePtr& exchange) { get_root(exchange); });
  router.add("GET", "/v1/version", [](const ExchangePtr& exchange) { get_version(exchange); });
  router.add("GET", "/v1/openapi.json", [](const ExchangePtr& exchange) { get_openapi(exchange); });
  router.add("GET", "/v1/health", [&house](const ExchangePtr& exchange) { get_health(house, exchange); });
  router.add("GET", "/v1/status", [&house](const ExchangePtr& exchange) { get_status(house, exchange); });
  router.add("GET", "/v1/config", [&house](const ExchangePtr& exchange) { get_config(house, exchange); });
  router.add("POST", "/v1/config/reload", [&house](const ExchangePtr& exchange) { reload(house, exchange); });
}

}  // namespace smm::api
