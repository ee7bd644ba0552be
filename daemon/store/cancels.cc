#include "store/cancels.h"

#include "store/newest_first.h"
#include "store/order_rows.h"

#include <set>
#include <stdexcept>

namespace smm::store {
namespace {

using platform::Reading;

std::string from(std::string_view table, std::string_view where) {
  return std::string(R"sql(
    SELECT c.id, c.order_row, c.state, c.cause, c.asked_by, c.words, c.asked_at, c.answered_at, c.ended_at, o.panel,
           o.id
    FROM )sql") +
         std::string(table) + " CROSS JOIN orders o ON o.row = c.order_row WHERE " + std::string(where);
}

bool is_outcome(CancelState state) {
  return state == CancelState::done || state == CancelState::in_vain;
}

// What the end of its order makes of a cancel.
CancelState outcome_of(OrderStatus ended) {
  const bool is_done =
      ended == OrderStatus::canceled || ended == OrderStatus::partial || ended == OrderStatus::refunded;
  return is_done ? CancelState::done : CancelState::in_vain;
}

}  // namespace

Cancels::Cancels(platform::Database& database, Panels& panels)
    : database_(database),
      panels_(panels),
      insert_(database, "intend a cancel", R"sql(
        INSERT INTO cancel (order_row, cause, asked_by, asked_at) SELECT row, ?2, ?3, ?4 FROM orders WHERE row = ?1
      )sql"),
      settle_(database, "settle a cancel", R"sql(
        UPDATE cancel SET state = ?2, words = ?3, answered_at = ?4, ended_at = ?5
        WHERE id = ?1 AND (state, words, answered_at, ended_at) IS NOT (?2, ?3, ?4, ?5)
      )sql"),
      decide_(database, "decide an order's cancels", R"sql(
        UPDATE cancel INDEXED BY cancel_open SET state = ?2, ended_at = ?3
        WHERE order_row = ?1 AND state IN (0, 3, 4)
      )sql"),
      find_(database, "find a cancel", from("cancel c", "c.id = ?1")),
      all_(database, "list cancels", from("cancel c NOT INDEXED", "c.id < ?1 ORDER BY c.id DESC LIMIT ?2")),
      of_order_(database, "list an order's cancels",
                from("cancel c INDEXED BY cancel_by_order",
                     "c.order_row = ?3 AND c.id < ?1 ORDER BY c.id DESC LIMIT ?2")),
      in_state_(database, "list cancels in a state",
                from("cancel c INDEXED BY cancel_by_state",
                     "c.state = ?3 AND c.id < ?1 ORDER BY c.id DESC LIMIT ?2")),
      last_(database, "read an order's last cancel",
            from("cancel c INDEXED BY cancel_by_order", "c.order_row = ?1 ORDER BY c.id DESC LIMIT 1")),
      asking_(database, "read the cancels left asking",
              from("cancel c INDEXED BY cancel_by_state", "c.state IN (0, 5, 6) AND c.answered_at IS NULL")) {
}

std::int64_t Cancels::insert(const Cancel& intent, Timestamp now) {
  insert_.bind(1, intent.order_row).bind(2, static_cast<std::int64_t>(intent.cause));
  insert_.bind(3, intent.asked_by).bind(4, to_millis(now)).run();
  if (database_.changes() != 1) {
    throw std::logic_error("a cancel names row " + std::to_string(intent.order_row) +
                           ", which is no order's");
  }
  return database_.last_insert_row();
}

Cancels::Settled Cancels::settle(const Cancel& after) {
  const auto before = find(after.id);
  if (!before) return Settled::gone;
  auto state = after.state;
  auto ended_at = after.ended_at;
  // The order ended before the answer came, which says nothing about the outcome.
  const bool says_no_more =
      state == CancelState::asking || state == CancelState::requested || state == CancelState::unknown;
  if (is_outcome(before->state) && says_no_more) {
    state = before->state;
    ended_at = before->ended_at;
  }
  settle_.bind(1, after.id).bind(2, static_cast<std::int64_t>(state)).bind(3, after.words);
  settle_.bind(4, to_millis(after.answered_at)).bind(5, to_millis(ended_at)).run();
  return database_.changes() == 1 ? Settled::written : Settled::same;
}

void Cancels::decide(std::int64_t order_row, OrderStatus ended, Timestamp now) {
  decide_.bind(1, order_row).bind(2, static_cast<std::int64_t>(outcome_of(ended)));
  decide_.bind(3, to_millis(now)).run();
}

Cancel Cancels::load(const platform::Statement& row) {
  Cancel cancel;
  cancel.id = row.integer(0);
  cancel.order_row = row.integer(1);
  cancel.state = static_cast<CancelState>(row.integer(2));
  cancel.cause = static_cast<Cause>(row.integer(3));
  cancel.asked_by = optional_uid(row, 4);
  cancel.words = row.text(5);
  cancel.asked_at = from_millis(row.integer(6));
  cancel.answered_at = optional_time(row, 7);
  cancel.ended_at = optional_time(row, 8);
  cancel.order = {panels_.name_of(row.integer(9)), OrderId(row.view(10))};
  return cancel;
}

std::optional<Cancel> Cancels::find(std::int64_t id) {
  const Reading reading(find_);
  if (!find_.bind(1, id).step()) return std::nullopt;
  return load(find_);
}

tl::expected<CancelPage, std::string> Cancels::list(const CancelQuery& query,
                                                    std::optional<std::int64_t> order_row) {
  auto list = NewestFirst<Cancel>::begin("x", query.limit, query.cursor);
  if (!list) return tl::unexpected(list.error());
  if (query.order && !order_row) return CancelPage{};
  const auto is_wanted = [&](const platform::Statement& row) {
    return is_one_of(query.states, static_cast<CancelState>(row.integer(2))) &&
           (query.panels.empty() || is_one_of(query.panels, panels_.name_of(row.integer(9))));
  };
  const auto load_row = [this](const platform::Statement& row) { return load(row); };
  if (query.order) {
    list->walk(of_order_.bind(3, *order_row), is_wanted, load_row);
  } else if (!query.states.empty()) {
    for (const auto state : std::set(query.states.begin(), query.states.end())) {
      list->walk(in_state_.bind(3, static_cast<std::int64_t>(state)), is_wanted, load_row);
    }
  } else {
    list->walk(all_, is_wanted, load_row);
  }
  return list->page<CancelPage>();
}

std::optional<Cancel> Cancels::last_of(std::int64_t order_row) {
  const Reading reading(last_);
  if (!last_.bind(1, order_row).step()) return std::nullopt;
  return load(last_);
}

std::vector<Cancel> Cancels::left_asking() {
  std::vector<Cancel> cancels;
  const Reading reading(asking_);
  while (asking_.step()) cancels.push_back(load(asking_));
  return cancels;
}

}  // namespace smm::store
