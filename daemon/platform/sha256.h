#pragma once

#include <string>
#include <string_view>

namespace smm::platform {

// SHA-256 (FIPS 180-4) in 64 lower-case hex digits.
[[nodiscard]] std::string sha256_hex(std::string_view bytes);

}  // namespace smm::platform
