#include "compat_world.h"

#include <unistd.h>

#include <deque>
#include <future>

namespace smm::test::compat_money_test {

// Our own API v2: add, refill and cancel, which go to the panel once and are recorded.

using std::chrono::seconds;

namespace {

const std::string ordinary = "action=add&service=1&link=https%3A%2F%2Fexample.com%2Fp%2F1&quantity=100";

// What the panel got of the n-th `add`, without key and action.
std::vector<std::pair<std::string, std::string>> fields_of(CompatWorld& world, std::size_t n = 0) {
  auto fields = world.asked("add").at(n).request.form.fields;
  std::erase_if(fields, [](const auto& field) { return field.first == "key" || field.first == "action"; });
  return fields;
}

bool begins(const Json& text, const std::string& words) {
  return text.is_string() && text.get<std::string>().rfind(words, 0) == 0;
}

void completed(CompatWorld& world, const std::string& id) {
  world.panel.set_order(id, {.status = "Completed", .remains = "0"});
}

}  // namespace

TEST_CASE("an add goes to the panel with all its fields, and the order is tracked and recorded") {
  CompatWorld world;
  REQUIRE_MESSAGE(world.start(), world.tracker.log());
  const auto answer =
      world.ask(ordinary + "&runs=&posts=0&x%5B%5D=1&x%5B%5D=2&odd+one=%C3%BC%26%3D&KEY=mine&action%5B%5D=x");
  CHECK_MESSAGE(answer.body == R"({"order":23501})", answer.body);
  using Fields = std::vector<std::pair<std::string, std::string>>;
  CHECK(fields_of(world) == Fields{{"service", "1"},
                                   {"link", "https://example.com/p/1"},
                                   {"quantity", "100"},
                                   {"runs", ""},
                                   {"posts", "0"},
                                   {"x[]", "1"},
                                   {"x[]", "2"},
                                   {"odd one", "\xc3\xbc&="}});
  CHECK(world.asked("add").front().request.key_right);

  const auto placements = world.tracker.get("/v1/placements");
  const auto placement = placements.json()["items"][0];
  CHECK(placement["state"] == "accepted");
  CHECK(placement["cause"] == "compat");
  CHECK(placement["asked_by"] == getuid());
  CHECK(placements.body.find(compat_token) == std::string::npos);
  CHECK(placements.body.find("mine") == std::string::npos);
  const auto order = world.tracker.get("/v1/orders/p1/23501").json();
  CHECK(order["quantity"] == 100);
  CHECK(order["link"] == "https://example.com/p/1");
  CHECK(eventually([&] { return world.ask("action=status&order=23501").json().contains("charge"); }));
  CHECK(world.events("place.") == std::vector<std::string>{"place.accepted"});
}

TEST_CASE("a client that was answered may place the same order again") {
  CompatWorld world;
  REQUIRE_MESSAGE(world.start(), world.tracker.log());
  CHECK(world.ask(ordinary).json()["order"] == 23501);
  CHECK(world.ask(ordinary).json()["order"] == 23502);
  CHECK(world.count("add") == 2);
}

TEST_CASE(
    "the panel's no is passed on in its own words, and what never left says so and may be asked again") {
  CompatWorld world;
  REQUIRE_MESSAGE(world.start(), world.tracker.log());
  world.panel.add_quirk(quirk("not-enough-funds", "add"));
  const auto refused = world.ask(ordinary).json()["error"].get<std::string>();
  CHECK(refused.find("Not enough funds") == 0);
  CHECK(world.ask("action=add&service=1").json()["error"].get<std::string>().find("Not enough funds") == 0);
  world.panel.clear_quirks();
  world.server.stop();
  const auto failed = world.ask(ordinary).json();
  CHECK_MESSAGE(begins(failed["error"], "Not sent: "), failed.dump());
  world.server.start();
  CHECK(world.ask(ordinary).json()["order"] == 23501);
  CHECK(world.count("add") == 3);
}

TEST_CASE("an add equal to one in doubt gets that one's answer, also after the program was killed") {
  CompatWorld world;
  REQUIRE_MESSAGE(world.start(), world.tracker.log());
  world.panel.add_quirk(quirk("close-before-reply", "add"));
  const auto unknown = world.ask(ordinary).json();
  CHECK_MESSAGE(begins(unknown["error"], "Outcome unknown: "), unknown.dump());
  world.panel.clear_quirks();
  CHECK(world.ask(ordinary).json() == unknown);
  CHECK(world.ask("action=add&quantity=100&link=https%3A%2F%2Fexample.com%2Fp%2F1&service=1").json() ==
        unknown);
  CHECK(world.count("add") == 1);
  CHECK(world.ask(ordinary + "&runs=2&interval=5").json()["order"] == 23502);
  CHECK(world.count("add") == 2);

  world.panel.add_quirk(quirk("slow-reply", "add", "20000"));
  auto cut = std::async(std::launch::async, [&] { return world.ask("action=add&service=3&link=x"); });
  REQUIRE(eventually([&] { return world.count("add") == 3; }));
  world.tracker.kill_hard();
  CHECK(cut.get().status == 0);
  world.panel.clear_quirks();
  REQUIRE(world.restart());
  CHECK(begins(world.ask("action=add&service=3&link=x").json()["error"], "Outcome unknown: "));
  CHECK(begins(world.ask(ordinary).json()["error"], "Outcome unknown: "));
  CHECK(world.count("add") == 3);

  // A person looks at the panel and says what became of it.
  const auto id = world.tracker.all_items("/v1/placements?state=unknown").at(0)["id"].dump();
  REQUIRE(world.tracker.post("/v1/placements/" + id + "/resolve", Json{{"order", "777"}}).status == 200);
  CHECK(world.ask("action=add&service=3&link=x").json()["order"] == 777);
  CHECK(world.count("add") == 3);
}

TEST_CASE("equal adds at the same moment are one") {
  CompatWorld world;
  world.hold_adds();
  REQUIRE_MESSAGE(world.start(), world.tracker.log());
  std::deque<RawConnection> clients;
  for (int i = 0; i < 5; ++i) clients.emplace_back(world.tracker.socket()).say(compat_bytes(ordinary));
  REQUIRE(eventually([&] { return world.count("add") == 1; }));
  REQUIRE(world.tracker.has_taken_in());
  world.server.let_go();
  for (const auto& client : clients) CHECK(read_answer(client.hear_all()).body == R"({"order":23501})");
  CHECK(world.count("add") == 1);
}

TEST_CASE("a client that hung up gets the answer when it asks again") {
  CompatWorld world;
  world.hold_adds();
  REQUIRE_MESSAGE(world.start(), world.tracker.log());
  {
    const RawConnection gone(world.tracker.socket());
    gone.say(compat_bytes(ordinary));
    REQUIRE(eventually([&] { return world.count("add") == 1; }));
  }
  REQUIRE(world.tracker.has_taken_in());
  world.server.let_go();
  REQUIRE(eventually([&] { return !world.tracker.all_items("/v1/placements?state=accepted").empty(); }));
  for (int i = 0; i < 3; ++i) CHECK(world.ask(ordinary).json()["order"] == 23501);
  CHECK(world.count("add") == 1);
  CHECK(world.ask(ordinary + "0").json()["order"] == 23502);
}

TEST_CASE("who joined an equal add and hung up gets its answer when asking again, like who sent it") {
  CompatWorld world;
  world.hold_adds();
  REQUIRE_MESSAGE(world.start(), world.tracker.log());
  auto first = std::async(std::launch::async, [&] { return world.ask(ordinary); });
  REQUIRE(eventually([&] { return world.count("add") == 1; }));
  {
    const RawConnection gone(world.tracker.socket());
    gone.say(compat_bytes(ordinary));
    REQUIRE(world.tracker.has_taken_in());
  }
  REQUIRE(world.tracker.has_taken_in());
  world.server.let_go();
  CHECK(first.get().json()["order"] == 23501);
  CHECK(world.ask(ordinary).json()["order"] == 23501);
  CHECK(world.count("add") == 1);
}

TEST_CASE("what was to follow a look-up that failed was not sent, and says so") {
  CompatWorld world;
  world.panel.add_quirk(quirk("close-before-reply", "status"));
  REQUIRE_MESSAGE(world.start(), world.tracker.log());
  CHECK(begins(world.ask("action=refill&order=7001").json()["error"], "Not sent: "));
  CHECK(begins(world.ask("action=cancel&orders=7001").json()[0]["cancel"]["error"], "Not sent: "));
  CHECK(world.count("refill") == 0);
  CHECK(world.count("cancel") == 0);
}

TEST_CASE("refills have the shapes of the pages, and are recorded with who asked") {
  CompatWorld world;
  for (const auto* id : {"7001", "7002", "7003"}) completed(world, id);
  world.panel.script_order("7004", 1000, {});
  REQUIRE_MESSAGE(world.start(), world.tracker.log());
  CHECK(world.ask("action=refill&order=7001").body == R"({"refill":"1"})");
  const auto many = world.ask("action=refill&orders=7002,99,7004,7003");
  CHECK(many.body ==
        R"([{"order":7002,"refill":2},{"order":99,"refill":{"error":"Incorrect order ID"}},)"
        R"({"order":7004,"refill":{"error":"Order is not completed yet"}},{"order":7003,"refill":3}])");
  CHECK(world.ask("action=refill&order=99").body == R"({"error":"Incorrect order ID"})");
  CHECK(world.ask("action=refill&order=7001").json()["error"].get<std::string>().find("Refill") == 0);
  CHECK(world.count("refill") == 3);
  const auto refills = world.tracker.all_items("/v1/refills");
  REQUIRE(refills.size() == 5);
  for (const auto& refill : refills) {
    CHECK(refill["cause"] == "compat");
    CHECK(refill["asked_by"] == getuid());
  }
}

TEST_CASE("refill_status comes from the database, and what is not followed here is asked once") {
  CompatWorld world;
  completed(world, "7001");
  completed(world, "7002");
  REQUIRE_MESSAGE(world.start(), world.tracker.log());
  REQUIRE(world.ask("action=refill&order=7001").body == R"({"refill":"1"})");
  CHECK(world.ask("action=refill_status&refill=1").body == R"({"status":"Pending"})");
  const auto before = world.count("refill_status");
  for (int i = 0; i < 20; ++i)
    CHECK(world.ask("action=refill_status&refill=1").json()["status"] == "Pending");
  CHECK(world.count("refill_status") <= before + 1);

  // A refill nobody here knows of any more.
  REQUIRE(world.ask("action=refill&order=7002").body == R"({"refill":"2"})");
  TrackerProcess::Call purge;
  purge.method = "DELETE";
  purge.target = "/v1/orders/p1/7002?purge=1";
  REQUIRE(world.tracker.call(purge).status < 300);
  const auto stray = world.count("refill_status");
  for (int i = 0; i < 5; ++i) {
    const auto answer = world.ask("action=refill_status&refills=1,2,77");
    const auto json = answer.json();
    CHECK(json[0] == Json{{"refill", 1}, {"status", "Pending"}});
    CHECK(json[1]["refill"] == 2);
    CHECK(json[1]["status"].is_string());
    CHECK(json[2] == Json{{"refill", 77}, {"status", {{"error", "Refill not found"}}}});
  }
  CHECK(world.ask("action=refill_status&refill=77").body == R"({"error":"Refill not found"})");
  CHECK(world.count("refill_status") == stray + 1);
}

TEST_CASE("a refill followed to its end is told in the panel's word") {
  CompatWorld world;
  completed(world, "7001");
  REQUIRE_MESSAGE(world.start(fast_polling()), world.tracker.log());
  REQUIRE(world.ask("action=refill&order=7001").body == R"({"refill":"1"})");
  world.panel.set_refill("1", "COMPLETED");
  CHECK(eventually(
      [&] { return world.ask("action=refill_status&refill=1").body == R"({"status":"COMPLETED"})"; }));
}

TEST_CASE("cancels have the shapes of the pages") {
  CompatWorld world;
  world.panel.script_order("2", 1000, {});
  world.panel.script_order("3", 1000, {});
  REQUIRE_MESSAGE(world.start(), world.tracker.log());
  CHECK(world.ask("action=cancel&orders=9,2").body ==
        R"([{"order":9,"cancel":{"error":"Incorrect order ID"}},{"order":2,"cancel":1}])");
  CHECK(world.ask("action=cancel&order=3").body == R"({"cancel":1})");
  CHECK(world.count("cancel") == 2);
  const auto cancels = world.tracker.all_items("/v1/cancels");
  REQUIRE(cancels.size() == 2);
  CHECK(cancels[0]["cause"] == "compat");
}

TEST_CASE("a refill whose reply never came is in doubt, and says so") {
  CompatWorld world;
  completed(world, "7001");
  REQUIRE_MESSAGE(world.start(), world.tracker.log());
  world.panel.add_quirk(quirk("close-before-reply", "refill"));
  CHECK(begins(world.ask("action=refill&order=7001").json()["error"], "Outcome unknown: "));
  CHECK(begins(world.ask("action=refill&orders=7001").json()[0]["refill"]["error"], "Outcome unknown: "));
  world.server.stop();
  CHECK(begins(world.ask("action=cancel&orders=7001").json()[0]["cancel"]["error"], "Not sent: "));
  world.server.start();
}

TEST_CASE("without track_on_sight a refill is recorded, and its order is still not followed") {
  CompatWorld world;
  completed(world, "7001");
  REQUIRE_MESSAGE(world.start(CompatWorld::slow_polling(), "track_on_sight = false\n"), world.tracker.log());
  CHECK(world.ask("action=refill&order=7001").body == R"({"refill":"1"})");
  CHECK(world.tracker.all_items("/v1/refills").size() == 1);
  CHECK(world.tracker.all_items("/v1/orders").empty());
}

}  // namespace smm::test::compat_money_test
