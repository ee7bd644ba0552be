#include "every_call.h"
#include "old_database.h"
#include "workbench.h"

#include <sqlite3.h>

#include <fstream>

// The disk fails, or the memory, while a database is opened and closed.
namespace smm::store::opening_faults_test {
namespace {

namespace fs = std::filesystem;
using Names = std::vector<std::string>;

struct Opening {
  bool was_checked = false;

  void run(const fs::path& directory, Blow& blow) {
    platform::Database database({directory / "tracker.db", application_id, migrations()});
    blow.pause();
    was_checked = !database.was_clean();
    const auto is = [&](const std::string& setting) {
      platform::Statement statement(database, "ask", "PRAGMA " + setting);
      const platform::Reading reading(statement);
      return statement.step() ? statement.text(0) : std::string();
    };
    CHECK(is("journal_mode") == "wal");
    CHECK(is("locking_mode") == "exclusive");
    CHECK(is("synchronous") == "2");
    CHECK(is("foreign_keys") == "1");
    CHECK(is("trusted_schema") == "0");
    CHECK(is("auto_vacuum") == "2");
    CHECK(is("journal_size_limit") == "16777216");
    CHECK(is("wal_autocheckpoint") == "1000");
    CHECK(is("cache_size") == "-8192");
    CHECK(is("temp_store") == "2");
    // It takes writes.
    const auto* sql = "UPDATE write_test SET value = 1 - value";
    CHECK_NOTHROW((database.execute("write", sql), database.execute("write", sql)));
    blow.resume();
  }
};

// Orders, some of them in the log alone, as a program leaves them that is killed.
void leave_with_a_log(const fs::path& directory) {
  const Directory scratch;
  Workbench bench(scratch.path());
  bench.track("1");
  bench.database().execute("carry over", "PRAGMA wal_checkpoint");
  bench.track("2");
  bench.say(key_of("1"), "In progress", 157, noon);
  fs::copy(scratch.path(), directory);
  REQUIRE(fs::file_size(directory / "tracker.db-wal") > 0);
}

// A rollback journal that cannot be ended SQLite takes for ended when it is told these two, which no disk
// says there.
bool can_be_said_of_journals(const Trouble& trouble) {
  return !trouble.is_rubbish() && trouble.fault.code != SQLITE_READONLY &&
         trouble.fault.code != SQLITE_CORRUPT;
}

}  // namespace

TEST_CASE("opening a database, struck at each thing it asks for: it is whole, and opens the next time") {
  const Directory scratch;
  {
    Workbench bench(scratch.path());
    bench.track("1");
    bench.say(key_of("1"), "In progress", 157, noon);
  }
  const auto all = contents_of(scratch.path() / "tracker.db");
  Opening opening;
  const auto check = [&](const Round& round) {
    CHECK((contents_of(round.directory / "tracker.db") == all));
    CHECK(names_in(round.directory) == Names{"tracker.db"});
  };
  strike_each_call({"opening", scratch.path(),
                    [&](const fs::path& directory, Blow& blow) { opening.run(directory, blow); }, check,
                    check});
}

TEST_CASE(
    "opening after an unclean stop, struck at each thing it asks for: what is in the log stays, and whatever "
    "ended the first try, a check is made before it is used") {
  const Directory scratch;
  const auto before = scratch.path() / "left";
  leave_with_a_log(before);
  const auto all = contents_of(before / "tracker.db");
  Names names = {"tracker.db"};
  SUBCASE("of which its log tells") {}
  SUBCASE("of which a note of damage tells, too") {
    std::ofstream(before / "tracker.db.damaged") << "it is damaged\n";
    names.emplace_back("tracker.db.damaged");
  }
  Opening opening;
  strike_each_call(
      {"opening after an unclean stop", before,
       [&](const fs::path& directory, Blow& blow) {
         opening.was_checked = false;
         opening.run(directory, blow);
       },
       [&](const Round& round) {
         CHECK((contents_of(round.directory / "tracker.db") == all));
         CHECK(names_in(round.directory) == names);
       },
       [&](const Round& round) {
         CHECK(opening.was_checked);
         CHECK((contents_of(round.directory / "tracker.db") == all));
         // A note that cannot be removed costs the next start another check.
         CHECK((names_in(round.directory) == Names{"tracker.db"} || round.trouble.call_error != 0));
       }});
}

TEST_CASE(
    "making a database, struck at each thing it asks for: nothing of it or all, and all the next time") {
  const Directory scratch;
  const auto empty = scratch.path() / "empty";
  fs::create_directory(empty);
  { const Workbench bench(scratch.path()); }
  const auto all = contents_of(scratch.path() / "tracker.db");
  REQUIRE_FALSE(all.empty());
  Opening opening;
  strike_each_call({"making a new one", empty,
                    [&](const fs::path& directory, Blow& blow) { opening.run(directory, blow); },
                    [&](const Round& round) {
                      const auto found = contents_of(round.directory / "tracker.db");
                      CHECK((found.empty() || found == all));
                      for (const auto& name : names_in(round.directory))
                        CHECK((name == "tracker.db" || name == "tracker.db-journal"));
                    },
                    [&](const Round& round) {
                      CHECK((contents_of(round.directory / "tracker.db") == all));
                      CHECK(names_in(round.directory) == Names{"tracker.db"});
                    },
                    [](const std::exception&) { return false; }, &can_be_said_of_journals});
}

}  // namespace smm::store::opening_faults_test
