#include "practice-panel/server.h"
#include "tracker_process.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <future>

namespace smm::test::purchases_test {

// Placing, refills and cancels over the socket: what the panel answers, what is recorded, and that nothing is
// sent twice.

namespace practice = smm::practice;
using practice::Ms;
using std::chrono::seconds;

namespace {

practice::Quirk quirk(const std::string& name, const std::string& action, const std::string& parameter = "") {
  practice::Quirk made;
  made.name = name;
  made.action = action;
  made.parameter = parameter;
  return made;
}

struct World {
  World() : panel(server.add_panel()) {}

  bool start(const std::string& more = "") {
    return tracker.start({.config = fast_polling() + panel_section("p1", server.api_url("p1"), more)});
  }
  HttpAnswer place(const std::string& key, const Json& body) const {
    TrackerProcess::Call call;
    call.method = "POST";
    call.target = "/v1/panels/p1/orders";
    call.headers = {"Content-Type: application/json"};
    if (!key.empty()) call.headers.push_back("Idempotency-Key: " + key);
    call.body = body.dump();
    return tracker.call(call);
  }
  [[nodiscard]] std::size_t asked(const std::string& action) {
    const auto entries = server.ledger().entries();
    return static_cast<std::size_t>(std::count_if(
        entries.begin(), entries.end(), [&](const auto& entry) { return entry.request.action == action; }));
  }
  [[nodiscard]] std::vector<std::string> events(const std::string& prefix) const {
    std::vector<std::string> types;
    for (const auto& event : tracker.all_events()) {
      const auto type = event["type"].get<std::string>();
      if (type.rfind(prefix, 0) == 0) types.push_back(type);
    }
    return types;
  }
  // An order that is Completed and known to be.
  void completed(const std::string& id) {
    panel.script_order(id, 1000, {});
    REQUIRE(tracker.track("p1", {id}) == 1);
    REQUIRE(eventually([&] { return tracker.get("/v1/orders/p1/" + id).json()["status"] == "pending"; }));
    panel.set_order(id, {.status = "Completed", .remains = "0"});
    REQUIRE(eventually([&] { return tracker.get("/v1/orders/p1/" + id).json()["status"] == "completed"; }));
  }

