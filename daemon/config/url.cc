#include "config/url.h"

#include "domain/text.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace smm::config {
namespace {

constexpr std::size_t longest_url = 2048;

bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c);
}

std::string either_of(const std::vector<std::string_view>& schemes) {
  std::string text;
  for (std::size_t i = 0; i < schemes.size(); ++i) {
    if (i > 0) text += i + 1 == schemes.size() ? " or " : ", ";
    text += std::string(schemes[i]) + "://";
  }
  return text;
}

bool is_name(std::string_view host) {
  if (host.empty() || host.front() == '.' || host.find("..") != std::string_view::npos) return false;
  return std::all_of(host.begin(), host.end(),
                     [](char c) { return is_alphanumeric(c) || c == '.' || c == '-' || c == '_'; });
}

bool is_bracketed_address(std::string_view host) {
  if (host.size() < 4 || host.front() != '[' || host.back() != ']') return false;
  host = host.substr(1, host.size() - 2);
  return host.find(':') != std::string_view::npos &&
         host.find_first_not_of("0123456789abcdefABCDEF:.") == std::string_view::npos;
}

std::optional<std::uint16_t> port_of(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size() || port == 0) return std::nullopt;
  return port;
}

// Takes `authority` apart into `url`; the reason when it cannot.
std::optional<std::string> split_authority(std::string_view authority, Url& url) {
  if (const auto at = authority.rfind('@'); at != std::string_view::npos) {
    url.user_info = authority.substr(0, at);
    authority.remove_prefix(at + 1);
  }
  const auto bracket = authority.find(']');
  const auto colon = authority.find(':', bracket == std::string_view::npos ? 0 : bracket);
  url.host = authority.substr(0, colon);
  if (url.host.empty()) return "has no host";
  if (!is_name(url.host) && !is_bracketed_address(url.host)) return "has a host that is no name or address";
  if (colon != std::string_view::npos) {
    const auto port = port_of(authority.substr(colon + 1));
    if (!port) return "has a port that is not a number from 1 to 65535";
    url.port = *port;
  }
  return std::nullopt;
}

}  // namespace

tl::expected<Url, std::string> parse_url(std::string_view text,
                                         const std::vector<std::string_view>& schemes) {
  if (text.size() > longest_url) return tl::unexpected<std::string>("is longer than 2048 characters");
  Url url;
  const auto colon = text.find("://");
  if (colon != std::string_view::npos) url.scheme = lower_case(text.substr(0, colon));
  if (std::find(schemes.begin(), schemes.end(), url.scheme) == schemes.end()) {
    return tl::unexpected("must begin with " + either_of(schemes));
  }
  const bool plain = std::all_of(text.begin(), text.end(), [](char c) {
    return c > ' ' && c < '\x7f' && c != '"' && c != '<' && c != '>' && c != '\\' && c != '^' && c != '`' &&
           c != '{' && c != '|' && c != '}';
  });
  if (!plain) return tl::unexpected<std::string>("has a character that must be percent-encoded");
  if (text.find('#') != std::string_view::npos) return tl::unexpected<std::string>("has a fragment (#)");
  const auto after = text.substr(colon + 3);
  const auto rest = std::min(after.find_first_of("/?"), after.size());
  if (auto reason = split_authority(after.substr(0, rest), url)) return tl::unexpected(std::move(*reason));
  url.rest = after.substr(rest);
  return url;
}

}  // namespace smm::config
