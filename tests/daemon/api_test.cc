#include "practice-panel/server.h"
#include "raw_connection.h"
#include "tracker_process.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <csignal>
#include <deque>
#include <set>
#include <thread>

namespace smm::test::api_test {

namespace practice = smm::practice;

namespace {

// A daemon with one panel of 300 orders that stand still, all asked once.
struct World {
  World() {
    auto& panel = server.add_panel();
    ids = panel.seed_orders(300, 7);
    started = tracker.start({.config = panel_section("p1", server.api_url("p1"))});
  }
  HttpAnswer send(const std::string& method, const std::string& target,
                  const std::optional<std::string>& body = {}, const std::vector<std::string>& headers = {},
                  const std::string& socket = "api.sock") {
    TrackerProcess::Call call;
    call.method = method;
    call.target = target;
    call.body = body;
    call.headers = headers;
    call.socket = socket;
    return tracker.call(call);
  }

  practice::PracticeServer server;
  TrackerProcess tracker;
  std::vector<std::string> ids;
  bool started = false;
};

void check_problem(const HttpAnswer& answer, long status, const std::string& code,
                   const std::string& detail) {
  CAPTURE(answer.body);
  CHECK(answer.status == status);
  REQUIRE(answer.headers.count("content-type") == 1);
  CHECK(answer.headers.at("content-type") == "application/problem+json");
  const auto problem = answer.json();
  CHECK(problem["code"] == code);
  CHECK(problem["status"] == status);
  CHECK(problem["detail"].get<std::string>().find(detail) != std::string::npos);
}

}  // namespace

TEST_CASE("what does not fit is refused with a precise problem") {
  World world;
  REQUIRE_MESSAGE(world.started, world.tracker.log());
  const std::vector<std::string> json = {"Content-Type: application/json"};

  check_problem(world.send("GET", "/v1/orders?panell=p1"), 400, "unknown-parameter", "panell");
  check_problem(world.send("GET", "/v1/orders?status=finished"), 422, "validation-failed", "finished");
  check_problem(world.send("GET", "/v1/orders?limit=1001"), 422, "validation-failed", "limit");
  check_problem(world.send("GET", "/v1/orders?cursor=nonsense"), 422, "validation-failed", "cursor");
  check_problem(world.send("GET", "/v1/orders/p1/404404"), 404, "order-not-found", "p1/404404");
  check_problem(world.send("GET", "/v1/orders/p1/404404/history"), 404, "order-not-found", "p1/404404");
  check_problem(world.send("GET", "/v1/panels/p9"), 404, "panel-unknown", "p9");
  check_problem(world.send("GET", "/v1/deliveries/77"), 404, "delivery-not-found", "77");
  check_problem(world.send("GET", "/v1/nothing"), 404, "not-found", "/v1/nothing");
  check_problem(world.send("PUT", "/v1/orders"), 405, "method-not-allowed", "GET");
  check_problem(world.send("POST", "/v1/orders", "{\"panel\":"), 400, "bad-json", "not JSON");
  check_problem(world.send("POST", "/v1/orders", ""), 400, "bad-json", "empty");
  check_problem(world.send("POST", "/v1/orders", "{\"panel\":\"p9\",\"id\":\"1\"}"), 404, "panel-unknown",
                "p9");
  check_problem(world.send("POST", "/v1/orders", "{\"panel\":\"p1\",\"id\":\"1\",\"quantiti\":5}"), 422,
                "validation-failed", "quantiti");
  check_problem(world.send("POST", "/v1/orders", "{\"panel\":\"p1\",\"id\":\"a b\"}"), 422,
                "validation-failed", "id");
  check_problem(world.send("POST", "/v1/orders", "{\"panel\":\"p1\",\"id\":\"1\",\"quantity\":-5}"), 422,
                "validation-failed", "quantity");
  check_problem(world.send("POST", "/v1/orders",
                           "{\"panel\":\"p1\",\"id\":\"1\",\"ended_at\":\"2099-01-01T00:00:00Z\"}"),
                422, "validation-failed", "future");
  check_problem(world.send("POST", "/v1/orders", "7"), 422, "validation-failed", "object");
  check_problem(world.send("POST", "/v1/orders", "a=b", {"Content-Type: application/x-www-form-urlencoded"}),
                415, "unsupported-media-type", "application/json");
  check_problem(world.send("POST", "/v1/orders", std::string((4U << 20) + 1, ' ')), 413, "too-large",
                "4 MiB");
  check_problem(world.send("GET", "/v1/status", {}, {"Origin: https://evil.example"}), 403,
                "forbidden-origin", "web pages");
  check_problem(world.send("POST", "/v1/orders", "{}", json, "ro.sock"), 403, "read-only-socket", "GET only");
  check_problem(world.send("GET", "/v1/events?since=999999"), 410, "cursor-expired", "newest");
  check_problem(world.send("GET", "/v1/events?types=order.nothing"), 422, "validation-failed",
                "order.nothing");
  CHECK(world.send("GET", "/v1/status", {}, {}, "ro.sock").status == 200);
  CHECK(world.tracker.get("/v1/health").json()["status"] == "ok");
}

TEST_CASE("tracking is idempotent, and each order of an array is judged by itself") {
  World world;
  REQUIRE_MESSAGE(world.started, world.tracker.log());
  CHECK(world.tracker.post("/v1/orders", Json{{"panel", "p1"}, {"id", 23501}}).status == 201);
  CHECK(world.tracker.post("/v1/orders", Json{{"panel", "p1"}, {"id", "23501"}}).status == 200);
  const auto many = world.tracker.post(
      "/v1/orders", Json::array({Json{{"panel", "p1"}, {"id", "23502"}}, Json{{"panel", "p1"}, {"id", "?"}},
                                 Json{{"panel", "p1"}, {"id", "23501"}}}));
  const auto items = many.json()["items"];
  REQUIRE(items.size() == 3);
  CHECK(items[0]["status"] == 201);
  CHECK(items[1]["status"] == 422);
  CHECK(items[1]["problem"]["code"] == "validation-failed");
  CHECK(items[2]["status"] == 200);
  CHECK(items[2]["order"]["id"] == "23501");
  CHECK(world.tracker.post("/v1/orders", Json::array()).json()["items"].empty());
}

TEST_CASE("lists are filtered and paged, and every order appears once") {
  World world;
  REQUIRE_MESSAGE(world.started, world.tracker.log());
  REQUIRE(world.tracker.track("p1", world.ids) == 300);
  std::set<std::string> seen;
  std::string cursor;
  int pages = 0;
  do {
    const auto page =
        world.tracker
            .get("/v1/orders?limit=70&sort=tracked&order=asc" + (cursor.empty() ? "" : "&cursor=" + cursor))
            .json();
    for (const auto& order : page["items"]) CHECK(seen.insert(order["id"].get<std::string>()).second);
    cursor = page["next"].is_null() ? "" : page["next"].get<std::string>();
    ++pages;
  } while (!cursor.empty() && pages < 20);
  CHECK(seen.size() == 300);
  REQUIRE(
      eventually([&] { return world.tracker.get("/v1/orders?status=new&limit=1").json()["items"].empty(); }));
  CHECK(world.tracker.all_items("/v1/orders?status=pending").size() == 300);
  CHECK(world.tracker.all_items("/v1/orders?q=2350").size() == 9);
  CHECK(world.tracker.all_items("/v1/orders?panel=p2").empty());
  for (const std::string sort : {"tracked", "changed", "placed"}) {
    for (const std::string order : {"asc", "desc"}) {
      std::set<std::string> sorted;
      std::string next;
      do {
        std::string target = "/v1/orders?limit=70&sort=";
        target.append(sort).append("&order=").append(order);
        if (!next.empty()) target.append("&cursor=").append(next);
        const auto page = world.tracker.get(target).json();
        for (const auto& item : page["items"]) CHECK(sorted.insert(item["id"].get<std::string>()).second);
        next = page["next"].is_null() ? "" : page["next"].get<std::string>();
      } while (!next.empty());
      CHECK(sorted.size() == 300);
    }
  }
}

TEST_CASE("ref and labels are patched, found, and taken away again") {
  World world;
  REQUIRE_MESSAGE(world.started, world.tracker.log());
  REQUIRE(world.tracker.track("p1", {"23501", "23502"}) == 2);
  const auto patched =
      world.send("PATCH", "/v1/orders/p1/23501", R"({"ref":"shop-991","labels":{"customer":"42"}})");
  REQUIRE_MESSAGE(patched.status == 200, patched.body);
  CHECK(patched.json()["ref"] == "shop-991");
  CHECK(world.tracker.all_items("/v1/orders?ref=shop-991").size() == 1);
  CHECK(world.tracker.all_items("/v1/orders?label.customer=42").size() == 1);
  CHECK(world.tracker.all_items("/v1/orders?label.customer=43").empty());
  CHECK(world.send("PATCH", "/v1/orders/p1/23501", R"({"ref":null})").json()["ref"].is_null());
  CHECK(world.tracker.all_items("/v1/orders?ref=shop-991").empty());
  check_problem(world.send("PATCH", "/v1/orders/p1/23501", R"({"status":"completed"})"), 422,
                "validation-failed", "status");
}

TEST_CASE("an untracked order is asked about no more and keeps its history; a purged one is gone") {
  World world;
  REQUIRE_MESSAGE(world.started, world.tracker.log());
  REQUIRE(world.tracker.track("p1", {"23501"}) == 1);
  REQUIRE(eventually([&] { return world.tracker.get("/v1/orders/p1/23501").json()["status"] == "pending"; }));
  CHECK(world.send("DELETE", "/v1/orders/p1/23501").status == 204);
  const auto kept = world.tracker.get("/v1/orders/p1/23501").json();
  CHECK(kept["untracked"] == true);
  CHECK(kept["next_poll_at"].is_null());
  CHECK(world.tracker.get("/v1/orders/p1/23501/history").json()["items"].size() == 1);
  check_problem(world.send("POST", "/v1/orders/p1/23501/poll"), 409, "conflict", "not tracked");
  CHECK(world.send("DELETE", "/v1/orders/p1/23501?purge=1").status == 204);
  CHECK(world.tracker.get("/v1/orders/p1/23501").status == 404);
}

TEST_CASE("poll-now asks the panel before it answers") {
  World world;
  REQUIRE_MESSAGE(world.started, world.tracker.log());
  REQUIRE(world.tracker.track("p1", {"23501"}) == 1);
  REQUIRE(eventually([&] { return world.tracker.get("/v1/orders/p1/23501").json()["status"] == "pending"; }));
  world.server.panel("p1").set_order("23501", {.status = "Completed", .remains = "0"});
  const auto polled = world.send("POST", "/v1/orders/p1/23501/poll");
  REQUIRE_MESSAGE(polled.status == 200, polled.body);
  CHECK(polled.json()["status"] == "completed");
  world.server.panel("p1").add_quirk({.name = "html-500"});
  check_problem(world.send("POST", "/v1/orders/p1/23501/poll"), 502, "upstream-error", "");
}

TEST_CASE("a panel is tested, paused and resumed; the pause survives a restart") {
  World world;
  REQUIRE_MESSAGE(world.started, world.tracker.log());
  const auto tested = world.tracker.post("/v1/panels/p1/test").json();
  CHECK(tested["ok"] == true);
  CHECK(tested["balance"] == "100.84292");
  CHECK(world.tracker.post("/v1/panels/p1/pause").json()["paused"] == true);
  CHECK(world.tracker.stop().code == 0);
  REQUIRE(world.server.wait_until_left(std::chrono::seconds(30)));
  REQUIRE(world.tracker.start({.config = panel_section("p1", world.server.api_url("p1"))}));
  CHECK(world.tracker.get("/v1/panels/p1").json()["paused"] == true);
  REQUIRE(world.tracker.track("p1", {"23501"}) == 1);
  const auto requests = world.server.ledger().requests();
  std::this_thread::sleep_for(milliseconds(300));
  CHECK(world.server.ledger().requests() == requests);
  CHECK(world.tracker.post("/v1/panels/p1/resume").json()["paused"] == false);
  CHECK(eventually([&] { return world.tracker.get("/v1/orders/p1/23501").json()["status"] == "pending"; }));
}

TEST_CASE("wait= answers when the order changes, at once when it has, and says when the time is over") {
  World world;
  REQUIRE_MESSAGE(world.started, world.tracker.log());
  REQUIRE(world.tracker.track("p1", {"23501"}) == 1);
  const auto first = world.tracker.get("/v1/orders/p1/23501?wait=20s&until=change&revision=0").json();
  CHECK(first["status"] == "pending");
  CHECK(world.tracker.get("/v1/orders/p1/23501?wait=20s&revision=0").json()["revision"] == first["revision"]);
  const auto late = world.tracker.get("/v1/orders/p1/23501?wait=100ms&until=ended").json();
  CHECK(late["timed_out"] == true);
  std::thread changer([&] {
    std::this_thread::sleep_for(milliseconds(100));
    world.server.panel("p1").set_order("23501", {.status = "Partial", .remains = "3"});
    (void)world.send("POST", "/v1/orders/p1/23501/poll");
  });
  const auto ended = world.tracker.get("/v1/orders/p1/23501?wait=20s&until=ended").json();
  changer.join();
  CHECK(ended["status"] == "partial");
  CHECK_FALSE(ended.contains("timed_out"));
}

TEST_CASE("events come in batches, on arrival, and as a stream") {
  World world;
  REQUIRE_MESSAGE(world.started, world.tracker.log());
  const RawConnection follower(world.tracker.socket());
  follower.say("GET /v1/events?follow=1 HTTP/1.1\r\nHost: localhost\r\n\r\n");
  // From its head on it tells what comes.
  auto streamed = follower.hear_some();
  REQUIRE(streamed.find("HTTP/1.1 200 ") == 0);
  std::thread waiter([&] {
    TrackerProcess::Call call;
    call.target = "/v1/events?wait=60s&types=order.status_changed";
    call.timeout = std::chrono::seconds(90);
    const auto batch = world.tracker.call(call);
    CHECK(batch.status == 200);
    CHECK(batch.body.find("\"order.status_changed\"") != std::string::npos);
  });
  REQUIRE(world.tracker.track("p1", {"23501"}) == 1);
  waiter.join();
  const std::string second = "{\"seq\":2,\"type\":\"order.status_changed\"";
  for (auto piece = streamed; !piece.empty() && streamed.find(second) == std::string::npos; streamed += piece)
    piece = follower.hear_some();
  CHECK(streamed.find("{\"seq\":1,\"type\":\"order.tracked\"") == streamed.find("{\"seq\":"));
  CHECK(streamed.find(second) != std::string::npos);
  const auto event = Json::parse(world.tracker.get("/v1/events?since=1").body);
  CHECK(event["data"]["first_sight"] == true);
  CHECK(event["data"]["previous_status"] == "new");
}

TEST_CASE(
    "while the program stops who asks again for an order under way gets its answer, and no new one is sent") {
  World world;
  REQUIRE_MESSAGE(world.started, world.tracker.log());
  world.server.panel("p1").add_quirk({.name = "slow-reply", .action = "add", .parameter = "25000"});
  const auto order = [](const char* key) {
    return post_bytes("/v1/panels/p1/orders",
                      std::string("Content-Type: application/json\r\nIdempotency-Key: ") + key + "\r\n",
                      R"({"service":"1","link":"https://example.com/p","quantity":100})");
  };
  const auto adds = [&] {
    const auto entries = world.server.ledger().entries();
    return std::count_if(entries.begin(), entries.end(),
                         [](const auto& entry) { return entry.request.action == "add"; });
  };
  const RawConnection first(world.tracker.socket());
  first.say(order("a"));
  REQUIRE(eventually([&] { return adds() == 1; }));
  const RawConnection again(world.tracker.socket());
  const RawConnection fresh(world.tracker.socket());
  REQUIRE(world.tracker.has_taken_in());  // both are connected
  world.tracker.signal(SIGTERM);
  REQUIRE(eventually([&] { return world.tracker.log().find("stopping") != std::string::npos; }));
  again.say(order("a"));
  fresh.say(order("b"));
  const auto refused = read_answer(fresh.hear_all());
  CHECK(refused.status == 503);
  CHECK(Json::parse(refused.body)["code"] == "draining");
  CHECK(Json::parse(refused.body)["sent"] == "no");
  world.server.let_go();
  const auto told = read_answer(first.hear_all());
  CHECK(told.status == 201);
  const auto same = read_answer(again.hear_all());
  CHECK(same.body == told.body);
  CHECK(adds() == 1);
  CHECK(world.tracker.stop().code == 0);
}

TEST_CASE("at most 64 clients wait on a socket, and places are free again when they leave") {
  World world;
  REQUIRE_MESSAGE(world.started, world.tracker.log());
  REQUIRE(world.tracker.track("p1", {"23501"}) == 1);
  std::deque<RawConnection> clients;
  for (int i = 0; i < 64; ++i) {
    clients.emplace_back(world.tracker.socket())
        .say("GET /v1/orders/p1/23501?wait=60s&until=ended HTTP/1.1\r\nHost: localhost\r\n\r\n");
  }
  const auto wait = [&] { return world.tracker.get("/v1/orders/p1/23501?wait=1ms&until=ended"); };
  REQUIRE(wait().status != 0);  // read after all those
  check_problem(wait(), 503, "too-many-waiting", "64");
  CHECK(world.tracker.get("/v1/health").status == 200);
  clients.clear();
  CHECK(eventually([&] { return wait().status == 200; }));
}

}  // namespace smm::test::api_test
