#include <dlfcn.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <string_view>

// Loaded before the C library of a program under test: ends it with SIGKILL at one certain step of a request
// it sends to a panel. The file that KILL_POINT names holds the name of the step; while there is no such
// file, nothing happens and no step is counted. Steps, in the order a request takes them:
//   intent-write    before the first byte of the intent goes into the database
//   intent-sync     the intent is written, and not yet synced
//   connect         it is committed, and no connection is made
//   connected       a connection is asked for
//   send            before the first byte of the request
//   sent-piece      after the first piece of it
//   sent            after its last piece
//   received        the answer, or its first piece, has been read
//   outcome-write, outcome-sync   as for the intent
//   tell            what became of it is committed, and whoever asked is not told
// A file of the same name with ".done" is made just before the end.
namespace {

template <class Function>
Function original(const char* name) {
  return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

// What the program has done since the file was there; it has one thread that does such things.
bool began_asking = false;
bool was_answered = false;

// Leaves errno as it is: the caller of what is replaced here looks at it.
bool armed_for(std::string_view step, bool any = false) {
  const char* file = std::getenv("KILL_POINT");
  if (file == nullptr) return false;
  const int error_before = errno;
  const int fd = open(file, O_RDONLY | O_CLOEXEC);
  std::array<char, 64> text{};
  const auto length = fd < 0 ? 0 : read(fd, text.data(), text.size());
  if (fd >= 0) close(fd);
  errno = error_before;
  return length > 0 && (any || std::string_view(text.data(), static_cast<std::size_t>(length)) == step);
}

bool armed() {
  return armed_for({}, true);
}

void reach(std::string_view step) {
  if (!armed_for(step)) return;
  std::array<char, 256> done{};
  const char* file = std::getenv("KILL_POINT");
  std::strncat(std::strncat(done.data(), file, 240), ".done", 6);
  close(open(done.data(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
  kill(getpid(), SIGKILL);
}

int family_of_peer(int fd) {
  sockaddr_storage peer{};
  socklen_t size = sizeof peer;
  const int error_before = errno;
  const int result = getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size);
  errno = error_before;
  return result == 0 ? peer.ss_family : AF_UNSPEC;
}

bool is_panel(int fd) {
  const int family = family_of_peer(fd);
  return family == AF_INET || family == AF_INET6;
}

// Whoever asked is on a Unix socket.
void before_telling(int fd) {
  if (was_answered && armed() && family_of_peer(fd) == AF_UNIX) reach("tell");
}

}  // namespace

extern "C" ssize_t pwrite64(int fd, const void* data, size_t size, off64_t at) {
  static const auto real = original<ssize_t (*)(int, const void*, size_t, off64_t)>("pwrite64");
  if (!began_asking) reach("intent-write");
  if (was_answered) reach("outcome-write");
  return real(fd, data, size, at);
}

extern "C" int fdatasync(int fd) {
  static const auto real = original<int (*)(int)>("fdatasync");
  if (!began_asking) reach("intent-sync");
  if (was_answered) reach("outcome-sync");
  return real(fd);
}

extern "C" int connect(int fd, const sockaddr* address, socklen_t size) {
  static const auto real = original<int (*)(int, const sockaddr*, socklen_t)>("connect");
  if (address->sa_family != AF_INET && address->sa_family != AF_INET6) return real(fd, address, size);
  began_asking = armed();
  reach("connect");
  const int result = real(fd, address, size);
  reach("connected");
  return result;
}

extern "C" ssize_t send(int fd, const void* data, size_t size, int flags) {
  static const auto real = original<ssize_t (*)(int, const void*, size_t, int)>("send");
  if (!began_asking || !is_panel(fd)) {
    before_telling(fd);
    return real(fd, data, size, flags);
  }
  reach("send");
  const auto sent = real(fd, data, size, flags);
  if (sent <= 0) return sent;
  reach("sent-piece");
  // The form is the last of it, and starts with the key.
  const std::string_view piece(static_cast<const char*>(data), static_cast<size_t>(sent));
  if (piece.find("action=") != std::string_view::npos) reach("sent");
  return sent;
}

extern "C" ssize_t recv(int fd, void* data, size_t size, int flags) {
  static const auto real = original<ssize_t (*)(int, void*, size_t, int)>("recv");
  const auto got = real(fd, data, size, flags);
  if (!began_asking || !is_panel(fd) || (flags & MSG_PEEK) != 0) return got;
  if (got <= 0) return got;
  was_answered = true;
  reach("received");
  return got;
}

extern "C" ssize_t sendmsg(int fd, const msghdr* message, int flags) {
  static const auto real = original<ssize_t (*)(int, const msghdr*, int)>("sendmsg");
  before_telling(fd);
  return real(fd, message, flags);
}

extern "C" ssize_t writev(int fd, const iovec* parts, int count) {
  static const auto real = original<ssize_t (*)(int, const iovec*, int)>("writev");
  before_telling(fd);
  return real(fd, parts, count);
}
