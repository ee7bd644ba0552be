#include "backup_world.h"
#include "power_world.h"

#include <csignal>
#include <cstdlib>
#include <random>

// The power goes while files come and go: a restore, a backup, a migration. Afterwards it is the old database
// or the new one, whole, and a backup that was announced is there.
namespace smm::test::power_files_test {

namespace {

using one_panel::OnePanel;
using std::chrono::seconds;
namespace fs = std::filesystem;

// How far apart the cuts are: with SMM_POWER_ROUNDS all steps are gone through.
long next_step(long step, std::mt19937& random) {
  return std::getenv("SMM_POWER_ROUNDS") != nullptr ? step + 1 : step + 1 + static_cast<long>(random() % 24);
}

unsigned seed_wanted() {
  const char* wanted = std::getenv("SMM_POWER_SEED");
  return wanted == nullptr ? std::random_device{}() % 1'000'000
                           : static_cast<unsigned>(std::strtoul(wanted, nullptr, 10));
}

bool knows(const TrackerProcess& tracker, const std::string& id) {
  return tracker.get("/v1/orders/p1/" + id).status == 200;
}

std::vector<std::string> names_with(const fs::path& directory, const std::string& part) {
  auto names = names_in(directory);
  std::erase_if(names, [&](const std::string& name) { return name.find(part) == std::string::npos; });
  return names;
}

// A daemon's state that is put back for each cut.
struct CutWorld : OnePanel {
  CutWorld() : random(seed), original(tracker.directory() / "original") {
    REQUIRE_MESSAGE(start(), tracker.log());
    REQUIRE(tracker.track("p1", {"1"}) == 1);
  }
  void keep() const { fs::copy(tracker.state(), original, fs::copy_options::recursive); }
  void put_back() const {
    fs::remove_all(tracker.state());
    fs::copy(original, tracker.state(), fs::copy_options::recursive);
    fs::remove(tracker.directory() / "power");
  }
  // What it ended with: 0, or the cut.
  int run_until(long step, const std::vector<std::string>& arguments) {
    tracker.launch({.environment = with_power_cut(tracker, {step, seed + static_cast<unsigned>(step), ""}),
                    .arguments = arguments});
    return tracker.wait_for_exit(seconds(60)).value_or(ExitState{}).code;
  }

