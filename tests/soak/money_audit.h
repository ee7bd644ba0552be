#pragma once

#include "event_log.h"
#include "evidence.h"

#include <chrono>
#include <map>
#include <string>
#include <vector>

namespace smm::test::soak {

// Least time between two refills of one order that are asked for by themselves; the configuration says the
// same.
inline constexpr std::chrono::hours refill_gap{25};

struct MoneyFindings {
  Faults faults;
  std::map<std::string, std::map<std::string, std::size_t>> records;
  std::size_t refills_by_itself = 0;
};

// What may happen once only: the daemon's records, the panels' own orders and refills, the requests the
// panels saw, the events, and what was answered to whom asked.
[[nodiscard]] MoneyFindings audit_money(const Evidence& evidence, const EventLog& log);

}  // namespace smm::test::soak
