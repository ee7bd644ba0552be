#pragma once

#include "platform/database.h"
#include "store/cancels.h"
#include "store/events.h"
#include "store/order_rows.h"
#include "store/panels.h"
#include "store/store.h"
#include "store/work.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace smm::store {

// Orders one by one: reading them, and writing what a panel's answer made of them.
class Orders {
 public:
  Orders(platform::Database& database, Panels& panels, EventLog& events, Cancels& cancels);

  [[nodiscard]] std::optional<Order> find(const OrderKey& key);
  [[nodiscard]] std::optional<Order> find_row(std::int64_t row);
  [[nodiscard]] std::optional<std::int64_t> row_of(const OrderKey& key);
  [[nodiscard]] std::vector<OrderId> children_of(std::int64_t row);
  [[nodiscard]] tl::expected<HistoryPage, std::string> history(std::int64_t row, std::size_t limit,
                                                               const std::string& cursor);
  [[nodiscard]] std::vector<PollEntry> poll_entries(const PanelName& panel, const PollPolicy& policy,
                                                    std::int64_t after, std::size_t limit,
                                                    std::span<const rules::ClockStep> steps, Timestamp now);
  // Calls each(key) for every tracked order. SQLite would sort them all to count them by groups.
  template <class Each>
  void count_all(Each each) {
    const platform::Reading reading(count_);
    while (count_.step()) {
      each(CountKey{count_.integer(0), static_cast<OrderStatus>(count_.integer(1)), count_.integer(2) != 0,
                    count_.integer(3) != 0});
    }
  }

  // These within a transaction.
  void record(const rules::Change& change, Work& work);
  // Writes events with the rows of the orders they name.
  void tell(std::span<const EventDraft> events, Work& work);
  // A new order, with its order.tracked unless it is quiet. Its row; `order.row` is set.
  std::int64_t insert(Order& order, std::optional<std::int64_t> parent, Work& work);

 private:
  // What record() needs of the stored order.
  struct Before {
    CountKey counts;
    std::int64_t revision = 0;
  };
  [[nodiscard]] std::optional<Before> before_of(const Order& after);
  bool update(const Order& after, bool only_if_different);
  void write_events(const rules::Change& change, Work& work);
  void write_point(std::int64_t row, std::int64_t revision, const HistoryPoint& point);
  void adopt(const Order& parent, const OrderId& child, Work& work);

  platform::Database& database_;
  Panels& panels_;
  EventLog& events_;
  Cancels& cancels_;
  platform::Statement find_;
  platform::Statement find_row_;
  platform::Statement row_of_;
  platform::Statement children_;
  platform::Statement history_;
  platform::Statement poll_entries_;
  platform::Statement count_;
  platform::Statement before_;
  platform::Statement update_;
  platform::Statement update_if_different_;
  platform::Statement raw_;
  platform::Statement point_;
  platform::Statement insert_;
  platform::Statement set_parent_;
};

// How a tracked order stands in the counts.
[[nodiscard]] CountKey count_key(std::int64_t panel, const Order& order);

}  // namespace smm::store
