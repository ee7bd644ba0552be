#include "platform/same_secret.h"

#include "platform/sha256.h"

#include <openssl/crypto.h>

namespace smm::platform {

bool same_secret(std::string_view given, std::string_view known) {
  const auto one = sha256_hex(given);
  const auto other = sha256_hex(known);
  return CRYPTO_memcmp(one.data(), other.data(), one.size()) == 0;
}

}  // namespace smm::platform
