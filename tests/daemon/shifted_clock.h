#pragma once

#include "tracker_process.h"

#include <chrono>
#include <filesystem>
#include <map>
#include <string>

namespace smm::test {

// The clocks of a program under test, moved by the test (see clock_shift.cc): both at once, and only when its
// event loop is woken. Whoever moves them asks it something.
class ShiftedClock {
 public:
  ShiftedClock() { write(); }

  // Sets the wall clock on or back alone.
  void set_clock(std::chrono::seconds by) {
    wall_ += by;
    write();
  }
  // Time passes, for the wall clock and the machine alike.
  void pass(std::chrono::seconds time) {
    wall_ += time;
    boot_ += time;
    write();
  }
  // The program's wall clock, as near as this one's can tell.
  [[nodiscard]] std::chrono::system_clock::time_point now() const {
    return std::chrono::system_clock::now() + wall_;
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
  // At once, whoever reads it meanwhile.
  void write() const {
    const auto fresh = directory_.path() / "shift.new";
    write_file(fresh, std::to_string(wall_.count()) + " " + std::to_string(boot_.count()) + "\n");
    std::filesystem::rename(fresh, file());
  }

  ScratchDirectory directory_;
  std::chrono::seconds wall_{0};
  std::chrono::seconds boot_{0};
};

}  // namespace smm::test
