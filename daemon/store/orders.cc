#include "store/orders.h"

#include "store/cursor.h"
#include "store/json.h"

#include <algorithm>
#include <stdexcept>

namespace smm::store {
namespace {

using platform::Reading;

std::string with_raw(std::string_view where) {
  return "SELECT " + std::string(order_columns) +
         ", (SELECT r.object FROM order_raw r WHERE r.order_row = o.row) FROM orders o WHERE " +
         std::string(where);
}

constexpr std::string_view update_sql = R"sql(
  UPDATE orders SET
    status = ?2, kind = ?3, settled = ?4, stalled = ?5, lost = ?6, revision = ?7, seen_statuses = ?8,
    changed_at = ?9, status_changed_at = ?10, ended_at = ?11, missing_since = ?12, remains = ?13,
    start_count = ?14, runs = ?15, charge = ?16, currency = ?17, status_text = ?18, history_kept = 0
  WHERE row = ?1
)sql";

constexpr std::string_view update_if_different_sql = R"sql(
  UPDATE orders SET
    status = ?2, kind = ?3, settled = ?4, stalled = ?5, lost = ?6, revision = ?7, seen_statuses = ?8,
    changed_at = ?9, status_changed_at = ?10, ended_at = ?11, missing_since = ?12, remains = ?13,
    start_count = ?14, runs = ?15, charge = ?16, currency = ?17, status_text = ?18
  WHERE row = ?1 AND
    (status, kind, settled, stalled, lost, revision, seen_statuses, changed_at, status_changed_at, ended_at,
     missing_since, remains, start_count, runs, charge, currency, status_text)
    IS NOT (?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)
)sql";

}  // namespace

CountKey count_key(std::int64_t panel, const Order& order) {
  return {panel, order.status, order.stalled, order.lost};
}

Orders::Orders(platform::Database& database, Panels& panels, EventLog& events, Cancels& cancels)
    : database_(database),
      panels_(panels),
      events_(events),
      cancels_(cancels),
      find_(database, "find an order", with_raw("o.panel = ?1 AND o.id = ?2")),
      find_row_(database, "read an order", with_raw("o.row = ?1")),
      row_of_(database, "find an order's row", "SELECT row FROM orders WHERE panel = ?1 AND id = ?2"),
      children_(database, "find an order's children", R"sql(
        SELECT id FROM orders INDEXED BY orders_by_parent WHERE parent = ?1 ORDER BY row
      )sql"),
      history_(database, "read an order's history", R"sql(
        SELECT revision, at, status, status_text, charge, remains, start_count FROM history
        WHERE order_row = ?1 AND revision > ?2 ORDER BY revision LIMIT ?3
      )sql"),
      poll_entries_(database, "read what is to be polled", R"sql(
        SELECT row, id, kind, status, settled, stalled, lost, tracked_at, changed_at, status_changed_at, ended_at,
               missing_since, revision
        FROM orders INDEXED BY orders_by_panel
        WHERE panel = ?1 AND untracked = 0 AND row > ?2 ORDER BY row LIMIT ?3
      )sql"),
      count_(database, "count the orders", R"sql(
        SELECT panel, status, stalled, lost FROM orders NOT INDEXED WHERE untracked = 0
      )sql"),
      before_(database, "read an order before a change", R"sql(
        SELECT panel, id, status, stalled, lost, revision FROM orders WHERE row = ?1 AND untracked = 0
      )sql"),
      update_(database, "record an order", update_sql),
      update_if_different_(database, "record an order's flags", update_if_different_sql),
      raw_(database, "keep a panel's object", R"sql(
        INSERT INTO order_raw (order_row, object) VALUES (?1, ?2)
        ON CONFLICT (order_row) DO UPDATE SET object = excluded.object
      )sql"),
      point_(database, "write a point of history", R"sql(
        INSERT INTO history (order_row, revision, at, status, status_text, charge, remains, start_count)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
      )sql"),
      insert_(database, "track an order", R"sql(
        INSERT INTO orders (panel, id, quiet, tracked_at, placed_at, ended_at, parent, quantity, service, ref, labels,
                            link, kind, runs, ended_given, interval, refill_offered, refill_window, cancel_offered,
                            rate_at_placing)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20)
      )sql"),
      set_parent_(database, "give an order its parent", R"sql(
        UPDATE orders SET parent = ?2 WHERE row = ?1 AND parent IS NULL AND row <> ?2
      )sql") {}

std::optional<std::int64_t> Orders::row_of(const OrderKey& key) {
  const auto panel = panels_.find(key.panel);
  if (!panel) return std::nullopt;
  const Reading reading(row_of_);
  if (!row_of_.bind(1, *panel).bind(2, key.id.text()).step()) return std::nullopt;
  return row_of_.integer(0);
}

