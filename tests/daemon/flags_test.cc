#include "one_panel.h"
#include "shifted_clock.h"

#include <thread>

namespace smm::test::flags_test {

// What is said of a key and of an order beside its status: rejected, lost, found, stalled, resumed, settled.

namespace practice = smm::practice;
using namespace one_panel;
using practice::Ms;
using std::chrono::seconds;

namespace {

practice::OrderPatch says(const std::string& status, const std::string& remains) {
  practice::OrderPatch patch;
  patch.status = status;
  patch.remains = remains;
  return patch;
}

}  // namespace

TEST_CASE("a rejected key rests the panel, is said once, and a resume with the right key goes on") {
  OnePanel world;
  REQUIRE_MESSAGE(world.start(), world.tracker.log());
  world.panel.script_order("7001", 1000, {{Ms(0), says("In progress", "900")}});
  REQUIRE(world.tracker.track("p1", {"7001"}) == 1);
  REQUIRE(all_asked(world.tracker));
  const auto before = world.order("7001");
  world.panel.set_key("another-key");
  REQUIRE(eventually([&] { return panel_of(world.tracker, "p1")["state"] == "key_rejected"; }));
  CHECK(requests_within(world.server, "p1", seconds(2)) == 0);
  // A resume asks for the balance once, and rests again.
  CHECK(world.tracker.post("/v1/panels/p1/resume").status == 200);
  REQUIRE(eventually([&] {
    const auto last = world.server.ledger().last();
    return last && last->request.action == "balance" && last->answer;
  }));
  CHECK(requests_within(world.server, "p1", seconds(1)) == 0);
  CHECK(world.events("panel.key_rejected") == 1);
  CHECK(world.order("7001")["revision"] == before["revision"]);

  world.panel.set_key(practice_key);
  world.panel.set_order("7001", says("In progress", "400"));
  CHECK(world.tracker.post("/v1/panels/p1/resume").status == 200);
  CHECK(eventually([&] { return world.order("7001")["remains"] == 400; }));
  CHECK(world.events("panel.up") == 1);
  CHECK(world.events("panel.key_rejected") == 1);
}

TEST_CASE("an order its panel no longer knows is lost once, and found when it is known again") {
  OnePanel world;
  world.config.insert(world.config.find("settle"), "lost_after = \"300ms\"\n");
  REQUIRE_MESSAGE(world.start(), world.tracker.log());
  for (const auto* id : {"7001", "7002", "7003"}) {
    world.panel.script_order(id, 1000, {{Ms(0), says("In progress", "900")}});
  }
  REQUIRE(world.tracker.track("p1", {"7001", "7002", "7003"}) == 3);
  REQUIRE(all_asked(world.tracker));
  world.panel.remove_order("7001");
  REQUIRE(eventually([&] { return world.order("7001")["lost"] == true; }));
  CHECK(world.order("7001")["status"] == "in_progress");
  std::this_thread::sleep_for(seconds(3));  // a lost order is asked about every 10 × slowest, which is 2 s
  CHECK(world.events("order.lost") == 1);
  CHECK(world.order("7002")["lost"] == false);
  world.panel.set_order("7001", says("In progress", "900"));
  REQUIRE(eventually([&] { return world.order("7001")["lost"] == false; }));
  CHECK(world.events("order.found") == 1);
  CHECK(world.events("order.lost") == 1);
}

TEST_CASE("an address where nobody knows any order is the panel's trouble, and no order is lost for it") {
  OnePanel world;
  world.config.insert(world.config.find("settle"), "lost_after = \"300ms\"\n");
  REQUIRE_MESSAGE(world.start(), world.tracker.log());
  const auto ids = world.panel.seed_orders(12, 9);
  REQUIRE(world.tracker.track("p1", ids) == 12);
  REQUIRE(all_asked(world.tracker));
  // To batches it says the same as to a single order, so that batches are given up first.
  world.panel.add_quirk(quirk("http-404-json"));
  CHECK(eventually([&] { return panel_of(world.tracker, "p1")["state"] == "down"; }));
  CHECK(panel_of(world.tracker, "p1")["last_error"]["kind"] == "said-no");
  std::this_thread::sleep_for(seconds(3));
  CHECK(world.events("order.lost") == 0);
  world.panel.clear_quirks();
  CHECK(eventually([&] { return panel_of(world.tracker, "p1")["state"] == "up"; }));
  CHECK(world.events("panel.down") == 1);
}

TEST_CASE("a hundred orders that a panel forgot do not keep the others from being followed") {
  OnePanel world;
  REQUIRE_MESSAGE(world.start(), world.tracker.log());
  std::vector<std::string> ids;
  for (int id = 1; id <= 150; ++id) {
    ids.push_back(std::to_string(id));
    world.panel.script_order(ids.back(), 1000, {{Ms(0), says("In progress", "900")}});
  }
  REQUIRE(world.tracker.track("p1", ids) == 150);
  REQUIRE(all_asked(world.tracker));
  for (int id = 1; id <= 110; ++id) world.panel.remove_order(std::to_string(id));
  for (int id = 111; id <= 150; ++id) world.panel.set_order(std::to_string(id), says("In progress", "800"));
  CHECK(eventually(
      [&] { return world.order("111")["remains"] == 800 && world.order("150")["remains"] == 800; }));
}

TEST_CASE("the children of a subscription and of a drip-feed are followed by themselves") {
  OnePanel world;
  REQUIRE_MESSAGE(world.start(), world.tracker.log());
  practice::OrderPatch subscription;
  subscription.raw_json = R"({"status":"Active","expiry":null,"posts":"10","orders":["8001"]})";
  practice::OrderPatch drip_feed;
  drip_feed.raw_json = R"({"status":"In progress","runs":"3","orders":[8101,8102]})";
  world.panel.script_order("7001", 100, {{Ms(0), subscription}});
  world.panel.script_order("7002", 300, {{Ms(0), drip_feed}});
  for (const auto* id : {"8001", "8002", "8101", "8102"}) {
    world.panel.script_order(id, 100,
                             {{Ms(0), says("In progress", "60")}, {Ms(1000), says("Completed", "0")}});
  }
  const Json labels = {{"customer", "42"}};
  for (const auto* id : {"7001", "7002"}) {
    const auto tracked = world.tracker.post(
        "/v1/orders", Json{{"panel", "p1"}, {"id", id}, {"ref", "shop-991"}, {"labels", labels}});
    REQUIRE_MESSAGE(tracked.status == 201, tracked.body);
  }
  const auto follows = [&](const std::string& id, const std::string& parent, const std::string& status) {
    return eventually([&] {
      const auto answer = world.tracker.get("/v1/orders/p1/" + id);
      if (answer.status != 200) return false;
      const auto order = answer.json();
      return order["parent"] == parent && order["ref"] == "shop-991" && order["labels"] == labels &&
             order["status"] == status;
    });
  };
  CHECK(follows("8001", "7001", "in_progress"));
  CHECK(follows("8101", "7002", "in_progress"));
  CHECK(follows("8102", "7002", "in_progress"));
  CHECK(world.order("7001")["kind"] == "subscription");
  CHECK(world.order("7002")["kind"] == "drip_feed");
  CHECK(world.order("7002")["children"] == Json::array({"8101", "8102"}));
  CHECK(world.tracker.get("/v1/orders/p1/8002").status == 404);

  practice::OrderPatch another_post;
  another_post.raw_json = R"({"status":"Active","expiry":null,"posts":"10","orders":["8001","8002"]})";
  world.panel.set_order("7001", another_post);
  world.server.advance(Ms(1000));
  CHECK(follows("8002", "7001", "completed"));
  CHECK(follows("8001", "7001", "completed"));
  CHECK(follows("8101", "7002", "completed"));
}

TEST_CASE("an order that stands still is stalled once, and resumed when it moves") {
  OnePanel world;
  world.config.insert(world.config.find("settle"), "stalled_after = \"1s\"\n");
  REQUIRE_MESSAGE(world.start(), world.tracker.log());
  world.panel.script_order("7001", 1000, {{Ms(0), says("In progress", "900")}});
  REQUIRE(world.tracker.track("p1", {"7001"}) == 1);
  REQUIRE(eventually([&] { return world.order("7001")["stalled"] == true; }));
  std::this_thread::sleep_for(seconds(2));
  CHECK(world.events("order.stalled") == 1);
  CHECK(world.events("order.resumed") == 0);
  world.panel.set_order("7001", says("In progress", "800"));
  REQUIRE(eventually([&] { return world.events("order.resumed") == 1; }));
  CHECK(world.order("7001")["remains"] == 800);
}

TEST_CASE("an order that ended is settled after a time; a correction before that is said") {
  ShiftedClock clock;
  OnePanel world("",
                 "[poll]\nfastest = \"100ms\"\nmoving = \"100ms\"\nslowest = \"200ms\"\nsettle = \"1h\"\n");
  REQUIRE_MESSAGE(world.tracker.start({.config = world.config, .environment = clock.environment()}),
                  world.tracker.log());
  world.panel.script_order("7001", 1000, {{Ms(0), says("Partial", "900")}});
  REQUIRE(world.tracker.track("p1", {"7001"}) == 1);
  REQUIRE(eventually([&] { return world.order("7001")["status"] == "partial"; }));
  CHECK(world.order("7001")["settled"] == false);
  world.panel.set_order("7001", says("Partial", "850"));
  REQUIRE(eventually([&] { return world.order("7001")["remains"] == 850; }));
  CHECK(world.events("order.corrected") == 1);
  CHECK(world.order("7001")["settled"] == false);
  clock.pass(std::chrono::hours(1));
  REQUIRE(eventually([&] { return world.order("7001")["settled"] == true; }));
  CHECK(world.events("order.settled") == 1);
  CHECK(world.order("7001")["revision"] == 2);
  // Settled, it is asked about no more but in free places once a day.
  const auto polls = [&] {
    const auto entries = requests_of(world.server, "p1");
    return std::count_if(entries.begin(), entries.end(),
                         [](const auto& entry) { return entry.request.action == "status"; });
  };
  const auto before = polls();
  std::this_thread::sleep_for(seconds(2));
  CHECK(polls() == before);
}

}  // namespace smm::test::flags_test
