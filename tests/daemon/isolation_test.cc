#include "practice-panel/server.h"
#include "tracker_process.h"
#include "witness.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>
#include <thread>

namespace smm::test::isolation_test {

// What is wrong with one panel or one order costs that one alone; and what time alone tells of an order.

namespace practice = smm::practice;
using practice::Ms;
using std::chrono::seconds;

namespace {

practice::PracticePanel& add_panel(practice::PracticeServer& server, const std::string& name) {
  practice::PanelOptions options;
  options.name = name;
  return server.add_panel(options);
}

practice::Quirk quirk(const std::string& name, const std::string& parameter = "",
                      const std::string& action = "status") {
  practice::Quirk made;
  made.name = name;
  made.action = action;
  made.parameter = parameter;
  return made;
}

Json panel_of(const TrackerProcess& tracker, const std::string& name) {
  return tracker.get("/v1/panels/" + name).json();
}

Json order_of(const TrackerProcess& tracker, const std::string& panel, const std::string& id) {
  return tracker.get("/v1/orders/" + panel + "/" + id).json();
}

bool all_asked(const TrackerProcess& tracker) {
  return eventually([&] { return tracker.get("/v1/orders?status=new&limit=1").json()["items"].empty(); });
}

std::size_t events_of(const TrackerProcess& tracker, const std::string& type) {
  const auto events = tracker.all_events();
  return static_cast<std::size_t>(
      std::count_if(events.begin(), events.end(), [&](const Json& event) { return event["type"] == type; }));
}

// The requests one panel got, in order.
std::vector<practice::LedgerEntry> requests_of(practice::PracticeServer& server, const std::string& panel) {
  auto entries = server.ledger().entries();
  std::erase_if(entries, [&](const auto& entry) { return entry.request.panel != panel; });
  return entries;
}

// A daemon with one panel, polled fast.
struct OnePanel {
  explicit OnePanel(const std::string& more = "", const std::string& poll = fast_polling())
      : panel(add_panel(server, "p1")), config(poll + panel_section("p1", server.api_url("p1"), more)) {}

  bool start() { return tracker.start({.config = config}); }
  [[nodiscard]] Json order(const std::string& id) const { return order_of(tracker, "p1", id); }
  [[nodiscard]] std::size_t events(const std::string& type) const { return events_of(tracker, type); }

