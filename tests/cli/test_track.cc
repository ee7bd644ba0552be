#include "child.h"
#include "fake_daemon.h"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

using namespace smm::test;

namespace {

std::string tracked_order(const std::string& id, const std::string& status = "new") {
  return R"({"panel":"p1","id":")" + id + R"(","status":")" + status + R"("})";
}

// What the daemon says to an array: every order is new.
Answer all_new(std::size_t count) {
  std::string items;
  for (std::size_t i = 0; i < count; ++i) {
    items += (i == 0 ? "" : ",") + std::string(R"({"status":201,"order":)") +
             tracked_order(std::to_string(i)) + "}";
  }
  return json(R"({"items":[)" + items + "]}");
}

}  // namespace

TEST_CASE("track sends one order as an object with all that was said of it") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer(json(201, tracked_order("23501")));
  const auto outcome =
      run(room.path("api.sock"), {"track", "p1/23501", "--service", "1", "--link", "https://e.example/\"p\"",
                                  "--quantity", "1000", "--ref", "shop-991", "--label", "customer=42",
                                  "--label", "x=a=b", "--placed-at", "2026-11-21T08:00:00Z", "--quiet"});
  CHECK(outcome.exit == 0);
  CHECK(outcome.out == "tracked  p1/23501  new\n");
  const auto seen = daemon.seen();
  REQUIRE(seen.size() == 1);
  CHECK(seen[0].method == "POST");
  CHECK(seen[0].target == "/v1/orders");
  CHECK(seen[0].headers.at("content-type") == "application/json");
  CHECK(seen[0].headers.count("origin") == 0);
  CHECK(nlohmann::ordered_json::parse(seen[0].body) ==
        nlohmann::ordered_json::parse(
            R"({"panel":"p1","id":"23501","service":"1","link":"https://e.example/\"p\"","quantity":1000,)"
            R"("ref":"shop-991","labels":{"customer":"42","x":"a=b"},)"
            R"("placed_at":"2026-11-21T08:00:00.000Z","quiet":true})"));
}

TEST_CASE("track says of an order that was known before that it was") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer(json(200, tracked_order("23501", "completed")));
  CHECK(run(room.path("api.sock"), {"track", "p1/23501"}).out == "known  p1/23501  completed\n");
  CHECK(run(room.path("api.sock"), {"track", "p1/23501", "--json"}).out ==
        tracked_order("23501", "completed") + "\n");
}

TEST_CASE("track sends several orders as one array, and refusals cost only themselves") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer(json(R"({"items":[{"status":201,"order":)" + tracked_order("1") +
                          R"(},{"status":404,"problem":)" +
                          R"({"status":404,"code":"panel-unknown","detail":"there is no panel p9"}}]})"));
  const auto outcome = run(room.path("api.sock"), {"track", "p1/1", "p9/2", "--ref", "r"});
  CHECK(outcome.exit == 6);
  CHECK(outcome.out == "1 tracked\n");
  CHECK(outcome.err == "smm-tracker: p9/2: there is no panel p9\n");
  CHECK(nlohmann::ordered_json::parse(daemon.request(0).body) ==
        nlohmann::ordered_json::parse(
            R"([{"panel":"p1","id":"1","ref":"r"},{"panel":"p9","id":"2","ref":"r"}])"));
}

TEST_CASE("when all are refused alike the exit code is theirs") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  const std::string no_panel = R"({"status":404,"problem":{"code":"panel-unknown","detail":"no panel p9"}})";
  daemon.will_answer(json(R"({"items":[)" + no_panel + "," + no_panel + "]}"));
  const auto outcome = run(room.path("api.sock"), {"track", "p9/1", "p9/2"});
  CHECK(outcome.exit == 3);
  CHECK(outcome.out.empty());
}

TEST_CASE("orders on standard input go in arrays of at most a thousand") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer(all_new(1000));
  daemon.will_answer(all_new(1000));
  daemon.will_answer(all_new(500));
  std::string input = "# from the old script\n\n";
  for (int i = 0; i < 2500; ++i) input += "  p1/" + std::to_string(i) + "\r\n";
  const auto outcome = run(room.path("api.sock"), {"track", "-"}, input);
  CHECK(outcome.exit == 0);
  CHECK(outcome.out == "2500 tracked\n");
  const auto seen = daemon.seen();
  REQUIRE(seen.size() == 3);
  CHECK(nlohmann::ordered_json::parse(seen[0].body).size() == 1000);
  CHECK(nlohmann::ordered_json::parse(seen[1].body)[0] ==
        nlohmann::ordered_json::parse(R"({"panel":"p1","id":"1000"})"));
  CHECK(nlohmann::ordered_json::parse(seen[2].body).size() == 500);
}

