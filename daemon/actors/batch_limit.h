#pragma once

#include "domain/time.h"
#include "panel/request.h"

#include <chrono>
#include <cstddef>

namespace smm::actors {

// How many ids a request to a panel may carry: 100, or what it was found to take. Forgotten after a day:
// panels get mended.
class BatchLimit {
 public:
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool is_single() const { return size_ == 1; }

  void learn(std::size_t size, Timestamp now) {
    size_ = size;
    learnt_at_ = now;
  }
  // Before a request is made up.
  void relearn(Timestamp now) {
    if (now - learnt_at_ > std::chrono::hours(24)) forget();
  }
  void forget() { size_ = panel::max_batch; }

 private:
  std::size_t size_ = panel::max_batch;
  Timestamp learnt_at_;
};

}  // namespace smm::actors
