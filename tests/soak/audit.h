#pragma once

#include "evidence.h"

#include <map>
#include <string>
#include <vector>

namespace smm::test::soak {

struct Verdict {
  Faults faults;
  std::size_t orders = 0;
  std::size_t points = 0;
  std::size_t events = 0;
  std::size_t changes = 0;  // events of an order's state
  std::size_t truths = 0;   // orders held against the panel's own state at the end
  std::map<std::string, std::map<std::string, std::size_t>> asked;  // place, refill, cancel: records by state
  std::size_t refills_by_itself = 0;
};

// For each order its history is what the panels told, point for point, and its events are its history; each
// event is at each inbox that wants it, byte for byte, and nothing else is; whoever asked for something once
// only has one record of it, which goes together with what the panel did and with what was answered.
[[nodiscard]] Verdict audit(const Evidence& evidence);

}  // namespace smm::test::soak
