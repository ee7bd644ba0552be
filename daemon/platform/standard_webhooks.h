#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace smm::platform {

[[nodiscard]] std::string to_base64(std::string_view bytes);  // RFC 4648 §4, padded

// One signature of the Standard Webhooks specification: `v1,` + base64 of HMAC-SHA256 over
// `id.timestamp.body`. `key` is the secret's decoded bytes, `timestamp` seconds since 1970.
[[nodiscard]] std::string webhook_signature(std::string_view key, std::string_view id, std::int64_t timestamp,
                                            std::string_view body);

}  // namespace smm::platform