TEST_CASE("an array of orders with long links stays below what the daemon takes") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer(problem(413, "too-large", "too much"));
  std::string input;
  for (int i = 0; i < 1000; ++i) input += "p1/" + std::to_string(i) + "\n";
  run(room.path("api.sock"), {"track", "-", "--link", std::string(8000, 'l')}, input);
  REQUIRE(daemon.seen().size() == 1);
  CHECK(daemon.request(0).body.size() < std::size_t{4} << 20);
  CHECK(nlohmann::ordered_json::parse(daemon.request(0).body).is_array());
}

TEST_CASE("a line that is no order is named, and the others are tracked") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer(all_new(2));
  const auto outcome = run(room.path("api.sock"), {"track", "-"}, "p1/1\n23501 \x1b[2J\np1/2");
  CHECK(outcome.exit == 6);
  CHECK(outcome.out == "2 tracked\n");
  CHECK(outcome.err ==
        "smm-tracker: line 2: \"23501 \\x1b[2J\" is not an order; write PANEL/ID, as in p1/23501\n");
}

TEST_CASE("the results of many orders are one document in JSON") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer(all_new(1000));
  daemon.will_answer(all_new(1));
  std::string input;
  for (int i = 0; i < 1001; ++i) input += "p1/" + std::to_string(i) + "\n";
  const auto outcome = run(room.path("api.sock"), {"track", "-", "--json"}, input);
  CHECK(nlohmann::ordered_json::parse(outcome.out)["items"].size() == 1001);
  CHECK(run(room.path("api.sock"), {"track", "-", "--json"}, "").out == "{\"items\":[]}\n");
}

TEST_CASE("when the daemon goes away in the middle, what was tracked is told and the rest not tried") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer(all_new(1000));
  daemon.will_answer(raw(""));
  std::string input;
  for (int i = 0; i < 3500; ++i) input += "p1/" + std::to_string(i) + "\n";
  const auto outcome = run(room.path("api.sock"), {"track", "-"}, input);
  CHECK(outcome.exit == 6);
  CHECK(outcome.out == "1000 tracked\n");
  CHECK(outcome.err.find(
            "hung up before its answer was complete; whether it did what was asked is not known") !=
        std::string::npos);
  CHECK(outcome.err.find('\n') == outcome.err.size() - 1);
}

TEST_CASE("untrack deletes each order, and erases it only when told to") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer(raw("HTTP/1.1 204 No Content\r\n\r\n"));
  auto outcome = run(room.path("api.sock"), {"untrack", "p1/1", "p1/2"});
  CHECK(outcome.exit == 0);
  CHECK(outcome.out == "untracked  p1/1\nuntracked  p1/2\n");
  outcome = run(room.path("api.sock"), {"untrack", "--purge", "p1/3", "--json"});
  CHECK(outcome.out == "{\"items\":[{\"status\":204,\"panel\":\"p1\",\"id\":\"3\"}]}\n");
  const auto seen = daemon.seen();
  REQUIRE(seen.size() == 3);
  CHECK(seen[0].method == "DELETE");
  CHECK(seen[0].target == "/v1/orders/p1/1");
  CHECK(seen[2].target == "/v1/orders/p1/3?purge=1");
}

TEST_CASE("untrack of an order nobody knows is not found") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer(problem(404, "order-not-found", "p1 has no order 1 here"));
  const auto outcome = run(room.path("api.sock"), {"untrack", "p1/1"});
  CHECK(outcome.exit == 3);
  CHECK(outcome.err == "smm-tracker: p1/1: p1 has no order 1 here\n");
}

TEST_CASE("poll asks for each order and tells how it is now") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer(
      json(R"({"panel":"p1","id":"1","status":"partial","quantity":10,"delivered":4,"remains":6})"));
  CHECK(run(room.path("api.sock"), {"poll", "p1/1"}).out == "p1/1  partial  4/10\n");
  CHECK(daemon.request(0).method == "POST");
  CHECK(daemon.request(0).target == "/v1/orders/p1/1/poll");
  CHECK(daemon.request(0).body.empty());
  CHECK(daemon.request(0).headers.count("content-type") == 0);
}

TEST_CASE("a panel that fails while polled is exit code 5 with its words, and 6 among others") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer(problem(502, "upstream-error", "p1: Invalid API key"));
  daemon.will_answer(problem(503, "panel-busy", "p1 is busy"));
  daemon.will_answer(json(tracked_order("2", "completed")));
  auto outcome = run(room.path("api.sock"), {"poll", "p1/1"});
  CHECK(outcome.exit == 5);
  CHECK(outcome.err == "smm-tracker: p1: Invalid API key\n");
  outcome = run(room.path("api.sock"), {"poll", "p1/1", "p1/2", "--json"});
  CHECK(outcome.exit == 6);
  CHECK(outcome.err == "smm-tracker: p1/1: p1 is busy; try again in a moment\n");
  const auto items = nlohmann::ordered_json::parse(outcome.out)["items"];
  CHECK(items[0]["problem"]["code"] == "panel-busy");
  CHECK(items[1]["order"]["status"] == "completed");
}
