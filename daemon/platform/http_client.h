#pragma once

#include "platform/event_loop.h"

#include <tl/expected.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// libcurl's multi interface on the event loop, and nothing but libcurl.
namespace smm::platform {

// Which addresses a connection may go to, checked after DNS on the very address that is connected to.
enum class AddressPolicy : std::uint8_t {
  any,          // the operator chose the host
  only_public,  // no loopback, private, link-local, multicast, unspecified … address in any disguise
  local,        // also loopback and private ones, but never link-local and metadata addresses
};

struct HttpRequest {
  std::string method = "POST";
  std::string url;  // http or https
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  Milliseconds connect_timeout = std::chrono::seconds(10);
  Milliseconds timeout = std::chrono::seconds(30);  // over everything, DNS included
  std::size_t max_body = std::size_t{16}
                         << 20;  // of the decoded reply; more is TransportErrorKind::too_large
  bool cut_body = false;  // instead: keep the first max_body bytes, close, and answer with what there is
  bool accept_compressed = true;
  std::string proxy;  // empty = none, whatever the environment says
  AddressPolicy addresses = AddressPolicy::any;
  // The body goes onto the wire once at most: it cannot be rewound, so when a reused connection dies libcurl
  // reports TransportErrorKind::not_resent instead of sending it again. `fresh_connection` in addition uses a
  // connection of its own that is closed after, and HTTP/1.1.
  bool send_once = false;
  bool fresh_connection = false;
};

struct HttpReply {
  long status = 0;
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case, at most 64 KiB in all
  std::string body;
  bool body_cut = false;
  [[nodiscard]] std::string_view header(std::string_view lower_case_name) const;  // the first; empty if none
};

enum class TransportErrorKind : std::uint8_t {
  bad_url,
  dns,
  refused_address,
  connect,
  tls,
  timeout,
  too_large,
  not_resent,
  broken_off,
  other
};
[[nodiscard]] std::string_view to_text(TransportErrorKind kind);

struct TransportError {
  TransportErrorKind kind = TransportErrorKind::other;
  std::string detail;         // for a person; without the URL, the body and any header
  bool nothing_sent = false;  // certain that not one byte of the request went out
  // What had arrived before it broke: 0 when no status line did.
  long status = 0;
};

using HttpOutcome = tl::expected<HttpReply, TransportError>;

class HttpClient;

// A request under way. Destroying it cancels the request; its callback is then never called.
class Transfer {
 public:
  Transfer() = default;
  Transfer(Transfer&&) noexcept;
  Transfer& operator=(Transfer&&) noexcept;
  ~Transfer();
  [[nodiscard]] bool active() const;
  void cancel();

 private:
  friend class HttpClient;
  struct State;
  std::unique_ptr<State> state_;
};

class HttpClient {
 public:
  // `max_connections` in all; 0 = no limit. `user_agent` goes with every request.
  HttpClient(EventLoop& loop, std::string user_agent, long max_connections = 0);
  ~HttpClient();  // cancels what is under way
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  // `done` is called exactly once, from the loop, never from within start() and never from inside libcurl; it
  // may destroy the Transfer and start others. Redirects are never followed. TLS is verified by the system's
  // authorities.
  [[nodiscard]] Transfer start(HttpRequest request, std::function<void(HttpOutcome)> done);

 private:
  struct Multi;
  std::unique_ptr<Multi> multi_;
};

// Whether a policy lets a connection go to this socket address (struct sockaddr, AF_INET or AF_INET6); other
// families are refused. Sees through IPv4-mapped, NAT64 (64:ff9b::/96, 64:ff9b:1::/48), 6to4 and
// IPv4-compatible forms.
[[nodiscard]] bool is_allowed_address(const void* socket_address, AddressPolicy policy);

}  // namespace smm::platform
