#include "domain/text.h"
#include "platform/curl_exchange.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>
#include <vector>

// What became of a request: libcurl's verdict in this program's words.
namespace smm::platform {
namespace {

using Kind = TransportErrorKind;

// X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY and …_VERIFY_LEAF_SIGNATURE, as OpenSSL's verify(1) lists
// them.
constexpr long no_issuer = 20;
constexpr long no_chain = 21;
constexpr long switching_protocols = 101;  // not asked for, but an answer

// What is missing here is Kind::other.
constexpr std::array<std::pair<CURLcode, Kind>, 32> kinds{{
    {CURLE_URL_MALFORMAT, Kind::bad_url},
    {CURLE_COULDNT_RESOLVE_HOST, Kind::dns},
    {CURLE_COULDNT_RESOLVE_PROXY, Kind::dns},
    {CURLE_COULDNT_CONNECT, Kind::connect},
    {CURLE_INTERFACE_FAILED, Kind::connect},
    {CURLE_PROXY, Kind::connect},
    {CURLE_SSL_CONNECT_ERROR, Kind::tls},
    {CURLE_PEER_FAILED_VERIFICATION, Kind::tls},
    {CURLE_SSL_CERTPROBLEM, Kind::tls},
    {CURLE_SSL_CIPHER, Kind::tls},
    {CURLE_SSL_ENGINE_INITFAILED, Kind::tls},
    {CURLE_SSL_ENGINE_NOTFOUND, Kind::tls},
    {CURLE_SSL_ENGINE_SETFAILED, Kind::tls},
    {CURLE_SSL_CACERT_BADFILE, Kind::tls},
    {CURLE_SSL_CRL_BADFILE, Kind::tls},
    {CURLE_SSL_ISSUER_ERROR, Kind::tls},
    {CURLE_SSL_INVALIDCERTSTATUS, Kind::tls},
    {CURLE_SSL_PINNEDPUBKEYNOTMATCH, Kind::tls},
    {CURLE_SSL_CLIENTCERT, Kind::tls},
    {CURLE_USE_SSL_FAILED, Kind::tls},
    {CURLE_OPERATION_TIMEDOUT, Kind::timeout},
    {CURLE_SEND_FAIL_REWIND, Kind::not_resent},
    {CURLE_GOT_NOTHING, Kind::broken_off},
    {CURLE_SEND_ERROR, Kind::broken_off},
    {CURLE_RECV_ERROR, Kind::broken_off},
    {CURLE_PARTIAL_FILE, Kind::broken_off},
    {CURLE_HTTP2, Kind::broken_off},
    {CURLE_HTTP2_STREAM, Kind::broken_off},
    {CURLE_BAD_CONTENT_ENCODING, Kind::broken_off},
    {CURLE_WEIRD_SERVER_REPLY, Kind::broken_off},
    {CURLE_UNSUPPORTED_PROTOCOL, Kind::broken_off},  // not HTTP; the URL's own scheme was checked before
    {CURLE_SSL_SHUTDOWN_FAILED, Kind::broken_off},
}};

// libcurl does not tell a name that is not found from a look-up for which there was no descriptor.
bool is_of_look_up(CURLcode result) {
  return result == CURLE_COULDNT_RESOLVE_HOST || result == CURLE_COULDNT_RESOLVE_PROXY ||
         result == CURLE_OUT_OF_MEMORY;
}

// A look-up has up to four open at once: the two its thread reports through, a file, a socket.
bool lacks_descriptors_to_look_up() {
  std::array<int, 4> opened{};
  bool lacks = false;
  for (auto& fd : opened) {
    fd = open("/", O_PATH | O_CLOEXEC);
    lacks = lacks || (fd < 0 && (errno == EMFILE || errno == ENFILE));
  }
  for (const int fd : opened) {
    if (fd >= 0) close(fd);
  }
  return lacks;
}

struct UrlFree {
  void operator()(CURLU* url) const noexcept { curl_url_cleanup(url); }
};
using Url = std::unique_ptr<CURLU, UrlFree>;

std::string part_of(CURLU* url, CURLUPart part, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, flags) != CURLUE_OK) return {};
  const std::unique_ptr<char, decltype(&curl_free)> owner(text, &curl_free);
  return text;
}

// RFC 9110 §5.6.2
bool is_token(std::string_view text) {
  const auto allowed = [](char letter) {
    return (letter >= '0' && letter <= '9') || (letter >= 'a' && letter <= 'z') ||
           (letter >= 'A' && letter <= 'Z') || (letter != '\0' && std::strchr("!#$%&'*+-.^_`|~", letter));
  };
  return !text.empty() && std::all_of(text.begin(), text.end(), allowed);
}

