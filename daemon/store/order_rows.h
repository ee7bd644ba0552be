#pragma once

#include "domain/order.h"
#include "platform/database.h"
#include "store/panels.h"
#include "store/work.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace smm::store {

// The columns of `orders o` that make an Order, in the order read_order() and the names below expect.
inline constexpr std::string_view order_columns = R"sql(
  o.row, o.panel, o.id, o.status, o.kind, o.quiet, o.settled, o.stalled, o.lost, o.untracked, o.revision,
  o.seen_statuses, o.tracked_at, o.placed_at, o.changed_at, o.status_changed_at, o.ended_at, o.missing_since,
  o.quantity, o.remains, o.start_count, o.runs, o.charge, o.currency, o.status_text, o.service, o.ref,
  o.labels, o.link, (SELECT p.id FROM orders p WHERE p.row = o.parent), o.ended_given, o.interval, o.refill_auto,
  o.refill_offered, o.refill_window, o.cancel_offered, o.rate_at_placing
)sql";

struct OrderColumn {
  enum Index : int {
    row,
    panel,
    id,
    status,
    kind,
    quiet,
    settled,
    stalled,
    lost,
    untracked,
    revision,
    seen_statuses,
    tracked_at,
    placed_at,
    changed_at,
    status_changed_at,
    ended_at,
    missing_since,
    quantity,
    remains,
    start_count,
    runs,
    charge,
    currency,
    status_text,
    service,
    ref,
    labels,
    link,
    parent,
    ended_given,
    interval,
    refill_auto,
    refill_offered,
    refill_window,
    cancel_offered,
    rate_at_placing,
    count
  };
};

// The order of the current row; without its raw object.
[[nodiscard]] Order read_order(const platform::Statement& statement, Panels& panels);

// The point of history whose columns at, status, status_text, charge, remains, start_count begin at `first`.
[[nodiscard]] HistoryPoint read_point(const platform::Statement& statement, int first);

[[nodiscard]] std::optional<Timestamp> optional_time(const platform::Statement& statement, int column);
[[nodiscard]] std::optional<Milliseconds> optional_duration(const platform::Statement& statement, int column);
[[nodiscard]] std::optional<bool> optional_flag(const platform::Statement& statement, int column);
[[nodiscard]] std::optional<Money> optional_money(const platform::Statement& statement, int column);
[[nodiscard]] std::optional<std::uint32_t> optional_uid(const platform::Statement& statement, int column);
// What is bound for such columns.
[[nodiscard]] std::optional<std::int64_t> optional_number(const std::optional<Milliseconds>& duration);
[[nodiscard]] std::optional<std::int64_t> optional_number(const std::optional<bool>& flag);
[[nodiscard]] std::optional<std::int64_t> optional_number(const std::optional<RefillAuto>& mode);
[[nodiscard]] std::optional<std::string> optional_text(const std::optional<ServiceId>& service);
[[nodiscard]] std::optional<std::string> optional_text(const std::optional<Money>& money);

}  // namespace smm::store
