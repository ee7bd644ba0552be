#pragma once

#include "platform/event_loop.h"

#include <cstddef>
#include <functional>
#include <set>
#include <string>

namespace smm::actors {

// Trouble that comes back and back, as a log may bear it: each kind of it is said the first time (five kinds
// at most); the rest is counted and said every ten minutes; and when ten minutes have brought none, that it
// is over.
class Repeated {
 public:
  static constexpr Milliseconds span = std::chrono::minutes(10);

  enum class Phase : std::uint8_t { first, again, over };
  struct Said {
    Phase phase = Phase::first;
    std::size_t count = 0;  // again: how often in the last ten minutes, beside what was said
    std::string kind;       // of the last
    std::string words;      // likewise
  };
  Repeated(platform::EventLoop& loop, std::function<void(const Said&)> say);

  void happened(std::string kind, std::string words);

 private:
  void look_back();

  std::function<void(const Said&)> say_;
  std::set<std::string> said_;  // kinds
  std::size_t count_ = 0;       // in this span, and not said
  bool is_trouble_ = false;
  bool is_still_there_ = false;  // it came again in this span
  Said last_;
  platform::Timer timer_;
};

}  // namespace smm::actors
