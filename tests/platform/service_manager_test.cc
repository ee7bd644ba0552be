#include "platform/service_manager.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <stdexcept>
#include <string>
#include <system_error>

using namespace smm::platform;
using smm::Milliseconds;
namespace fs = std::filesystem;

namespace {

struct TemporaryDirectory {
  fs::path path;
  TemporaryDirectory() {
    std::string pattern = (fs::temp_directory_path() / "smm-service-XXXXXX").string();
    REQUIRE(mkdtemp(pattern.data()) != nullptr);
    path = pattern;
  }
  ~TemporaryDirectory() { fs::remove_all(path); }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  [[nodiscard]] std::string file(const std::string& name) const { return (path / name).string(); }
};

struct Fd {
  int fd = -1;
  explicit Fd(int value) : fd(value) { REQUIRE(fd >= 0); }
  ~Fd() { close(fd); }
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
};

sockaddr_un address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

int bind_to(int fd, const std::string& path) {
  const auto address = address_of(path);
  return bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address);
}

int connect_to(const std::string& path) {
  const Fd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const auto address = address_of(path);
  return connect(fd.fd, reinterpret_cast<const sockaddr*>(&address), sizeof address);
}

// A service manager's end of NOTIFY_SOCKET.
class NotifySocket {
 public:
  NotifySocket() : fd_(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    REQUIRE(bind_to(fd_.fd, directory_.file("notify")) == 0);
    setenv("NOTIFY_SOCKET", directory_.file("notify").c_str(), 1);
  }
  ~NotifySocket() { unsetenv("NOTIFY_SOCKET"); }
  NotifySocket(const NotifySocket&) = delete;
  NotifySocket& operator=(const NotifySocket&) = delete;
  std::string receive() {
    std::array<char, 4096> bytes{};
    const auto size = recv(fd_.fd, bytes.data(), bytes.size(), MSG_DONTWAIT);
    return size < 0 ? "nothing" : std::string(bytes.data(), static_cast<std::size_t>(size));
  }

 private:
  TemporaryDirectory directory_;
  Fd fd_;
};

// What `test` returns, run in a process of its own, which may do with its descriptors as it likes.
int in_child(const std::function<int()>& test) {
  const auto child = fork();
  if (child == 0) {
    int result = 99;
    try {
      result = test();
    } catch (...) {
      result = 98;
    }
    _exit(result);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + status;
}

// Every 20 ms.
void ask_for_watchdog() {
  setenv("WATCHDOG_USEC", "40000", 1);
  setenv("WATCHDOG_PID", std::to_string(getpid()).c_str(), 1);
}

bool turns_until_fed(EventLoop& loop, NotifySocket& manager) {
  for (int i = 0; i < 500; ++i) {
    if (manager.receive() == "WATCHDOG=1") return true;
    loop.run_once(Milliseconds(20));
  }
  return false;
}

void hand_over(const std::string& count, const std::string& names, pid_t pid) {
  setenv("LISTEN_PID", std::to_string(pid).c_str(), 1);
  setenv("LISTEN_FDS", count.c_str(), 1);
  setenv("LISTEN_FDNAMES", names.c_str(), 1);
}

}  // namespace

TEST_CASE("the service manager hears of readiness, status, reload and stop") {
  NotifySocket manager;
  notify_ready("following 3 panels");
  CHECK(manager.receive() == "READY=1\nSTATUS=following 3 panels");
  notify_status("12 orders due");
  CHECK(manager.receive() == "STATUS=12 orders due");
  notify_stopping();
  CHECK(manager.receive() == "STOPPING=1");
  notify_reloading();
  const auto reloading = manager.receive();
  const std::string start = "RELOADING=1\nMONOTONIC_USEC=";
  CHECK(reloading.substr(0, start.size()) == start);
  CHECK(reloading.size() > start.size());
  CHECK(reloading.find_first_not_of("0123456789", start.size()) == std::string::npos);
}

TEST_CASE("a status cannot smuggle in another assignment") {
  NotifySocket manager;
  notify_status("bad panel\nSTOPPING=1\x1b[2J");
  const auto heard = manager.receive();
  CHECK(heard.substr(0, 16) == "STATUS=bad panel");
  CHECK(heard.find('\n') == std::string::npos);
  CHECK(heard.find('\x1b') == std::string::npos);
}

