#include "every_call.h"
#include "old_database.h"
#include "platform/database_copy.h"
#include "workbench.h"

// The disk fails, or the memory, while a copy of a database is made that goes on being written.
namespace smm::store::copy_faults_test {
namespace {

namespace fs = std::filesystem;

void write_between_slices(platform::Database& database) {
  platform::Transaction transaction(database);
  database.execute("write between slices",
                   "INSERT OR REPLACE INTO clock_step (row, at, moved) VALUES (77, 5, 5)");
  transaction.commit();
}

// What is struck ends with the copying.
class Until {
 public:
  explicit Until(Blow& blow) : blow_(blow) {}
  ~Until() { blow_.pause(); }
  Until(const Until&) = delete;
  Until& operator=(const Until&) = delete;

 private:
  Blow& blow_;
};

void make_copy(const fs::path& directory, Blow& blow) {
  blow.pause();
  platform::Database database({directory / "tracker.db", application_id, migrations()});
  blow.resume();
  const Until end(blow);
  platform::DatabaseCopy copy(database.handle(), directory / "unfinished.db");
  int slices = 0;
  while (!copy.copy_for(std::chrono::microseconds(0))) {
    if (++slices == 2) write_between_slices(database);
  }
  REQUIRE(slices > 3);
  copy.check(application_id);
  copy.put(directory / "backup.db");
}

}  // namespace

TEST_CASE(
    "a copy made in slices, struck at each thing it asks for: none or a whole one, the database goes on, and "
    "there is one the next time") {
  const Directory scratch;
  const auto before = scratch.path() / "before";
  {
    Workbench bench(scratch.path());
    bench.track("1");
    bench.say(key_of("1"), "In progress", 157, noon);
    fs::copy(scratch.path(), before);
  }
  const auto old = contents_of(before / "tracker.db");
  {
    Workbench bench(scratch.path());
    write_between_slices(bench.database());
  }
  const auto written = contents_of(scratch.path() / "tracker.db");
  REQUIRE(written != old);
  strike_each_call({"copying", before, &make_copy,
                    [&](const Round& round) {
                      const auto found = contents_of(round.directory / "tracker.db");
                      CHECK((found == old || found == written));
                      CHECK_FALSE(fs::exists(round.directory / "backup.db"));
                      // Unless it cannot be removed.
                      if (round.trouble.call_error == 0) CHECK(names_in(round.directory).size() == 1);
                    },
                    [&](const Round& round) {
                      CHECK((contents_of(round.directory / "tracker.db") == written));
                      CHECK((contents_of(round.directory / "backup.db") == written));
                      CHECK(names_in(round.directory) == std::vector<std::string>{"backup.db", "tracker.db"});
                    },
                    [](const std::exception&) { return false; }, [](const Trouble&) { return true; }});
}

}  // namespace smm::store::copy_faults_test
