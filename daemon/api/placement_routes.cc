#include "api/attempt.h"
#include "api/problem.h"
#include "api/readers.h"
#include "api/routes.h"
#include "api/shapes.h"
#include "platform/sha256.h"
#include "rules/order_form.h"
#include "store/catalogue.h"
#include "store/purchases.h"

#include <nlohmann/json.hpp>

#include <algorithm>

// Placing orders: once, whatever happens, and asked again safely by the same key.
namespace smm::api {
namespace {

constexpr std::size_t longest_key = 255;
constexpr std::size_t longest_ref = 256;
constexpr std::size_t longest_field = std::size_t{1} << 20;

// Text as it is, whole numbers by their digits, lists by line.
std::optional<std::string> field_text(const nlohmann::json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number_integer()) return value.dump();
  if (!value.is_array()) return std::nullopt;
  std::string lines;
  for (const auto& line : value) {
    if (!line.is_string()) return std::nullopt;
    if (&line != &value.front()) lines += "\n";
    lines += line.get_ref<const std::string&>();
  }
  return lines;
}

struct Wish {
  actors::Placer::Order order;
  bool dry_run = false;
};

bool is_idempotency_key(std::string_view key) {
  return !key.empty() && key.size() <= longest_key &&
         std::all_of(key.begin(), key.end(), [](char c) { return c > ' ' && c <= '~'; });
}

// The whole body, field by field: what is not ours goes to the panel.
Wish read_wish(const nlohmann::json& body, std::vector<FieldError>& errors) {
  Wish wish;
  for (const auto& [name, value] : body.items()) {
    if (name == "ref" || name == "labels" || name == "dry_run" || value.is_null()) continue;
    if (name == "key" || name == "action") {
      errors.push_back({name, "is the daemon's own; leave it out"});
      continue;
    }
    auto text = field_text(value);
    if (!text) {
      errors.push_back({name, "must be text, a whole number, or a list of texts"});
    } else if (text->size() > longest_field) {
      errors.push_back({name, "is longer than 1 MiB"});
    } else {
      wish.order.fields.emplace_back(name, std::move(*text));
    }
  }
  auto ours = nlohmann::json::object();
  for (const auto* name : {"ref", "labels", "dry_run"}) {
    if (body.contains(name)) ours[name] = body[name];
  }
  ObjectReader reader(ours, errors);
  wish.order.ref = reader.text("ref", longest_ref);
  wish.order.labels = reader.labels("labels").value_or(Labels());
  wish.dry_run = reader.flag("dry_run").value_or(false);
  return wish;
}

// Of everything the key stands for, in an order of its own.
std::string digest_of(const actors::Placer::Order& order) {
  auto all = nlohmann::json::object();
  for (const auto& [name, value] : order.fields) all["fields"][name] = value;
  if (order.ref) all["ref"] = *order.ref;
  all["labels"] = order.labels;
  return platform::sha256_hex(all.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

Problem of_placement(Problem problem, const Placement& placement) {
  problem.extra.emplace_back("sent", std::string(to_text(sent_of(placement.state))));
  problem.extra.emplace_back("placement", std::to_string(placement.id));
  return problem;
}

// What a placement's row says, as an answer: the same for whoever asks first and whoever asks again.
void answer_placement(House& house, const ExchangePtr& exchange, const Placement& placement) {
  switch (placement.state) {
    case PlacementState::accepted:
    case PlacementState::resolved: {
      // What the panel said of it is known, whether or not the order can be read.
      Json order;
      house.storage.read([&] {
        if (!placement.upstream) return;
        const auto stored = house.store.find({placement.panel, *placement.upstream});
        if (stored) order = shown_order(house, *stored);
      });
      return exchange->answer(201, {{"placement", shown_placement(placement)}, {"order", std::move(order)}});
    }
    case PlacementState::refused:
      return exchange->refuse(of_placement({502, "upstream-error", placement.words, {}, {}}, placement));
    case PlacementState::failed:
      return exchange->refuse(
          of_placement({502, "upstream-error", "not sent: " + placement.words, {}, {}}, placement));
    case PlacementState::asking:
    case PlacementState::unknown:
      return exchange->refuse(of_placement(
          {504,
           "upstream-ambiguous",
           "nobody can know whether the panel got it, and it is not sent again by itself: " + placement.words,
           {},
           {}},
          placement));
  }
}

Json shown_cost(const rules::Cost& cost, const std::string& currency) {
  return {{"kind", rules::to_text(cost.kind)},
          {"amount", cost.amount ? Json(cost.amount->text()) : Json(nullptr)},
          {"currency", text_or_null(currency)}};
}

void answer_preview(House& house, const ExchangePtr& exchange, const PanelPolicy& policy, const Wish& wish,
                    const std::optional<CatalogueEntry>& entry) {
  const auto balance = house.store.catalogue().last_balance(policy.name);
  const auto currency =
      balance && !balance->point.currency.empty() ? balance->point.currency : policy.currency;
  auto complaints = Json::array();
  for (const auto& each : rules::check_form(wish.order.fields, entry)) {
    complaints.push_back({{"at", each.field}, {"detail", each.complaint}});
  }
  Json json;
  json["type"] = wish.order.type ? Json(rules::to_text(*wish.order.type)) : Json(nullptr);
  json["cost"] = shown_cost(
      rules::cost_of(wish.order.fields, entry ? std::optional(entry->service) : std::nullopt), currency);
  json["balance"] = nullptr;
  if (balance) {
    json["balance"] = {{"balance", balance->point.balance.text()},
                       {"currency", text_or_null(currency)},
                       {"at", to_rfc3339(balance->checked_at)}};
  }
  json["service"] = entry ? shown_service(*entry) : Json(nullptr);
  json["complaints"] = std::move(complaints);
  exchange->answer(200, json);
}

actors::Placer::Done answer_to(House& house, const ExchangePtr& exchange) {
  return [&house, exchange](const actors::Placer::Result& result) {
    if (result) return answer_placement(house, exchange, *result);
    exchange->refuse(unsent(upstream_problem(result.error())));
  };
}

// Asked before? True when the answer is the record's, or that of the one under way.
bool answered_by_record(House& house, const ExchangePtr& exchange, actors::Placer& placer,
                        const PanelName& panel, const actors::Placer::Order& order) {
  const auto mismatch = [&] {
    exchange->refuse(unsent({409,
                             "idempotency-mismatch",
                             "this Idempotency-Key stands for another order; take a new one",
                             {},
                             {}}));
    return true;
  };
  if (const auto* under_way = placer.under_way_by_key(*order.idempotency_key)) {
    if (under_way->digest != order.digest) return mismatch();
    placer.join(*under_way, order.is_client_gone, answer_to(house, exchange));
    return true;
  }
  const auto known = house.store.purchases().placement_by_key(panel, *order.idempotency_key,
                                                              house.loop.now() - store::keys_stand_for);
  if (!known) return false;
  if (known->digest != order.digest) return mismatch();
  answer_placement(house, exchange, *known);
  return true;
}

std::optional<CatalogueEntry> entry_of(House& house, const PanelName& panel, const PlacementFields& fields) {
  const auto service = rules::value_of(fields, "service");
  if (!service || !is_valid_id(*service)) return std::nullopt;
  return house.store.catalogue().service(panel, ServiceId(*service));
}

// As far as an order may be refused for what it says.
enum class CatalogueIs : std::uint8_t {
  stored,        // perhaps out of date
  fresh,         // asked for this moment
  out_of_reach,  // the stored one is all there is
};

// Sends the order, unless something speaks against it. What only the stored catalogue contradicts is looked
// up in a fresh one first. When that cannot be had, it decides nothing and the order is sent: a stale limit
// must not keep back what the panel would take, and the money is safe either way. The panel holds every order
// against its own limits, a refusal costs nothing, and what it accepts is what was asked for, once.
void consider(House& house, const ExchangePtr& exchange, const PanelName& panel, actors::Placer::Order order,
              CatalogueIs catalogue) {
  auto* station = house.fleet.find(panel);
  if (station == nullptr) return exchange->refuse(unsent(panel_unknown(panel.text())));
  if (answered_by_record(house, exchange, station->placer(), panel, order)) return;
  const auto entry = entry_of(house, panel, order.fields);
  if (entry) {
    order.type = rules::order_type_from_panel_word(entry->service.type);
    order.rate = entry->service.rate;
  }
  std::vector<FieldError> by_form;
  std::vector<FieldError> by_catalogue;
  for (auto& each : rules::check_form(order.fields, entry)) {
    auto& errors = each.ground == rules::Ground::form ? by_form : by_catalogue;
    errors.push_back({std::move(each.field), std::move(each.complaint)});
  }
  if (!by_form.empty()) return exchange->refuse(unsent(validation_failed(std::move(by_form))));
  if (!by_catalogue.empty() && catalogue == CatalogueIs::fresh) {
    return exchange->refuse(unsent(validation_failed(std::move(by_catalogue))));
  }
  if (!by_catalogue.empty() && catalogue == CatalogueIs::stored) {
    const auto go_on = [&house, exchange, panel,
                        order](const std::optional<actors::PanelLine::Refusal>& refusal) {
      consider(house, exchange, panel, order, refusal ? CatalogueIs::out_of_reach : CatalogueIs::fresh);
    };
    return station->catalogue().refresh(attempted(house, exchange, go_on));
  }
  station->placer().place(std::move(order), answer_to(house, exchange));
}

void place(House& house, const ExchangePtr& exchange) {
  QueryReader query(exchange->request());
  if (const auto problem = query.finish()) return exchange->refuse(unsent(*problem));
  const PanelName panel(exchange->capture(0));
  auto* station = house.fleet.find(panel);
  if (station == nullptr) return exchange->refuse(unsent(panel_unknown(panel.text())));
  const auto body = read_body(exchange);
  if (!body) return;
  if (!body->is_object()) return exchange->refuse(unsent(validation_failed({{"body", "must be an object"}})));
  std::vector<FieldError> errors;
  auto wish = read_wish(*body, errors);
  const std::string key(exchange->request().header("idempotency-key"));
  if (!wish.dry_run && !is_idempotency_key(key)) {
    errors.push_back({"Idempotency-Key",
                      "this header is needed: 1 to 255 printable characters, your own name for "
                      "this order, so that it can be asked for again safely"});
  }
  if (!errors.empty()) return exchange->refuse(unsent(validation_failed(std::move(errors))));
  if (wish.dry_run) {
    const auto entry = entry_of(house, panel, wish.order.fields);
    if (entry) wish.order.type = rules::order_type_from_panel_word(entry->service.type);
    return answer_preview(house, exchange, station->line().policy(), wish, entry);
  }
  auto& order = wish.order;
  order.idempotency_key = key;
  order.digest = digest_of(order);
  order.asker = {Cause::manual, exchange->request().peer_uid};
  order.is_client_gone = [exchange] { return exchange->responder().gone(); };
  consider(house, exchange, panel, std::move(order), CatalogueIs::stored);
}

void list_placements(House& house, const ExchangePtr& exchange) {
  QueryReader query(exchange->request());
  store::PlacementQuery wanted;
  for (auto& name : query.texts("panel")) wanted.panels.emplace_back(std::move(name));
  read_words(query, "state", placement_state_from_text, wanted.states);
  wanted.limit = query.limit();
  wanted.cursor = query.text("cursor").value_or("");
  if (const auto problem = query.finish()) return exchange->refuse(*problem);
  const auto page = house.store.purchases().placements(wanted);
  if (!page) return exchange->refuse(validation_failed({{"cursor", page.error()}}));
  auto items = Json::array();
  for (const auto& placement : page->items) items.push_back(shown_placement(placement));
  exchange->answer(200, shown_list(std::move(items), page->next));
}

std::optional<Placement> placement_of(House& house, const ExchangePtr& exchange) {
  const auto id = row_number(exchange->capture(0));
  auto placement = id ? house.store.purchases().placement(*id) : std::nullopt;
  if (!placement)
    exchange->refuse({404, "placement-not-found", "there is no placement " + exchange->capture(0), {}, {}});
  return placement;
}

void show_placement(House& house, const ExchangePtr& exchange) {
  QueryReader query(exchange->request());
  if (const auto problem = query.finish()) return exchange->refuse(*problem);
  if (const auto placement = placement_of(house, exchange))
    exchange->answer(200, shown_placement(*placement));
}

// A person says what became of one in doubt.
void resolve(House& house, const ExchangePtr& exchange) {
  QueryReader query(exchange->request());
  if (const auto problem = query.finish()) return exchange->refuse(*problem);
  const auto body = read_body(exchange);
  if (!body) return;
  std::vector<FieldError> errors;
  if (!body->is_object() || !body->contains("order")) {
    return exchange->refuse(
        validation_failed({{"order", "is missing: the panel's order id, or null for none"}}));
  }
  ObjectReader reader(*body, errors);
  const auto id = reader.id("order");
  reader.finish();
  if (!errors.empty()) return exchange->refuse(validation_failed(std::move(errors)));
  auto placement = placement_of(house, exchange);
  if (!placement) return;
  if (placement->state != PlacementState::unknown) {
    return exchange->refuse(
        {409,
         "conflict",
         "only an unknown placement is resolved; this one is " + std::string(to_text(placement->state)),
         {},
         {}});
  }
  placement->state = PlacementState::resolved;
  std::optional<store::Purchases::NewOrder> order;
  if (id) {
    if (const auto other = house.store.purchases().placement_by_order({placement->panel, OrderId(*id)})) {
      return exchange->refuse({409,
                               "conflict",
                               "that order is what placement " + std::to_string(other->id) +
                                   " brought; each order was placed once",
                               {},
                               {}});
    }
    placement->upstream = OrderId(*id);
    const auto entry = entry_of(house, placement->panel, placement->fields);
    const auto type = entry ? rules::order_type_from_panel_word(entry->service.type) : std::nullopt;
    order = actors::new_order_of(*placement, *placement->upstream, type);
  }
  const auto event = actors::place_event(EventType::place_resolved, *placement);
  std::optional<store::Tracked> tracked;
  const bool written = house.storage.write([&] {
    tracked = house.store.purchases().settle_placement(*placement, order, {&event, 1}, house.loop.now());
  });
  if (!written) return exchange->refuse(storage_trouble(*house.storage.trouble()));
  auto* station = house.fleet.find(placement->panel);
  if (tracked && station != nullptr) station->poller().track(tracked->order);
  const auto now_stored = house.store.purchases().placement(placement->id);
  exchange->answer(200, shown_placement(now_stored.value_or(*placement)));
}

}  // namespace

void add_placement_routes(Router& router, House& house) {
  router.add("POST", "/v1/panels/{}/orders",
             [&house](const ExchangePtr& exchange) { place(house, exchange); });
  router.add("GET", "/v1/placements",
             [&house](const ExchangePtr& exchange) { list_placements(house, exchange); });
  router.add("GET", "/v1/placements/{}",
             [&house](const ExchangePtr& exchange) { show_placement(house, exchange); });
  router.add("POST", "/v1/placements/{}/resolve",
             [&house](const ExchangePtr& exchange) { resolve(house, exchange); });
}

}  // namespace smm::api
