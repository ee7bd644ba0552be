#pragma once

#include "api/problem.h"

#include <nlohmann/json_fwd.hpp>
#include <tl/expected.hpp>

#include <string_view>

namespace smm::api {

// A request's body as JSON, read within bounds, so that no body holds the loop: at most 16 levels deep (more:
// 400 bad-json) and 100,000 values (more: 413 too-large). A key that is given twice in one object is 422
// validation-failed: which of the two was meant nobody knows.
[[nodiscard]] tl::expected<nlohmann::json, Problem> parse_body(std::string_view body);

}  // namespace smm::api
