#pragma once

#include "one_panel.h"
#include "tracker_process.h"

#include <doctest/doctest.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include <filesystem>
#include <string>
#include <vector>

// Databases as files, for the tests of copies of them.
namespace smm::test {

// A database that no daemon has open.
class LooseDatabase {
 public:
  explicit LooseDatabase(const std::filesystem::path& file, int flags = SQLITE_OPEN_READONLY) {
    REQUIRE(sqlite3_open_v2(file.c_str(), &handle_, flags, nullptr) == SQLITE_OK);
  }
  ~LooseDatabase() { sqlite3_close(handle_); }
  LooseDatabase(const LooseDatabase&) = delete;
  LooseDatabase& operator=(const LooseDatabase&) = delete;

  void run(const std::string& sql) {
    const auto result = sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr);
    REQUIRE_MESSAGE(result == SQLITE_OK, sqlite3_errmsg(handle_));
  }
  // The first column of all rows.
  [[nodiscard]] std::vector<std::string> column(const std::string& sql) {
    sqlite3_stmt* statement = nullptr;
    REQUIRE_MESSAGE(sqlite3_prepare_v2(handle_, sql.c_str(), -1, &statement, nullptr) == SQLITE_OK,
                    sqlite3_errmsg(handle_));
    std::vector<std::string> values;
    while (sqlite3_step(statement) == SQLITE_ROW) {
      const auto* text = sqlite3_column_text(statement, 0);
      values.emplace_back(text == nullptr ? "" : reinterpret_cast<const char*>(text));
    }
    sqlite3_finalize(statement);
    return values;
  }
  [[nodiscard]] std::string text(const std::string& sql) {
    const auto values = column(sql);
    return values.empty() ? "no row" : values.front();
  }
  [[nodiscard]] long number(const std::string& sql) { return std::stol(text(sql)); }

 private:
  sqlite3* handle_ = nullptr;
};

// Makes a stopped daemon's database so large that copying it takes many turns.
inline void make_large(const std::filesystem::path& file, int megabytes = 32) {
  LooseDatabase database(file, SQLITE_OPEN_READWRITE);
  database.run("CREATE TABLE ballast (bytes BLOB); INSERT INTO ballast VALUES (randomblob(" +
               std::to_string(megabytes) + "000000))");
}

inline std::vector<std::string> names_in(const std::filesystem::path& directory) {
  std::vector<std::string> names;
  if (std::filesystem::exists(directory)) {
    for (const auto& entry : std::filesystem::directory_iterator(directory))
      names.push_back(entry.path().filename());
  }
  std::sort(names.begin(), names.end());
  return names;
}

inline unsigned mode_of(const std::filesystem::path& path) {
  return static_cast<unsigned>(std::filesystem::status(path).permissions()) & 07777U;
}

inline std::filesystem::path backup_of(const TrackerProcess& tracker) {
  const auto answer = tracker.post("/v1/backup");
  REQUIRE_MESSAGE(answer.status == 201, answer.body << answer.error << tracker.log());
  return answer.json()["file"].get<std::string>();
}

}  // namespace smm::test
