#include "child.h"
#include "fake_daemon.h"

#include <doctest/doctest.h>

#include <fstream>

using namespace smm::test;

TEST_CASE("webhooks lists how far each is") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer(
      json(R"({"items":[{"name":"shop","url":"https://shop.example/***","paused":false,)"
           R"("disabled":false,"pending":3,"dead":0,"last_delivered_at":"2026-11-21T09:00:00.000Z",)"
           R"("resting_until":null,"last_error":null}],"next":null})"));
  CHECK(run(room.path("api.sock"), {"webhooks"}).out ==
        "WEBHOOK  STATE  PENDING  DEAD  LAST DELIVERED            LAST ERROR  URL\n"
        "shop     up           3     0  2026-11-21T09:00:00.000Z  -           https://shop.example/***\n");
}

TEST_CASE("webhooks show tells all about one") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer(
      json(R"({"name":"shop","url":"https://shop.example/***","paused":false,"disabled":true,)"
           R"("disabled_reason":"it answered 410","pending":3,"dead":1,"oldest_pending_at":null,)"
           R"("last_delivered_at":"2026-11-21T09:00:00.000Z","resting_until":null,)"
           R"("last_error":{"at":"2026-11-21T10:00:00.000Z","words":"it answered 410"}})"));
  CHECK(run(room.path("api.sock"), {"webhooks", "show", "shop"}).out ==
        "webhook         shop\n"
        "url             https://shop.example/***\n"
        "state           disabled\n"
        "disabled        it answered 410\n"
        "pending         3\n"
        "dead            1\n"
        "last delivered  2026-11-21T09:00:00.000Z\n"
        "last error      2026-11-21T10:00:00.000Z it answered 410\n");
  CHECK(daemon.request(0).target == "/v1/webhooks/shop");
}

TEST_CASE("deliveries are filtered and listed") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer(
      json(R"({"items":[{"id":4711,"webhook":"shop","state":"pending","event":{"seq":7,"id":"evt_x",)"
           R"("type":"order.status_changed"},"order":"p1/23501","tries":2,)"
           R"("created_at":"2026-11-21T09:00:00.000Z","next_try_at":"2026-11-21T09:05:00.000Z",)"
           R"("ended_at":null}],"next":null})"));
  const auto out = run(room.path("api.sock"),
                       {"deliveries", "--state", "pending", "--webhook", "shop", "--order", "p1/23501"})
                       .out;
  CHECK(out ==
        "  ID  WEBHOOK  STATE    EVENT                 ORDER     TRIES  CREATED                   NEXT TRY\n"
        "4711  shop     pending  order.status_changed  p1/23501      2  2026-11-21T09:00:00.000Z  "
        "2026-11-21T09:05:00.000Z\n");
  CHECK(daemon.request(0).target == "/v1/deliveries?state=pending&webhook=shop&order=p1%2F23501&limit=100");
}

TEST_CASE("deliveries show tells every attempt") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer(
      json(R"({"id":4711,"webhook":"shop","state":"delivered","event":{"seq":7,"id":"evt_x",)"
           R"("type":"order.status_changed"},"order":null,"tries":2,"created_at":null,)"
           R"("next_try_at":null,"ended_at":null,"attempts":[)"
           R"({"started_at":"2026-11-21T09:00:00.000Z","ended_at":"2026-11-21T09:00:00.250Z",)"
           R"("outcome":"failed","http_status":500,"error":null,"response":"<h1>Oops</h1>\n"}]})"));
  CHECK(run(room.path("api.sock"), {"deliveries", "show", "4711"}).out ==
        "delivery    4711\n"
        "webhook     shop\n"
        "state       delivered\n"
        "event       order.status_changed, number 7\n"
        "webhook-id  evt_x\n"
        "tries       2\n"
        "\n"
        "STARTED                     TOOK  OUTCOME  HTTP  ERROR  RESPONSE\n"
        "2026-11-21T09:00:00.000Z  250 ms  failed    500  -      <h1>Oops</h1>\\n\n");
  CHECK(daemon.request(0).target == "/v1/deliveries/4711");
}

