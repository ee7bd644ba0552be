#include "child.h"
#include "fake_daemon.h"

#include <doctest/doctest.h>

using namespace smm::test;

namespace {

std::string order(const std::string& id, const std::string& more = "") {
  return R"({"panel":"p1","id":")" + id +
         R"(","service":"1","service_name":"Followers","quantity":1000,"status":"in_progress","delivered":843,)"
         R"("remains":157,"charge":"0.27819","currency":"USD","ref":"shop-991","stalled":false,"lost":false,)"
         R"("changed_at":"2026-11-21T08:00:00.000Z")" +
         more + "}";
}

std::string page(const std::vector<std::string>& items, const std::string& next = "null") {
  std::string text = R"({"items":[)";
  for (const auto& item : items) text += (text.back() == '[' ? "" : ",") + item;
  return text + R"(],"next":)" + next + "}";
}

}  // namespace

TEST_CASE("list shows a row for each order, in a pipe with whole times and nothing cut") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  const std::string long_name(200, 'n');
  daemon.will_answer(json(page({order("23501"), R"({"panel":"p2","id":"9","status":"new","service_name":")" +
                                                    long_name + R"(","remains":4})"})));
  const auto outcome = run(room.path("api.sock"), {"list"});
  CHECK(outcome.exit == 0);
  CHECK(outcome.err.empty());
  CHECK(outcome.out ==
        "ORDER     STATUS       PROGRESS       CHARGE  CHANGED                   REF       SERVICE\n"
        "p1/23501  in_progress  843/1000  0.27819 USD  2026-11-21T08:00:00.000Z  shop-991  Followers\n"
        "p2/9      new            4 left            -  -                         -         " +
            long_name + "\n");
}

TEST_CASE("every filter of list arrives as the API spells it") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer(json(page({})));
  const auto outcome = run(room.path("api.sock"), {"list",
                                                   "--panel",
                                                   "p1",
                                                   "--panel",
                                                   "p2",
                                                   "--status",
                                                   "partial",
                                                   "--service",
                                                   "7",
                                                   "--label",
                                                   "customer=4 2&x",
                                                   "--ref",
                                                   "shop/9",
                                                   "-q",
                                                   "23",
                                                   "--stalled",
                                                   "--no-settled",
                                                   "--updated-after",
                                                   "2026-11-21T09:00:00+01:00",
                                                   "--sort",
                                                   "changed",
                                                   "--desc",
                                                   "--limit",
                                                   "7"});
  CHECK(outcome.exit == 0);
  REQUIRE(daemon.seen().size() == 1);
  CHECK(daemon.request(0).method == "GET");
  CHECK(daemon.request(0).target ==
        "/v1/orders?panel=p1&panel=p2&status=partial&service=7&label.customer=4%202%26x&ref=shop%2F9&q=23"
        "&stalled=1&settled=0&updated_after=2026-11-21T08%3A00%3A00.000Z&sort=changed&order=desc&limit=7");
}

TEST_CASE("list goes on from page to page until it has as many as were asked for") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  // Filters without an index answer with fewer than asked for, or none, and a cursor.
  daemon.will_answer(json(page({}, R"("0")")));
  daemon.will_answer(json(page({order("1")}, R"("a b")")));
  daemon.will_answer(json(page({}, R"("c")")));
  daemon.will_answer(json(page({order("2"), order("3")}, R"("d")")));
  const auto outcome = run(room.path("api.sock"), {"list", "--limit", "3", "--json"});
  CHECK(outcome.exit == 0);
  CHECK(outcome.out == page({order("1"), order("2"), order("3")}, R"("d")") + "\n");
  const auto seen = daemon.seen();
  REQUIRE(seen.size() == 4);
  CHECK(seen[0].target == "/v1/orders?limit=3");
  CHECK(seen[1].target == "/v1/orders?limit=3&cursor=0");
  CHECK(seen[2].target == "/v1/orders?limit=2&cursor=a%20b");
  CHECK(seen[3].target == "/v1/orders?limit=2&cursor=c");
}

