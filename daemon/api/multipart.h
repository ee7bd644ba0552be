#pragma once

#include <tl/expected.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace smm::api {

// The fields of a multipart/form-data body (RFC 7578), in order: names and contents of its parts as they are,
// files too. `content_type` names the boundary. The error is a sentence's end: "the body has no boundary".
[[nodiscard]] tl::expected<std::vector<std::pair<std::string, std::string>>, std::string> read_multipart(
    std::string_view content_type, std::string_view body, std::size_t most_parts);

}  // namespace smm::api
