#include "journal.h"

#include "one_panel.h"
#include "shifted_clock.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <regex>
#include <set>
#include <string>

// What the journal gets of the daemon.
namespace smm::test::journal_test {

using namespace one_panel;
using std::chrono::minutes;
using std::chrono::seconds;

namespace {

practice::OrderPatch is_now(const std::string& status) {
  practice::OrderPatch patch;
  patch.status = status;
  return patch;
}

// First of all, since what comes after it is in its enclave.
struct WithJournal {
  Journal journal;
};

struct World : WithJournal, OnePanel {
  explicit World(const std::string& more = "") : OnePanel(more) {}

  // False: nothing to be seen here.
  bool begin(std::map<std::string, std::string> more = {}) {
    if (!journal.is_there()) {
      MESSAGE("skipped: a journal of its own needs root");
      return false;
    }
    more.merge(Journal::environment(tracker));
    const bool started = tracker.start({.config = config, .environment = more});
    REQUIRE_MESSAGE(started, tracker.log());
    return true;
  }
  bool comes(const JournalEntry& fields, std::size_t count = 1) const {
    return eventually([&] { return journal.with(fields).size() >= count; });
  }
  // A page of errors, on every request.
  void fail() {
    for (const auto* action : {"status", "balance", "services"})
      panel.add_quirk(quirk("html-502", "", action));
  }
};

}  // namespace

TEST_CASE(
    "an order's change of status reaches the journal with fields, and each is of an event that is stored") {
  World world;
  if (!world.begin()) return;
  world.panel.script_order("7", 1000, {});
  REQUIRE(world.tracker.track("p1", {"7"}) == 1);
  REQUIRE(world.comes({{"SMM_ORDER", "p1/7"}, {"SMM_STATUS", "pending"}}));
  world.panel.set_order("7", is_now("In progress"));
  REQUIRE(world.comes({{"SMM_ORDER", "p1/7"}, {"SMM_STATUS", "in_progress"}}));
  const auto said = world.journal.with({{"SMM_STATUS", "in_progress"}}).front();
  CHECK(said.at("MESSAGE") == "order p1/7 is now in_progress (was pending)");
  CHECK(said.at("PRIORITY") == "6");
  CHECK(said.at("SYSLOG_IDENTIFIER") == "smm-trackerd");
  CHECK(said.at("MESSAGE_ID").size() == 32);
  CHECK(said.at("SMM_PANEL") == "p1");
  CHECK(said.at("SMM_PREVIOUS_STATUS") == "pending");
  CHECK(said.at("SMM_EVENT") == "order.status_changed");
  const auto events = world.tracker.all_events();
  const auto seq = std::stoll(said.at("SMM_EVENT_SEQ"));
  CHECK(std::any_of(events.begin(), events.end(), [&](const Json& event) {
    return event["seq"] == seq && event["data"]["status"] == "in_progress" && event["data"]["order"] == "7";
  }));
  CHECK(world.tracker.log().empty());
}

TEST_CASE("many changes at once are one line, which counts them") {
  World world;
  if (!world.begin()) return;
  std::vector<std::string> ids;
  ids.reserve(60);
  for (int i = 0; i < 60; ++i) ids.push_back(std::to_string(1000 + i));
  for (const auto& id : ids) world.panel.script_order(id, 1000, {});
  REQUIRE(world.tracker.track("p1", ids) == ids.size());
  REQUIRE(all_asked(world.tracker));
  std::size_t told = 0;
  REQUIRE(eventually([&] {
    told = 0;
    for (const auto& entry : world.journal.with({{"SMM_EVENT", "order.status_changed"}})) {
      told += entry.count("SMM_COUNT") != 0 ? std::stoul(entry.at("SMM_COUNT")) : 1;
    }
    return told >= ids.size();
  }));
  CHECK(told == ids.size());
  CHECK(world.journal.with({{"SMM_EVENT", "order.status_changed"}}).size() <= 22);
  CHECK(world.journal.bytes().find(" orders are now pending (events ") != std::string::npos);
}

TEST_CASE("a panel that fails for hours has said so in a few lines, and that it is well again") {
  ShiftedClock moving;
  World world;
  if (!world.begin(moving.environment())) return;
  world.panel.script_order("7", 1000, {});
  REQUIRE(world.tracker.track("p1", {"7"}) == 1);
  REQUIRE(all_asked(world.tracker));
  world.fail();
  const auto failed = [&] { return requests_of(world.server, "p1").size(); };
  REQUIRE(world.comes({{"SMM_EVENT", "panel.down"}}));
  const auto before = failed();
  for (int i = 0; i < 30; ++i) {
    moving.pass(seconds(60));
    const auto asked = failed();
    REQUIRE(
        eventually([&] { return world.tracker.post("/v1/panels/p1/test").status != 0 && failed() > asked; }));
  }
  REQUIRE(failed() >= before + 30);
  const auto errors = world.journal.with({{"SMM_PANEL", "p1"}, {"PRIORITY", "4"}});
  CHECK(errors.size() >= 3);  // the first of its kind, and what half an hour brought
  CHECK(errors.size() <= 9);
  CHECK(std::any_of(errors.begin(), errors.end(), [](const JournalEntry& entry) {
    return entry.count("SMM_COUNT") != 0 &&
           entry.at("MESSAGE").find(" more in the last 10 min, the last: ") != std::string::npos;
  }));
  world.panel.clear_quirks();
  CHECK(world.tracker.post("/v1/panels/p1/resume").status == 200);
  REQUIRE(world.comes({{"SMM_EVENT", "panel.up"}, {"MESSAGE", "panel p1: up"}}));
  REQUIRE(eventually([&] {
    moving.pass(minutes(11));
    return !world.journal.with({{"MESSAGE", "panel p1: no errors for 10 min"}}).empty();
  }));
}

TEST_CASE("each kind of trouble has its message id, and the levels tell what is urgent") {
  World world("[panel.p1.balance]\nevery = \"200ms\"\nlow = \"2000\"\n");
  if (!world.begin()) return;
  REQUIRE(world.comes({{"SMM_EVENT", "balance.low"}, {"PRIORITY", "4"}, {"SMM_BALANCE", "100.84292"}}));
  world.panel.add_quirk(quirk("wrong-key", "", ""));
  REQUIRE(world.comes({{"SMM_EVENT", "panel.key_rejected"}, {"PRIORITY", "3"}}));
  world.tracker.write_config(world.config + "nonsense = 1\n");
  CHECK(world.tracker.post("/v1/config/reload").status == 422);
  REQUIRE(world.comes({{"MESSAGE", "the configuration has errors; nothing changed"}, {"PRIORITY", "3"}}));
  world.tracker.write_config(world.config);
  CHECK(world.tracker.post("/v1/config/reload").status == 200);
  REQUIRE(world.comes({{"MESSAGE", "configuration: read again, nothing changed"}, {"PRIORITY", "5"}}));
  CHECK(world.tracker.stop().code == 0);
  REQUIRE(world.comes({{"MESSAGE", "stopping (SIGTERM)"}}));
  std::set<std::string> ids;
  for (const auto& entry : world.journal.entries()) {
    if (entry.count("MESSAGE_ID") != 0) ids.insert(entry.at("MESSAGE_ID"));
  }
  CHECK(ids.size() >= 6);  // started, low, rejected, refused, read again, stopping
}

TEST_CASE("a journal that hangs holds nothing up, and is told afterwards how many lines it missed") {
  World world;
  if (!world.begin()) return;
  world.journal.hold(true);
  constexpr int reloads = Journal::most_waiting + 30;
  for (int i = 0; i < reloads; ++i) {
    const auto answer =
        world.tracker.call({.method = "POST", .target = "/v1/config/reload", .timeout = seconds(10)});
    REQUIRE(answer.status == 200);
  }
  CHECK(world.tracker.get("/v1/health").status == 200);
  world.journal.hold(false);
  const auto missed = [&] {
    std::smatch found;
    for (const auto& entry : world.journal.with({{"PRIORITY", "4"}, {"SYSLOG_IDENTIFIER", "smm-trackerd"}})) {
      const std::regex words("([0-9]+) lines were dropped because the journal took none");
      if (std::regex_match(entry.at("MESSAGE"), found, words)) return std::stoul(found[1]);
    }
    return 0UL;
  };
  REQUIRE(eventually([&] {
    REQUIRE(world.tracker.post("/v1/config/reload").status == 200);
    return missed() > 0;
  }));
  const auto read_again = [&] {
    return world.journal.with({{"MESSAGE", "configuration: read again, nothing changed"}}).size();
  };
  CHECK(missed() + read_again() >= reloads + 1);
  CHECK(world.tracker.log().empty());
  CHECK(world.tracker.stop().code == 0);
}

TEST_CASE("orders asked one by one make no more lines than a few, and none is left out of the count") {
  World world;
  if (!world.begin()) return;
  world.panel.add_quirk(quirk("no-batch"));
  std::vector<std::string> ids;
  ids.reserve(150);
  for (int i = 0; i < 150; ++i) ids.push_back(std::to_string(1000 + i));
  for (const auto& id : ids) world.panel.script_order(id, 1000, {});
  REQUIRE(world.tracker.track("p1", ids) == ids.size());
  REQUIRE(all_asked(world.tracker));
  REQUIRE(world.tracker.stop().code == 0);
  REQUIRE(world.comes({{"MESSAGE", "stopping (SIGTERM)"}}));
  const auto counted = [&] {
    std::size_t orders = 0;
    for (const auto& entry : world.journal.with({{"SMM_EVENT", "order.status_changed"}})) {
      orders += entry.count("SMM_COUNT") != 0 ? std::stoul(entry.at("SMM_COUNT")) : 1;
    }
    return orders;
  };
  CHECK(eventually([&] { return counted() >= ids.size(); }));
  CHECK(counted() == ids.size());
  CHECK(world.journal.with({{"SMM_EVENT", "order.status_changed"}}).size() < 120);
}

TEST_CASE("what cannot reach the journal is said on standard error, as the service manager reads it") {
  World world;
  if (!world.begin()) return;
  world.journal.close_down();
  world.panel.script_order("7", 1000, {});
  REQUIRE(world.tracker.track("p1", {"7"}) == 1);
  CHECK_MESSAGE(eventually([&] {
                  return world.tracker.log().find("<6>order p1/7 is now pending") != std::string::npos;
                }),
                world.tracker.log());
}

TEST_CASE("without a journal lines are plain text with the time, as a terminal wants them") {
  OnePanel world;
  REQUIRE(world.start());
  world.panel.script_order("7", 1000, {});
  REQUIRE(world.tracker.track("p1", {"7"}) == 1);
  REQUIRE_MESSAGE(eventually([&] {
                    return world.tracker.log().find(" info order p1/7 is now pending (seen first)\n") !=
                           std::string::npos;
                  }),
                  world.tracker.log());
  CHECK(world.tracker.log().substr(0, 3) == "202");
}

}  // namespace smm::test::journal_test
