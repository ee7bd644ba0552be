#include "store/refills.h"

#include "store/newest_first.h"
#include "store/order_rows.h"

#include <algorithm>
#include <set>
#include <stdexcept>

namespace smm::store {
namespace {

using platform::Reading;

std::string select_refills(std::string_view from_and_where) {
  return std::string(R"sql(
    SELECT r.id, r.order_row, r.state, r.cause, r.asked_by, r.upstream, r.words, r.refusal, r.not_before, r.asked_at,
           r.accepted_at, r.changed_at, r.ended_at, o.panel, o.id
    FROM )sql") +
         std::string(from_and_where);
}

std::string from(std::string_view table, std::string_view where) {
  return select_refills(std::string(table) + " CROSS JOIN orders o ON o.row = r.order_row WHERE " +
                        std::string(where));
}

std::optional<std::string> text_of(const std::optional<RefillId>& id) {
  if (!id) return std::nullopt;
  return id->text();
}

}  // namespace

Refills::Refills(platform::Database& database, Panels& panels)
    : database_(database),
      panels_(panels),
      insert_(database, "intend a refill", R"sql(
        INSERT INTO refill (order_row, panel, cause, asked_by, asked_at)
        SELECT row, panel, ?2, ?3, ?4 FROM orders WHERE row = ?1
      )sql"),
      settle_(database, "settle a refill", R"sql(
        UPDATE refill SET state = ?2, upstream = ?3, words = ?4, refusal = ?5, not_before = ?6, accepted_at = ?7,
                          changed_at = ?8, ended_at = ?9
        WHERE id = ?1 AND (state, upstream, words, refusal, not_before, accepted_at, changed_at, ended_at)
          IS NOT (?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
      )sql"),
      find_(database, "find a refill", from("refill r", "r.id = ?1")),
      find_by_upstream_(database, "find a refill by the panel's id",
                        from("refill r INDEXED BY refill_by_upstream",
                             "r.panel = ?1 AND r.upstream = ?2 ORDER BY r.id DESC LIMIT 1")),
      all_(database, "list refills", from("refill r NOT INDEXED", "r.id < ?1 ORDER BY r.id DESC LIMIT ?2")),
      of_order_newest_first_(database, "list an order's refills",
                             from("refill r INDEXED BY refill_by_order",
                                  "r.order_row = ?3 AND r.id < ?1 ORDER BY r.id DESC LIMIT ?2")),
      in_state_(database, "list refills in a state",
                from("refill r INDEXED BY refill_by_state",
                     "r.state = ?3 AND r.id < ?1 ORDER BY r.id DESC LIMIT ?2")),
      of_order_(database, "read an order's refills",
                from("refill r INDEXED BY refill_by_order", "r.order_row = ?1 ORDER BY r.id")),
      open_(
          database, "read the open refills",
          from("refill r INDEXED BY refill_open", "r.panel = ?1 AND r.state IN (0, 3, 4, 5) ORDER BY r.id")),
      asking_(database, "read the refills left asking",
              from("refill r INDEXED BY refill_by_state", "r.state = 0 ORDER BY r.id")),
      has_open_(database, "look for an open refill", R"sql(
        SELECT 1 FROM refill INDEXED BY refill_by_order
        WHERE order_row = ?1 AND (state IN (0, 4, 5) OR (state = 3 AND asked_at > ?2)) LIMIT 1
      )sql") {}

std::int64_t Refills::insert(const Refill& intent, Timestamp now) {
  insert_.bind(1, intent.order_row).bind(2, static_cast<std::int64_t>(intent.cause));
  insert_.bind(3, intent.asked_by).bind(4, to_millis(now)).run();
  if (database_.changes() != 1) {
    throw std::logic_error("a refill names row " + std::to_string(intent.order_row) +
                           ", which is no order's");
  }
  return database_.last_insert_row();
}

Refills::Settled Refills::settle(const Refill& after) {
  std::optional<std::int64_t> refusal;
  if (after.refusal) refusal = static_cast<std::int64_t>(*after.refusal);
  settle_.bind(1, after.id).bind(2, static_cast<std::int64_t>(after.state)).bind(3, text_of(after.upstream));
  settle_.bind(4, after.words).bind(5, refusal).bind(6, to_millis(after.not_before));
  settle_.bind(7, to_millis(after.accepted_at)).bind(8, to_millis(after.changed_at));
  settle_.bind(9, to_millis(after.ended_at)).run();
  if (database_.changes() == 1) return Settled::written;
  return find(after.id) ? Settled::same : Settled::gone;
}

Refill Refills::load(const platform::Statement& row) {
  Refill refill;
  refill.id = row.integer(0);
  refill.order_row = row.integer(1);
  refill.state = static_cast<RefillState>(row.integer(2));
  refill.cause = static_cast<Cause>(row.integer(3));
  refill.asked_by = optional_uid(row, 4);
  if (!row.is_null(5)) refill.upstream = RefillId(row.view(5));
  refill.words = row.text(6);
  if (!row.is_null(7)) refill.refusal = static_cast<RefusalClass>(row.integer(7));
  refill.not_before = optional_time(row, 8);
  refill.asked_at = from_millis(row.integer(9));
  refill.accepted_at = optional_time(row, 10);
  refill.changed_at = optional_time(row, 11);
  refill.ended_at = optional_time(row, 12);
  refill.order = {panels_.name_of(row.integer(13)), OrderId(row.view(14))};
  return refill;
}

std::vector<Refill> Refills::load_all(platform::Statement& rows) {
  std::vector<Refill> refills;
  const Reading reading(rows);
  while (rows.step()) refills.push_back(load(rows));
  return refills;
}

std::optional<Refill> Refills::find(std::int64_t id) {
  const Reading reading(find_);
  if (!find_.bind(1, id).step()) return std::nullopt;
  return load(find_);
}

std::optional<Refill> Refills::find_by_upstream(const PanelName& panel, const RefillId& upstream) {
  const auto panel_row = panels_.find(panel);
  if (!panel_row) return std::nullopt;
  const Reading reading(find_by_upstream_);
  if (!find_by_upstream_.bind(1, *panel_row).bind(2, upstream.text()).step()) return std::nullopt;
  return load(find_by_upstream_);
}

tl::expected<RefillPage, std::string> Refills::list(const RefillQuery& query,
                                                    std::optional<std::int64_t> order_row) {
  auto list = NewestFirst<Refill>::begin("r", query.limit, query.cursor);
  if (!list) return tl::unexpected(list.error());
  if (query.order && !order_row) return RefillPage{};
  const auto is_wanted = [&](const platform::Statement& row) {
    return is_one_of(query.states, static_cast<RefillState>(row.integer(2))) &&
           (query.panels.empty() || is_one_of(query.panels, panels_.name_of(row.integer(13))));
  };
  const auto load_row = [this](const platform::Statement& row) { return load(row); };
  if (query.order) {
    list->walk(of_order_newest_first_.bind(3, *order_row), is_wanted, load_row);
  } else if (!query.states.empty()) {
    for (const auto state : std::set(query.states.begin(), query.states.end())) {
      list->walk(in_state_.bind(3, static_cast<std::int64_t>(state)), is_wanted, load_row);
    }
  } else {
    list->walk(all_, is_wanted, load_row);
  }
  return list->page<RefillPage>();
}

std::vector<Refill> Refills::of_order(std::int64_t order_row) {
  return load_all(of_order_.bind(1, order_row));
}

std::vector<Refill> Refills::open_on(const PanelName& panel) {
  const auto panel_row = panels_.find(panel);
  if (!panel_row) return {};
  return load_all(open_.bind(1, *panel_row));
}

std::vector<Refill> Refills::left_asking() {
  return load_all(asking_);
}

bool Refills::has_open(std::int64_t order_row, Timestamp unknown_since) {
  const Reading reading(has_open_);
  return has_open_.bind(1, order_row).bind(2, to_millis(unknown_since)).step();
}

}  // namespace smm::store
