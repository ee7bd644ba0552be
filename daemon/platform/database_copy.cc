#include "platform/database_copy.h"

#include "platform/database_error.h"
#include "platform/database_files.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <array>
#include <string>
#include <system_error>
#include <utility>

namespace smm::platform {
namespace {

constexpr int pages_at_a_time = 16;

void run(sqlite3* handle, const char* name, const char* sql) {
  const int result = sqlite3_exec(handle, sql, nullptr, nullptr, nullptr);
  if (result != SQLITE_OK) throw_database_error(handle, result, name);
}

// The first column of the first row; empty when there is none.
std::string first_word(sqlite3* handle, const char* name, const char* sql) {
  sqlite3_stmt* statement = nullptr;
  int result = sqlite3_prepare_v2(handle, sql, -1, &statement, nullptr);
  if (result == SQLITE_OK) result = sqlite3_step(statement);
  std::string word;
  if (result == SQLITE_ROW) {
    const auto* text = sqlite3_column_text(statement, 0);
    if (text != nullptr) word = reinterpret_cast<const char*>(text);
    // Words for a number want memory.
    if (text == nullptr && sqlite3_errcode(handle) == SQLITE_NOMEM) result = SQLITE_NOMEM;
  }
  sqlite3_finalize(statement);
  if (result != SQLITE_ROW && result != SQLITE_DONE) throw_database_error(handle, result, name);
  return word;
}

std::int64_t first_number(sqlite3* handle, const char* name, const char* sql) {
  const auto word = first_word(handle, name, sql);
  return word.empty() ? 0 : std::stoll(word);
}

// sqlite.org/fileformat.html, "File format version numbers": 2 there means that it is written with a log.
bool is_written_with_a_log(const std::filesystem::path& file) {
  constexpr int read_version_at = 19;
  std::array<char, read_version_at + 1> head{};
  const auto fail = [&](int error) {
    throw DatabaseError(DatabaseErrorKind::io,
                        file.string() + ": cannot be read (" + std::generic_category().message(error) + ")");
  };
  const int fd = open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0) fail(errno);
  const auto got = read(fd, head.data(), head.size());
  const int failure = errno;
  close(fd);
  if (got < 0) fail(failure);
  return got == static_cast<ssize_t>(head.size()) && head[read_version_at] == 2;
}

}  // namespace