TransportError cannot_be_sent(std::string detail) {
  return {Kind::bad_url, std::move(detail), true, 0};
}

// What must not be shown of a URL, as it is written and as it is decoded.
void add_secrets(std::vector<std::string>& secrets, const std::string& text) {
  const Url url(curl_url());
  if (curl_url_set(url.get(), CURLUPART_URL, text.c_str(), CURLU_GUESS_SCHEME) != CURLUE_OK) {
    secrets.push_back(text);
    return;
  }
  for (const auto part :
       {CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_PATH, CURLUPART_QUERY, CURLUPART_FRAGMENT}) {
    for (const auto flags : {0U, unsigned{CURLU_URLDECODE}})
      secrets.push_back(part_of(url.get(), part, flags));
  }
}

Milliseconds time_of(CURL* easy, CURLINFO which) {
  curl_off_t microseconds = 0;
  curl_easy_getinfo(easy, which, &microseconds);
  return std::chrono::ceil<Milliseconds>(std::chrono::microseconds(microseconds));
}

std::optional<Timestamp> date_of(const std::string& text) {
  const auto seconds = curl_getdate(text.c_str(), nullptr);
  if (text.empty() || seconds < 0) return std::nullopt;
  return Timestamp(std::chrono::seconds(seconds));
}

// libcurl tells of certificates in lines, those of the host itself first: "Expire date:Nov 21 08:00:00 2026
// GMT".
std::optional<Timestamp> certificate_end_of(CURL* easy) {
  constexpr std::string_view label = "Expire date:";
  curl_certinfo* chain = nullptr;
  if (curl_easy_getinfo(easy, CURLINFO_CERTINFO, &chain) != CURLE_OK || chain == nullptr) return std::nullopt;
  if (chain->num_of_certs < 1) return std::nullopt;
  for (const auto* line = chain->certinfo[0]; line != nullptr; line = line->next) {
    const std::string_view text(line->data);
    if (text.substr(0, label.size()) == label) return date_of(std::string(text.substr(label.size())));
  }
  return std::nullopt;
}

}  // namespace

std::optional<TransportError> CurlExchange::refusal() const {
  const Url url(curl_url());
  if (!url) throw std::bad_alloc();
  if (request_.url.find('\0') != std::string::npos) return cannot_be_sent("the URL holds a NUL");
  if (const auto code = curl_url_set(url.get(), CURLUPART_URL, request_.url.c_str(), 0); code != CURLUE_OK) {
    return cannot_be_sent(std::string("the URL cannot be used: ") + curl_url_strerror(code));
  }
  const auto scheme = part_of(url.get(), CURLUPART_SCHEME);
  if (scheme != "http" && scheme != "https") return cannot_be_sent("the URL is neither http nor https");
  if (!is_token(request_.method)) return cannot_be_sent("the method is not an HTTP method");
  for (const auto& [name, value] : request_.headers) {
    if (!is_token(name)) return cannot_be_sent("a header's name is not an HTTP token");
    if (value.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos) {
      return cannot_be_sent("the value of header " + name + " holds a line break");
    }
  }
  return std::nullopt;
}

// What libcurl says of a reply whose first header line begins with one, as if it were our fault (issue 11605
// of curl/curl).
bool CurlExchange::is_for_a_blank(CURLcode result) const {
  return result == CURLE_BAD_FUNCTION_ARGUMENT && header_bytes_ > 0;
}

TransportErrorKind CurlExchange::kind_of(CURLcode result) const {
  if (headers_too_large_ || body_too_large_) return Kind::too_large;
  if (kept_back_) return Kind::not_resent;
  if (lacks_descriptors_) return Kind::connect;
  if (result == CURLE_COULDNT_CONNECT && !refused_address_.empty() && !reached_out_) {
    return Kind::refused_address;
  }
  if (result == CURLE_OK) return Kind::broken_off;  // and yet there was no reply
  if (is_for_a_blank(result)) return Kind::broken_off;
  const auto* known =
      std::find_if(kinds.begin(), kinds.end(), [result](const auto& pair) { return pair.first == result; });
  if (known == kinds.end()) return Kind::other;
  // Before the request there is nothing to break off but the way to the host: a proxy says no, or hangs up.
  if (known->second == Kind::broken_off && times_sent_ == 0) return Kind::connect;
  return known->second;
}

