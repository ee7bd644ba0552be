#include "api/problem.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace smm::api {
namespace {

// The title says what the code says, in words: "order-not-found" → "Order not found".
std::string title_of(const std::string& code) {
  auto title = code;
  for (auto& c : title) {
    if (c == '-') c = ' ';
  }
  if (!title.empty() && title.front() >= 'a' && title.front() <= 'z')
    title.front() = static_cast<char>(title.front() - 32);
  return title;
}

}  // namespace

Problem order_not_found(const std::string& panel, const std::string& id) {
  return {404, "order-not-found", "order " + panel + "/" + id + " is not tracked here", {}, {}};
}

Problem panel_unknown(const std::string& panel) {
  return {404, "panel-unknown", "the configuration names no panel \"" + panel + "\"", {}, {}};
}

Problem webhook_unknown(const std::string& webhook) {
  return {404, "webhook-unknown", "the configuration names no webhook \"" + webhook + "\"", {}, {}};
}

Problem validation_failed(std::vector<FieldError> errors) {
  auto detail = errors.empty() ? std::string("the request does not fit")
                               : errors.front().at + ": " + errors.front().detail;
  if (errors.size() > 1) detail += " (and " + std::to_string(errors.size() - 1) + " more)";
  return {422, "validation-failed", std::move(detail), std::move(errors), {}};
}

Problem draining() {
  return {503, "draining", "the program is stopping; ask again in a moment", {}, {}};
}

Problem storage_trouble(const std::string& words) {
  return {503, "storage-trouble", "nothing was changed: " + words, {}, {}};
}

bool places_an_order(std::string_view method, std::string_view path) {
  return method == "POST" && path.starts_with("/v1/panels/") && path.ends_with("/orders");
}

bool asks_once(std::string_view method, std::string_view path) {
  if (method != "POST") return false;
  if (path == "/v1/refills" || path == "/v1/cancels" || places_an_order(method, path)) return true;
  return path.starts_with("/v1/orders/") && (path.ends_with("/refill") || path.ends_with("/cancel"));
}

Problem unsent(Problem problem) {
  const bool is_said = std::any_of(problem.extra.begin(), problem.extra.end(),
                                   [](const auto& member) { return member.first == "sent"; });
  if (!is_said) problem.extra.emplace_back("sent", "no");
  return problem;
}

std::string to_json_text(const Problem& problem) {
  nlohmann::ordered_json json = {{"type", "about:blank"},
                                 {"title", title_of(problem.code)},
                                 {"status", problem.status},
                                 {"code", problem.code},
                                 {"detail", problem.detail}};
  for (const auto& member : problem.extra) {
    std::visit([&](const auto& value) { json[member.first] = value; }, member.second);
  }
  for (const auto& error : problem.errors)
    json["errors"].push_back({{"at", error.at}, {"detail", error.detail}});
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

platform::HttpResponse to_response(const Problem& problem) {
  return {problem.status, {{"Content-Type", "application/problem+json"}}, to_json_text(problem) + "\n"};
}

}  // namespace smm::api
