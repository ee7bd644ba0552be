#pragma once

#include <sys/socket.h>
#include <sys/types.h>

#include <cstddef>
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

// One of the clients that wait at a listening socket, with a non-blocking descriptor that is the caller's
// now; or -1: there is none, or no room for one (descriptors or memory are used up). Throws std::system_error
// for what is no listening socket.
struct AcceptedClient {
  int fd = -1;
  bool no_room = false;
  sockaddr_storage address{};
  socklen_t size = sizeof(sockaddr_storage);
  [[nodiscard]] sockaddr* peer() { return reinterpret_cast<sockaddr*>(&address); }
};
[[nodiscard]] AcceptedClient accept_client(int listener);

// Whether there is a descriptor below the `kept` highest of those RLIMIT_NOFILE allows. The kernel gives out
// the lowest number that is free: who asks here first never takes one of the highest, and the others always
// find one there.
[[nodiscard]] bool is_descriptor_free(std::size_t kept);

// Who is at the other end of a Unix socket's connection (SO_PEERCRED).
[[nodiscard]] std::optional<std::uint32_t> uid_of_peer(int fd);

}  // namespace smm::platform
