#include "api/checks.h"
#include "config/masking.h"
#include "config/url.h"
#include "domain/text.h"
#include "platform/http_client.h"
#include "target.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>

#include <cstring>
#include <memory>

// URLs of panels, proxies and webhooks, read as libcurl will read them, and the addresses a connection may go
// to.

namespace smm::fuzz::url_fuzz {
namespace {

struct CurlUrl {
  explicit CurlUrl(const std::string& text) : handle(curl_url(), &curl_url_cleanup) {
    good = curl_url_set(handle.get(), CURLUPART_URL, text.c_str(), 0) == CURLUE_OK;
  }
  [[nodiscard]] std::string part(CURLUPart which, unsigned flags = 0) const {
    char* text = nullptr;
    if (curl_url_get(handle.get(), which, &text, flags) != CURLUE_OK) return {};
    const std::unique_ptr<char, void (*)(void*)> owner(text, &curl_free);
    return text;
  }

  std::unique_ptr<CURLU, void (*)(CURLU*)> handle;
  bool good = false;
};

// libcurl writes numbers of other bases as dotted addresses.
bool is_spelled_anew(std::string_view host) {
  return host.find_first_not_of("0123456789abcdefABCDEFxX.:[]") == std::string_view::npos;
}

void check_parts(const std::string& text, const config::Url& url) {
  const CurlUrl other(text);
  if (!other.good) return;
  const auto host = other.part(CURLUPART_HOST);
  require(is_spelled_anew(url.host) || lower_case(host) == lower_case(url.host),
          "libcurl goes to another host", host);
  require(!is_spelled_anew(url.host) || is_spelled_anew(host),
          "libcurl goes to a name in place of an address", host);
  const auto port = other.part(CURLUPART_PORT);
  require(port == (url.port == 0 ? "" : std::to_string(url.port)), "libcurl goes to another port", port);
  require(other.part(CURLUPART_SCHEME) == url.scheme, "libcurl speaks something else", url.scheme);
}

void check_masking(const std::string& text, const config::Url& url) {
  for (const auto& masked : {config::mask_url(text), config::mask_webhook_url(text)}) {
    require_fit(masked, 4096);
    const bool stands_once = text.find(url.user_info) == text.rfind(url.user_info);
    require(url.user_info.size() < 4 || !stands_once || masked.find(url.user_info) == std::string::npos ||
                url.user_info.find('*') != std::string::npos,
            "user info is shown", masked);
    const auto query = url.rest.find('?');
    const auto asked = query == std::string::npos ? std::string() : url.rest.substr(query);
    require(
        asked.size() < 2 || asked.find('*') != std::string::npos || masked.find(asked) == std::string::npos,
        "a query is shown", masked);
  }
  // With the slash behind it, which is shown too.
  const auto shown_end = text.size() - url.rest.size() + 1;
  require(url.rest.find("***") != std::string::npos ||
              config::mask_webhook_url(text).find(url.rest) == std::string::npos || url.rest.size() < 5 ||
              text.substr(0, shown_end).find(url.rest) != std::string::npos,
          "a webhook's path is shown", text);
  require(config::mask_url(config::mask_url(text)) == config::mask_url(text),
          "what is masked is masked again", text);
  require(config::mask_webhook_url(config::mask_webhook_url(text)) == config::mask_webhook_url(text),
          "what is masked is masked again", text);
}

void check_url(const std::string& text) {
  const auto url = config::parse_url(text, {"http", "https"});
  if (!url) {
    require_fit(url.error(), 200);
    require(
        config::parse_url(text, {"http", "https", "socks5", "socks5h"}) || config::mask_url(text) == "***",
        "what is no URL is shown", text);
    return;
  }
  require_fit(text, 2048);
  check_parts(text, *url);
  check_masking(text, *url);
  const auto there = api::destination_of(text, "");
  require(!there.by_proxy && there.is_secure == (url->scheme == "https"), "a destination is another", text);
}

bool is_allowed(const sockaddr_in6& address, platform::AddressPolicy policy) {
  return platform::is_allowed_address(&address, policy);
}

// Sixteen bytes as an address of IPv6, the last four as one of IPv4.
void check_address(std::string_view bytes) {
  using platform::AddressPolicy;
  if (bytes.size() < 16) return;
  sockaddr_in6 six{};
  six.sin6_family = AF_INET6;
  std::memcpy(&six.sin6_addr, bytes.data(), 16);
  sockaddr_in four{};
  four.sin_family = AF_INET;
  std::memcpy(&four.sin_addr, bytes.data() + 12, 4);
  sockaddr_in6 mapped{};
  mapped.sin6_family = AF_INET6;
  mapped.sin6_addr.s6_addr[10] = mapped.sin6_addr.s6_addr[11] = 0xff;
  std::memcpy(mapped.sin6_addr.s6_addr + 12, bytes.data() + 12, 4);
  for (const auto policy : {AddressPolicy::any, AddressPolicy::local, AddressPolicy::only_public})
    require(is_allowed(mapped, policy) == platform::is_allowed_address(&four, policy),
            "a disguise goes through");
  require(is_allowed(six, AddressPolicy::any), "the operator's own address is refused");
  const bool is_public = is_allowed(six, AddressPolicy::only_public);
  require(!is_public || is_allowed(six, AddressPolicy::local), "a public address is no local one's better");
  const auto* it = &six.sin6_addr;
  const bool is_special = IN6_IS_ADDR_LOOPBACK(it) || IN6_IS_ADDR_UNSPECIFIED(it) ||
                          IN6_IS_ADDR_LINKLOCAL(it) || IN6_IS_ADDR_SITELOCAL(it) ||
                          IN6_IS_ADDR_MULTICAST(it) || (it->s6_addr[0] & 0xfe) == 0xfc;
  require(!is_public || !is_special, "an address of this network is taken for public");
  const auto host = ntohl(four.sin_addr.s_addr);
  const auto is_in = [host](std::uint32_t net, unsigned bits) { return (host ^ net) >> (32 - bits) == 0; };
  const bool is_private = is_in(0x0A000000, 8) || is_in(0x7F000000, 8) || is_in(0xAC100000, 12) ||
                          is_in(0xC0A80000, 16) || is_in(0xA9FE0000, 16) || is_in(0x64400000, 10) ||
                          is_in(0, 8) || is_in(0xE0000000, 4);
  require(!is_private || !platform::is_allowed_address(&four, AddressPolicy::only_public),
          "a private address is taken for public");
  const bool is_metadata = is_in(0xA9FE0000, 16) || host == 0x646464C8 || host == 0xA83F8110;
  require(!is_metadata || !platform::is_allowed_address(&four, AddressPolicy::local),
          "metadata is within reach");
}

void run(std::string_view input) {
  check_address(input);
  check_url(std::string(input));
}

const Registration here("url", run);

}  // namespace
}  // namespace smm::fuzz::url_fuzz
