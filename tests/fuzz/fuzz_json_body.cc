#include "api/json_body.h"
#include "slow_json.h"
#include "target.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>

// JSON bodies of /v1 as they are read before any route sees them, and the problem that refuses one.

namespace smm::fuzz::json_body_fuzz {
namespace {

constexpr std::size_t deepest = 16;
constexpr std::size_t most_values = 100'000;

bool says_twice(const Slow& value) {
  return value.says_twice() || std::any_of(value.children.begin(), value.children.end(), says_twice);
}

// RFC 9457, and what the contract adds.
void check_problem(const api::Problem& problem) {
  const std::set<int> codes = {400, 413, 422};
  require(codes.count(problem.status) == 1, "a body's fault is none of the client's");
  const auto response = api::to_response(api::unsent(problem));
  require(response.status == problem.status, "a problem is answered with another code");
  require(response.headers == platform::HeaderList{{"Content-Type", "application/problem+json"}},
          "a problem is not called one");
  const auto json = nlohmann::json::parse(response.body, nullptr, false);
  require(json.is_object(), "a problem is no JSON", response.body);
  for (const auto* name : {"type", "title", "code", "detail"})
    require(
        json.contains(name) && json[name].is_string() && !json[name].get_ref<const std::string&>().empty(),
        "a problem says too little", response.body);
  require(json["status"] == problem.status && json["sent"] == "no", "a problem says another code",
          response.body);
  require(json.contains("errors") == (problem.status == 422), "a validation says no field, or another does",
          response.body);
}

std::size_t depth_of(const Slow& value) {
  std::size_t deepest_child = 0;
  for (const auto& child : value.children) deepest_child = std::max(deepest_child, depth_of(child));
  const bool is_container = value.kind == panel::Node::Kind::array || value.kind == panel::Node::Kind::object;
  return deepest_child + (is_container ? 1 : 0);
}

void run(std::string_view input) {
  const auto slow = read_slowly(input);
  const auto body = api::parse_body(input);
  if (!body) {
    check_problem(body.error());
    const bool is_moderate = slow.whole && slow.depth < deepest && slow.values <= most_values;
    require(!is_moderate || says_twice(slow.value), "JSON of moderate size is refused", input);
    return;
  }
  require(slow.whole, "a body is read that is no JSON", input);
  require(slow.depth <= deepest_slow && depth_of(slow.value) <= deepest && slow.values <= most_values,
          "more is read than was to be", input);
  require(!says_twice(slow.value), "a key that is given twice is read", input);
  const auto text = body->dump();
  const auto again = api::parse_body(text);
  require(again.has_value(), "what was read is refused", text);
  // Numbers beyond what a double holds are infinite, and written as null.
  require(*again == *body || text.find("null") != std::string::npos, "what was read reads as another", text);
}

const Registration here("json_body", run);

}  // namespace
}  // namespace smm::fuzz::json_body_fuzz