  unsigned seed = seed_wanted();
  std::mt19937 random;
  fs::path original;
};

void must_be_whole(const fs::path& database) {
  LooseDatabase loose(database, SQLITE_OPEN_READWRITE);
  CHECK(loose.text("PRAGMA integrity_check") == "ok");
}

}  // namespace

TEST_CASE("the power goes in a restore: the next start finds the old database or the new one, whole") {
  CutWorld world;
  CAPTURE(world.seed);
  auto& tracker = world.tracker;
  const auto copy = tracker.directory() / "copy.db";
  fs::rename(backup_of(tracker), copy);
  REQUIRE(tracker.track("p1", {"2"}) == 1);
  tracker.kill_hard();  // 2 stands in its log
  world.keep();
  int cuts = 0;
  for (long step = 1;; step = next_step(step, world.random)) {
    CAPTURE(step);
    world.put_back();
    const auto code = world.run_until(step, {"--restore", copy});
    CAPTURE(told_of_cuts(tracker));
    REQUIRE_MESSAGE((code == 0 || code == 128 + SIGKILL), tracker.log());
    REQUIRE_MESSAGE(world.start(), tracker.log());
    REQUIRE(knows(tracker, "1"));
    const bool is_old = knows(tracker, "2");
    tracker.kill_hard();
    must_be_whole(tracker.state() / "tracker.db");
    if (code == 0) CHECK_FALSE(is_old);
    // What was the database is complete, wherever it is now.
    const auto aside = names_with(tracker.state(), ".replaced-");
    CHECK(aside.size() == (is_old ? 0U : 2U));
    if (!is_old && !aside.empty()) {
      LooseDatabase old(tracker.state() / aside[0], SQLITE_OPEN_READWRITE);
      CHECK(old.number("SELECT count(*) FROM orders") == 2);
    }
    CHECK(names_with(tracker.state(), ".restoring").empty());
    if (code == 0) break;
    ++cuts;
  }
  MESSAGE(cuts << " cuts, seed " << world.seed);
  CHECK(cuts > 5);
}

TEST_CASE("the power goes in a backup: no half copy has a name, and one that was announced is there") {
  CutWorld world;
  CAPTURE(world.seed);
  auto& tracker = world.tracker;
  tracker.kill_hard();
  world.keep();
  int cuts = 0;
  int announced = 0;
  for (long step = 1; announced<4; step = announced> 0 ? step + 1 : next_step(step, world.random)) {
    CAPTURE(step);
    world.put_back();
    tracker.launch(
        {.environment = with_power_cut(tracker, {step, world.seed + static_cast<unsigned>(step), ""})});
    (void)eventually([&] { return !tracker.running() || tracker.get("/v1/health").status == 200; });
    const auto made = tracker.post("/v1/backup");
    for (int i = 0; tracker.running(); ++i)
      (void)tracker.post("/v1/orders", Json{{"panel", "p1"}, {"id", "n" + std::to_string(i)}});
    CAPTURE(told_of_cuts(tracker));
    REQUIRE_MESSAGE(tracker.wait_for_exit(seconds(0))->code == 128 + SIGKILL, tracker.log());
    ++cuts;
    const auto names = names_with(tracker.state() / "backups", "backup-");
    CHECK(names.size() <= 1);
    for (const auto& name : names) must_be_whole(tracker.state() / "backups" / name);
    if (made.status == 201) {
      ++announced;
      CHECK_MESSAGE(names == std::vector<std::string>{made.json()["name"].get<std::string>()}, made.body);
    }
    REQUIRE_MESSAGE(world.start(), tracker.log());
    CHECK(knows(tracker, "1"));
    tracker.kill_hard();
  }
  MESSAGE(cuts << " cuts, " << announced << " of them after the backup, seed " << world.seed);
  CHECK(cuts > 5);
}

TEST_CASE(
    "the power goes in a migration: the old schema or the new one, all orders, and a whole copy of the old "
    "one") {
  CutWorld world;
  CAPTURE(world.seed);
  auto& tracker = world.tracker;
  REQUIRE(tracker.stop().code == 0);
  const auto database = tracker.state() / "tracker.db";
  const auto newest = LooseDatabase(database).number("PRAGMA user_version");
  // As it was before the last one came.
  LooseDatabase(database, SQLITE_OPEN_READWRITE)
      .run("DROP TABLE event_gap; PRAGMA user_version = " + std::to_string(newest - 1));
  world.keep();
  int old_ones = 0;
  bool is_over = false;
  int cuts = 0;
  for (long step = 1; !is_over; step = next_step(step, world.random)) {
    CAPTURE(step);
    world.put_back();
    tracker.launch(
        {.environment = with_power_cut(tracker, {step, world.seed + static_cast<unsigned>(step), ""})});
    (void)eventually([&] { return !tracker.running() || tracker.get("/v1/health").status == 200; });
    is_over = tracker.running();
    tracker.kill_hard();
    CAPTURE(told_of_cuts(tracker));
    ++cuts;
    for (const auto& name : names_with(tracker.state(), ".before-")) {
      if (name.find(".new") != std::string::npos) continue;
      LooseDatabase copy(tracker.state() / name, SQLITE_OPEN_READWRITE);
      CHECK(copy.text("PRAGMA integrity_check") == "ok");
      CHECK(copy.number("PRAGMA user_version") == newest - 1);
      CHECK(copy.number("SELECT count(*) FROM orders") == 1);
    }
    const auto scratch = tracker.directory() / "look.db";
    for (const auto* end : {"", "-wal"}) {
      std::error_code absent;
      fs::remove(scratch.string() + end, absent);
      fs::copy_file(database.string() + end, scratch.string() + end, absent);
    }
    {
      LooseDatabase loose(scratch, SQLITE_OPEN_READWRITE);
      const auto version = loose.number("PRAGMA user_version");
      CHECK((version == newest || version == newest - 1));
      CHECK(loose.text("PRAGMA integrity_check") == "ok");
      if (version < newest) ++old_ones;
    }
    REQUIRE_MESSAGE(world.start(), tracker.log());
    CHECK(knows(tracker, "1"));
    tracker.kill_hard();
    CHECK(names_with(tracker.state(), ".before-" + std::to_string(newest)).size() == 1);
  }
  MESSAGE(cuts << " cuts, " << old_ones << " left the old schema, seed " << world.seed);
  CHECK(old_ones > 1);
}

}  // namespace smm::test::power_files_test
