#include "old_database.h"

#include "store/store.h"

#include <doctest/doctest.h>
#include <sqlite3.h>

#include <system_error>

namespace smm::store {
namespace {

void run(sqlite3* database, const std::string& sql) {
  REQUIRE_MESSAGE(sqlite3_exec(database, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK,
                  sqlite3_errmsg(database));
}

// Its rows' columns.
std::string words(sqlite3* database, const std::string& sql) {
  sqlite3_stmt* statement = nullptr;
  REQUIRE_MESSAGE(sqlite3_prepare_v2(database, sql.c_str(), -1, &statement, nullptr) == SQLITE_OK,
                  sqlite3_errmsg(database));
  std::string all;
  int result = SQLITE_OK;
  while ((result = sqlite3_step(statement)) == SQLITE_ROW) {
    for (int column = 0; column < sqlite3_column_count(statement); ++column) {
      const auto* text = sqlite3_column_text(statement, column);
      all.append(text == nullptr ? "NULL" : reinterpret_cast<const char*>(text)).append("|");
    }
  }
  sqlite3_finalize(statement);
  CHECK_MESSAGE(result == SQLITE_DONE, sqlite3_errmsg(database));
  return all;
}

}  // namespace

const std::vector<std::string>& rows_of_schemas() {
  static const std::vector<std::string> rows = {
      R"sql(
        INSERT INTO panel (row, name) VALUES (1, 'p1');
        INSERT INTO orders (row, panel, id, status, revision, tracked_at, changed_at, remains, charge, service, ref)
          VALUES (1, 1, '23501', 3, 1, 1799999990000, 1799999999000, 157, '0.27819', '1', 'shop-991');
        INSERT INTO order_raw VALUES (1, '{"charge":"0.27819"}');
        INSERT INTO history VALUES (1, 1, 1799999999000, 3, 'In progress', '0.27819', 157, 3572);
      )sql",
      R"sql(
        INSERT INTO event VALUES (1, 'evt_1', 'order.tracked', 1, 1, 1799999990000, '{"data":{"seq":1}}');
        INSERT INTO event VALUES (2, 'evt_2', 'order.status_changed', 1, 1, 1799999999000, '{"data":{"seq":2}}');
        INSERT INTO webhook (row, name) VALUES (1, 'shop');
        INSERT INTO delivery (id, webhook, event_seq, order_row, created_at, next_try_at)
          VALUES (1, 1, 2, 1, 1799999999000, 1799999999000);
        INSERT INTO attempt (id, delivery, started_at, ended_at, outcome) VALUES (1, 1, 1, 2, 'failed');
      )sql",
      R"sql(
        INSERT INTO refill (id, order_row, panel, state, cause, upstream, asked_at) VALUES (1, 1, 1, 4, 1, '77', 5);
        INSERT INTO cancel (id, order_row, state, cause, asked_at) VALUES (1, 1, 2, 1, 5);
        INSERT INTO placement (id, panel, state, cause, key, digest, fields, asked_at)
          VALUES (1, 1, 3, 1, 'k', 'd', '[]', 1799999999000);
        INSERT INTO reported_count VALUES (1, 3400, 5);
      )sql",
      R"sql(
        INSERT INTO service (panel, id, position, name, type, category, first_seen_at, changed_at)
          VALUES (1, '1', 0, 'Followers', 'Default', 'c', 1, 1);
        INSERT INTO service_change (id, panel, service, kind, field, open_orders, at) VALUES (1, 1, '1', 0, '', 0, 1);
        INSERT INTO balance (panel, at, amount, currency) VALUES (1, 5, '100.84', 'USD');
      )sql",
      "INSERT INTO clock_step (at, moved) VALUES (1799999990000, 5);",
      "INSERT INTO restored (row, at) VALUES (1, 1799999990000);",
      "INSERT INTO event_gap (after, upto) VALUES (0, 1);",
  };
  return rows;
}

void make_old_database(const std::filesystem::path& file, std::size_t version) {
  const auto steps = migrations();
  const auto& rows = rows_of_schemas();
  REQUIRE(rows.size() == steps.size());  // a new schema brings rows for its tables
  sqlite3* old = nullptr;
  REQUIRE(sqlite3_open(file.c_str(), &old) == SQLITE_OK);
  run(old, "PRAGMA locking_mode = EXCLUSIVE");
  run(old, "PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL; PRAGMA foreign_keys = ON");
  for (std::size_t i = 0; i < version; ++i) run(old, std::string(steps[i]));
  for (std::size_t i = 0; i < version; ++i) run(old, rows[i]);
  run(old, "PRAGMA application_id = " + std::to_string(application_id));
  run(old, "PRAGMA user_version = " + std::to_string(version));
  sqlite3_close(old);
}

std::string contents_of(sqlite3* database) {
  std::string all;
  auto tables =
      words(database, "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_stat_'");
  while (!tables.empty()) {
    const auto table = tables.substr(0, tables.find('|'));
    tables.erase(0, table.size() + 1);
    all += table + "\n" + words(database, "SELECT * FROM \"" + table + "\"") + "\n";
  }
  return all;
}

// It would be changed by being looked at.
std::string contents_of(const std::filesystem::path& file) {
  const auto look = file.string() + ".looked-at";
  std::error_code absent;
  for (const auto* end : {"", "-wal", "-journal"}) {
    std::filesystem::remove(look + end, absent);
    std::filesystem::copy_file(file.string() + end, look + end, absent);
  }
  std::string all;
  if (std::filesystem::exists(look)) {
    sqlite3* database = nullptr;
    REQUIRE(sqlite3_open(look.c_str(), &database) == SQLITE_OK);
    run(database, "PRAGMA locking_mode = EXCLUSIVE");
    CHECK(words(database, "PRAGMA integrity_check") == "ok|");
    all = words(database,
                "SELECT type, name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_stat_' ORDER BY name");
    if (!all.empty()) {
      all += words(database, "PRAGMA application_id") + words(database, "PRAGMA user_version") +
             words(database, "PRAGMA auto_vacuum") + contents_of(database);
    }
    sqlite3_close(database);
  }
  for (const auto* end : {"", "-wal", "-journal"}) std::filesystem::remove(look + end, absent);
  return all;
}

}  // namespace smm::store
