#include "compat_world.h"

#include <atomic>
#include <future>
#include <map>
#include <thread>

namespace smm::test::compat_status_test {

// Our own API v2: status, from the database wherever it can be.

using std::chrono::seconds;
using std::chrono::steady_clock;

namespace {

std::string list_of(const std::vector<std::string>& ids) {
  std::string list;
  for (const auto& id : ids) list += (list.empty() ? "" : ",") + id;
  return list;
}

}  // namespace

TEST_CASE("an order the panel knows is answered byte for byte, tracked from then on, and makes no event") {
  CompatWorld world;
  world.panel.seed_orders(3, 7);
  REQUIRE_MESSAGE(world.start(), world.tracker.log());
  const auto answer = world.ask("action=status&order=23501");
  CHECK(answer.status == 200);
  CHECK(answer.headers.at("content-type") == "application/json");
  CHECK(answer.headers.at("age") == "0");
  REQUIRE(world.count("status") == 1);
  CHECK(answer.body == world.asked("status").front().answer->body);
  CHECK(world.ask("action=status&order=23501").body == answer.body);
  CHECK(world.count("status") == 1);

  const auto order = world.tracker.get("/v1/orders/p1/23501");
  REQUIRE_MESSAGE(order.status == 200, order.body);
  CHECK(order.json()["revision"] == 1);
  CHECK(order.json()["status_text"] == answer.json()["status"]);
  CHECK_FALSE(order.json()["next_poll_at"].is_null());
  CHECK(world.events("order.").empty());
}

TEST_CASE("the panel's own types and fields are replayed, whatever they are") {
  CompatWorld world;
  const std::string odd =
      R"({"order":5,"charge":0.50,"start_count":null,"status":"In progress","remains":"-5","x":{"a":1.10,"b":[]}})";
  world.panel.set_order("5", {.raw_json = odd});
  world.panel.set_order("6", {.raw_json = R"({"status":"Pending","charge":"5400.0000","currency":"VND"})"});
  REQUIRE_MESSAGE(world.start(), world.tracker.log());
  const auto answer = world.ask("action=status&orders=5,6");
  const auto told = world.asked("status").front().answer->body;
  CHECK(answer.body == told);
  CHECK(world.ask("action=status&orders=5,6").body == answer.body);
  CHECK(world.tracker.stop().code == 0);
  REQUIRE(world.restart());
  CHECK(world.ask("action=status&orders=5,6").body == answer.body);
}

TEST_CASE("several orders are answered under their ids, in the order asked, strangers among them") {
  CompatWorld world;
  world.panel.seed_orders(2, 7);
  REQUIRE_MESSAGE(world.start(), world.tracker.log());
  const auto answer = world.ask("action=status&orders=23502,99,not%20an%20id!,23501");
  const auto json = answer.json();
  std::vector<std::string> keys;
  for (const auto& item : json.items()) keys.push_back(item.key());
  CHECK(keys == std::vector<std::string>{"23502", "99", "not", "an", "id!", "23501"});
  CHECK(json["99"] == Json{{"error", "Incorrect order ID"}});
  CHECK(json["id!"] == Json{{"error", "Incorrect order ID"}});
  CHECK(json["23501"]["currency"] == "USD");
  REQUIRE(world.count("status") == 1);
  const auto asked = world.asked("status").front().request.asked;
  CHECK(std::count(asked.begin(), asked.end(), "id!") == 0);
}

TEST_CASE("an order the panel does not know is not asked about again, be it tracked here or not") {
  CompatWorld world;
  REQUIRE_MESSAGE(world.start(), world.tracker.log());
  for (int i = 0; i < 5; ++i) {
    CHECK(world.ask("action=status&order=99").body == R"({"error":"Incorrect order ID"})");
    CHECK(world.ask("action=status&orders=98,99").json()["98"]["error"] == "Incorrect order ID");
  }
  CHECK(world.count("status") == 2);
  CHECK(world.tracker.get("/v1/orders/p1/99").status == 404);

  REQUIRE(world.tracker.track("p1", {"97"}) == 1);
  REQUIRE(eventually([&] { return world.count("status") == 3; }));
  for (int i = 0; i < 5; ++i)
    CHECK(world.ask("action=status&order=97").body == R"({"error":"Incorrect order ID"})");
  CHECK(world.count("status") <= 4);
}

TEST_CASE("many clients in a loop cost the panel no more than one request each `fastest`") {
  CompatWorld world;
  // One batch: of several, a batch that has room takes what is due before its time from another.
  const auto ids = world.panel.seed_orders(100, 7);
  REQUIRE_MESSAGE(world.start(CompatWorld::slow_polling("1s")), world.tracker.log());
  const auto begin = steady_clock::now();
  const auto began = world.server.ledger().now();
  std::atomic<int> answers = 0;
  std::vector<std::thread> clients;
  clients.reserve(8);
  for (int i = 0; i < 8; ++i) {
    clients.emplace_back([&] {
      const auto is_enough = [&] { return answers > 100 && world.count("status") >= 3; };
      while (steady_clock::now() - begin < (is_enough() ? seconds(3) : seconds(60))) {
        const auto answer = world.ask("action=status&orders=" + list_of(ids));
        if (answer.body.find("\"error\"") == std::string::npos && answer.status == 200) ++answers;
      }
    });
  }
  for (auto& client : clients) client.join();
  CHECK(answers > 100);
  CHECK(world.count("status") >= 3);  // the first sight, and what is older than `fastest`
  std::map<std::string, int> times;
  for (const auto& entry : world.asked("status")) {
    for (const auto& id : entry.request.asked) {
      // The panel may take note of one late, never early.
      CHECK_MESSAGE(entry.request.at - began >= seconds(times[id]), id);
      ++times[id];
    }
  }
}

TEST_CASE("with a long `fastest` they cost it nothing after the first sight") {
  CompatWorld world;
  const auto ids = world.panel.seed_orders(100, 7);
  REQUIRE_MESSAGE(world.start(), world.tracker.log());
  for (int i = 0; i < 200; ++i) CHECK(world.ask("action=status&orders=" + list_of(ids)).status == 200);
  CHECK(world.count("status") == 1);
}

TEST_CASE("what somebody looks at goes into the next batch, and a change is seen") {
  CompatWorld world;
  world.panel.script_order("7001", 1000, {});
  world.panel.script_order("7002", 1000, {});
  REQUIRE_MESSAGE(world.start(CompatWorld::slow_polling("300ms")), world.tracker.log());
  CHECK(world.ask("action=status&order=7001").json()["status"] == "Pending");
  world.panel.set_order("7001", {.status = "Completed", .remains = "0"});
  CHECK(eventually([&] { return world.ask("action=status&order=7001").json()["status"] == "Completed"; }));
  CHECK(eventually([&] { return world.events("order.status_changed").size() == 1; }));
}

TEST_CASE("clients that ask about a new order at the same moment share one request") {
  CompatWorld world;
  world.panel.seed_orders(1, 7);
  world.panel.add_quirk(quirk("slow-reply", "status", "500"));
  REQUIRE_MESSAGE(world.start(), world.tracker.log());
  std::vector<std::future<HttpAnswer>> answers;
  answers.reserve(6);
  for (int i = 0; i < 6; ++i)
    answers.push_back(std::async(std::launch::async, [&] { return world.ask("action=status&order=23501"); }));
  for (auto& answer : answers) CHECK(answer.get().json()["currency"] == "USD");
  CHECK(world.count("status") == 1);
}

TEST_CASE("an order that is tracked and was never answered is asked about at once, also when polling rests") {
  CompatWorld world;
  world.panel.seed_orders(1, 7);
  REQUIRE_MESSAGE(world.start(), world.tracker.log());
  REQUIRE(world.tracker.post("/v1/panels/p1/pause").status == 200);
  REQUIRE(world.tracker.track("p1", {"23501"}) == 1);
  CHECK(world.ask("action=status&order=23501").json()["currency"] == "USD");
  CHECK(world.events("order.status_changed").size() == 1);
}

TEST_CASE("what the database has is answered with its age while the panel is away, the rest says so") {
  CompatWorld world;
  world.panel.seed_orders(2, 7);
  REQUIRE_MESSAGE(world.start(), world.tracker.log());
  const auto before = world.ask("action=status&order=23501");
  world.server.stop();
  CHECK(eventually([&] { return world.ask("action=status&order=23501").headers.at("age") != "0"; }));
  CHECK(world.ask("action=status&order=23501").body == before.body);
  const auto single = world.ask("action=status&order=23502").json()["error"].get<std::string>();
  CHECK_MESSAGE(single.rfind("Not sent: ", 0) == 0, single);
  const auto several = world.ask("action=status&orders=23501,23502").json();
  CHECK(several["23501"] == before.json());
  CHECK(several["23502"]["error"].get<std::string>().rfind("Not sent: ", 0) == 0);
  // Two that nobody asked for before: what is remembered of an earlier question may have other words.
  const auto neither = world.ask("action=status&orders=23503,23504").json();
  CHECK_MESSAGE(neither.contains("error"), neither.dump());
  world.server.start();
}

TEST_CASE(
    "an answer that is none is our own trouble, in our own words, and is not asked for by each client") {
  CompatWorld world;
  world.panel.seed_orders(2, 7);
  REQUIRE_MESSAGE(world.start(), world.tracker.log());
  world.panel.add_quirk(quirk("html-500", "status"));
  for (int i = 0; i < 5; ++i) {
    const auto words = world.ask("action=status&order=23501").json()["error"].get<std::string>();
    CHECK_MESSAGE(words.rfind("Outcome unknown: ", 0) == 0, words);
  }
  CHECK(world.count("status") == 1);
  CHECK(world.tracker.get("/v1/orders/p1/23501").status == 404);
}

TEST_CASE("without track_on_sight an order is answered and not tracked") {
  CompatWorld world;
  world.panel.seed_orders(1, 7);
  REQUIRE_MESSAGE(world.start(CompatWorld::slow_polling(), "track_on_sight = false\n"), world.tracker.log());
  for (int i = 0; i < 5; ++i) CHECK(world.ask("action=status&order=23501").json()["currency"] == "USD");
  CHECK(world.count("status") == 1);
  CHECK(world.tracker.get("/v1/orders/p1/23501").status == 404);
}

TEST_CASE("an order its user stopped tracking stays untracked, and is answered all the same") {
  CompatWorld world;
  world.panel.seed_orders(1, 7);
  REQUIRE_MESSAGE(world.start(), world.tracker.log());
  CHECK(world.ask("action=status&order=23501").status == 200);
  TrackerProcess::Call remove;
  remove.method = "DELETE";
  remove.target = "/v1/orders/p1/23501";
  REQUIRE(world.tracker.call(remove).status < 300);
  CHECK(world.ask("action=status&order=23501").json()["currency"] == "USD");
  const auto listed = world.tracker.all_items("/v1/orders");
  CHECK(listed.empty());
}

TEST_CASE("a panel that knows no batches is asked one by one") {
  CompatWorld world;
  world.panel.seed_orders(3, 7);
  world.panel.add_quirk(quirk("no-batch", "status"));
  REQUIRE_MESSAGE(world.start(), world.tracker.log());
  const auto json = world.ask("action=status&orders=23501,23502,23503,99").json();
  for (const auto* id : {"23501", "23502", "23503"}) CHECK(json[id]["currency"] == "USD");
  CHECK(json["99"]["error"] == "Incorrect order ID");
}

TEST_CASE("a panel that takes smaller batches gets them, and every order its answer") {
  CompatWorld world;
  const auto ids = world.panel.seed_orders(60, 7);
  world.panel.add_quirk(quirk("small-batch", "status", "10"));
  REQUIRE_MESSAGE(world.start(), world.tracker.log());
  const auto json = world.ask("action=status&orders=" + list_of(ids)).json();
  REQUIRE(json.size() == 60);
  for (const auto& order : json) CHECK(order["currency"] == "USD");
  CHECK(world.tracker.all_items("/v1/orders").size() == 60);
}

TEST_CASE("a subscription's children are tracked when it is first seen here") {
  CompatWorld world;
  world.panel.set_order("5",
                        {.raw_json = R"({"status":"Active","expiry":null,"posts":"10","orders":["6"]})"});
  world.panel.script_order("6", 100, {});
  REQUIRE_MESSAGE(world.start(), world.tracker.log());
  CHECK(world.ask("action=status&order=5").json()["orders"] == Json::array({"6"}));
  CHECK(eventually([&] { return world.tracker.get("/v1/orders/p1/6").json()["status"] == "pending"; }));
}

}  // namespace smm::test::compat_status_test
