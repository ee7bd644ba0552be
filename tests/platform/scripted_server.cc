#include "scripted_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <system_error>
#include <utility>

namespace smm::test {
namespace {

constexpr int look_around_ms = 5;

[[noreturn]] void fail(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

// On a port the kernel chooses.
template <typename Address>
int bind_at(Address address, std::uint16_t& port, in_port_t Address::*place) {
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  const int fd = socket(generic->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) fail("socket");
  socklen_t size = sizeof address;
  if (bind(fd, generic, size) != 0) fail("bind");
  if (getsockname(fd, generic, &size) != 0) fail("getsockname");
  port = ntohs(address.*place);
  return fd;
}

int bind_on_loopback(std::uint16_t& port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return bind_at(address, port, &sockaddr_in::sin_port);
}

// By IPv6 and, mapped into it, IPv4.
int bind_everywhere(std::uint16_t& port) {
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  return bind_at(address, port, &sockaddr_in6::sin6_port);
}

int listening(int fd) {
  if (listen(fd, 256) != 0) fail("listen");
  return fd;
}

// The value of Content-Length in a request's head; 0 if none.
std::size_t body_length(std::string head) {
  for (auto& letter : head) letter = static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
  const std::string name = "\r\ncontent-length:";
  const auto at = head.find(name);
  return at == std::string::npos ? 0 : std::strtoul(head.c_str() + at + name.size(), nullptr, 10);
}

}  // namespace

Connection::~Connection() {
  close_now();
}

bool Connection::wait(short events) const {
  while (!closing_ && fd_ >= 0) {
    pollfd ready{fd_, events, 0};
    if (poll(&ready, 1, look_around_ms) > 0) return true;
  }
  return false;
}

std::string Connection::read_some() {
  if (!pending_.empty()) return std::exchange(pending_, {});
  if (!wait(POLLIN)) return {};
  std::array<char, 65536> bytes{};
  const auto size = recv(fd_, bytes.data(), bytes.size(), 0);
  if (size <= 0) return {};
  std::string text(bytes.data(), static_cast<std::size_t>(size));
  const std::lock_guard lock(guard_);
  received_ += text;
  return text;
}

std::string Connection::read_request() {
  std::string request;
  for (;;) {
    if (const auto end = request.find("\r\n\r\n"); end != std::string::npos) {
      const auto size = end + 4 + body_length(request.substr(0, end + 4));
      if (request.size() >= size) {
        pending_ = request.substr(size);
        request.resize(size);
        return request;
      }
    }
    const auto more = read_some();
    if (more.empty()) return {};
    request += more;
  }
}

bool Connection::write(std::string_view bytes) {
  while (!bytes.empty()) {
    if (!wait(POLLOUT)) return false;
    const auto size = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (size < 0 && errno != EAGAIN) return false;
    if (size > 0) bytes.remove_prefix(static_cast<std::size_t>(size));
  }
  return true;
}

bool Connection::reply(std::string_view body, std::string_view status, std::string_view headers) {
  std::string text = "HTTP/1.1 ";
  text.append(status).append("\r\nContent-Length: ").append(std::to_string(body.size())).append("\r\n");
  return write(text.append(headers).append("\r\n").append(body));
}

void Connection::reset() {
  if (fd_ < 0) return;
  const linger at_once{1, 0};
  setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  close_now();
}

void Connection::close_now() {
  if (fd_ >= 0) close(std::exchange(fd_, -1));
}

void Connection::wait_for_end() {
  while (!read_some().empty()) {
  }
}

ScriptedServer::ScriptedServer(Script script, Where where)
    : script_(std::move(script)),
      listener_(listening(where == Where::loopback ? bind_on_loopback(port_) : bind_everywhere(port_))),
      acceptor_([this] { accept_all(); }) {}

ScriptedServer::~ScriptedServer() {
  stop();
  close(listener_);
}

void ScriptedServer::stop() {
  closing_ = true;
  if (acceptor_.joinable()) acceptor_.join();
  for (auto& worker : workers_) {
    if (worker.joinable()) worker.join();
  }
}

void ScriptedServer::accept_all() {
  while (!closing_) {
    pollfd ready{listener_, POLLIN, 0};
    if (poll(&ready, 1, look_around_ms) <= 0) continue;
    const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) continue;
    const int number = accepted_++;
    workers_.emplace_back([this, fd, number] {
      Connection connection(fd, number, received_, guard_, closing_);
      script_(connection);
    });
  }
}

std::string ScriptedServer::url(std::string_view path, std::string_view host) const {
  return "http://" + std::string(host) + ":" + std::to_string(port_) + std::string(path);
}

std::string ScriptedServer::received() {
  const std::lock_guard lock(guard_);
  return received_;
}

int ScriptedServer::count(std::string_view what) {
  const auto text = received();
  int found = 0;
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++found;
  return found;
}

int ScriptedServer::final_count(std::string_view what) {
  stop();
  return count(what);
}

ClosedPort::ClosedPort() : fd_(bind_on_loopback(number_)) {}

ClosedPort::~ClosedPort() {
  close(fd_);
}

}  // namespace smm::test
