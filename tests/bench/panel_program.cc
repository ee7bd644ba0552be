// The panel the benchmark asks: one thread, no book-keeping but a counter and a time for each order, so that
// it keeps up with a million orders asked flat out and its own work does not hide what is measured. It knows
// the orders first_order … first_order + N - 1 and answers what API v2 answers, from a template. Prints its
// port; ends with its standard input.
//
//   bench_panel ORDERS [gzip]
//
// Beside /api/v2 there are, for whoever measures:
//   GET /counts      requests, ids and early ids since the last /watch, as three numbers
//   GET /watch/MS    zeroes these; an order asked again before MS milliseconds went by counts as early
//   GET /changing/1  every answer tells another `remains` from now on; 0: the same again

#include "lean_orders.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace smm::bench;

void require(bool holds, const char* what) {
  if (!holds) throw std::runtime_error(what);
}

std::uint32_t now_us() {
  const auto since = std::chrono::steady_clock::now().time_since_epoch();
  return static_cast<std::uint32_t>(std::chrono::duration_cast<std::chrono::microseconds>(since).count());
}

// Whole bodies in gzip's format, as a panel's web server makes them.
class Gzip {
 public:
  Gzip() { require(deflateInit2(&stream_, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK, "zlib"); }
  ~Gzip() { deflateEnd(&stream_); }
  Gzip(const Gzip&) = delete;
  Gzip& operator=(const Gzip&) = delete;

  std::string_view pack(std::string& body) {
    deflateReset(&stream_);
    packed_.resize(deflateBound(&stream_, body.size()));
    stream_.next_in = reinterpret_cast<Bytef*>(body.data());
    stream_.avail_in = static_cast<uInt>(body.size());
    stream_.next_out = reinterpret_cast<Bytef*>(packed_.data());
    stream_.avail_out = static_cast<uInt>(packed_.size());
    require(deflate(&stream_, Z_FINISH) == Z_STREAM_END, "zlib");
    return std::string_view(packed_).substr(0, stream_.total_out);
  }

 private:
  z_stream stream_{};
  std::string packed_;
};

class Panel {
 public:
  explicit Panel(std::size_t orders) : asked_us_(orders, 0), told_(orders, 0) {}

  // The body of the answer to a form; valid until the next one.
  std::string& answer(std::string_view form) {
    body_.clear();
    if (form.find("action=status") == std::string_view::npos) {
      body_ = form.find("action=balance") != std::string_view::npos
                  ? R"({"balance":"100.00","currency":"USD"})"
                  : one_service;
      return body_;
    }
    ++requests_;
    const auto now = now_us();
    if (auto at = form.find("&order="); at != std::string_view::npos) {
      tell(form.substr(at + 7), now);
      return body_;
    }
    const auto at = form.find("&orders=");
    auto ids = at == std::string_view::npos ? std::string_view() : form.substr(at + 8);
    ids = ids.substr(0, ids.find('&'));
    body_ += '{';
    while (!ids.empty()) {
      const auto end = std::min(ids.find_first_of("%,"), ids.size());
      const auto id = ids.substr(0, end);
      if (body_.size() > 1) body_ += ',';
      body_.append("\"").append(id).append("\":");
      tell(id, now);
      ids.remove_prefix(std::min(ids.size(), end + (end < ids.size() && ids[end] == '%' ? 3 : 1)));
    }
    body_ += '}';
    return body_;
  }

  std::string control(std::string_view path) {
    if (path.rfind("/watch/", 0) == 0) {
      interval_us_ =
          static_cast<std::uint32_t>(std::strtoul(std::string(path.substr(7)).c_str(), nullptr, 10)) * 1000;
      requests_ = ids_ = early_ = 0;
      std::fill(asked_us_.begin(), asked_us_.end(), 0);
    } else if (path.rfind("/changing/", 0) == 0) {
      changing_ = path.substr(10) == "1";
    }
    return std::to_string(requests_) + " " + std::to_string(ids_) + " " + std::to_string(early_);
  }

 private:
  static constexpr const char* one_service =
      R"([{"service":1234,"name":"Followers","type":"Default","category":"All","rate":"0.90","min":"50","max":"10000","refill":true,"cancel":true}])";

  void tell(std::string_view id, std::uint32_t now) {
    ++ids_;
    std::size_t number = 0;
    std::from_chars(id.data(), id.data() + id.size(), number);
    const auto index = number - first_order;
    if (number < first_order || index >= told_.size()) {
      body_ += R"({"error":"Incorrect order ID"})";
      return;
    }
    // The daemon counts whole milliseconds from when the answer came.
    constexpr std::uint32_t rounding_us = 1000;
    if (asked_us_[index] != 0 && now - asked_us_[index] + rounding_us < interval_us_) ++early_;
    asked_us_[index] = now == 0 ? 1 : now;
    if (changing_) ++told_[index];
    append_lean_order(body_, told_[index]);
  }

