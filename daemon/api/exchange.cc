#include "api/exchange.h"

#include <nlohmann/json.hpp>

#include <optional>
#include <string_view>

namespace smm::api {
namespace {

std::optional<std::vector<std::string>> match(std::string_view pattern, std::string_view path) {
  std::vector<std::string> captures;
  for (;;) {
    const auto hole = pattern.find("{}");
    const auto literal = pattern.substr(0, hole);
    if (path.substr(0, literal.size()) != literal) return std::nullopt;
    path.remove_prefix(literal.size());
    if (hole == std::string_view::npos)
      return path.empty() ? std::optional(std::move(captures)) : std::nullopt;
    pattern.remove_prefix(hole + 2);
    const auto segment = path.substr(0, path.find('/'));
    if (segment.empty()) return std::nullopt;
    captures.emplace_back(segment);
    path.remove_prefix(segment.size());
  }
}

}  // namespace

void Exchange::answer(int status, const Json& json, platform::HeaderList headers) {
  headers.insert(headers.begin(), {"Content-Type", "application/json"});
  responder_.send(
      {status, std::move(headers), json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n"});
}

void Exchange::answer_nothing() {
  responder_.send({204, {}, {}});
}

void Exchange::refuse(const Problem& problem) {
  responder_.send(to_response(asks_once(request_.method, request_.path) ? unsent(problem) : problem));
}

void Router::add(std::string method, std::string pattern, Handler handler) {
  routes_.push_back({std::move(method), std::move(pattern), std::move(handler)});
}

std::variant<Router::Match, Problem> Router::find(const std::string& method, const std::string& path) const {
  const auto& wanted = method == "HEAD" ? std::string("GET") : method;
  std::string allowed;
  for (const auto& route : routes_) {
    auto captures = match(route.pattern, path);
    if (!captures) continue;
    if (route.method == wanted) return Match{&route, std::move(*captures)};
    allowed += (allowed.empty() ? "" : ", ") + route.method;
  }
  if (allowed.empty()) {
    return Problem{404, "not-found", "there is nothing at " + path + "; GET / lists what there is", {}, {}};
  }
  return Problem{405, "method-not-allowed", path + " answers " + allowed, {}, {{"allow", allowed}}};
}

}  // namespace smm::api
