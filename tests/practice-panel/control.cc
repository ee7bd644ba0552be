#include "practice-panel/quirk_set.h"
#include "practice-panel/server.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <stdexcept>

namespace smm::practice {
namespace {

using nlohmann::ordered_json;

template <class Value>
std::optional<Value> optional_of(const ordered_json& json, const char* field) {
  if (!json.contains(field) || json[field].is_null()) return std::nullopt;
  return json[field].get<Value>();
}

std::optional<Ms> optional_ms(const ordered_json& json, const char* field) {
  const auto count = optional_of<std::int64_t>(json, field);
  return count ? std::optional<Ms>(*count) : std::nullopt;
}

ordered_json quirk_json(const Quirk& quirk) {
  ordered_json json{{"name", quirk.name},
                    {"action", quirk.action},
                    {"orders", quirk.order_ids},
                    {"probability", quirk.probability},
                    {"parameter", quirk.parameter}};
  if (quirk.from) json["from_ms"] = quirk.from->count();
  if (quirk.until) json["until_ms"] = quirk.until->count();
  if (quirk.count) json["count"] = *quirk.count;
  return json;
}

ordered_json get_state(PracticeServer& server) {
  auto panels = ordered_json::array();
  for (const auto& name : server.panel_names()) {
    auto& panel = server.panel(name);
    auto quirks = ordered_json::array();
    for (const auto& quirk : panel.quirks()) quirks.push_back(quirk_json(quirk));
    panels.push_back({{"name", name},
                      {"orders", panel.order_ids().size()},
                      {"balance", panel.balance()},
                      {"requests", server.ledger().requests(name)},
                      {"quirks", std::move(quirks)}});
  }
  return {{"clock_ms", server.clock().now().count()}, {"panels", std::move(panels)}};
}

ordered_json get_order(PracticeServer& server, const std::string& place) {
  const auto slash = place.find('/');
  if (slash == std::string::npos) throw std::invalid_argument("the path is /control/state/PANEL/ORDER");
  auto& panel = server.panel(place.substr(0, slash));
  const auto id = place.substr(slash + 1);
  const auto state = panel.order_state(id);
  if (!state) throw std::invalid_argument("there is no order called " + id);
  return {{"status", state->status},   {"charge", state->charge},     {"start_count", state->start_count},
          {"remains", state->remains}, {"currency", state->currency}, {"children", panel.children(id)}};
}

ordered_json get_quirks() {
  auto list = ordered_json::array();
  for (const auto& kind : quirk_kinds())
    list.push_back({{"name", kind.name}, {"stage", to_text(kind.stage)}, {"about", kind.about}});
  return list;
}

ordered_json post_quirk(PracticeServer& server, const ordered_json& body) {
  Quirk quirk;
  quirk.name = body.at("name").get<std::string>();
  quirk.action = body.value("action", "");
  quirk.order_ids = body.value("orders", std::vector<std::string>());
  quirk.from = optional_ms(body, "from_ms");
  quirk.until = optional_ms(body, "until_ms");
  if (const auto time = optional_ms(body, "for_ms")) quirk.until = server.clock().now() + *time;
  quirk.count = optional_of<unsigned>(body, "count");
  quirk.probability = body.value("probability", 1.0);
  quirk.parameter = body.value("parameter", "");
  server.panel(body.at("panel").get<std::string>()).add_quirk(std::move(quirk));
  return {{"ok", true}};
}

ordered_json delete_quirks(PracticeServer& server, const std::string& panel) {
  for (const auto& name : server.panel_names())
    if (panel.empty() || panel == name) server.panel(name).clear_quirks();
  return {{"ok", true}};
}

void change_order(PracticePanel& panel, const ordered_json& body) {
  OrderPatch patch;
  patch.status = optional_of<std::string>(body, "status");
  patch.charge = optional_of<std::string>(body, "charge");
  patch.start_count = optional_of<std::string>(body, "start_count");
  patch.remains = optional_of<std::string>(body, "remains");
  patch.currency = optional_of<std::string>(body, "currency");
  if (body.contains("reply")) patch.raw_json = dump(body["reply"]);
  panel.set_order(body.at("order").get<std::string>(), patch, optional_ms(body, "from_ms"));
}

ordered_json post_orders(PracticeServer& server, const ordered_json& body) {
  auto& panel = server.panel(body.at("panel").get<std::string>());
  if (body.contains("refill")) {
    panel.set_refill(body["refill"].get<std::string>(), body.at("status").get<std::string>());
    return {{"ok", true}};
  }
  if (body.contains("order")) {
    change_order(panel, body);
    return {{"ok", true}};
  }
  SeedOptions options;
  options.first_id = optional_of<std::uint64_t>(body, "first_id");
  options.text_prefix = body.value("text_prefix", "");
  options.service = body.value("service", 1L);
  const auto count = body.at("count").get<std::size_t>();
  return {{"orders", panel.seed_orders(count, body.value("seed", std::uint64_t{1}), options)}};
}

ordered_json post_clock(PracticeServer& server, const ordered_json& body) {
  if (const auto by = optional_ms(body, "advance_ms")) server.advance(*by);
  if (const auto speed = optional_of<double>(body, "speed")) server.clock().set_speed(*speed);
  return {{"clock_ms", server.clock().now().count()}};
}

ordered_json post_panel(PracticeServer& server, const ordered_json& body) {
  const auto name = body.at("name").get<std::string>();
  const auto names = server.panel_names();
  if (std::find(names.begin(), names.end(), name) == names.end()) {
    PanelOptions options;
    options.name = name;
    server.add_panel(options);
  }
  auto& panel = server.panel(name);
  if (const auto key = optional_of<std::string>(body, "key")) panel.set_key(*key);
  if (const auto balance = optional_of<std::string>(body, "balance")) panel.set_balance(*balance);
  return {{"ok", true}};
}

ordered_json answer_json(PracticeServer& server, const HttpRequest& request, const std::string& place) {
  if (request.method == "GET") {
    if (place == "state") return get_state(server);
    if (place.starts_with("state/")) return get_order(server, place.substr(6));
    if (place == "quirks") return get_quirks();
  } else if (request.method == "DELETE") {
    if (place == "quirks") return delete_quirks(server, "");
    if (place.starts_with("quirks/")) return delete_quirks(server, place.substr(7));
  } else if (request.method == "POST") {
    const auto body = ordered_json::parse(request.body);
    if (place == "quirks") return post_quirk(server, body);
    if (place == "orders") return post_orders(server, body);
    if (place == "clock") return post_clock(server, body);
    if (place == "panels") return post_panel(server, body);
  }
  throw std::invalid_argument("there is no " + request.method + " " + request.path);
}

}  // namespace

HttpReply answer_control(PracticeServer& server, const HttpRequest& request) {
  const auto place = request.path.substr(std::string_view("/control/").size());
  HttpReply reply;
  if (request.method == "GET" && place == "ledger") {
    reply.headers.emplace_back("Content-Type", "application/x-ndjson");
    reply.body = server.ledger().ndjson();
    return reply;
  }
  reply.headers.emplace_back("Content-Type", "application/json");
  try {
    reply.body = dump(answer_json(server, request, place)) + "\n";
  } catch (const std::exception& error) {
    reply.status = 400;
    reply.body = dump({{"error", error.what()}}) + "\n";
  }
  return reply;
}

}  // namespace smm::practice
