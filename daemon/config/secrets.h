#pragma once

#include "config/config.h"
#include "config/reader.h"
#include "domain/policy.h"

#include <tl/expected.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace smm::config {

// What a section's secret may be called and where it comes from.
struct SecretKeys {
  std::string_view file;        // path, relative to the configuration file
  std::string_view credential;  // name under $CREDENTIALS_DIRECTORY; empty = not offered
};

// The texts of the secrets a section names, white space stripped: one, or up to `most` when the key may hold
// a list. Complains about everything wrong with them, about both keys at once, and about neither when
// `required`. An empty text stands for a secret an offline reader may not see.
struct FoundSecret {
  const Entry* entry = nullptr;  // which named it
  const Node* value = nullptr;   // within `entry`
  std::string text;
  SecretSource source;
};
[[nodiscard]] std::vector<FoundSecret> read_secrets(Section& section, const SecretKeys& keys,
                                                    const Places& places, bool required,
                                                    std::size_t most = 1);

// The key of a webhook secret: `whsec_` and the base64 of 24 to 64 bytes, read strictly; or why it is
// refused, in words that quote nothing of it.
[[nodiscard]] tl::expected<Secret, std::string> decode_webhook_secret(std::string_view text);

}  // namespace smm::config
