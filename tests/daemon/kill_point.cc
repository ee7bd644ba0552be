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
#include <string>
#include <string_view>

// Loaded before the C library of a program under test: ends it with SIGKILL at one certain step of a request
// it sends to a panel or to a webhook's endpoint. The file that KILL_POINT names holds the name of the step;
// while there is no such file, nothing happens and no step is counted. Where the program talks to several
// servers, KILL_POINT_PORT says which port's requests are meant. Steps, in the order a request takes them:
//   intent-write    before the first byte of the intent (a webhook's attempt) goes into the database
//   intent-sync     the intent is written, and not yet synced
//   connect         it is committed, and no connection is made
//   connected       a connection is asked for
//   send            before the first byte of the request
//   sent-piece      after the first piece of it
//   sent            after its last piece
//   received        the answer, or its first piece, has been read
//   outcome-write, outcome-sync   as for the intent
//   outcome-synced  it is committed
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
std::string sent_so_far;  // of the request since its connection was asked for

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

sockaddr_storage peer_of(int fd) {
  sockaddr_storage peer{};
  socklen_t size = sizeof peer;
  const int error_before = errno;
  if (getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size) != 0) peer.ss_family = AF_UNSPEC;
  errno = error_before;
  return peer;
}

bool is_server(const sockaddr* address) {
  if (address->sa_family != AF_INET && address->sa_family != AF_INET6) return false;
  const char* wanted = std::getenv("KILL_POINT_PORT");
  if (wanted == nullptr) return true;
  const auto port = address->sa_family == AF_INET ? reinterpret_cast<const sockaddr_in*>(address)->sin_port
                                                  : reinterpret_cast<const sockaddr_in6*>(address)->sin6_port;
  return ntohs(port) == std::strtol(wanted, nullptr, 10);
}

bool is_server(int fd) {
  const auto peer = peer_of(fd);
  return is_server(reinterpret_cast<const sockaddr*>(&peer));
}

// Whoever asked is on a Unix socket.
void before_telling(int fd) {
  if (was_answered && armed() && peer_of(fd).ss_family == AF_UNIX) reach("tell");
}

// Its head and as many bytes after it as that says.
bool is_whole(std::string_view request) {
  const auto end = request.find("\r\n\r\n");
  const std::string_view name = "\r\nContent-Length: ";
  const auto length = request.find(name);
  if (end == std::string_view::npos || length == std::string_view::npos || length > end) return false;
  return request.size() - end - 4 >= std::strtoul(request.data() + length + name.size(), nullptr, 10);
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
  const int result = real(fd);
  if (was_answered) reach("outcome-synced");
  return result;
}

extern "C" int connect(int fd, const sockaddr* address, socklen_t size) {
  static const auto real = original<int (*)(int, const sockaddr*, socklen_t)>("connect");
  if (!is_server(address)) return real(fd, address, size);
  began_asking = armed();
  sent_so_far.clear();
  reach("connect");
  const int result = real(fd, address, size);
  reach("connected");
  return result;
}

extern "C" ssize_t send(int fd, const void* data, size_t size, int flags) {
  static const auto real = original<ssize_t (*)(int, const void*, size_t, int)>("send");
  if (!began_asking || !is_server(fd)) {
    before_telling(fd);
    return real(fd, data, size, flags);
  }
  reach("send");
  const auto sent = real(fd, data, size, flags);
  if (sent <= 0) return sent;
  reach("sent-piece");
  sent_so_far.append(static_cast<const char*>(data), static_cast<size_t>(sent));
  if (is_whole(sent_so_far)) reach("sent");
  return sent;
}

extern "C" ssize_t recv(int fd, void* data, size_t size, int flags) {
  static const auto real = original<ssize_t (*)(int, void*, size_t, int)>("recv");
  const auto got = real(fd, data, size, flags);
  if (!began_asking || !is_server(fd) || (flags & MSG_PEEK) != 0) return got;
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
