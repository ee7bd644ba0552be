#include "store/order_list.h"

#include "store/cursor.h"
#include "store/order_rows.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <utility>

namespace smm::store {
namespace {

using platform::Reading;

// Rows looked at in one call: about 10 ms.
constexpr std::int64_t orders_at_once = 20'000;
constexpr auto last_row = std::numeric_limits<std::int64_t>::max();

// "ta" … "pd": sorted by what, ascending or descending.
std::string cursor_kind(const OrderQuery& query) {
  std::string kind;
  switch (query.sort) {
    case OrderSort::tracked:
      kind = "t";
      break;
    case OrderSort::changed:
      kind = "c";
      break;
    case OrderSort::placed:
      kind = "p";
      break;
  }
  return kind + (query.descending ? "d" : "a");
}

}  // namespace

OrderList::OrderList(platform::Database& database, Panels& panels)
    : database_(database), panels_(panels), search_(database, panels) {}

// ?1 the row, ?2 how many at most, ?3 what the index must equal or the key to go on from.
platform::Statement& OrderList::statement(Driver driver, bool descending) {
  auto& slot = statements_.at(2 * static_cast<std::size_t>(driver) + (descending ? 1 : 0));
  if (slot) return *slot;
  const std::string beyond = descending ? " <" : " >";
  const std::string direction = descending ? " DESC" : "";
  std::string from = "orders o INDEXED BY ";
  std::string key;  // of a sort
  std::string where = "o.untracked = 0";
  switch (driver) {
    case Driver::row:
      from = "orders o NOT INDEXED";
      break;
    case Driver::panel:
      from += "orders_by_panel";
      where += " AND o.panel = ?3";
      break;
    case Driver::status:
      from += "orders_by_status";
      where += " AND o.status = ?3";
      break;
    case Driver::ref:
      from += "orders_by_ref";
      where += " AND o.ref = ?3";
      break;
    case Driver::stalled:
      from += "orders_stalled";
      where += " AND o.stalled = 1";
      break;
    case Driver::lost:
      from += "orders_lost";
      where += " AND o.lost = 1";
      break;
    case Driver::change:
      from += "orders_by_change";
      key = "ifnull(o.changed_at, o.tracked_at)";
      break;
    case Driver::placing:
      from += "orders_by_placing";
      key = "ifnull(o.placed_at, o.tracked_at)";
      break;
  }
  // The first comparison bounds the walk of the index, the second takes out what has been seen.
  where += key.empty()
               ? " AND o.row" + beyond + " ?1"
               : " AND " + key + beyond + "= ?3 AND (" + key + beyond + "?3 OR o.row" + beyond + "?1)";
  const auto order = (key.empty() ? "" : key + direction + ", ") + "o.row" + direction;
  slot.emplace(database_, "list orders",
               "SELECT " + std::string(order_columns) + " FROM " + from + " WHERE " + where + " ORDER BY " +
                   order + " LIMIT ?2");
  return *slot;
}

// Sorted by tracking, the narrowest index with the rows in order; several values are walked side by side.
std::vector<OrderList::Range> OrderList::ranges_for(const OrderQuery& query, const OrderFilter& filter) {
  if (query.sort == OrderSort::changed) return {{Driver::change, {}, {}}};
  if (query.sort == OrderSort::placed) return {{Driver::placing, {}, {}}};
  std::vector<Range> ranges;
  if (!query.refs.empty()) {
    for (const auto& ref : query.refs) ranges.push_back({Driver::ref, {}, ref});
  } else if (query.stalled == true) {
    ranges.push_back({Driver::stalled, {}, {}});
  } else if (query.lost == true) {
    ranges.push_back({Driver::lost, {}, {}});
  } else if (!query.statuses.empty()) {
    for (const auto status : query.statuses)
      ranges.push_back({Driver::status, static_cast<std::int64_t>(status), {}});
  } else if (!query.panels.empty()) {
    for (const auto panel : filter.panels()) ranges.push_back({Driver::panel, panel, {}});
  } else {
    ranges.push_back({Driver::row, {}, {}});
  }
  // A value given twice is walked once.
  const auto less = [](const Range& a, const Range& b) {
    return std::tie(a.number, a.text) < std::tie(b.number, b.text);
  };
  const auto same = [](const Range& a, const Range& b) {
    return std::tie(a.number, a.text) == std::tie(b.number, b.text);
  };
  std::sort(ranges.begin(), ranges.end(), less);
  ranges.erase(std::unique(ranges.begin(), ranges.end(), same), ranges.end());
  return ranges;
}

std::optional<OrderList::Position> OrderList::start_of(const OrderQuery& query) {
  auto start =
      query.descending ? Position{last_row, last_row} : Position{std::numeric_limits<std::int64_t>::min(), 0};
  if (!query.cursor.empty()) {
    const auto parts = read_cursor(query.cursor, cursor_kind(query), 2);
    if (!parts || !parts->text.empty()) return std::nullopt;
    start = {parts->numbers.at(0), parts->numbers.at(1)};
  }
  if (query.sort == OrderSort::changed && !query.descending && query.updated_after) {
    start = std::max(start, Position{to_millis(*query.updated_after), last_row});
  }
  return start;
}

OrderList::Walk OrderList::walk(const Range& range, const OrderQuery& query, const OrderFilter& filter,
                                Position from, std::int64_t bound) {
  auto& rows = statement(range.driver, query.descending);
  const bool by_change = range.driver == Driver::change;
  const bool by_placing = range.driver == Driver::placing;
  const Reading reading(rows);
  rows.bind(1, from.row).bind(2, bound);
  if (range.number) rows.bind(3, *range.number);
  if (range.text) rows.bind(3, *range.text);
  if (by_change || by_placing) rows.bind(3, from.key);

  Walk walk;
  std::int64_t looked_at = 0;
  Position position;
  while (rows.step()) {
    ++looked_at;
    position = {by_change    ? change_key(rows)
                : by_placing ? placing_key(rows)
                             : 0,
                rows.integer(OrderColumn::row)};
    // Going back in time, everything after this one is older still.
    if (by_change && query.descending && query.updated_after &&
        position.key <= to_millis(*query.updated_after)) {
      return walk;
    }
    if (!filter.lets_pass(rows)) continue;
    walk.found.push_back({position, read_order(rows, panels_)});
    if (walk.found.size() > query.limit) break;
  }
  if (walk.found.size() > query.limit || looked_at == bound) walk.stopped_at = position;
  return walk;
}

// The walks in one order, up to where the first of them stopped: beyond that one of its rows might belong.
OrderPage OrderList::merge(std::vector<Walk> walks, const OrderQuery& query) {
  const auto is_before = [&](const Position& a, const Position& b) {
    return query.descending ? b < a : a < b;
  };
  std::optional<Position> horizon;
  std::vector<Found> found;
  for (auto& walk : walks) {
    if (walk.stopped_at && (!horizon || is_before(*walk.stopped_at, *horizon))) horizon = walk.stopped_at;
    std::move(walk.found.begin(), walk.found.end(), std::back_inserter(found));
  }
  std::sort(found.begin(), found.end(),
            [&](const Found& a, const Found& b) { return is_before(a.position, b.position); });
  OrderPage page;
  std::optional<Position> next = horizon;
  Position last;
  for (auto& each : found) {
    if (horizon && is_before(*horizon, each.position)) break;
    if (page.items.size() == query.limit) {
      next = last;
      break;
    }
    last = each.position;
    page.items.push_back(std::move(each.order));
  }
  if (next) page.next = cursor_text(cursor_kind(query), {next->key, next->row});
  return page;
}

tl::expected<OrderPage, std::string> OrderList::read(const OrderQuery& query) {
  const OrderFilter filter(query, panels_);
  if (query.q && !query.q->empty()) return search_.read(query, filter);
  const auto start = start_of(query);
  if (!start) return tl::unexpected(std::string(foreign_cursor));
  if (filter.is_hopeless()) return OrderPage{};
  const auto ranges = ranges_for(query, filter);
  const auto bound = std::max<std::int64_t>(orders_at_once / static_cast<std::int64_t>(ranges.size()),
                                            static_cast<std::int64_t>(query.limit) + 1);
  std::vector<Walk> walks;
  walks.reserve(ranges.size());
  for (const auto& range : ranges) walks.push_back(walk(range, query, filter, *start, bound));
  return merge(std::move(walks), query);
}

}  // namespace smm::store
