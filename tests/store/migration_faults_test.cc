#include "every_call.h"
#include "old_database.h"
#include "workbench.h"

// The disk fails, or the memory, while a database of an earlier schema is brought to this one.
namespace smm::store::migration_faults_test {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t old_schema = 3;
constexpr auto copy_name = "tracker.db.before-4";

void open(const fs::path& directory, Blow&) {
  const platform::Database database({directory / "tracker.db", application_id, migrations()});
}

}  // namespace

TEST_CASE(
    "a migration over several schemas, struck at each thing it asks for: the old one whole or the new one, a "
    "copy that is whole or none, and all of it the next time") {
  const Directory scratch;
  const auto before = scratch.path() / "before";
  fs::create_directory(before);
  make_old_database(before / "tracker.db", old_schema);
  const auto old = contents_of(before / "tracker.db");
  const auto after = scratch.path() / "after";
  fs::copy(before, after);
  { const Workbench bench(after); }
  const auto migrated = contents_of(after / "tracker.db");
  REQUIRE(migrated != old);
  strike_each_call({"migrating", before, &open,
                    [&](const Round& round) {
                      const auto found = contents_of(round.directory / "tracker.db");
                      CHECK((found == old || found == migrated));
                      const auto copy = round.directory / copy_name;
                      if (fs::exists(copy)) CHECK((contents_of(copy) == old));
                      // Unless it cannot be removed.
                      if (round.trouble.call_error == 0)
                        CHECK(names_in(round.directory).size() == (fs::exists(copy) ? 2 : 1));
                    },
                    [&](const Round& round) {
                      CHECK((contents_of(round.directory / "tracker.db") == migrated));
                      CHECK((contents_of(round.directory / copy_name) == old));
                      CHECK(names_in(round.directory) == std::vector<std::string>{"tracker.db", copy_name});
                    }});
}

}  // namespace smm::store::migration_faults_test
