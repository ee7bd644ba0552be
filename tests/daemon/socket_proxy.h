#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace smm::test {

// The program that offers compat.sock on loopback, as its unit starts it: with a listening socket handed over
// by the service manager's protocol (sd_listen_fds(3)).
class SocketProxy {
 public:
  // The words of ExecStart= in smm-tracker-loopback.service. Throws std::runtime_error when the program they
  // name is not on this machine.
  static std::vector<std::string> command(const std::filesystem::path& units);

  // Listens on a free port of 127.0.0.1 and hands its connections on to `socket`.
  SocketProxy(std::vector<std::string> command, const std::filesystem::path& socket);
  ~SocketProxy();
  SocketProxy(const SocketProxy&) = delete;
  SocketProxy& operator=(const SocketProxy&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/api/v2"; }

 private:
  std::uint16_t port_ = 0;
  pid_t pid_ = -1;
};

}  // namespace smm::test
