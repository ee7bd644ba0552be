#include "platform/service_manager.h"
#include "target.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <system_error>

// What the service manager says in the environment of the sockets it hands over: the first byte tells which
// of the first three descriptors are listening sockets, the first line is LISTEN_FDS, the second
// LISTEN_FDNAMES.

namespace smm::fuzz::listen_fds_fuzz {
namespace {

constexpr int first_fd = 3;  // sd_listen_fds(3)
constexpr int fds = 3;
constexpr int out_of_the_way = 100;

class Fd {
 public:
  explicit Fd(int fd) : fd_(fd) {}
  ~Fd() {
    if (fd_ >= 0) close(fd_);
  }
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
};

int listening_socket() {
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  // A name of no length is one that the kernel chooses.
  if (bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address.sun_family) != 0 ||
      listen(fd, 1) != 0)
    throw std::system_error(errno, std::generic_category(), "listen");
  return fd;
}

int out_of_the_way_of(int fd) {
  const Fd owner(fd);
  return fcntl(fd, F_DUPFD_CLOEXEC, out_of_the_way);
}

// Has other descriptors where the service manager would have put them, and puts back what was there.
class Handover {
 public:
  explicit Handover(unsigned which) {
    for (int i = 0; i < fds; ++i) {
      saved_.at(static_cast<std::size_t>(i)) = fcntl(first_fd + i, F_DUPFD_CLOEXEC, out_of_the_way);
      const Fd moved(out_of_the_way_of((which >> static_cast<unsigned>(i) & 1U) == 0
                                           ? open("/", O_RDONLY | O_CLOEXEC)
                                           : listening_socket()));
      dup2(moved.get(), first_fd + i);
    }
  }
  ~Handover() {
    for (int i = 0; i < fds; ++i) {
      const auto saved = saved_.at(static_cast<std::size_t>(i));
      close(first_fd + i);
      if (saved < 0) continue;
      dup2(saved, first_fd + i);
      close(saved);
    }
  }
  Handover(const Handover&) = delete;
  Handover& operator=(const Handover&) = delete;

 private:
  std::array<int, fds> saved_{};
};

std::string text_of(std::string_view line) {
  return std::string(line.substr(0, line.find('\0')));
}

void run(std::string_view input) {
  Front front(input);
  const auto which = front.byte();
  const auto count = text_of(front.line());
  const auto names = text_of(front.line());
  const Handover handover(which);
  setenv("LISTEN_PID", std::to_string(getpid()).c_str(), 1);
  setenv("LISTEN_FDS", count.c_str(), 1);
  setenv("LISTEN_FDNAMES", names.c_str(), 1);
  try {
    const auto sockets = platform::take_activated_sockets();
    std::string joined;
    for (std::size_t i = 0; i < sockets.size(); ++i) {
      const auto& socket = sockets[i];
      require(socket.fd == first_fd + static_cast<int>(i), "a socket is another than was handed over");
      require(i >= fds || (which >> i & 1U) == 1, "what is no listening socket is served");
      require((fcntl(socket.fd, F_GETFD) & FD_CLOEXEC) != 0, "a socket is inherited by whoever is started");
      require((fcntl(socket.fd, F_GETFL) & O_NONBLOCK) != 0, "a socket blocks");
      joined += (i == 0 ? "" : ":") + socket.name;
    }
    // A backslash is the service manager's to read.
    const bool is_named = !sockets.empty() && !names.empty() && names.find('\\') == std::string::npos;
    require(!is_named || joined == names || joined + ":" == names, "sockets have other names", joined);
  } catch (const Broken&) {
    throw;
  } catch (const std::runtime_error& refusal) {
    require(!std::string_view(refusal.what()).empty(), "sockets are refused without a word");
  }
  require(std::getenv("LISTEN_FDS") == nullptr && std::getenv("LISTEN_FDNAMES") == nullptr,
          "who is started is told of the same sockets");
}

const Registration here("listen_fds", run);

}  // namespace
}  // namespace smm::fuzz::listen_fds_fuzz
