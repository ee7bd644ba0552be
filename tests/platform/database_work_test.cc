#include "database_fixture.h"

#include <doctest/doctest.h>
#include <sqlite3.h>
#include <sys/resource.h>

#include <csignal>

namespace smm::platform {
namespace {

DatabaseErrorKind kind_of_failure(const std::function<void()>& work, std::string& message) {
  try {
    work();
  } catch (const DatabaseError& error) {
    message = error.what();
    return error.kind();
  }
  FAIL("it should have failed");
  return DatabaseErrorKind::other;
}

// Writes rows in one transaction until something gives.
void fill(Database& database, int rows) {
  Statement insert(database, "fill a child", "INSERT INTO child (parent, text) VALUES (1, ?1)");
  Transaction transaction(database);
  for (int i = 0; i < rows; ++i) insert.bind(1, std::string(1000, 'x')).run();
  transaction.commit();
}

// Lets the files of this process grow to `bytes` only.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit narrow{bytes, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &narrow);
  }
  ~FileSizeLimit() {
    setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  rlimit before_{};
  void (*handler_)(int);
};

}  // namespace

TEST_CASE("every error carries the name of its statement") {
  const Scratch scratch;
  Database database(options_of(scratch.file()));
  database.execute("write", "INSERT INTO parent VALUES (1, 'a')");
  std::string message;

  Statement insert(database, "name a parent", "INSERT INTO parent (name) VALUES (?1)");
  auto kind = kind_of_failure([&] { insert.bind(1, "a").run(); }, message);
  CHECK(kind == DatabaseErrorKind::constraint);
  CHECK(message == "name a parent: UNIQUE constraint failed: parent.name");
  // And it can be used again.
  insert.bind(1, "b").run();
  CHECK(database.changes() == 1);
  CHECK(database.last_insert_row() == 2);

  kind_of_failure([&] { const Statement wrong(database, "ask nonsense", "SELECT x FROM parent"); }, message);
  CHECK(message == "ask nonsense: no such column: x");
  kind_of_failure([&] { insert.bind(2, "too many"); }, message);
  CHECK(message.rfind("name a parent: ", 0) == 0);
  kind_of_failure([&] { database.execute("do nonsense", "DROP TABLE absent"); }, message);
  CHECK(message == "do nonsense: no such table: absent");

  Statement orphan(database, "adopt", "INSERT INTO child (parent) VALUES (99)");
  kind = kind_of_failure([&] { orphan.run(); }, message);
  CHECK(kind == DatabaseErrorKind::constraint);
  CHECK(message == "adopt: FOREIGN KEY constraint failed");
}

TEST_CASE("texts, numbers and nothing come back as they went in") {
  const Scratch scratch;
  Database database(options_of(scratch.file()));
  Statement echo(database, "echo", "SELECT ?1");
  const auto text = [&](std::string_view in) {
    const Reading reading(echo);
    REQUIRE(echo.bind(1, in).step());
    REQUIRE_FALSE(echo.is_null(0));
    return echo.text(0);
  };
  CHECK(text("") == "");
  CHECK(text({}) == "");
  CHECK(text("čárka") == "čárka");
  CHECK(text(std::string_view("a\0b", 3)) == std::string("a\0b", 3));
  {
    const Reading reading(echo);
    REQUIRE(echo.bind(1, std::int64_t{-9'000'000'000'000'000'000}).step());
    CHECK(echo.integer(0) == -9'000'000'000'000'000'000);
    CHECK(echo.optional_integer(0) == -9'000'000'000'000'000'000);
  }
  const Reading reading(echo);
  REQUIRE(echo.bind(1, std::optional<std::string>()).step());
  CHECK(echo.is_null(0));
  CHECK_FALSE(echo.optional_text(0));
  CHECK_FALSE(echo.optional_integer(0));
  CHECK(echo.view(0).empty());
}

TEST_CASE("what is not committed never was") {
  const Scratch scratch;
  Database database(options_of(scratch.file()));
  {
    const Transaction transaction(database);
    database.execute("write", "INSERT INTO parent VALUES (1, 'a')");
  }
  CHECK(number_of(database, "SELECT count(*) FROM parent") == 0);
  {
    Transaction transaction(database);
    database.execute("write", "INSERT INTO parent VALUES (1, 'a')");
    transaction.commit();
  }
  CHECK(number_of(database, "SELECT count(*) FROM parent") == 1);
}

TEST_CASE("a statement left by its reader early does not hold up the next transaction") {
  const Scratch scratch;
  Database database(options_of(scratch.file()));
  database.execute("write", "INSERT INTO parent VALUES (1, 'a'), (2, 'b')");
  Statement names(database, "read names", "SELECT name FROM parent ORDER BY row");
  {
    const Reading reading(names);
    REQUIRE(names.step());
  }
  Transaction transaction(database);
  database.execute("write", "INSERT INTO parent VALUES (3, 'c')");
  transaction.commit();
  CHECK(sqlite3_stmt_busy(sqlite3_next_stmt(database.handle(), nullptr)) == 0);
}

TEST_CASE("a full database says so, keeps nothing of the half-done, and goes on when there is room") {
  const Scratch scratch;
  Database database(options_of(scratch.file()));
  database.execute("write", "INSERT INTO parent VALUES (1, 'a')");
  database.execute("narrow", "PRAGMA max_page_count = 60");
  std::string message;
  const auto kind = kind_of_failure([&] { fill(database, 500); }, message);
  CHECK(kind == DatabaseErrorKind::full);
  CHECK(message == "fill a child: database or disk is full");
  CHECK(DatabaseError(kind, message).is_storage_trouble());
  CHECK(number_of(database, "SELECT count(*) FROM child") == 0);
  CHECK(number_of(database, "SELECT count(*) FROM parent") == 1);

  database.execute("widen", "PRAGMA max_page_count = 100000");
  fill(database, 500);
  CHECK(number_of(database, "SELECT count(*) FROM child") == 500);
  CHECK(text_of(database, "PRAGMA integrity_check") == "ok");
}

TEST_CASE("a write the system cuts short is storage trouble, and nothing of it is believed") {
  const Scratch scratch;
  {
    Database database(options_of(scratch.file()));
    database.execute("write", "INSERT INTO parent VALUES (1, 'a')");
    std::string message;
    {
      // Not at the end of a page: the last write to the log is a torn one.
      const FileSizeLimit limit(std::filesystem::file_size(scratch.file("test.db-wal")) + 50'000);
      const auto kind = kind_of_failure([&] { fill(database, 500); }, message);
      CHECK(DatabaseError(kind, message).is_storage_trouble());
      CHECK(number_of(database, "SELECT count(*) FROM child") == 0);
    }
    fill(database, 10);
    CHECK(number_of(database, "SELECT count(*) FROM child") == 10);
  }
  Database database(options_of(scratch.file()));
  CHECK(number_of(database, "SELECT count(*) FROM child") == 10);
  CHECK(text_of(database, "PRAGMA integrity_check") == "ok");
}

TEST_CASE("the size counts the file and its log") {
  const Scratch scratch;
  Database database(options_of(scratch.file()));
  database.execute("write", "INSERT INTO parent VALUES (1, 'a')");
  const auto size = [&](std::string_view name) {
    return static_cast<std::int64_t>(std::filesystem::file_size(scratch.file(name)));
  };
  CHECK(size("test.db-wal") > 0);
  CHECK(database.size_bytes() == size("test.db") + size("test.db-wal"));
}

}  // namespace smm::platform
