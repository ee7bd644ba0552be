#include "platform/service_manager.h"

#include "domain/text.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace smm::platform {
namespace {

constexpr mode_t socket_mode = 0660;
constexpr std::size_t longest_status = 512;

// A busy service manager gets a moment; one that does not read at all, a container's, is not waited for
// twice.
constexpr int patience_ms = 1000;

// A line break would begin another assignment.
std::string status_line(std::string_view status) {
  return "STATUS=" + strip_controls(to_valid_utf8(status), longest_status);
}

[[noreturn]] void fail(int error, const std::string& what) {
  throw std::system_error(error, std::generic_category(), what);
}

// A file descriptor until it is released.
class OwnedFd {
 public:
  explicit OwnedFd(int fd) : fd_(fd) {}
  OwnedFd(OwnedFd&& other) noexcept : fd_(other.release()) {}
  OwnedFd(const OwnedFd&) = delete;
  OwnedFd& operator=(const OwnedFd&) = delete;
  ~OwnedFd() {
    if (fd_ >= 0) close(fd_);
  }
  [[nodiscard]] int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

OwnedFd unix_socket(const std::string& path) {
  OwnedFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (fd.get() < 0) fail(errno, "socket for " + path);
  return fd;
}

sockaddr_un address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.find('\0') != std::string::npos) fail(EINVAL, "socket path '" + path + "'");
  if (path.size() >= sizeof address.sun_path) {
    fail(ENAMETOOLONG, "socket path " + path + " (" + std::to_string(sizeof address.sun_path - 1) +
                           " bytes are the most a Unix socket's path can have)");
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

// bind() or connect(); 0 or an errno.
int apply(int (*action)(int, const sockaddr*, socklen_t), int fd, const sockaddr_un& address) {
  const auto* any = static_cast<const sockaddr*>(static_cast<const void*>(&address));
  return action(fd, any, sizeof address) == 0 ? 0 : errno;
}

// sd_notify waits for ever for a manager that does not read, and makes a socket each time, for which there
// may be no descriptor just when the watchdog must be fed. False: nothing was sent, mostly because there was
// no room within that time. True also where there is nobody to tell.
bool send_to_manager(const std::string& assignments, int wait_ms) {
  const char* path = std::getenv("NOTIFY_SOCKET");
  if (path == nullptr) return true;
  static int sender = -1;
  if (sender < 0) sender = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  const auto size = std::strlen(path);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if ((path[0] != '/' && path[0] != '@') || size >= sizeof address.sun_path) {
    sd_notify(0, assignments.c_str());  // another kind of address, which it may know
    return true;
  }
  std::memcpy(address.sun_path, path, size);
  if (path[0] == '@') address.sun_path[0] = '\0';  // an abstract name
  const auto* any = static_cast<const sockaddr*>(static_cast<const void*>(&address));
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + size);
  // Anew each time: a manager that was started again is another socket.
  if (connect(sender, any, length) != 0) return false;
  pollfd room{sender, POLLOUT, 0};
  if (poll(&room, 1, wait_ms) == 0) return false;
  return send(sender, assignments.data(), assignments.size(), MSG_NOSIGNAL) >= 0;
}

void notify(const std::string& assignments) {
  static bool is_read = true;
  is_read = send_to_manager(assignments, is_read ? patience_ms : 0);
}

// Removes a socket file nobody listens on; throws when it is anything else.
void remove_stale(const std::string& path, const sockaddr_un& address) {
  struct stat file {};
  if (lstat(path.c_str(), &file) != 0) {
    if (errno == ENOENT) return;
    fail(errno, path);
  }
  if (!S_ISSOCK(file.st_mode)) fail(EADDRINUSE, path + " exists and is not a socket");
  const auto probe = unix_socket(path);
  const int error = apply(&connect, probe.get(), address);
  if (error == ENOENT) return;
  if (error != ECONNREFUSED) {
    fail(error == EACCES || error == EPERM ? error : EADDRINUSE, path + " is in use by another program");
  }
  if (unlink(path.c_str()) != 0 && errno != ENOENT) fail(errno, "stale socket " + path);
}

}  // namespace

void notify_ready(std::string_view status) {
  notify("READY=1\n" + status_line(status));
}

void notify_status(std::string_view status) {
  notify(status_line(status));
}

void notify_stopping() {
  notify("STOPPING=1");
}

void notify_reloading() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  const auto microseconds = std::int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1000;
  notify("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(microseconds));
}

Watchdog::Watchdog(EventLoop& loop) : timer_(loop, [this] { feed(); }) {
  std::uint64_t microseconds = 0;
  if (sd_watchdog_enabled(0, &microseconds) <= 0) return;
  every_ = std::max(std::chrono::floor<Milliseconds>(std::chrono::microseconds(microseconds / 2)),
                    Milliseconds(1));
  feed();
}

// What finds no room is said again soon.
void Watchdog::feed() {
  const bool fed = send_to_manager("WATCHDOG=1", 0);
  timer_.arm(fed ? every_ : std::max(every_ / 8, Milliseconds(1)));
}

std::vector<ActivatedSocket> take_activated_sockets() {
  char** names = nullptr;
  const int count = sd_listen_fds_with_names(1, &names);
  if (count < 0) fail(-count, "the sockets handed over by the service manager");
  std::vector<ActivatedSocket> sockets;
  sockets.reserve(static_cast<std::size_t>(count));
  for (int index = 0; index < count; ++index) {
    sockets.push_back({SD_LISTEN_FDS_START + index, names != nullptr ? names[index] : ""});
  }
  for (int index = 0; names != nullptr && names[index] != nullptr; ++index) std::free(names[index]);
  std::free(names);
  for (const auto& socket : sockets) {
    if (sd_is_socket(socket.fd, AF_UNSPEC, SOCK_STREAM, 1) <= 0) {
      throw std::runtime_error("the service manager handed over '" + socket.name +
                               "', which is not a listening stream socket");
    }
    const int flags = fcntl(socket.fd, F_GETFL);
    if (flags < 0 || fcntl(socket.fd, F_SETFL, flags | O_NONBLOCK) != 0) fail(errno, socket.name);
  }
  return sockets;
}

int listen_unix(const std::string& path) {
  const auto address = address_of(path);
  auto fd = unix_socket(path);
  // The file's mode while it is being made, which the umask can only narrow …
  if (fchmod(fd.get(), socket_mode) != 0) fail(errno, path);
  int error = apply(&bind, fd.get(), address);
  if (error == EADDRINUSE) {
    remove_stale(path, address);
    error = apply(&bind, fd.get(), address);
  }
  if (error != 0) fail(error, path);
  // … and the one it keeps, before anybody can connect.
  if (chmod(path.c_str(), socket_mode) != 0) fail(errno, path);
  if (listen(fd.get(), SOMAXCONN) != 0) fail(errno, path);
  return fd.release();
}

}  // namespace smm::platform
