#include "old_database.h"
#include "workbench.h"

#include <sqlite3.h>
#include <sys/stat.h>

#include <map>

namespace smm::store {
namespace {

class Loose {
 public:
  explicit Loose(const std::filesystem::path& file) {
    REQUIRE(sqlite3_open(file.c_str(), &handle_) == SQLITE_OK);
  }
  ~Loose() { sqlite3_close(handle_); }
  Loose(const Loose&) = delete;
  Loose& operator=(const Loose&) = delete;
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
  for (std::size_t version = 1; version <= steps.size(); ++version) {
    CAPTURE(version);
    const Workbench keeper;  // for its directory
    const auto directory = keeper.file().parent_path() / "old";
    std::filesystem::create_directory(directory);
    std::map<std::string, std::vector<std::string>> before;
    std::map<std::string, std::string> columns;
    {
      make_old_database(directory / "tracker.db", version);
      Loose old(directory / "tracker.db");
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
