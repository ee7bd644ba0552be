#include "api/readers.h"
#include "api/routes.h"
#include "api/shapes.h"

#include <nlohmann/json.hpp>

namespace smm::api {
namespace {

const PanelPolicy* find_policy(const House& house, const std::string& name) {
  for (const auto& panel : house.policy().panels) {
    if (panel.name.text() == name) return &panel;
  }
  return nullptr;
}

// The panel the path names, both its policy and its poller; refuses the exchange if there is none.
const PanelPolicy* panel_of(const House& house, const ExchangePtr& exchange) {
  QueryReader reader(exchange->request());
  if (const auto problem = reader.finish()) {
    exchange->refuse(*problem);
    return nullptr;
  }
  const auto* policy = find_policy(house, exchange->capture(0));
  if (policy == nullptr) exchange->refuse(panel_unknown(exchange->capture(0)));
  return policy;
}

void list_panels(House& house, const ExchangePtr& exchange) {
  QueryReader reader(exchange->request());
  if (const auto problem = reader.finish()) return exchange->refuse(*problem);
  const auto counts = house.store.order_counts();
  auto items = Json::array();
  for (const auto& policy : house.policy().panels) items.push_back(shown_panel(house, policy, counts));
  exchange->answer(200, shown_list(std::move(items), std::nullopt));
}

void get_panel(House& house, const ExchangePtr& exchange) {
  const auto* policy = panel_of(house, exchange);
  if (policy != nullptr) exchange->answer(200, shown_panel(house, *policy, house.store.order_counts()));
}

Json shown_test(const actors::PanelLine::TestResult& result) {
  Json json;
  json["ok"] = result.balance.has_value();
  if (result.balance) {
    json["balance"] = result.balance->balance.text();
    json["currency"] = result.balance->currency ? Json(*result.balance->currency) : Json(nullptr);
  } else {
    const auto& error = result.balance.error().error;
    json["error"] = {{"kind", panel::to_text(error.kind)}, {"words", error.words}};
  }
  json["took_ms"] = result.took.count();
  return json;
}

// A balance call: the cheapest question that needs the key.
void test_panel(House& house, const ExchangePtr& exchange) {
  const auto* policy = panel_of(house, exchange);
  if (policy == nullptr) return;
  house.fleet.find(policy->name)->line().test([exchange](const actors::PanelLine::TestResult& result) {
    if (!result.balance && result.balance.error().why != actors::PanelLine::Refusal::Why::panel) {
      return exchange->refuse(upstream_problem(result.balance.error()));
    }
    exchange->answer(200, shown_test(result));
  });
}

void set_paused(House& house, const ExchangePtr& exchange, bool paused) {
  const auto* policy = panel_of(house, exchange);
  if (policy == nullptr) return;
  if (!house.storage.writable()) return exchange->refuse(storage_trouble(*house.storage.trouble()));
  auto& line = house.fleet.find(policy->name)->line();
  const bool done = paused ? line.pause() : line.resume();
  if (!done) return exchange->refuse(storage_trouble(*house.storage.trouble()));
  exchange->answer(200, shown_panel(house, *policy, house.store.order_counts()));
}

}  // namespace

void add_panel_routes(Router& router, House& house) {
  router.add("GET", "/v1/panels", [&house](const ExchangePtr& exchange) { list_panels(house, exchange); });
  router.add("GET", "/v1/panels/{}", [&house](const ExchangePtr& exchange) { get_panel(house, exchange); });
  router.add("POST", "/v1/panels/{}/test",
             [&house](const ExchangePtr& exchange) { test_panel(house, exchange); });
  router.add("POST", "/v1/panels/{}/pause",
             [&house](const ExchangePtr& exchange) { set_paused(house, exchange, true); });
  router.add("POST", "/v1/panels/{}/resume",
             [&house](const ExchangePtr& exchange) { set_paused(house, exchange, false); });
}

}  // namespace smm::api
