#include "config/masking.h"

#include "config/url.h"
#include "domain/text.h"

namespace smm::config {
namespace {

// Scheme, host and port, user info masked.
std::string masked_origin(const Url& url) {
  std::string text = url.scheme + "://";
  if (!url.user_info.empty()) text.append(mask) += '@';
  text += url.host;
  if (url.port != 0) text += ":" + std::to_string(url.port);
  return text;
}

tl::expected<Url, std::string> any_url(std::string_view url) {
  return parse_url(url, {"http", "https", "socks5", "socks5h"});
}

}  // namespace

std::string mask_url(std::string_view url) {
  const auto parts = any_url(url);
  if (!parts) return std::string(mask);
  const auto query = parts->rest.find('?');
  std::string text = masked_origin(*parts) + parts->rest.substr(0, query);
  if (query != std::string::npos) text.append("?").append(mask);
  return text;
}

std::string mask_panel_url(std::string_view url, std::string_view key) {
  return mask_secret(mask_url(url), key, mask);
}

std::string mask_webhook_url(std::string_view url) {
  const auto parts = any_url(url);
  if (!parts) return std::string(mask);
  if (parts->rest.empty() || parts->rest == "/") return masked_origin(*parts) + parts->rest;
  return masked_origin(*parts).append("/").append(mask);
}

}  // namespace smm::config
