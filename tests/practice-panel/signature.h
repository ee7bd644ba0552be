#pragma once

#include "practice-panel/http_server.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace smm::practice {

// What a receiver finds when it checks a webhook after the Standard Webhooks specification, version 1.
enum class SignatureVerdict : std::uint8_t {
  verified,
  header_missing,    // webhook-id, webhook-timestamp or webhook-signature
  timestamp_broken,  // not a whole number of seconds
  timestamp_stale,   // more than the tolerance from now, either way
  mismatch,          // no v1 signature fits any secret
};
std::string_view to_text(SignatureVerdict verdict);
std::optional<SignatureVerdict> signature_verdict_from_text(std::string_view text);

// HMAC-SHA256 over "id.timestamp.body" as "v1,<base64>". The secret is "whsec_<base64>" or bare base64.
// Throws std::invalid_argument when it is neither.
std::string sign_webhook(std::string_view secret, std::string_view id, std::string_view timestamp,
                         std::string_view body);

// Checks one delivery against several secrets, as during a rotation. Without a tolerance the age of the
// timestamp is not looked at.
SignatureVerdict check_webhook(const std::vector<std::string>& secrets, const Headers& headers,
                               std::string_view body, std::chrono::system_clock::time_point now,
                               std::optional<std::chrono::seconds> tolerance);

}  // namespace smm::practice
