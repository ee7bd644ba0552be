#include "http_fixture.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <stdexcept>

namespace smm::platform {
namespace {

int must(int result, const char* what) {
  if (result < 0) throw std::runtime_error(std::string(what) + ": " + std::strerror(errno));
  return result;
}

sockaddr_un unix_address(const std::string& path) {
  sockaddr_un out{};
  out.sun_family = AF_UNIX;
  path.copy(out.sun_path, sizeof out.sun_path - 1);
  return out;
}

sockaddr_in tcp_address(int port) {
  sockaddr_in out{};
  out.sin_family = AF_INET;
  out.sin_port = htons(static_cast<std::uint16_t>(port));
  out.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return out;
}

int family_of(const sockaddr_un& address) {
  return address.sun_family;
}

int family_of(const sockaddr_in& address) {
  return address.sin_family;
}

template <class Address>
int connected(const Address& address) {
  const int fd = must(socket(family_of(address), SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
  must(connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), "connect");
  must(fcntl(fd, F_SETFL, O_NONBLOCK), "fcntl");
  return fd;
}

template <class Address>
int listening(const Address& address) {
  const int fd = must(socket(family_of(address), SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
  must(bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), "bind");
  must(listen(fd, 512), "listen");
  return fd;
}

std::optional<std::string> take_chunks(std::string_view bytes, std::size_t& used) {
  std::string out;
  for (std::size_t at = used;;) {
    const auto line_end = bytes.find("\r\n", at);
    if (line_end == std::string_view::npos) return std::nullopt;
    std::size_t size = 0;
    std::from_chars(bytes.data() + at, bytes.data() + line_end, size, 16);
    at = line_end + 2;
    if (bytes.size() < at + size + 2) return std::nullopt;
    out += bytes.substr(at, size);
    at += size + 2;
    if (size == 0) {
      used = at;
      return out;
    }
  }
}

}  // namespace

std::optional<Reply> take_reply(std::string& bytes, bool to_head) {
  const auto head_end = bytes.find("\r\n\r\n");
  if (head_end == std::string::npos) return std::nullopt;
  Reply out;
  out.head = bytes.substr(0, head_end + 2);
  out.status = std::atoi(out.head.c_str() + std::strlen("HTTP/1.1 "));
  out.chunked = out.has("Transfer-Encoding: chunked");
  std::size_t used = head_end + 4;
  if (!to_head && out.status >= 200 && out.chunked) {
    auto body = take_chunks(bytes, used);
    if (!body) return std::nullopt;
    out.body = std::move(*body);
  } else if (const auto length = out.head.find("Content-Length: "); !to_head && length != std::string::npos) {
    const auto size = std::strtoull(out.head.c_str() + length + std::strlen("Content-Length: "), nullptr, 10);
    if (bytes.size() < used + size) return std::nullopt;
    out.body = bytes.substr(used, size);
    used += size;
  }
  bytes.erase(0, used);
  return out;
}

RawClient::RawClient(const std::string& socket_path) : fd_(connected(unix_address(socket_path))) {}
RawClient::RawClient(int tcp_port) : fd_(connected(tcp_address(tcp_port))) {}

RawClient::~RawClient() {
  close();
}

void RawClient::half_close() {
  must(shutdown(fd_, SHUT_WR), "shutdown");
}

void RawClient::close() {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

void RawClient::move(bool read) {
  if (!outgoing_.empty()) {
    const auto sent = ::send(fd_, outgoing_.data(), outgoing_.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent > 0) outgoing_.erase(0, static_cast<std::size_t>(sent));
  }
  if (!read) return;
  char buffer[65536];
  for (;;) {
    const auto got = recv(fd_, buffer, sizeof buffer, MSG_DONTWAIT);
    if (got > 0) {
      received.append(buffer, static_cast<std::size_t>(got));
      continue;
    }
    if (got == 0 || (errno != EAGAIN && errno != EINTR)) ended_ = true;
    return;
  }
}

ServerFixture::ServerFixture(HttpServerLimits limits) {
  std::string pattern = (std::filesystem::temp_directory_path() / "smm-http-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp");
  directory_ = pattern;
  socket_path = directory_ + "/socket";
  handle = [](const HttpServerRequest& request, Responder responder) {
    responder.send({200, {}, request.method + " " + request.path + " " + request.body});
  };
  HttpServer::Handlers handlers;
  handlers.refuse = [this](const HttpRequestHead& head) { return refuse ? refuse(head) : std::nullopt; };
  handlers.unsound = [](const HttpRequestHead& head, const HttpFault& fault) {
    return HttpResponse{fault.status, {{"X-Path", head.path}}, fault.words};
  };
  handlers.too_large = [](const HttpRequestHead& head) {
    return HttpResponse{413, {{"X-Path", head.path}}, "too large"};
  };
  handlers.handle = [this](HttpServerRequest request, Responder responder) {
    handle(std::move(request), std::move(responder));
  };
  server.emplace(loop, limits, std::move(handlers));
  server->add_listener(listening(unix_address(socket_path)), "test");
}

ServerFixture::~ServerFixture() {
  server.reset();
  std::filesystem::remove_all(directory_);
}

int ServerFixture::listen_on_tcp() {
  const int fd = listening(tcp_address(0));
  sockaddr_in address{};
  socklen_t size = sizeof address;
  must(getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size), "getsockname");
  server->add_listener(fd, "tcp");
  return ntohs(address.sin_port);
}

bool ServerFixture::until(const std::function<bool()>& done) {
  const auto end = EventLoop::monotonic_ms() + 30'000;
  while (!done()) {
    if (EventLoop::monotonic_ms() > end) return false;
    loop.run_once(Milliseconds(2));
  }
  return true;
}

Reply ServerFixture::reply_to(RawClient& client, bool to_head) {
  std::optional<Reply> reply;
  REQUIRE(until([&] {
    client.move();
    reply = take_reply(client.received, to_head);
    return reply.has_value();
  }));
  return *reply;
}

Reply ServerFixture::ask(RawClient& client, std::string_view request) {
  client.send(request);
  return reply_to(client);
}

void ServerFixture::rest() {
  for (int turn = 0; turn < 200; ++turn) loop.run_once(Milliseconds(0));
}

int ServerFixture::turns_within(Milliseconds span) {
  int turns = 0;
  const auto end = EventLoop::monotonic_ms() + span.count();
  for (auto left = span.count(); left > 0; left = end - EventLoop::monotonic_ms()) {
    loop.run_once(Milliseconds(left));
    ++turns;
  }
  return turns - 1;  // the last one was the end of the wait
}

std::string get(std::string_view path) {
  return "GET " + std::string(path) + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
}

}  // namespace smm::platform
