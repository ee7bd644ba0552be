#include "child.h"
#include "fake_daemon.h"

#include <doctest/doctest.h>

using namespace smm::test;

namespace {

const std::string refused =
    R"({"id":12,"panel":"p1","order":"23501","state":"refused","cause":"auto","asked_by":null,"upstream_id":null,)"
    R"("words":"available in 9 hours","refusal":"cooldown","not_before":"2026-11-21T17:00:00.000Z",)"
    R"("asked_at":"2026-11-21T08:00:00.000Z","accepted_at":null,"changed_at":null,)"
    R"("ended_at":"2026-11-21T08:00:01.000Z"})";

}  // namespace

TEST_CASE("refills lists what was asked for") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer(json(R"({"items":[)" + refused + R"(],"next":null})"));
  const auto outcome = run(room.path("api.sock"), {"refills", "--panel", "p1", "--order", "p1/23501",
                                                   "--state", "refused", "--state", "in_progress", "--all"});
  CHECK(outcome.exit == 0);
  CHECK(outcome.out ==
        "ID  ORDER     STATE    ASKED                     ENDED                     CAUSE  PANEL'S WORDS\n"
        "12  p1/23501  refused  2026-11-21T08:00:00.000Z  2026-11-21T08:00:01.000Z  auto   available in 9 "
        "hours\n");
  CHECK(daemon.request(0).target ==
        "/v1/refills?panel=p1&order=p1%2F23501&state=refused&state=in_progress&limit=1000");
}

TEST_CASE("refills show and cancels show tell all about one") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer(json(refused));
  daemon.will_answer(json(R"({"id":4,"panel":"p1","order":"23501","state":"in_vain","cause":"manual",)"
                          R"("asked_by":1000,"answered_at":"2026-11-21T08:00:01.000Z"})"));
  CHECK(run(room.path("api.sock"), {"refills", "show", "12"}).out ==
        "refill         12\n"
        "order          p1/23501\n"
        "state          refused (cooldown)\n"
        "panel's words  available in 9 hours\n"
        "cause          auto\n"
        "not before     2026-11-21T17:00:00.000Z\n"
        "asked          2026-11-21T08:00:00.000Z\n"
        "ended          2026-11-21T08:00:01.000Z\n");
  CHECK(run(room.path("api.sock"), {"cancels", "show", "4"}).out ==
        "cancel    4\n"
        "order     p1/23501\n"
        "state     in_vain\n"
        "cause     manual\n"
        "asked by  uid 1000\n"
        "answered  2026-11-21T08:00:01.000Z\n");
  CHECK(daemon.request(0).target == "/v1/refills/12");
  CHECK(daemon.request(1).target == "/v1/cancels/4");
}

TEST_CASE("cancels lists its own kind, with its own states") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer(json(R"({"items":[],"next":null})"));
  CHECK(run(room.path("api.sock"), {"cancels", "--state", "requested"}).exit == 0);
  CHECK(daemon.request(0).target == "/v1/cancels?state=requested&limit=100");
  CHECK(has(run(room.path("api.sock"), {"cancels", "--state", "pending"}).err,
            "there are asking, failed, refused"));
  CHECK(has(run(room.path("api.sock"), {"refills", "--state", "requested"}).err,
            "there are asking, failed, refused"));
  CHECK(daemon.seen().size() == 1);
}

TEST_CASE("refills eligible explains all orders in a table, named ones at length") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  const std::string one =
      R"({"order":"p1/1","ask":false,"reason":"gap","explain":"the last one is 3 h old; 25 h must pass",)"
      R"("next_ask_at":"2026-11-22T08:00:00.000Z","window_ends_at":"2026-12-21T08:00:00.000Z"})";
  const std::string two = R"({"order":"p1/2","ask":true,"reason":"due","explain":"14 days have passed"})";
  daemon.will_answer(json(R"({"items":[)" + one + "," + two + R"(],"next":null})"));
  CHECK(run(room.path("api.sock"), {"refills", "eligible", "--panel", "p1"}).out ==
        "ORDER  ASK  NEXT                      WINDOW ENDS               WHY\n"
        "p1/1   no   2026-11-22T08:00:00.000Z  2026-12-21T08:00:00.000Z  the last one is 3 h old; 25 h must "
        "pass\n"
        "p1/2   yes  -                         -                         14 days have passed\n");
  CHECK(daemon.request(0).target == "/v1/refills/eligible?panel=p1&limit=100");
  const auto named = run(room.path("api.sock"), {"refills", "eligible", "p1/1", "p1/2"});
  CHECK(named.exit == 0);
  CHECK(named.out ==
        "order        p1/1\n"
        "ask now      no (gap)\n"
        "because      the last one is 3 h old; 25 h must pass\n"
        "next         2026-11-22T08:00:00.000Z\n"
        "window ends  2026-12-21T08:00:00.000Z\n"
        "\n"
        "order    p1/2\n"
        "ask now  yes (due)\n"
        "because  14 days have passed\n");
  CHECK(daemon.request(1).target == "/v1/refills/eligible?order=p1%2F1&order=p1%2F2&limit=50");
}

TEST_CASE("an order that is named and not explained is missed") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer(json(R"({"items":[{"order":"p1/1","ask":true}],"next":null})"));
  daemon.will_answer(json(R"({"items":[],"next":null})"));
  auto outcome = run(room.path("api.sock"), {"refills", "eligible", "p1/1", "p1/2"});
  CHECK(outcome.exit == 6);
  CHECK(outcome.err == "smm-tracker: p1/2: nothing is known of it here\n");
  outcome = run(room.path("api.sock"), {"refills", "eligible", "p1/2"});
  CHECK(outcome.exit == 3);
}

TEST_CASE("more orders than an address holds are refused with what would do") {
  std::vector<std::string> arguments = {"refills", "eligible"};
  for (int i = 0; i < 51; ++i) arguments.push_back("p1/" + std::to_string(i));
  const auto outcome = run("/nonexistent/api.sock", arguments);
  CHECK(outcome.exit == 2);
  CHECK(outcome.err == "smm-tracker: at most 50 orders can be named; --panel explains all of a panel\n");
}
