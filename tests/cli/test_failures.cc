#include "child.h"
#include "fake_daemon.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <fstream>

using namespace smm::test;

namespace {

const std::string no_webhooks = R"({"items":[],"next":null})";

bool is_one_line(const std::string& text) {
  return !text.empty() && text.find('\n') == text.size() - 1;
}

bool is_root() {
  if (::geteuid() == 0) return true;
  MESSAGE("skipped: only root can run the program as somebody else");
  return false;
}

Outcome run_as_nobody(const std::map<std::string, std::string>& environment,
                      const std::vector<std::string>& arguments) {
  Launch launch;
  launch.arguments = arguments;
  launch.environment = environment;
  launch.as_nobody = true;
  return run(launch);
}

}  // namespace

TEST_CASE("a socket that is not there means the daemon does not run") {
  const auto outcome = run("/nonexistent/api.sock", {"status"});
  CHECK(outcome.exit == 7);
  CHECK(outcome.out.empty());
  CHECK(outcome.err ==
        "smm-tracker: /nonexistent/api.sock: no such socket; the daemon is not running (sudo systemctl start "
        "smm-tracker)\n");
}

TEST_CASE("a socket nobody listens on means the daemon does not run") {
  const Room room;
  {
    // Its path outlives a daemon that was killed.
    FakeDaemon daemon(room.path("dead.sock"));
    REQUIRE(::link(room.path("dead.sock").c_str(), room.path("api.sock").c_str()) == 0);
  }
  const auto outcome = run(room.path("api.sock"), {"status"});
  CHECK(outcome.exit == 7);
  CHECK(has(outcome.err, "nobody is listening"));
}

TEST_CASE("a file that is no socket is called one") {
  const Room room;
  std::ofstream(room.path("api.sock")) << "hello";
  const auto outcome = run(room.path("api.sock"), {"status"});
  CHECK(outcome.exit == 1);
  CHECK(has(outcome.err, "is not a socket"));
}

TEST_CASE("a path too long for a socket is refused as one") {
  const auto outcome = run("/tmp/" + std::string(200, 'x'), {"status"});
  CHECK(outcome.exit == 2);
  CHECK(has(outcome.err, "too long"));
}

TEST_CASE("without permission on the socket the exit code is 4 and the group is named") {
  if (!is_root()) return;
  const Room room;
  FakeDaemon daemon(room.path("api.sock"), 0660);
  const auto outcome = run_as_nobody({{"SMM_TRACKER_SOCKET", room.path("api.sock")}}, {"track", "p1/1"});
  CHECK(outcome.exit == 4);
  CHECK(outcome.err == "smm-tracker: " + room.path("api.sock") +
                           ": permission denied; are you in group smm-tracker? (sudo usermod -aG smm-tracker "
                           "$USER, then log in "
                           "again)\n");
}

TEST_CASE("who may not use api.sock looks through ro.sock, and changes nothing there") {
  if (!is_root()) return;
  const Room room;
  FakeDaemon daemon(room.path("api.sock"), 0660);
  FakeDaemon read_only(room.path("ro.sock"), 0666);
  read_only.will_answer(json(no_webhooks));
  const std::map<std::string, std::string> environment = {{"SMM_TRACKER_SOCKET", room.path("api.sock")}};
  const auto looked = run_as_nobody(environment, {"webhooks", "--json"});
  CHECK(looked.exit == 0);
  CHECK(looked.out == no_webhooks + "\n");
  CHECK(run_as_nobody(environment, {"api", "HEAD", "/v1/webhooks"}).exit == 0);
  CHECK(run_as_nobody(environment, {"untrack", "p1/1"}).exit == 4);
  CHECK(run_as_nobody(environment, {"webhooks", "--socket", room.path("api.sock")}).exit == 4);
  CHECK(read_only.seen().size() == 2);
  CHECK(daemon.seen().empty());
}

TEST_CASE(
    "without permission on either socket the message is about api.sock or ro.sock and says which groups") {
  if (!is_root()) return;
  const Room room;
  FakeDaemon daemon(room.path("api.sock"), 0660);
  const auto outcome = run_as_nobody({{"SMM_TRACKER_SOCKET", room.path("api.sock")}}, {"status"});
  CHECK(outcome.exit == 4);
  CHECK(has(outcome.err, "group smm-tracker or, to look only, smm-tracker-ro?"));
}

TEST_CASE("the read-only socket's refusal is a matter of permission") {
  const Room room;
  FakeDaemon daemon(room.path("ro.sock"));
  daemon.will_answer(problem(403, "read-only-socket", "this socket answers GET only"));
  const auto outcome = run(room.path("ro.sock"), {"reload"});
  CHECK(outcome.exit == 4);
  CHECK(outcome.err ==
        "smm-tracker: this socket answers GET only; use api.sock, which members of group smm-tracker may\n");
}

