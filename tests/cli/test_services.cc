#include "child.h"
#include "cli/table.h"
#include "fake_daemon.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <sstream>

using namespace smm::test;

namespace {

std::string service(const std::string& id, const std::string& name, const std::string& more = "") {
  return R"({"service":")" + id + R"(","name":")" + name +
         R"(","type":"Default","category":"Instagram","rate":"0.90","min":50,"max":10000,"refill":true,)"
         R"("cancel":false,"dripfeed":null,"first_seen_at":"2026-11-01T08:00:00.000Z",)"
         R"("changed_at":"2026-11-01T08:00:00.000Z","removed_at":null)" +
         more + "}";
}

std::string page(const std::string& items, const std::string& next = "null") {
  return R"({"items":[)" + items + R"(],"next":)" + next + R"(,"seen_at":"2026-11-21T08:00:00.000Z"})";
}

}  // namespace

TEST_CASE("services shows the catalogue with rate, bounds and flags") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer(
      json(page(service("1", "Followers ♻️ 30 Days") +
                R"(,{"service":"22","name":"Old","rate":null,"min":null,"max":5,"refill":null})")));
  const auto outcome = run(room.path("api.sock"), {"services", "p1"});
  CHECK(outcome.exit == 0);
  CHECK(outcome.out ==
        "SERVICE  NAME                 RATE   MIN–MAX  RCD  TYPE     CATEGORY\n"
        "      1  Followers ♻️ 30 Days  0.90  50–10000  R-?  Default  Instagram\n"
        "     22  Old                     -       ?–5  ???  -        -\n");
  CHECK(daemon.request(0).method == "GET");
  CHECK(daemon.request(0).target == "/v1/panels/p1/services?limit=100");
}

TEST_CASE("services are searched by words, with the removed ones when wanted") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer(json(page(R"({"service":"1","name":"Likes","removed_at":"2026-11-20T08:00:00.000Z"})")));
  const auto outcome = run(room.path("api.sock"), {"services", "p1", "insta", "likes & more", "--removed"});
  CHECK(daemon.request(0).target ==
        "/v1/panels/p1/services?q=insta%20likes%20%26%20more&removed=1&limit=100");
  CHECK(outcome.out.find("SERVICE  NAME   REMOVED                   RATE") == 0);
  CHECK(outcome.out.find("      1  Likes  2026-11-20T08:00:00.000Z     -") != std::string::npos);
}

TEST_CASE("five thousand services come in pages of a thousand") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  for (int p = 0; p < 5; ++p) {
    std::string items;
    for (int i = 0; i < 1000; ++i) items += (i == 0 ? "" : ",") + service(std::to_string(p * 1000 + i), "n");
    daemon.will_answer(json(page(items, p < 4 ? "\"c" + std::to_string(p) + "\"" : "null")));
  }
  const auto outcome = run(room.path("api.sock"), {"services", "p1", "--all"});
  CHECK(outcome.exit == 0);
  CHECK(std::count(outcome.out.begin(), outcome.out.end(), '\n') == 5001);
  CHECK(daemon.seen().size() == 5);
  CHECK(daemon.request(4).target == "/v1/panels/p1/services?limit=1000&cursor=c3");
}

TEST_CASE("on eighty columns a service keeps its number, name, rate and bounds") {
  smm::cli::use_utf8();
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer(json(page(service("12345", std::string(150, 'n')))));
  Launch launch;
  launch.arguments = {"services", "p1"};
  launch.environment = {{"SMM_TRACKER_SOCKET", room.path("api.sock")}, {"TERM", "dumb"}};
  for (const int columns : {80, 60}) {
    launch.columns = columns;
    const auto out = run(launch).out;
    std::istringstream lines(out);
    for (std::string line; std::getline(lines, line);) CHECK(smm::cli::display_width(line) <= columns);
    CHECK(out.find("  12345  nnnnnnnnnnnnnnnnnn") != std::string::npos);
    CHECK(out.find("…  0.90  50–10000") != std::string::npos);
  }
}

TEST_CASE("services --changes tells before and after, and how many open orders it concerns") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  const std::string at = R"(,"at":"2026-11-21T08:00:00.000Z"})";
  daemon.will_answer(json(
      R"({"items":[{"service":"1","kind":"changed","field":"rate","before":"0.90","after":"0.95","open_orders":3)" +
      at + R"(,{"service":"2","kind":"removed","field":null,"before":null,"after":null,"open_orders":0)" +
      at +
      R"(,{"service":"3","kind":"changed","field":"refill","before":null,"after":"false","open_orders":1)" +
      at + R"(],"next":null})"));
  const auto outcome = run(room.path("api.sock"), {"services", "p1", "--changes", "--limit", "50"});
  CHECK(outcome.out ==
        "AT                        SERVICE  WHAT     CHANGE           OPEN ORDERS\n"
        "2026-11-21T08:00:00.000Z        1  rate     0.90 → 0.95                3\n"
        "2026-11-21T08:00:00.000Z        2  removed  -                          0\n"
        "2026-11-21T08:00:00.000Z        3  refill   unknown → false            1\n");
  CHECK(daemon.request(0).target == "/v1/panels/p1/services/changes?limit=50");
  CHECK(run(room.path("api.sock"), {"services", "p1", "words", "--changes"}).exit == 2);
  CHECK(run(room.path("api.sock"), {"services", "p1", "--removed", "--changes"}).exit == 2);
}
