#include "store/examination.h"

#include <sqlite3.h>

#include <filesystem>
#include <system_error>

namespace smm::store {
namespace {

constexpr std::int64_t most_rows = 20'000;
constexpr std::int64_t most_bytes = 8'000'000;

std::int64_t size_of(const std::string& file) {
  std::error_code error;
  const auto size = std::filesystem::file_size(file, error);
  return error ? 0 : static_cast<std::int64_t>(size);
}

// As SQL spells a name, or a text.
std::string quoted(const std::string& text, char quote) {
  std::string all(1, quote);
  for (const char c : text) all.append(c == quote ? 2 : 1, c);
  return all + quote;
}

}  // namespace

std::int64_t Examination::ask(const std::string& sql) {
  platform::Statement statement(database_, sql, sql);
  const platform::Reading reading(statement);
  return statement.step() ? statement.integer(0) : 0;
}

Examination::Size Examination::size() {
  const std::string path = sqlite3_db_filename(database_.handle(), "main");
  Size size;
  size.file = size_of(path);
  size.log = size_of(path + "-wal");
  size.free = ask("PRAGMA freelist_count") * ask("PRAGMA page_size");
  size.room = database_.room_bytes();
  size.schema = ask("PRAGMA user_version");
  return size;
}

std::vector<std::string> Examination::tables() {
  platform::Statement statement(database_, "list the tables",
                                "SELECT name FROM sqlite_schema WHERE type = 'table'");
  std::vector<std::string> names;
  while (statement.step()) names.push_back(statement.text(0));
  return names;
}

// Reads no more than a table that is not.
bool Examination::is_large(const std::string& name) {
  platform::Statement columns(database_, "list a table's columns", R"sql(
    SELECT name FROM pragma_table_info(?1) WHERE type IN ('TEXT', 'BLOB')
  )sql");
  std::string bytes = "0";
  columns.bind(1, name);
  while (columns.step()) bytes += " + ifnull(length(CAST(" + quoted(columns.text(0), '"') + " AS BLOB)), 0)";
  platform::Statement sizes(database_, "measure a table", "SELECT " + bytes + " FROM " + quoted(name, '"'));
  const platform::Reading reading(sizes);
  std::int64_t rows = 0;
  std::int64_t sum = 0;
  while (rows <= most_rows && sum <= most_bytes && sizes.step()) {
    ++rows;
    sum += sizes.integer(0);
  }
  return rows > most_rows || sum > most_bytes;
}

Examination::Table Examination::check(const std::string& name) {
  Table table;
  table.left_out = is_large(name);
  if (table.left_out) return table;
  platform::Statement statement(database_, "check a table", "PRAGMA quick_check(" + quoted(name, '\'') + ")");
  while (statement.step()) {
    auto words = statement.text(0);
    if (words != "ok") table.complaints.push_back(std::move(words));
    if (table.complaints.size() >= 3) break;
  }
  statement.reset();
  return table;
}

}  // namespace smm::store