TEST_CASE("problems have the exit codes of their kind, and one line each") {
  struct Kind {
    int status;
    std::string code;
    int exit;
  };
  for (const auto& kind : std::vector<Kind>{{404, "order-not-found", 3},
                                            {404, "panel-unknown", 3},
                                            {422, "validation-failed", 2},
                                            {400, "unknown-parameter", 2},
                                            {403, "forbidden-origin", 4},
                                            {502, "upstream-error", 5},
                                            {504, "upstream-ambiguous", 5},
                                            {503, "panel-busy", 5},
                                            {503, "draining", 7},
                                            {409, "conflict", 1},
                                            {500, "something-new", 1}}) {
    CAPTURE(kind.code);
    const Room room;
    FakeDaemon daemon(room.path("api.sock"));
    daemon.will_answer(problem(kind.status, kind.code, "the detail"));
    const auto outcome = run(room.path("api.sock"), {"show", "p1/1"});
    CHECK(outcome.exit == kind.exit);
    CHECK(outcome.out.empty());
    CHECK(is_one_line(outcome.err));
    CHECK(has(outcome.err, "smm-tracker: the detail"));
  }
}

TEST_CASE("what is wrong with each field is told") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer(
      problem(422, "validation-failed", "2 fields are wrong",
              R"(,"errors":[{"at":"quantity","detail":"must be a whole number"},{"at":"id","detail":"x"}])"));
  CHECK(run(room.path("api.sock"), {"track", "p1/1"}).err ==
        "smm-tracker: 2 fields are wrong; quantity: must be a whole number; id: x\n");
  daemon.will_answer(problem(422, "validation-failed", "panel: there is no p9",
                             R"(,"errors":[{"at":"panel","detail":"there is no p9"}])"));
  run(room.path("api.sock"), {"track", "p1/1"});
  CHECK(run(room.path("api.sock"), {"track", "p1/1"}).err == "smm-tracker: panel: there is no p9\n");
}

TEST_CASE("with --json the daemon's problem goes to standard output as it is") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer(problem(404, "order-not-found", "no such order"));
  const auto outcome = run(room.path("api.sock"), {"show", "p1/1", "--json"});
  CHECK(outcome.exit == 3);
  CHECK(has(outcome.out, R"("code":"order-not-found")"));
  CHECK(is_one_line(outcome.out));
  CHECK(outcome.err == "smm-tracker: no such order\n");
}

TEST_CASE("a daemon that hangs up is told apart from one that does not run") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer(raw(""));
  daemon.will_answer(raw("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"items\":["));
  daemon.will_answer(raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"ite\r\n"));
  for (int i = 0; i < 3; ++i) {
    const auto outcome = run(room.path("api.sock"), {"list"});
    CHECK(outcome.exit == 1);
    CHECK(outcome.out.empty());
    CHECK(has(outcome.err, "hung up before its answer was complete"));
    CHECK(!has(outcome.err, "is not known"));
    CHECK(is_one_line(outcome.err));
  }
}

TEST_CASE("answers that are no HTTP, no JSON or another JSON are called so") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer(raw("220 mail.example ESMTP\r\n"));
  daemon.will_answer(json("<html>It works!</html>"));
  daemon.will_answer(json(R"({"items":[]} and more)"));
  daemon.will_answer(json(R"({"hello":"world"})"));
  daemon.will_answer(json(""));
  daemon.will_answer(json(std::string(100'000, '[')));
  daemon.will_answer(raw("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 6\r\n\r\n<html>"));
  for (int i = 0; i < 7; ++i) {
    CAPTURE(i);
    const auto outcome = run(room.path("api.sock"), {"list"});
    CHECK(outcome.exit == (i == 6 ? 5 : 1));
    CHECK(outcome.out.empty());
    CHECK(has(outcome.err, "is it smm-tracker's socket?"));
    CHECK(is_one_line(outcome.err));
  }
}

TEST_CASE("an answer that comes in pieces is put together") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  const auto whole = json(no_webhooks).pieces.front();
  Answer slow;
  for (std::size_t at = 0; at < whole.size(); at += 7) slow.pieces.push_back(whole.substr(at, 7));
  daemon.will_answer(slow);
  for (std::size_t i = 1; i < slow.pieces.size(); ++i) daemon.proceed();
  CHECK(run(room.path("api.sock"), {"webhooks", "--json"}).out == no_webhooks + "\n");
}

TEST_CASE("a daemon that does not answer in time is given up with 124") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer({{"HTTP/1.1 200 OK\r\n", "never sent"}});
  const auto outcome = run(room.path("api.sock"), {"status", "--max-time", "100ms"});
  CHECK(outcome.exit == 124);
  CHECK(has(outcome.err, "did not answer in time"));
}

TEST_CASE("a proxy in the environment is no way to a Unix socket") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer(json(no_webhooks));
  Launch launch;
  launch.arguments = {"webhooks", "--json"};
  launch.environment = {{"SMM_TRACKER_SOCKET", room.path("api.sock")},
                        {"http_proxy", "http://127.0.0.1:1"},
                        {"ALL_PROXY", "http://127.0.0.1:1"}};
  CHECK(run(launch).out == no_webhooks + "\n");
  CHECK(daemon.request(0).target == "/v1/webhooks");
}

TEST_CASE("output that cannot be written is a failure") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer(json(no_webhooks));
  Launch launch;
  launch.arguments = {"webhooks", "--json"};
  launch.environment = {{"SMM_TRACKER_SOCKET", room.path("api.sock")}};
  launch.output_file = "/dev/full";
  const auto outcome = run(launch);
  CHECK(outcome.exit == 1);
  CHECK(outcome.err == "smm-tracker: cannot write to standard output: No space left on device\n");
}