TEST_CASE("without a service manager, or with one that is gone, notifying does nothing") {
  unsetenv("NOTIFY_SOCKET");
  notify_ready("alone");
  setenv("NOTIFY_SOCKET", "/nonexistent/notify", 1);
  notify_status("nobody hears");
  notify_stopping();
  notify_reloading();
  unsetenv("NOTIFY_SOCKET");
  CHECK(take_activated_sockets().empty());
}

TEST_CASE(
    "a service manager that reads nothing is not waited for, and hears of what comes when it reads again") {
  CHECK(in_child([] {
          alarm(30);  // the end, should it wait for ever
          NotifySocket manager;
          for (int i = 0; i < 2000; ++i) notify_status("unread");
          while (manager.receive() != "nothing") continue;
          notify_ready("heard");
          return manager.receive() == "READY=1\nSTATUS=heard" ? 0 : 1;
        }) == 0);
}

TEST_CASE("the watchdog is fed only when the service manager asked for it") {
  EventLoop loop;
  CHECK_FALSE(Watchdog(loop).is_wanted());
  CHECK(in_child([] {
          NotifySocket manager;
          EventLoop watched;
          ask_for_watchdog();
          const Watchdog watchdog(watched);
          return watchdog.is_wanted() && manager.receive() == "WATCHDOG=1" ? 0 : 1;
        }) == 0);
}

TEST_CASE("a service manager that reads nothing does not stop the loop that feeds its watchdog") {
  CHECK(in_child([] {
          alarm(30);  // the end, should it wait for ever
          NotifySocket manager;
          for (int i = 0; i < 2000; ++i) notify_status("unread");
          EventLoop loop;
          ask_for_watchdog();
          const Watchdog watchdog(loop);
          for (int i = 0; i < 20; ++i) loop.run_once(Milliseconds(20));
          while (manager.receive() != "nothing") continue;
          return turns_until_fed(loop, manager) ? 0 : 1;
        }) == 0);
}

TEST_CASE("without a free descriptor the watchdog is fed all the same") {
  CHECK(in_child([] {
          NotifySocket manager;
          EventLoop loop;
          ask_for_watchdog();
          const Watchdog watchdog(loop);
          if (!turns_until_fed(loop, manager)) return 1;
          rlimit before{};
          getrlimit(RLIMIT_NOFILE, &before);
          const rlimit none{0, before.rlim_max};
          if (setrlimit(RLIMIT_NOFILE, &none) != 0 || dup(0) >= 0) return 2;
          int fed = 0;
          while (fed < 3 && turns_until_fed(loop, manager)) ++fed;
          setrlimit(RLIMIT_NOFILE, &before);
          return fed == 3 ? 0 : 3;
        }) == 0);
}

TEST_CASE("activated sockets come with their names, close-on-exec and non-blocking, once") {
  const TemporaryDirectory directory;
  const int result = in_child([&] {
    const int api = socket(AF_UNIX, SOCK_STREAM, 0);
    const int ro = socket(AF_UNIX, SOCK_STREAM, 0);
    if (bind_to(api, directory.file("api")) != 0 || bind_to(ro, directory.file("ro")) != 0) return 1;
    if (listen(api, 5) != 0 || listen(ro, 5) != 0) return 2;
    // Descriptors from 3 on, as the service manager numbers them, inherited through exec, so not
    // close-on-exec.
    const int high_api = fcntl(api, F_DUPFD, 100);
    const int high_ro = fcntl(ro, F_DUPFD, 100);
    if (dup2(high_api, 3) != 3 || dup2(high_ro, 4) != 4) return 3;
    hand_over("2", "api:read-only", getpid());
    const auto sockets = take_activated_sockets();
    if (sockets.size() != 2) return 4;
    if (sockets[0].fd != 3 || sockets[0].name != "api") return 5;
    if (sockets[1].fd != 4 || sockets[1].name != "read-only") return 6;
    for (const auto& taken : sockets) {
      if ((fcntl(taken.fd, F_GETFD) & FD_CLOEXEC) == 0) return 7;
      if ((fcntl(taken.fd, F_GETFL) & O_NONBLOCK) == 0) return 8;
    }
    if (getenv("LISTEN_FDS") != nullptr || getenv("LISTEN_PID") != nullptr) return 9;
    if (getenv("LISTEN_FDNAMES") != nullptr) return 10;
    return take_activated_sockets().empty() ? 0 : 11;
  });
  CHECK(result == 0);
}

