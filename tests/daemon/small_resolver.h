#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace smm::test {

// A name server on port 53 of the loopback (so within an Enclave), to which resolv.conf may point. Its names
// have the IPv4 addresses the test says, at any moment others; what it does not know does not exist.
class SmallResolver {
 public:
  SmallResolver();  // throws std::system_error when the port cannot be had
  ~SmallResolver();
  SmallResolver(const SmallResolver&) = delete;
  SmallResolver& operator=(const SmallResolver&) = delete;

  void set(const std::string& name, std::vector<std::string> addresses);
  [[nodiscard]] int asked(const std::string& name) const;  // for IPv4 addresses

 private:
  void serve();
  [[nodiscard]] std::string answer(const std::string& query);

  int fd_;
  mutable std::mutex guard_;
  std::map<std::string, std::vector<std::string>> names_;
  std::map<std::string, int> asked_;
  std::atomic<bool> closing_{false};
  std::thread thread_;
};

}  // namespace smm::test
