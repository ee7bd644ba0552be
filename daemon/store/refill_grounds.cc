#include "store/refill_grounds.h"

#include "store/order_rows.h"

namespace smm::store {
namespace {

using platform::Reading;

// Rows looked at in one call: about 5 ms.
constexpr std::int64_t grounds_at_once = 5000;

}  // namespace

RefillGrounds::RefillGrounds(platform::Database& database, Panels& panels)
    : panels_(panels),
      report_(database, "write a reported count", R"sql(
        INSERT INTO reported_count (order_row, count, at) VALUES (?1, ?2, ?3)
        ON CONFLICT (order_row) DO UPDATE SET count = excluded.count, at = excluded.at
      )sql"),
      reported_(database, "read a reported count", R"sql(
        SELECT count, at FROM reported_count WHERE order_row = ?1
      )sql"),
      candidates_(database, "read the candidates for a refill",
                  "SELECT " + std::string(order_columns) + R"sql(
                    FROM orders o INDEXED BY orders_refillable
                    WHERE o.panel = ?1 AND o.untracked = 0 AND o.refill_offered = 1 AND o.status IN (4, 5)
                      AND o.row > ?2
                    ORDER BY o.row LIMIT ?3
                  )sql") {}

void RefillGrounds::report_count(std::int64_t order_row, std::int64_t count, Timestamp now) {
  report_.bind(1, order_row).bind(2, count).bind(3, to_millis(now)).run();
}

std::optional<Purchases::ReportedCount> RefillGrounds::reported_count(std::int64_t order_row) {
  const Reading reading(reported_);
  if (!reported_.bind(1, order_row).step()) return std::nullopt;
  return Purchases::ReportedCount{reported_.integer(0), from_millis(reported_.integer(1))};
}

Purchases::RefillCandidates RefillGrounds::candidates(const PanelName& panel, Timestamp ended_after,
                                                      std::int64_t after, std::size_t limit) {
  Purchases::RefillCandidates page;
  const auto panel_row = panels_.find(panel);
  if (!panel_row) return page;
  const Reading reading(candidates_);
  candidates_.bind(1, *panel_row).bind(2, after).bind(3, grounds_at_once);
  std::int64_t looked_at = 0;
  std::int64_t row = after;
  while (page.items.size() < limit && candidates_.step()) {
    ++looked_at;
    row = candidates_.integer(OrderColumn::row);
    if (candidates_.integer(OrderColumn::ended_at) <= to_millis(ended_after)) continue;
    page.items.push_back(read_order(candidates_, panels_));
  }
  if (page.items.size() == limit || looked_at == grounds_at_once) page.next = row;
  return page;
}

}  // namespace smm::store
