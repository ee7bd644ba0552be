#include "one_panel.h"
#include "witness.h"

#include <algorithm>
#include <thread>

namespace smm::test::isolation_test {

// What is wrong with one panel costs that one alone.

namespace practice = smm::practice;
using namespace one_panel;
using practice::Ms;
using std::chrono::seconds;
using std::chrono::steady_clock;

namespace {

// Requests a second to a panel.
double pace_of(practice::PracticeServer& server, const std::string& panel) {
  const auto began = steady_clock::now();
  const auto asked = static_cast<double>(requests_within(server, panel, seconds(4)));
  return asked / std::chrono::duration<double>(steady_clock::now() - began).count();
}

// The n-th request from `begin` on came no sooner than a rate of ten a second allows when the first `at_once`
// of them came at `since`. One that comes late does no harm.
void check_ten_a_second(const std::vector<practice::LedgerEntry>& entries, std::size_t begin,
                        std::chrono::microseconds since, int at_once) {
  int slot = 1 - at_once;
  for (auto i = begin; i < entries.size(); ++i, ++slot) {
    const auto took = entries[i].request.at - since;
    CHECK_MESSAGE(took >= milliseconds(100) * slot - milliseconds(5),
                  "number " << (i - begin) << " came after " << took.count() << " µs");
  }
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
  const auto well = pace_of(server, "good");

  std::map<std::string, Json> before;
  for (const auto& [name, list] : ids) before[name] = order_of(tracker, name, list.front());
  server.panel("html").add_quirk(quirk("html-200", "", ""));
  server.panel("hangs").add_quirk(quirk("hang", "", ""));
  server.panel("resets").add_quirk(quirk("reset-mid-body", "", ""));
  refusing.stop();
  server.advance(std::chrono::hours(1));
  // What delays it goes on doing so; a moment in which this machine did other things is over.
  auto ill = pace_of(server, "good");
  for (int again = 0; again < 2 && ill < 0.7 * well; ++again) ill = std::max(ill, pace_of(server, "good"));
  MESSAGE(well << " requests a second while all were well, " << ill << " while four were not");
  CHECK(ill >= 0.7 * well);

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
  CHECK(tracker.get("/v1/orders?limit=100").status == 200);
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
  // By the panel's record: the state "limited" lasts no longer than the rest, and may be over unseen.
  std::vector<practice::LedgerEntry> entries;
  REQUIRE(eventually([&] {
    entries = requests_of(world.server, "p1");
    entries.erase(entries.begin(), std::find_if(entries.begin(), entries.end(), [](const auto& entry) {
                    return entry.answer && entry.answer->status == 429;
                  }));
    return entries.size() >= 2;
  }));
  REQUIRE(eventually([&] { return panel_of(world.tracker, "p1")["state"] == "up"; }));
  CHECK(panel_of(world.tracker, "p1")["last_error"]["kind"] == "rate-limited");
  const auto rest = entries[1].request.at - entries[0].request.at;
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
  const auto started = world.server.ledger().now();
  REQUIRE_MESSAGE(world.start(), world.tracker.log());
  const auto ids = world.panel.seed_orders(1500, 3);
  const auto tracked = world.server.ledger().now();
  const auto before = world.server.ledger().requests("p1");
  REQUIRE(world.tracker.track("p1", ids) == 1500);
  REQUIRE(eventually([&] { return world.server.ledger().requests("p1") >= before + 40; }));
  const auto entries = requests_of(world.server, "p1");
  check_ten_a_second(entries, 0, started, 1);
  // One may leave at once, and as many as can be under way may have left before and come after.
  check_ten_a_second(entries, before, tracked, 1 + 4);
}

}  // namespace smm::test::isolation_test
