#include "practice-panel/http_server.h"

#include "practice-panel/form.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <thread>

namespace smm::practice {
namespace {

// Larger bodies are cut: no request of this API comes near it.
constexpr std::size_t body_limit = std::size_t{16} * 1024 * 1024;

struct Exchange {
  HttpRequest request;
  std::function<void(bool)> delivered;
};

MHD_Result collect_header(void* cls, MHD_ValueKind, const char* name, const char* value) {
  static_cast<Headers*>(cls)->emplace_back(name, value != nullptr ? value : "");
  return MHD_YES;
}

// Linux sends RST at once when a connected TCP socket is "connected" to AF_UNSPEC; SO_LINGER would wait for a
// close that comes after the server library's orderly shutdown.
void reset_connection(int fd) {
  sockaddr nowhere{};
  nowhere.sa_family = AF_UNSPEC;
  // Nothing can be done about a connection that is gone already.
  static_cast<void>(::connect(fd, &nowhere, sizeof nowhere));
}

// From now on whoever waits for this eventfd has waited.
void let_pass(int fd) {
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(fd, &one, sizeof one);
}

std::string raw_head(const HttpReply& reply) {
  std::string head = "HTTP/1.1 " + std::to_string(reply.status) + " Practice\r\n";
  for (const auto& [name, value] : reply.headers) head.append(name).append(": ").append(value).append("\r\n");
  return head + "Content-Length: " + std::to_string(reply.body.size()) + "\r\n\r\n";
}

}  // namespace

std::optional<std::string> find_header(const Headers& headers, std::string_view name) {
  const auto wanted = to_lower(name);
  for (const auto& header : headers)
    if (to_lower(header.first) == wanted) return header.second;
  return std::nullopt;
}

struct HttpServer::Inner {
  Handler handler;
  int stop_fd = -1;
  int go_fd = -1;
  std::atomic<std::uint64_t> connections{0};
  std::atomic<std::uint64_t> open{0};
  MHD_Daemon* daemon = nullptr;

  // True when the time has passed, or when `earlier` can be read (-1: there is no such thing); false when the
  // client left or the server stops. A negative time is endless.
  bool wait(int fd, Ms time, int earlier = -1) const {
    std::array<pollfd, 3> watched{pollfd{fd, POLLRDHUP, 0}, pollfd{stop_fd, POLLIN, 0},
                                  pollfd{earlier, POLLIN, 0}};
    int result = 0;
    do {
      result = ::poll(watched.data(), watched.size(), time < Ms{0} ? -1 : static_cast<int>(time.count()));
    } while (result < 0 && errno == EINTR);
    return result >= 0 && watched[0].revents == 0 && watched[1].revents == 0;
  }