std::optional<Order> Orders::find(const OrderKey& key) {
  const auto panel = panels_.find(key.panel);
  if (!panel) return std::nullopt;
  const Reading reading(find_);
  if (!find_.bind(1, *panel).bind(2, key.id.text()).step()) return std::nullopt;
  auto order = read_order(find_, panels_);
  order.raw = find_.text(OrderColumn::count);
  return order;
}

std::optional<Order> Orders::find_row(std::int64_t row) {
  const Reading reading(find_row_);
  if (!find_row_.bind(1, row).step()) return std::nullopt;
  auto order = read_order(find_row_, panels_);
  order.raw = find_row_.text(OrderColumn::count);
  return order;
}

std::vector<OrderId> Orders::children_of(std::int64_t row) {
  std::vector<OrderId> children;
  const Reading reading(children_);
  children_.bind(1, row);
  while (children_.step()) children.emplace_back(children_.view(0));
  return children;
}

tl::expected<HistoryPage, std::string> Orders::history(std::int64_t row, std::size_t limit,
                                                       const std::string& cursor) {
  std::int64_t after = -1;
  if (!cursor.empty()) {
    const auto parts = read_cursor(cursor, "h", 2);
    if (!parts || parts->numbers.at(0) != row) return tl::unexpected(std::string(foreign_cursor));
    after = parts->numbers.at(1);
  }
  HistoryPage page;
  const Reading reading(history_);
  history_.bind(1, row).bind(2, after).bind(3, static_cast<std::int64_t>(limit) + 1);
  while (history_.step()) {
    if (page.items.size() == limit) {
      page.next = cursor_text("h", {row, after});
      break;
    }
    after = history_.integer(0);
    page.items.push_back(read_point(history_, 1));
  }
  return page;
}

std::vector<PollEntry> Orders::poll_entries(const PanelName& panel, const PollPolicy& policy,
                                            std::int64_t after, std::size_t limit,
                                            std::span<const rules::ClockStep> steps, Timestamp now) {
  std::vector<PollEntry> entries;
  const auto panel_row = panels_.find(panel);
  if (!panel_row) return entries;
  const Reading reading(poll_entries_);
  poll_entries_.bind(1, *panel_row).bind(2, after).bind(3, static_cast<std::int64_t>(limit));
  Order order;  // only what the rules of time look at is filled in
  order.key.panel = panel;
  while (poll_entries_.step()) {
    order.row = poll_entries_.integer(0);
    order.key.id = OrderId(poll_entries_.view(1));
    order.kind = static_cast<OrderKind>(poll_entries_.integer(2));
    order.status = static_cast<OrderStatus>(poll_entries_.integer(3));
    order.settled = poll_entries_.integer(4) != 0;
    order.stalled = poll_entries_.integer(5) != 0;
    order.lost = poll_entries_.integer(6) != 0;
    order.tracked_at = from_millis(poll_entries_.integer(7));
    order.changed_at = optional_time(poll_entries_, 8);
    order.status_changed_at = optional_time(poll_entries_, 9);
    order.ended_at = optional_time(poll_entries_, 10);
    order.missing_since = optional_time(poll_entries_, 11);
    order.revision = poll_entries_.integer(12);
    entries.push_back({order.row, order.key.id, order.kind, rules::facts_of(order, steps, now),
                       rules::time_may_tell(order, policy, steps, now)});
  }
  return entries;
}

std::optional<Orders::Before> Orders::before_of(const Order& after) {
  const Reading reading(before_);
  if (!before_.bind(1, after.row).step()) return std::nullopt;
  if (before_.view(1) != after.key.id.text() || panels_.name_of(before_.integer(0)) != after.key.panel) {
    throw std::logic_error("a change names row " + std::to_string(after.row) + ", which is not " +
                           to_text(after.key));
  }
  return Before{{before_.integer(0), static_cast<OrderStatus>(before_.integer(2)), before_.integer(3) != 0,
                 before_.integer(4) != 0},
                before_.integer(5)};
}

// Whether a row was written.
bool Orders::update(const Order& after, bool only_if_different) {
  auto& statement = only_if_different ? update_if_different_ : update_;
  statement.bind(1, after.row);
  statement.bind(2, static_cast<std::int64_t>(after.status)).bind(3, static_cast<std::int64_t>(after.kind));
  statement.bind(4, std::int64_t{after.settled}).bind(5, std::int64_t{after.stalled});
  statement.bind(6, std::int64_t{after.lost}).bind(7, after.revision);
  statement.bind(8, std::int64_t{after.seen_statuses}).bind(9, to_millis(after.changed_at));
  statement.bind(10, to_millis(after.status_changed_at)).bind(11, to_millis(after.ended_at));
  statement.bind(12, to_millis(after.missing_since)).bind(13, after.remains).bind(14, after.start_count);
  statement.bind(15, after.runs).bind(16, optional_text(after.charge)).bind(17, after.currency);
  statement.bind(18, after.status_text).run();
  return database_.changes() == 1;
}

