#include "database_fixture.h"

#include <doctest/doctest.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include <optional>

namespace smm::platform {
namespace {

// The error with which opening fails.
struct Refusal {
  DatabaseErrorKind kind;
  std::string message;
};

std::optional<Refusal> refusal(const DatabaseOptions& options) {
  try {
    const Database database(options);
    return std::nullopt;
  } catch (const DatabaseError& error) {
    return Refusal{error.kind(), error.what()};
  }
}

// Another program's SQLite database, made without the wrapper.
void make_foreign(const std::filesystem::path& path, const std::string& sql) {
  sqlite3* handle = nullptr;
  REQUIRE(sqlite3_open(path.c_str(), &handle) == SQLITE_OK);
  REQUIRE(sqlite3_exec(handle, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK);
  REQUIRE(sqlite3_close(handle) == SQLITE_OK);
}

void scribble(const std::filesystem::path& path, std::streamoff at, std::size_t count) {
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  file.seekp(at);
  file << std::string(count, '\xAA');
}

// Checks that opening fails so and leaves every byte and the mode of the file as they were.
void must_be_refused(const std::filesystem::path& path, DatabaseErrorKind kind, const std::string& words) {
  const auto before = bytes_of(path);
  const auto mode = mode_of(path);
  const auto refused = refusal(options_of(path));
  REQUIRE(refused);
  CHECK(refused->kind == kind);
  CHECK(refused->message == path.string() + words);
  CHECK(bytes_of(path) == before);
  CHECK(mode_of(path) == mode);
}

}  // namespace

TEST_CASE("only one holder has the instance lock, and its end frees it") {
  const Scratch scratch;
  {
    const auto first = InstanceLock::try_take(scratch.path());
    REQUIRE(first);
    CHECK_FALSE(InstanceLock::try_take(scratch.path()));
    in_a_child_that_dies([&] {
      if (InstanceLock::try_take(scratch.path())) throw std::logic_error("two hold it");
    });
    CHECK(mode_of(scratch.file("lock")) == 0600);
  }
  const auto second = InstanceLock::try_take(scratch.path());
  CHECK(second);
}

TEST_CASE("the lock of a process that died is free") {
  const Scratch scratch;
  in_a_child_that_dies([&] {
    static auto lock = InstanceLock::try_take(scratch.path());
    if (!lock) throw std::logic_error("it should be free");
  });
  CHECK(InstanceLock::try_take(scratch.path()));
}

TEST_CASE("a state directory that is not there is told by name") {
  const Scratch scratch;
  CHECK_THROWS_AS(InstanceLock::try_take(scratch.file("absent")), std::system_error);
  const auto refused = refusal(options_of(scratch.file("absent") / "test.db"));
  REQUIRE(refused);
  CHECK(refused->kind == DatabaseErrorKind::io);
  CHECK(refused->message.find("absent/test.db: cannot be made (No such file or directory)") !=
        std::string::npos);
}

TEST_CASE("the database and its log are for their owner alone, whatever the umask") {
  for (const mode_t mask : {mode_t{0}, mode_t{0777}, mode_t{0022}}) {
    const Scratch scratch;
    const auto before = umask(mask);
    {
      Database database(options_of(scratch.file()));
      database.execute("write", "INSERT INTO parent VALUES (1, 'a')");
      CHECK(mode_of(scratch.file()) == 0600);
      CHECK(mode_of(scratch.file("test.db-wal")) == 0600);
      CHECK_FALSE(std::filesystem::exists(scratch.file("test.db-shm")));
    }
    umask(before);
  }
}

TEST_CASE("a database of ours that others may read is closed to them") {
  const Scratch scratch;
  { const Database made(options_of(scratch.file())); }
  REQUIRE(chmod(scratch.file().c_str(), 0644) == 0);
  const Database database(options_of(scratch.file()));
  CHECK(mode_of(scratch.file()) == 0600);
}

TEST_CASE("the pragmas this program relies on are in force, also after opening again") {
  const Scratch scratch;
  for (int round = 0; round < 2; ++round) {
    Database database(options_of(scratch.file()));
    CHECK(text_of(database, "PRAGMA journal_mode") == "wal");
    CHECK(text_of(database, "PRAGMA locking_mode") == "exclusive");
    CHECK(number_of(database, "PRAGMA synchronous") == 2);
    CHECK(number_of(database, "PRAGMA foreign_keys") == 1);
    CHECK(number_of(database, "PRAGMA trusted_schema") == 0);
    CHECK(number_of(database, "PRAGMA auto_vacuum") == 2);
    CHECK(number_of(database, "PRAGMA journal_size_limit") == 16 * 1024 * 1024);
    CHECK(number_of(database, "PRAGMA application_id") == test_id);
    CHECK(number_of(database, "PRAGMA user_version") == 1);
    int defensive = 0;
    sqlite3_db_config(database.handle(), SQLITE_DBCONFIG_DEFENSIVE, -1, &defensive);
    CHECK(defensive == 1);
    CHECK(database.was_clean());
  }
}

TEST_CASE("while it is open nobody else can open it") {
  const Scratch scratch;
  const Database database(options_of(scratch.file()));
  const auto refused = refusal(options_of(scratch.file()));
  REQUIRE(refused);
  CHECK(refused->kind == DatabaseErrorKind::busy);
  CHECK(refused->message == scratch.file().string() + " is in use by another program");
}

TEST_CASE("an empty file becomes a database") {
  const Scratch scratch;
  std::ofstream(scratch.file()).close();
  Database database(options_of(scratch.file()));
  CHECK(number_of(database, "SELECT count(*) FROM parent") == 0);
  CHECK(mode_of(scratch.file()) == 0600);
  CHECK_FALSE(std::filesystem::exists(scratch.file("test.db.before-1")));
}

TEST_CASE("a file that is no database is refused and left alone") {
  const Scratch scratch;
  std::ofstream(scratch.file()) << std::string(5000, 'x');
  chmod(scratch.file().c_str(), 0640);
  must_be_refused(scratch.file(), DatabaseErrorKind::not_ours, " is no SQLite database");
}

TEST_CASE("another program's database is refused and left alone") {
  const Scratch scratch;
  SUBCASE("with an id of its own") {
    make_foreign(scratch.file(), "PRAGMA application_id = 7; CREATE TABLE t (a)");
  }
  SUBCASE("with an id and no table yet") {
    make_foreign(scratch.file(), "PRAGMA application_id = 7; VACUUM");
  }
  SUBCASE("without an id") {
    make_foreign(scratch.file(), "CREATE TABLE t (a)");
  }
  SUBCASE("without an id, at a version we know") {
    make_foreign(scratch.file(), "PRAGMA user_version = 1; CREATE TABLE t (a)");
  }
  SUBCASE("with our id and no schema") {
    make_foreign(scratch.file(),
                 "PRAGMA application_id = " + std::to_string(test_id) + "; CREATE TABLE t (a)");
  }
  SUBCASE("with a write-ahead log") {
    make_foreign(scratch.file(), "PRAGMA journal_mode = WAL; PRAGMA application_id = 7; CREATE TABLE t (a)");
  }
  chmod(scratch.file().c_str(), 0644);
  must_be_refused(scratch.file(), DatabaseErrorKind::not_ours, " belongs to another program");
}

TEST_CASE("the log another program left behind stays where and as it is") {
  const Scratch scratch;
  in_a_child_that_dies([&] {
    sqlite3* handle = nullptr;
    sqlite3_open(scratch.file().c_str(), &handle);
    sqlite3_exec(
        handle,
        "PRAGMA journal_mode = WAL; CREATE TABLE t (a); PRAGMA wal_checkpoint; INSERT INTO t VALUES (1)",
        nullptr, nullptr, nullptr);
  });
  const auto log = bytes_of(scratch.file("test.db-wal"));
  REQUIRE_FALSE(log.empty());
  must_be_refused(scratch.file(), DatabaseErrorKind::not_ours, " belongs to another program");
  CHECK(bytes_of(scratch.file("test.db-wal")) == log);
}

TEST_CASE("a database of a newer version is refused and left alone") {
  const Scratch scratch;
  { const Database newer(options_of(scratch.file(), {first_schema, second_schema})); }
  must_be_refused(scratch.file(), DatabaseErrorKind::too_new,
                  " was written by a newer smm-tracker (schema 2, this one knows 1)");
}

TEST_CASE("before a migration the database is copied beside itself, whole and for its owner alone") {
  const Scratch scratch;
  // Also what stands only in the log of a database that was not closed.
  in_a_child_that_dies([&] {
    static Database database(options_of(scratch.file()));
    database.execute("write", "INSERT INTO parent VALUES (1, 'a'), (2, 'b')");
  });
  const auto before = umask(0);
  {
    Database database(options_of(scratch.file(), {first_schema, second_schema}));
    CHECK(number_of(database, "PRAGMA user_version") == 2);
    CHECK(number_of(database, "SELECT sum(age) + count(*) FROM parent") == 2);
    CHECK(number_of(database, "PRAGMA foreign_keys") == 1);
  }
  umask(before);
  const auto copy = scratch.file("test.db.before-2");
  CHECK(mode_of(copy) == 0600);
  CHECK_FALSE(std::filesystem::exists(scratch.file("test.db.before-2.new")));
  {
    Database old(options_of(copy));
    CHECK(number_of(old, "PRAGMA user_version") == 1);
    CHECK(number_of(old, "SELECT count(*) FROM parent") == 2);
    CHECK(text_of(old, "PRAGMA integrity_check") == "ok");
  }
  // Nothing more to bring up: no other copy.
  std::filesystem::remove(copy);
  { const Database again(options_of(scratch.file(), {first_schema, second_schema})); }
  CHECK_FALSE(std::filesystem::exists(copy));
}

TEST_CASE("a migration that fails leaves the database as it was and names the step") {
  const Scratch scratch;
  {
    Database database(options_of(scratch.file()));
    database.execute("write", "INSERT INTO parent VALUES (1, 'a'); INSERT INTO child VALUES (1, 1, 'x')");
  }
  std::string_view bad;
  std::string words;
  SUBCASE("by a mistake in it") {
    bad = "ALTER TABLE parent ADD COLUMN age INTEGER; DROP TABLE absent;";
    words = scratch.file().string() + ": schema 2: no such table: absent";
  }
  SUBCASE("because rows would lose the rows they refer to") {
    bad = "ALTER TABLE parent ADD COLUMN age INTEGER; DELETE FROM parent;";
    words = scratch.file().string() + ": schema 2 would leave rows of child without their parent";
  }
  const auto refused = refusal(options_of(scratch.file(), {first_schema, bad}));
  REQUIRE(refused);
  CHECK(refused->message == words);
  Database database(options_of(scratch.file()));
  CHECK(number_of(database, "PRAGMA user_version") == 1);
  CHECK(number_of(database, "SELECT count(*) FROM parent") == 1);
  CHECK(number_of(database, "SELECT count(*) FROM pragma_table_info('parent') WHERE name = 'age'") == 0);
}

TEST_CASE("after an unclean stop the database is checked, and a damaged one is refused") {
  const Scratch scratch;
  in_a_child_that_dies([&] {
    static Database database(options_of(scratch.file()));
    database.execute("write", R"sql(
      WITH n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)
      INSERT INTO parent SELECT i, 'name ' || i FROM n;
      PRAGMA wal_checkpoint;
      INSERT INTO child VALUES (1, 1, 'only in the log')
    )sql");
  });
  {
    Database database(options_of(scratch.file()));
    CHECK_FALSE(database.was_clean());
    CHECK(text_of(database, "SELECT text FROM child") == "only in the log");
  }
  {
    const Database database(options_of(scratch.file()));
    CHECK(database.was_clean());
  }
  in_a_child_that_dies([&] {
    static Database database(options_of(scratch.file()));
    database.execute("write", "INSERT INTO child VALUES (2, 1, 'again')");
  });
  // A page of the table of names, which the log does not hold.
  scribble(scratch.file(), 4096 * 9, 200);
  const auto refused = refusal(options_of(scratch.file()));
  REQUIRE(refused);
  CHECK(refused->kind == DatabaseErrorKind::corrupt);
  CHECK(refused->message.find(" is damaged (") != std::string::npos);
}

}  // namespace smm::platform
