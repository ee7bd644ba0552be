#include "practice-panel/signature.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <stdexcept>
#include <utility>

namespace smm::practice {
namespace {

constexpr std::array verdict_texts{
    std::pair{SignatureVerdict::verified, std::string_view("signature verified")},
    std::pair{SignatureVerdict::header_missing, std::string_view("signature header missing")},
    std::pair{SignatureVerdict::timestamp_broken, std::string_view("timestamp broken")},
    std::pair{SignatureVerdict::timestamp_stale, std::string_view("timestamp stale")},
    std::pair{SignatureVerdict::mismatch, std::string_view("signature mismatch")},
};

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::vector<unsigned char> decode_secret(std::string_view secret) {
  if (secret.starts_with("whsec_")) secret.remove_prefix(6);
  std::vector<unsigned char> key(secret.size());
  const int length = EVP_DecodeBlock(key.data(), bytes_of(secret), static_cast<int>(secret.size()));
  if (secret.empty() || length < 0) throw std::invalid_argument("a webhook secret is whsec_ and base64");
  const auto padding =
      std::count(secret.end() - std::min<std::ptrdiff_t>(2, std::ssize(secret)), secret.end(), '=');
  key.resize(static_cast<std::size_t>(length - padding));
  return key;
}

bool equal(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

bool any_fits(std::string_view given, std::string_view expected) {
  while (!given.empty()) {
    const auto end = std::min(given.find(' '), given.size());
    if (equal(given.substr(0, end), expected)) return true;
    given.remove_prefix(std::min(end + 1, given.size()));
  }
  return false;
}

}  // namespace

std::string_view to_text(SignatureVerdict verdict) {
  const auto* found = std::find_if(verdict_texts.begin(), verdict_texts.end(),
                                   [verdict](const auto& entry) { return entry.first == verdict; });
  return found == verdict_texts.end() ? std::string_view() : found->second;
}

std::optional<SignatureVerdict> signature_verdict_from_text(std::string_view text) {
  for (const auto& [verdict, name] : verdict_texts)
    if (name == text) return verdict;
  return std::nullopt;
}

std::string sign_webhook(std::string_view secret, std::string_view id, std::string_view timestamp,
                         std::string_view body) {
  const auto key = decode_secret(secret);
  std::string text(id);
  text.append(".").append(timestamp).append(".").append(body);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int length = 0;
  if (HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), bytes_of(text), text.size(), digest.data(),
           &length) == nullptr)
    throw std::runtime_error("HMAC-SHA256 failed");
  std::array<unsigned char, 4 * ((EVP_MAX_MD_SIZE + 2) / 3) + 1> base64{};
  const int size = EVP_EncodeBlock(base64.data(), digest.data(), static_cast<int>(length));
  return "v1," + std::string(base64.begin(), base64.begin() + size);
}

SignatureVerdict check_webhook(const std::vector<std::string>& secrets, const Headers& headers,
                               std::string_view body, std::chrono::system_clock::time_point now,
                               std::optional<std::chrono::seconds> tolerance) {
  const auto id = find_header(headers, "webhook-id");
  const auto timestamp = find_header(headers, "webhook-timestamp");
  const auto signature = find_header(headers, "webhook-signature");
  if (!id || !timestamp || !signature) return SignatureVerdict::header_missing;
  std::int64_t seconds = 0;
  const char* end = timestamp->data() + timestamp->size();
  const auto [stop, error] = std::from_chars(timestamp->data(), end, seconds);
  if (error != std::errc() || stop != end) return SignatureVerdict::timestamp_broken;
  const auto now_seconds = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
  if (tolerance && (seconds < now_seconds - tolerance->count() || seconds > now_seconds + tolerance->count()))
    return SignatureVerdict::timestamp_stale;
  for (const auto& secret : secrets)
    if (any_fits(*signature, sign_webhook(secret, *id, *timestamp, body))) return SignatureVerdict::verified;
  return SignatureVerdict::mismatch;
}

}  // namespace smm::practice