void Orders::write_point(std::int64_t row, std::int64_t revision, const HistoryPoint& point) {
  point_.bind(1, row).bind(2, revision).bind(3, to_millis(point.at));
  point_.bind(4, static_cast<std::int64_t>(point.status)).bind(5, point.status_text);
  point_.bind(6, optional_text(point.charge)).bind(7, point.remains).bind(8, point.start_count).run();
}

void Orders::tell(std::span<const EventDraft> events, Work& work) {
  for (const auto& draft : events) {
    std::optional<std::int64_t> row;
    if (draft.order) row = row_of({draft.panel, *draft.order});
    events_.append(draft, row, work);
  }
}

void Orders::write_events(const rules::Change& change, Work& work) {
  for (const auto& draft : change.events) {
    const bool is_own = draft.order == change.after.key.id && draft.panel == change.after.key.panel;
    if (is_own) {
      events_.append(draft, change.after.row, work);
    } else {
      tell({&draft, 1}, work);
    }
  }
}

void Orders::record(const rules::Change& change, Work& work) {
  const Order& after = change.after;
  const auto before = before_of(after);
  // Purged or no longer tracked since the panel was asked, or judged by what is no longer so: the answer is
  // dropped as a whole, and the next one tells.
  if (!before || before->revision > after.revision) return;
  if (change.point && before->revision == after.revision) return;

  const bool is_more_than_flags = change.point || !change.events.empty();
  const bool is_written = update(after, !is_more_than_flags);
  if (change.point) {
    write_point(after.row, after.revision, *change.point);
    if (!after.raw.empty()) raw_.bind(1, after.row).bind(2, after.raw).run();
  }
  write_events(change, work);
  for (const auto& child : change.new_children) adopt(after, child, work);
  if (after.status != before->counts.status && has_ended(after.status)) {
    cancels_.decide(after.row, after.status, work.now);
  }

  const auto counts = count_key(before->counts.panel, after);
  if (is_written && !(counts == before->counts)) {
    work.counted_out.push_back(before->counts);
    work.counted_in.push_back(counts);
  }
  if (is_written) work.notice.orders.push_back(after.key);
}

// A child that is tracked already only gets its parent.
void Orders::adopt(const Order& parent, const OrderId& id, Work& work) {
  if (const auto row = row_of({parent.key.panel, id})) {
    set_parent_.bind(1, *row).bind(2, parent.row).run();
    return;
  }
  Order child;
  child.key = {parent.key.panel, id};
  child.ref = parent.ref;
  child.labels = parent.labels;
  child.quiet = parent.quiet;
  child.parent = parent.key.id;
  child.tracked_at = work.now;
  insert(child, parent.row, work);
}

std::int64_t Orders::insert(Order& order, std::optional<std::int64_t> parent, Work& work) {
  const auto panel = panels_.find_or_make(order.key.panel);
  insert_.bind(1, panel).bind(2, order.key.id.text()).bind(3, std::int64_t{order.quiet});
  insert_.bind(4, to_millis(order.tracked_at)).bind(5, to_millis(order.placed_at));
  insert_.bind(6, to_millis(order.ended_at)).bind(7, parent).bind(8, order.quantity);
  insert_.bind(9, optional_text(order.service)).bind(10, order.ref).bind(12, order.link);
  if (order.labels.empty()) {
    insert_.bind_null(11);
  } else {
    insert_.bind(11, labels_text(order.labels));
  }
  insert_.bind(13, static_cast<std::int64_t>(order.kind)).bind(14, order.runs);
  insert_.bind(15, std::int64_t{order.ended_given}).bind(16, optional_number(order.interval));
  insert_.bind(17, optional_number(order.refill_offered)).bind(18, optional_number(order.refill_window));
  insert_.bind(19, optional_number(order.cancel_offered)).bind(20, optional_text(order.rate_at_placing));
  insert_.run();
  order.row = database_.last_insert_row();
  work.counted_in.push_back(count_key(panel, order));
  work.notice.orders.push_back(order.key);
  if (!order.quiet) events_.append(rules::order_event(EventType::order_tracked, order), order.row, work);
  return order.row;
}

}  // namespace smm::store
