#include "child.h"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <stdexcept>

namespace smm::test {
namespace {

constexpr uid_t nobody = 65534;

struct Pipe {
  int read = -1;
  int write = -1;
};

Pipe make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  return {ends[0], ends[1]};
}

// A terminal that leaves bytes as they are.
Pipe make_terminal(int columns, int rows) {
  int master = -1;
  int slave = -1;
  winsize size{};
  size.ws_col = static_cast<unsigned short>(columns);
  size.ws_row = static_cast<unsigned short>(rows);
  termios mode{};
  ::cfmakeraw(&mode);
  if (::openpty(&master, &slave, nullptr, &mode, &size) != 0) throw std::runtime_error("no terminal");
  ::fcntl(master, F_SETFD, FD_CLOEXEC);
  ::fcntl(slave, F_SETFD, FD_CLOEXEC);
  return {master, slave};
}

// Standard input, complete before the program starts.
int input_file(const std::string& text) {
  std::array<char, 32> name{"/tmp/smm-cli-input-XXXXXX"};
  const int fd = ::mkstemp(name.data());
  ::unlink(name.data());
  if (fd < 0 || ::write(fd, text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    throw std::runtime_error("no standard input");
  }
  ::lseek(fd, 0, SEEK_SET);
  return fd;
}

// Between fork and exec: only what a child of a threaded program may do.
[[noreturn]] void become(const Launch& launch, int in, int out, int err, char* const* arguments,
                         char* const* environment) {
  if (launch.ignore_sigpipe) ::signal(SIGPIPE, SIG_IGN);
  ::dup2(in, STDIN_FILENO);
  ::dup2(out, STDOUT_FILENO);
  ::dup2(err, STDERR_FILENO);
  if (launch.as_nobody && (::setgroups(0, nullptr) != 0 || ::setgid(nobody) != 0 || ::setuid(nobody) != 0)) {
    ::_exit(99);
  }
  ::execve(arguments[0], arguments, environment);
  ::_exit(98);
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> list;
  list.reserve(texts.size() + 1);
  for (auto& text : texts) list.push_back(text.data());
  list.push_back(nullptr);
  return list;
}

}  // namespace

Child::Child(const Launch& launch) {
  std::vector<std::string> arguments = {launch.program.empty() ? SMM_TRACKER : launch.program};
  arguments.insert(arguments.end(), launch.arguments.begin(), launch.arguments.end());
  std::vector<std::string> environment;
  if (!launch.environment.contains("PATH")) environment.emplace_back("PATH=/usr/bin:/bin");
  for (const auto& [key, value] : launch.environment)
    environment.push_back(std::string(key).append("=").append(value));
  for (const auto* key : {"ASAN_OPTIONS", "UBSAN_OPTIONS"}) {
    if (const char* value = std::getenv(key)) environment.push_back(std::string(key) + "=" + value);
  }
  const auto argument_list = pointers(arguments);
  const auto environment_list = pointers(environment);
  const int file = launch.output_file.empty() ? -1 : ::open(launch.output_file.c_str(), O_WRONLY | O_CLOEXEC);
  Pipe out;
  if (file < 0 || launch.typing) {
    out = launch.columns > 0 ? make_terminal(launch.columns, launch.rows) : make_pipe();
  }
  const auto err = launch.typing ? Pipe{-1, ::fcntl(out.write, F_DUPFD_CLOEXEC, 0)} : make_pipe();
  const int in = launch.typing ? ::fcntl(out.write, F_DUPFD_CLOEXEC, 0) : input_file(launch.input);
  pid_ = ::fork();
  if (pid_ == 0) {
    become(launch, in, file < 0 ? out.write : file, err.write, argument_list.data(), environment_list.data());
  }
  for (const int fd : {in, out.write, err.write, file}) {
    if (fd >= 0) ::close(fd);
  }
  out_fd_ = out.read;
  err_fd_ = err.read;
}

Child::~Child() {
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  close_out();
  if (err_fd_ >= 0) ::close(err_fd_);
}

void Child::close_out() {
  if (out_fd_ >= 0) ::close(out_fd_);
  out_fd_ = -1;
}

void Child::type(std::string_view text) const {
  if (::write(out_fd_, text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    throw std::runtime_error("cannot type");
  }
}

void Child::signal(int number) const {
  ::kill(pid_, number);
}

void Child::resize(int columns, int rows) const {
  winsize size{};
  size.ws_col = static_cast<unsigned short>(columns);
  size.ws_row = static_cast<unsigned short>(rows);
  ::ioctl(out_fd_, TIOCSWINSZ, &size);
}

bool Child::read_some(int milliseconds) {
  std::array<pollfd, 2> watched = {{{out_fd_, POLLIN, 0}, {err_fd_, POLLIN, 0}}};
  if (out_fd_ < 0 && err_fd_ < 0) return false;
  if (::poll(watched.data(), watched.size(), milliseconds) <= 0) return false;
  std::array<char, 65536> buffer{};
  const auto drain = [&](int& fd, short events, std::string& text) {
    if (fd < 0 || events == 0) return;
    const auto size = ::read(fd, buffer.data(), buffer.size());
    if (size > 0) {
      text.append(buffer.data(), static_cast<std::size_t>(size));
    } else {
      ::close(fd);
      fd = -1;
    }
  };
  drain(out_fd_, watched[0].revents, out_);
  drain(err_fd_, watched[1].revents, err_);
  return true;
}

bool Child::shows(std::string_view text) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (out_.find(text) == std::string::npos) {
    if (std::chrono::steady_clock::now() > deadline || out_fd_ < 0) return false;
    read_some(100);
  }
  return true;
}

Outcome Child::finish() {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (out_fd_ >= 0 || err_fd_ >= 0) {
    read_some(100);
    if (std::chrono::steady_clock::now() > deadline) {
      ::kill(pid_, SIGKILL);
      break;
    }
  }
  int status = 0;
  ::waitpid(pid_, &status, 0);
  pid_ = -1;
  Outcome outcome{WIFEXITED(status) ? WEXITSTATUS(status) : -1, WIFSIGNALED(status) ? WTERMSIG(status) : 0,
                  out_, err_};
  return outcome;
}

Outcome run(const Launch& launch) {
  return Child(launch).finish();
}

Outcome run(const std::string& socket, const std::vector<std::string>& arguments, const std::string& input) {
  Launch launch;
  launch.arguments = arguments;
  launch.environment = {{"SMM_TRACKER_SOCKET", socket}};
  launch.input = input;
  return run(launch);
}

}  // namespace smm::test
