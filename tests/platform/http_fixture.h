#pragma once

#include "platform/http_server.h"

#include <doctest/doctest.h>

#include <functional>
#include <optional>
#include <string>
#include <string_view>

// A server on its loop and raw clients, all in one thread: whoever waits turns the loop meanwhile.
namespace smm::platform {

struct Reply {
  int status = 0;
  std::string head;  // the lines before the body
  std::string body;  // decoded from chunks
  bool chunked = false;
  [[nodiscard]] bool has(std::string_view line) const { return head.find(line) != std::string::npos; }
};

// Takes the first whole reply off `bytes`, if there is one. `to_head`: it has no body, whatever it says.
std::optional<Reply> take_reply(std::string& bytes, bool to_head = false);

// A client that sends and reads what it is told, byte for byte.
class RawClient {
 public:
  explicit RawClient(const std::string& socket_path);
  explicit RawClient(int tcp_port);
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;
  ~RawClient();

  void send(std::string_view bytes) { outgoing_ += bytes; }
  void half_close();  // no more will be sent
  void close();
  // Moves what can be moved without waiting. `read` = false: leaves what has come where it is.
  void move(bool read = true);

  std::string received;  // and not taken yet
  [[nodiscard]] bool all_sent() const { return outgoing_.empty(); }
  [[nodiscard]] bool ended() const { return ended_; }  // the server closed

 private:
  int fd_;
  std::string outgoing_;
  bool ended_ = false;
};

class ServerFixture {
 public:
  explicit ServerFixture(HttpServerLimits limits = {});
  ServerFixture(const ServerFixture&) = delete;
  ServerFixture& operator=(const ServerFixture&) = delete;
  ~ServerFixture();

  // What the handlers do; set by the test. The first handle answers `METHOD PATH BODY`.
  std::function<std::optional<HttpResponse>(const HttpRequestHead&)> refuse;
  std::function<void(HttpServerRequest, Responder)> handle;

  int listen_on_tcp();  // the port
  // Turns the loop until `done`, for thirty seconds at most; whether it was.
  bool until(const std::function<bool()>& done);
  // The next reply `client` gets; fails the test if none comes.
  Reply reply_to(RawClient& client, bool to_head = false);
  Reply ask(RawClient& client, std::string_view request);
  // Takes more turns than what has come by now can want: what is left to do then is for timers.
  void rest();
  // How often the loop had something to do within `span`.
  int turns_within(Milliseconds span);

  EventLoop loop;
  std::string socket_path;
  std::optional<HttpServer> server;

 private:
  std::string directory_;
};

std::string get(std::string_view path);

}  // namespace smm::platform
