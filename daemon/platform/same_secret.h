#pragma once

#include <string_view>

namespace smm::platform {

// Whether two secrets are the same. How long it takes tells neither where they differ nor how long the one
// that is known here is: digests of a fixed length are compared, in constant time.
[[nodiscard]] bool same_secret(std::string_view given, std::string_view known);

}  // namespace smm::platform
