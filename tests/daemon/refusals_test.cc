#include "practice-panel/server.h"
#include "tracker_process.h"

#include <doctest/doctest.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include <algorithm>

using namespace smm::test;
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
  CHECK(exit_code(tracker, {.config = one_panel, .arguments = {"--check"}}) == 0);
  CHECK(says(tracker, "good; 1 panels, 0 webhooks"));
  CHECK(exit_code(tracker, {.config = "[panel.p1]\n", .arguments = {"--check"}}) == 78);
  CHECK(says(tracker, "panel.p1"));
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
