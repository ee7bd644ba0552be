#include "platform/database.h"
#include "platform/database_copy.h"
#include "platform/database_error.h"
#include "platform/database_files.h"

#include <sqlite3.h>
#include <sys/stat.h>

#include <cassert>
#include <chrono>
#include <system_error>

namespace smm::platform {
namespace {

constexpr int busy_wait_ms = 2000;

[[noreturn]] void refuse(DatabaseErrorKind kind, const std::filesystem::path& path, const std::string& why) {
  throw DatabaseError(kind, path.string() + why);
}

std::string ask(Database& database, std::string_view sql) {
  Statement statement(database, std::string(sql), sql);
  return statement.step() ? statement.text(0) : std::string();
}

std::int64_t ask_number(Database& database, std::string_view sql) {
  Statement statement(database, std::string(sql), sql);
  return statement.step() ? statement.integer(0) : 0;
}

}  // namespace

// The steps of opening, in order; each leaves a foreign or newer file as it was.
struct Database::Opening {
  Database& database;
  const DatabaseOptions& options;
  std::int64_t version = 0;  // user_version found; 0 = a new database

  void run() {
    auto log = options.path;
    log += "-wal";
    std::error_code error;
    const auto log_size = std::filesystem::file_size(log, error);
    // The log is removed by a clean close. What cannot be looked at is taken to be there.
    database.was_clean_ = error ? error == std::errc::no_such_file_or_directory : log_size == 0;
    const auto note = damage_note_of(options.path);
    if (std::filesystem::exists(note, error) || error) database.was_clean_ = false;

    make_private_file(options.path);
    connect();
    identify();
    chmod(options.path.c_str(), 0600);
    chmod(log.c_str(), 0600);
    set_up();
    if (!database.was_clean_) {
      check();
      std::filesystem::remove(note, error);
    }
    sqlite3_db_config(database.handle_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, nullptr);
    migrate();
  }

