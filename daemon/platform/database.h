#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

struct sqlite3;
struct sqlite3_stmt;

// SQLite, one connection, and nothing but SQLite.
namespace smm::platform {

enum class DatabaseErrorKind : std::uint8_t {
  full,
  io,
  read_only,
  corrupt,
  busy,
  not_ours,
  too_new,
  no_memory,
  constraint,
  other
};

// Thrown for everything SQLite refuses. what() names the statement and says what happened.
class DatabaseError : public std::runtime_error {
 public:
  DatabaseError(DatabaseErrorKind kind, const std::string& message)
      : std::runtime_error(message), kind_(kind) {}
  [[nodiscard]] DatabaseErrorKind kind() const { return kind_; }
  // The disk is full, broken or read-only, or memory is short: state must stand still, and it may pass.
  [[nodiscard]] bool is_storage_trouble() const {
    return kind_ == DatabaseErrorKind::full || kind_ == DatabaseErrorKind::io ||
           kind_ == DatabaseErrorKind::read_only || kind_ == DatabaseErrorKind::no_memory;
  }

 private:
  DatabaseErrorKind kind_;
};

class Database;

// A statement prepared once, with a name for errors. Parameters are numbered from 1. It is reset by run(), by
// the end of its rows, and by reset(); nothing stays open across turns of the loop.
class Statement {
 public:
  Statement(Database& database, std::string name, std::string_view sql);
  ~Statement();
  Statement(Statement&&) noexcept;
  Statement& operator=(Statement&&) = delete;
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  Statement& bind(int index, std::int64_t value);
  Statement& bind(int index, std::string_view text);  // copied
  Statement& bind(int index, const std::string& text) { return bind(index, std::string_view(text)); }
  Statement& bind_null(int index);
  Statement& bind(int index, const std::optional<std::int64_t>& value);
  Statement& bind(int index, const std::optional<std::string>& text);
  // Guards against 'bind(1, "text")' becoming a bool.
  Statement& bind(int index, const char* text) { return bind(index, std::string_view(text)); }

  bool step();  // true: there is a row; false: that was all, and it is reset
  void run();   // steps to the end, ignoring rows
  void reset() noexcept;

  [[nodiscard]] bool is_null(int column) const;
  [[nodiscard]] std::int64_t integer(int column) const;
  [[nodiscard]] std::string text(int column) const;
  [[nodiscard]] std::string_view view(int column) const;  // until the next step() or reset()
  [[nodiscard]] std::optional<std::int64_t> optional_integer(int column) const;
  [[nodiscard]] std::optional<std::string> optional_text(int column) const;

 private:
  Database* database_;
  std::string name_;
  sqlite3_stmt* statement_ = nullptr;
};

// Resets a statement when the reading of its rows is over, however it is left.
class Reading {
 public:
  explicit Reading(Statement& statement) : statement_(statement) {}
  ~Reading() { statement_.reset(); }
  Reading(const Reading&) = delete;
  Reading& operator=(const Reading&) = delete;

 private:
  Statement& statement_;
};

struct DatabaseOptions {
  std::filesystem::path path;
  std::int32_t application_id = 0;
  // Migrations in order; the n-th brings user_version from n-1 to n. Never edited once released.
  std::vector<std::string_view> migrations;
  bool keeps_old = true;  // what is there before a migration is copied aside
};

// Where a program that found its database damaged leaves a note of it, for who looks at it later. Its words
// are for a person.
[[nodiscard]] std::filesystem::path damage_note_of(const std::filesystem::path& database);

class Database {
 public:
  // Opens or creates the file with every check and pragma of this program (WAL, exclusive locking,
  // synchronous=FULL, foreign keys, trusted_schema off, auto_vacuum=INCREMENTAL, journal_size_limit, mode
  // 0600), refuses a foreign file (not_ours) or a newer schema (too_new) with a plain message and without
  // changing it, checks it after an unclean stop (its log was left behind) or where a note of damage lies
  // beside it (corrupt when it is damaged; when it is not, the note goes), copies it beside itself before a
  // migration (FILE.before-N, N the schema it is brought to next; whole and checked), and migrates in one
  // transaction. What fails leaves the database as it was, the check that is due to be made by the next one.
  // Everything here may block: it is for the start.
  explicit Database(const DatabaseOptions& options);
  // Optimizes and closes cleanly. Every Statement must be gone by then.
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  [[nodiscard]] sqlite3* handle() const { return handle_; }
  void execute(std::string_view name, std::string_view sql);
  [[nodiscard]] std::int64_t changes() const;  // rows of the last statement
  [[nodiscard]] std::int64_t total_changes()
      const;  // rows of all statements so far, also of what was rolled back
  [[nodiscard]] std::int64_t last_insert_row() const;
  [[nodiscard]] std::int64_t size_bytes() const;  // of the file and its log
  [[nodiscard]] std::int64_t room_bytes() const;  // left on its disk, as far as the system tells
  // Reads the first page from the disk, whatever is in memory of it; throws as statements do.
  void try_to_read();
  [[nodiscard]] bool was_clean() const { return was_clean_; }  // false: it was checked at the start

 private:
  friend class Transaction;
  struct Opening;

  void close() noexcept;

  sqlite3* handle_ = nullptr;
  sqlite3_stmt* begin_ = nullptr;
  sqlite3_stmt* commit_ = nullptr;
  sqlite3_stmt* rollback_ = nullptr;
  std::filesystem::path path_;
  bool was_clean_ = true;
};

// BEGIN IMMEDIATE … COMMIT; rolled back unless commit() was reached.
class Transaction {
 public:
  explicit Transaction(Database& database);
  ~Transaction();  // what cannot be rolled back any more SQLite has rolled back by itself
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  void commit();

 private:
  Database& database_;
  bool open_ = true;
};

// flock() on the file `lock` in the state directory, taken before the database or a socket path is touched.
class InstanceLock {
 public:
  // Tries once. Nothing: another process holds it. Throws std::system_error when the file cannot be made.
  static std::optional<InstanceLock> try_take(const std::filesystem::path& state_directory);
  InstanceLock(InstanceLock&& other) noexcept;
  InstanceLock& operator=(InstanceLock&&) = delete;
  InstanceLock(const InstanceLock&) = delete;
  InstanceLock& operator=(const InstanceLock&) = delete;
  ~InstanceLock();

 private:
  explicit InstanceLock(int fd) : fd_(fd) {}
  int fd_ = -1;
};

}  // namespace smm::platform
