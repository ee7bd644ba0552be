#pragma once

#include "tracker_process.h"

#include <map>
#include <optional>
#include <string>

namespace smm::test {

// A cut of the power for a program that is started: see tests/disk/power_cut.cc.
struct PowerCut {
  std::optional<long> step{};  // before which one; nothing: it stays on
  unsigned seed = 0;
  std::string synchronous{};  // in the place of FULL: NORMAL or OFF
};

[[nodiscard]] inline std::map<std::string, std::string> with_power_cut(const TrackerProcess& tracker,
                                                                       const PowerCut& cut) {
  std::map<std::string, std::string> environment = {{"LD_PRELOAD", SMM_POWER_CUT},
                                                    {"POWER_ROOT", tracker.state()},
                                                    {"POWER_SEED", std::to_string(cut.seed)},
                                                    {"POWER_LOG", tracker.directory() / "power"},
                                                    {"ASAN_OPTIONS", "verify_asan_link_order=0"}};
  if (cut.step) environment["POWER_STEP"] = std::to_string(*cut.step);
  if (!cut.synchronous.empty()) environment["POWER_SYNCHRONOUS"] = cut.synchronous;
  return environment;
}

// What it says of the cuts so far, a line each.
[[nodiscard]] inline std::string told_of_cuts(const TrackerProcess& tracker) {
  return read_file(tracker.directory() / "power");
}

}  // namespace smm::test