  practice::PracticeServer server;
  practice::PracticePanel& panel;
  TrackerProcess tracker;
  std::string config;
};

practice::OrderPatch says(const std::string& status, const std::string& remains) {
  practice::OrderPatch patch;
  patch.status = status;
  patch.remains = remains;
  return patch;
}

std::size_t requests_within(practice::PracticeServer& server, const std::string& panel, seconds time) {
  const auto before = server.ledger().requests(panel);
  std::this_thread::sleep_for(time);
  return server.ledger().requests(panel) - before;
}

const std::vector<std::pair<std::string, std::string>>& bad_panels() {
  static const std::vector<std::pair<std::string, std::string>> kinds = {
      {"html", "not-json"}, {"hangs", "timeout"}, {"resets", "broken-off"}, {"refuses", "unreachable"}};
  return kinds;
}

}  // namespace

TEST_CASE("panels that send HTML, hang, reset or refuse delay no other panel, and come back by themselves") {
  practice::PracticeServer server;
  practice::PracticeServer refusing;  // of its own, so that its port can be closed
  add_panel(server, "good");
  std::string config = fast_polling() + panel_section("good", server.api_url("good"));
  for (const auto& [name, kind] : bad_panels()) {
    auto& home = name == "refuses" ? refusing : server;
    add_panel(home, name);
    config += panel_section(name, home.api_url(name), "timeout = \"1s\"");
  }
  TrackerProcess tracker;
  REQUIRE_MESSAGE(tracker.start({.config = config}), tracker.log());
  const auto good_ids = server.panel("good").seed_orders(500, 11);
  REQUIRE(tracker.track("good", good_ids) == 500);
  std::map<std::string, std::vector<std::string>> ids;
  for (const auto& [name, kind] : bad_panels()) {
    auto& home = name == "refuses" ? refusing : server;
    ids[name] = home.panel(name).seed_orders(20, 12);
    REQUIRE(tracker.track(name, ids[name]) == 20);
  }
  REQUIRE(all_asked(tracker));
  std::this_thread::sleep_for(seconds(1));
  const auto well = requests_within(server, "good", seconds(4));

  std::map<std::string, Json> before;
  for (const auto& [name, list] : ids) before[name] = order_of(tracker, name, list.front());
  server.panel("html").add_quirk(quirk("html-200", "", ""));
  server.panel("hangs").add_quirk(quirk("hang", "", ""));
  server.panel("resets").add_quirk(quirk("reset-mid-body", "", ""));
  refusing.stop();
  server.advance(std::chrono::hours(1));
  const auto ill = requests_within(server, "good", seconds(4));
  MESSAGE(well << " requests in 4 s while all were well, " << ill << " while four were not");
  CHECK(static_cast<double>(ill) >= 0.7 * static_cast<double>(well));

  for (const auto& bad : bad_panels()) {
    const auto& name = bad.first;
    const auto& kind = bad.second;
    CAPTURE(name);
    const bool down = eventually([&] {
      const auto shown = panel_of(tracker, name);
      return shown["state"] == "down" && shown["last_error"]["kind"] == kind;
    });
    CHECK_MESSAGE(down, panel_of(tracker, name).dump());
    auto now = order_of(tracker, name, ids[name].front());
    for (const auto* field : {"status", "remains", "revision", "changed_at", "missing_since"}) {
      if (now.contains(field)) CHECK(now[field] == before[name][field]);
    }
  }
  CHECK(panel_of(tracker, "good")["state"] == "up");
  const auto asked = std::chrono::steady_clock::now();
  CHECK(tracker.get("/v1/orders?limit=100").status == 200);
  CHECK(std::chrono::steady_clock::now() - asked < seconds(2));
  CHECK(events_of(tracker, "panel.down") == 4);

  for (const auto* name : {"html", "hangs", "resets"}) server.panel(name).clear_quirks();
  refusing.start();
  refusing.advance(std::chrono::hours(1));
  for (const auto& bad : bad_panels()) {
    const auto& name = bad.first;
    CHECK_MESSAGE(eventually([&] { return panel_of(tracker, name)["state"] == "up"; }), name);
  }
  CHECK(events_of(tracker, "panel.up") == 4);
  std::this_thread::sleep_for(seconds(2));  // everybody is asked again
  for (auto* home : {&server, &refusing}) {
    const auto findings = compare({tracker, *home, nullptr, {}, {}});
    if (home == &refusing) continue;  // its panel is compared by its recovery above
    CHECK_MESSAGE(findings.faults.empty(), to_text(findings));
    CHECK(findings.orders == 560);
  }
}

TEST_CASE("a Retry-After is obeyed to the second") {
  OnePanel world;
  REQUIRE_MESSAGE(world.start(), world.tracker.log());
  const auto ids = world.panel.seed_orders(5, 3);
  REQUIRE(world.tracker.track("p1", ids) == 5);
  REQUIRE(all_asked(world.tracker));
  auto limit = quirk("http-429-json", "3");
  limit.count = 1;
  world.panel.add_quirk(limit);
  REQUIRE(eventually([&] { return panel_of(world.tracker, "p1")["state"] == "limited"; }));
  CHECK(panel_of(world.tracker, "p1")["last_error"]["kind"] == "rate-limited");
  REQUIRE(eventually([&] { return panel_of(world.tracker, "p1")["state"] == "up"; }));
  const auto entries = requests_of(world.server, "p1");
  const auto limited = std::find_if(entries.begin(), entries.end(), [](const auto& entry) {
    return entry.answer && entry.answer->status == 429;
  });
  REQUIRE(limited != entries.end());
  REQUIRE(limited + 1 != entries.end());
  const auto rest = (limited + 1)->request.at - limited->request.at;
  CHECK(rest >= std::chrono::milliseconds(2990));
  CHECK(rest < seconds(10));
  CHECK(world.events("panel.down") == 0);
}

TEST_CASE("what a panel takes in one request is learnt, and every order is followed all the same") {
  struct Lesson {
    const char* name;
    std::size_t most;
  };
  const std::vector<Lesson> lessons = {{"batch-silently-cut", 7}, {"small-batch", 10}, {"no-batch", 1}};
  practice::PracticeServer server;
  // What has ended goes on being asked about: how many at a time is what this looks at.
  std::string config =
      "[poll]\nfastest = \"100ms\"\nmoving = \"100ms\"\nslowest = \"200ms\"\nsettle = \"1h\"\n";
  std::map<std::string, std::vector<std::string>> ids;
  for (const auto& lesson : lessons) {
    auto& panel = add_panel(server, lesson.name);
    panel.add_quirk(quirk(lesson.name, std::to_string(lesson.most)));
    ids[lesson.name] = panel.seed_orders(40, 5);
    config += panel_section(lesson.name, server.api_url(lesson.name));
  }
  TrackerProcess tracker;
  REQUIRE_MESSAGE(tracker.start({.config = config}), tracker.log());
  for (const auto& lesson : lessons) REQUIRE(tracker.track(lesson.name, ids[lesson.name]) == 40);
  REQUIRE(all_asked(tracker));
  server.advance(std::chrono::hours(24));  // every course but the endless ones is over
  for (const auto& lesson : lessons) {
    const std::string name = lesson.name;
    CAPTURE(name);
    CHECK(eventually([&] {
      const auto orders = tracker.all_items("/v1/orders?panel=" + name);
      return std::all_of(orders.begin(), orders.end(), [&](const Json& order) {
        const auto truth = server.panel(name).order_state(order["id"].get<std::string>());
        return truth && order["status_text"] == truth->status && order["remains"].dump() == truth->remains;
      });
    }));
    const auto learnt = panel_of(tracker, name)["batch_size"].get<std::size_t>();
    CHECK(learnt <= lesson.most);
    CHECK(learnt * 2 >= lesson.most);  // and no smaller than it need be
    const auto before = server.ledger().requests(name);
    CHECK(eventually([&] { return server.ledger().requests(name) >= before + 10; }));
    const auto entries = requests_of(server, name);
    for (auto at = entries.begin() + static_cast<std::ptrdiff_t>(before); at != entries.end(); ++at) {
      CHECK(at->request.asked.size() <= learnt);
    }
  }
  const auto findings = compare({tracker, server, nullptr, {}, {}});
  CHECK_MESSAGE(findings.faults.empty(), to_text(findings));
}

TEST_CASE("requests_per_minute is never passed") {
  OnePanel world;
  world.config = fast_polling() + "[panel.p1]\nurl = \"" + world.server.api_url("p1") +
                 "\"\nkey_file = \"keys/p1\"\nrequests_per_minute = 600\nmax_in_flight = 4\n";
  REQUIRE_MESSAGE(world.start(), world.tracker.log());
  const auto ids = world.panel.seed_orders(1500, 3);
  REQUIRE(world.tracker.track("p1", ids) == 1500);
  REQUIRE(eventually([&] { return world.server.ledger().requests("p1") >= 40; }));
  const auto entries = requests_of(world.server, "p1");
  // A tenth of a second apart. Arrivals may bunch by what a busy machine delays one of them.
  for (std::size_t i = 10; i < entries.size(); ++i) {
    const auto ten = entries[i].request.at - entries[i - 10].request.at;
    CHECK_MESSAGE(ten >= milliseconds(800), i << " came " << ten.count() << " µs after the tenth before it");
  }
  const auto all = entries.back().request.at - entries.front().request.at;
  CHECK(all >= milliseconds(100) * (entries.size() - 1) - milliseconds(50));
}

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
  OnePanel world(
      "", "[poll]\nfastest = \"100ms\"\nmoving = \"100ms\"\nslowest = \"200ms\"\nsettle = \"1500ms\"\n");
  REQUIRE_MESSAGE(world.start(), world.tracker.log());
  world.panel.script_order("7001", 1000, {{Ms(0), says("Partial", "900")}});
  REQUIRE(world.tracker.track("p1", {"7001"}) == 1);
  REQUIRE(eventually([&] { return world.order("7001")["status"] == "partial"; }));
  CHECK(world.order("7001")["settled"] == false);
  world.panel.set_order("7001", says("Partial", "850"));
  REQUIRE(eventually([&] { return world.order("7001")["remains"] == 850; }));
  CHECK(world.events("order.corrected") == 1);
  REQUIRE(eventually([&] { return world.order("7001")["settled"] == true; }));
  CHECK(world.events("order.settled") == 1);
  CHECK(world.order("7001")["revision"] == 2);
  // Settled, it is asked about no more but in free places once a day.
  CHECK(requests_within(world.server, "p1", seconds(2)) == 0);
}

}  // namespace smm::test::isolation_test
