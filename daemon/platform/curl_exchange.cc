#include "platform/curl_exchange.h"

#include "domain/text.h"

#include <arpa/inet.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <stdexcept>
#include <tuple>
#include <utility>

namespace smm::platform {
namespace {

constexpr std::size_t most_header_bytes = std::size_t{64} << 10;
// Chunks of one byte each make a body six times as long.
constexpr std::size_t most_raw_factor = 16;

template <typename Value>
void set(CURL* easy, CURLoption option, Value value) {
  const auto code = curl_easy_setopt(easy, option, value);
  if (code != CURLE_OK) {
    throw std::runtime_error("curl_easy_setopt " + std::to_string(option) + ": " + curl_easy_strerror(code));
  }
}

std::string address_text(const sockaddr* address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (address->sa_family == AF_INET) {
    sockaddr_in ipv4{};
    std::memcpy(&ipv4, address, sizeof ipv4);
    inet_ntop(AF_INET, &ipv4.sin_addr, text.data(), text.size());
  } else if (address->sa_family == AF_INET6) {
    sockaddr_in6 ipv6{};
    std::memcpy(&ipv6, address, sizeof ipv6);
    inet_ntop(AF_INET6, &ipv6.sin6_addr, text.data(), text.size());
  }
  return text[0] != '\0' ? text.data() : "an address that is not IP";
}

void to_lower(std::string& text) {
  for (auto& letter : text) {
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
  }
}

}  // namespace

struct CurlExchange::Edge {
  static std::size_t on_header(char* bytes, std::size_t size, std::size_t count, void* self) {
    return take(&CurlExchange::take_header, bytes, size * count, self);
  }
  static std::size_t on_body(char* bytes, std::size_t size, std::size_t count, void* self) {
    return take(&CurlExchange::take_body, bytes, size * count, self);
  }
  // Anything but the number of bytes ends the transfer.
  static std::size_t take(bool (CurlExchange::*taker)(std::string_view), const char* bytes, std::size_t size,
                          void* self) {
    auto* exchange = static_cast<CurlExchange*>(self);
    bool taken = false;
    exchange->loop_.guarded([&] { taken = (exchange->*taker)(std::string_view(bytes, size)); });
    return taken ? size : CURL_WRITEFUNC_ERROR;
  }
  static std::size_t on_read(char* room, std::size_t size, std::size_t count, void* self) {
    auto* exchange = static_cast<CurlExchange*>(self);
    const auto piece = std::string_view(exchange->request_.body).substr(exchange->body_sent_, size * count);
    std::memcpy(room, piece.data(), piece.size());
    exchange->body_sent_ += piece.size();
    return piece.size();
  }
  static int on_rewind(void* /*self*/, curl_off_t /*offset*/, int /*origin*/) { return CURL_SEEKFUNC_FAIL; }
  static curl_socket_t on_open_socket(void* self, curlsocktype /*purpose*/, curl_sockaddr* address) {
    auto* exchange = static_cast<CurlExchange*>(self);
    curl_socket_t opened = CURL_SOCKET_BAD;
    exchange->loop_.guarded([&] { opened = exchange->open_socket(*address); });
    return opened;
  }
  static int on_progress(void* self, curl_off_t /*of*/, curl_off_t /*got*/, curl_off_t /*of*/, curl_off_t) {
    auto* exchange = static_cast<CurlExchange*>(self);
    bool goes_on = false;
    exchange->loop_.guarded([&] { goes_on = exchange->is_moderate(); });
    return goes_on ? 0 : 1;
  }
  // Called when the connection stands, before the first byte of the request; again when libcurl wants to
  // repeat the request on another connection. That it fails to rewind the body is not enough: a body not yet
  // begun, or an empty one, needs no rewinding.
  static int before_request(void* self, char* /*remote*/, char* /*local*/, int /*port*/, int /*local_port*/) {
    auto* exchange = static_cast<CurlExchange*>(self);
    if (exchange->request_.send_once && exchange->times_sent_ > 0) {
      exchange->kept_back_ = true;
      return CURL_PREREQFUNC_ABORT;
    }
    ++exchange->times_sent_;
    return CURL_PREREQFUNC_OK;
  }
};

void CurlExchange::prepare(CURL* easy, const std::string& user_agent, Milliseconds time_left) {
  set(easy, CURLOPT_URL, request_.url.c_str());
  set(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  set(easy, CURLOPT_FOLLOWLOCATION, 0L);
  set(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  set(easy, CURLOPT_NOSIGNAL, 1L);
  set(easy, CURLOPT_QUICK_EXIT, 1L);  // or a slow name look-up blocks the loop when it is cancelled
  set(easy, CURLOPT_PROXY, request_.proxy.c_str());
  set(easy, CURLOPT_NOPROXY, "");
  set(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  set(easy, CURLOPT_OPENSOCKETFUNCTION, &Edge::on_open_socket);
  set(easy, CURLOPT_PREREQFUNCTION, &Edge::before_request);
  set(easy, CURLOPT_HEADERFUNCTION, &Edge::on_header);
  set(easy, CURLOPT_WRITEFUNCTION, &Edge::on_body);
  if (request_.cut_body) {
    set(easy, CURLOPT_NOPROGRESS, 0L);
    set(easy, CURLOPT_XFERINFOFUNCTION, &Edge::on_progress);
  }
  if (!user_agent.empty()) set(easy, CURLOPT_USERAGENT, user_agent.c_str());
  if (request_.accept_compressed) set(easy, CURLOPT_ACCEPT_ENCODING, "gzip");
  if (request_.fresh_connection) {
    set(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    set(easy, CURLOPT_FRESH_CONNECT, 1L);
    set(easy, CURLOPT_FORBID_REUSE, 1L);
  }
  if (request_.wants_details) set(easy, CURLOPT_CERTINFO, 1L);
  if (request_.connect_only) set(easy, CURLOPT_CONNECT_ONLY, 1L);
  prepare_headers(easy);
  prepare_own(easy, time_left);
}

void CurlExchange::prepare_again(CURL* easy, CurlSetup setup, Milliseconds time_left) {
  headers_ = std::move(setup.headers);
  prepare_own(easy, time_left);
}

bool CurlExchange::is_like(const CurlSetup& setup) const {
  const auto all = [](const HttpRequest& request) {
    return std::tie(request.url, request.method, request.headers, request.proxy, request.connect_timeout,
                    request.cut_body, request.accept_compressed, request.send_once, request.fresh_connection,
                    request.wants_details, request.connect_only);
  };
  return all(request_) == all(setup.request);
}

CurlSetup CurlExchange::leave(CURL* easy) {
  set(easy, CURLOPT_ERRORBUFFER, static_cast<char*>(nullptr));
  set(easy, CURLOPT_PRIVATE, static_cast<void*>(nullptr));
  point_to(easy, nullptr);
  if (posts_fields_) set(easy, CURLOPT_POSTFIELDS, static_cast<char*>(nullptr));
  std::string().swap(request_.body);
  return {std::move(request_), std::move(headers_)};
}

// What the functions libcurl calls are given.
void CurlExchange::point_to(CURL* easy, CurlExchange* exchange) const {
  for (const auto data :
       {CURLOPT_OPENSOCKETDATA, CURLOPT_PREREQDATA, CURLOPT_HEADERDATA, CURLOPT_WRITEDATA}) {
    set(easy, data, exchange);
  }
  if (request_.cut_body) set(easy, CURLOPT_XFERINFODATA, exchange);
  if (request_.send_once) {
    set(easy, CURLOPT_READDATA, exchange);
    set(easy, CURLOPT_SEEKDATA, exchange);
  }
}

// What each transfer has of its own.
void CurlExchange::prepare_own(CURL* easy, Milliseconds time_left) {
  // libcurl takes 0 for its own default.
  const auto limit = [](Milliseconds time) {
    return static_cast<long>(std::max<std::int64_t>(1, time.count()));
  };
  easy_ = easy;
  set(easy, CURLOPT_ERRORBUFFER, error_text_.data());
  set(easy, CURLOPT_TIMEOUT_MS, limit(time_left));
  set(easy, CURLOPT_CONNECTTIMEOUT_MS, limit(std::min(request_.connect_timeout, time_left)));
  point_to(easy, this);
  prepare_method(easy);
}

void CurlExchange::prepare_method(CURL* easy) {
  if (request_.method == "HEAD") {
    set(easy, CURLOPT_NOBODY, 1L);
    return;
  }
  const bool has_body = !request_.body.empty();
  if (request_.method == "POST" || request_.method == "PUT" || request_.method == "PATCH" || has_body) {
    prepare_body(easy);
    set(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
    if (request_.method != "POST") set(easy, CURLOPT_CUSTOMREQUEST, request_.method.c_str());
  } else {
    set(easy, CURLOPT_HTTPGET, 1L);
    if (request_.method != "GET") set(easy, CURLOPT_CUSTOMREQUEST, request_.method.c_str());
  }
}

void CurlExchange::prepare_headers(CURL* easy) {
  const auto append = [this](const std::string& line) {
    auto* longer = curl_slist_append(headers_.get(), line.c_str());
    if (longer == nullptr) throw std::bad_alloc();
    static_cast<void>(headers_.release());
    headers_.reset(longer);
  };
  // libcurl would wait a second for a 100 Continue before a body over 1 MiB.
  append("Expect:");
  for (const auto& [name, value] : request_.headers) {
    std::string line = name;  // "Name;" is the header without a value, "Name:" would be: without the header
    append(value.empty() ? line.append(";") : line.append(": ").append(value));
  }
  set(easy, CURLOPT_HTTPHEADER, headers_.get());
}

void CurlExchange::prepare_body(CURL* easy) {
  if (request_.send_once) {
    set(easy, CURLOPT_POST, 1L);
    set(easy, CURLOPT_READFUNCTION, &Edge::on_read);
    set(easy, CURLOPT_SEEKFUNCTION, &Edge::on_rewind);
  } else {
    set(easy, CURLOPT_POSTFIELDS, request_.body.c_str());  // makes it a POST
    posts_fields_ = true;
  }
}

// A reply may come after interim ones (100, 103), whose headers are not its own; what comes after its empty
// line and is no status line is a trailer.
bool CurlExchange::take_header(std::string_view line) {
  header_bytes_ += line.size();
  if (header_bytes_ > most_header_bytes) {
    headers_too_large_ = true;
    return false;
  }
  if (headers_end_) {
    if (line.substr(0, 5) == "HTTP/") {
      reply_.headers.clear();
      headers_end_ = false;
    }
    return true;
  }
  // A CR within a line is a blank (RFC 9112 §2.2).
  std::string flat(trim(line));
  std::replace(flat.begin(), flat.end(), '\r', ' ');
  const auto text = std::string_view(flat);
  if (text.empty()) {
    headers_end_ = true;
  } else if (line.front() == ' ' || line.front() == '\t') {  // folded, RFC 9112 §5.2
    if (!reply_.headers.empty()) reply_.headers.back().second.append(" ").append(text);
  } else if (const auto colon = text.find(':'); colon != std::string_view::npos) {
    std::string name(trim(text.substr(0, colon)));
    to_lower(name);
    const auto value = trim(text.substr(colon + 1));
    if (name == "content-length") make_room_for(value);
    reply_.headers.emplace_back(std::move(name), value);
  }
  return true;
}

// What a server says of its body is believed up to the usual size of a batch's.
void CurlExchange::make_room_for(std::string_view length) {
  constexpr std::size_t usual = std::size_t{64} << 10;
  std::size_t bytes = 0;
  const auto [end, error] = std::from_chars(length.data(), length.data() + length.size(), bytes);
  if (error == std::errc() && bytes <= usual) reply_.body.reserve(bytes);
}

bool CurlExchange::take_body(std::string_view piece) {
  const auto room = request_.max_body - reply_.body.size();
  if (piece.size() <= room) {
    reply_.body.append(piece);
    return true;
  }
  if (request_.cut_body) {
    reply_.body.append(piece.substr(0, room));
    reply_.body_cut = true;
  } else {
    body_too_large_ = true;
  }
  return false;
}

// libcurl reads an endless chunk extension (RFC 9112 §7.1.1) to itself, as fast as it comes. What the
// connection brought is asked of the kernel; HTTP/2 knows no chunks, and shares its connection.
bool CurlExchange::is_moderate() {
  long version = 0;
  curl_easy_getinfo(easy_, CURLINFO_HTTP_VERSION, &version);
  if (!headers_end_ || header_bytes_ == 0 || version > CURL_HTTP_VERSION_1_1) return true;
  tcp_info info{};
  socklen_t size = sizeof info;
  if (getsockopt(socket_, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return true;
  if (!received_before_) received_before_ = info.tcpi_bytes_received;
  if (info.tcpi_bytes_received - *received_before_ <= most_raw_factor * request_.max_body) return true;
  reply_.body_cut = true;
  return false;
}

curl_socket_t CurlExchange::open_socket(const curl_sockaddr& address) {
  if (!is_allowed_address(&address.addr, request_.addresses)) {
    refused_address_ = address_text(&address.addr);
    local_would_do_ = is_allowed_address(&address.addr, AddressPolicy::local);
    return CURL_SOCKET_BAD;
  }
  reached_out_ = true;
  const auto opened = socket(address.family, address.socktype | SOCK_CLOEXEC, address.protocol);
  lacks_descriptors_ = opened < 0 && (errno == EMFILE || errno == ENFILE);
  return opened;
}

}  // namespace smm::platform
