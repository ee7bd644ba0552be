#include "tiny_disk.h"

#include "backup_world.h"

#include <sys/wait.h>

#include <csignal>
#include <future>

// A disk that is full, for real, when something large begins. (What is full while orders come and go: see the
// tests of a quiet daemon and of endpoints.)
namespace smm::test::tiny_disk_test {

namespace {

using one_panel::OnePanel;
using std::chrono::seconds;
namespace fs = std::filesystem;

int start_in_vain(OnePanel& world) {
  fs::remove(world.tracker.directory() / "log");
  world.tracker.launch({.config = world.config});
  return world.tracker.wait_for_exit(seconds(40)).value_or(ExitState{}).code;
}

// The answer to a backup, and the daemon stopped with at least 16 MiB of it still to be copied: a copy that
// goes on may be made before its beginning is seen.
std::future<HttpAnswer> stop_amid_backup(const TrackerProcess& tracker) {
  const auto backups = tracker.state() / "backups";
  const auto copy = backups / "unfinished.db";
  const auto whole = fs::file_size(tracker.state() / "tracker.db");
  for (int tries = 0; tries < 10; ++tries) {
    auto answer = std::async(std::launch::async, [&tracker] { return tracker.post("/v1/backup"); });
    const auto is_over = [&] { return answer.wait_for(seconds(0)) == std::future_status::ready; };
    eventually([&] { return fs::exists(copy) || is_over(); });
    tracker.signal(SIGSTOP);
    siginfo_t stopped{};
    REQUIRE(waitid(P_PID, static_cast<id_t>(tracker.pid()), &stopped, WSTOPPED) == 0);
    if (fs::exists(copy) && fs::file_size(copy) + (std::uintmax_t{16} << 20) < whole) return answer;
    tracker.signal(SIGCONT);
    const auto made = answer.get();
    REQUIRE_MESSAGE(made.status == 201, made.body << made.error << tracker.log());
    fs::remove(made.json()["file"].get<std::string>());
  }
  FAIL("no backup was seen before it was made");
  return {};
}

}  // namespace

TEST_CASE("the first start on a full disk says so, and with room the next one works") {
  OnePanel world;
  const TinyDisk disk(world.tracker.state());
  if (!disk.mounted()) {
    MESSAGE("skipped: a file system can only be mounted by root");
    return;
  }
  disk.fill();
  CHECK(start_in_vain(world) == 1);
  CHECK_MESSAGE(world.tracker.log().find("full") != std::string::npos, world.tracker.log());
  disk.make_room();
  REQUIRE_MESSAGE(world.start(), world.tracker.log());
  CHECK(world.tracker.track("p1", {"1"}) == 1);
  CHECK(world.tracker.stop().code == 0);
}

TEST_CASE(
    "a migration on a full disk leaves the old schema as it was, and with room the next start migrates") {
  OnePanel world;
  auto& tracker = world.tracker;
  const TinyDisk disk(tracker.state());
  if (!disk.mounted()) {
    MESSAGE("skipped: a file system can only be mounted by root");
    return;
  }
  REQUIRE_MESSAGE(world.start(), tracker.log());
  REQUIRE(tracker.track("p1", {"1"}) == 1);
  REQUIRE(tracker.stop().code == 0);
  const auto database = tracker.state() / "tracker.db";
  const auto newest = LooseDatabase(database).number("PRAGMA user_version");
  LooseDatabase(database, SQLITE_OPEN_READWRITE)
      .run("DROP TABLE event_gap; PRAGMA user_version = " + std::to_string(newest - 1));
  // Without room for the copy of the old one; and with that, but not for the log of the step itself.
  const auto copy = database.string() + ".before-" + std::to_string(newest);
  for (const auto room : {std::uintmax_t{8192}, fs::file_size(database) + 3 * 4096}) {
    CAPTURE(room);
    disk.fill(room);
    CHECK(start_in_vain(world) == 1);
    CHECK_MESSAGE(tracker.log().find("full") != std::string::npos, tracker.log());
    CHECK_MESSAGE(tracker.log().find("tracker.db") != std::string::npos, tracker.log());
    disk.make_room();
    LooseDatabase old(database, SQLITE_OPEN_READWRITE);
    CHECK(old.number("PRAGMA user_version") == newest - 1);
    CHECK(old.text("PRAGMA integrity_check") == "ok");
  }
  REQUIRE_MESSAGE(world.start(), tracker.log());
  CHECK(tracker.get("/v1/orders/p1/1").status == 200);
  CHECK(LooseDatabase(copy).number("PRAGMA user_version") == newest - 1);
  CHECK(tracker.stop().code == 0);
  CHECK(LooseDatabase(database).number("PRAGMA user_version") == newest);
}

TEST_CASE("a disk that fills up during a backup ends the backup, and the database goes on") {
  OnePanel world;
  auto& tracker = world.tracker;
  const TinyDisk disk(tracker.state(), 120);
  if (!disk.mounted()) {
    MESSAGE("skipped: a file system can only be mounted by root");
    return;
  }
  REQUIRE_MESSAGE(world.start(), tracker.log());
  REQUIRE(tracker.stop().code == 0);
  make_large(tracker.state() / "tracker.db", 48);
  REQUIRE_MESSAGE(world.start(), tracker.log());
  auto answer = stop_amid_backup(tracker);
  disk.fill(8 << 20);
  tracker.signal(SIGCONT);
  const auto refused = answer.get();
  CHECK_MESSAGE((refused.status == 507 || refused.status == 503), refused.body);
  CHECK(names_in(tracker.state() / "backups").empty());
  CHECK(tracker.track("p1", {"1"}) == 1);
  CHECK(tracker.get("/v1/health").status == 200);
  disk.make_room();
  CHECK(fs::exists(backup_of(tracker)));
  CHECK(tracker.stop().code == 0);
}

}  // namespace smm::test::tiny_disk_test
