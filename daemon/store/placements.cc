#include "store/placements.h"

#include "store/json.h"
#include "store/newest_first.h"
#include "store/order_rows.h"

#include <set>
#include <stdexcept>

namespace smm::store {
namespace {

using platform::Reading;

std::string from(std::string_view table_and_where) {
  return std::string(R"sql(
    SELECT p.id, p.panel, p.state, p.cause, p.asked_by, p.key, p.digest, p.fields, p.ref, p.labels, p.rate,
           p.upstream, p.words, p.client_left, p.asked_at, p.answered_at
    FROM )sql") +
         std::string(table_and_where);
}

}  // namespace

Placements::Placements(platform::Database& database, Panels& panels)
    : database_(database),
      panels_(panels),
      insert_(database, "intend a placement", R"sql(
        INSERT INTO placement (panel, cause, asked_by, key, digest, fields, ref, labels, rate, asked_at)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
      )sql"),
      settle_(database, "settle a placement", R"sql(
        UPDATE placement SET state = ?2, upstream = ?3, words = ?4, client_left = ?5, answered_at = ?6
        WHERE id = ?1 AND state IN (0, 3)
          AND (state, upstream, words, client_left, answered_at) IS NOT (?2, ?3, ?4, ?5, ?6)
      )sql"),
      find_(database, "find a placement", from("placement p WHERE p.id = ?1")),
      by_key_(database, "find a placement by its key", from(R"sql(
        placement p INDEXED BY placement_by_key
        WHERE p.panel = ?1 AND p.key = ?2 AND p.asked_at >= ?3 AND p.key IS NOT NULL
          AND NOT (p.state = 5 AND p.upstream IS NULL)
        ORDER BY p.asked_at DESC, p.id DESC LIMIT 1
      )sql")),
      by_digest_(database, "find a placement by its digest", from(R"sql(
        placement p INDEXED BY placement_by_digest
        WHERE p.panel = ?1 AND p.digest = ?2 AND p.asked_at >= ?3 ORDER BY p.asked_at DESC, p.id DESC LIMIT 1
      )sql")),
      by_order_(database, "find an order's placement", from(R"sql(
        placement p INDEXED BY placement_by_order
        WHERE p.panel = ?1 AND p.upstream = ?2 AND p.asked_at >= ?3 ORDER BY p.id DESC LIMIT 1
      )sql")),
      all_(database, "list placements",
           from("placement p NOT INDEXED WHERE p.id < ?1 ORDER BY p.id DESC LIMIT ?2")),
      in_state_(database, "list placements in a state", from(R"sql(
        placement p INDEXED BY placement_by_state
        WHERE p.state = ?3 AND p.id < ?1 ORDER BY p.id DESC LIMIT ?2
      )sql")),
      asking_(database, "read the placements left asking", from(R"sql(
        placement p INDEXED BY placement_by_state WHERE p.state = 0 ORDER BY p.id
      )sql")),
      unknown_(database, "count the placements in doubt", R"sql(
        SELECT count(*) FROM placement INDEXED BY placement_by_state WHERE state = 3
      )sql") {}

std::int64_t Placements::unknown() {
  const Reading reading(unknown_);
  unknown_.step();
  return unknown_.integer(0);
}

std::int64_t Placements::insert(const Placement& intent, Timestamp now) {
  if (intent.idempotency_key && find_by_key(intent.panel, *intent.idempotency_key, now - keys_stand_for)) {
    throw std::logic_error("an idempotency key was given to a second placement");
  }
  insert_.bind(1, panels_.find_or_make(intent.panel)).bind(2, static_cast<std::int64_t>(intent.cause));
  insert_.bind(3, intent.asked_by).bind(4, intent.idempotency_key).bind(5, intent.digest);
  insert_.bind(6, fields_text(intent.fields)).bind(7, intent.ref).bind(9, optional_text(intent.rate));
  if (intent.labels.empty()) {
    insert_.bind_null(8);
  } else {
    insert_.bind(8, labels_text(intent.labels));
  }
  insert_.bind(10, to_millis(now)).run();
  return database_.last_insert_row();
}

bool Placements::settle(const Placement& after) {
  settle_.bind(1, after.id).bind(2, static_cast<std::int64_t>(after.state));
  if (after.upstream) {
    settle_.bind(3, after.upstream->text());
  } else {
    settle_.bind_null(3);
  }
  settle_.bind(4, after.words).bind(5, std::int64_t{after.client_left});
  settle_.bind(6, to_millis(after.answered_at)).run();
  return database_.changes() == 1;
}

Placement Placements::load(const platform::Statement& row) {
  Placement placement;
  placement.id = row.integer(0);
  placement.panel = panels_.name_of(row.integer(1));
  placement.state = static_cast<PlacementState>(row.integer(2));
  placement.cause = static_cast<Cause>(row.integer(3));
  placement.asked_by = optional_uid(row, 4);
  placement.idempotency_key = row.optional_text(5);
  placement.digest = row.text(6);
  placement.fields = fields_from_text(row.view(7));
  placement.ref = row.optional_text(8);
  if (!row.is_null(9)) placement.labels = labels_from_text(row.view(9));
  placement.rate = optional_money(row, 10);
  if (!row.is_null(11)) placement.upstream = OrderId(row.view(11));
  placement.words = row.text(12);
  placement.client_left = row.integer(13) != 0;
  placement.asked_at = from_millis(row.integer(14));
  placement.answered_at = optional_time(row, 15);
  return placement;
}

std::optional<Placement> Placements::find(std::int64_t id) {
  const Reading reading(find_);
  if (!find_.bind(1, id).step()) return std::nullopt;
  return load(find_);
}

std::optional<Placement> Placements::find_newest(platform::Statement& rows, const PanelName& panel,
                                                 const std::string& text, Timestamp since) {
  const auto panel_row = panels_.find(panel);
  if (!panel_row) return std::nullopt;
  const Reading reading(rows);
  if (!rows.bind(1, *panel_row).bind(2, text).bind(3, to_millis(since)).step()) return std::nullopt;
  return load(rows);
}

std::optional<Placement> Placements::find_by_key(const PanelName& panel, const std::string& key,
                                                 Timestamp since) {
  return find_newest(by_key_, panel, key, since);
}

std::optional<Placement> Placements::find_by_digest(const PanelName& panel, const std::string& digest,
                                                    Timestamp since) {
  return find_newest(by_digest_, panel, digest, since);
}

std::optional<Placement> Placements::find_by_order(const OrderKey& order) {
  return find_newest(by_order_, order.panel, order.id.text(), Timestamp{});
}

tl::expected<PlacementPage, std::string> Placements::list(const PlacementQuery& query) {
  auto list = NewestFirst<Placement>::begin("p", query.limit, query.cursor);
  if (!list) return tl::unexpected(list.error());
  const auto is_wanted = [&](const platform::Statement& row) {
    return is_one_of(query.states, static_cast<PlacementState>(row.integer(2))) &&
           (query.panels.empty() || is_one_of(query.panels, panels_.name_of(row.integer(1))));
  };
  const auto load_row = [this](const platform::Statement& row) { return load(row); };
  if (query.states.empty()) {
    list->walk(all_, is_wanted, load_row);
  } else {
    for (const auto state : std::set(query.states.begin(), query.states.end())) {
      list->walk(in_state_.bind(3, static_cast<std::int64_t>(state)), is_wanted, load_row);
    }
  }
  return list->page<PlacementPage>();
}

std::vector<Placement> Placements::left_asking() {
  std::vector<Placement> placements;
  const Reading reading(asking_);
  while (asking_.step()) placements.push_back(load(asking_));
  return placements;
}

}  // namespace smm::store
