#pragma once

#include "actors/storage_guard.h"

#include <functional>
#include <list>

namespace smm::actors {

// What became of something that happens once, and could not be written down because the storage takes no
// writes: kept, in order, and written as soon as it can be. Nobody is told before.
class Unsettled {
 public:
  explicit Unsettled(StorageGuard& storage) : storage_(storage) {}

  // Runs `write` now, or later; `then` right after it has been committed.
  void write(std::function<void()> write, std::function<void()> then) {
    waiting_.push_back({std::move(write), std::move(then)});
    try_again();
  }
  void try_again() {
    while (!waiting_.empty() && storage_.write(waiting_.front().write)) {
      const auto then = std::move(waiting_.front().then);
      waiting_.pop_front();
      then();
    }
  }
  [[nodiscard]] bool empty() const { return waiting_.empty(); }

 private:
  struct Entry {
    std::function<void()> write;
    std::function<void()> then;
  };
  StorageGuard& storage_;
  std::list<Entry> waiting_;
};

}  // namespace smm::actors
