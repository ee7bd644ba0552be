#include "child.h"
#include "fake_daemon.h"

#include <doctest/doctest.h>

using namespace smm::test;

namespace {

const std::string unknown =
    R"({"id":7,"panel":"p1","state":"unknown","sent":"unknown","order":null,"cause":"manual","asked_by":1000,)"
    R"("idempotency_key":"k-1","fields":{"service":"1","link":"https://e.example/p","quantity":"100"},)"
    R"("ref":"shop-991","labels":{"customer":"42"},"rate":"0.90","words":"no answer in 120 s",)"
    R"("asked_at":"2026-11-21T08:00:00.000Z","answered_at":null})";

}  // namespace

TEST_CASE("placements lists them with what became of each") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer(json(
      R"({"items":[)" + unknown +
      R"(,{"id":6,"panel":"p1","state":"accepted","order":"23501","fields":{"service":"2"}}],"next":null})"));
  const auto outcome = run(room.path("api.sock"), {"placements", "--panel", "p1", "--state", "unknown",
                                                   "--state", "accepted", "--limit", "7"});
  CHECK(outcome.exit == 0);
  CHECK(outcome.out ==
        "ID  PANEL  STATE     ORDER     SERVICE  QUANTITY  ASKED                     REF       LINK          "
        "       "
        "PANEL'S WORDS\n"
        " 7  p1     unknown   -               1       100  2026-11-21T08:00:00.000Z  shop-991  "
        "https://e.example/p  "
        "no answer in 120 s\n"
        " 6  p1     accepted  p1/23501        2         -  -                         -         -             "
        "       "
        "-\n");
  CHECK(daemon.request(0).method == "GET");
  CHECK(daemon.request(0).target == "/v1/placements?panel=p1&state=unknown&state=accepted&limit=7");
}

TEST_CASE("placements show tells all about one, and what to do when nobody knows") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer(json(unknown));
  CHECK(run(room.path("api.sock"), {"placements", "show", "7"}).out ==
        "placement      7\n"
        "panel          p1\n"
        "state          unknown\n"
        "sent           unknown\n"
        "service        1\n"
        "link           https://e.example/p\n"
        "quantity       100\n"
        "ref            shop-991\n"
        "labels         customer=42\n"
        "rate           0.90\n"
        "panel's words  no answer in 120 s\n"
        "asked          2026-11-21T08:00:00.000Z\n"
        "asked by       uid 1000\n"
        "key            k-1\n"
        "to do          look at the panel; then smm-tracker placements resolve 7 --order ID if the order is "
        "there, --none if it is not\n");
  CHECK(daemon.request(0).target == "/v1/placements/7");
  CHECK(run(room.path("api.sock"), {"placements", "show", "7", "--json"}).out == unknown + "\n");
}

TEST_CASE("placements resolve says that it became an order, or none") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer(json(R"({"id":7,"panel":"p1","state":"resolved","order":"23501"})"));
  daemon.will_answer(json(R"({"id":7,"panel":"p1","state":"resolved","order":null})"));
  daemon.will_answer(problem(409, "conflict", "placement 7 is accepted"));
  CHECK(run(room.path("api.sock"), {"placements", "resolve", "7", "--order", "23501"}).out ==
        "resolved  7  p1/23501\n");
  CHECK(run(room.path("api.sock"), {"placements", "resolve", "7", "--none"}).out ==
        "resolved  7  no order\n");
  const auto late = run(room.path("api.sock"), {"placements", "resolve", "7", "--none"});
  CHECK(late.exit == 1);
  CHECK(late.err == "smm-tracker: placement 7 is accepted\n");
  CHECK(daemon.request(0).method == "POST");
  CHECK(daemon.request(0).target == "/v1/placements/7/resolve");
  CHECK(daemon.request(0).body == R"({"order":"23501"})");
  CHECK(daemon.request(1).body == R"({"order":null})");
}

TEST_CASE("placements resolve wants to hear one thing of two, in the panel's spelling") {
  const auto says = [](const std::vector<std::string>& arguments) {
    const auto outcome = run("/nonexistent/api.sock", arguments);
    CHECK(outcome.exit == 2);
    return outcome.err;
  };
  CHECK(says({"placements", "resolve", "7"}) ==
        "smm-tracker: say --order ID, or --none when the panel has no such order\n");
  CHECK(says({"placements", "resolve", "7", "--none", "--order", "1"}).find("excludes") != std::string::npos);
  CHECK(says({"placements", "resolve", "7", "--order", "p1/1"}).find("is not an order's number") !=
        std::string::npos);
  CHECK(says({"placements", "--state", "lost"}).find("is no state; there are asking, failed,") !=
        std::string::npos);
}
