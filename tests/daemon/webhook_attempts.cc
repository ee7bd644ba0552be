#include "webhook_attempts.h"

#include <sqlite3.h>

#include <memory>
#include <stdexcept>

namespace smm::test {
namespace {

void check(bool good, sqlite3* database) {
  if (!good) throw std::runtime_error(sqlite3_errmsg(database));
}

}  // namespace

std::map<std::string, std::size_t> attempts_by_event(const std::filesystem::path& database,
                                                     const std::string& webhook) {
  sqlite3* opened = nullptr;
  const int code = sqlite3_open(database.c_str(), &opened);
  const std::unique_ptr<sqlite3, decltype(&sqlite3_close)> owner(opened, sqlite3_close);
  check(code == SQLITE_OK, opened);
  sqlite3_stmt* prepared = nullptr;
  check(sqlite3_prepare_v2(opened, R"sql(
            SELECT e.id, count(*) FROM attempt a JOIN delivery d ON d.id = a.delivery JOIN event e ON e.seq = d.event_seq
            JOIN webhook w ON w.row = d.webhook WHERE w.name = ?1 GROUP BY e.id
          )sql",
                           -1, &prepared, nullptr) == SQLITE_OK,
        opened);
  const std::unique_ptr<sqlite3_stmt, decltype(&sqlite3_finalize)> statement(prepared, sqlite3_finalize);
  sqlite3_bind_text(prepared, 1, webhook.c_str(), -1, SQLITE_TRANSIENT);
  std::map<std::string, std::size_t> attempts;
  while (sqlite3_step(prepared) == SQLITE_ROW) {
    const auto* id = reinterpret_cast<const char*>(sqlite3_column_text(prepared, 0));
    attempts[id] = static_cast<std::size_t>(sqlite3_column_int64(prepared, 1));
  }
  return attempts;
}

}  // namespace smm::test
