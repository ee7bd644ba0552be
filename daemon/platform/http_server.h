#pragma once

#include "platform/event_loop.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// libmicrohttpd on the event loop, and nothing but libmicrohttpd: HTTP/1.1 over listening sockets, answered
// at once, later, or as a stream.
namespace smm::platform {

using HeaderList = std::vector<std::pair<std::string, std::string>>;

// A request as far as it is known when its headers have been read.
struct HttpRequestHead {
  std::string listener;  // the name given to add_listener
  std::string method;
  std::string path;                                        // percent-decoded, without the query
  std::vector<std::pair<std::string, std::string>> query;  // decoded, in order, repeated keys kept
  HeaderList headers;                                      // names in lower case
  std::optional<std::uint32_t> peer_uid;                   // SO_PEERCRED of a Unix socket
  [[nodiscard]] std::string_view header(std::string_view lower_case_name) const;  // the first; empty if none
  [[nodiscard]] bool has_header(std::string_view lower_case_name) const;
};

struct HttpServerRequest : HttpRequestHead {
  std::string body;  // whole, decoded from chunks
};

struct HttpResponse {
  int status = 200;
  HeaderList headers;  // Content-Length, Date and Connection are the server's
  std::string body;
};

struct HttpServerLimits {
  std::size_t max_body = std::size_t{4} << 20;  // more: `too_large` decides the answer, the rest is not read
  std::size_t max_connections = 256;            // a listener
  std::size_t connection_memory = 64 * 1024;    // headers
  Milliseconds idle_timeout =
      std::chrono::seconds(30);  // of a connection that sends nothing (not of a waiting answer)
};

// The right and duty to answer one request. May be kept and used in a later turn; if it is destroyed unused
// the client gets a 500. The client may leave meanwhile: `gone` is then true and answers go nowhere.
class Responder {
 public:
  Responder() = default;
  Responder(Responder&&) noexcept;
  Responder& operator=(Responder&&) noexcept;
  ~Responder();

  void send(HttpResponse response);

  // A response whose body comes piece by piece (chunked). After begin(), write() queues bytes and finish()
  // ends it.
  void begin(int status, HeaderList headers);
  void write(std::string_view bytes);
  void finish();
  [[nodiscard]] std::size_t unsent()
      const;  // queued bytes the client has not taken yet: for dropping slow readers

  [[nodiscard]] bool gone() const;
  [[nodiscard]] bool valid() const { return state_ != nullptr; }
  // Called once from the loop when the client leaves before the answer (or the stream's end) was sent.
  void on_gone(std::function<void()> action);

 private:
  friend class HttpServer;
  struct State;
  std::shared_ptr<State> state_;
};

class HttpServer {
 public:
  struct Handlers {
    // Asked when the headers are there, before the body is read: an answer here refuses the request.
    std::function<std::optional<HttpResponse>(const HttpRequestHead&)> refuse;
    // The body passed max_body, or its Content-Length says it will.
    std::function<HttpResponse(const HttpRequestHead&)> too_large;
    std::function<void(HttpServerRequest, Responder)> handle;
  };

  HttpServer(EventLoop& loop, HttpServerLimits limits, Handlers handlers);
  ~HttpServer();  // closes listeners and connections; waiting clients are cut
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // Serves a listening socket (owned from now on). `name` comes back as HttpRequestHead::listener.
  void add_listener(int fd, std::string name);
  // No new connections from now on; what is there is served on.
  void stop_accepting();
  [[nodiscard]] std::size_t connections() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace smm::platform
