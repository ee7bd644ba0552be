#include "workbench.h"

#include <sqlite3.h>
#include <sys/stat.h>

#include <map>

namespace smm::store {
namespace {

// A row for each table, by the schema that brought it.
const std::vector<std::string> rows_of = {
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

class Loose {
 public:
  explicit Loose(const std::filesystem::path& file) {
    REQUIRE(sqlite3_open(file.c_str(), &handle_) == SQLITE_OK);
  }
  ~Loose() { sqlite3_close(handle_); }
  Loose(const Loose&) = delete;
  Loose& operator=(const Loose&) = delete;
  void run(const std::string& sql) {
    const auto result = sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr);
    REQUIRE_MESSAGE(result == SQLITE_OK, sqlite3_errmsg(handle_));
  }
  // Each row's columns, in words.
  std::vector<std::string> rows(const std::string& sql) {
    sqlite3_stmt* statement = nullptr;
    REQUIRE_MESSAGE(sqlite3_prepare_v2(handle_, sql.c_str(), -1, &statement, nullptr) == SQLITE_OK,
                    sqlite3_errmsg(handle_));
    std::vector<std::string> all;
    while (sqlite3_step(statement) == SQLITE_ROW) {
      std::string row;
      for (int i = 0; i < sqlite3_column_count(statement); ++i) {
        const auto* text = sqlite3_column_text(statement, i);
        row += std::string(sqlite3_column_name(statement, i)) + "=" +
               (text == nullptr ? "NULL" : reinterpret_cast<const char*>(text)) + " ";
      }
      all.push_back(row);
    }
    sqlite3_finalize(statement);
    return all;
  }
  std::string word(const std::string& sql) {
    const auto all = rows(sql);
    return all.empty() ? ""
                       : all.front().substr(all.front().find('=') + 1,
                                            all.front().size() - all.front().find('=') - 2);
  }
  // Of the columns that it has now, so that the same can be asked of a later schema.
  std::map<std::string, std::string> every_table() {
    std::map<std::string, std::string> columns;
    for (const auto& row :
         rows("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")) {
      const auto table = row.substr(5, row.size() - 6);
      columns[table] = word("SELECT group_concat(name) FROM pragma_table_info('" + table + "')");
    }
    return columns;
  }

 private:
  sqlite3* handle_ = nullptr;
};

}  // namespace

TEST_CASE(
    "a database of every schema so far is brought to this one with all its rows, and a copy of it is kept") {
  const auto steps = migrations();
  REQUIRE(rows_of.size() == steps.size());  // a new schema brings rows for its tables
  for (std::size_t version = 1; version <= steps.size(); ++version) {
    CAPTURE(version);
    const Workbench keeper;  // for its directory
    const auto directory = keeper.file().parent_path() / "old";
    std::filesystem::create_directory(directory);
    std::map<std::string, std::vector<std::string>> before;
    std::map<std::string, std::string> columns;
    {
      Loose old(directory / "tracker.db");
      old.run("PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL; PRAGMA foreign_keys = ON");
      for (std::size_t i = 0; i < version; ++i) old.run(std::string(steps[i]));
      for (std::size_t i = 0; i < version; ++i) old.run(rows_of[i]);
      old.run("PRAGMA application_id = " + std::to_string(application_id));
      old.run("PRAGMA user_version = " + std::to_string(version));
      columns = old.every_table();
      for (const auto& [table, names] : columns) {
        before[table] = old.rows("SELECT " + names + " FROM " + table);
        CHECK_FALSE(before[table].empty());
      }
    }
    {
      Workbench bench(directory);  // as every start does
      CHECK(bench.number("PRAGMA user_version") == static_cast<std::int64_t>(steps.size()));
      CHECK(bench.text("PRAGMA integrity_check") == "ok");
      CHECK(bench.text("SELECT count(*) FROM pragma_foreign_key_check") == "0");
      const auto order = bench.find(key_of("23501"));
      CHECK(order.remains == 157);
      CHECK(order.ref == "shop-991");
      // And it goes on from there.
      CHECK(bench.say(key_of("23501"), "Completed", 0, noon).revision == 2);
      CHECK(bench.store().event_span().newest == (version == 1 ? 1 : 3));
    }
    const auto copy = directory / ("tracker.db.before-" + std::to_string(version + 1));
    CHECK(std::filesystem::exists(copy) == (version < steps.size()));
    if (version == steps.size()) continue;
    struct stat found {};
    REQUIRE(stat(copy.c_str(), &found) == 0);
    CHECK((found.st_mode & 07777U) == 0600);
    Loose kept(copy);
    CHECK(kept.word("PRAGMA user_version") == std::to_string(version));
    CHECK(kept.word("PRAGMA integrity_check") == "ok");
    CHECK(kept.every_table() == columns);
    for (const auto& [table, names] : columns)
      CHECK(kept.rows("SELECT " + names + " FROM " + table) == before[table]);
  }
}

}  // namespace smm::store
