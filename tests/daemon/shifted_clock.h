#pragma once

#include "clock_shift.h"
#include "tracker_process.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <map>
#include <string>

namespace smm::test {

// The clocks of a program under test, moved by the test (see clock_shift.cc): both at once, and only when its
// event loop sleeps, which is waited for.
class ShiftedClock {
 public:
  ShiftedClock() {
    const int fd = open(file().c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    REQUIRE(fd >= 0);
    REQUIRE(ftruncate(fd, sizeof(SharedClockShift)) == 0);
    memory_ = mmap(nullptr, sizeof(SharedClockShift), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    REQUIRE(memory_ != MAP_FAILED);
  }
  ~ShiftedClock() { munmap(memory_, sizeof(SharedClockShift)); }
  ShiftedClock(const ShiftedClock&) = delete;
  ShiftedClock& operator=(const ShiftedClock&) = delete;

  // Sets the wall clock on or back alone.
  void set_clock(std::chrono::seconds by) {
    set_unseen(by);
    REQUIRE(is_taken());
  }
  // Time passes, for the wall clock and the machine alike.
  void pass(std::chrono::seconds time) {
    pass_unseen(time);
    REQUIRE(is_taken());
  }
  // For a program that does not run, or may end with it.
  void set_unseen(std::chrono::seconds by) { move(by, std::chrono::seconds(0)); }
  void pass_unseen(std::chrono::seconds time) { move(time, time); }
  // The program's wall clock, as near as this one's can tell.
  [[nodiscard]] std::chrono::system_clock::time_point now() const {
    return std::chrono::system_clock::now() + std::chrono::seconds(shared().wanted.load().wall);
  }
  // With further libraries to load before the program's. A sanitizer wants to be loaded first, and gives way
  // when asked.
  [[nodiscard]] std::map<std::string, std::string> environment(const std::string& others = "") const {
    return {{"LD_PRELOAD", SMM_CLOCK_SHIFT + (others.empty() ? "" : ":" + others)},
            {"CLOCK_SHIFT", file().string()},
            {"ASAN_OPTIONS", "verify_asan_link_order=0"}};
  }

 private:
  [[nodiscard]] std::filesystem::path file() const { return directory_.path() / "shift"; }
  [[nodiscard]] bool is_taken() const {
    return eventually([&] { return shared().taken.load() == shared().wanted.load(); });
  }
  [[nodiscard]] SharedClockShift& shared() const { return *static_cast<SharedClockShift*>(memory_); }
  void move(std::chrono::seconds wall, std::chrono::seconds boot) {
    auto shift = shared().wanted.load();
    shift.wall += static_cast<std::int32_t>(wall.count());
    shift.boot += static_cast<std::int32_t>(boot.count());
    shared().wanted = shift;
  }

  ScratchDirectory directory_;
  void* memory_ = nullptr;
};

}  // namespace smm::test
