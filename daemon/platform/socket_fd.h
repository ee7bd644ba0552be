#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>

// What the kernel tells of a socket. Internal to the server.
namespace smm::platform {

// A descriptor with one owner.
class OwnFd {
 public:
  explicit OwnFd(int fd) : fd_(fd) {}
  OwnFd(OwnFd&& other) noexcept;
  OwnFd& operator=(OwnFd&&) = delete;
  ~OwnFd() { close(); }
  [[nodiscard]] int get() const { return fd_; }
  void close();

 private:
  int fd_;
};

// Both throw std::system_error.
[[nodiscard]] bool is_unix_socket(int fd);
void make_non_blocking(int fd);

// Who is at the other end of a Unix socket's connection (SO_PEERCRED).
[[nodiscard]] std::optional<std::uint32_t> uid_of_peer(int fd);

}  // namespace smm::platform