  practice::PracticeServer server;
  practice::PracticePanel& panel;
  TrackerProcess tracker;
};

const Json ordinary = {
    {"service", "1"}, {"link", "https://example.com/p"}, {"quantity", 100}, {"ref", "shop-1"}};

}  // namespace

TEST_CASE("an order is placed once, tracked from that moment, and the same key answers the same") {
  World world;
  REQUIRE_MESSAGE(world.start(), world.tracker.log());
  const auto placed = world.place("key-1", ordinary);
  REQUIRE_MESSAGE(placed.status == 201, placed.body);
  const auto json = placed.json();
  CHECK(json["placement"]["state"] == "accepted");
  CHECK(json["placement"]["sent"] == "yes");
  CHECK(json["order"]["ref"] == "shop-1");
  CHECK(json["order"]["quantity"] == 100);
  const auto id = json["placement"]["order"].get<std::string>();
  CHECK(json["order"]["id"] == id);
  CHECK(eventually([&] { return world.tracker.get("/v1/orders/p1/" + id).json()["status"] != "new"; }));

  const auto again = world.place("key-1", ordinary);
  CHECK(again.status == 201);
  CHECK(again.json()["placement"] == json["placement"]);
  auto other = ordinary;
  other["quantity"] = 200;
  const auto mismatch = world.place("key-1", other);
  CHECK(mismatch.status == 409);
  CHECK(mismatch.json()["code"] == "idempotency-mismatch");
  CHECK(mismatch.json()["sent"] == "no");
  CHECK(world.place("", ordinary).status == 422);
  CHECK(world.asked("add") == 1);
  CHECK(world.events("place.") == std::vector<std::string>{"place.accepted"});
}

TEST_CASE("the same key while the first is under way waits for its answer") {
  World world;
  world.panel.add_quirk(quirk("slow-reply", "add", "800"));
  REQUIRE_MESSAGE(world.start(), world.tracker.log());
  auto first = std::async(std::launch::async, [&] { return world.place("key-1", ordinary); });
  auto second = std::async(std::launch::async, [&] { return world.place("key-1", ordinary); });
  CHECK(first.get().json()["placement"]["order"] == second.get().json()["placement"]["order"]);
  CHECK(world.asked("add") == 1);
}

TEST_CASE("a refusal, a request that never left and one nobody can know of are told apart") {
  World world;
  REQUIRE_MESSAGE(world.start(), world.tracker.log());
  world.panel.add_quirk(quirk("not-enough-funds", "add"));
  const auto refused = world.place("refused", ordinary);
  CHECK(refused.status == 502);
  CHECK(refused.json()["code"] == "upstream-error");
  CHECK(refused.json()["sent"] == "yes");
  CHECK(refused.body.find("Not enough funds") != std::string::npos);
  world.panel.clear_quirks();
  std::size_t unknown = 0;
  for (const auto* name : {"close-before-reply", "html-500", "empty-body", "truncated-body", "reset-mid-body",
                           "reset-after-reply-headers", "redirect-302", "close-mid-body"}) {
    CAPTURE(name);
    world.panel.add_quirk(quirk(name, "add"));
    const auto answer = world.place(name, ordinary);
    CHECK_MESSAGE(answer.status == 504, answer.body);
    CHECK(answer.json()["code"] == "upstream-ambiguous");
    CHECK(answer.json()["sent"] == "unknown");
    world.panel.clear_quirks();
    const auto before = world.asked("add");
    CHECK(world.place(name, ordinary).status == 504);
    CHECK(world.asked("add") == before);
    ++unknown;
  }
  CHECK(world.tracker.all_items("/v1/placements?state=unknown").size() == unknown);
  world.server.stop();
  const auto failed = world.place("failed", ordinary);
  CHECK(failed.status == 502);
  CHECK(failed.json()["sent"] == "no");
}

TEST_CASE("every error about what may happen once only says whether it was sent") {
  World world;
  REQUIRE_MESSAGE(world.start(), world.tracker.log());
  REQUIRE(world.tracker.track("p1", {"7001"}) == 1);
  const auto sent = [&](const std::string& target, const std::string& body,
                        const std::string& type = "application/json",
                        const std::string& socket = "api.sock") {
    TrackerProcess::Call call;
    call.method = "POST";
    call.target = target;
    call.body = body;
    call.headers = {"Content-Type: " + type};
    call.socket = socket;
    const auto answer = world.tracker.call(call);
    CHECK_MESSAGE(answer.status >= 400, answer.body);
    return answer.json().value("sent", "");
  };
  for (const auto* target : {"/v1/panels/p1/orders", "/v1/panels/p9/orders", "/v1/refills", "/v1/cancels",
                             "/v1/orders/p1/7001/refill", "/v1/orders/p1/7002/cancel"}) {
    CAPTURE(target);
    CHECK(sent(target, "{") == "no");
    CHECK(sent(target, "[]") == "no");
    CHECK(sent(target, "{}", "text/plain") == "no");
    CHECK(sent(target, "{}", "application/json", "ro.sock") == "no");
    CHECK(sent(target, "{\"surprise\": {}}") == "no");
    CHECK(sent(target + std::string("?surprise=1"), "{}") == "no");
    CHECK(sent(target, std::string(5'000'000, ' ')) == "no");
  }
  CHECK(sent("/v1/orders", "{") == "");
  const auto many = world.tracker.post("/v1/refills", Json{{"orders", {"p1/none", "p9/1"}}}).json();
  for (const auto& item : many["items"]) CHECK(item["problem"]["sent"] == "no");
  CHECK(world.asked("add") + world.asked("refill") + world.asked("cancel") == 0);
}

TEST_CASE("what nobody could know is resolved by a person: an order, or none and the key is free") {
  World world;
  REQUIRE_MESSAGE(world.start(), world.tracker.log());
  world.panel.add_quirk(quirk("close-before-reply", "add"));
  for (const auto* key : {"it-happened", "it-did-not"}) REQUIRE(world.place(key, ordinary).status == 504);
  world.panel.clear_quirks();
  const auto unknown = world.tracker.all_items("/v1/placements?state=unknown");
  REQUIRE(unknown.size() == 2);
  const auto resolve = [&](const Json& placement, const Json& order) {
    return world.tracker.post("/v1/placements/" + placement["id"].dump() + "/resolve",
                              Json{{"order", order}});
  };
  CHECK(resolve(unknown[1], "23501").json()["state"] == "resolved");
  CHECK(world.tracker.get("/v1/orders/p1/23501").json()["ref"] == "shop-1");
  CHECK(resolve(unknown[0], nullptr).json()["order"].is_null());
  CHECK(resolve(unknown[0], nullptr).status == 409);
  CHECK(world.place("it-did-not", ordinary).status == 201);
  CHECK(world.place("it-happened", ordinary).json()["placement"]["order"] == "23501");
}

TEST_CASE("a refill and a cancel are asked for once, and their outcome is followed") {
  World world;
  REQUIRE_MESSAGE(world.start(), world.tracker.log());
  world.completed("7001");
  const auto refill = world.tracker.post("/v1/orders/p1/7001/refill");
  REQUIRE_MESSAGE(refill.status == 201, refill.body);
  CHECK(refill.json()["state"] == "pending");
  CHECK(refill.json()["cause"] == "manual");
  CHECK_FALSE(refill.json()["upstream_id"].is_null());
  CHECK(world.asked("refill") == 1);

  world.panel.script_order("7002", 1000, {});
  REQUIRE(world.tracker.track("p1", {"7002"}) == 1);
  const auto cancel = world.tracker.post("/v1/orders/p1/7002/cancel");
  REQUIRE_MESSAGE(cancel.status == 201, cancel.body);
  CHECK(cancel.json()["state"] == "requested");
  world.panel.set_order("7002", {.status = "Canceled"});
  CHECK(eventually([&] {
    return world.tracker.get("/v1/cancels/" + cancel.json()["id"].dump()).json()["state"] == "done";
  }));
  CHECK(world.asked("cancel") == 1);
}

TEST_CASE("what a crash left on its way is unknown also when its panel is in the configuration no more") {
  World world;
  REQUIRE_MESSAGE(world.start("max_in_flight = 4"), world.tracker.log());
  world.completed("501");
  world.panel.script_order("502", 1000, {});
  REQUIRE(world.tracker.track("p1", {"502"}) == 1);
  world.panel.add_quirk(quirk("slow-reply", "refill", "60000"));
  world.panel.add_quirk(quirk("slow-reply", "cancel", "60000"));
  world.panel.add_quirk(quirk("slow-reply", "add", "60000"));
  std::vector<std::future<void>> asking;
  asking.push_back(std::async([&] { (void)world.tracker.post("/v1/orders/p1/501/refill"); }));
  asking.push_back(std::async([&] { (void)world.tracker.post("/v1/orders/p1/502/cancel"); }));
  asking.push_back(std::async([&] { (void)world.place("key-1", ordinary); }));
  REQUIRE(eventually(
      [&] { return world.asked("refill") == 1 && world.asked("cancel") == 1 && world.asked("add") == 1; }));
  world.tracker.kill_hard();
  for (auto& each : asking) each.wait();
  REQUIRE(world.tracker.start({.config = panel_section("p2", world.server.api_url("p1"))}));
  for (const auto* list : {"/v1/refills", "/v1/cancels", "/v1/placements"}) {
    CAPTURE(list);
    const auto items = world.tracker.all_items(list);
    REQUIRE(items.size() == 1);
    CHECK(items[0]["state"] == "unknown");
  }
  CHECK(world.events("refill.").back() == "refill.unknown");
  CHECK(world.events("cancel.").back() == "cancel.unknown");
  CHECK(world.events("place.").back() == "place.unknown");
  CHECK(world.asked("refill") == 1);
}

TEST_CASE("many refills go in one request, each with a result of its own") {
  World world;
  REQUIRE_MESSAGE(world.start(), world.tracker.log());
  for (const auto* id : {"7001", "7002", "7003"}) world.completed(id);
  world.panel.add_quirk({.name = "refill-refused-expired", .action = "refill", .order_ids = {"7002"}});
  const auto answer = world.tracker.post(
      "/v1/refills", Json{{"orders", {"p1/7001", "p1/7002", "p1/none", "p1/7003", "p9/1"}}});
  REQUIRE_MESSAGE(answer.status == 200, answer.body);
  const auto items = answer.json()["items"];
  REQUIRE(items.size() == 5);
  CHECK(items[0]["status"] == 201);
  CHECK(items[1]["status"] == 502);
  CHECK(items[1]["problem"]["refusal"] == "expired");
  CHECK(items[2]["status"] == 404);
  CHECK(items[3]["refill"]["order"] == "7003");
  CHECK(items[4]["status"] == 404);
  CHECK(world.asked("refill") == 1);
}

TEST_CASE("a panel without batches is asked singly, and no order twice") {
  World world;
  REQUIRE_MESSAGE(world.start(), world.tracker.log());
  for (const auto* id : {"7001", "7002"}) world.completed(id);
  world.panel.add_quirk(quirk("no-batch", "refill"));
  const auto items =
      world.tracker.post("/v1/refills", Json{{"orders", {"p1/7001", "p1/7002"}}}).json()["items"];
  CHECK_MESSAGE(items[0]["status"] == 201, items.dump());
  CHECK(items[1]["status"] == 201);
  CHECK(world.asked("refill") == 3);
}

TEST_CASE("an order is not erased while a refill of it is on its way") {
  World world;
  REQUIRE_MESSAGE(world.start(), world.tracker.log());
  world.completed("7001");
  world.panel.add_quirk(quirk("slow-reply", "refill", "20000"));
  auto asked =
      std::async(std::launch::async, [&] { return world.tracker.post("/v1/orders/p1/7001/refill"); });
  REQUIRE(eventually([&] { return world.asked("refill") == 1; }));
  const auto refused = world.tracker.call({.method = "DELETE", .target = "/v1/orders/p1/7001?purge=1"});
  world.server.let_go();
  CHECK(refused.status == 409);
  CHECK(refused.json()["code"] == "conflict");
  CHECK(asked.get().status == 201);
  CHECK(world.tracker.all_items("/v1/refills").size() == 1);
  CHECK(world.tracker.call({.method = "DELETE", .target = "/v1/orders/p1/7001?purge=1"}).status == 204);
}

TEST_CASE("an order that one placement brought is not what another is resolved to") {
  World world;
  REQUIRE_MESSAGE(world.start(), world.tracker.log());
  const auto brought = world.place("a", ordinary).json()["order"]["id"].get<std::string>();
  world.panel.add_quirk(quirk("close-before-reply", "add"));
  auto other = ordinary;
  other["link"] = "https://example.com/other";
  REQUIRE(world.place("b", other).status == 504);
  const auto unknown = world.tracker.all_items("/v1/placements?state=unknown");
  REQUIRE(unknown.size() == 1);
  const auto resolve = "/v1/placements/" + std::to_string(unknown[0]["id"].get<int>()) + "/resolve";
  const auto refused = world.tracker.post(resolve, Json{{"order", brought}});
  CHECK(refused.status == 409);
  CHECK(refused.json()["detail"].get<std::string>().find("placement 1") != std::string::npos);
  CHECK(world.tracker.post(resolve, Json{{"order", "9999"}}).status == 200);
}

TEST_CASE("what a cancel would do is said of the cancel, and unknown orders and panels are not found") {
  World world;
  REQUIRE_MESSAGE(world.start(), world.tracker.log());
  world.completed("7001");
  world.panel.script_order("7002", 1000, {});
  REQUIRE(world.tracker.track("p1", {"7002"}) == 1);
  REQUIRE(eventually([&] { return world.tracker.get("/v1/orders/p1/7002").json()["status"] == "pending"; }));
  const auto chance = [&](const std::string& id) {
    return world.tracker.post("/v1/orders/p1/" + id + "/cancel", Json{{"dry_run", true}}).json();
  };
  CHECK(chance("7001")["ask"] == false);
  CHECK(chance("7001")["reason"] == "ended");
  CHECK(chance("7002")["ask"] == true);
  CHECK(world.asked("cancel") == 0);
  CHECK(world.tracker.get("/v1/refills/eligible?order=p1/nope").status == 404);
  CHECK(world.tracker.get("/v1/refills/eligible?panel=zz").status == 404);
  CHECK(world.tracker.get("/v1/refills/eligible?order=p1").status == 422);
}

}  // namespace smm::test::purchases_test
