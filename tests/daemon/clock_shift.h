#pragma once

#include <atomic>
#include <cstdint>

// What a test and the clock_shift library that it loads before a program's say to each other: a file that
// both map into their memory.
namespace smm::test {

// By how many seconds each clock is on. Aligned so that it is read and written at once.
struct alignas(8) ClockShift {
  std::int32_t wall = 0;  // the wall clock
  std::int32_t boot = 0;  // the time since boot

  bool operator==(const ClockShift&) const = default;
};

struct SharedClockShift {
  std::atomic<ClockShift> wanted;
  std::atomic<ClockShift> taken;  // by the program's event loop
};
static_assert(std::atomic<ClockShift>::is_always_lock_free);

}  // namespace smm::test
