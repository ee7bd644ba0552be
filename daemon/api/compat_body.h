#pragma once

#include "platform/http_server.h"

#include <tl/expected.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// What a client of API v2 sent, however its library writes it.
namespace smm::api {

// Ids as they were given, each once, in order; not judged yet.
struct CompatIds {
  std::vector<std::string> ids;
  bool batch = false;  // asked for in a form for several, be it of one
};

// The parameters, decoded, in the order they came. Names may come twice.
class CompatFields {
 public:
  using All = std::vector<std::pair<std::string, std::string>>;

  CompatFields() = default;
  explicit CompatFields(All all) : all_(std::move(all)) {}

  [[nodiscard]] const All& all() const { return all_; }
  // The last of that name, as PHP has it.
  [[nodiscard]] std::optional<std::string> last(std::string_view name) const;
  // The ids under `many` ("orders"), else those under `one` ("order"), which may hold several too: separated
  // by commas or white space, as `orders[]`, `orders[0]`, or under a name that comes twice.
  [[nodiscard]] CompatIds ids(std::string_view many, std::string_view one) const;

 private:
  All all_;
};

// Reads the query and then the body: application/x-www-form-urlencoded, multipart/form-data or JSON, by its
// content type; without one, or with another, and where an urlencoded body begins with `{`, by its looks.
//
// In JSON a number keeps its digits, true is 1 and false 0, null is left out, a list of plain values is one
// value by lines, and what is nested otherwise gets PHP's names (`a[b]`, `a[0][b]`).
//
// The error is a sentence's end for the client: "the body is not JSON".
[[nodiscard]] tl::expected<CompatFields, std::string> read_compat_fields(
    const platform::HttpServerRequest& request);

}  // namespace smm::api
