#include "api/named_order.h"
#include "api/problem.h"
#include "api/readers.h"
#include "api/refill_view.h"
#include "api/routes.h"
#include "api/shapes.h"
#include "rules/refill.h"
#include "store/purchases.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>
#include <memory>

// Refills and cancels: asked for once each, listed, and why one would or would not be asked for by itself.
namespace smm::api {
namespace {

constexpr std::size_t most_at_once = 1000;

Json shown_decision(const OrderKey& key, const rules::RefillDecision& decision) {
  return {{"order", to_text(key)},
          {"ask", decision.reason == rules::RefillReason::due},
          {"reason", rules::to_text(decision.reason)},
          {"explain", rules::explain(decision.reason)},
          {"next_ask_at", shown_time(decision.next)},
          {"window_ends_at", shown_time(decision.window_ends_at)}};
}

// Whether a cancel may help. A person's is sent all the same: the panel decides.
Json shown_cancel_chance(actors::Station& station, const Order& order) {
  const auto said = [&]() -> std::pair<const char*, const char*> {
    if (station.cancels().under_way(order.row)) return {"asking", "one is on its way to the panel"};
    if (has_ended(order.status)) return {"ended", "the order has ended"};
    if (order.cancel_offered == false) return {"not_offered", "the panel offers no cancel for this service"};
    return {"open", "the order has not ended"};
  }();
  return {{"order", to_text(order.key)}, {"ask", std::string_view(said.first) == "open"},
          {"reason", said.first},        {"explain", said.second},
          {"next_ask_at", nullptr},      {"window_ends_at", nullptr}};
}

// What differs between the two, as far as answers go.
struct RefillFace {
  using Kind = actors::RefillKind;
  static constexpr const char* name = "refill";
  static auto& asking(actors::Station& station) { return station.refills(); }
  static Json shown(const Refill& refill) { return shown_refill(refill); }
  static Json chance(actors::Station& station, const Order& order) {
    return shown_decision(order.key, station.refiller().chance(order));
  }
};
struct CancelFace {
  using Kind = actors::CancelKind;
  static constexpr const char* name = "cancel";
  static auto& asking(actors::Station& station) { return station.cancels(); }
  static Json shown(const Cancel& cancel) { return shown_cancel(cancel); }
  static Json chance(actors::Station& station, const Order& order) {
    return shown_cancel_chance(station, order);
  }
};

Problem problem_of(const Refill& refill) {
  Problem problem{502, "upstream-error", refill.words, {}, {}};
  if (refill.refusal) problem.extra.emplace_back("refusal", std::string(to_text(*refill.refusal)));
  return problem;
}

Problem problem_of(const Cancel& cancel) {
  return {502, "upstream-error", cancel.words, {}, {}};
}

// The row as an answer: itself when the panel accepted, else what there is to say of it.
template <class Record, class State = decltype(Record::state)>
std::optional<Problem> objection(const Record& record, const char* name) {
  std::optional<Problem> problem;
  const char* sent = "yes";
  if (record.state == State::refused) {
    problem = problem_of(record);
  } else if (record.state == State::failed) {
    problem = Problem{502, "upstream-error", "not sent: " + record.words, {}, {}};
    sent = "no";
  } else if (record.state == State::unknown || record.state == State::asking) {
    problem = Problem{
        504,
        "upstream-ambiguous",
        "nobody can know whether the panel got it, and it is not sent again by itself: " + record.words,
        {},
        {}};
    sent = "unknown";
  }
  if (!problem) return std::nullopt;
  problem->extra.emplace_back("sent", sent);
  problem->extra.emplace_back(name, std::to_string(record.id));
  return problem;
}

template <class Face, class Result>
tl::expected<Json, Problem> outcome_of(const Result& result) {
  if (!result) return tl::unexpected(upstream_problem(result.error()));
  if (auto problem = objection(*result, Face::name)) return tl::unexpected(std::move(*problem));
  return Face::shown(*result);
}

std::optional<bool> read_dry_run(const ExchangePtr& exchange) {
  if (exchange->request().body.empty()) return false;
  const auto body = read_body(exchange);
  if (!body) return std::nullopt;
  std::vector<FieldError> errors;
  if (!body->is_object()) errors.push_back({"body", "must be an object"});
  bool dry_run = false;
  if (body->is_object()) {
    ObjectReader reader(*body, errors);
    dry_run = reader.flag("dry_run").value_or(false);
    reader.finish();
  }
  if (errors.empty()) return dry_run;
  exchange->refuse(validation_failed(std::move(errors)));
  return std::nullopt;
}

template <class Face>
typename Face::Kind::Record like(const ExchangePtr& exchange) {
  typename Face::Kind::Record record;
  record.cause = Cause::manual;
  record.asked_by = exchange->request().peer_uid;
  return record;
}

template <class Face>
void ask_one(House& house, const ExchangePtr& exchange) {
  QueryReader query(exchange->request());
  if (const auto problem = query.finish()) return exchange->refuse(*problem);
  const auto dry_run = read_dry_run(exchange);
  if (!dry_run) return;
  const auto key = named_order(exchange);
  if (!key) return;
  const auto order = house.store.find(*key);
  if (!order) return exchange->refuse(no_such_order(house, *key));
  auto* station = house.fleet.find(key->panel);
  if (station == nullptr) return exchange->refuse(panel_unknown(key->panel.text()));
  if (*dry_run) return exchange->answer(200, Face::chance(*station, *order));
  using Asking = std::remove_reference_t<decltype(Face::asking(*station))>;
  Face::asking(*station).ask({&*order, 1}, like<Face>(exchange), actors::PanelLine::Rank::person,
                             [exchange](const std::vector<typename Asking::Result>& results) {
                               auto outcome = outcome_of<Face>(results.front());
                               if (outcome) {
                                 exchange->answer(201, *outcome);
                               } else {
                                 exchange->refuse(outcome.error());
                               }
                             });
}

// Many at once, on several panels: one result an order, in the order asked.
struct ManyAnswer {
  ExchangePtr exchange;
  Json items = Json::array();
  std::size_t left = 0;