// libcurl's own text names a host at most, as far as is known; where it holds anything that must not be
// shown, the bare meaning of the code takes its place.
std::string CurlExchange::library_text(CURL* easy, CURLcode result) const {
  if (result == CURLE_OK) return "no whole reply came";
  if (is_for_a_blank(result)) return "the reply's first header line begins with a blank";
  if (lacks_descriptors_)
    return "this program has too many files open to connect; raise LimitNOFILE= of the service";
  std::string text(error_text_.data());
  std::vector<std::string> secrets{request_.body};
  add_secrets(secrets, request_.url);
  if (!request_.proxy.empty()) add_secrets(secrets, request_.proxy);
  for (const auto& [name, value] : request_.headers) secrets.push_back(value);
  const bool shows = std::any_of(secrets.begin(), secrets.end(), [&text](const std::string& secret) {
    return !secret.empty() && secret != "/" && text.find(secret) != std::string::npos;
  });
  if (text.empty() || shows || result == CURLE_COULDNT_RESOLVE_PROXY) text = curl_easy_strerror(result);
  long error_number = 0;
  curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &error_number);
  if (error_number != 0 && (result == CURLE_COULDNT_CONNECT || result == CURLE_RECV_ERROR)) {
    const std::string reason = std::generic_category().message(static_cast<int>(error_number));
    if (text.find(reason) == std::string::npos) text += " (" + reason + ")";
  }
  long verdict = 0;
  curl_easy_getinfo(easy, CURLINFO_SSL_VERIFYRESULT, &verdict);
  if (verdict == no_issuer || verdict == no_chain) text += ": no authority this machine trusts has signed it";
  return strip_controls(to_valid_utf8(text), 512);
}

std::string CurlExchange::detail_of(Kind kind, CURL* easy, CURLcode result) const {
  switch (kind) {
    case Kind::refused_address:
      return refused_address_ + (local_would_do_ ? " is not a public address; no connection is made to it"
                                                 : " is not an address connections are made to");
    case Kind::too_large:
      return headers_too_large_ ? "the reply's headers are too large"
                                : "the reply is larger than " + std::to_string(request_.max_body) + " bytes";
    case Kind::not_resent:
      return "the kept connection broke off before an answer came, and the request is not sent twice";
    case Kind::bad_url:
    case Kind::dns:
    case Kind::connect:
    case Kind::tls:
    case Kind::timeout:
    case Kind::broken_off:
    case Kind::other:
      return library_text(easy, result);
  }
  return {};
}

// Before the reply is handed over.
std::optional<ConnectionDetails> CurlExchange::details_of(CURL* easy) const {
  if (!request_.wants_details) return std::nullopt;
  ConnectionDetails details;
  const char* address = nullptr;
  if (curl_easy_getinfo(easy, CURLINFO_PRIMARY_IP, &address) == CURLE_OK && address != nullptr) {
    details.address = address;
  }
  details.connected_after = time_of(easy, CURLINFO_CONNECT_TIME_T);
  details.secured_after = time_of(easy, CURLINFO_APPCONNECT_TIME_T);
  details.certificate_ends = certificate_end_of(easy);
  details.date = date_of(std::string(reply_.header("date")));
  return details;
}

HttpOutcome CurlExchange::outcome(CURL* easy, CURLcode result) {
  auto details = details_of(easy);
  long status = 0;
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
  // That is what libcurl calls a header of more than 100 KiB.
  if (result == CURLE_OUT_OF_MEMORY && times_sent_ > 0 && reply_.body.empty()) headers_too_large_ = true;
  lacks_descriptors_ = (result == CURLE_COULDNT_CONNECT && lacks_descriptors_) ||
                       (is_of_look_up(result) && times_sent_ == 0 && lacks_descriptors_to_look_up());
  // libcurl ends well when a server hangs up in the middle of the headers (RFC 9112 §8: such a reply is
  // incomplete); its status is no answer then.
  if (!headers_end_ && !headers_too_large_) status = 0;
  // Nor is an interim one after which nothing came (RFC 9110 §15.2).
  if (status < 200 && status != switching_protocols) status = 0;
  const bool cut = result == CURLE_WRITE_ERROR || result == CURLE_ABORTED_BY_CALLBACK;
  const bool whole = result == CURLE_OK || (cut && reply_.body_cut);
  if ((whole && status != 0) || (request_.connect_only && result == CURLE_OK)) {
    reply_.status = status;
    reply_.details = std::move(details);
    return std::move(reply_);
  }
  TransportError error;
  error.kind = kind_of(result);
  error.detail = detail_of(error.kind, easy, result);
  error.nothing_sent = times_sent_ == 0;
  error.status = status;
  if (status != 0) error.headers = std::move(reply_.headers);
  error.details = std::move(details);
  error.local_would_do = error.kind == Kind::refused_address && local_would_do_;
  return tl::unexpected(std::move(error));
}

}  // namespace smm::platform
