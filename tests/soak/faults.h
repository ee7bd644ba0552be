#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace smm::test::soak {

// What was found wrong: the first of it in words, and how much there is.
class Faults {
 public:
  void add(const std::string& what) {
    constexpr std::size_t most = 20;
    ++count_;
    if (words_.size() < most) words_.push_back(what);
  }
  void add(const Faults& others) {
    words_.insert(words_.end(), others.words_.begin(), others.words_.end());
    count_ += others.count_;
  }
  [[nodiscard]] std::size_t count() const { return count_; }
  [[nodiscard]] const std::vector<std::string>& words() const { return words_; }

 private:
  std::vector<std::string> words_;
  std::size_t count_ = 0;
};

}  // namespace smm::test::soak
