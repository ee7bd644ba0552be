#include "actors/endpoint_secrets.h"

#include "config/url.h"
#include "domain/text.h"
#include "platform/standard_webhooks.h"

#include <algorithm>
#include <utility>

namespace smm::actors {
namespace {

// As much is looked at; the longest header is 4 KiB.
constexpr std::size_t most_searched = std::size_t{32} << 10;
// A byte of a secret that was cut off may have been written as an escape of so many.
constexpr std::size_t longest_escape = 3;
// Shorter ones are no secrets, and stand in every text.
constexpr std::size_t least_value = 4;
constexpr std::size_t least_part = 6;

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string percent_decoded(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool is_escape =
        text[i] == '%' && i + 2 < text.size() && hex_value(text[i + 1]) >= 0 && hex_value(text[i + 2]) >= 0;
    if (!is_escape) {
      decoded += text[i];
      continue;
    }
    decoded += static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2]));
    i += 2;
  }
  return decoded;
}

// At most `limit` bytes of valid UTF-8, no character broken in two.
std::string cut(std::string text, std::size_t limit) {
  if (text.size() <= limit) return text;
  while (limit > 0 && (static_cast<unsigned char>(text[limit]) & 0xC0U) == 0x80U) --limit;
  text.resize(limit);
  return text;
}

}  // namespace

EndpointSecrets::EndpointSecrets(const WebhookPolicy& policy) {
  add_url(policy.url);
  if (!policy.proxy.empty()) {
    const auto proxy = config::parse_url(policy.proxy, {"http", "https", "socks5", "socks5h"});
    if (proxy) add_user_info(proxy->user_info);
  }
  for (const auto& [name, value] : policy.headers) {
    add(value, "[header]", least_value);
    add_parts(value, " ,;=\"", "[header]");
  }
  for (const auto& secret : policy.secrets) {
    const auto text = platform::to_base64(secret.reveal());
    add(secret.reveal(), "[secret]", least_value);
    add(text, "[secret]", least_value);
    add("whsec_" + text, "[secret]", least_value);
  }
}

void EndpointSecrets::add_signature(std::string_view signature) {
  add(signature, "[signature]", least_value);
  add(signature.substr(signature.find(',') + 1), "[signature]", least_value);
}

void EndpointSecrets::add_url(std::string_view url) {
  const auto parts = config::parse_url(url, {"http", "https"});
  if (!parts) return;
  add_user_info(parts->user_info);
  const std::string_view rest = parts->rest;
  const auto path = rest.substr(0, rest.find('?'));
  add(rest, "[path]", 2);  // "/" is everybody's
  add(path, "[path]", 2);
  add_parts(path, "/", "[path]");
  if (path.size() == rest.size()) return;
  const auto query = rest.substr(path.size() + 1);
  add(query, "[query]", least_value);
  add_parts(query, "&=", "[query]");
}

void EndpointSecrets::add_user_info(std::string_view user_info) {
  if (user_info.empty()) return;
  add(user_info, "[user]", least_value);
  add_parts(user_info, ":", "[user]");
  // As it goes out, for Basic authentication (RFC 7617).
  add(platform::to_base64(percent_decoded(user_info)), "[user]", least_value);
}

void EndpointSecrets::add(std::string_view text, std::string_view mask, std::size_t least) {
  auto decoded = percent_decoded(text);
  if (decoded != text && decoded.size() >= least) entries_.push_back({std::move(decoded), mask});
  if (text.size() >= least) entries_.push_back({std::string(text), mask});
  std::stable_sort(entries_.begin(), entries_.end(),
                   [](const Entry& a, const Entry& b) { return a.text.size() > b.text.size(); });
}

void EndpointSecrets::add_parts(std::string_view text, std::string_view separators, std::string_view mask) {
  while (!text.empty()) {
    const auto end = std::min(text.find_first_of(separators), text.size());
    add(text.substr(0, end), mask, least_part);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

std::string EndpointSecrets::masked(std::string_view text, bool is_cut, std::size_t limit) const {
  is_cut = is_cut || text.size() > most_searched;
  text = text.substr(0, most_searched);
  std::string kept(text);
  for (const auto& entry : entries_) kept = mask_secret(std::move(kept), entry.text, entry.mask);
  if (is_cut && !entries_.empty()) {
    // What is left of a secret at the end is shorter than it. Masks are no part of one, so this is enough.
    const auto doubtful = entries_.front().text.size() * longest_escape;
    kept.resize(kept.size() - std::min(kept.size(), doubtful));
  }
  return cut(to_valid_utf8(kept), limit);
}

}  // namespace smm::actors
