#include "api/named_order.h"
#include "api/readers.h"
#include "api/routes.h"
#include "api/shapes.h"

#include <nlohmann/json.hpp>

#include <algorithm>

// Reading orders: lists, one order (perhaps waiting for it), its history.
namespace smm::api {
namespace {

constexpr std::int64_t usual_limit = 100;
constexpr std::int64_t most_limit = 1000;
constexpr auto longest_wait = std::chrono::minutes(10);

std::optional<store::OrderSort> sort_from_text(const std::string& text) {
  if (text == "tracked") return store::OrderSort::tracked;
  if (text == "changed") return store::OrderSort::changed;
  if (text == "placed") return store::OrderSort::placed;
  return std::nullopt;
}

void read_filters(QueryReader& reader, store::OrderQuery& query) {
  for (auto& panel : reader.texts("panel")) {
    if (!is_valid_name(panel)) reader.wrong("panel", "\"" + panel + "\" is no panel's name");
    query.panels.emplace_back(std::move(panel));
  }
  for (const auto& text : reader.texts("status")) {
    const auto status = order_status_from_text(text);
    if (status) {
      query.statuses.push_back(*status);
    } else {
      reader.wrong("status",
                   "\"" + text +
                       "\" is no status; known are new, pending, processing, in_progress, completed, "
                       "partial, canceled, refunded, failed, active, paused and expired");
    }
  }
  for (auto& service : reader.texts("service")) query.services.emplace_back(std::move(service));
  query.labels = reader.with_prefix("label.");
  query.refs = reader.texts("ref");
  query.q = reader.text("q");
  query.stalled = reader.flag("stalled");
  query.settled = reader.flag("settled");
  query.lost = reader.flag("lost");
  query.updated_after = reader.time("updated_after");
}

void read_order(QueryReader& reader, store::OrderQuery& query) {
  if (const auto sort = reader.text("sort")) {
    const auto known = sort_from_text(*sort);
    if (!known) reader.wrong("sort", "must be tracked, changed or placed");
    query.sort = known.value_or(store::OrderSort::tracked);
  }
  if (const auto order = reader.text("order")) {
    if (*order != "asc" && *order != "desc") reader.wrong("order", "must be asc or desc");
    query.descending = *order != "asc";
  }
  query.limit = static_cast<std::size_t>(reader.count("limit", 1, most_limit, usual_limit));
  query.cursor = reader.text("cursor").value_or("");
}

void list_orders(House& house, const ExchangePtr& exchange) {
  QueryReader reader(exchange->request());
  store::OrderQuery query;
  read_filters(reader, query);
  read_order(reader, query);
  if (const auto problem = reader.finish()) return exchange->refuse(*problem);
  const auto page = house.store.orders(query);
  if (!page) return exchange->refuse(validation_failed({{"cursor", page.error()}}));
  auto items = Json::array();
  for (const auto& order : page->items) items.push_back(shown_order(house, order));
  exchange->answer(200, shown_list(std::move(items), page->next));
}

enum class Until : std::uint8_t { change, ended, settled };

std::optional<Until> until_from_text(const std::string& text) {
  if (text == "change") return Until::change;
  if (text == "ended") return Until::ended;
  if (text == "settled") return Until::settled;
  return std::nullopt;
}

struct Wish {
  OrderKey key;
  Until until = Until::change;
  std::int64_t revision = 0;
};

bool is_granted(const Wish& wish, const Order& order) {
  switch (wish.until) {
    case Until::change:
      return order.revision > wish.revision;
    case Until::ended:
      return has_ended(order.status);
    case Until::settled:
      return order.settled;
  }
  return true;
}

// Stays until the wish is granted, the order is gone or the time is over.
WaitRoom::Guest order_guest(House& house, const ExchangePtr& exchange, Wish wish) {
  return [&house, exchange, wish = std::move(wish)](WaitRoom::Call call, const store::Committed& news) {
    if (call == WaitRoom::Call::draining) {
      exchange->refuse(draining());
      return true;
    }
    const bool concerned = call != WaitRoom::Call::news ||
                           std::find(news.orders.begin(), news.orders.end(), wish.key) != news.orders.end();
    if (!concerned) return false;
    const auto order = house.store.find(wish.key);
    if (!order) {
      exchange->refuse(no_such_order(house, wish.key));
      return true;
    }
    const bool granted = is_granted(wish, *order);
    if (!granted && call == WaitRoom::Call::news) return false;
    auto json = shown_order(house, *order);
    if (!granted) json["timed_out"] = true;
    exchange->answer(200, json);
    return true;
  };
}

void get_order(House& house, WaitRoom& waits, const ExchangePtr& exchange) {
  QueryReader reader(exchange->request());
  const auto wait = reader.duration("wait", longest_wait);
  const auto until_text = reader.text("until");
  const bool revision_given = reader.text("revision").has_value();
  const auto revision = reader.count("revision", 0, INT64_MAX, 0);
  const auto until = until_from_text(until_text.value_or("change"));
  if (!until) reader.wrong("until", "must be change, ended or settled");
  if (!wait && (until_text || revision_given))
    reader.wrong("wait", "is missing: until and revision say what to wait for");
  if (const auto problem = reader.finish()) return exchange->refuse(*problem);
  const auto key = named_order(exchange);
  if (!key) return;
  const auto order = house.store.find(*key);
  if (!order) return exchange->refuse(no_such_order(house, *key));
  const Wish wish{*key, *until, revision_given ? revision : order->revision};
  if (!wait || is_granted(wish, *order)) return exchange->answer(200, shown_order(house, *order));
  waits.enter(exchange, *wait, order_guest(house, exchange, wish));
}

void get_history(House& house, const ExchangePtr& exchange) {
  QueryReader reader(exchange->request());
  const auto limit = static_cast<std::size_t>(reader.count("limit", 1, most_limit, usual_limit));
  const auto cursor = reader.text("cursor").value_or("");
  if (const auto problem = reader.finish()) return exchange->refuse(*problem);
  const auto key = named_order(exchange);
  if (!key) return;
  const auto order = house.store.find(*key);
  if (!order) return exchange->refuse(no_such_order(house, *key));
  const auto page = house.store.history(order->row, limit, cursor);
  if (!page) return exchange->refuse(validation_failed({{"cursor", page.error()}}));
  auto items = Json::array();
  for (const auto& point : page->items) items.push_back(shown_point(point));
  exchange->answer(200, shown_list(std::move(items), page->next));
}

}  // namespace

void add_order_routes(Router& router, House& house, WaitRoom& waits) {
  router.add("GET", "/v1/orders", [&house](const ExchangePtr& exchange) { list_orders(house, exchange); });
  router.add("GET", "/v1/orders/{}/{}",
             [&house, &waits](const ExchangePtr& exchange) { get_order(house, waits, exchange); });
  router.add("GET", "/v1/orders/{}/{}/history",
             [&house](const ExchangePtr& exchange) { get_history(house, exchange); });
}

}  // namespace smm::api