TEST_CASE("sockets meant for another process are not taken") {
  CHECK(in_child([] {
          hand_over("1", "api", getppid());
          return take_activated_sockets().empty() ? 0 : 1;
        }) == 0);
}

TEST_CASE("a handed-over descriptor that is no listening stream socket is refused by name") {
  CHECK(in_child([] {
          const int datagram = socket(AF_UNIX, SOCK_DGRAM, 0);
          if (dup2(fcntl(datagram, F_DUPFD, 100), 3) != 3) return 1;
          hand_over("1", "wrong-one", getpid());
          try {
            static_cast<void>(take_activated_sockets());
          } catch (const std::runtime_error& error) {
            return std::string(error.what()).find("wrong-one") != std::string::npos ? 0 : 2;
          }
          return 3;
        }) == 0);
}

TEST_CASE("a Unix socket listens with mode 0660 whatever the umask") {
  const TemporaryDirectory directory;
  for (const mode_t mask : {mode_t{0}, mode_t{022}, mode_t{0777}}) {
    const auto path = directory.file("socket-" + std::to_string(mask));
    const auto before = umask(mask);
    const Fd fd(listen_unix(path));
    umask(before);
    struct stat file {};
    REQUIRE(stat(path.c_str(), &file) == 0);
    CHECK((file.st_mode & 07777) == 0660);
    CHECK(S_ISSOCK(file.st_mode));
    CHECK((fcntl(fd.fd, F_GETFD) & FD_CLOEXEC) != 0);
    CHECK((fcntl(fd.fd, F_GETFL) & O_NONBLOCK) != 0);
    CHECK(connect_to(path) == 0);
  }
}

TEST_CASE("a stale socket file is replaced") {
  const TemporaryDirectory directory;
  const auto path = directory.file("socket");
  close(listen_unix(path));
  REQUIRE(fs::exists(path));
  CHECK(connect_to(path) != 0);
  const Fd fd(listen_unix(path));
  CHECK(connect_to(path) == 0);
}

TEST_CASE("a socket somebody listens on is left alone") {
  const TemporaryDirectory directory;
  const auto path = directory.file("socket");
  const Fd first(listen_unix(path));
  try {
    close(listen_unix(path));
    FAIL("took over a socket in use");
  } catch (const std::system_error& error) {
    CHECK(error.code().value() == EADDRINUSE);
    CHECK(std::string(error.what()).find(path) != std::string::npos);
  }
  CHECK(connect_to(path) == 0);
}

TEST_CASE("a socket of another type is left alone") {
  const TemporaryDirectory directory;
  const auto path = directory.file("socket");
  const Fd datagram(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  REQUIRE(bind_to(datagram.fd, path) == 0);
  CHECK_THROWS_AS(static_cast<void>(listen_unix(path)), std::system_error);
  CHECK(fs::exists(path));
}

TEST_CASE("a file or a link at the path is left alone") {
  const TemporaryDirectory directory;
  const auto path = directory.file("socket");
  std::ofstream(path) << "precious";
  CHECK_THROWS_AS(static_cast<void>(listen_unix(path)), std::system_error);
  std::string text;
  std::ifstream(path) >> text;
  CHECK(text == "precious");
  const auto link = directory.file("link");
  fs::create_symlink(path, link);
  CHECK_THROWS_AS(static_cast<void>(listen_unix(link)), std::system_error);
  CHECK(fs::is_symlink(link));
}

TEST_CASE("a path that cannot be a socket's is refused by name") {
  const TemporaryDirectory directory;
  const auto longest = directory.file(std::string(107 - directory.path.string().size() - 1, 'x'));
  REQUIRE(longest.size() == 107);
  close(listen_unix(longest));
  const auto refused = [](const std::string& path) {
    try {
      close(listen_unix(path));
    } catch (const std::system_error& error) {
      CHECK(std::string(error.what()).find(path) != std::string::npos);
      return error.code().value();
    }
    return 0;
  };
  CHECK(refused(longest + "x") == ENAMETOOLONG);
  CHECK(refused(directory.file("missing/socket")) == ENOENT);
  CHECK(refused("") == EINVAL);
}
