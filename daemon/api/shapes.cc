#include "api/shapes.h"

#include "api/refill_view.h"
#include "config/masking.h"
#include "rules/panel_health.h"
#include "store/catalogue.h"

#include <nlohmann/json.hpp>

namespace smm::api {
namespace {

template <class Value>
Json or_null(const std::optional<Value>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json id_or_null(const auto& id) {
  return id ? Json(id->text()) : Json(nullptr);
}

const PanelPolicy* policy_of(House& house, const PanelName& name) {
  for (const auto& panel : house.policy().panels) {
    if (panel.name == name) return &panel;
  }
  return nullptr;
}

Json children_of(House& house, const Order& order) {
  auto list = Json::array();
  if (order.kind == OrderKind::ordinary) return list;
  for (const auto& child : house.store.children_of(order.row)) list.push_back(child.text());
  return list;
}

Json service_name_of(House& house, const Order& order) {
  if (!order.service) return nullptr;
  const auto entry = house.store.catalogue().service(order.key.panel, *order.service);
  return entry ? text_or_null(entry->service.name) : Json(nullptr);
}

}  // namespace

Json text_or_null(const std::string& text) {
  return text.empty() ? Json(nullptr) : Json(text);
}

Json shown_time(const std::optional<Timestamp>& time) {
  return time ? Json(to_rfc3339(*time)) : Json(nullptr);
}

Json shown_order(House& house, const Order& order) {
  const auto* panel = policy_of(house, order.key.panel);
  auto* station = house.fleet.find(order.key.panel);
  const auto times = station == nullptr ? actors::Poller::Times{} : station->poller().times(order.row);
  auto currency = order.currency;
  if (!currency && panel != nullptr && !panel->currency.empty()) currency = panel->currency;
  Json json;
  json["panel"] = order.key.panel.text();
  json["id"] = order.key.id.text();
  json["service"] = id_or_null(order.service);
  json["service_name"] = service_name_of(house, order);
  json["link"] = or_null(order.link);
  json["quantity"] = or_null(order.quantity);
  json["status"] = to_text(order.status);
  json["status_text"] = text_or_null(order.status_text);
  json["start_count"] = or_null(order.start_count);
  json["remains"] = or_null(order.remains);
  json["delivered"] = or_null(delivered(order));
  json["charge"] = order.charge ? Json(order.charge->text()) : Json(nullptr);
  json["currency"] = or_null(currency);
  json["ref"] = or_null(order.ref);
  json["labels"] = order.labels;
  json["parent"] = id_or_null(order.parent);
  json["children"] = children_of(house, order);
  json["kind"] = to_text(order.kind);
  json["revision"] = order.revision;
  json["ended"] = has_ended(order.status);
  json["settled"] = order.settled;
  json["stalled"] = order.stalled;
  json["lost"] = order.lost;
  json["untracked"] = order.untracked;
  json["placed_at"] = shown_time(order.placed_at);
  json["tracked_at"] = to_rfc3339(order.tracked_at);
  json["changed_at"] = shown_time(order.changed_at);
  json["ended_at"] = shown_time(order.ended_at);
  json["polled_at"] = shown_time(times.polled_at ? times.polled_at : order.changed_at);
  json["next_poll_at"] = shown_time(times.next_poll_at);
  json["refill"] = shown_order_refill(house, order);
  json["cancel"] = shown_order_cancel(house, order);
  json["rate_at_placing"] = order.rate_at_placing ? Json(order.rate_at_placing->text()) : Json(nullptr);
  return json;
}

Json shown_point(const HistoryPoint& point) {
  return {{"at", to_rfc3339(point.at)},
          {"status", to_text(point.status)},
          {"status_text", text_or_null(point.status_text)},
          {"charge", point.charge ? Json(point.charge->text()) : Json(nullptr)},
          {"remains", or_null(point.remains)},
          {"start_count", or_null(point.start_count)}};
}

Json shown_refill(const Refill& refill) {
  return {{"id", refill.id},
          {"panel", refill.order.panel.text()},
          {"order", refill.order.id.text()},
          {"state", to_text(refill.state)},
          {"cause", to_text(refill.cause)},
          {"asked_by", refill.asked_by ? Json(*refill.asked_by) : Json(nullptr)},
          {"upstream_id", refill.upstream ? Json(refill.upstream->text()) : Json(nullptr)},
          {"words", text_or_null(refill.words)},
          {"refusal", refill.refusal ? Json(to_text(*refill.refusal)) : Json(nullptr)},
          {"not_before", shown_time(refill.not_before)},
          {"asked_at", to_rfc3339(refill.asked_at)},
          {"accepted_at", shown_time(refill.accepted_at)},
          {"changed_at", shown_time(refill.changed_at)},
          {"ended_at", shown_time(refill.ended_at)}};
}

Json shown_cancel(const Cancel& cancel) {
  return {{"id", cancel.id},
          {"panel", cancel.order.panel.text()},
          {"order", cancel.order.id.text()},
          {"state", to_text(cancel.state)},
          {"cause", to_text(cancel.cause)},
          {"asked_by", cancel.asked_by ? Json(*cancel.asked_by) : Json(nullptr)},
          {"words", text_or_null(cancel.words)},
          {"asked_at", to_rfc3339(cancel.asked_at)},
          {"answered_at", shown_time(cancel.answered_at)},
          {"ended_at", shown_time(cancel.ended_at)}};
}

Json shown_placement(const Placement& placement) {
  auto fields = Json::object();
  for (const auto& [name, value] : placement.fields) fields[name] = value;
  return {{"id", placement.id},
          {"panel", placement.panel.text()},
          {"state", to_text(placement.state)},
          {"sent", to_text(sent_of(placement.state))},
          {"order", placement.upstream ? Json(placement.upstream->text()) : Json(nullptr)},
          {"cause", to_text(placement.cause)},
          {"asked_by", placement.asked_by ? Json(*placement.asked_by) : Json(nullptr)},
          {"idempotency_key", placement.idempotency_key ? Json(*placement.idempotency_key) : Json(nullptr)},
          {"fields", std::move(fields)},
          {"ref", placement.ref ? Json(*placement.ref) : Json(nullptr)},
          {"labels", placement.labels},
          {"rate", placement.rate ? Json(placement.rate->text()) : Json(nullptr)},
          {"words", text_or_null(placement.words)},
          {"asked_at", to_rfc3339(placement.asked_at)},
          {"answered_at", shown_time(placement.answered_at)}};
}

Json shown_service(const CatalogueEntry& entry) {
  const auto& service = entry.service;
  const auto or_null = [](const auto& value) { return value ? Json(*value) : Json(nullptr); };
  return {{"service", service.id.text()},
          {"name", service.name},
          {"type", service.type},
          {"category", service.category},
          {"rate", service.rate ? Json(service.rate->text()) : Json(nullptr)},
          {"min", or_null(service.min)},
          {"max", or_null(service.max)},
          {"refill", or_null(service.refill)},
          {"cancel", or_null(service.cancel)},
          {"dripfeed", or_null(service.dripfeed)},
          {"first_seen_at", to_rfc3339(entry.first_seen_at)},
          {"changed_at", to_rfc3339(entry.changed_at)},
          {"removed_at", shown_time(entry.removed_at)}};
}

Json shown_panel(House& house, const PanelPolicy& policy, const store::Counts& counts) {
  Json by_status = Json::object();
  std::int64_t total = 0;
  for (const auto& count : counts.orders) {
    if (count.panel != policy.name) continue;
    by_status[std::string(to_text(count.status))] = count.orders;
    total += count.orders;
  }
  const auto of_panel = [&](const auto& list) {
    for (const auto& [name, orders] : list) {
      if (name == policy.name) return orders;
    }
    return std::int64_t{0};
  };
  auto* station = house.fleet.find(policy.name);
  const auto view = station == nullptr ? actors::PanelLine::View{} : station->line().view();
  const auto polls = station == nullptr ? actors::Poller::View{} : station->poller().view();
  const bool rests = view.health.rest_until > house.loop.now();
  Json json;
  json["name"] = policy.name.text();
  json["url"] = config::mask_panel_url(policy.url, policy.key.reveal());
  json["state"] = rules::to_text(view.health.state);
  json["paused"] = view.paused;
  json["since"] = to_rfc3339(view.health.since);
  json["resting_until"] = rests ? Json(to_rfc3339(view.health.rest_until)) : Json(nullptr);
  json["last_success_at"] = shown_time(view.last_success_at);
  json["last_error"] = nullptr;
  if (view.last_error_at) {
    json["last_error"] = {{"at", to_rfc3339(*view.last_error_at)},
                          {"kind", panel::to_text(view.last_error.kind)},
                          {"words", view.last_error.words}};
  }
  json["orders"] = {{"total", total},
                    {"stalled", of_panel(counts.stalled)},
                    {"lost", of_panel(counts.lost)},
                    {"by_status", std::move(by_status)}};
  json["due"] = polls.due;
  json["lag_seconds"] = static_cast<double>(polls.lag.count()) / 1000.0;
  json["in_flight"] = view.in_flight;
  json["batch_size"] = polls.batch_size;
  json["requests"] = view.requests;
  json["ids_asked"] = view.ids_asked;
  json["requests_per_minute"] = policy.requests_per_minute;
  json["max_in_flight"] = policy.max_in_flight;
  json.update(shown_balance(house, policy));
  json["balance_low"] = house.store.panel(policy.name).balance_low;
  json["refills"] = shown_panel_refills(house, policy);
  return json;
}

Json shown_balance(House& house, const PanelPolicy& policy) {
  const auto last = house.store.catalogue().last_balance(policy.name);
  const bool has_currency = last && !last->point.currency.empty();
  return {{"balance", last ? Json(last->point.balance.text()) : Json(nullptr)},
          {"currency", text_or_null(has_currency ? last->point.currency : policy.currency)}};
}

Json shown_webhook(House& house, const WebhookPolicy& policy, const store::WebhookRecord& record) {
  const auto* lane = house.courier.find(policy.name);
  Json json;
  json["name"] = policy.name.text();
  json["url"] = config::mask_webhook_url(policy.url);
  json["paused"] = record.paused;
  json["disabled"] = record.disabled;
  json["disabled_reason"] = text_or_null(record.disabled_reason);
  json["pending"] = record.pending;
  json["dead"] = record.dead;
  json["oldest_pending_at"] = shown_time(record.oldest_pending);
  json["last_delivered_at"] = shown_time(record.last_delivered_at);
  json["resting_until"] = lane == nullptr ? Json(nullptr) : shown_time(lane->resting_until());
  const auto down = lane == nullptr ? std::nullopt : lane->down();
  json["down_since"] = down ? Json(to_rfc3339(down->since)) : Json(nullptr);
  json["next_probe_at"] = down ? Json(to_rfc3339(down->next_probe_at)) : Json(nullptr);
  json["last_error"] = nullptr;
  if (lane != nullptr && lane->last_error()) {
    json["last_error"] = {{"at", to_rfc3339(lane->last_error()->at)}, {"words", lane->last_error()->words}};
  }
  return json;
}

Json shown_delivery(const store::Delivery& delivery) {
  return {
      {"id", delivery.id},
      {"webhook", delivery.webhook.text()},
      {"state", store::to_text(delivery.state)},
      {"event", {{"seq", delivery.event_seq}, {"id", delivery.event_id}, {"type", to_text(delivery.type)}}},
      {"order", delivery.order ? Json(to_text(*delivery.order)) : Json(nullptr)},
      {"tries", delivery.tries},
      {"created_at", to_rfc3339(delivery.created_at)},
      {"next_try_at", shown_time(delivery.next_try_at)},
      {"ended_at", shown_time(delivery.ended_at)}};
}

Json shown_attempt(const store::Attempt& attempt) {
  return {{"started_at", to_rfc3339(attempt.started_at)},
          {"ended_at", shown_time(attempt.ended_at)},
          {"outcome", text_or_null(attempt.outcome)},
          {"http_status", attempt.http_status == 0 ? Json(nullptr) : Json(attempt.http_status)},
          {"error", text_or_null(attempt.error)},
          {"response", text_or_null(attempt.response)}};
}

Problem upstream_problem(const actors::PanelLine::Refusal& refusal) {
  using Why = actors::PanelLine::Refusal::Why;
  switch (refusal.why) {
    case Why::busy:
      return {503,
              "panel-busy",
              "it could not be sent within 10 s and never will be; ask again",
              {},
              {{"sent", "no"}}};
    case Why::ending:
      return {503,
              "draining",
              "the program stops, or its configuration of this panel has changed; ask again in a moment",
              {},
              {}};
    case Why::storage:
      return storage_trouble("the database takes no writes");
    case Why::panel:
      break;
  }
  return {502,
          "upstream-error",
          refusal.error.words.empty() ? std::string(panel::to_text(refusal.error.kind)) : refusal.error.words,
          {},
          {{"kind", std::string(panel::to_text(refusal.error.kind))}}};
}

Json shown_list(Json items, const std::optional<std::string>& next) {
  return {{"items", std::move(items)}, {"next", next ? Json(*next) : Json(nullptr)}};
}

}  // namespace smm::api
