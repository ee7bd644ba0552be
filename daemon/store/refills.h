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

class Refills {
 public:
  Refills(platform::Database& database, Panels& panels);

  // These within a transaction. The number of the new one.
  std::int64_t insert(const Refill& intent, Timestamp now);
  enum class Settled : std::uint8_t { gone, same, written };
  Settled settle(const Refill& after);

  [[nodiscard]] std::optional<Refill> find(std::int64_t id);
  [[nodiscard]] std::optional<Refill> find_by_upstream(const PanelName& panel, const RefillId& upstream);
  // `order_row` is the row of query.order.
  [[nodiscard]] tl::expected<RefillPage, std::string> list(const RefillQuery& query,
                                                           std::optional<std::int64_t> order_row);
  [[nodiscard]] std::vector<Refill> of_order(std::int64_t order_row);
  [[nodiscard]] std::vector<Refill> open_on(const PanelName& panel);
  [[nodiscard]] std::vector<Refill> left_asking();
  // Whether one of the order is asking, pending or in progress, or unknown and asked after `unknown_since`.
  [[nodiscard]] bool has_open(std::int64_t order_row, Timestamp unknown_since);

 private:
  [[nodiscard]] Refill load(const platform::Statement& row);
  [[nodiscard]] std::vector<Refill> load_all(platform::Statement& rows);

  platform::Database& database_;
  Panels& panels_;
  platform::Statement insert_;
  platform::Statement settle_;
  platform::Statement find_;
  platform::Statement find_by_upstream_;
  platform::Statement all_;
  platform::Statement of_order_newest_first_;
  platform::Statement in_state_;
  platform::Statement of_order_;
  platform::Statement open_;
  platform::Statement asking_;
  platform::Statement has_open_;
};

}  // namespace smm::store
