#pragma once

#include <tl/expected.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace smm::config {

// An absolute URL in its parts, as written but for the scheme.
struct Url {
  std::string scheme;      // in small letters
  std::string user_info;   // `user:password`, without the @; usually empty
  std::string host;        // an IPv6 address with its brackets
  std::uint16_t port = 0;  // 0 = the scheme's own
  std::string rest;        // path and query; may be empty
};

// Or why it is refused, in words that quote nothing of it: URLs carry passwords and tokens. Refused is what
// is not plain printable ASCII, has no host, a bad port or a fragment.
[[nodiscard]] tl::expected<Url, std::string> parse_url(std::string_view text,
                                                       const std::vector<std::string_view>& schemes);

}  // namespace smm::config
