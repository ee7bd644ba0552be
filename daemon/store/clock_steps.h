#pragma once

#include "platform/database.h"
#include "rules/clock_trust.h"

#include <optional>
#include <vector>

namespace smm::store {

// The steps of the wall clock, when a copy was put in the place of the database, and what the newest rows say
// of the time. The newest hundred steps are kept: who has stood still for longer than those has stalled or
// settled.
class ClockSteps {
 public:
  explicit ClockSteps(platform::Database& database);

  // In the order in which they were made.
  [[nodiscard]] std::vector<rules::ClockStep> read();
  // Within a transaction.
  void add(const rules::ClockStep& step);
  [[nodiscard]] std::optional<Timestamp> restored_at();
  void note_restore(Timestamp at);  // within a transaction
  // The newest moments that orders and the log of events know of, as their clocks showed them.
  [[nodiscard]] std::vector<Timestamp> newest();

 private:
  platform::Statement read_;
  platform::Statement add_;
  platform::Statement forget_;
  platform::Statement restored_;
  platform::Statement note_restore_;
  platform::Statement newest_event_;
  platform::Statement newest_order_;
};

}  // namespace smm::store
