#include "backup_world.h"
#include "cli/doctor.h"

#include <sys/stat.h>
#include <sysexits.h>

#include <fstream>

// A database that is damaged: said once, plainly, with what brings it back; and nobody starts it over and
// over.
namespace smm::test::damage_test {

namespace {

using one_panel::OnePanel;
using std::chrono::seconds;
namespace fs = std::filesystem;

// The first page of a table, overwritten.
void damage(const fs::path& database, const std::string& table) {
  long page = 0;
  {
    LooseDatabase loose(database);
    page = loose.number("SELECT rootpage FROM sqlite_schema WHERE name = '" + table + "'");
  }
  std::fstream file(database, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp((page - 1) * 4096L);
  file << std::string(4096, 'x');
}

int start_in_vain(OnePanel& world) {
  fs::remove(world.tracker.directory() / "log");
  world.tracker.launch({.config = world.config});
  return world.tracker.wait_for_exit(seconds(40)).value_or(ExitState{}).code;
}

}  // namespace

TEST_CASE("a damaged database ends the daemon for good, and doctor tells which copy brings it back") {
  OnePanel world;
  auto& tracker = world.tracker;
  REQUIRE_MESSAGE(world.start(), tracker.log());
  REQUIRE(tracker.track("p1", {"1", "2"}) == 2);
  const auto copy = backup_of(tracker);
  REQUIRE(tracker.stop().code == 0);
  const auto database = tracker.state() / "tracker.db";
  const auto healthy = read_file(database);
  damage(database, "orders");
  CHECK_FALSE(cli::check_damage(database));
  for (int start = 0; start < 2; ++start) {
    CHECK(start_in_vain(world) == EX_CONFIG);
    const auto log = tracker.log();
    CHECK_MESSAGE(log.find(database.string() + " is damaged (") != std::string::npos, log);
    CHECK_MESSAGE(log.find("smm-trackerd --restore " + copy.string()) != std::string::npos, log);
    const auto check = cli::check_damage(database);
    REQUIRE(check);
    CHECK(check->verdict == Verdict::fail);
    CHECK(check->found.find(database.string() + " is damaged (") == 0);
    CHECK(check->fix.find("sudo smm-trackerd --restore " + copy.string()) != std::string::npos);
  }
  // As it says.
  tracker.launch({.arguments = {"--restore", copy}});
  REQUIRE_MESSAGE(tracker.wait_for_exit(seconds(40))->code == 0, tracker.log());
  CHECK_FALSE(cli::check_damage(database));
  REQUIRE_MESSAGE(world.start(), tracker.log());
  CHECK(tracker.get("/v1/orders/p1/2").status == 200);
  REQUIRE(tracker.stop().code == 0);
  // Damage that was none of the file: the next start looks, and goes on.
  damage(database, "orders");
  CHECK(start_in_vain(world) == EX_CONFIG);
  std::ofstream(database, std::ios::binary) << healthy;
  REQUIRE_MESSAGE(world.start(), tracker.log());
  CHECK_FALSE(cli::check_damage(database));
}

TEST_CASE("damage found while the daemon works ends it with 78, the file, and the way back") {
  OnePanel world;
  auto& tracker = world.tracker;
  REQUIRE_MESSAGE(world.start(), tracker.log());
  REQUIRE(tracker.track("p1", {"1"}) == 1);
  REQUIRE(tracker.stop().code == 0);
  const auto database = tracker.state() / "tracker.db";
  // Nobody reads it at a start.
  damage(database, "placement");
  REQUIRE_MESSAGE(tracker.start({.config = world.config}), tracker.log());
  (void)tracker.get("/v1/placements");
  CHECK(tracker.wait_for_exit(seconds(20)).value_or(ExitState{}).code == EX_CONFIG);
  const auto log = tracker.log();
  CHECK_MESSAGE(log.find(database.string() + " is damaged (list placements: ") != std::string::npos, log);
  CHECK_MESSAGE(log.find("there is none in " + (tracker.state() / "backups").string()) != std::string::npos,
                log);
}

TEST_CASE("doctor hands on no command that stands in a note of damage, and reads nothing but a note") {
  const ScratchDirectory state;
  const auto database = state.path() / "tracker.db";
  const auto note = state.path() / "tracker.db.damaged";
  const std::string end = " brings back the newest copy\n";
  for (const auto* command :
       {"rm -rf /", "smm-trackerd --restore /a.db; rm -rf /", "smm-trackerd --restore /$(id).db",
        "smm-trackerd --restore /a.db --state-dir /etc/x", "smm-trackerd --restore --version",
        "smm-trackerd --restore "}) {
    write_file(note, "it is damaged\n" + (command + end));
    const auto check = cli::check_damage(database);
    REQUIRE(check);
    CHECK_MESSAGE(check->fix.ends_with("then: sudo smm-trackerd --restore FILE brings back a copy"), command);
  }
  write_file(note, "it is damaged\nsmm-trackerd --restore /var/backup-1.db" + end);
  CHECK(cli::check_damage(database)->fix.ends_with("/var/backup-1.db brings back the newest copy"));
  fs::remove(note);
  const auto secret = state.path() / "secret";
  write_file(secret, "hunter2\n");
  fs::create_symlink(secret, note);
  CHECK_FALSE(cli::check_damage(database));
  fs::remove(note);
  REQUIRE(mkfifo(note.c_str(), 0600) == 0);
  CHECK_FALSE(cli::check_damage(database));
}

TEST_CASE("doctor looks for damage where the configuration puts the database") {
  const ScratchDirectory place;
  const auto config = place.path() / "smm-tracker.toml";
  CHECK(cli::database_of(config, "/state") == "/state/tracker.db");
  write_file(config, "[database]\npath = \"deep/orders.db\"\n");
  CHECK(cli::database_of(config, "/state") == "/state/deep/orders.db");
  write_file(config, "[database]\npath = \"/srv/orders.db\"\n");
  CHECK(cli::database_of(config, "/state") == "/srv/orders.db");
}

}  // namespace smm::test::damage_test