// The connection of check(), which interrupt() may reach for as long as it is there.
class DatabaseCopy::Connection {
 public:
  explicit Connection(DatabaseCopy& copy)
      : copy_(copy), handle_(open_connection(copy.file_, SQLITE_OPEN_READWRITE)) {
    // An interrupt between two statements is forgotten by the next, which this one ends. As soon as it has
    // begun: the look at the pages asks nobody, and is ended by sqlite3_interrupt() alone.
    sqlite3_progress_handler(handle_, 1, &Connection::is_called_off, &copy_.interrupted_);
    const std::lock_guard lock(copy_.checking_);
    copy_.checked_ = handle_;
  }
  ~Connection() {
    {
      const std::lock_guard lock(copy_.checking_);
      copy_.checked_ = nullptr;
    }
    sqlite3_close(handle_);
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  [[nodiscard]] sqlite3* handle() const { return handle_; }

 private:
  static int is_called_off(void* interrupted) {
    return *static_cast<const std::atomic<bool>*>(interrupted) ? 1 : 0;
  }

  DatabaseCopy& copy_;
  sqlite3* handle_;
};

DatabaseCopy::DatabaseCopy(sqlite3* source, std::filesystem::path file) : file_(std::move(file)) {
  remove_database(file_);
  make_private_file(file_);
  try {
    to_ = open_connection(file_, SQLITE_OPEN_READWRITE);
    // Nobody needs it half-made: no journal, no syncs, and no more in memory than a slice may write out.
    run(to_, "begin a copy", R"sql(
      PRAGMA locking_mode = EXCLUSIVE;
      PRAGMA journal_mode = OFF;
      PRAGMA synchronous = OFF;
      PRAGMA cache_size = -256;
    )sql");
    backup_ = sqlite3_backup_init(to_, "main", source, "main");
    if (backup_ == nullptr) throw_database_error(to_, sqlite3_errcode(to_), "begin a copy");
  } catch (const DatabaseError&) {
    end_copying();
    remove_database(file_);
    throw;
  }
}

DatabaseCopy::~DatabaseCopy() {
  end_copying();
  if (!is_put_) remove_database(file_);
}

void DatabaseCopy::end_copying() noexcept {
  sqlite3_backup_finish(std::exchange(backup_, nullptr));
  sqlite3_close(std::exchange(to_, nullptr));
}

bool DatabaseCopy::copy_for(std::chrono::microseconds time) {
  const auto until = std::chrono::steady_clock::now() + time;
  int result = SQLITE_OK;
  do {
    result = sqlite3_backup_step(backup_, pages_at_a_time);
  } while (result == SQLITE_OK && std::chrono::steady_clock::now() < until);
  if (result == SQLITE_OK || result == SQLITE_BUSY || result == SQLITE_LOCKED) return false;
  const int end = sqlite3_backup_finish(std::exchange(backup_, nullptr));
  if (result != SQLITE_DONE || end != SQLITE_OK) {
    throw_database_error(end != SQLITE_OK ? to_ : nullptr, end != SQLITE_OK ? end : result, "copy pages");
  }
  end_copying();
  return true;
}

void DatabaseCopy::check(std::int32_t application_id) {
  {
    const Connection connection(*this);
    auto* handle = connection.handle();
    if (interrupted_) throw DatabaseError(DatabaseErrorKind::other, "check a copy: interrupted");
    // The first page says, as the source's does, that there is a log beside it: then whoever only reads it,
    // or has it on a disk he cannot write to, could not open it.
    run(handle, "check a copy", "PRAGMA locking_mode = EXCLUSIVE; PRAGMA synchronous = OFF");
    if (first_word(handle, "end the log of a copy", "PRAGMA journal_mode = DELETE") != "delete")
      throw DatabaseError(DatabaseErrorKind::other, "end the log of a copy: SQLite would not");
    if (first_number(handle, "check a copy", "PRAGMA application_id") != application_id)
      throw DatabaseError(DatabaseErrorKind::not_ours, "check a copy: it does not say whose it is");
    const auto verdict = first_word(handle, "check a copy", "PRAGMA integrity_check(1)");
    if (verdict != "ok") {
      const auto again = first_word(handle, "check a copy", "PRAGMA integrity_check(20)");
      throw DatabaseError(complaint_kind(verdict, again), "check a copy: " + verdict);
    }
    const auto orphan = first_word(handle, "check a copy", "PRAGMA foreign_key_check");
    if (!orphan.empty()) {
      throw DatabaseError(DatabaseErrorKind::corrupt,
                          "check a copy: a row of " + orphan + " refers to one that is not there");
    }
  }
  sync_file(file_, interrupted_);
  if (interrupted_) throw DatabaseError(DatabaseErrorKind::other, "check a copy: interrupted");
}

void DatabaseCopy::put(const std::filesystem::path& name) {
  std::error_code error;
  std::filesystem::rename(file_, name, error);
  if (error) {
    throw DatabaseError(DatabaseErrorKind::io, name.string() + ": cannot be made (" + error.message() + ")");
  }
  // SQLite does not tell when it cannot remove a log that is done with.
  remove_database(file_);
  file_ = name;
  is_put_ = true;
  sync_directory_of(name);
}

void DatabaseCopy::interrupt() {
  interrupted_ = true;
  const std::lock_guard lock(checking_);
  if (checked_ != nullptr) sqlite3_interrupt(checked_);
}

BroughtDatabase::BroughtDatabase(const std::filesystem::path& file) {
  // A log is read only by who may write, even if he does not; then nobody else may have it open, and what
  // SQLite needs beside the log is kept in memory. At the end everything stays as it is.
  const bool has_log = is_written_with_a_log(file);
  const auto log = std::filesystem::path(file.string() + "-wal");
  std::error_code error;
  if (has_log && !std::filesystem::exists(std::filesystem::symlink_status(log, error))) made_log_ = log;
  handle_ = open_connection(file, has_log ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY);
  try {
    look(file);
  } catch (...) {
    close();
    throw;
  }
}

void BroughtDatabase::look(const std::filesystem::path& file) {
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  try {
    run(handle_, "look at a file", "PRAGMA locking_mode = EXCLUSIVE");
    identity_.application_id =
        static_cast<std::int32_t>(first_number(handle_, "look at a file", "PRAGMA application_id"));
    identity_.version = first_number(handle_, "look at a file", "PRAGMA user_version");
    identity_.tables = first_number(handle_, "look at a file", "SELECT count(*) FROM sqlite_schema");
    size_bytes_ = first_number(handle_, "look at a file", "PRAGMA page_count") *
                  first_number(handle_, "look at a file", "PRAGMA page_size");
  } catch (const DatabaseError& error) {
    const auto refuse = [&](const char* why) { throw DatabaseError(error.kind(), file.string() + why); };
    if (error.kind() == DatabaseErrorKind::not_ours) refuse(" is no SQLite database; nothing was changed");
    if (error.kind() == DatabaseErrorKind::corrupt) refuse(" is damaged; nothing was changed");
    if (error.kind() == DatabaseErrorKind::busy) {
      made_log_.clear();  // it is the other's, if it came meanwhile
      refuse(" is in use by another program; nothing was changed");
    }
    throw DatabaseError(error.kind(), file.string() + ": " + error.what());
  }
}

std::int64_t BroughtDatabase::number(const std::string& sql) const {
  return first_number(handle_, "look at a file", sql.c_str());
}

BroughtDatabase::~BroughtDatabase() {
  close();
}

void BroughtDatabase::close() noexcept {
  sqlite3_close(handle_);
  std::error_code error;
  if (!made_log_.empty() && std::filesystem::file_size(made_log_, error) == 0)
    std::filesystem::remove(made_log_, error);
}

}  // namespace smm::platform
