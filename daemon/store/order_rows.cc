#include "store/order_rows.h"

#include "store/json.h"

namespace smm::store {
namespace {

using Column = OrderColumn;

template <class Id>
std::optional<Id> optional_id(const platform::Statement& statement, int column) {
  if (statement.is_null(column)) return std::nullopt;
  return Id(statement.view(column));
}

}  // namespace

std::optional<Timestamp> optional_time(const platform::Statement& statement, int column) {
  if (statement.is_null(column)) return std::nullopt;
  return from_millis(statement.integer(column));
}

std::optional<Milliseconds> optional_duration(const platform::Statement& statement, int column) {
  if (statement.is_null(column)) return std::nullopt;
  return Milliseconds(statement.integer(column));
}

std::optional<bool> optional_flag(const platform::Statement& statement, int column) {
  if (statement.is_null(column)) return std::nullopt;
  return statement.integer(column) != 0;
}

std::optional<Money> optional_money(const platform::Statement& statement, int column) {
  if (statement.is_null(column)) return std::nullopt;
  return Money::parse(statement.view(column));
}

std::optional<std::uint32_t> optional_uid(const platform::Statement& statement, int column) {
  if (statement.is_null(column)) return std::nullopt;
  return static_cast<std::uint32_t>(statement.integer(column));
}

std::optional<std::int64_t> optional_number(const std::optional<Milliseconds>& duration) {
  if (!duration) return std::nullopt;
  return duration->count();
}

std::optional<std::int64_t> optional_number(const std::optional<bool>& flag) {
  if (!flag) return std::nullopt;
  return std::int64_t{*flag};
}

std::optional<std::int64_t> optional_number(const std::optional<RefillAuto>& mode) {
  if (!mode) return std::nullopt;
  return static_cast<std::int64_t>(*mode);
}

std::optional<std::string> optional_text(const std::optional<Money>& money) {
  if (!money) return std::nullopt;
  return money->text();
}

std::optional<std::string> optional_text(const std::optional<ServiceId>& service) {
  if (!service) return std::nullopt;
  return service->text();
}

Order read_order(const platform::Statement& row, Panels& panels) {
  Order order;
  order.row = row.integer(Column::row);
  order.key = {panels.name_of(row.integer(Column::panel)), OrderId(row.view(Column::id))};
  order.status = static_cast<OrderStatus>(row.integer(Column::status));
  order.kind = static_cast<OrderKind>(row.integer(Column::kind));
  order.quiet = row.integer(Column::quiet) != 0;
  order.settled = row.integer(Column::settled) != 0;
  order.stalled = row.integer(Column::stalled) != 0;
  order.lost = row.integer(Column::lost) != 0;
  order.untracked = row.integer(Column::untracked) != 0;
  order.revision = row.integer(Column::revision);
  order.seen_statuses = static_cast<std::uint32_t>(row.integer(Column::seen_statuses));
  order.tracked_at = from_millis(row.integer(Column::tracked_at));
  order.placed_at = optional_time(row, Column::placed_at);
  order.changed_at = optional_time(row, Column::changed_at);
  order.status_changed_at = optional_time(row, Column::status_changed_at);
  order.ended_at = optional_time(row, Column::ended_at);
  order.missing_since = optional_time(row, Column::missing_since);
  order.quantity = row.optional_integer(Column::quantity);
  order.remains = row.optional_integer(Column::remains);
  order.start_count = row.optional_integer(Column::start_count);
  order.runs = row.optional_integer(Column::runs);
  order.charge = optional_money(row, Column::charge);
  order.currency = row.optional_text(Column::currency);
  order.status_text = row.text(Column::status_text);
  order.service = optional_id<ServiceId>(row, Column::service);
  order.ref = row.optional_text(Column::ref);
  if (!row.is_null(Column::labels)) order.labels = labels_from_text(row.view(Column::labels));
  order.link = row.optional_text(Column::link);
  order.parent = optional_id<OrderId>(row, Column::parent);
  order.ended_given = row.integer(Column::ended_given) != 0;
  order.interval = optional_duration(row, Column::interval);
  if (!row.is_null(Column::refill_auto)) {
    order.refill_auto = static_cast<RefillAuto>(row.integer(Column::refill_auto));
  }
  order.refill_offered = optional_flag(row, Column::refill_offered);
  order.refill_window = optional_duration(row, Column::refill_window);
  order.cancel_offered = optional_flag(row, Column::cancel_offered);
  order.rate_at_placing = optional_money(row, Column::rate_at_placing);
  return order;
}

HistoryPoint read_point(const platform::Statement& row, int first) {
  HistoryPoint point;
  point.at = from_millis(row.integer(first));
  point.status = static_cast<OrderStatus>(row.integer(first + 1));
  point.status_text = row.text(first + 2);
  point.charge = optional_money(row, first + 3);
  point.remains = row.optional_integer(first + 4);
  point.start_count = row.optional_integer(first + 5);
  return point;
}

}  // namespace smm::store
