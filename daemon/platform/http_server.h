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
  int status = 200;    // 200 to 599
  HeaderList headers;  // Content-Length, Transfer-Encoding, Date and Connection are the server's; a header
                       // HTTP does not allow (a line break in its value, say) is left out
  std::string body;
};

struct HttpServerLimits {
  std::size_t max_body = std::size_t{4} << 20;  // more: `too_large` decides the answer, the rest is not read
  // Of a listener. When there are as many, a further client takes the place of one that has been sending its
  // request, or silent after its last, for 100 ms, else of one that has not taken its answer for 5 s: the
  // oldest of the user (SO_PEERCRED) who has most of those. Without any it waits.
  std::size_t max_connections = 256;
  // Of all listeners: the descriptors at the top of what RLIMIT_NOFILE allows, as many as this, are left to
  // the rest of the program. Without another below them a client waits, or takes the place of one as above,
  // of whichever listener; but for the first sixteen of all.
  std::size_t kept_descriptors = 0;
  std::size_t connection_memory = 64 * 1024;  // of the request line and the headers together
  std::size_t longest_target = 16 * 1024;     // path and query
  // Of a connection on which nothing moves: a client that neither sends nor takes its answer. Not of one
  // whose answer is waited for. Whole seconds, rounded up.
  Milliseconds idle_timeout = std::chrono::seconds(30);
  // From the connection's start, or the end of its last answer, to the last byte of a request, however
  // steadily it trickles in.
  Milliseconds request_timeout = std::chrono::seconds(60);
};

// Why a request is not served, whatever it asks for.
struct HttpFault {
  int status = 400;
  std::string words;  // a sentence
};

class HttpExchange;

// The right and duty to answer one request. May be kept and used in a later turn; if it is destroyed unused
// the client gets a 500, and if it is destroyed between begin() and finish() the connection is cut, so that
// the client sees that something is missing. The client may leave meanwhile: `gone` is then true and answers
// go nowhere. It may outlive the server; the client is gone then.
//
// A client is gone when it has closed its connection. One that only said it will send no more
// (`shutdown(SHUT_WR)`, as `nc -N` does) still gets its answer over a Unix socket; over TCP the two look the
// same, and it is gone.
class Responder {
 public:
  Responder();
  explicit Responder(std::shared_ptr<HttpExchange> exchange);  // for the server
  Responder(Responder&&) noexcept;
  Responder& operator=(Responder&&) noexcept;
  ~Responder();

  // The whole answer; once, and not after begin().
  void send(HttpResponse response);

  // A response whose body comes piece by piece (chunked). After begin(), write() queues bytes and finish()
  // ends it.
  void begin(int status, const HeaderList& headers);
  void write(std::string_view bytes);
  void finish();
  // Queued bytes the client has not taken yet (its kernel may hold some more): for dropping slow readers.
  [[nodiscard]] std::size_t unsent() const;

  [[nodiscard]] bool answered() const;  // send() or begin() was called
  [[nodiscard]] bool gone() const;
  [[nodiscard]] bool valid() const { return exchange_ != nullptr; }
  // Called once from the loop when the client leaves before send() or finish(), or has had all it can take
  // of a stream (HEAD); in a later turn if it has left already. Not called once the Responder is destroyed,
  // nor because the server is.
  void on_gone(std::function<void()> action);
  // Called once with the status of the answer, when it is given or begun, whether or not the client is there
  // to get it; also of the 500 that stands for none.
  void on_answer(std::function<void(int status)> action);

 private:
  std::shared_ptr<HttpExchange> exchange_;
};

// Writing to a client that has left must be an error, not a signal: the constructor ignores SIGPIPE for the
// whole process.
class HttpServer {
 public:
  // `refuse`, `unsound` and `too_large` run inside the library: they decide from what they are given and
  // touch nothing of the server. `handle` runs in a turn of its own and may do anything, also destroy the
  // server. What they throw ends the loop and comes out of run().
  struct Handlers {
    // Asked when the headers are there, before the body is read: an answer here refuses the request. If a
    // body was to follow, the connection is closed after it.
    std::function<std::optional<HttpResponse>(const HttpRequestHead&)> refuse;
    // The request breaks HTTP's own rules: several lengths, no Host, a target over longest_target. The
    // connection is closed after it. Without this handler the words go out as text/plain.
    //
    // libmicrohttpd 0.9.75 answers some by itself, in HTML, before anybody is asked, and has no hook for it:
    // a Content-Length that is no number (400) or passes 64 bits (413), a request line or headers that do not
    // fit connection_memory (414, 431), an unknown version (505); and it cuts who sends no HTTP at all.
    std::function<HttpResponse(const HttpRequestHead&, const HttpFault&)> unsound;
    // The body passed max_body, or its Content-Length says it will. The connection is closed after it.
    std::function<HttpResponse(const HttpRequestHead&)> too_large;
    std::function<void(HttpServerRequest, Responder)> handle;
    // Clients wait, or give way, for want of descriptors; called as `refuse` is, and as often as it happens.
    // May be empty.
    std::function<void()> crowded{};
  };

  HttpServer(EventLoop& loop, HttpServerLimits limits, Handlers handlers);
  ~HttpServer();  // closes listeners and connections; waiting clients are cut
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // Serves a listening socket (owned from now on). `name` comes back as HttpRequestHead::listener.
  void add_listener(int fd, std::string name);
  // No new connections from now on: the listening sockets are closed. Each of those that are there gets the
  // answer to one more request.
  void stop_accepting();
  [[nodiscard]] std::size_t connections() const;
  // Connections in the middle of a request or its answer: none left means nobody is waiting.
  [[nodiscard]] std::size_t busy() const;
  // Connections with a whole answer that is not taken to its end: not those of streams.
  [[nodiscard]] std::size_t taking() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace smm::platform
