#pragma once

#include "platform/event_loop.h"

#include <deque>
#include <functional>

namespace smm::api {

// Long readings, cut into slices: each turn of the loop one slice of one reader, in the order they came, so
// that neither the loop nor another reader waits for more than a slice.
class SliceLine {
 public:
  enum class Call : std::uint8_t { next, draining };
  // Reads a slice. True: there is more, it lines up again. After `draining` it is not called any more.
  using Slice = std::function<bool(Call)>;

  explicit SliceLine(platform::EventLoop& loop);
  SliceLine(const SliceLine&) = delete;
  SliceLine& operator=(const SliceLine&) = delete;

  void add(Slice slice);
  // Everybody is told that the program stops, and leaves.
  void clear();

 private:
  void run();

  std::deque<Slice> waiting_;
  platform::Deferred turn_;
};

}  // namespace smm::api
