#include "api/attempt.h"
#include "api/named_order.h"
#include "api/readers.h"
#include "api/routes.h"
#include "api/shapes.h"

#include <nlohmann/json.hpp>

// Changing what we know of orders: track, patch, untrack, purge, poll now.
namespace smm::api {
namespace {

constexpr std::size_t most_tracked_at_once = 1000;
constexpr std::size_t longest_ref = 256;
constexpr std::size_t longest_link = 2048;
// The clock of who tells us when an order ended may be ahead of ours by so much.
constexpr auto clocks_differ = std::chrono::minutes(10);
constexpr std::size_t longest_word = 64;

std::optional<store::TrackRequest> read_track(House& house, const nlohmann::json& object,
                                              std::vector<FieldError>& errors) {
  if (!object.is_object()) {
    errors.push_back({"order", "must be an object with at least panel and id"});
    return std::nullopt;
  }
  const auto errors_before = errors.size();
  ObjectReader reader(object, errors);
  store::TrackRequest request;
  const auto panel = reader.text("panel", 64);
  const auto id = reader.id("id");
  if (!panel && !reader.has("panel")) reader.wrong("panel", "is missing");
  if (!id && !reader.has("id")) reader.wrong("id", "is missing");
  if (panel && house.fleet.find(PanelName(*panel)) == nullptr) {
    reader.wrong("panel", panel_unknown(*panel).detail);
  }
  request.key = {PanelName(panel.value_or("")), OrderId(id.value_or(""))};
  if (auto service = reader.id("service")) request.service = ServiceId(std::move(*service));
  request.link = reader.text("link", longest_link);
  request.quantity = reader.count("quantity");
  request.ref = reader.text("ref", longest_ref);
  request.labels = reader.labels("labels").value_or(Labels());
  request.placed_at = reader.time("placed_at");
  request.ended_at = reader.time("ended_at");
  if (request.ended_at && *request.ended_at > house.loop.now() + clocks_differ) {
    reader.wrong("ended_at", "lies in the future: it says when the order ended");
  }
  request.quiet = reader.flag("quiet").value_or(false);
  reader.finish();
  if (errors.size() > errors_before) return std::nullopt;
  return request;
}

void take_up(House& house, const store::Tracked& tracked) {
  if (auto* station = house.fleet.find(tracked.order.key.panel); station != nullptr && tracked.is_new) {
    station->poller().track(tracked.order);
    station->refiller().look_at(tracked.order);
  }
}

// Alone, an unknown panel has a code of its own; beside other faults it is one of them.
Problem what_is_wrong(const nlohmann::json& body, std::vector<FieldError> errors) {
  const auto panel = body.is_object() ? body.find("panel") : body.end();
  if (errors.size() == 1 && errors.front().at == "panel" && panel != body.end() && panel->is_string()) {
    auto unknown = panel_unknown(panel->get<std::string>());
    if (errors.front().detail == unknown.detail) return unknown;
  }
  return validation_failed(std::move(errors));
}

void track_one(House& house, const ExchangePtr& exchange, const nlohmann::json& body) {
  std::vector<FieldError> errors;
  const auto request = read_track(house, body, errors);
  if (!request) return exchange->refuse(what_is_wrong(body, std::move(errors)));
  std::vector<store::Tracked> tracked;
  if (!house.storage.write([&] { tracked = house.store.track({&*request, 1}, house.loop.now()); })) {
    return exchange->refuse(storage_trouble(*house.storage.trouble()));
  }
  take_up(house, tracked.front());
  exchange->answer(tracked.front().is_new ? 201 : 200, shown_order(house, tracked.front().order));
}

void track_many(House& house, const ExchangePtr& exchange, const nlohmann::json& body) {
  if (body.size() > most_tracked_at_once) {
    return exchange->refuse(validation_failed({{"body", "holds more than 1000 orders"}}));
  }
  std::vector<store::TrackRequest> requests;
  std::vector<std::vector<FieldError>> errors(body.size());
  for (std::size_t i = 0; i < body.size(); ++i) {
    if (auto request = read_track(house, body[i], errors[i])) requests.push_back(std::move(*request));
  }
  std::vector<store::Tracked> tracked;
  if (!house.storage.write([&] { tracked = house.store.track(requests, house.loop.now()); })) {
    return exchange->refuse(storage_trouble(*house.storage.trouble()));
  }
  auto items = Json::array();
  auto next = tracked.begin();
  for (auto& wrong : errors) {
    if (wrong.empty()) {
      take_up(house, *next);
      items.push_back({{"status", next->is_new ? 201 : 200}, {"order", shown_order(house, next->order)}});
      ++next;
    } else {
      items.push_back(
          {{"status", 422}, {"problem", Json::parse(to_json_text(validation_failed(std::move(wrong))))}});
    }
  }
  exchange->answer(200, {{"items", std::move(items)}});
}

void track(House& house, const ExchangePtr& exchange) {
  QueryReader query(exchange->request());
  if (const auto problem = query.finish()) return exchange->refuse(*problem);
  const auto body = read_body(exchange);
  if (!body) return;
  if (body->is_array()) {
    track_many(house, exchange, *body);
  } else {
    track_one(house, exchange, *body);
  }
}

// {"refill": {"auto": "off"}}, or null for what the configuration says.
void read_refill_patch(const nlohmann::json& body, store::OrderPatch& patch,
                       std::vector<FieldError>& errors) {
  const auto given = body.find("refill");
  if (given == body.end()) return;
  if (!given->is_object()) {
    errors.push_back({"refill", "must be an object like {\"auto\": \"off\"}"});
    return;
  }
  ObjectReader reader(*given, errors, "refill.");
  const auto word = reader.text("auto", longest_word);
  const auto mode = word ? refill_auto_from_text(*word) : std::nullopt;
  if (word && !mode)
    reader.wrong("auto", "must be schedule, drop, off, or null for what the configuration says");
  if (reader.has("auto")) patch.refill_auto = mode;
  reader.finish();
}

void patch(House& house, const ExchangePtr& exchange) {
  QueryReader query(exchange->request());
  if (const auto problem = query.finish()) return exchange->refuse(*problem);
  const auto body = read_body(exchange);
  if (!body) return;
  if (!body->is_object()) return exchange->refuse(validation_failed({{"body", "must be an object"}}));
  std::vector<FieldError> errors;
  store::OrderPatch patch;
  read_refill_patch(*body, patch, errors);
  auto ours = *body;
  ours.erase("refill");
  ObjectReader reader(ours, errors);
  auto ref = reader.text("ref", longest_ref);
  auto labels = reader.labels("labels");
  if (reader.has("ref")) patch.ref = std::move(ref);
  if (reader.has("labels")) patch.labels = labels ? std::move(*labels) : Labels();
  reader.finish();
  if (!errors.empty()) return exchange->refuse(validation_failed(std::move(errors)));
  const auto key = named_order(exchange);
  if (!key) return;
  std::optional<Order> order;
  if (!house.storage.write([&] { order = house.store.patch(*key, patch, house.loop.now()); })) {
    return exchange->refuse(storage_trouble(*house.storage.trouble()));
  }
  if (!order) return exchange->refuse(no_such_order(house, *key));
  auto* station = house.fleet.find(key->panel);
  if (station != nullptr && patch.refill_auto) station->refiller().look_at(*order);
  exchange->answer(200, shown_order(house, *order));
}

void untrack(House& house, const ExchangePtr& exchange) {
  QueryReader query(exchange->request());
  const bool purge = query.flag("purge").value_or(false);
  if (const auto problem = query.finish()) return exchange->refuse(*problem);
  const auto key = named_order(exchange);
  if (!key) return;
  const auto order = house.store.find(*key);
  if (!order) return exchange->refuse(no_such_order(house, *key));
  auto* station = house.fleet.find(key->panel);
  const bool is_asked_for = station != nullptr && (station->refills().under_way(order->row) ||
                                                   station->cancels().under_way(order->row));
  if (purge && is_asked_for) {
    return exchange->refuse(
        {409,
         "conflict",
         "a refill or cancel of the order is on its way; what became of it must not be erased "
         "before it is known",
         {},
         {}});
  }
  const bool written = house.storage.write([&] {
    if (purge) {
      house.store.purge(*key);
    } else {
      house.store.untrack(*key, house.loop.now());
    }
  });
  if (!written) return exchange->refuse(storage_trouble(*house.storage.trouble()));
  if (station != nullptr) station->poller().forget(order->row);
  exchange->answer_nothing();
}

void poll_now(House& house, const ExchangePtr& exchange) {
  QueryReader query(exchange->request());
  if (const auto problem = query.finish()) return exchange->refuse(*problem);
  const auto key = named_order(exchange);
  if (!key) return;
  const auto order = house.store.find(*key);
  if (!order) return exchange->refuse(no_such_order(house, *key));
  auto* station = house.fleet.find(key->panel);
  if (station == nullptr) return exchange->refuse(panel_unknown(key->panel.text()));
  if (order->untracked) {
    return exchange->refuse(
        {409, "conflict", "the order is not tracked any more; track it again first", {}, {}});
  }
  const auto answer = [&house, exchange,
                       key = *key](const std::optional<actors::PanelLine::Refusal>& refusal) {
    if (refusal) return exchange->refuse(upstream_problem(*refusal));
    const auto after = house.store.find(key);
    if (!after) return exchange->refuse(no_such_order(house, key));
    exchange->answer(200, shown_order(house, *after));
  };
  station->poller().poll_now(order->row, attempted(house, exchange, answer));
}

}  // namespace

void add_track_routes(Router& router, House& house) {
  router.add("POST", "/v1/orders", [&house](const ExchangePtr& exchange) { track(house, exchange); });
  router.add("PATCH", "/v1/orders/{}/{}", [&house](const ExchangePtr& exchange) { patch(house, exchange); });
  router.add("DELETE", "/v1/orders/{}/{}",
             [&house](const ExchangePtr& exchange) { untrack(house, exchange); });
  router.add("POST", "/v1/orders/{}/{}/poll",
             [&house](const ExchangePtr& exchange) { poll_now(house, exchange); });
}

}  // namespace smm::api
