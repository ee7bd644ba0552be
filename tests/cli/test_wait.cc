#include "child.h"
#include "fake_daemon.h"

#include <doctest/doctest.h>

#include <csignal>

using namespace smm::test;

namespace {

std::string order(int revision, const std::string& status, const std::string& more = "") {
  const bool ended = status == "completed";
  return R"({"panel":"p1","id":"1","status":")" + status + R"(","revision":)" + std::to_string(revision) +
         R"(,"ended":)" + (ended ? "true" : "false") + R"(,"settled":false)" + more + "}";
}

const std::string timed_out = R"(,"timed_out":true)";

}  // namespace

TEST_CASE("wait asks again and again until the order has ended") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer(json(order(3, "pending")));
  daemon.will_answer(json(order(3, "pending", timed_out)));
  daemon.will_answer(json(order(4, "in_progress")));
  daemon.will_answer(json(order(5, "completed")));
  const auto outcome = run(room.path("api.sock"), {"wait", "p1/1"});
  CHECK(outcome.exit == 0);
  CHECK(outcome.out == "p1/1  completed\n");
  const auto seen = daemon.seen();
  REQUIRE(seen.size() == 4);
  CHECK(seen[0].target == "/v1/orders/p1/1");
  CHECK(seen[1].target == "/v1/orders/p1/1?wait=1m&until=ended&revision=3");
  CHECK(seen[3].target == "/v1/orders/p1/1?wait=1m&until=ended&revision=4");
}

TEST_CASE("wait for an order that has ended already asks once") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer(json(order(5, "completed")));
  CHECK(run(room.path("api.sock"), {"wait", "p1/1", "--json"}).out == order(5, "completed") + "\n");
  CHECK(daemon.seen().size() == 1);
}

TEST_CASE("wait --until change is over with the first change after it began") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer(json(order(5, "completed")));
  daemon.will_answer(json(order(6, "completed")));
  CHECK(run(room.path("api.sock"), {"wait", "p1/1", "--until", "change"}).exit == 0);
  CHECK(daemon.seen().size() == 2);
}

TEST_CASE("wait gives up after its time with 124 and shows how far the order is") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer(json(order(3, "pending")));
  daemon.will_answer(json(order(3, "pending", timed_out)));
  const auto outcome = run(room.path("api.sock"), {"wait", "p1/1", "--timeout", "50ms"});
  CHECK(outcome.exit == 124);
  CHECK(outcome.out == "p1/1  pending\n");
  CHECK(outcome.err == "smm-tracker: p1/1: has not ended within 50ms\n");
  for (const auto& seen : daemon.seen()) {
    const auto at = seen.target.find("wait=");
    if (at != std::string::npos) CHECK(std::stoi(seen.target.substr(at + 5)) <= 50);
  }
}

TEST_CASE("wait outlives a daemon that restarts") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer(json(order(3, "pending")));
  daemon.will_answer(raw(""));
  daemon.will_answer(problem(503, "draining", "the daemon is stopping"));
  daemon.will_answer(json(order(4, "completed")));
  const auto outcome = run(room.path("api.sock"), {"wait", "p1/1"});
  CHECK(outcome.exit == 0);
  CHECK(outcome.err == "smm-tracker: the daemon went away; waiting up to 1m for it\n");
}

TEST_CASE("wait for an order nobody knows is over at once") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer(problem(404, "order-not-found", "p1 has no order 1 here"));
  CHECK(run(room.path("api.sock"), {"wait", "p1/1"}).exit == 3);
}

TEST_CASE("an interrupt ends wait with 130 and without a word") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer(json(order(3, "pending")));
  daemon.will_answer({{"HTTP/1.1 200 OK\r\n", "never sent"}});
  Child child({{"wait", "p1/1"}, {{"SMM_TRACKER_SOCKET", room.path("api.sock")}}});
  REQUIRE(daemon.was_asked(2));
  child.signal(SIGINT);
  const auto outcome = child.finish();
  CHECK(outcome.exit == 130);
  CHECK(outcome.out.empty());
  CHECK(outcome.err.empty());
}

TEST_CASE("wait does not wait for a daemon that was never there") {
  const auto outcome = run("/nonexistent/api.sock", {"wait", "p1/1"});
  CHECK(outcome.exit == 7);
  CHECK(outcome.err.find("waiting") == std::string::npos);
}
