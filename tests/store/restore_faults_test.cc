#include "every_call.h"
#include "old_database.h"
#include "restore.h"
#include "workbench.h"

// The disk fails, or the memory, while a copy is put in the place of the database.
namespace smm::store::restore_faults_test {
namespace {

namespace fs = std::filesystem;

// A database that was not closed, and a copy of an earlier schema.
void make_both(const fs::path& directory) {
  const Directory scratch;
  Workbench bench(scratch.path());
  for (const auto* id : {"1", "2", "3", "4"}) bench.track(id);
  bench.say(key_of("1"), "In progress", 157, noon);
  fs::copy(scratch.path(), directory);
  REQUIRE(fs::file_size(directory / "tracker.db-wal") > 0);
  make_old_database(directory / "copy.db", migrations().size() - 1);
}

void restore_copy(const fs::path& directory) {
  const auto from = open_copy(directory / "copy.db", directory / "tracker.db");
  (void)restore(*from, directory / "tracker.db", noon);
}

// What was set aside.
std::vector<fs::path> replaced_in(const fs::path& directory) {
  std::vector<fs::path> all;
  for (const auto& name : names_in(directory)) {
    if (name.rfind("tracker.db.replaced-", 0) == 0 && name.find("-wal") == std::string::npos)
      all.push_back(directory / name);
  }
  return all;
}

bool holds(const fs::path& directory, const std::string& part) {
  for (const auto& name : names_in(directory)) {
    if (name.find(part) != std::string::npos) return true;
  }
  return false;
}

bool is_of_restore(const std::exception& error) {
  return dynamic_cast<const RestoreRefusal*>(&error) != nullptr ||
         dynamic_cast<const RestoreUnfinished*>(&error) != nullptr;
}

// What comes of it where nothing goes wrong, and where the database there was cannot be read.
std::string restored_from(const fs::path& before, const fs::path& scratch, bool is_readable) {
  fs::copy(before, scratch);
  if (!is_readable) {
    fs::remove(scratch / "tracker.db-wal");
    fs::resize_file(scratch / "tracker.db", 50);
  }
  restore_copy(scratch);
  return contents_of(scratch / "tracker.db");
}

// As a start does.
void finish_and_open(const fs::path& directory, Blow&) {
  finish_restore(directory / "tracker.db");
  const platform::Database database({directory / "tracker.db", application_id, migrations()});
}

}  // namespace

TEST_CASE(
    "a restore, struck at each thing it asks for: the old database stays as it is, or the new one is there "
    "and the old one aside; and the next restore goes through") {
  const Directory scratch;
  const auto before = scratch.path() / "before";
  make_both(before);
  const auto old = contents_of(before / "tracker.db");
  const auto copy = contents_of(before / "copy.db");
  const auto restored = restored_from(before, scratch.path() / "after", true);
  const auto restored_blindly = restored_from(before, scratch.path() / "blindly", false);
  REQUIRE(restored != restored_blindly);
  // Where the second had the first to finish.
  restore_copy(scratch.path() / "after");
  const auto restored_twice = contents_of(scratch.path() / "after/tracker.db");
  strike_each_call({"restoring", before, [](const fs::path& directory, Blow&) { restore_copy(directory); },
                    [&](const Round& round) {
                      CHECK((contents_of(round.directory / "copy.db") == copy));
                      // It says so, and the next one finishes it.
                      if (round.words.find("the next start of smm-trackerd") != std::string::npos) return;
                      CHECK((contents_of(round.directory / "tracker.db") == old));
                      if (round.trouble.call_error == 0)
                        CHECK(names_in(round.directory) == std::vector<std::string>{"copy.db", "tracker.db"});
                    },
                    [&](const Round& round) {
                      CHECK((contents_of(round.directory / "copy.db") == copy));
                      const auto found = contents_of(round.directory / "tracker.db");
                      CHECK_FALSE(holds(round.directory, ".restoring"));
                      const auto replaced = replaced_in(round.directory);
                      REQUIRE_FALSE(replaced.empty());
                      const bool may_be_blind = !round.trouble.is_of_memory;
                      CHECK((found == (replaced.size() == 2 ? restored_twice : restored) ||
                             (may_be_blind && found == restored_blindly)));
                      CHECK((contents_of(replaced.front()) == old));
                    },
                    &is_of_restore});
}

TEST_CASE(
    "a start after a restore that was ended half-way, struck at each call: never an empty database, never "
    "another's log, and the next start finishes it") {
  const Directory scratch;
  const auto before = scratch.path() / "before";
  make_both(before);
  const auto old = contents_of(before / "tracker.db");
  const auto restored = restored_from(before, scratch.path() / "after", true);
  fs::rename(scratch.path() / "after/tracker.db", before / "tracker.db.restoring-2026");
  SUBCASE("before anything was moved") {}
  SUBCASE("when the old log was aside") {
    fs::rename(before / "tracker.db-wal", before / "tracker.db.replaced-2026-wal");
  }
  SUBCASE("when all of the old one was aside") {
    fs::rename(before / "tracker.db-wal", before / "tracker.db.replaced-2026-wal");
    fs::rename(before / "tracker.db", before / "tracker.db.replaced-2026");
  }
  strike_each_call({"finishing a restore", before, &finish_and_open, [](const Round&) {},
                    [&](const Round& round) {
                      CHECK((contents_of(round.directory / "tracker.db") == restored));
                      CHECK((contents_of(round.directory / "tracker.db.replaced-2026") == old));
                      CHECK_FALSE(holds(round.directory, ".restoring"));
                    },
                    &is_of_restore, [](const Trouble& trouble) { return trouble.call_error != 0; }});
}

}  // namespace smm::store::restore_faults_test
