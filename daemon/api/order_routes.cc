#include "api/named_order.h"
#include "api/readers.h"
#include "api/routes.h"
#include "api/shapes.h"

#include <nlohmann/json.hpp>

#include <algorithm>

// Reading orders: lists, one order (perhaps waiting for it), its history.
namespace smm::api {
namespace {

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
  query.limit = reader.limit();
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

struct WaitFor {
  OrderKey key;
  Until until = Until::change;
  std::int64_t revision = 0;
};

bool has_come(const WaitFor& awaited, const Order& order) {
  switch (awaited.until) {
    case Until::change:
      return order.revision > awaited.revision;
    case Until::ended:
      return has_ended(order.status);
    case Until::settled:
      return order.settled;
  }
  return true;
}

// Stays until what is awaited has come, the order is gone or the time is over.
WaitRoom::Guest order_guest(House& house, const ExchangePtr& exchange, WaitFor awaited) {
  return [&house, exchange, awaited = std::move(awaited)](WaitRoom::Call call, const store::Committed& news) {
    if (call == WaitRoom::Call::draining) {
      exchange->refuse(draining());
      return true;
    }
    const bool concerned = call != WaitRoom::Call::news || std::find(news.orders.begin(), news.orders.end(),
                                                                     awaited.key) != news.orders.end();
    if (!concerned) return false;
    const auto order = house.store.find(awaited.key);
    if (!order) {
      exchange->refuse(no_such_order(house, awaited.key));
      return true;
    }
    const bool came = has_come(awaited, *order);
    if (!came && call == WaitRoom::Call::news) return false;
    auto answer = shown_order(house, *order);
    if (!came) answer["timed_out"] = true;
    exchange->answer(200, answer);
    return true;
  };
}

void get_order(House& house, WaitRoom& waits, const ExchangePtr& exchange) {
  QueryReader reader(exchange->request());
  const auto wait = reader.wait();
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
  const WaitFor awaited{*key, *until, revision_given ? revision : order->revision};
  if (!wait || has_come(awaited, *order)) return exchange->answer(200, shown_order(house, *order));
  waits.enter(exchange, *wait, order_guest(house, exchange, awaited));
}

void get_history(House& house, const ExchangePtr& exchange) {
  QueryReader reader(exchange->request());
  const auto limit = reader.limit();
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
