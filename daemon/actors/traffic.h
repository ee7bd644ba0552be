#pragma once

#include "domain/time.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>

namespace smm::actors {

// What was asked of one panel since the program began, what came of it, and how long the answers took.
class Traffic {
 public:
  // The upper ends of the spans that answers are counted in, in ms; what took longer than the last is counted
  // after it.
  static constexpr std::array<std::int64_t, 12> bounds_ms = {25,   50,   100,   250,   500,   1000,
                                                             2500, 5000, 10000, 30000, 60000, 120000};

  void add(const std::string& action, const std::string& result, Milliseconds took) {
    count(action, result);
    std::size_t at = 0;
    while (at < bounds_ms.size() && took.count() > bounds_ms.at(at)) ++at;
    ++took_.at(at);
    took_ms_ += took.count();
  }
  // Of one whose answer was not waited for.
  void count(const std::string& action, const std::string& result) { ++answers_[{action, result}]; }

  // By action and result.
  [[nodiscard]] const std::map<std::pair<std::string, std::string>, std::int64_t>& answers() const {
    return answers_;
  }
  // By span, each by itself.
  [[nodiscard]] const std::array<std::int64_t, bounds_ms.size() + 1>& took() const { return took_; }
  [[nodiscard]] std::int64_t took_ms() const { return took_ms_; }

 private:
  std::map<std::pair<std::string, std::string>, std::int64_t> answers_;
  std::array<std::int64_t, bounds_ms.size() + 1> took_{};
  std::int64_t took_ms_ = 0;
};

}  // namespace smm::actors
