#pragma once

#include "platform/event_loop.h"

#include <tl/expected.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// libcurl's multi interface on the event loop, and nothing but libcurl. One thread, but for libcurl's own
// name look-ups; the program ignores SIGPIPE.
namespace smm::platform {

// Which addresses a connection may go to, checked after DNS on the very address that is connected to.
enum class AddressPolicy : std::uint8_t {
  any,          // the operator chose the host
  only_public,  // no loopback, private, link-local, multicast, unspecified … address in any disguise
  local,        // also loopback and private ones, but never link-local and metadata addresses
};

// Whether a policy lets a connection go to this socket address (struct sockaddr, AF_INET or AF_INET6); other
// families are refused. Sees through IPv4-mapped, -translated and -compatible forms, NAT64 (64:ff9b::/96),
// 6to4 and Teredo; 64:ff9b:1::/48, where the place of the IPv4 address is not known, is refused by both.
[[nodiscard]] bool is_allowed_address(const void* socket_address, AddressPolicy policy);

struct HttpRequest {
  std::string method = "POST";
  // http or https, with its scheme. User info in it becomes Basic authentication.
  std::string url;
  // Content-Type is application/x-www-form-urlencoded for a POST that names none; Host, Content-Length,
  // Expect, Accept-Encoding and User-Agent are the client's.
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  Milliseconds connect_timeout = std::chrono::seconds(10);  // DNS and TLS included
  Milliseconds timeout = std::chrono::seconds(30);          // over everything, waiting for a place included
  // Of the decoded reply; more is TransportErrorKind::too_large.
  std::size_t max_body = std::size_t{16} << 20;
  // Instead: keep the first max_body bytes, close, and answer with what there is; also when the connection
  // brings 16 times as many that belong to no body.
  bool cut_body = false;
  bool accept_compressed = true;
  // Empty = none, whatever the environment says. With a proxy it is the proxy's address that `addresses`
  // judges: the proxy connects to the host.
  std::string proxy;
  AddressPolicy addresses = AddressPolicy::any;
  // The request goes onto the wire once at most: when a kept connection dies, or an HTTP/2 stream is
  // refused, libcurl would quietly send it again; this reports TransportErrorKind::not_resent instead.
  // `fresh_connection` in addition uses a connection of its own that is closed after, and HTTP/1.1.
  bool send_once = false;
  bool fresh_connection = false;
  // The outcome comes with ConnectionDetails; with fresh_connection, since a kept one has nothing to tell.
  bool wants_details = false;
  // Connects, secures the connection where the URL says https, closes it and sends nothing: what succeeds has
  // the status 0. With fresh_connection.
  bool connect_only = false;
};

// What a connection told of the host.
struct ConnectionDetails {
  std::string address;                        // connected to; empty: to none
  Milliseconds connected_after{0};            // since the request began; 0: it was not
  Milliseconds secured_after{0};              // likewise, the handshake of TLS
  std::optional<Timestamp> certificate_ends;  // of the host itself
  std::optional<Timestamp> date;              // what its clock shows, by the reply's Date
};

// Names in lower case, at most 64 KiB in all.
using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

struct HttpReply {
  long status = 0;
  HttpHeaders headers;
  std::string body;
  bool body_cut = false;
  std::optional<ConnectionDetails> details{};
  [[nodiscard]] std::string_view header(std::string_view lower_case_name) const;  // the first; empty if none
};

enum class TransportErrorKind : std::uint8_t {
  bad_url,          // or a method or header that cannot be sent
  dns,              // of the host or the proxy
  refused_address,  // by the address policy
  connect,          // to the host or the proxy, or the proxy did not let it through
  tls,              // no handshake, or a certificate that does not prove the host
  timeout,          // connect_timeout or timeout
  too_large,        // body over max_body, or headers over 64 KiB
  not_resent,       // send_once: broken off before any answer, and not sent again
  broken_off,       // the connection broke, or what came is no whole HTTP reply
  other
};
[[nodiscard]] std::string_view to_text(TransportErrorKind kind);

struct TransportError {
  TransportErrorKind kind = TransportErrorKind::other;
  // For a person: may name host, port and address, never the URL's user info, path or query, the proxy's
  // user info, the body or a header. Valid UTF-8 without control characters.
  std::string detail;
  // Certain that not one byte of the request went out (a proxy's CONNECT and a TLS handshake may have).
  bool nothing_sent = false;
  long status = 0;              // of a reply that broke after its head, or was too large; else 0
  HttpHeaders headers{};        // of that reply
  bool local_would_do = false;  // refused_address: AddressPolicy::local lets a connection go there
  std::optional<ConnectionDetails> details{};
  [[nodiscard]] std::string_view header(std::string_view lower_case_name) const;  // as of HttpReply
};

using HttpOutcome = tl::expected<HttpReply, TransportError>;

class HttpClient;

// A request under way. Destroying it cancels the request; its callback is then never called. It may outlive
// the client.
class Transfer {
 public:
  Transfer();
  Transfer(Transfer&&) noexcept;
  Transfer& operator=(Transfer&&) noexcept;  // cancels the one it held
  ~Transfer();
  [[nodiscard]] bool active() const;  // no longer once its callback is called
  void cancel();

 private:
  friend class HttpClient;
  struct State;
  explicit Transfer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

class HttpClient {
 public:
  // At most `max_connections` requests are under way at once, the others wait their turn; 0 = no limit.
  // `user_agent` goes with every request. Connections are kept and shared between requests of the same
  // address policy only, so each was let through by the policy of whoever uses it.
  HttpClient(EventLoop& loop, std::string user_agent, long max_connections = 0);
  ~HttpClient();  // cancels what is under way
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  // `done` is called exactly once, from the loop, never from within start() and never from inside libcurl; it
  // may destroy the Transfer or this client, and start others. Redirects are never followed. TLS is verified
  // by the system's authorities.
  [[nodiscard]] Transfer start(HttpRequest request, std::function<void(HttpOutcome)> done);

 private:
  friend class Transfer;
  class Engine;
  std::unique_ptr<Engine> engine_;
};

}  // namespace smm::platform
