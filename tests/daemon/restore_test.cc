#include "backup_world.h"
#include "shifted_clock.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <sysexits.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstring>
#include <fstream>
#include <future>

namespace smm::test::restore_test {

using one_panel::OnePanel;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
namespace fs = std::filesystem;

namespace {

int restore(TrackerProcess& tracker, const fs::path& copy,
            const std::map<std::string, std::string>& environment = {}) {
  tracker.launch({.environment = environment, .arguments = {"--restore", copy}});
  return tracker.wait_for_exit(seconds(60)).value_or(ExitState{}).code;
}

std::vector<std::string> aside(const TrackerProcess& tracker) {
  auto names = names_in(tracker.state());
  std::erase_if(names, [](const std::string& name) { return name.rfind("tracker.db.replaced-", 0) != 0; });
  return names;
}

bool knows(const TrackerProcess& tracker, const std::string& id) {
  const auto answer = tracker.get("/v1/orders/p1/" + id);
  REQUIRE((answer.status == 200 || answer.status == 404));
  return answer.status == 200;
}

// A daemon that knew order 1 when it was copied, then 2 as well, and was killed: 2 stands in its log.
struct KilledWorld : OnePanel {
  KilledWorld() {
    REQUIRE_MESSAGE(start(), tracker.log());
    REQUIRE(tracker.track("p1", {"1"}) == 1);
    copy = tracker.directory() / "copy.db";
    fs::rename(backup_of(tracker), copy);
    REQUIRE(tracker.track("p1", {"2"}) == 1);
    tracker.kill_hard();
    REQUIRE(fs::file_size(tracker.state() / "tracker.db-wal") > 0);
  }
  fs::path copy;
};

std::map<std::string, std::string> everything_in(const fs::path& directory) {
  std::map<std::string, std::string> files;
  for (const auto& name : names_in(directory)) {
    if (fs::is_regular_file(directory / name) && name != "lock") files[name] = read_file(directory / name);
  }
  return files;
}

}  // namespace

TEST_CASE(
    "restored over a database that was killed: its log goes aside with it and is never applied to the copy") {
  KilledWorld world;
  auto& tracker = world.tracker;
  const auto bytes = read_file(world.copy);
  REQUIRE_MESSAGE(restore(tracker, world.copy) == 0, tracker.log());
  CHECK(read_file(world.copy) == bytes);
  CHECK(mode_of(tracker.state() / "tracker.db") == 0600);
  CHECK_FALSE(fs::exists(tracker.state() / "tracker.db-wal"));
  const auto names = aside(tracker);
  REQUIRE(names.size() == 2);
  CHECK(names[1] == names[0] + "-wal");
  {
    LooseDatabase old(tracker.state() / names[0], SQLITE_OPEN_READWRITE);
    CHECK(old.number("SELECT count(*) FROM orders") == 2);
  }
  REQUIRE_MESSAGE(world.start(), tracker.log());
  CHECK(knows(tracker, "1"));
  CHECK_FALSE(knows(tracker, "2"));
  // Who followed the log further than it goes now is told so.
  const auto follower = tracker.get("/v1/events?since=900");
  CHECK(follower.status == 410);
  // And back again, from the set-aside one with whatever log it has.
  CHECK(tracker.stop().code == 0);
  REQUIRE_MESSAGE(restore(tracker, tracker.state() / names[0]) == 0, tracker.log());
  REQUIRE_MESSAGE(world.start(), tracker.log());
  CHECK(knows(tracker, "2"));
}

TEST_CASE("a file with a log of its own is restored with what stands in the log, and stays as it is") {
  KilledWorld world;
  auto& tracker = world.tracker;
  const auto other = tracker.directory() / "other.db";
  fs::copy_file(tracker.state() / "tracker.db", other);
  fs::copy_file(tracker.state() / "tracker.db-wal", other.string() + "-wal");
  const auto before = std::pair(read_file(other), read_file(other.string() + "-wal"));
  REQUIRE_MESSAGE(restore(tracker, other) == 0, tracker.log());
  CHECK(std::pair(read_file(other), read_file(other.string() + "-wal")) == before);
  REQUIRE_MESSAGE(world.start(), tracker.log());
  CHECK(knows(tracker, "2"));
}

TEST_CASE("what cannot be restored is refused in plain words, and nothing changes") {
  KilledWorld world;
  auto& tracker = world.tracker;
  const auto at = [&](const std::string& name) { return tracker.directory() / name; };
  write_file(at("empty"), "");
  write_file(at("text"), std::string(9000, 'x'));
  fs::create_symlink(world.copy, at("link"));
  fs::create_directory(at("folder"));
  fs::create_hard_link(tracker.state() / "tracker.db", at("itself"));
  LooseDatabase(at("stranger"), SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE).run("CREATE TABLE t (a)");
  fs::copy_file(world.copy, at("newer"));
  LooseDatabase(at("newer"), SQLITE_OPEN_READWRITE).run("PRAGMA user_version = 9999");
  fs::copy_file(world.copy, at("cut"));
  fs::resize_file(at("cut"), fs::file_size(world.copy) / 2);
  // A page in the middle, which nothing but a look at all of them finds.
  fs::copy_file(world.copy, at("scratched"));
  {
    std::fstream file(at("scratched"), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(fs::file_size(world.copy) / 4096 / 2 * 4096));
    file << std::string(200, 'x');
  }
  const auto before = everything_in(tracker.state());
  const std::vector<std::tuple<std::string, int, std::string>> refusals = {
      {"absent", 1, "No such file"},
      {"empty", 78, "is empty"},
      {"text", 78, "is no SQLite database"},
      {"link", 1, "symbolic link"},
      {"folder", 1, "is a directory"},
      {"itself", 1, "is the database itself"},
      {"stranger", 78, "another program"},
      {"newer", 78, "a newer smm-tracker (schema 9999"},
      {"cut", 1, "is damaged"},
      {"scratched", 1, "was not restored: check a copy: "}};
  for (const auto& refusal : refusals) {
    fs::remove(tracker.directory() / "log");
    const auto code = restore(tracker, at(std::get<0>(refusal)));
    CHECK_MESSAGE(code == std::get<1>(refusal), std::get<0>(refusal) << ": " << tracker.log());
    CHECK_MESSAGE(tracker.log().find(std::get<2>(refusal)) != std::string::npos, tracker.log());
    CHECK_MESSAGE(everything_in(tracker.state()) == before, std::get<0>(refusal));
  }
  tracker.launch({.arguments = {"--restore", at("copy.db"), "--check"}});
  CHECK(tracker.wait_for_exit(seconds(20))->code == 64);
  REQUIRE_MESSAGE(world.start(), tracker.log());
  CHECK(knows(tracker, "2"));
}

TEST_CASE("while a daemon runs nothing is restored: exit 75, with what to stop") {
  OnePanel world;
  REQUIRE_MESSAGE(world.start(), world.tracker.log());
  const auto copy = backup_of(world.tracker);
  REQUIRE(world.tracker.track("p1", {"1"}) == 1);
  TrackerProcess second;
  second.launch(
      {.config = world.config, .arguments = {"--state-dir", world.tracker.state(), "--restore", copy}});
  CHECK(second.wait_for_exit(seconds(40)).value_or(ExitState{}).code == 75);
  CHECK_MESSAGE(second.log().find("systemctl stop smm-tracker.service smm-tracker-{api,ro,compat}.socket") !=
                    std::string::npos,
                second.log());
  CHECK(knows(world.tracker, "1"));
  CHECK(aside(world.tracker).empty());
}

TEST_CASE("killed at any step of a restore, the next start finds the old database or the new one, whole") {
  KilledWorld world;
  auto& tracker = world.tracker;
  const auto original = tracker.directory() / "original";
  fs::copy(tracker.state(), original, fs::copy_options::recursive);
  int old_ones = 0;
  int new_ones = 0;
  for (int step = 1;; ++step) {
    CAPTURE(step);
    fs::remove_all(tracker.state());
    fs::copy(original, tracker.state(), fs::copy_options::recursive);
    const auto code = restore(tracker, world.copy,
                              {{"LD_PRELOAD", SMM_KILL_STEP},
                               {"KILL_STEP", std::to_string(step)},
                               {"ASAN_OPTIONS", "verify_asan_link_order=0"}});
    REQUIRE_MESSAGE((code == 0 || code == 128 + SIGKILL), tracker.log());
    REQUIRE_MESSAGE(world.start(), tracker.log());
    REQUIRE(knows(tracker, "1"));
    const bool is_old = knows(tracker, "2");
    ++(is_old ? old_ones : new_ones);
    tracker.kill_hard();
    // What was the database is complete, wherever it is now.
    CHECK(aside(tracker).size() == (is_old ? 0U : 2U));
    LooseDatabase old(is_old ? tracker.state() / "tracker.db" : tracker.state() / aside(tracker)[0],
                      SQLITE_OPEN_READWRITE);
    CHECK(old.number("SELECT count(*) FROM orders") == 2);
    CHECK(old.text("PRAGMA integrity_check") == "ok");
    for (const auto& name : names_in(tracker.state())) CHECK(name.find(".restoring") == std::string::npos);
    if (code == 0) break;
  }
  CHECK(old_ones >= 2);
  CHECK(new_ones >= 4);
}

TEST_CASE("a file that cannot be moved: all is put back, or it is said what stands where") {
  KilledWorld world;
  auto& tracker = world.tracker;
  const auto restore_hindered = [&](const std::string& ends) {
    fs::remove(tracker.directory() / "log");
    return restore(tracker, world.copy,
                   {{"LD_PRELOAD", SMM_KILL_STEP},
                    {"REFUSE_RENAME", ends},
                    {"ASAN_OPTIONS", "verify_asan_link_order=0"}});
  };
  const auto before = everything_in(tracker.state());
  for (const auto* ends : {"/tracker.db", "/tracker.db-wal"}) {
    CHECK(restore_hindered(ends) == 1);
    CHECK_MESSAGE(tracker.log().find("(Operation not permitted); nothing was changed") != std::string::npos,
                  tracker.log());
    CHECK(everything_in(tracker.state()) == before);
  }
  // Its log has gone aside and does not come back.
  CHECK(restore_hindered("/tracker.db:Z-wal") == 1);
  const auto log = tracker.log();
  CHECK_MESSAGE(log.find("nothing was changed") == std::string::npos, log);
  REQUIRE(aside(tracker).size() == 1);
  CHECK_MESSAGE(log.find("tracker.db-wal is now " + (tracker.state() / aside(tracker)[0]).string()) !=
                    std::string::npos,
                log);
  CHECK_MESSAGE(log.find("the next start of smm-trackerd") != std::string::npos, log);
  // As it says.
  REQUIRE_MESSAGE(world.start(), tracker.log());
  CHECK(knows(tracker, "1"));
  CHECK_FALSE(knows(tracker, "2"));
  CHECK(aside(tracker).size() == 2);
}

TEST_CASE("a restored log never takes a cursor from before: 410 however many events come, and none is lost") {
  OnePanel world;
  auto& tracker = world.tracker;
  const auto track = [&](int first, int count) {
    std::vector<std::string> ids;
    for (int id = first; id < first + count; ++id) ids.push_back(std::to_string(id));
    REQUIRE(tracker.track("p1", ids) == count);
  };
  const auto newest = [&] { return tracker.get("/v1/status").json()["events"]["newest"].get<long>(); };
  const auto events_since = [&](long since) {
    return tracker.get("/v1/events?types=order.tracked&limit=1000&since=" + std::to_string(since));
  };
  REQUIRE_MESSAGE(world.start(), tracker.log());
  track(1, 10);
  const auto copy = backup_of(tracker);
  const auto in_copy = std::stol(LooseDatabase(copy).text("SELECT max(seq) FROM event"));
  track(100, 10);
  const auto followed_to = newest();
  REQUIRE(followed_to >= in_copy + 10);
  CHECK(tracker.stop().code == 0);
  REQUIRE_MESSAGE(restore(tracker, copy) == 0, tracker.log());
  CHECK(aside(tracker).size() == 1);
  REQUIRE_MESSAGE(world.start(), tracker.log());
  const auto check_cursors = [&] {
    for (const auto since : {in_copy + 1, followed_to}) {
      const auto answer = events_since(since);
      CHECK(answer.status == 410);
      CHECK(answer.json()["code"] == "cursor-expired");
      CHECK(answer.json()["newest"].get<long>() == in_copy);
    }
  };
  check_cursors();
  CHECK(events_since(newest()).status == 200);
  track(200, 50);
  check_cursors();
  // From where the answer says, every new one.
  const auto follower = events_since(in_copy);
  CHECK(follower.status == 200);
  CHECK(std::count(follower.body.begin(), follower.body.end(), '\n') == 50);
  // The same copy once more: what was given after the first time is behind it, too.
  const auto after_the_first = newest();
  tracker.kill_hard();
  REQUIRE_MESSAGE(restore(tracker, copy) == 0, tracker.log());
  REQUIRE_MESSAGE(world.start(), tracker.log());
  track(300, 60);
  CHECK(newest() > after_the_first);
  CHECK(events_since(after_the_first).status == 410);
  check_cursors();
}

TEST_CASE("where only a set-aside database is left, a start does not begin with an empty one") {
  KilledWorld world;
  auto& tracker = world.tracker;
  REQUIRE(restore(tracker, world.copy) == 0);
  fs::remove(tracker.state() / "tracker.db");
  tracker.launch({});
  CHECK(tracker.wait_for_exit(seconds(20))->code == 78);
  CHECK_MESSAGE(tracker.log().find(aside(tracker)[0] + " is: bring a copy back") != std::string::npos,
                tracker.log());
  CHECK_FALSE(fs::exists(tracker.state() / "tracker.db"));
  // What is named is the newest database, not what lies beside it.
  const auto second = aside(tracker)[0] + "-2";
  for (const auto* end : {"", "-wal", "-shm", "-journal"}) write_file(tracker.state() / (second + end), "");
  fs::remove(tracker.directory() / "log");
  tracker.launch({});
  CHECK(tracker.wait_for_exit(seconds(20))->code == 78);
  CHECK_MESSAGE(tracker.log().find(second + " is: bring a copy back") != std::string::npos, tracker.log());
  REQUIRE(restore(tracker, world.copy) == 0);
  REQUIRE_MESSAGE(world.start(), tracker.log());
  CHECK(knows(tracker, "1"));
}

namespace {

int listen_at(const fs::path& path) {
  fs::create_directories(path.parent_path());
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  REQUIRE(bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  REQUIRE(listen(fd, 64) == 0);
  return fd;
}

}  // namespace

// Where somebody left the socket units running: they start the service again in the middle of it.
TEST_CASE("clients that connect in the middle of a restore are answered from the restored database") {
  KilledWorld world;
  auto& tracker = world.tracker;
  make_large(world.copy);
  fs::remove(tracker.socket());
  const int listener = listen_at(tracker.socket());
  TrackerProcess restoring;
  restoring.launch(
      {.config = world.config, .arguments = {"--state-dir", tracker.state(), "--restore", world.copy}});
  // Or it is over before anybody looked: what follows holds then, too.
  const auto copy = tracker.state() / "tracker.db.restoring.new";
  REQUIRE(eventually([&] { return fs::exists(copy) || !restoring.running(); }));
  std::atomic<int> answered = 0;
  std::vector<std::future<long>> clients;
  clients.reserve(10);
  for (int i = 0; i < 10; ++i) {
    clients.push_back(std::async(std::launch::async, [&, i] {
      const auto order = "/v1/orders/p1/" + std::to_string(1 + i % 2);
      const auto status = tracker.call({.target = order, .timeout = minutes(2)}).status;
      ++answered;
      return status;
    }));
  }
  const auto serve = [&] { tracker.launch({.activated = {{listener, "api"}}}); };
  serve();
  CHECK(restoring.wait_for_exit(seconds(60)).value_or(ExitState{}).code == 0);
  // Who found the database locked for longer than it waits leaves, and the service manager starts it again.
  eventually(
      [&] {
        if (!tracker.running()) {
          CHECK(tracker.wait_for_exit(seconds(0))->code == EX_TEMPFAIL);
          serve();
        }
        return answered == 10;
      },
      minutes(1));
  for (int i = 0; i < 10; ++i) CHECK(clients[static_cast<std::size_t>(i)].get() == (i % 2 == 0 ? 200 : 404));
  close(listener);
}

TEST_CASE(
    "after a restore no refill is asked for by itself for one gap, which is said, and then it goes on") {
  const std::string refills = "[panel.p1.refill]\nask_after = [\"1m\"]\ngap = \"25h\"\n";
  OnePanel world(refills);
  ShiftedClock clock;
  auto& tracker = world.tracker;
  const auto start = [&] {
    return tracker.start({.config = world.config, .environment = clock.environment()});
  };
  const auto why = [&] { return tracker.get("/v1/refills/eligible?order=p1/7001").json()["items"][0]; };
  const auto asked = [&] { return tracker.all_items("/v1/refills").size(); };
  REQUIRE_MESSAGE(start(), tracker.log());
  world.panel.script_order("7001", 1000, {});
  world.panel.script_order("1", 1000, {});
  REQUIRE(tracker.track("p1", {"1"}) == 1);
  REQUIRE(
      tracker.post("/v1/orders", Json{{"panel", "p1"}, {"id", "7001"}, {"service", "1"}, {"quantity", 1000}})
          .status == 201);
  REQUIRE(eventually([&] { return world.order("7001")["status"] == "pending"; }));
  world.panel.set_order("7001", {.status = "Completed", .start_count = "100", .remains = "0"});
  REQUIRE(eventually([&] { return world.order("7001")["status"] == "completed"; }));
  const auto copy = backup_of(tracker);
  // Asked for after the copy was made: the restored database knows nothing of it.
  clock.pass(minutes(2));
  REQUIRE(eventually([&] { return asked() == 1; }, seconds(60)));
  CHECK(tracker.stop().code == 0);
  REQUIRE_MESSAGE(restore(tracker, copy, clock.environment()) == 0, tracker.log());
  REQUIRE_MESSAGE(start(), tracker.log());
  REQUIRE(eventually([&] { return why()["reason"] == "held"; }));
  CHECK(tracker.log().find("the database was restored; no refill is asked for by itself before") !=
        std::string::npos);
  CHECK(asked() == 0);
  // A person may.
  CHECK(tracker.post("/v1/orders/p1/7001/refill", Json{{"dry_run", true}}).json()["ask"] == true);
  clock.pass(hours(24));
  CHECK(why()["reason"] == "held");
  // A restart ends it no sooner.
  CHECK(tracker.stop().code == 0);
  REQUIRE_MESSAGE(start(), tracker.log());
  CHECK(why()["reason"] == "held");
  CHECK(asked() == 0);
  clock.pass(hours(1) + minutes(2));
  CHECK(eventually([&] { return asked() == 1; }, seconds(90)));
}

TEST_CASE("a copy of an older schema is brought to this one when it is restored") {
  KilledWorld world;
  auto& tracker = world.tracker;
  const auto newest = LooseDatabase(world.copy).number("PRAGMA user_version");
  // As it was before the last one came.
  LooseDatabase(world.copy, SQLITE_OPEN_READWRITE)
      .run("DROP TABLE event_gap; PRAGMA user_version = " + std::to_string(newest - 1));
  REQUIRE_MESSAGE(restore(tracker, world.copy) == 0, tracker.log());
  CHECK(tracker.log().find("schema " + std::to_string(newest - 1) + " brought to " +
                           std::to_string(newest)) != std::string::npos);
  CHECK(LooseDatabase(world.copy).number("PRAGMA user_version") == newest - 1);
  REQUIRE_MESSAGE(world.start(), tracker.log());
  CHECK(knows(tracker, "1"));
}

TEST_CASE("restored by root, every file belongs to who owns the state directory") {
  if (geteuid() != 0) {
    MESSAGE("skipped: only root can act for another user");
    return;
  }
  constexpr uid_t somebody = 65534;
  KilledWorld world;
  auto& tracker = world.tracker;
  fs::permissions(tracker.directory(), fs::perms::others_exec, fs::perm_options::add);
  REQUIRE(chmod(world.copy.c_str(), 0600) == 0);
  fs::remove(tracker.state() / "lock");
  REQUIRE(chown(tracker.state().c_str(), somebody, somebody) == 0);
  for (const auto* name : {"tracker.db", "tracker.db-wal"})
    REQUIRE(chown((tracker.state() / name).c_str(), somebody, somebody) == 0);
  // A sanitizer that looks for leaks must be allowed to look into the process, and root's is not for others.
  const std::map<std::string, std::string> environment = {{"ASAN_OPTIONS", "detect_leaks=0"}};
  REQUIRE_MESSAGE(restore(tracker, world.copy, environment) == 0, tracker.log());
  for (const auto& name : names_in(tracker.state())) {
    struct stat found {};
    REQUIRE(stat((tracker.state() / name).c_str(), &found) == 0);
    if (name != "backups") CHECK_MESSAGE(found.st_uid == somebody, name);
    if (name != "backups") CHECK_MESSAGE(found.st_gid == somebody, name);
  }
  CHECK(aside(tracker).size() == 2);
}

}  // namespace smm::test::restore_test
