#include "platform/socket_fd.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace smm::platform {
namespace {

[[noreturn]] void fail(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

}  // namespace

OwnFd::OwnFd(OwnFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

void OwnFd::close() {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

bool is_unix_socket(int fd) {
  int domain = 0;
  socklen_t size = sizeof domain;
  if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) < 0) fail("SO_DOMAIN of a listening socket");
  return domain == AF_UNIX;
}

void make_non_blocking(int fd) {
  const int flags = fcntl(fd, F_GETFL);
  if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0) fail("O_NONBLOCK of a listening socket");
}

AcceptedClient accept_client(int listener) {
  AcceptedClient client;
  client.fd = accept4(listener, client.peer(), &client.size, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (client.fd >= 0) return client;
  switch (errno) {
    case EBADF:
    case EFAULT:
    case EINVAL:
    case ENOTSOCK:
      fail("accept");
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
      client.no_room = true;
      return client;
    default:  // nobody there any more, or a fault of that one client's network
      return client;
  }
}

bool is_descriptor_free(std::size_t kept) {
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) != 0) return true;
  const OwnFd next(open("/", O_PATH | O_CLOEXEC));
  return next.get() >= 0 && static_cast<rlim_t>(next.get()) + kept < files.rlim_cur;
}

std::optional<std::uint32_t> uid_of_peer(int fd) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0) return std::nullopt;
  return peer.uid;
}

}  // namespace smm::platform
