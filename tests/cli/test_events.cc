#include "child.h"
#include "fake_daemon.h"

#include <doctest/doctest.h>

#include <csignal>

using namespace smm::test;

namespace {

std::string event(int seq, const std::string& type = "order.status_changed") {
  return R"({"seq":)" + std::to_string(seq) + R"(,"type":")" + type +
         R"(","timestamp":"2026-11-21T10:14:03.120Z","data":{"seq":)" + std::to_string(seq) +
         R"(,"panel":"p1","order":"23501","revision":7,"status":"partial","status_text":"Partial",)"
         R"("previous_status":"in_progress","charge":"0.27819","remains":157,"labels":{"customer":"42"},)"
         R"("first_time":true}})"
         "\n";
}

const std::string keepalive = R"({"type":"keepalive","seq":12})"
                              "\n";

}  // namespace

TEST_CASE("events are one line each, with what changed") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer(stream({event(9)}));
  const auto outcome = run(room.path("api.sock"), {"events"});
  CHECK(outcome.exit == 0);
  CHECK(
      outcome.out ==
      "2026-11-21T10:14:03.120Z  9  order.status_changed  p1/23501      in_progress → partial charge=0.27819 "
      "remains=157 customer=42\n");
  CHECK(daemon.request(0).target == "/v1/events?limit=1000");
}

TEST_CASE("events in JSON are the daemon's lines") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer(stream({event(9) + event(10).substr(0, 20), event(10).substr(20)}));
  Child child({{"events", "--json"}, {{"SMM_TRACKER_SOCKET", room.path("api.sock")}}});
  daemon.proceed();
  CHECK(child.finish().out == event(9) + event(10));
}

TEST_CASE("the filters of events arrive as the API spells them") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer(stream({""}));
  run(room.path("api.sock"), {"events", "--since", "0", "--types", "order.*", "--types", "panel.down",
                              "--panel", "p1", "--limit", "5"});
  CHECK(daemon.request(0).target == "/v1/events?since=0&types=order.%2A&types=panel.down&panel=p1&limit=5");
}

TEST_CASE("events walk on while pages are full, behind the last number seen") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  std::string full;
  for (int i = 1; i <= 1000; ++i) full += event(i);
  daemon.will_answer(stream({full}));
  daemon.will_answer(stream({event(1001)}));
  const auto outcome = run(room.path("api.sock"), {"events", "--json"});
  CHECK(outcome.out == full + event(1001));
  REQUIRE(daemon.seen().size() == 2);
  CHECK(daemon.request(1).target == "/v1/events?since=1000&limit=1000");
}

TEST_CASE("followed events are printed the moment they come, keepalives never") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer(stream({event(9), keepalive, event(13), "x"}));
  Child child({{"events", "--follow", "--json"}, {{"SMM_TRACKER_SOCKET", room.path("api.sock")}}});
  CHECK(child.shows(event(9)));
  daemon.proceed();
  daemon.proceed();
  CHECK(child.shows(event(13)));
  CHECK(child.out() == event(9) + event(13));
  CHECK(daemon.request(0).target == "/v1/events?follow=1");
  child.signal(SIGINT);
  const auto outcome = child.finish();
  CHECK(outcome.exit == 130);
  CHECK(outcome.err.empty());
}

TEST_CASE("a followed stream that breaks is taken up behind the last number, keepalives counted") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer(stream({event(9) + keepalive}, false));
  daemon.will_answer(stream({event(13), "x"}));
  Child child({{"events", "--follow", "--json"}, {{"SMM_TRACKER_SOCKET", room.path("api.sock")}}});
  CHECK(child.shows(event(13)));
  CHECK(daemon.request(1).target == "/v1/events?since=12&follow=1");
  child.signal(SIGTERM);
  const auto outcome = child.finish();
  CHECK(outcome.exit == 143);
  CHECK(outcome.err == "smm-tracker: the daemon went away; waiting up to 1m for it\n");
}

TEST_CASE("a half line at the end of a broken stream is not an event") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer(stream({event(9) + R"({"seq":10,"ty)"}, false));
  const auto outcome = run(room.path("api.sock"), {"events", "--follow", "--json", "--reconnect", "0s"});
  CHECK(outcome.out == event(9));
  CHECK(outcome.exit == 1);
  CHECK(outcome.err.find("hung up") != std::string::npos);
}

TEST_CASE("a cursor that has expired is an error which says from where on there are events") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer(problem(410, "cursor-expired", "events before 500 are gone", R"(,"oldest":500)"));
  const auto outcome = run(room.path("api.sock"), {"events", "--since", "3", "--follow"});
  CHECK(outcome.exit == 1);
  CHECK(outcome.out.empty());
  CHECK(outcome.err == "smm-tracker: events before 500 are gone\n");
}

TEST_CASE("lines that are no events end it") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer(stream({event(9) + "<html>\n"}));
  const auto outcome = run(room.path("api.sock"), {"events", "--json"});
  CHECK(outcome.exit == 1);
  CHECK(outcome.out == event(9));
  CHECK(outcome.err == "smm-tracker: the daemon sent a line that is no event\n");
}

TEST_CASE("events to a reader that has gone end quietly, whatever the parent left of SIGPIPE") {
  for (const bool ignored : {false, true}) {
    CAPTURE(ignored);
    const Room room;
    FakeDaemon daemon(room.path("api.sock"));
    daemon.will_answer(stream({event(9), event(10), event(11)}));
    Launch launch;
    launch.arguments = {"events", "--follow"};
    launch.environment = {{"SMM_TRACKER_SOCKET", room.path("api.sock")}};
    launch.ignore_sigpipe = ignored;
    Child child(launch);
    CHECK(child.shows("order.status_changed"));
    child.close_out();
    daemon.proceed();
    const auto outcome = child.finish();
    CHECK(outcome.signal == SIGPIPE);
    CHECK(outcome.err.empty());
  }
}

TEST_CASE("events --follow does not wait for a daemon that was never there") {
  const auto outcome = run("/nonexistent/api.sock", {"events", "--follow"});
  CHECK(outcome.exit == 7);
  CHECK(outcome.err.find("waiting") == std::string::npos);
}