  void connect() {
    database.handle_ = open_connection(options.path, SQLITE_OPEN_READWRITE);
    sqlite3* handle = database.handle_;
    sqlite3_busy_timeout(handle, busy_wait_ms);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
    // Until it is known to be ours, closing must not even move a stranger's log into his file; and until it
    // is known to be whole, the log that says it has to be checked must outlast a start that fails.
    sqlite3_db_config(handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
    // Before the first look at the file: then the index of the log is kept in memory, there is no -shm file,
    // and nobody else can open the database (sqlite.org/wal.html, "Use of WAL without shared-memory").
    database.execute("locking mode", "PRAGMA locking_mode = EXCLUSIVE");
  }

  void identify() {
    std::int64_t id = 0;
    std::int64_t tables = 0;
    try {
      id = ask_number(database, "PRAGMA application_id");
      version = ask_number(database, "PRAGMA user_version");
      tables = ask_number(database, "SELECT count(*) FROM sqlite_schema");
    } catch (const DatabaseError& error) {
      if (error.kind() == DatabaseErrorKind::not_ours)
        refuse(error.kind(), options.path, " is no SQLite database");
      if (error.kind() == DatabaseErrorKind::busy) {
        refuse(error.kind(), options.path, " is in use by another program");
      }
      throw DatabaseError(error.kind(), options.path.string() + ": " + error.what());
    }
    const bool is_new = id == 0 && version == 0 && tables == 0;
    if (!is_new && (id != options.application_id || version < 1)) {
      refuse(DatabaseErrorKind::not_ours, options.path, " belongs to another program");
    }
    const auto known = static_cast<std::int64_t>(options.migrations.size());
    if (version > known) {
      refuse(DatabaseErrorKind::too_new, options.path,
             " was written by a newer smm-tracker (schema " + std::to_string(version) + ", this one knows " +
                 std::to_string(known) + ")");
    }
  }

  void set_up() {
    // Only possible before the first page exists.
    if (version == 0) database.execute("auto vacuum", "PRAGMA auto_vacuum = INCREMENTAL");
    must_have_a_log(ask(database, "PRAGMA journal_mode = WAL"));
    database.execute("pragmas", R"sql(
      PRAGMA synchronous = FULL;
      PRAGMA foreign_keys = ON;
      PRAGMA journal_size_limit = 16777216;  -- the log is cut to this when it starts anew
      PRAGMA wal_autocheckpoint = 1000;      -- pages; a passive checkpoint
      PRAGMA cache_size = -8192;             -- KiB
      PRAGMA temp_store = MEMORY;            -- nothing of ours in /tmp
    )sql");
    // A file that it cannot open for writing SQLite opens for reading, and says so at the first write.
    database.execute("try to write", "BEGIN IMMEDIATE; ROLLBACK");
    // A log that it cannot open it may do without, and says so only now.
    must_have_a_log(ask(database, "PRAGMA journal_mode"));
  }

  void must_have_a_log(const std::string& mode) const {
    if (mode != "wal")
      refuse(DatabaseErrorKind::io, options.path, " cannot be switched to a write-ahead log");
  }

  void check() {
    auto verdict = ask(database, "PRAGMA quick_check(1)");
    if (verdict == "ok") return;
    const auto kind = complaint_kind(verdict, ask(database, "PRAGMA quick_check(20)"));
    // It comes below a heading.
    verdict.erase(0, verdict.find('\n') + 1);
    refuse(kind, options.path,
           (kind == DatabaseErrorKind::corrupt ? " is damaged (" : ": it could not be read as a whole (") +
               verdict + ")");
  }

  void migrate() {
    const auto known = static_cast<std::int64_t>(options.migrations.size());
    if (version == known) return;
    if (version > 0 && options.keeps_old) copy_aside();
    // A step may rebuild a table others refer to; what it leaves is checked as a whole
    // (sqlite.org/lang_altertable.html, "Making Other Kinds Of Table Schema Changes").
    database.execute("foreign keys off", "PRAGMA foreign_keys = OFF");
    {
      // All or none: what fails half-way leaves a database the program that wrote it can go on with.
      Transaction transaction(database);
      for (auto next = version + 1; next <= known; ++next) migrate_to(next);
      transaction.commit();
    }
    database.execute("foreign keys on", "PRAGMA foreign_keys = ON");
  }

  void migrate_to(std::int64_t next) {
    const auto name = "schema " + std::to_string(next);
    database.execute(name, options.migrations.at(static_cast<std::size_t>(next - 1)));
    {
      Statement orphans(database, name, "PRAGMA foreign_key_check");
      const Reading reading(orphans);
      if (orphans.step()) {
        refuse(DatabaseErrorKind::constraint, options.path,
               ": " + name + " would leave rows of " + orphans.text(0) + " without their " + orphans.text(2));
      }
    }
    database.execute(name, "PRAGMA application_id = " + std::to_string(options.application_id));
    database.execute(name, "PRAGMA user_version = " + std::to_string(next));
  }

  // A crash half-way leaves only the .new file; the name of a copy always stands for a whole one.
  void copy_aside() {
    auto copy = options.path;
    copy += ".before-" + std::to_string(version + 1);
    try {
      DatabaseCopy unfinished(database.handle_, copy.string() + ".new");
      while (!unfinished.copy_for(std::chrono::seconds(1))) {
      }
      unfinished.check(options.application_id);
      unfinished.put(copy);
    } catch (const DatabaseError& error) {
      // A copy that is damaged says nothing of the database, and nobody is to be told to restore an older
      // one.
      const bool is_the_copy_alone =
          error.kind() == DatabaseErrorKind::corrupt && ask(database, "PRAGMA quick_check(1)") == "ok";
      throw DatabaseError(is_the_copy_alone ? DatabaseErrorKind::io : error.kind(),
                          "copy to " + copy.string() + ": " + error.what());
    }
  }
};

std::filesystem::path damage_note_of(const std::filesystem::path& database) {
  return database.string() + ".damaged";
}

Database::Database(const DatabaseOptions& options) : path_(options.path) {
  try {
    Opening{*this, options}.run();
  } catch (const DatabaseError& error) {
    close();
    // Whoever reads this has seen nothing else yet: which file it is about comes first.
    const std::string words = error.what();
    if (words.rfind(options.path.string(), 0) == 0) throw;
    throw DatabaseError(error.kind(), options.path.string() + ": " + words);
  } catch (...) {
    close();
    throw;
  }
}

Database::~Database() {
  // Statistics for the planner, for tables that have changed much; a sample, so that closing stays quick.
  // Should it fail, nothing is lost.
  sqlite3_exec(handle_, "PRAGMA analysis_limit = 400; PRAGMA optimize", nullptr, nullptr, nullptr);
  close();
}

void Database::close() noexcept {
  for (auto** statement : {&begin_, &commit_, &rollback_}) {
    sqlite3_finalize(*statement);
    *statement = nullptr;
  }
  [[maybe_unused]] const int result = sqlite3_close(handle_);
  assert(result == SQLITE_OK);
  handle_ = nullptr;
}

}  // namespace smm::platform
