#include "api/problem.h"
#include "api/readers.h"
#include "api/routes.h"
#include "api/shapes.h"
#include "rules/balance.h"
#include "store/catalogue.h"

#include <nlohmann/json.hpp>

#include <algorithm>

// What a panel offers, what changed in it, and what is left on the account: as the database has it.
namespace smm::api {
namespace {

// Of the balance's history, so much is looked at to find the rate of spending.
constexpr std::size_t history_page = 1000;
constexpr std::size_t most_history = 10'000;

const PanelPolicy* policy_of(const House& house, const ExchangePtr& exchange) {
  const auto& panels = house.policy().panels;
  const auto found = std::find_if(panels.begin(), panels.end(), [&](const PanelPolicy& panel) {
    return panel.name.text() == exchange->capture(0);
  });
  if (found != panels.end()) return &*found;
  exchange->refuse(panel_unknown(exchange->capture(0)));
  return nullptr;
}

struct PageWish {
  std::size_t limit = 100;
  std::string cursor;
};

PageWish read_page(QueryReader& query) {
  PageWish page;
  page.limit = static_cast<std::size_t>(query.count("limit", 1, 1000, 100));
  page.cursor = query.text("cursor").value_or("");
  return page;
}

Problem wrong_cursor(const std::string& detail) {
  return validation_failed({{"cursor", detail}});
}

void list_services(House& house, const ExchangePtr& exchange) {
  QueryReader query(exchange->request());
  const auto page = read_page(query);
  store::ServiceQuery wanted;
  wanted.q = query.text("q");
  wanted.removed = query.flag("removed").value_or(false);
  wanted.limit = page.limit;
  wanted.cursor = page.cursor;
  if (const auto problem = query.finish()) return exchange->refuse(*problem);
  const auto* policy = policy_of(house, exchange);
  if (policy == nullptr) return;
  auto& catalogue = house.store.catalogue();
  const auto found = catalogue.services(policy->name, wanted);
  if (!found) return exchange->refuse(wrong_cursor(found.error()));
  auto items = Json::array();
  for (const auto& entry : found->items) items.push_back(shown_service(entry));
  auto json = shown_list(std::move(items), found->next);
  json["seen_at"] = shown_time(catalogue.services_seen_at(policy->name));
  exchange->answer(200, json);
}

Json shown_change(const ServiceChange& change) {
  return {{"service", change.service.text()},
          {"kind", to_text(change.kind)},
          {"field", text_or_null(change.field)},
          {"before", change.before ? Json(*change.before) : Json(nullptr)},
          {"after", change.after ? Json(*change.after) : Json(nullptr)},
          {"open_orders", change.open_orders},
          {"at", to_rfc3339(change.at)}};
}

void list_changes(House& house, const ExchangePtr& exchange) {
  QueryReader query(exchange->request());
  const auto page = read_page(query);
  if (const auto problem = query.finish()) return exchange->refuse(*problem);
  const auto* policy = policy_of(house, exchange);
  if (policy == nullptr) return;
  const auto found = house.store.catalogue().service_changes(policy->name, page.limit, page.cursor);
  if (!found) return exchange->refuse(wrong_cursor(found.error()));
  auto items = Json::array();
  for (const auto& change : found->items) items.push_back(shown_change(change));
  exchange->answer(200, shown_list(std::move(items), found->next));
}

// Back to the first point older than the rate of spending is taken over.
std::vector<BalancePoint> recent_history(House& house, const PanelName& panel) {
  const auto since = house.loop.now() - rules::spending_period;
  std::vector<BalancePoint> points;
  std::string cursor;
  while (points.size() < most_history) {
    auto page = house.store.catalogue().balances(panel, history_page, cursor);
    if (!page) break;
    for (auto& point : page->items) points.push_back(std::move(point));
    if (!page->next || (!points.empty() && points.back().at < since)) break;
    cursor = std::move(*page->next);
  }
  return points;
}

Json shown_days_left(House& house, const PanelName& panel, const Money& balance) {
  const auto spent = rules::spending(recent_history(house, panel), house.loop.now());
  const auto days = spent ? rules::days_left(balance, *spent) : std::nullopt;
  return days ? Json(*days) : Json(nullptr);
}

void show_balance(House& house, const ExchangePtr& exchange) {
  QueryReader query(exchange->request());
  const auto page = read_page(query);
  if (const auto problem = query.finish()) return exchange->refuse(*problem);
  const auto* policy = policy_of(house, exchange);
  if (policy == nullptr) return;
  const auto history = house.store.catalogue().balances(policy->name, page.limit, page.cursor);
  if (!history) return exchange->refuse(wrong_cursor(history.error()));
  auto items = Json::array();
  for (const auto& point : history->items) {
    items.push_back({{"at", to_rfc3339(point.at)},
                     {"balance", point.balance.text()},
                     {"currency", text_or_null(point.currency)}});
  }
  auto json = shown_balance(house, *policy);
  const auto last = house.store.catalogue().last_balance(policy->name);
  json["since"] = last ? Json(to_rfc3339(last->point.at)) : Json(nullptr);
  json["checked_at"] = last ? Json(to_rfc3339(last->checked_at)) : Json(nullptr);
  json["low"] = last && last->low;
  json["threshold"] = policy->balance_low ? Json(policy->balance_low->text()) : Json(nullptr);
  json["days_left"] = last ? shown_days_left(house, policy->name, last->point.balance) : Json(nullptr);
  json["history"] = shown_list(std::move(items), history->next);
  exchange->answer(200, json);
}

}  // namespace

void add_catalogue_routes(Router& router, House& house) {
  router.add("GET", "/v1/panels/{}/services",
             [&house](const ExchangePtr& exchange) { list_services(house, exchange); });
  router.add("GET", "/v1/panels/{}/services/changes",
             [&house](const ExchangePtr& exchange) { list_changes(house, exchange); });
  router.add("GET", "/v1/panels/{}/balance",
             [&house](const ExchangePtr& exchange) { show_balance(house, exchange); });
}

}  // namespace smm::api