  bool send_all(int fd, std::string_view bytes) const {
    while (!bytes.empty()) {
      const auto sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent >= 0) {
        bytes.remove_prefix(static_cast<std::size_t>(sent));
      } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
        std::array<pollfd, 2> watched{pollfd{fd, POLLOUT, 0}, pollfd{stop_fd, POLLIN, 0}};
        ::poll(watched.data(), watched.size(), -1);
        if (watched[1].revents != 0) return false;
      } else if (errno != EINTR) {
        return false;
      }
    }
    return true;
  }

  bool drip(int fd, const HttpReply& reply) const {
    const std::string_view body = reply.body;
    if (!send_all(fd, raw_head(reply))) return false;
    const auto piece = std::max<std::size_t>(reply.drip_bytes, 1);
    for (std::size_t at = 0; at < body.size(); at += piece) {
      if (!wait(fd, reply.drip_pause)) return false;
      if (at + piece >= body.size() && reply.delivered) reply.delivered(true);
      if (!send_all(fd, body.substr(at, piece))) return false;
    }
    return true;
  }

  static MHD_Result send_whole(MHD_Connection* connection, const HttpReply& reply) {
    std::string body = reply.body;  // the library takes a mutable pointer and copies from it
    auto* response = MHD_create_response_from_buffer(body.size(), body.data(), MHD_RESPMEM_MUST_COPY);
    if (response == nullptr) return MHD_NO;
    for (const auto& [name, value] : reply.headers)
      MHD_add_response_header(response, name.c_str(), value.c_str());
    const auto result = MHD_queue_response(connection, static_cast<unsigned>(reply.status), response);
    MHD_destroy_response(response);
    return result;
  }

  // MHD_NO makes the library close the connection.
  MHD_Result deliver(MHD_Connection* connection, Exchange& exchange, const HttpReply& reply) const {
    const int fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    const auto cut = [&] {
      if (reply.delivered) reply.delivered(false);
      return MHD_NO;
    };
    if (reply.delay > Ms{0} && !wait(fd, reply.delay, go_fd)) return cut();
    const auto half = std::string_view(reply.body).substr(0, reply.body.size() / 2);
    switch (reply.delivery) {
      case Delivery::whole:
        if (reply.delay > Ms{0} && reply.delivered) reply.delivered(true);
        exchange.delivered = reply.delivered;
        return send_whole(connection, reply);
      case Delivery::hang:
        wait(fd, Ms{-1});
        return cut();
      case Delivery::close:
        return cut();
      case Delivery::reset:
        reset_connection(fd);
        return cut();
      case Delivery::close_mid_head: {
        const auto head = raw_head(reply);
        send_all(fd, std::string_view(head).substr(0, head.size() / 2));
        return cut();
      }
      case Delivery::reset_after_headers:
        send_all(fd, raw_head(reply));
        reset_connection(fd);
        return cut();
      case Delivery::reset_mid_body:
        if (send_all(fd, raw_head(reply))) send_all(fd, half);
        reset_connection(fd);
        return cut();
      case Delivery::close_mid_body:
        if (send_all(fd, raw_head(reply))) send_all(fd, half);
        return cut();
      case Delivery::reset_after_body:
        send_all(fd, raw_head(reply) + reply.body);
        reset_connection(fd);
        return cut();
      case Delivery::open_after_body:
        if (reply.delivered) reply.delivered(true);
        if (!send_all(fd, raw_head(reply) + reply.body)) return cut();
        wait(fd, Ms{-1});
        return MHD_NO;
      case Delivery::dripping:
        if (!drip(fd, reply)) return cut();
        return MHD_NO;
    }
    return MHD_NO;
  }

  HttpReply handle(const HttpRequest& request) const noexcept {
    try {
      return handler(request);
    } catch (const std::exception& error) {
      HttpReply reply;
      reply.status = 500;
      reply.body = std::string("the practice panel failed: ") + error.what() + "\n";
      return reply;
    }
  }

  static MHD_Result on_request(void* cls, MHD_Connection* connection, const char* url, const char* method,
                               const char* version, const char* data, std::size_t* size, void** slot) {
    const auto* self = static_cast<const Inner*>(cls);
    if (*slot == nullptr) {
      *slot = new Exchange;
      return MHD_YES;
    }
    auto& exchange = *static_cast<Exchange*>(*slot);
    auto& request = exchange.request;
    if (*size > 0) {
      request.body.append(data, std::min(*size, body_limit - std::min(body_limit, request.body.size())));
      *size = 0;
      return MHD_YES;
    }
    request.method = method;
    request.path = url;
    request.version = version;
    MHD_get_connection_values(connection, MHD_HEADER_KIND, &collect_header, &request.headers);
    const auto* number = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    request.connection = *static_cast<const std::uint64_t*>(number->socket_context);
    return self->deliver(connection, exchange, self->handle(request));
  }

  static void on_connection(void* cls, MHD_Connection*, void** slot, MHD_ConnectionNotificationCode code) {
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
      *slot = new std::uint64_t{++static_cast<Inner*>(cls)->connections};
      ++static_cast<Inner*>(cls)->open;
    } else {
      --static_cast<Inner*>(cls)->open;
      delete static_cast<std::uint64_t*>(*slot);
      *slot = nullptr;
    }
  }

  static void on_completed(void*, MHD_Connection*, void** slot, MHD_RequestTerminationCode code) {
    const auto* exchange = static_cast<Exchange*>(*slot);
    if (exchange == nullptr) return;
    if (code != MHD_REQUEST_TERMINATED_COMPLETED_OK && exchange->delivered) exchange->delivered(false);
    delete exchange;
    *slot = nullptr;
  }
};

HttpServer::HttpServer(std::uint16_t port, Handler handler) : inner_(std::make_unique<Inner>()) {
  inner_->handler = std::move(handler);
  inner_->stop_fd = ::eventfd(0, EFD_CLOEXEC);
  inner_->go_fd = ::eventfd(0, EFD_CLOEXEC);
  if (inner_->stop_fd < 0 || inner_->go_fd < 0) throw std::runtime_error("cannot make an eventfd");
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  inner_->daemon =
      MHD_start_daemon(MHD_USE_POLL_INTERNAL_THREAD | MHD_USE_THREAD_PER_CONNECTION | MHD_USE_ITC, port,
                       nullptr, nullptr, &Inner::on_request, inner_.get(), MHD_OPTION_SOCK_ADDR, &address,
                       MHD_OPTION_NOTIFY_COMPLETED, &Inner::on_completed, nullptr,
                       MHD_OPTION_NOTIFY_CONNECTION, &Inner::on_connection, inner_.get(), MHD_OPTION_END);
  if (inner_->daemon == nullptr) {
    ::close(inner_->stop_fd);
    ::close(inner_->go_fd);
    throw std::runtime_error("cannot listen on 127.0.0.1:" + std::to_string(port) + ": " +
                             std::strerror(errno));
  }
}

HttpServer::~HttpServer() {
  let_pass(inner_->stop_fd);
  MHD_stop_daemon(inner_->daemon);
  ::close(inner_->stop_fd);
  ::close(inner_->go_fd);
}

void HttpServer::let_go() const {
  let_pass(inner_->go_fd);
}

bool HttpServer::wait_until_left(Ms patience) const {
  // Connections are taken in the order they were made: when this one, which says nothing, is over, all before
  // it have been taken and are counted as open.
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port());
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  bool over = fd >= 0 && ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
              ::shutdown(fd, SHUT_WR) == 0;
  const auto end = std::chrono::steady_clock::now() + patience;
  if (over) {
    pollfd watched{fd, POLLIN, 0};
    over = ::poll(&watched, 1, static_cast<int>(patience.count())) == 1;
  }
  if (fd >= 0) ::close(fd);
  while (over && inner_->open > 0) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(Ms(1));
  }
  return over;
}

std::uint16_t HttpServer::port() const {
  return MHD_get_daemon_info(inner_->daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
}

}  // namespace smm::practice
