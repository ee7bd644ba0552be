#pragma once

#include <netinet/in.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace smm::test {

// A name server on port 53 of the loopback (so within an Enclave), to which resolv.conf may point. Its names
// have the addresses the test says (IPv4, or IPv6), at any moment others; what it does not know does not
// exist.
class SmallResolver {
 public:
  SmallResolver();  // throws std::system_error when the port cannot be had
  ~SmallResolver();
  SmallResolver(const SmallResolver&) = delete;
  SmallResolver& operator=(const SmallResolver&) = delete;

  void set(const std::string& name, std::vector<std::string> addresses);
  enum class Mood : std::uint8_t {
    answers,
    slow,    // two seconds later
    fails,   // "server failure"
    silent,  // never
    flaps,   // as it should, and fails, by turns
  };
  void set_mood(const std::string& name, Mood mood);
  [[nodiscard]] int asked(const std::string& name) const;  // for IPv4 addresses

 private:
  struct Late {
    std::chrono::steady_clock::time_point due;
    std::string reply;
    sockaddr_in to{};
  };
  void serve();
  void send_late_ones();
  [[nodiscard]] std::string answer(const std::string& query, Mood mood);
  [[nodiscard]] Mood mood_of(const std::string& query);

  int fd_;
  mutable std::mutex guard_;
  std::map<std::string, std::vector<std::string>> names_;
  std::map<std::string, int> asked_;
  std::map<std::string, Mood> moods_;
  std::map<std::string, int> flaps_;
  std::vector<Late> late_;
  std::atomic<bool> closing_{false};
  std::thread thread_;
};

}  // namespace smm::test
