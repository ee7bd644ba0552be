#include "platform/standard_webhooks.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <stdexcept>

namespace smm::platform {

std::string to_base64(std::string_view bytes) {
  std::string encoded(4 * ((bytes.size() + 2) / 3) + 1, '\0');  // and the NUL the library writes
  const int size =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(encoded.data()),
                      reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  encoded.resize(static_cast<std::size_t>(size));
  return encoded;
}

std::string webhook_signature(std::string_view key, std::string_view id, std::int64_t timestamp,
                              std::string_view body) {
  std::string content;
  content.reserve(id.size() + body.size() + 24);
  content.append(id).append(".").append(std::to_string(timestamp)).append(".").append(body);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int length = 0;
  const auto* bytes = reinterpret_cast<const unsigned char*>(content.data());
  if (HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), bytes, content.size(), digest.data(),
           &length) == nullptr) {
    throw std::runtime_error("HMAC-SHA256 is not available");
  }
  return "v1," + to_base64({reinterpret_cast<const char*>(digest.data()), length});
}

}  // namespace smm::platform