  std::vector<std::uint32_t> asked_us_;  // 0: not since the last /watch
  std::vector<std::uint32_t> told_;      // how often it changed
  std::string body_;
  std::uint32_t interval_us_ = 0;
  bool changing_ = false;
  std::uint64_t requests_ = 0;
  std::uint64_t ids_ = 0;
  std::uint64_t early_ = 0;
};

struct Connection {
  std::string in;
  std::string out;
};

class Server {
 public:
  Server(std::size_t orders, bool gzip) : panel_(orders), gzip_(gzip) {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    require(bind(listener_, reinterpret_cast<sockaddr*>(&address), size) == 0 && listen(listener_, 128) == 0,
            "listen");
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    std::printf("%u\n", static_cast<unsigned>(ntohs(address.sin_port)));
    std::fflush(stdout);
    watch(listener_);
    watch(STDIN_FILENO);
  }

  void run() {
    std::array<epoll_event, 64> events{};
    for (;;) {
      const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), -1);
      for (int i = 0; i < count; ++i) {
        const int fd = events.at(static_cast<std::size_t>(i)).data.fd;
        if (fd == STDIN_FILENO) return;
        if (fd == listener_) {
          accept_one();
        } else if (!serve(fd, connections_[fd])) {
          connections_.erase(fd);
          close(fd);
        }
      }
    }
  }

 private:
  void watch(int fd) const {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd;
    require(epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) == 0, "epoll");
  }

  void accept_one() {
    const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) return;
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    watch(fd);
  }

  // False: the connection is over.
  bool serve(int fd, Connection& connection) {
    std::array<char, 65536> room{};
    const auto got = recv(fd, room.data(), room.size(), 0);
    if (got <= 0) return false;
    connection.in.append(room.data(), static_cast<std::size_t>(got));
    for (;;) {
      const auto head_end = connection.in.find("\r\n\r\n");
      if (head_end == std::string::npos) return true;
      std::string head = connection.in.substr(0, head_end + 2);
      std::transform(head.begin(), head.end(), head.begin(), [](unsigned char c) { return std::tolower(c); });
      const auto length_at = head.find("\r\ncontent-length:");
      const auto length =
          length_at == std::string::npos ? 0 : std::strtoul(head.c_str() + length_at + 17, nullptr, 10);
      const auto whole = head_end + 4 + length;
      if (connection.in.size() < whole) return true;
      const auto body = std::string_view(connection.in).substr(head_end + 4, length);
      const bool stays = head.find("\r\nconnection: close") == std::string::npos;
      reply(fd, connection, head, body, stays);
      connection.in.erase(0, whole);
      if (!stays) return false;
    }
  }

  void reply(int fd, Connection& connection, const std::string& head, std::string_view form, bool stays) {
    std::string control;
    std::string* body = &control;
    if (head.rfind("post ", 0) == 0) {
      body = &panel_.answer(form);
    } else {
      control = panel_.control(std::string_view(head).substr(4, head.find(' ', 4) - 4));
    }
    const bool packs = gzip_ && head.find("gzip") != std::string::npos;
    const auto bytes = packs ? packer_.pack(*body) : std::string_view(*body);
    auto& out = connection.out;
    out = "HTTP/1.1 200 OK\r\nServer: bench\r\nContent-Type: application/json\r\n";
    if (packs) out += "Content-Encoding: gzip\r\n";
    if (!stays) out += "Connection: close\r\n";
    out.append("Content-Length: ").append(std::to_string(bytes.size())).append("\r\n\r\n").append(bytes);
    std::string_view left = out;
    while (!left.empty()) {
      const auto sent = send(fd, left.data(), left.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;
      left.remove_prefix(static_cast<std::size_t>(sent));
    }
  }

  Panel panel_;
  Gzip packer_;
  bool gzip_;
  int listener_ = -1;
  int epoll_ = epoll_create1(EPOLL_CLOEXEC);
  std::map<int, Connection> connections_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: bench_panel ORDERS [gzip]\n");
    return 2;
  }
  try {
    Server(std::strtoul(argv[1], nullptr, 10), argc > 2 && std::string_view(argv[2]) == "gzip").run();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_panel: %s\n", error.what());
    return 1;
  }
  return 0;
}
