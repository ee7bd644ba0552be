#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

// A TCP server on 127.0.0.1, or on every address of the machine, whose every byte is the test's: a script,
// run in a thread for each connection, reads and writes as it likes. What arrived is recorded, whatever
// became of the connection.
namespace smm::test {

class Connection {
 public:
  // `number` counts the server's connections from 0.
  Connection(int fd, int number, std::string& received, std::mutex& guard, const std::atomic<bool>& closing)
      : fd_(fd), number_(number), received_(received), guard_(guard), closing_(closing) {}
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();

  [[nodiscard]] int number() const { return number_; }
  // One request, by its Content-Length (none: no body); empty when the client closed, or the server ends.
  std::string read_request();
  std::string read_some();  // what comes next; empty as above
  // False when the client does not take it, or the server ends.
  bool write(std::string_view bytes);
  // A reply with Content-Length.
  bool reply(std::string_view body, std::string_view status = "200 OK", std::string_view headers = "");
  void reset();      // close with a TCP reset
  void close_now();  // close in order
  [[nodiscard]] int fd() const { return fd_; }
  void wait_for_end();  // until the client closed, or the server ends

 private:
  bool wait(short events) const;
  int fd_;
  int number_;
  std::string pending_;
  std::string& received_;
  std::mutex& guard_;
  const std::atomic<bool>& closing_;
};

class ScriptedServer {
 public:
  using Script = std::function<void(Connection&)>;
  enum class Where : std::uint8_t { loopback, everywhere };
  explicit ScriptedServer(Script script, Where where = Where::loopback);
  ~ScriptedServer();
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] std::string url(std::string_view path = "/api/v2", std::string_view host = "127.0.0.1") const;
  [[nodiscard]] int connections() const { return accepted_; }
  // Everything received on all connections, and how often `what` is in it.
  std::string received();
  int count(std::string_view what);
  // Joins the connections' threads first, so that nothing more can arrive: the final count.
  int final_count(std::string_view what);

 private:
  void accept_all();
  void stop();

  Script script_;
  std::uint16_t port_ = 0;
  int listener_;
  std::atomic<bool> closing_{false};
  std::atomic<int> accepted_{0};
  std::mutex guard_;
  std::string received_;
  std::vector<std::thread> workers_;
  std::thread acceptor_;
};

// A port of 127.0.0.1 nobody listens on, and that nobody else gets.
class ClosedPort {
 public:
  ClosedPort();
  ~ClosedPort();
  ClosedPort(const ClosedPort&) = delete;
  ClosedPort& operator=(const ClosedPort&) = delete;
  [[nodiscard]] std::string text() const { return std::to_string(number_); }

 private:
  std::uint16_t number_ = 0;
  int fd_;
};

}  // namespace smm::test
