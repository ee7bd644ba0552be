#include "practice-panel/test_world.h"

#include <doctest/doctest.h>

#include <algorithm>

namespace smm::practice::practice_panel_test {
namespace {

using nlohmann::ordered_json;

std::string many_ids(std::size_t count) {
  std::string ids = "1";
  for (std::size_t i = 2; i <= count; ++i) ids += "," + std::to_string(i);
  return ids;
}

TEST_CASE("services are listed with the fields, types and order of the published pages") {
  TestWorld world;
  const auto reply = world.ask({{"action", "services"}});
  REQUIRE(reply.size() > 15);
  CHECK(
      reply[0].dump() ==
      R"({"service":1,"name":"Followers","type":"Default","category":"First Category","rate":"0.90","min":"50","max":"10000","refill":true,"cancel":true})");
  CHECK(
      reply[1].dump() ==
      R"({"service":2,"name":"Comments","type":"Custom Comments","category":"Second Category","rate":"8","min":"10","max":"1500","refill":false,"cancel":true})");
}

TEST_CASE("a status, a batch of them and an unknown id look as on the published pages") {
  TestWorld world;
  CHECK(world.call({{"action", "status"}, {"order", "100"}}).body ==
        R"({"charge":"0.27819","start_count":"3572","status":"Completed","remains":"0","currency":"USD"})");
  CHECK(
      world.call({{"action", "status"}, {"orders", "100,9"}}).body ==
      R"({"100":{"charge":"0.27819","start_count":"3572","status":"Completed","remains":"0","currency":"USD"},"9":{"error":"Incorrect order ID"}})");
  CHECK(world.call({{"action", "status"}, {"order", "9"}}).body == R"({"error":"Incorrect order ID"})");
}

TEST_CASE("refill, refill_status, cancel and balance look as on the published pages") {
  TestWorld world;
  CHECK(world.call({{"action", "refill"}, {"order", "100"}}).body == R"({"refill":"1"})");
  world.panel.set_order("102", {.status = "Completed"});
  CHECK(world.call({{"action", "refill"}, {"orders", "102,9"}}).body ==
        R"([{"order":102,"refill":2},{"order":9,"refill":{"error":"Incorrect order ID"}}])");
  world.panel.set_refill("1", "Completed");
  world.panel.set_refill("2", "Rejected");
  CHECK(world.call({{"action", "refill_status"}, {"refill", "1"}}).body == R"({"status":"Completed"})");
  CHECK(
      world.call({{"action", "refill_status"}, {"refills", "1,2,3"}}).body ==
      R"([{"refill":1,"status":"Completed"},{"refill":2,"status":"Rejected"},{"refill":3,"status":{"error":"Refill not found"}}])");
  CHECK(world.call({{"action", "cancel"}, {"orders", "9,101"}}).body ==
        R"([{"order":9,"cancel":{"error":"Incorrect order ID"}},{"order":101,"cancel":1}])");
  CHECK(world.call({{"action", "balance"}}).body == R"({"balance":"100.84292","currency":"USD"})");
}

struct TypeCase {
  const char* type;
  Fields fields;
};

const std::vector<TypeCase>& type_cases() {
  static const std::vector<TypeCase> cases{
      {"Default", {{"link", "l"}, {"quantity", "100"}}},
      {"Package", {{"link", "l"}}},
      {"SEO", {{"link", "l"}, {"quantity", "100"}, {"keywords", "a\nb"}}},
      {"Custom Comments", {{"link", "l"}, {"comments", "a\r\nb"}}},
      {"Mentions with Hashtags", {{"link", "l"}, {"quantity", "100"}, {"usernames", "a"}, {"hashtags", "b"}}},
      {"Mentions Custom List", {{"link", "l"}, {"usernames", "a\nb"}}},
      {"Mentions Hashtag", {{"link", "l"}, {"quantity", "100"}, {"hashtag", "a"}}},
      {"Mentions User Followers", {{"link", "l"}, {"quantity", "100"}, {"username", "u"}}},
      {"Mentions Media Likers", {{"link", "l"}, {"quantity", "100"}, {"media", "m"}}},
      {"Subscriptions", {{"username", "u"}, {"min", "10"}, {"max", "20"}, {"delay", "0"}}},
      {"Custom Comments Package", {{"link", "l"}, {"comments", "a"}}},
      {"Comment Likes", {{"link", "l"}, {"quantity", "100"}, {"username", "u"}}},
      {"Poll", {{"link", "l"}, {"quantity", "100"}, {"answer_number", "2"}}},
      {"Comment Replies", {{"link", "l"}, {"username", "u"}, {"comments", "a"}}},
      {"Invites from Groups", {{"link", "l"}, {"quantity", "100"}, {"groups", "g"}}},
  };
  return cases;
}

TEST_CASE("each of the fifteen order types is taken whole and refused when a field is missing") {
  TestWorld world;
  for (const auto& order_type : type_cases()) {
    const std::string type = order_type.type;
    const auto& fields = order_type.fields;
    CAPTURE(type);
    const auto services = world.panel.services();
    const auto service = std::find_if(services.begin(), services.end(),
                                      [&type](const Service& candidate) { return candidate.type == type; });
    REQUIRE(service != services.end());
    Fields base{{"action", "add"}, {"service", std::to_string(service->id)}};
    auto all = base;
    all.insert(all.end(), fields.begin(), fields.end());
    CHECK(world.ask(all)["order"].is_number_integer());
    for (std::size_t left_out = 0; left_out < fields.size(); ++left_out) {
      auto some = all;
      some.erase(some.begin() + static_cast<std::ptrdiff_t>(base.size() + left_out));
      CHECK(world.ask(some)["error"] == "Incorrect " + fields[left_out].first);
    }
  }
}

TEST_CASE("an order outside the service's limits, of no service or beyond the balance is refused") {
  TestWorld world;
  const auto add = [&world](const char* service, const char* quantity) {
    return world.ask({{"action", "add"}, {"service", service}, {"link", "l"}, {"quantity", quantity}});
  };
  CHECK(add("1", "49")["error"] == "Quantity less than minimal 50");
  CHECK(add("1", "10001")["error"] == "Quantity more than maximum 10000");
  CHECK(add("999", "100")["error"] == "Incorrect service ID");
  world.panel.set_balance("0.09");
  CHECK(add("1", "101")["error"] == "Not enough funds on balance");
  CHECK(add("1", "100").contains("order"));
  CHECK(world.panel.balance() == "0.00000");
}

TEST_CASE("a batch of 100 ids is answered and one of 101 refused, for every action with batches") {
  TestWorld world;
  for (const char* action : {"status", "refill", "refill_status", "cancel"}) {
    CAPTURE(action);
    const auto* field = std::string(action) == "refill_status" ? "refills" : "orders";
    CHECK(world.ask({{"action", action}, {field, many_ids(100)}}).size() == 100);
    CHECK(world.ask({{"action", action}, {field, many_ids(101)}}).contains("error"));
  }
}

TEST_CASE("a wrong key and an action nobody knows are errors") {
  TestWorld world;
  CHECK(world.client.post(world.server.api_url("p1"), {{"key", "x"}, {"action", "balance"}}).body ==
        R"({"error":"Invalid API key"})");
  CHECK(world.ask({{"action", "dance"}}).contains("error"));
  const auto entries = world.server.ledger().entries();
  CHECK_FALSE(entries[0].request.key_right);
  CHECK(entries[1].request.key_right);
}

TEST_CASE("multipart bodies, the bare path and a closing slash are understood") {
  TestWorld world;
  const Fields form{{"key", world.panel.key()}, {"action", "balance"}};
  CHECK(world.client.post_multipart(world.server.url() + "/api/v2", form).json().contains("balance"));
  CHECK(world.client.post(world.server.url() + "/api/v2/", form).json().contains("balance"));
  CHECK(world.client.post(world.server.url() + "/p1/api/v2/", form).json().contains("balance"));
  CHECK(world.client.post(world.server.url() + "/p9/api/v2", form).status == 404);
}

TEST_CASE("panels on one port keep their keys, orders and balances apart") {
  TestWorld world;
  auto& other = world.server.add_panel({.name = "p2", .key = "other", .balance = "5.00000"});
  other.set_order("100", {.status = "Canceled"});
  const auto ask = [&](const std::string& action) {
    return world.client
        .post(world.server.api_url("p2"), {{"key", "other"}, {"action", action}, {"order", "100"}})
        .json();
  };
  CHECK(ask("status")["status"] == "Canceled");
  CHECK(ask("balance")["balance"] == "5.00000");
  CHECK(world.ask({{"action", "status"}, {"order", "100"}})["status"] == "Completed");
  CHECK(world.server.ledger().requests("p2") == 2);
  CHECK_THROWS_AS(world.server.add_panel({.name = "p2"}), std::invalid_argument);
}

TEST_CASE("an order goes its course by the clock and tells the same at the same time") {
  PracticeServer first;
  PracticeServer second;
  const auto walk = [](PracticeServer& server) {
    auto& panel = server.add_panel();
    const auto ids = panel.seed_orders(200, 7, {.first_id = 5000});
    CHECK(ids.front() == "5000");
    std::string all;
    for (int quarter = 0; quarter < 32; ++quarter) {
      for (const auto& id : ids) all += panel.order_state(id)->status + panel.order_state(id)->remains + ",";
      server.advance(std::chrono::minutes{15});
    }
    return all;
  };
  const auto told = walk(first);
  CHECK(told == walk(second));
  for (const char* status : {"Pending", "Processing", "In progress", "Completed", "Partial", "Canceled"})
    CHECK(told.find(status) != std::string::npos);
}

TEST_CASE("remains only falls and an ended order does not move") {
  PracticeServer server;
  auto& panel = server.add_panel();
  const auto ids = panel.seed_orders(50, 3, {.text_prefix = "ord_"});
  CHECK(ids.front().starts_with("ord_"));
  std::map<std::string, long> remains;
  for (int step = 0; step < 60; ++step) {
    for (const auto& id : ids) {
      const auto now = std::stol(panel.order_state(id)->remains);
      if (remains.contains(id)) CHECK(now <= remains[id]);
      remains[id] = now;
    }
    server.advance(std::chrono::minutes{10});
  }
}

TEST_CASE("a clock with a speed runs by itself, one without stands") {
  const SimulatedClock standing(0);
  const SimulatedClock fast(1e9);
  const auto before = fast.now();
  while (fast.now() == before) continue;
  CHECK(standing.now() == Ms{0});
}

TEST_CASE("a script and raw JSON say what an order tells, from their time on") {
  TestWorld world;
  world.panel.script_order("7", 100,
                           {{Ms{0}, {.status = "Pending", .remains = "100"}},
                            {Ms{1000}, {.status = "In progress", .remains = "40"}},
                            {Ms{2000}, {.raw_json = R"({"status":2,"remains":null})"}}});
  const auto told = [&world] { return world.ask({{"action", "status"}, {"order", "7"}}); };
  CHECK(told()["status"] == "Pending");
  world.server.advance(Ms{1000});
  CHECK(told()["remains"] == "40");
  world.server.advance(Ms{1000});
  CHECK(told().dump() == R"({"status":2,"remains":null})");
  CHECK_THROWS_AS(world.panel.set_order("7", {.raw_json = "{"}), std::invalid_argument);

  const auto states = world.server.ledger().distinct_states("p1", "7");
  REQUIRE(states.size() == 3);
  CHECK(states[1].status == "In progress");
  CHECK(states[1].remains == "40");
  CHECK(states[2].status == "2");
  CHECK(states[2].remains == "null");
  CHECK_FALSE(states[2].charge.has_value());
}

TEST_CASE("a subscription shows its children as their posts come, and they are orders") {
  TestWorld world;
  const auto id = world
                      .ask({{"action", "add"},
                            {"service", "10"},
                            {"username", "u"},
                            {"min", "10"},
                            {"max", "20"},
                            {"posts", "2"},
                            {"delay", "0"},
                            {"expiry", "31/12/2030"}})["order"]
                      .dump();
  const auto told = [&] { return world.ask({{"action", "status"}, {"order", id}}); };
  CHECK(told().dump() == R"({"status":"Active","expiry":"31/12/2030","posts":"2","orders":[]})");
  world.server.advance(std::chrono::minutes{10});
  const auto children = told()["orders"];
  REQUIRE(children.size() == 1);
  CHECK(world.panel.children(id) == std::vector<std::string>{children[0].get<std::string>()});
  CHECK(world.ask({{"action", "status"}, {"order", children[0].get<std::string>()}})["status"] == "Pending");
  world.server.advance(std::chrono::minutes{10});
  CHECK(told()["status"] == "Completed");
}

TEST_CASE("posts=0 with old_posts makes a subscription of old posts only") {
  TestWorld world;
  const auto id = world
                      .ask({{"action", "add"},
                            {"service", "10"},
                            {"username", "u"},
                            {"min", "10"},
                            {"max", "20"},
                            {"posts", "0"},
                            {"old_posts", "3"},
                            {"delay", "0"}})["order"]
                      .dump();
  CHECK(world.panel.children(id).size() == 3);
  world.server.advance(std::chrono::hours{24});
  CHECK(world.panel.children(id).size() == 3);
}

TEST_CASE("a drip-feed starts a child for each run and ends after the last") {
  TestWorld world;
  const auto id = world
                      .ask({{"action", "add"},
                            {"service", "1"},
                            {"link", "l"},
                            {"quantity", "100"},
                            {"runs", "3"},
                            {"interval", "60"}})["order"]
                      .dump();
  CHECK(world.ask({{"action", "status"}, {"order", id}}).dump() ==
        R"({"status":"Pending","runs":"3","orders":[]})");
  world.server.advance(std::chrono::hours{1});
  CHECK(world.panel.children(id).size() >= 1);
  CHECK(world.panel.order_state(id)->status == "In progress");
  world.server.advance(std::chrono::hours{3});
  CHECK(world.ask({{"action", "status"}, {"order", id}})["orders"].size() == 3);
  CHECK(world.panel.order_state(id)->status == "Completed");
}

TEST_CASE("a refill is refused while one is open, a day long after, and beyond the guarantee") {
  TestWorld world;
  const auto refill = [&world](const std::string& order) {
    return world.ask({{"action", "refill"}, {"order", order}});
  };
  CHECK(refill("101")["error"] == "Order is not completed yet");
  CHECK(refill("100")["refill"] == "1");
  CHECK(refill("100")["error"] == "Refill is still in progress");
  world.panel.set_refill("1", "Completed");
  CHECK(refill("100")["error"] == "Refill can be requested once every 24 hours");
  world.server.advance(std::chrono::hours{24});
  CHECK(refill("100")["refill"] == "2");
  CHECK(world.panel.refills_of("100") == std::vector<std::string>{"1", "2"});
  Course course;
  course.quantity = 100;
  world.panel.put_order("30", course, 17);
  CHECK(refill("30")["refill"] == "3");
  world.server.advance(std::chrono::hours{24 * 31});
  CHECK(refill("30")["error"] == "The refill period has expired");
  world.panel.put_order("31", course, 20);
  CHECK(refill("31")["error"] == "Refill is not available for this service");
}

TEST_CASE("a refill ends by the clock") {
  TestWorld world;
  world.ask({{"action", "refill"}, {"order", "100"}});
  CHECK(world.ask({{"action", "refill_status"}, {"refill", "1"}})["status"] == "Pending");
  world.server.advance(std::chrono::hours{6});
  CHECK(world.ask({{"action", "refill_status"}, {"refill", "1"}})["status"] == "Completed");
}

TEST_CASE("a cancel is asked for now and happens later") {
  TestWorld world;
  world.ask({{"action", "cancel"}, {"orders", "101"}});
  CHECK(world.panel.order_state("101")->status == "In progress");
  CHECK(world.ask({{"action", "cancel"}, {"orders", "101"}})[0]["cancel"].contains("error"));
  world.server.advance(std::chrono::minutes{5});
  CHECK(world.panel.order_state("101")->status == "Canceled");
  CHECK(world.panel.order_state("101")->remains == "10");
}

TEST_CASE("the control endpoints steer a running panel") {
  TestWorld world;
  const auto post = [&world](const std::string& place, const ordered_json& body) {
    return world.client.post_body(world.server.url() + "/control/" + place, body.dump(), {}).json();
  };
  CHECK(post("orders", {{"panel", "p1"}, {"count", 3}, {"first_id", 50}})["orders"].size() == 3);
  CHECK(post("orders", {{"panel", "p1"}, {"order", "50"}, {"status", "Partial"}})["ok"] == true);
  CHECK(world.client.get(world.server.url() + "/control/state/p1/50").json()["status"] == "Partial");
  CHECK(post("orders", {{"panel", "p1"}, {"order", "50"}, {"reply", {{"status", 4}}}})["ok"] == true);
  CHECK(world.ask({{"action", "status"}, {"order", "50"}}).dump() == R"({"status":4})");
  CHECK(post("clock", {{"advance_ms", 500}})["clock_ms"] == 500);
  CHECK(post("panels", {{"name", "p2"}, {"key", "k2"}, {"balance", "7"}})["ok"] == true);
  CHECK(world.server.panel("p2").balance() == "7.00000");
  CHECK(post("quirks", {{"panel", "p1"}, {"name", "null-reply"}, {"for_ms", 100}})["ok"] == true);
  CHECK(world.call({{"action", "balance"}}).body == "null");
  post("clock", {{"advance_ms", 100}});
  CHECK(world.call({{"action", "balance"}}).body != "null");
  CHECK(post("quirks", {{"panel", "p1"}, {"name", "no-such-quirk"}}).contains("error"));
  world.client.del(world.server.url() + "/control/quirks");
  CHECK(world.panel.quirks().empty());
  const auto state = world.client.get(world.server.url() + "/control/state").json();
  CHECK(state["panels"][0]["requests"] == 3);
  CHECK(world.client.get(world.server.url() + "/control/ledger").body.find(R"("kind":"answer")") !=
        std::string::npos);
}

}  // namespace
}  // namespace smm::practice::practice_panel_test
