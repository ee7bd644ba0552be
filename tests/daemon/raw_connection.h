#pragma once

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <string>

namespace smm::test {

// A client that says what it is told, byte for byte, over a Unix socket or to a port of 127.0.0.1.
class RawConnection {
 public:
  explicit RawConnection(const std::filesystem::path& path)
      : fd_(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    open(&address, sizeof address);
  }
  explicit RawConnection(std::uint16_t port) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    open(&address, sizeof address);
  }
  ~RawConnection() { close(fd_); }
  RawConnection(const RawConnection&) = delete;
  RawConnection& operator=(const RawConnection&) = delete;

  void say(const std::string& text) const { (void)!send(fd_, text.data(), text.size(), MSG_NOSIGNAL); }
  void say_no_more() const { shutdown(fd_, SHUT_WR); }
  // What comes next, at most so many bytes; empty at the end, or when nothing comes for half a minute.
  [[nodiscard]] std::string hear_some(std::size_t most = 65536) const {
    std::string piece(most, '\0');
    const auto got = recv(fd_, piece.data(), piece.size(), 0);
    piece.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return piece;
  }
  // What comes until the server closes, or nothing comes for half a minute.
  [[nodiscard]] std::string hear_all() const {
    std::string all;
    std::string piece(65536, '\0');
    for (;;) {
      const auto got = recv(fd_, piece.data(), piece.size(), 0);
      if (got <= 0) return all;
      all.append(piece, 0, static_cast<std::size_t>(got));
    }
  }

 private:
  void open(const void* address, socklen_t size) const {
    const timeval patience{30, 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    REQUIRE(connect(fd_, static_cast<const sockaddr*>(address), size) == 0);
  }

  int fd_;
};

// The status line's code and the body of an answer as it came; the body is not in chunks.
struct RawAnswer {
  int status = 0;
  std::string body;
};
inline RawAnswer read_answer(const std::string& text) {
  const auto space = text.find(' ');
  const auto body = text.find("\r\n\r\n");
  if (space == std::string::npos || body == std::string::npos) return {0, text};
  return {std::atoi(text.c_str() + space), text.substr(body + 4)};
}

// A whole POST, and the connection closed after it.
inline std::string post_bytes(const std::string& target, const std::string& headers, const std::string& body,
                              const std::string& host = "localhost") {
  return "POST " + target + " HTTP/1.1\r\nHost: " + host + "\r\n" + headers +
         "Content-Length: " + std::to_string(body.size()) + "\r\nConnection: close\r\n\r\n" + body;
}

}  // namespace smm::test
