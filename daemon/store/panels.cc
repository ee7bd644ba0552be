#include "store/panels.h"

namespace smm::store {

using platform::Reading;

Panels::Panels(platform::Database& database)
    : database_(database),
      all_(database, "read the panels", "SELECT row, name FROM panel"),
      insert_(database, "make a panel's row", "INSERT INTO panel (name) VALUES (?1)"),
      read_(database, "read a panel", R"sql(
        SELECT paused, state, state_since, last_error, last_error_at, refill_rest_until, refill_refusals, balance_low,
               last_success_at
        FROM panel WHERE row = ?1
      )sql"),
      update_(database, "save a panel", R"sql(
        UPDATE panel SET paused = ?2, state = ?3, state_since = ?4, last_error = ?5, last_error_at = ?6,
                         refill_rest_until = ?7, refill_refusals = ?8, balance_low = ?9,
                         last_success_at = ?10
        WHERE row = ?1
          AND (paused, state, state_since, last_error, last_error_at, refill_rest_until, refill_refusals, balance_low,
               last_success_at)
          IS NOT (?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
      )sql"),
      balance_low_(database, "note whether a balance is low", R"sql(
        UPDATE panel SET balance_low = ?2 WHERE row = ?1 AND balance_low <> ?2
      )sql"),
      see_services_(database, "note when services were seen", R"sql(
        UPDATE panel SET services_seen_at = ?2 WHERE row = ?1 AND services_seen_at IS NOT ?2
      )sql"),
      services_seen_(database, "read when services were seen", R"sql(
        SELECT services_seen_at FROM panel WHERE row = ?1
      )sql") {}

void Panels::load() {
  if (loaded_) return;
  rows_.clear();
  names_.clear();
  const Reading reading(all_);
  while (all_.step()) {
    rows_.emplace(all_.text(1), all_.integer(0));
    names_.emplace(all_.integer(0), PanelName(all_.view(1)));
  }
  loaded_ = true;
}

std::optional<std::int64_t> Panels::find(const PanelName& name) {
  load();
  const auto found = rows_.find(name.text());
  if (found == rows_.end()) return std::nullopt;
  return found->second;
}

std::int64_t Panels::find_or_make(const PanelName& name) {
  if (const auto row = find(name)) return *row;
  insert_.bind(1, name.text()).run();
  const auto row = database_.last_insert_row();
  rows_.emplace(name.text(), row);
  names_.emplace(row, name);
  return row;
}

const PanelName& Panels::name_of(std::int64_t row) {
  load();
  return names_.at(row);
}

const std::map<std::string, std::int64_t>& Panels::rows() {
  load();
  return rows_;
}

PanelRecord Panels::record(const PanelName& name) {
  PanelRecord record;
  record.name = name;
  const auto row = find(name);
  if (!row) return record;
  const Reading reading(read_);
  if (!read_.bind(1, *row).step()) return record;
  record.paused = read_.integer(0) != 0;
  record.state = read_.text(1);
  record.state_since = from_millis(read_.integer(2));
  record.last_error = read_.text(3);
  if (const auto at = read_.optional_integer(4)) record.last_error_at = from_millis(*at);
  if (const auto until = read_.optional_integer(5)) record.refill_rest_until = from_millis(*until);
  record.refill_refusals = read_.integer(6);
  record.balance_low = read_.integer(7) != 0;
  if (const auto at = read_.optional_integer(8)) record.last_success_at = from_millis(*at);
  return record;
}

void Panels::save(const PanelRecord& record) {
  const auto row = find_or_make(record.name);
  update_.bind(1, row).bind(2, std::int64_t{record.paused}).bind(3, record.state);
  update_.bind(4, to_millis(record.state_since)).bind(5, record.last_error);
  update_.bind(6, to_millis(record.last_error_at)).bind(7, to_millis(record.refill_rest_until));
  update_.bind(8, record.refill_refusals).bind(9, std::int64_t{record.balance_low});
  update_.bind(10, to_millis(record.last_success_at)).run();
}

void Panels::set_balance_low(std::int64_t row, bool low) {
  balance_low_.bind(1, row).bind(2, std::int64_t{low}).run();
}

void Panels::set_services_seen_at(std::int64_t row, Timestamp at) {
  see_services_.bind(1, row).bind(2, to_millis(at)).run();
}

std::optional<Timestamp> Panels::services_seen_at(std::int64_t row) {
  const Reading reading(services_seen_);
  if (!services_seen_.bind(1, row).step() || services_seen_.is_null(0)) return std::nullopt;
  return from_millis(services_seen_.integer(0));
}

}  // namespace smm::store
