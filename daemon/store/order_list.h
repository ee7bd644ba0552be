#pragma once

#include "platform/database.h"
#include "store/order_filter.h"
#include "store/order_search.h"
#include "store/panels.h"
#include "store/store.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace smm::store {

// Lists of tracked orders. A call walks one or a few index ranges in the order asked for, looks at a bounded
// number of rows whether they match or not, and says where to go on. Nothing is sorted, nothing stays open,
// and orders that come, go or change meanwhile move no other.
class OrderList {
 public:
  OrderList(platform::Database& database, Panels& panels);

  [[nodiscard]] tl::expected<OrderPage, std::string> read(const OrderQuery& query);

 private:
  // Where in the list: the sort key (0 when sorted by tracking, where the row says it all) and the row.
  struct Position {
    std::int64_t key = 0;
    std::int64_t row = 0;
    auto operator<=>(const Position&) const = default;
  };
  enum class Driver : std::uint8_t { row, panel, status, ref, stalled, lost, change, placing };
  static constexpr std::size_t driver_count = 8;
  // A part of an index: all of it, or where it equals a number or a text.
  struct Range {
    Driver driver = Driver::row;
    std::optional<std::int64_t> number;
    std::optional<std::string> text;
  };
  struct Found {
    Position position;
    Order order;
  };
  struct Walk {
    std::vector<Found> found;            // in the order of the list
    std::optional<Position> stopped_at;  // nothing: it came to the end
  };

  platform::Statement& statement(Driver driver, bool descending);
  [[nodiscard]] static std::vector<Range> ranges_for(const OrderQuery& query, const OrderFilter& filter);
  [[nodiscard]] static std::optional<Position> start_of(const OrderQuery& query);
  Walk walk(const Range& range, const OrderQuery& query, const OrderFilter& filter, Position from,
            std::int64_t bound);
  [[nodiscard]] static OrderPage merge(std::vector<Walk> walks, const OrderQuery& query);

  platform::Database& database_;
  Panels& panels_;
  std::array<std::optional<platform::Statement>, 2 * driver_count> statements_;  // prepared when first needed
  OrderSearch search_;
};

}  // namespace smm::store