TEST_CASE("reload tells what changed") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer(json(R"({"ok":true,"changed":["panel.p1.poll","webhook.shop"]})"));
  daemon.will_answer(json(R"({"ok":true,"changed":[]})"));
  CHECK(run(room.path("api.sock"), {"reload"}).out == "reloaded; changed: panel.p1.poll, webhook.shop\n");
  CHECK(run(room.path("api.sock"), {"reload"}).out == "reloaded; nothing changed\n");
  CHECK(daemon.request(0).method == "POST");
  CHECK(daemon.request(0).target == "/v1/config/reload");
}

TEST_CASE("a reload of a bad file lists every complaint and exits 78") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer(
      problem(422, "config-invalid", "nothing was changed",
              R"(,"complaints":["smm-tracker.toml:3:1: a: unknown key","smm-tracker.toml:9:1: b\nc"])"));
  const auto outcome = run(room.path("api.sock"), {"reload"});
  CHECK(outcome.exit == 78);
  CHECK(outcome.err ==
        "smm-tracker: nothing was changed\nsmm-tracker.toml:3:1: a: unknown key\nsmm-tracker.toml:9:1: "
        "b\\nc\n");
}

TEST_CASE("version tells both versions, and its own when there is no daemon") {
  const Room room;
  {
    FakeDaemon daemon(room.path("api.sock"));
    daemon.will_answer(json(R"({"name":"smm-tracker","version":"0.2.0","schema":1,"sqlite":"3.40.1"})"));
    CHECK(run(room.path("api.sock"), {"version"}).out == "smm-tracker " SMM_VERSION
                                                         "\nsmm-trackerd 0.2.0 (schema 1, sqlite 3.40.1)\n");
    CHECK(run(room.path("api.sock"), {"version", "--json"}).out ==
          R"({"version":")" SMM_VERSION
          R"(","daemon":{"name":"smm-tracker","version":"0.2.0","schema":1,"sqlite":"3.40.1"}})"
          "\n");
  }
  auto outcome = run(room.path("api.sock"), {"version"});
  CHECK(outcome.exit == 7);
  CHECK(outcome.out == "smm-tracker " SMM_VERSION "\n");
  outcome = run(room.path("api.sock"), {"version", "--json"});
  CHECK(outcome.exit == 7);
  CHECK(outcome.out == R"({"version":")" SMM_VERSION R"(","daemon":null})"
                       "\n");
}

TEST_CASE("deliveries replay goes on until there are no more, and adds up") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer(json(R"({"replayed":990,"left_alone":10,"next":88999})"));
  daemon.will_answer(json(R"({"replayed":5,"left_alone":0,"next":null})"));
  const auto outcome = run(room.path("api.sock"), {"deliveries", "replay", "shop", "--since", "87999"});
  CHECK(outcome.exit == 0);
  CHECK(outcome.out == "995 events go to shop; 10 others pending\n");
  CHECK(daemon.request(0).target == "/v1/deliveries/replay");
  CHECK(daemon.request(0).body == R"({"webhook":"shop","since":87999,"undelivered":false})");
  CHECK(daemon.request(1).body == R"({"webhook":"shop","since":88999,"undelivered":false})");
}

TEST_CASE("deliveries replay takes a time, and tells where it stopped when the daemon goes away") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer(json(R"({"replayed":1000,"left_alone":0,"next":1000})"));
  daemon.will_answer(raw(""));
  const auto outcome = run(room.path("api.sock"), {"deliveries", "replay", "shop", "--since",
                                                   "2026-11-21T08:00:00Z", "--undelivered"});
  CHECK(outcome.exit == 6);
  CHECK(has(outcome.err, "sent again until then: 1000 events; go on with --since 1000"));
  CHECK(daemon.request(0).body ==
        R"({"webhook":"shop","since":"2026-11-21T08:00:00.000Z","undelivered":true})");
}