TEST_CASE("list --all walks to the end in pages of a thousand and prints one document") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer(json(page({order("1")}, R"("x")")));
  daemon.will_answer(json(page({order("2")})));
  const auto outcome = run(room.path("api.sock"), {"list", "--all", "--json"});
  CHECK(outcome.out == page({order("1"), order("2")}) + "\n");
  CHECK(daemon.request(0).target == "/v1/orders?limit=1000");
  CHECK(daemon.request(1).target == "/v1/orders?limit=1000&cursor=x");
}

TEST_CASE("a cursor that leads nowhere does not keep list busy for ever") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer(json(page({}, R"("same")")));
  CHECK(run(room.path("api.sock"), {"list", "--all"}).exit == 0);
  CHECK(daemon.seen().size() == 2);
}

TEST_CASE("the titles stand once above many pages") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer(json(page({order("1")}, R"("x")")));
  daemon.will_answer(json(page({order("2")})));
  const auto out = run(room.path("api.sock"), {"list", "--all"}).out;
  CHECK(out.find("ORDER") == out.rfind("ORDER"));
  CHECK(out.find("p1/2 ") != std::string::npos);
}

TEST_CASE("a list that breaks in the middle is an error, whatever was printed before") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer(json(page({order("1")}, R"("x")")));
  daemon.will_answer(problem(500, "internal", "disk on fire"));
  const auto outcome = run(room.path("api.sock"), {"list", "--all"});
  CHECK(outcome.exit == 1);
  CHECK(outcome.err == "smm-tracker: disk on fire\n");
}

TEST_CASE("an empty list is nothing in a pipe and an empty list in JSON") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer(json(page({})));
  CHECK(run(room.path("api.sock"), {"list"}).out.empty());
  CHECK(run(room.path("api.sock"), {"list", "--json"}).out == "{\"items\":[],\"next\":null}\n");
}

TEST_CASE("history shows the points of an order, the first sight first") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer(
      json(page({R"({"at":"2026-11-21T08:00:00.000Z","status":"pending","status_text":"Pending",)"
                 R"("charge":null,"remains":1000,"start_count":null})",
                 R"({"at":"2026-11-21T08:05:00.000Z","status":"completed","status_text":"Done",)"
                 R"("charge":"0.9","remains":0,"start_count":12})"})));
  const auto outcome = run(room.path("api.sock"), {"history", "p1/23501"});
  CHECK(outcome.out ==
        "AT                        STATUS     REMAINS  CHARGE  START COUNT  PANEL'S WORD\n"
        "2026-11-21T08:00:00.000Z  pending       1000       -            -  Pending\n"
        "2026-11-21T08:05:00.000Z  completed        0     0.9           12  Done\n");
  CHECK(daemon.request(0).target == "/v1/orders/p1/23501/history?limit=1000");
}

TEST_CASE("list --spark draws what remained of each order it shows") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer(json(page({order("23501"), order("23502")})));
  daemon.will_answer(json(page({R"({"at":"2026-11-21T08:00:00.000Z","remains":1000})",
                                R"({"at":"2026-11-21T08:05:00.000Z","remains":500})",
                                R"({"at":"2026-11-21T08:06:00.000Z","remains":null})",
                                R"({"at":"2026-11-21T08:11:00.000Z","remains":0})"})));
  daemon.will_answer(problem(500, "internal", "disk on fire"));
  const auto outcome = run(room.path("api.sock"), {"list", "--spark"});
  CHECK(outcome.exit == 0);
  CHECK(outcome.out.find("PROGRESS  REMAINS            CHARGE") != std::string::npos);
  CHECK(outcome.out.find("p1/23501  in_progress  843/1000  █████▅▅▅▅▅▅▁  0.27819 USD") != std::string::npos);
  CHECK(outcome.out.find("p1/23502  in_progress  843/1000  -             0.27819 USD") != std::string::npos);
  CHECK(daemon.request(1).target == "/v1/orders/p1/23501/history?limit=1000");
  CHECK(daemon.request(2).target == "/v1/orders/p1/23502/history?limit=1000");
}

TEST_CASE("list --spark --json asks for no pictures") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer(json(page({order("23501")})));
  CHECK(run(room.path("api.sock"), {"list", "--spark", "--json"}).out == page({order("23501")}) + "\n");
  CHECK(daemon.seen().size() == 1);
}