  void finish_one(std::size_t at, Json item) {
    items[at] = std::move(item);
    if (--left == 0) exchange->answer(200, {{"items", std::move(items)}});
  }
};

Json item_of(const OrderKey& key, const Problem& problem) {
  return {{"order", to_text(key)},
          {"status", problem.status},
          {"problem", Json::parse(to_json_text(unsent(problem)))}};
}

struct ManyWish {
  std::vector<OrderKey> orders;
  bool dry_run = false;
};

std::optional<ManyWish> read_many(const ExchangePtr& exchange) {
  const auto body = read_body(exchange);
  if (!body) return std::nullopt;
  std::vector<FieldError> errors;
  ManyWish wish;
  if (!body->is_object() || !body->contains("orders") || !(*body)["orders"].is_array()) {
    errors.push_back({"orders", "must be a list like [\"p1/23501\"]"});
  } else {
    const auto& orders = (*body)["orders"];
    if (orders.size() > most_at_once) errors.push_back({"orders", "holds more than 1000 orders"});
    for (std::size_t i = 0; i < orders.size() && errors.empty(); ++i) {
      const auto key =
          orders[i].is_string() ? order_key_from_text(orders[i].get<std::string>()) : std::nullopt;
      if (key) {
        wish.orders.push_back(*key);
      } else {
        errors.push_back({"orders." + std::to_string(i), "must be an order like p1/23501"});
      }
    }
    auto rest = *body;
    rest.erase("orders");
    ObjectReader reader(rest, errors);
    wish.dry_run = reader.flag("dry_run").value_or(false);
    reader.finish();
  }
  if (errors.empty()) return wish;
  exchange->refuse(validation_failed(std::move(errors)));
  return std::nullopt;
}

template <class Face>
void ask_many(House& house, const ExchangePtr& exchange) {
  QueryReader query(exchange->request());
  if (const auto problem = query.finish()) return exchange->refuse(*problem);
  const auto wish = read_many(exchange);
  if (!wish) return;
  if (wish->orders.empty()) return exchange->answer(200, {{"items", Json::array()}});
  const auto answer = std::make_shared<ManyAnswer>();
  answer->exchange = exchange;
  answer->left = wish->orders.size();
  for (std::size_t i = 0; i < wish->orders.size(); ++i) answer->items.push_back(nullptr);
  struct OfPanel {
    std::vector<Order> orders;
    std::vector<std::size_t> places;
  };
  std::map<PanelName, OfPanel> panels;
  for (std::size_t i = 0; i < wish->orders.size(); ++i) {
    const auto& key = wish->orders[i];
    auto* station = house.fleet.find(key.panel);
    auto order = house.store.find(key);
    if (station == nullptr) {
      answer->finish_one(i, item_of(key, panel_unknown(key.panel.text())));
    } else if (!order) {
      answer->finish_one(i, item_of(key, no_such_order(house, key)));
    } else if (wish->dry_run) {
      auto item = Face::chance(*station, *order);
      item["status"] = 200;
      answer->finish_one(i, std::move(item));
    } else {
      panels[key.panel].orders.push_back(std::move(*order));
      panels[key.panel].places.push_back(i);
    }
  }
  for (auto& each : panels) {
    const auto keys = [&] {
      std::vector<OrderKey> all;
      for (const auto& order : each.second.orders) all.push_back(order.key);
      return all;
    }();
    const auto places = each.second.places;
    auto& asking = Face::asking(*house.fleet.find(each.first));
    using Result = typename std::remove_reference_t<decltype(asking)>::Result;
    asking.ask(each.second.orders, like<Face>(exchange), actors::PanelLine::Rank::person,
               [answer, places, keys](const std::vector<Result>& results) {
                 for (std::size_t i = 0; i < results.size(); ++i) {
                   auto outcome = outcome_of<Face>(results[i]);
                   if (outcome) {
                     answer->finish_one(
                         places[i],
                         {{"order", to_text(keys[i])}, {"status", 201}, {Face::name, std::move(*outcome)}});
                   } else {
                     answer->finish_one(places[i], item_of(keys[i], outcome.error()));
                   }
                 }
               });
  }
}

template <class Query, class StateOf>
std::optional<Query> read_query(const ExchangePtr& exchange, StateOf state_of) {
  QueryReader query(exchange->request());
  Query wanted;
  if (const auto text = query.text("order")) {
    wanted.order = order_key_from_text(*text);
    if (!wanted.order) query.wrong("order", "must be an order like p1/23501");
  }
  for (auto& name : query.texts("panel")) wanted.panels.emplace_back(std::move(name));
  read_words(query, "state", state_of, wanted.states);
  wanted.limit = query.limit();
  wanted.cursor = query.text("cursor").value_or("");
  if (const auto problem = query.finish()) {
    exchange->refuse(*problem);
    return std::nullopt;
  }
  return wanted;
}

template <class Page, class Show>
void answer_page(const ExchangePtr& exchange, const tl::expected<Page, std::string>& page, Show show) {
  if (!page) return exchange->refuse(validation_failed({{"cursor", page.error()}}));
  auto items = Json::array();
  for (const auto& item : page->items) items.push_back(show(item));
  exchange->answer(200, shown_list(std::move(items), page->next));
}

void list_refills(House& house, const ExchangePtr& exchange) {
  const auto wanted = read_query<store::RefillQuery>(exchange, refill_state_from_text);
  if (wanted) answer_page(exchange, house.store.purchases().refills(*wanted), shown_refill);
}

void list_cancels(House& house, const ExchangePtr& exchange) {
  const auto wanted = read_query<store::CancelQuery>(exchange, cancel_state_from_text);
  if (wanted) answer_page(exchange, house.store.purchases().cancels(*wanted), shown_cancel);
}

void show_refill(House& house, const ExchangePtr& exchange) {
  QueryReader query(exchange->request());
  if (const auto problem = query.finish()) return exchange->refuse(*problem);
  const auto id = row_number(exchange->capture(0));
  const auto refill = id ? house.store.purchases().refill(*id) : std::nullopt;
  if (refill) return exchange->answer(200, shown_refill(*refill));
  exchange->refuse({404, "refill-not-found", "there is no refill " + exchange->capture(0), {}, {}});
}

void show_cancel(House& house, const ExchangePtr& exchange) {
  QueryReader query(exchange->request());
  if (const auto problem = query.finish()) return exchange->refuse(*problem);
  const auto id = row_number(exchange->capture(0));
  const auto cancel = id ? house.store.purchases().cancel(*id) : std::nullopt;
  if (cancel) return exchange->answer(200, shown_cancel(*cancel));
  exchange->refuse({404, "cancel-not-found", "there is no cancel " + exchange->capture(0), {}, {}});
}

// Order by order, why one is asked for by itself or not, and when next.
void list_eligible(House& house, const ExchangePtr& exchange) {
  QueryReader query(exchange->request());
  store::OrderQuery wanted;
  const auto panels = query.texts("panel");
  const auto keys = query.texts("order");
  wanted.limit = query.limit();
  wanted.cursor = query.text("cursor").value_or("");
  wanted.statuses = {OrderStatus::completed, OrderStatus::partial};
  std::vector<OrderKey> named;
  for (const auto& text : keys) {
    if (const auto key = order_key_from_text(text)) {
      named.push_back(*key);
    } else {
      query.wrong("order", "must be an order like p1/23501");
    }
  }
  if (const auto problem = query.finish()) return exchange->refuse(*problem);
  for (const auto& name : panels) {
    if (house.fleet.find(PanelName(name)) == nullptr) return exchange->refuse(panel_unknown(name));
    wanted.panels.emplace_back(name);
  }
  store::OrderPage page;
  if (keys.empty()) {
    auto found = house.store.orders(wanted);
    if (!found) return exchange->refuse(validation_failed({{"cursor", found.error()}}));
    page = std::move(*found);
  }
  for (const auto& key : named) {
    auto order = house.store.find(key);
    if (!order) return exchange->refuse(no_such_order(house, key));
    page.items.push_back(std::move(*order));
  }
  auto items = Json::array();
  for (const auto& order : page.items) {
    auto* station = house.fleet.find(order.key.panel);
    if (station == nullptr) continue;
    items.push_back(shown_decision(order.key, station->refiller().decide(order)));
  }
  exchange->answer(200, shown_list(std::move(items), page.next));
}

// What somebody counted by their own means.
void report_count(House& house, const ExchangePtr& exchange) {
  QueryReader query(exchange->request());
  if (const auto problem = query.finish()) return exchange->refuse(*problem);
  const auto body = read_body(exchange);
  if (!body) return;
  if (!body->is_object()) return exchange->refuse(validation_failed({{"body", "must be an object"}}));
  std::vector<FieldError> errors;
  ObjectReader reader(*body, errors);
  const auto count = reader.count("count");
  if (!count && !reader.has("count")) reader.wrong("count", "is missing");
  reader.finish();
  if (!errors.empty()) return exchange->refuse(validation_failed(std::move(errors)));
  const auto key = named_order(exchange);
  if (!key) return;
  const auto order = house.store.find(*key);
  if (!order) return exchange->refuse(no_such_order(house, *key));
  auto& purchases = house.store.purchases();
  std::optional<rules::CountReport> before;
  if (const auto known = purchases.reported_count(order->row)) before = {known->count, known->at};
  auto* station = house.fleet.find(key->panel);
  const auto* section =
      station == nullptr ? nullptr : rules::refill_policy_for(station->line().policy(), order->service);
  const auto drop = section == nullptr ? RefillPolicy().drop_per_mille : section->drop_per_mille;
  std::vector<EventDraft> events;
  const auto refills = purchases.refills_of(order->row);
  if (auto event = rules::drop_event(*order, *count, before, refills, drop))
    events.push_back(std::move(*event));
  const bool written =
      house.storage.write([&] { purchases.report_count(*key, *count, house.loop.now(), events); });
  if (!written) return exchange->refuse(storage_trouble(*house.storage.trouble()));
  if (station != nullptr) station->refiller().look_at(order->row);
  const auto after = house.store.find(*key);
  exchange->answer(200, shown_order(house, after.value_or(*order)));
}

}  // namespace

void add_refill_routes(Router& router, House& house) {
  const auto on = [&](const char* method, const char* pattern, void (*handler)(House&, const ExchangePtr&)) {
    router.add(method, pattern, [&house, handler](const ExchangePtr& exchange) { handler(house, exchange); });
  };
  on("POST", "/v1/orders/{}/{}/refill", ask_one<RefillFace>);
  on("POST", "/v1/orders/{}/{}/cancel", ask_one<CancelFace>);
  on("POST", "/v1/orders/{}/{}/count", report_count);
  on("POST", "/v1/refills", ask_many<RefillFace>);
  on("POST", "/v1/cancels", ask_many<CancelFace>);
  on("GET", "/v1/refills", list_refills);
  on("GET", "/v1/cancels", list_cancels);
  on("GET", "/v1/refills/eligible", list_eligible);
  on("GET", "/v1/refills/{}", show_refill);
  on("GET", "/v1/cancels/{}", show_cancel);
}

}  // namespace smm::api
