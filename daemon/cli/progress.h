#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace smm::cli {

// How far something long has come, in one line that is drawn again and again: on standard error, and only
// when that is a terminal a person looks at. Elsewhere it does nothing.
class ProgressBar {
 public:
  // "exporting", "order"
  ProgressBar(std::string doing, std::string noun);
  ~ProgressBar() { clear(); }
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  // `share` is how much of the whole that is, from 0 to 1; below 0 when the whole is not known. Drawn ten
  // times a second at most.
  void show(std::int64_t done, double share);
  // Takes the line away; before anything else is written to the terminal.
  void clear();

 private:
  using Clock = std::chrono::steady_clock;

  std::string doing_;
  std::string noun_;
  bool visible_;  // somebody looks
  bool drawn_ = false;
  Clock::time_point begun_ = Clock::now();
  Clock::time_point last_{};
};

// "12,345"
[[nodiscard]] std::string grouped(std::int64_t number);

}  // namespace smm::cli
