#pragma once

#include "domain/service.h"
#include "platform/database.h"
#include "store/catalogue.h"

#include <cstdint>
#include <optional>
#include <string>

namespace smm::store {

// What was left on the accounts, and since when. Panels are named by their rows.
class Balances {
 public:
  explicit Balances(platform::Database& database);

  // Within a transaction: a point, unless amount and currency are those of the last.
  void save(std::int64_t panel, const BalancePoint& point);

  [[nodiscard]] std::optional<BalancePoint> last(std::int64_t panel);
  [[nodiscard]] tl::expected<BalancePage, std::string> list(std::optional<std::int64_t> panel,
                                                            std::size_t limit, const std::string& cursor);

 private:
  platform::Statement insert_;
  platform::Statement last_;
  platform::Statement list_;
};

}  // namespace smm::store
