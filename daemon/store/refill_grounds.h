#pragma once

#include "platform/database.h"
#include "store/panels.h"
#include "store/purchases.h"

#include <cstdint>
#include <optional>

namespace smm::store {

// What automatic refills are judged by: which orders come into question, and what was counted of them.
class RefillGrounds {
 public:
  RefillGrounds(platform::Database& database, Panels& panels);

  void report_count(std::int64_t order_row, std::int64_t count, Timestamp now);  // within a transaction
  [[nodiscard]] std::optional<Purchases::ReportedCount> reported_count(std::int64_t order_row);
  [[nodiscard]] Purchases::RefillCandidates candidates(const PanelName& panel, Timestamp ended_after,
                                                       std::int64_t after, std::size_t limit);

 private:
  Panels& panels_;
  platform::Statement report_;
  platform::Statement reported_;
  platform::Statement candidates_;
};

}  // namespace smm::store
