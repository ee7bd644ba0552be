#include "platform/database.h"

#include "platform/database_error.h"

#include <sqlite3.h>

#include <array>
#include <cassert>
#include <cstdlib>
#include <limits>
#include <system_error>
#include <utility>

namespace smm::platform {
namespace {

sqlite3_stmt* prepare(sqlite3* handle, std::string_view name, std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  const int result = sqlite3_prepare_v3(handle, sql.data(), static_cast<int>(sql.size()),
                                        SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (result != SQLITE_OK) throw_database_error(handle, result, name);
  assert(statement != nullptr);
  return statement;
}

// Steps a statement without rows to its end.
int finish(sqlite3_stmt* statement) noexcept {
  const int result = sqlite3_step(statement);
  sqlite3_reset(statement);
  return result;
}

// A statement somebody is still reading: it would hold its snapshot, and the log could not shrink.
[[maybe_unused]] bool has_open_statement(sqlite3* handle) {
  for (auto* each = sqlite3_next_stmt(handle, nullptr); each != nullptr;
       each = sqlite3_next_stmt(handle, each)) {
    if (sqlite3_stmt_busy(each) != 0) return true;
  }
  return false;
}

std::int64_t file_size(const std::filesystem::path& path) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  return error ? 0 : static_cast<std::int64_t>(size);
}

}  // namespace

DatabaseErrorKind error_kind(int result_code) {
  if (result_code == SQLITE_IOERR_NOMEM) return DatabaseErrorKind::no_memory;
  switch (result_code & 0xFF) {
    case SQLITE_FULL:
      return DatabaseErrorKind::full;
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
      return DatabaseErrorKind::io;
    case SQLITE_READONLY:
      return DatabaseErrorKind::read_only;
    case SQLITE_CORRUPT:
      return DatabaseErrorKind::corrupt;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return DatabaseErrorKind::busy;
    case SQLITE_NOTADB:
      return DatabaseErrorKind::not_ours;
    case SQLITE_NOMEM:
      return DatabaseErrorKind::no_memory;
    case SQLITE_CONSTRAINT:
      return DatabaseErrorKind::constraint;
    default:
      return DatabaseErrorKind::other;
  }
}

DatabaseErrorKind complaint_kind(std::string_view complaints, std::string_view again) {
  constexpr std::string_view mark = "unable to get the page. error code=";
  for (const auto& words : {complaints, again}) {
    for (auto at = words.find(mark); at != std::string_view::npos; at = words.find(mark, at)) {
      at += mark.size();
      const int code = std::atoi(std::string(words.substr(at, words.find('\n', at) - at)).c_str());
      // A sector that cannot be read any more SQLite takes for damage everywhere else, too.
      if (code != SQLITE_IOERR_CORRUPTFS) return error_kind(code);
    }
  }
  return again == "ok" ? DatabaseErrorKind::io : DatabaseErrorKind::corrupt;
}

void throw_database_error(sqlite3* handle, int result_code, std::string_view name) {
  std::string message(name);
  message += ": ";
  message += handle != nullptr ? sqlite3_errmsg(handle) : sqlite3_errstr(result_code);
  const auto kind = error_kind(result_code);
  const int reason = handle != nullptr ? sqlite3_system_errno(handle) : 0;
  if (kind == DatabaseErrorKind::io && reason != 0) {
    message += " (" + std::generic_category().message(reason) + ")";
  }
  throw DatabaseError(kind, message);
}

Statement::Statement(Database& database, std::string name, std::string_view sql)
    : database_(&database), name_(std::move(name)), statement_(prepare(database.handle(), name_, sql)) {}

Statement::~Statement() {
  sqlite3_finalize(statement_);
}

Statement::Statement(Statement&& other) noexcept
    : database_(other.database_),
      name_(std::move(other.name_)),
      statement_(std::exchange(other.statement_, nullptr)) {}

Statement& Statement::bind(int index, std::int64_t value) {
  const int result = sqlite3_bind_int64(statement_, index, value);
  if (result != SQLITE_OK) throw_database_error(database_->handle(), result, name_);
  return *this;
}

Statement& Statement::bind(int index, std::string_view text) {
  // A null pointer would bind NULL; an empty view may hold one.
  const char* bytes = text.empty() ? "" : text.data();
  const int result =
      sqlite3_bind_text64(statement_, index, bytes, text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
  if (result != SQLITE_OK) throw_database_error(database_->handle(), result, name_);
  return *this;
}

Statement& Statement::bind_null(int index) {
  const int result = sqlite3_bind_null(statement_, index);
  if (result != SQLITE_OK) throw_database_error(database_->handle(), result, name_);
  return *this;
}

Statement& Statement::bind(int index, const std::optional<std::int64_t>& value) {
  return value ? bind(index, *value) : bind_null(index);
}

Statement& Statement::bind(int index, const std::optional<std::string>& text) {
  return text ? bind(index, std::string_view(*text)) : bind_null(index);
}

bool Statement::step() {
  const int result = sqlite3_step(statement_);
  if (result == SQLITE_ROW) return true;
  if (result == SQLITE_DONE) {
    reset();
    return false;
  }
  try {
    throw_database_error(database_->handle(), result, name_);
  } catch (const DatabaseError&) {
    reset();
    throw;
  }
}

void Statement::run() {
  while (step()) {
  }
}

void Statement::reset() noexcept {
  sqlite3_reset(statement_);
}

bool Statement::is_null(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}

std::int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(statement_, column);
}

std::string_view Statement::view(int column) const {
  const unsigned char* bytes = sqlite3_column_text(statement_, column);
  if (bytes == nullptr) {
    // Words for a number, for one, want memory.
    const int result = sqlite3_errcode(database_->handle());
    if (result == SQLITE_NOMEM) throw_database_error(database_->handle(), result, name_);
    return {};
  }
  const auto length = static_cast<std::size_t>(sqlite3_column_bytes(statement_, column));
  return {reinterpret_cast<const char*>(bytes), length};
}

std::string Statement::text(int column) const {
  return std::string(view(column));
}

std::optional<std::int64_t> Statement::optional_integer(int column) const {
  if (is_null(column)) return std::nullopt;
  return integer(column);
}

std::optional<std::string> Statement::optional_text(int column) const {
  if (is_null(column)) return std::nullopt;
  return text(column);
}

void Database::execute(std::string_view name, std::string_view sql) {
  const int result = sqlite3_exec(handle_, std::string(sql).c_str(), nullptr, nullptr, nullptr);
  if (result != SQLITE_OK) throw_database_error(handle_, result, name);
}

std::int64_t Database::changes() const {
  return sqlite3_changes64(handle_);
}

std::int64_t Database::total_changes() const {
  return sqlite3_total_changes64(handle_);
}

std::int64_t Database::last_insert_row() const {
  return sqlite3_last_insert_rowid(handle_);
}

// Past the cache, which is left as it is: while the disk fails it is what answers are made of.
void Database::try_to_read() {
  constexpr int smallest_page = 512;
  std::array<char, smallest_page> page{};
  sqlite3_file* file = nullptr;
  int result = sqlite3_file_control(handle_, "main", SQLITE_FCNTL_FILE_POINTER, &file);
  if (result == SQLITE_OK && file->pMethods != nullptr)
    result = file->pMethods->xRead(file, page.data(), smallest_page, 0);
  // A young database is all in its log.
  if (result != SQLITE_OK && result != SQLITE_IOERR_SHORT_READ)
    throw_database_error(nullptr, result, "try to read");
}

std::int64_t Database::size_bytes() const {
  return platform::file_size(path_) + file_size(path_.string() + "-wal");
}

std::int64_t Database::room_bytes() const {
  constexpr auto unknown = std::numeric_limits<std::int64_t>::max();
  std::error_code error;
  const auto space = std::filesystem::space(path_, error);
  if (error || space.available > static_cast<std::uintmax_t>(unknown)) return unknown;
  return static_cast<std::int64_t>(space.available);
}

Transaction::Transaction(Database& database) : database_(database) {
  assert(!has_open_statement(database.handle_));
  // Prepared at the first transaction: preparing them earlier would lock a file that may not be ours.
  if (database.begin_ == nullptr) {
    database.begin_ = prepare(database.handle_, "begin", "BEGIN IMMEDIATE");
    database.commit_ = prepare(database.handle_, "commit", "COMMIT");
    database.rollback_ = prepare(database.handle_, "roll back", "ROLLBACK");
  }
  const int result = finish(database.begin_);
  if (result != SQLITE_DONE) throw_database_error(database.handle_, result, "begin");
}

Transaction::~Transaction() {
  // After some errors (full, I/O, out of memory) SQLite has rolled back already.
  if (open_ && sqlite3_get_autocommit(database_.handle_) == 0) finish(database_.rollback_);
}

void Transaction::commit() {
  const int result = sqlite3_step(database_.commit_);
  if (result != SQLITE_DONE) {
    try {
      throw_database_error(database_.handle_, result, "commit");
    } catch (const DatabaseError&) {
      sqlite3_reset(database_.commit_);
      throw;
    }
  }
  sqlite3_reset(database_.commit_);
  open_ = false;
}

}  // namespace smm::platform
