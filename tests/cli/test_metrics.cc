#include "child.h"
#include "fake_daemon.h"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <filesystem>
#include <fstream>
#include <sstream>

using namespace smm::test;

namespace {

constexpr const char* figures =
    "# HELP smm_tracker_polls_due Orders that are due.\n# TYPE smm_tracker_polls_due gauge\n"
    "smm_tracker_polls_due{panel=\"p1\"} 3\nsmm_tracker_panel_balance{panel=\"p1\",currency=\"a\\\"b\\\\c\"} "
    "1.50\n"
    "smm_tracker_events_seq 12\n"
    "# HELP process_open_fds Files.\n# TYPE process_open_fds gauge\nprocess_open_fds 9\n";

Answer answer_of(const std::string& text) {
  return raw("HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\nContent-Length: " +
             std::to_string(text.size()) + "\r\n\r\n" + text);
}

std::string text_of(const std::string& file) {
  std::ostringstream text;
  text << std::ifstream(file).rdbuf();
  return text.str();
}

std::size_t files_in(const Room& room, const std::string& directory) {
  const auto files = std::filesystem::directory_iterator(room.path(directory));
  return static_cast<std::size_t>(std::distance(begin(files), end(files)));
}

}  // namespace

TEST_CASE("metrics prints what the daemon tells, byte for byte, or as JSON") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer(answer_of(figures));
  CHECK(run(room.path("api.sock"), {"metrics"}).out == figures);
  CHECK(daemon.request(0).target == "/metrics");
  const auto json = run(room.path("api.sock"), {"metrics", "--json"}).out;
  CHECK(has(json, R"({"name":"smm_tracker_polls_due","labels":{"panel":"p1"},"value":"3"})"));
  CHECK(has(json, R"("labels":{"panel":"p1","currency":"a\"b\\c"},"value":"1.50")"));
  CHECK(has(json, R"({"name":"smm_tracker_events_seq","labels":{},"value":"12"})"));
}

TEST_CASE(
    "metrics --textfile replaces the file at once, for everybody to read, without the process's own "
    "figures") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer(answer_of(figures));
  std::filesystem::create_directory(room.path("prom"));
  const auto file = room.path("prom/smm-tracker.prom");
  std::ofstream(file) << "old\n";
  std::ifstream held(file);  // who reads it meanwhile
  const auto outcome = run(room.path("api.sock"), {"metrics", "--textfile", file});
  CHECK_MESSAGE(outcome.exit == 0, outcome.err);
  CHECK(outcome.out.empty());
  const auto text = text_of(file);
  CHECK(has(text, "smm_tracker_polls_due{panel=\"p1\"} 3\n"));
  CHECK_FALSE(has(text, "process_"));
  struct stat found {};
  CHECK(stat(file.c_str(), &found) == 0);
  CHECK((found.st_mode & 0777) == 0644);
  std::string line;
  CHECK(std::getline(held, line));
  CHECK(line == "old");
  CHECK(files_in(room, "prom") == 1);
}

TEST_CASE("metrics --textfile leaves no old figures where the daemon does not answer") {
  const Room room;
  const auto file = room.path("smm-tracker.prom");
  std::ofstream(file) << figures;
  CHECK(run(room.path("api.sock"), {"metrics", "--textfile", file}).exit == 7);
  CHECK_FALSE(std::filesystem::exists(file));
}

TEST_CASE("metrics --textfile takes away nothing but figures of its own") {
  const Room room;
  std::ofstream(room.path("letter")) << "# HELP wanted\n";
  std::ofstream(room.path("kept")) << figures;
  std::filesystem::create_symlink("kept", room.path("link"));
  REQUIRE(mkfifo(room.path("pipe").c_str(), 0600) == 0);
  for (const std::string name : {"letter", "link", "pipe"}) {
    CAPTURE(name);
    CHECK(run(room.path("api.sock"), {"metrics", "--textfile", room.path(name)}).exit == 7);
    CHECK(std::filesystem::exists(room.path(name)));
  }
  CHECK(std::filesystem::is_symlink(room.path("link")));
}

TEST_CASE("metrics --textfile refuses what is no plain file, and it stays what it was") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer(answer_of(figures));
  std::ofstream(room.path("kept")) << "kept\n";
  std::filesystem::create_symlink("kept", room.path("link"));
  std::filesystem::create_symlink("nowhere", room.path("dangling"));
  REQUIRE(mkfifo(room.path("pipe").c_str(), 0600) == 0);
  std::vector<std::string> names = {"link", "dangling", "pipe"};
  // Like /dev/null, which a root's command once turned into a file; where devices may be made at all.
  if (mknod(room.path("null").c_str(), S_IFCHR | 0600, makedev(1, 3)) == 0) names.emplace_back("null");
  for (const auto& name : names) {
    CAPTURE(name);
    const auto before = std::filesystem::symlink_status(room.path(name)).type();
    const auto outcome = run(room.path("api.sock"), {"metrics", "--textfile", room.path(name)});
    CHECK(outcome.exit == 1);
    CHECK(has(outcome.err, "/" + name + ": is no plain file and stays as it is"));
    CHECK(std::filesystem::symlink_status(room.path(name)).type() == before);
  }
  CHECK(text_of(room.path("kept")) == "kept\n");
}

TEST_CASE("metrics --textfile says what is wrong with the place, and leaves nothing half written") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer(answer_of(figures));
  const auto nowhere = run(room.path("api.sock"), {"metrics", "--textfile", room.path("none/x.prom")});
  CHECK(nowhere.exit == 1);
  CHECK(has(nowhere.err, "none/x.prom: cannot be made: No such file or directory"));
  std::filesystem::create_directories(room.path("prom/taken.prom"));
  const auto taken = run(room.path("api.sock"), {"metrics", "--textfile", room.path("prom/taken.prom")});
  CHECK(taken.exit == 1);
  CHECK(has(taken.err, "taken.prom: is no plain file and stays as it is: Is a directory"));
  CHECK(files_in(room, "prom") == 1);
}
