#include "socket_proxy.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <charconv>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace smm::test {
namespace {

constexpr int first_handed_over = 3;  // SD_LISTEN_FDS_START
constexpr std::size_t longest_pid = 20;

// Between fork and exec; another thread may hold the lock of the heap.
[[noreturn]] void run(int listener, const std::vector<char*>& arguments,
                      const std::vector<char*>& environment, char* own_pid) {
  if (listener == first_handed_over) {
    // Without the flag that would close it at exec.
    dup2(dup(listener), first_handed_over);
  } else {
    dup2(listener, first_handed_over);
  }
  *std::to_chars(own_pid, own_pid + longest_pid, getpid()).ptr = 0;
  execve(arguments.front(), arguments.data(), environment.data());
  _exit(127);
}

}  // namespace

std::vector<std::string> SocketProxy::command(const std::filesystem::path& units) {
  std::ifstream unit(units / "smm-tracker-loopback.service");
  std::vector<std::string> words;
  for (std::string line; std::getline(unit, line);) {
    const std::string key = "ExecStart=";
    if (line.rfind(key, 0) != 0) continue;
    std::istringstream rest(line.substr(key.size()));
    for (std::string word; rest >> word;) words.push_back(word);
  }
  if (words.empty()) throw std::runtime_error("the unit has no ExecStart");
  if (access(words.front().c_str(), X_OK) != 0) throw std::runtime_error(words.front() + " is not here");
  return words;
}

SocketProxy::SocketProxy(std::vector<std::string> command, const std::filesystem::path& socket_path) {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const generic = static_cast<sockaddr*>(static_cast<void*>(&address));
  const bool listens = bind(listener, generic, size) == 0 && listen(listener, SOMAXCONN) == 0 &&
                       getsockname(listener, generic, &size) == 0;
  if (!listens) throw std::runtime_error("cannot listen on loopback");
  port_ = ntohs(address.sin_port);
  command.back() = socket_path.string();
  std::vector<char*> arguments;
  for (auto& word : command) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  std::string descriptors = "LISTEN_FDS=1";
  std::string pid = "LISTEN_PID=";
  const auto pid_begins = pid.size();
  pid.resize(pid_begins + longest_pid + 1);
  const std::vector<char*> environment = {descriptors.data(), pid.data(), nullptr};
  pid_ = fork();
  if (pid_ == 0) run(listener, arguments, environment, pid.data() + pid_begins);
  close(listener);
}

SocketProxy::~SocketProxy() {
  if (pid_ <= 0) return;
  kill(pid_, SIGTERM);
  waitpid(pid_, nullptr, 0);
}

}  // namespace smm::test
