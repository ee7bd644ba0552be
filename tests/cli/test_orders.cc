#include "child.h"
#include "fake_daemon.h"

#include <doctest/doctest.h>

using namespace smm::test;

namespace {

const std::string whole_order =
    R"({"panel":"p1","id":"23501","service":"1","service_name":"Followers","link":"https://example.com/p/1",)"
    R"("quantity":1000,"status":"in_progress","status_text":"In progress","start_count":3572,"remains":157,)"
    R"("delivered":843,"charge":"0.27819","currency":"USD","ref":"shop-991","labels":{"customer":"42","a":"b"},)"
    R"("parent":null,"children":["7","8"],"revision":7,"ended":false,"settled":false,"stalled":true,"lost":false,)"
    R"("placed_at":"2026-11-21T08:00:00.000Z","tracked_at":"2026-11-21T08:00:01.000Z","changed_at":null,)"
    R"("ended_at":null,"polled_at":"2026-11-21T09:00:00.000Z","next_poll_at":"2026-11-21T09:10:00.000Z",)"
    R"("refill":{"auto":"schedule","allowed":true,"window_ends_at":null,"next_ask_at":null,"open":null,"count":2},)"
    R"("cancel":{"allowed":true,"state":null},"rate_at_placing":"0.90"})";

}  // namespace

TEST_CASE("show tells all that is known of an order") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer(json(whole_order));
  const auto outcome = run(room.path("api.sock"), {"show", "p1/23501"});
  CHECK(outcome.exit == 0);
  CHECK(outcome.out ==
        "order        p1/23501\n"
        "status       in_progress, stalled\n"
        "progress     843/1000 delivered, 157 left\n"
        "charge       0.27819 USD\n"
        "start count  3572\n"
        "service      1 Followers\n"
        "rate         0.90 when it was placed\n"
        "link         https://example.com/p/1\n"
        "ref          shop-991\n"
        "labels       customer=42 a=b\n"
        "children     7 8\n"
        "placed       2026-11-21T08:00:00.000Z\n"
        "tracked      2026-11-21T08:00:01.000Z\n"
        "polled       2026-11-21T09:00:00.000Z, next 2026-11-21T09:10:00.000Z\n"
        "refill       allowed, automatic: schedule, 2 refills so far\n"
        "cancel       allowed\n"
        "revision     7\n");
  CHECK(daemon.request(0).target == "/v1/orders/p1/23501");
}

TEST_CASE("show tells the panel's own word when it is another than ours") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer(json(R"({"panel":"p1","id":"1","status":"in_progress","status_text":"Queued up"})"));
  CHECK(run(room.path("api.sock"), {"show", "p1/1"}).out ==
        "order   p1/1\nstatus  in_progress (\"Queued up\")\n");
}

TEST_CASE("--json passes the daemon's document through, byte for byte") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  // Spaces, an unknown field and digits no double has.
  const std::string odd =
      R"({ "panel" : "p1", "later":[1.50, 123456789012345678901234567890], "id":"é\u00e9"})";
  daemon.will_answer(json(odd));
  CHECK(run(room.path("api.sock"), {"show", "p1/1", "--json"}).out == odd + "\n");
}

TEST_CASE("an answer with other types than expected is shown as far as it goes") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer(json(R"({"panel":5,"id":null,"labels":"none","children":{},"refill":7,"placed_at":12,)"
                          R"("quantity":"many","delivered":[],"status":["x"],"stalled":"yes"})"));
  const auto outcome = run(room.path("api.sock"), {"show", "p1/1"});
  CHECK(outcome.exit == 0);
  CHECK(outcome.out.find("order") == 0);
}

TEST_CASE("an order called .. is asked for by that name") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer(json(whole_order));
  CHECK(run(room.path("api.sock"), {"show", "p1/.."}).exit == 0);
  CHECK(daemon.request(0).target == "/v1/orders/p1/..");
}

TEST_CASE("text from outside cannot command the terminal") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer(
      json("{\"panel\":\"p1\",\"id\":\"1\",\"status\":\"new\",\"ref\":\"a\\u001b]0;evil\\u0007\\nb\","
           "\"link\":\"x\\u202ey\xC2\x9Bz\"}"));
  const auto out = run(room.path("api.sock"), {"show", "p1/1"}).out;
  CHECK(out.find("ref     a\\x1b]0;evil\\x07\\nb\n") != std::string::npos);
  CHECK(out.find("link    x\\u202ey\\x9bz\n") != std::string::npos);
  daemon.will_answer(problem(404, "order-not-found", "no \\u001b[2J order"));
  run(room.path("api.sock"), {"show", "p1/1"});
  CHECK(run(room.path("api.sock"), {"show", "p1/1"}).err == "smm-tracker: no \\x1b[2J order\n");
}

TEST_CASE("show tells an open refill, a cancel under way and what the service does not allow") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer(
      json(R"({"panel":"p1","id":"1","status":"completed","refill":{"auto":"drop","allowed":true,)"
           R"("window_ends_at":"2026-12-21T08:00:00.000Z","next_ask_at":"2026-11-22T08:00:00.000Z",)"
           R"("open":12,"count":1},"cancel":{"allowed":null,"state":"requested"}})"));
  daemon.will_answer(
      json(R"({"panel":"p1","id":"2","status":"completed","refill":{"auto":null,"allowed":false,)"
           R"("open":null,"count":0},"cancel":{"allowed":false,"state":null}})"));
  CHECK(
      run(room.path("api.sock"), {"show", "p1/1"}).out ==
      "order   p1/1\n"
      "status  completed\n"
      "refill  allowed, automatic: drop, refill 12 is open, window ends 2026-12-21T08:00:00.000Z, asked next "
      "2026-11-22T08:00:00.000Z, 1 refill so far\n"
      "cancel  requested\n");
  CHECK(run(room.path("api.sock"), {"show", "p1/2"}).out ==
        "order   p1/2\n"
        "status  completed\n"
        "refill  not allowed by the service\n"
        "cancel  not allowed by the service\n");
}

TEST_CASE("show does not say of an order that has ended that it may be cancelled") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer(json(
      R"({"panel":"p1","id":"1","status":"canceled","ended":true,"cancel":{"allowed":true,"state":"canceled"}})"));
  daemon.will_answer(json(
      R"({"panel":"p1","id":"2","status":"completed","ended":true,"cancel":{"allowed":true,"state":null}})"));
  CHECK(run(room.path("api.sock"), {"show", "p1/1"}).out ==
        "order   p1/1\nstatus  canceled\ncancel  canceled\n");
  CHECK(run(room.path("api.sock"), {"show", "p1/2"}).out == "order   p1/2\nstatus  completed\n");
}

TEST_CASE("count reports what was seen, and tells how the order is now") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer(
      json(R"({"panel":"p1","id":"23501","status":"completed","quantity":10,"delivered":10})"));
  const auto outcome = run(room.path("api.sock"), {"count", "p1/23501", "3400"});
  CHECK(outcome.exit == 0);
  CHECK(outcome.out == "p1/23501  completed  10/10\n");
  CHECK(daemon.request(0).method == "POST");
  CHECK(daemon.request(0).target == "/v1/orders/p1/23501/count");
  CHECK(daemon.request(0).body == R"({"count":3400})");
  run(room.path("api.sock"), {"count", "p1/23501", "0"});
  CHECK(daemon.request(1).body == R"({"count":0})");
  CHECK(run(room.path("api.sock"), {"count", "p1/23501", "some"}).exit == 2);
  CHECK(run(room.path("api.sock"), {"count", "p1/23501"}).exit == 2);
}
