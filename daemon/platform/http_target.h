#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

// The target of a request line, taken apart.
namespace smm::platform {

struct HttpTarget {
  std::string path;                                        // percent-decoded
  std::vector<std::pair<std::string, std::string>> query;  // decoded, in order, repeated keys kept
};

// `path?key=value&key&…`. Escapes that are none (`%zz`, a `%` at the end) stay as they are; `+` is a space in
// the query only; a key without `=` has an empty value; empty pieces (`&&`) are skipped. Bytes are not
// judged: an escape may yield a NUL or invalid UTF-8.
[[nodiscard]] HttpTarget parse_target(std::string_view target);

}  // namespace smm::platform
