#pragma once

#include "platform/database.h"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <mutex>

struct sqlite3_backup;

namespace smm::platform {

// A copy of a database that is open and goes on being written: a file of its own, mode 0600, complete by
// itself (no log beside it). It is copied in slices over the database's own connection; what is written over
// that connection meanwhile SQLite carries into the copy (sqlite.org/c3ref/backup_finish.html), so the copy
// is the database as it stands at the end of the last slice. All of it throws DatabaseError.
class DatabaseCopy {
 public:
  // Makes `file`; what was there under this name goes. The source outlives the copying.
  DatabaseCopy(sqlite3* source, std::filesystem::path file);
  // Removes the file, unless it has been put in its place.
  ~DatabaseCopy();
  DatabaseCopy(const DatabaseCopy&) = delete;
  DatabaseCopy& operator=(const DatabaseCopy&) = delete;

  // Copies for about so long, a few pages at least. True: all is there, and the source is needed no more.
  bool copy_for(std::chrono::microseconds time);

  // What comes then needs nothing but the copy, takes its time, and may be done by another thread, while
  // nobody else touches this object but to interrupt().
  // Looks at every page, table and reference; `application_id` is the one it must have.
  void check(std::int32_t application_id);
  // Gives it its name, on the disk.
  void put(const std::filesystem::path& name);
  // From any thread: what check() does ends with an error, soon.
  void interrupt();

  [[nodiscard]] const std::filesystem::path& file() const { return file_; }

 private:
  class Connection;
  void end_copying() noexcept;

  std::filesystem::path file_;
  sqlite3* to_ = nullptr;
  sqlite3_backup* backup_ = nullptr;
  bool is_put_ = false;
  std::mutex checking_;
  sqlite3* checked_ = nullptr;  // under `checking_`
  std::atomic<bool> interrupted_ = false;
};

// What a database file says of itself.
struct DatabaseIdentity {
  std::int32_t application_id = 0;
  std::int64_t version = 0;  // user_version
  std::int64_t tables = 0;
};

// A database file that somebody brings, to be read and never written; its own log (-wal), if one lies beside
// it, is read along. Throws DatabaseError: not_ours when it is no database, busy when a program has it open.
class BroughtDatabase {
 public:
  // It is there, a regular file.
  explicit BroughtDatabase(const std::filesystem::path& file);
  ~BroughtDatabase();
  BroughtDatabase(const BroughtDatabase&) = delete;
  BroughtDatabase& operator=(const BroughtDatabase&) = delete;

  [[nodiscard]] sqlite3* handle() const { return handle_; }
  [[nodiscard]] const DatabaseIdentity& identity() const { return identity_; }
  [[nodiscard]] std::int64_t size_bytes() const { return size_bytes_; }
  // The first column of the first row, a number.
  [[nodiscard]] std::int64_t number(const std::string& sql) const;

 private:
  void look(const std::filesystem::path& file);
  void close() noexcept;

  sqlite3* handle_ = nullptr;
  DatabaseIdentity identity_;
  std::int64_t size_bytes_ = 0;
  std::filesystem::path made_log_;  // one that was not there before; empty: none
};

}  // namespace smm::platform
