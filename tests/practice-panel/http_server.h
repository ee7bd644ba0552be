#pragma once

#include "practice-panel/clock.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace smm::practice {

using Headers = std::vector<std::pair<std::string, std::string>>;

// Header names are compared without regard to case.
std::optional<std::string> find_header(const Headers& headers, std::string_view name);

struct HttpRequest {
  std::string method;
  std::string path;
  std::string version;  // "HTTP/1.1"
  Headers headers;
  std::string body;
  std::uint64_t connection = 0;  // counts up from 1 a server; equal numbers mean a connection used again
};

// What happens to a reply on its way.
enum class Delivery : std::uint8_t {
  whole,
  hang,                 // nothing is sent; ends when the client or the server goes
  close,                // the connection closes without a byte
  reset,                // RST without a byte
  close_mid_head,       // half of the head, then an orderly close
  reset_after_headers,  // the head with its Content-Length, then RST
  reset_mid_body,       // the head, half of the body, then RST
  close_mid_body,       // the head, half of the body, then an orderly close
  reset_after_body,     // every byte, then RST: what of it arrives nobody can know
  open_after_body,      // every byte, and the connection stays open until the client or the server goes
  dripping,             // the body in pieces of drip_bytes, a pause before each
};

struct HttpReply {
  int status = 200;
  Headers headers;
  std::string body;
  Delivery delivery = Delivery::whole;
  Ms delay{0};  // real time before the first byte; see HttpServer::let_go
  Ms drip_pause{10};
  std::size_t drip_bytes = 1;
  // Told the truth about delivery, from the connection's thread: true just before the last byte is handed to
  // the kernel, false when sending failed or was cut. A reply without delay that goes out whole is only told
  // of when it fails.
  std::function<void(bool whole)> delivered;
};

// An HTTP/1.1 server on 127.0.0.1, one thread a connection, so that a reply which hangs or drips holds up
// nobody else. The handler is called from those threads at once. Throws std::runtime_error when the port
// cannot be had.
class HttpServer {
 public:
  using Handler = std::function<HttpReply(const HttpRequest&)>;

  // Port 0 lets the kernel choose.
  HttpServer(std::uint16_t port, Handler handler);
  // Breaks off what hangs or drips and joins every thread.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  std::uint16_t port() const;
  // Replies that wait for their delay to pass leave now, and those that come later at once: a delay longer
  // than any test holds an answer back until it is wanted.
  void let_go() const;
  // Waits until every connection that was made before is over, and with it whatever was asked on it: so many
  // a request of a program that was killed lies about unread. False at the end of the patience.
  bool wait_until_left(Ms patience) const;

 private:
  struct Inner;
  std::unique_ptr<Inner> inner_;
};

}  // namespace smm::practice
