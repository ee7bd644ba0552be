#include "platform/database_copy.h"

#include "database_fixture.h"

#include <doctest/doctest.h>
#include <sqlite3.h>

#include <string>
#include <thread>

namespace smm::platform {
namespace {

using std::chrono::microseconds;

// So many pages that it takes several slices.
void fill_parents(Database& database, int first, int count) {
  Transaction transaction(database);
  Statement insert(database, "fill", "INSERT INTO parent VALUES (?1, ?2)");
  for (int i = first; i < first + count; ++i) {
    insert.bind(1, std::int64_t{i}).bind(2, std::to_string(i) + std::string(500, 'x')).run();
  }
  transaction.commit();
}

std::string all_of(Database& database) {
  return text_of(database, "SELECT count(*) || ' ' || sum(row) || ' ' || sum(length(name)) FROM parent");
}

}  // namespace

TEST_CASE(
    "what is written while a database is copied is in the copy, before and behind where the copying is") {
  const Scratch scratch;
  std::string at_the_end;
  {
    Database database(options_of(scratch.file()));
    fill_parents(database, 1000, 3000);
    DatabaseCopy copy(database.handle(), scratch.file("copy"));
    int slices = 0;
    for (; !copy.copy_for(microseconds(0)); ++slices) {
      if (slices % 5 == 1) fill_parents(database, 10'000 + slices * 100, 20);
      if (slices == 3) database.execute("change", "UPDATE parent SET name = 'early' WHERE row = 1001");
      if (slices == 4) {
        const Transaction given_up(database);
        database.execute("change", "DELETE FROM parent");
      }
      if (slices == 9) database.execute("remove", "DELETE FROM parent WHERE row BETWEEN 2000 AND 2500");
    }
    CHECK(slices > 15);
    at_the_end = all_of(database);
    fill_parents(database, 100'000, 5);  // too late
    copy.check(test_id);
    copy.put(scratch.file("done"));
  }
  CHECK_FALSE(std::filesystem::exists(scratch.file("copy")));
  CHECK_FALSE(std::filesystem::exists(scratch.file("done-wal")));
  CHECK(mode_of(scratch.file("done")) == 0600);
  Database copy(options_of(scratch.file("done")));
  CHECK(all_of(copy) == at_the_end);
  CHECK(text_of(copy, "PRAGMA integrity_check") == "ok");
  CHECK(number_of(copy, "SELECT count(*) FROM parent WHERE name = 'early'") == 1);
}

TEST_CASE("a copy that nobody puts in place leaves no file") {
  const Scratch scratch;
  Database database(options_of(scratch.file()));
  fill_parents(database, 1, 500);
  {
    DatabaseCopy copy(database.handle(), scratch.file("copy"));
    CHECK_FALSE(copy.copy_for(microseconds(0)));
    CHECK(std::filesystem::exists(scratch.file("copy")));
  }
  CHECK_FALSE(std::filesystem::exists(scratch.file("copy")));
  CHECK_FALSE(std::filesystem::exists(scratch.file("copy-journal")));
  fill_parents(database, 1000, 5);
}

TEST_CASE("a copy whose checking was called off fails it, and a strange one does") {
  const Scratch scratch;
  Database database(options_of(scratch.file()));
  fill_parents(database, 1, 100);
  DatabaseCopy copy(database.handle(), scratch.file("copy"));
  while (!copy.copy_for(microseconds(1000))) {
  }
  CHECK_THROWS_AS(copy.check(test_id + 1), DatabaseError);
  copy.check(test_id);
  std::thread([&] { copy.interrupt(); }).join();
  CHECK_THROWS_AS(copy.check(test_id), DatabaseError);
}

namespace {

// Calls a check off between two of its statements: after PRAGMA application_id, before the look at the pages.
struct CalledOff {
  static inline DatabaseCopy* copy = nullptr;
  static inline std::string begun_since;

  static int hear(unsigned what, void*, void* statement, void*) {
    const std::string sql = sqlite3_sql(static_cast<sqlite3_stmt*>(statement));
    const bool is_before = sql.find("application_id") != std::string::npos;
    if (what == SQLITE_TRACE_PROFILE && is_before) copy->interrupt();
    if (what == SQLITE_TRACE_STMT && !is_before && begun_since.find(sql) == std::string::npos)
      begun_since += sql + ";";
    return 0;
  }
  static int listen(sqlite3* handle, char**, const void*) {
    return sqlite3_trace_v2(handle, SQLITE_TRACE_STMT | SQLITE_TRACE_PROFILE, &CalledOff::hear, nullptr);
  }
};

}  // namespace

TEST_CASE("a check that is called off between two of its statements goes no further") {
  const Scratch scratch;
  Database database(options_of(scratch.file()));
  fill_parents(database, 1, 100);
  DatabaseCopy copy(database.handle(), scratch.file("copy"));
  while (!copy.copy_for(microseconds(1000))) {
  }
  CalledOff::copy = &copy;
  const auto listen = reinterpret_cast<void (*)()>(&CalledOff::listen);
  sqlite3_auto_extension(listen);
  CHECK_THROWS_AS(copy.check(test_id), DatabaseError);
  sqlite3_cancel_auto_extension(listen);
  CHECK(CalledOff::begun_since.find("PRAGMA journal_mode") != std::string::npos);
  CHECK(CalledOff::begun_since.find("PRAGMA foreign_key_check") == std::string::npos);
}

TEST_CASE("a database somebody brings is read with its own log, and not a byte of it changes") {
  const Scratch scratch;
  in_a_child_that_dies([&] {
    static Database database(options_of(scratch.file()));
    fill_parents(database, 1, 100);
  });
  const auto before = std::pair(bytes_of(scratch.file()), bytes_of(scratch.file("test.db-wal")));
  REQUIRE_FALSE(before.second.empty());
  {
    const BroughtDatabase brought(scratch.file());
    CHECK(brought.identity().application_id == test_id);
    CHECK(brought.identity().version == 1);
    DatabaseCopy copy(brought.handle(), scratch.file("copy"));
    while (!copy.copy_for(microseconds(1000))) {
    }
    copy.check(test_id);
    copy.put(scratch.file("done"));
  }
  CHECK(std::pair(bytes_of(scratch.file()), bytes_of(scratch.file("test.db-wal"))) == before);
  CHECK_FALSE(std::filesystem::exists(scratch.file("test.db-shm")));
  Database copy(options_of(scratch.file("done")));
  CHECK(number_of(copy, "SELECT count(*) FROM parent") == 100);
}

}  // namespace smm::platform
