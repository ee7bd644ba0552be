#pragma once

namespace smm::test {

// Which of many asks comes to nothing: the one after `spared` others, or all from there on.
class Strike {
 public:
  Strike() = default;
  Strike(int spared, bool is_lasting) : is_armed_(true), spared_(spared), is_lasting_(is_lasting) {}

  // One more is asked. True: it is struck.
  bool comes() {
    if (!is_armed_) return false;
    const int before = asked_++;
    const bool is_struck = is_lasting_ ? before >= spared_ : before == spared_;
    struck_ += is_struck ? 1 : 0;
    return is_struck;
  }
  [[nodiscard]] int asked() const { return asked_; }
  [[nodiscard]] int struck() const { return struck_; }

 private:
  bool is_armed_ = false;
  int spared_ = 0;
  bool is_lasting_ = false;
  int asked_ = 0;
  int struck_ = 0;
};

}  // namespace smm::test
