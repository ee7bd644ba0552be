#pragma once

#include "practice-panel/course.h"
#include "practice-panel/ledger.h"
#include "tracker_process.h"

#include <cstdint>
#include <set>
#include <string>
#include <vector>

// What an order was said to be, by the panel's ledger and by the daemon, made comparable.
namespace smm::test {

// One reading of an order, with spellings made alike the way the contract makes them alike.
struct Reading {
  std::string status_text;
  std::string charge;
  std::string remains;
  std::string start_count;

  bool operator==(const Reading&) const = default;
};

[[nodiscard]] Reading reading_of(const practice::ToldState& told);
[[nodiscard]] Reading reading_of(const Json& point);  // of history, or an event's data
[[nodiscard]] Reading reading_of(const practice::OrderState& state);
[[nodiscard]] std::string to_text(const Reading& reading);

// One the panel told the daemon; one that may be lost is of an answer that need not have been taken in.
struct ToldReading {
  Reading reading;
  bool may_be_lost = false;
};

// The numbers of the last answers each panel gave before each kill: a killed daemon may not have come to
// them. The kills are told by how many requests the ledger held.
[[nodiscard]] std::set<std::uint64_t> doubtful(const std::vector<practice::LedgerEntry>& entries,
                                               const std::vector<std::size_t>& kills);

// Walks the readings along the history. A reading that changes nothing is passed over; one that may have been
// lost may be missing; every other one must be the next point. Empty when they go together.
[[nodiscard]] std::string first_difference(const std::vector<ToldReading>& told,
                                           const std::vector<Json>& history);

}  // namespace smm::test
