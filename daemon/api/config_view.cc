#include "api/config_view.h"

#include "api/shapes.h"
#include "config/masking.h"
#include "domain/event.h"
#include "domain/text.h"

#include <nlohmann/json.hpp>

namespace smm::api {
namespace {

Json shown_proxy(const std::string& proxy) {
  return text_or_null(proxy.empty() ? proxy : config::mask_url(proxy));
}

Json shown_poll(const PollPolicy& poll) {
  return {{"fastest", to_text(poll.fastest)},
          {"moving", to_text(poll.moving)},
          {"slowest", to_text(poll.slowest)},
          {"settle", to_text(poll.settle)},
          {"stalled_after", to_text(poll.stalled_after)},
          {"lost_after", to_text(poll.lost_after)}};
}

std::string percent(std::int64_t per_mille) {
  auto text = std::to_string(per_mille / 10);
  if (per_mille % 10 != 0) text += "." + std::to_string(per_mille % 10);
  return text + "%";
}

Json shown_refill_policy(const RefillPolicy& refill) {
  auto asks = Json::array();
  for (const auto& after : refill.ask_after) asks.push_back(to_text(after));
  Json json = {{"auto", to_text(refill.mode)}, {"ask_after", std::move(asks)}, {"gap", to_text(refill.gap)}};
  json["window"] = refill.window_from_service ? "service" : to_text(refill.default_window);
  json["default_window"] = to_text(refill.default_window);
  json["partial"] = refill.partial;
  json["drop"] = percent(refill.drop_per_mille);
  json["max_per_order"] = refill.max_per_order;
  return json;
}

// [panel.p1.refill]; a service may have one though its panel has none.
Json shown_refills(const PanelPolicy& panel) {
  if (!panel.refill && panel.refill_services.empty()) return nullptr;
  Json json = panel.refill ? shown_refill_policy(*panel.refill) : Json::object();
  for (const auto& [service, refill] : panel.refill_services)
    json["service"][service] = shown_refill_policy(refill);
  return json;
}

Json shown_panel_policy(const PanelPolicy& panel) {
  Json json;
  json["url"] = config::mask_panel_url(panel.url, panel.key.reveal());
  json[panel.key_source.is_credential ? "key_credential" : "key_file"] = panel.key_source.name;
  json["requests_per_minute"] = panel.requests_per_minute;
  json["max_in_flight"] = panel.max_in_flight;
  json["timeout"] = to_text(panel.timeout);
  json["place_timeout"] = to_text(panel.place_timeout);
  json["proxy"] = shown_proxy(panel.proxy);
  json["currency"] = text_or_null(panel.currency);
  json["compat_token_file"] =
      panel.compat_token_source ? Json(panel.compat_token_source->name) : Json(nullptr);
  json["track_on_sight"] = panel.track_on_sight;
  json["poll"] = shown_poll(panel.poll);
  json["balance"] = {{"every", to_text(panel.balance_every)},
                     {"low", panel.balance_low ? Json(panel.balance_low->text()) : Json(nullptr)}};
  json["services"] = {{"every", to_text(panel.services_every)}};
  json["refill"] = shown_refills(panel);
  auto words = Json::object();
  for (const auto& [word, status] : panel.status_words) words[word] = to_text(status);
  json["status_words"] = words.empty() ? Json(nullptr) : std::move(words);
  return json;
}

Json events_of(const WebhookPolicy& webhook) {
  if (!webhook.events.empty()) return webhook.events;
  auto list = Json::array();
  for (std::size_t i = 0; i < event_type_count; ++i) {
    const auto type = static_cast<EventType>(i);
    if (is_sent_by_default(type)) list.push_back(to_text(type));
  }
  return list;
}

Json shown_webhook_policy(const WebhookPolicy& webhook) {
  Json json;
  json["url"] = config::mask_webhook_url(webhook.url);
  auto sources = Json::array();
  bool is_credential = false;
  for (const auto& source : webhook.secret_sources) {
    sources.push_back(source.name);
    is_credential = source.is_credential;
  }
  json[is_credential ? "secret_credential" : "secret_file"] = sources.size() == 1 ? sources[0] : sources;
  json["events"] = events_of(webhook);
  auto panels = Json::array();
  for (const auto& panel : webhook.panels) panels.push_back(panel.text());
  json["panels"] = panels.empty() ? Json(nullptr) : std::move(panels);
  json["network"] = webhook.network == WebhookNetwork::local ? "local" : "public";
  json["proxy"] = shown_proxy(webhook.proxy);
  auto headers = Json::object();
  for (const auto& [name, value] : webhook.headers) headers[name] = config::mask;
  json["headers"] = headers.empty() ? Json(nullptr) : std::move(headers);
  json["rate"] = webhook.rate;
  return json;
}

}  // namespace

Json shown_config(const Policy& policy, const InForce& in_force) {
  Json json;
  json["file"] = in_force.file.string();
  json["state_directory"] = in_force.state.string();
  json["runtime_directory"] = in_force.runtime.string();
  json["in_force_since"] = to_rfc3339(in_force.since);
  json["database"] = {{"path", policy.database_path}};
  json["api"] = {{"socket", policy.api_socket},
                 {"read_only_socket", policy.read_only_socket},
                 {"compat_socket", policy.compat_socket}};
  json["poll"] = shown_poll(policy.poll);
  json["retention"] = {{"history", to_text(policy.retention.history)},
                       {"events", to_text(policy.retention.events)},
                       {"progress", to_text(policy.retention.progress)},
                       {"deliveries", to_text(policy.retention.deliveries)}};
  json["panel"] = Json::object();
  for (const auto& panel : policy.panels) json["panel"][panel.name.text()] = shown_panel_policy(panel);
  json["webhook"] = Json::object();
  for (const auto& webhook : policy.webhooks)
    json["webhook"][webhook.name.text()] = shown_webhook_policy(webhook);
  return json;
}

}  // namespace smm::api
