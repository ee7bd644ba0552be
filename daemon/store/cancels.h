#pragma once

#include "domain/refill.h"
#include "platform/database.h"
#include "store/panels.h"
#include "store/purchases.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace smm::store {

class Cancels {
 public:
  Cancels(platform::Database& database, Panels& panels);

  // These within a transaction. The number of the new one.
  std::int64_t insert(const Cancel& intent, Timestamp now);
  enum class Settled : std::uint8_t { gone, same, written };
  Settled settle(const Cancel& after);
  // The order has ended: what was open of it is done or in vain.
  void decide(std::int64_t order_row, OrderStatus ended, Timestamp now);

  [[nodiscard]] std::optional<Cancel> find(std::int64_t id);
  // `order_row` is the row of query.order.
  [[nodiscard]] tl::expected<CancelPage, std::string> list(const CancelQuery& query,
                                                           std::optional<std::int64_t> order_row);
  [[nodiscard]] std::optional<Cancel> last_of(std::int64_t order_row);
  [[nodiscard]] std::vector<Cancel> left_asking();

 private:
  [[nodiscard]] Cancel load(const platform::Statement& row);

  platform::Database& database_;
  Panels& panels_;
  platform::Statement insert_;
  platform::Statement settle_;
  platform::Statement decide_;
  platform::Statement find_;
  platform::Statement all_;
  platform::Statement of_order_;
  platform::Statement in_state_;
  platform::Statement last_;
  platform::Statement asking_;
};

}  // namespace smm::store
