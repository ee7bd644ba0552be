#pragma once

#include "platform/event_loop.h"

#include <sys/socket.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

// The C library's asynchronous name look-up (getaddrinfo_a), and nothing but that: in a thread of its own, so
// that a slow resolver holds nothing up.
namespace smm::platform {

class NameLookup {
 public:
  struct Found {
    std::vector<sockaddr_storage> addresses;  // IPv4 and IPv6, each once
    std::string trouble;                      // why there is none, in the library's words
    Milliseconds took{0};
  };

  // `done` is called once, from the loop, also when a look-up cannot even be begun. The host may also be an
  // address.
  NameLookup(EventLoop& loop, const std::string& host, std::function<void(const Found&)> done);
  ~NameLookup();  // `done` is not called any more
  NameLookup(const NameLookup&) = delete;
  NameLookup& operator=(const NameLookup&) = delete;

 private:
  struct Job;
  static std::vector<std::unique_ptr<Job>>& abandoned_jobs();  // under way, and nobody waits for them
  void look();

  std::function<void(const Found&)> done_;
  std::unique_ptr<Job> job_;
  std::int64_t began_ms_;
  Timer timer_;
};

// "203.0.113.7", "2001:db8::1"
[[nodiscard]] std::string to_text(const sockaddr_storage& address);

}  // namespace smm::platform
