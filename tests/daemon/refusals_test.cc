#include "practice-panel/server.h"
#include "tracker_process.h"

#include <doctest/doctest.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <functional>

namespace smm::test::refusals_test {

using std::chrono::seconds;

namespace {

const std::string one_panel = panel_section("p1", "http://127.0.0.1:9/api/v2");

// Runs the daemon to its end and gives its exit status.
int exit_code(TrackerProcess& tracker, const TrackerProcess::Options& options) {
  tracker.launch(options);
  const auto ended = tracker.wait_for_exit(seconds(20));
  return ended ? ended->code : -1;
}

std::size_t count_lines(const std::string& text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

bool says(const TrackerProcess& tracker, const std::string& words) {
  return tracker.log().find(words) != std::string::npos;
}

// Until the daemon waits for the instance lock. False: it does not, or has left.
bool comes_to_wait(TrackerProcess& tracker) {
  bool waits = false;
  eventually([&] {
    std::ifstream status("/proc/" + std::to_string(tracker.pid()) + "/syscall");
    std::string number;
    status >> number;
    waits = number == std::to_string(SYS_rt_sigtimedwait);
    return waits || !tracker.running();
  });
  return waits;
}

// Whoever waits for the lock leaves after five seconds, with 75. If this machine had no time for them, it is
// all done again.
bool in_three_tries(TrackerProcess& waiting, const std::function<bool()>& attempt) {
  for (int tries = 0; tries < 3; ++tries) {
    if (attempt()) return true;
    if (waiting.wait_for_exit(seconds(20)).value_or(ExitState{}).code != 75) return false;
  }
  return false;
}

}  // namespace

TEST_CASE("a configuration with errors: every complaint with line and column, exit 78") {
  TrackerProcess tracker;
  const auto config = one_panel + "intervall = 3\n[poll]\nfastest = \"fast\"\n[nonsense]\n";
  CHECK(exit_code(tracker, {.config = config}) == 78);
  CHECK_MESSAGE(says(tracker, "smm-tracker.toml:6:1: panel.p1.intervall: unknown key"), tracker.log());
  CHECK(says(tracker, "poll.fastest"));
  CHECK(says(tracker, "nonsense"));
}

TEST_CASE("--check says that a file is good, or lists its complaints and exits 78") {
  TrackerProcess tracker;
  CHECK(exit_code(tracker, {.config = one_panel, .arguments = {"--check"}, .errors_apart = true}) == 0);
  CHECK(tracker.log() ==
        (tracker.directory() / "smm-tracker.toml").string() + ": good; 1 panel, 0 webhooks\n");
  CHECK(tracker.errors().empty());
  CHECK(exit_code(tracker, {.config = "[panel.p1]\n", .arguments = {"--check"}, .errors_apart = true}) == 78);
  CHECK(tracker.errors().find("panel.p1") != std::string::npos);
  CHECK(count_lines(tracker.log()) == 1);
}

TEST_CASE("--check gives warnings as plain lines, and not among the results") {
  TrackerProcess tracker;
  tracker.add_file("keys/p1", "practice-key-0123456789");
  const auto twice = one_panel + panel_section("p2", "http://127.0.0.1:9/api/v2");
  CHECK(exit_code(tracker, {.config = twice, .arguments = {"--check"}, .errors_apart = true}) == 0);
  CHECK(count_lines(tracker.log()) == 1);
  CHECK_MESSAGE(tracker.errors().find("warning: " + tracker.directory().string()) == 0, tracker.errors());
  CHECK(tracker.errors().find('[') == std::string::npos);
}

TEST_CASE("a directory that cannot be made: one plain sentence, no C++ talk") {
  TrackerProcess tracker;
  CHECK(exit_code(tracker, {.config = one_panel, .arguments = {"--state-dir", "/proc/x/y"}}) == 1);
  CHECK_MESSAGE(says(tracker, "critical the directory /proc/x/y cannot be made: No such file"),
                tracker.log());
  CHECK_FALSE(says(tracker, "filesystem error"));
}

TEST_CASE("without standard streams nothing is written into the first file that is opened") {
  TrackerProcess tracker;
  REQUIRE(tracker.start({.config = one_panel, .closed = {2}}));
  CHECK(tracker.stop().code == 0);
  CHECK(read_file(tracker.state() / "lock").empty());
  REQUIRE(tracker.start({.config = one_panel, .closed = {0, 1, 2}}));
  CHECK(tracker.stop().code == 0);
  CHECK(read_file(tracker.state() / "lock").empty());
}

TEST_CASE("under the journal a line begins with its level, and elsewhere with the time") {
  TrackerProcess tracker;
  write_file(tracker.directory() / "log", "");
  struct stat log {};
  REQUIRE(stat((tracker.directory() / "log").c_str(), &log) == 0);
  const auto stream = std::to_string(log.st_dev) + ":" + std::to_string(log.st_ino);
  CHECK(exit_code(tracker, {.config = "[poll]\nx = 1\n", .environment = {{"JOURNAL_STREAM", stream}}}) == 78);
  CHECK_MESSAGE(tracker.log().substr(0, 4) == "<3>/", tracker.log());
  TrackerProcess elsewhere;
  CHECK(exit_code(elsewhere, {.config = "[poll]\nx = 1\n", .environment = {{"JOURNAL_STREAM", "1:2"}}}) ==
        78);
  CHECK(elsewhere.log().substr(0, 2) == "20");
}

TEST_CASE("a reload asked for while it waits for the instance lock comes after it, and a stop at once") {
  TrackerProcess first;
  TrackerProcess second;
  const TrackerProcess::Options options{.config = one_panel, .arguments = {"--state-dir", first.state()}};
  const auto takes_over = [&] {
    if (!first.running()) REQUIRE_MESSAGE(first.start({.config = one_panel}), first.log());
    second.launch(options);
    if (!comes_to_wait(second)) return false;
    second.signal(SIGHUP);
    CHECK(first.stop().code == 0);
    eventually([&] { return says(second, "configuration: read again") || !second.running(); });
    return second.running();
  };
  REQUIRE_MESSAGE(in_three_tries(second, takes_over), second.log());
  CHECK_MESSAGE(says(second, "configuration: read again"), second.log());
  REQUIRE(first.start({.config = one_panel, .arguments = {"--state-dir", first.directory() / "other"}}));
  TrackerProcess third;
  const auto stops = [&] {
    third.launch(options);
    return comes_to_wait(third) && third.stop().code == 0;
  };
  CHECK_MESSAGE(in_three_tries(third, stops), third.log());
  CHECK(second.stop().code == 0);
}

TEST_CASE("a key file that others can read: one clear line with the chmod that mends it, exit 78") {
  TrackerProcess tracker;
  tracker.add_file("keys/p1", "practice-key", 0644);
  CHECK(exit_code(tracker, {.config = one_panel}) == 78);
  CHECK_MESSAGE(count_lines(tracker.log()) == 1, tracker.log());
  CHECK(says(tracker, "chmod"));
  CHECK_FALSE(says(tracker, "practice-key"));
}

TEST_CASE("a key file that is not there: one clear line, exit 78") {
  TrackerProcess tracker;
  std::filesystem::remove(tracker.directory() / "keys/p1");
  CHECK(exit_code(tracker, {.config = one_panel}) == 78);
  CHECK_MESSAGE(count_lines(tracker.log()) == 1, tracker.log());
}

TEST_CASE("a database of another program: one clear line, exit 78, the file untouched") {
  TrackerProcess tracker;
  std::filesystem::create_directories(tracker.state());
  sqlite3* other = nullptr;
  REQUIRE(sqlite3_open((tracker.state() / "tracker.db").c_str(), &other) == SQLITE_OK);
  sqlite3_exec(other, "CREATE TABLE precious (x); PRAGMA application_id = 12345", nullptr, nullptr, nullptr);
  sqlite3_close(other);
  const auto before = read_file(tracker.state() / "tracker.db");
  CHECK(exit_code(tracker, {.config = one_panel}) == 78);
  CHECK_MESSAGE(count_lines(tracker.log()) == 1, tracker.log());
  CHECK(says(tracker, "another program"));
  CHECK(read_file(tracker.state() / "tracker.db") == before);
}

TEST_CASE("a file that is no database: one clear line, exit 78") {
  TrackerProcess tracker;
  write_file(tracker.state() / "tracker.db", std::string(5000, 'x'));
  CHECK(exit_code(tracker, {.config = one_panel}) == 78);
  CHECK_MESSAGE(count_lines(tracker.log()) == 1, tracker.log());
}

TEST_CASE("a database of a newer version: one clear line, exit 78") {
  TrackerProcess tracker;
  REQUIRE_MESSAGE(tracker.start({.config = one_panel}), tracker.log());
  CHECK(tracker.stop().code == 0);
  sqlite3* database = nullptr;
  REQUIRE(sqlite3_open((tracker.state() / "tracker.db").c_str(), &database) == SQLITE_OK);
  sqlite3_exec(database, "PRAGMA user_version = 9999", nullptr, nullptr, nullptr);
  sqlite3_close(database);
  std::filesystem::remove(tracker.directory() / "log");
  CHECK(exit_code(tracker, {.config = one_panel}) == 78);
  CHECK_MESSAGE(count_lines(tracker.log()) == 1, tracker.log());
  CHECK(says(tracker, "newer"));
}

TEST_CASE("a second daemon on the same state directory: one clear line, exit 75, the first undisturbed") {
  TrackerProcess first;
  REQUIRE_MESSAGE(first.start({.config = one_panel}), first.log());
  TrackerProcess second;
  CHECK(exit_code(second, {.config = one_panel, .arguments = {"--state-dir", first.state()}}) == 75);
  CHECK_MESSAGE(count_lines(second.log()) == 1, second.log());
  CHECK(says(second, "another smm-trackerd holds"));
  CHECK(first.get("/v1/health").status == 200);
}

TEST_CASE("arguments nobody knows: usage, exit 64") {
  TrackerProcess tracker;
  CHECK(exit_code(tracker, {.config = one_panel, .arguments = {"--colour"}}) == 64);
  CHECK(exit_code(tracker, {.config = one_panel, .arguments = {"extra"}}) == 64);
  CHECK(exit_code(tracker, {.config = one_panel, .arguments = {"--config"}}) == 64);
  CHECK(exit_code(tracker, {.arguments = {"--version"}}) == 0);
}

TEST_CASE(
    "what the daemon makes is for itself: state 0700, database 0600, sockets 0660, runtime directory 0755") {
  TrackerProcess tracker;
  REQUIRE_MESSAGE(tracker.start({.config = one_panel}), tracker.log());
  const auto mode = [](const std::filesystem::path& path) {
    struct stat found {};
    REQUIRE(stat(path.c_str(), &found) == 0);
    return found.st_mode & 07777U;
  };
  CHECK(mode(tracker.state()) == 0700);
  CHECK(mode(tracker.state() / "tracker.db") == 0600);
  CHECK(mode(tracker.socket()) == 0660);
  CHECK(mode(tracker.socket("ro.sock")) == 0660);
  CHECK(mode(tracker.directory() / "run") == 0755);
}

}  // namespace smm::test::refusals_test
