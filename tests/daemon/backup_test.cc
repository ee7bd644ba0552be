#include "backup_world.h"
#include "child.h"
#include "raw_connection.h"
#include "tiny_disk.h"

#include <atomic>
#include <csignal>
#include <deque>
#include <future>
#include <thread>

namespace smm::test::backup_test {

using one_panel::OnePanel;

namespace {

// A daemon whose database takes long to copy.
struct LargeWorld : OnePanel {
  LargeWorld() {
    REQUIRE_MESSAGE(start(), tracker.log());
    CHECK(tracker.stop().code == 0);
    make_large(tracker.state() / "tracker.db");
    REQUIRE_MESSAGE(start(), tracker.log());
  }
  [[nodiscard]] std::filesystem::path backups() const { return tracker.state() / "backups"; }
};

// One whose backups wait, when they are to go to the disk, until they are let go.
struct HeldWorld : OnePanel {
  HeldWorld() {
    write_file(held, "");
    REQUIRE_MESSAGE(tracker.start({.config = config,
                                   .environment = {{"LD_PRELOAD", SMM_KILL_STEP},
                                                   {"HOLD_SYNC", "/unfinished.db"},
                                                   {"HOLD_WHILE", held.string()},
                                                   {"ASAN_OPTIONS", "verify_asan_link_order=0"}}}),
                    tracker.log());
  }
  [[nodiscard]] std::filesystem::path backups() const { return tracker.state() / "backups"; }
  [[nodiscard]] std::future<HttpAnswer> begin_backup() const {
    auto answer = std::async(std::launch::async, [this] { return tracker.post("/v1/backup"); });
    REQUIRE(eventually([&] { return std::filesystem::exists(held.string() + ".held"); }));
    return answer;
  }
  void let_go() const { std::filesystem::remove(held); }

  std::filesystem::path held = tracker.directory() / "hold";
};

void go_on_tracking(const TrackerProcess& tracker, const std::string& prefix, const std::atomic<bool>& over) {
  for (int round = 0; !over; ++round) {
    std::vector<std::string> ids;
    ids.reserve(10);
    for (int i = 0; i < 10; ++i) ids.push_back(prefix + std::to_string(round * 10 + i));
    tracker.track("p1", ids);
  }
}

// What no moment of a database may lack: see the tests of the store.
void must_agree(LooseDatabase& copy) {
  CHECK(copy.text("PRAGMA integrity_check") == "ok");
  CHECK(copy.column("PRAGMA foreign_key_check").empty());
  CHECK(copy.number("SELECT count(*) FROM orders") ==
        copy.number("SELECT count(*) FROM event WHERE type = 'order.tracked'"));
  CHECK(copy.number(R"sql(
    SELECT count(*) FROM orders o WHERE o.revision <> (SELECT count(*) FROM history h WHERE h.order_row = o.row)
       OR o.revision <> (SELECT count(*) FROM event e WHERE e.order_row = o.row
                         AND e.type IN ('order.status_changed', 'order.progress'))
  )sql") == 0);
  CHECK(copy.number("SELECT max(seq) - count(*) FROM event") == 0);
}

}  // namespace

TEST_CASE("a backup made while orders come and change is whole, and holds the log up to one moment") {
  LargeWorld world;
  const auto& tracker = world.tracker;
  for (int i = 0; i < 40; ++i) {
    const auto id = std::to_string(100 + i);
    world.panel.script_order(id, 1000, {});
    REQUIRE(tracker.track("p1", {id}) == 1);
  }
  std::atomic<bool> over = false;
  auto comes = std::async(std::launch::async, [&] { go_on_tracking(tracker, "n", over); });
  auto changes = std::async(std::launch::async, [&] {
    for (int round = 0; !over; ++round) {
      for (int i = 0; i < 40; ++i) {
        world.panel.set_order(std::to_string(100 + i),
                              {.status = "In progress", .remains = std::to_string(round)});
      }
      std::this_thread::sleep_for(milliseconds(20));
    }
  });
  REQUIRE(eventually([&] { return world.events("order.progress") > 40; }));
  // Orders that are read right after the backup has begun.
  tracker.signal(SIGSTOP);
  const RawConnection asker(tracker.socket());
  asker.say(post_bytes("/v1/backup", "", ""));
  std::deque<RawConnection> others;
  for (int i = 0; i < 20; ++i) {
    others.emplace_back(tracker.socket())
        .say(post_bytes("/v1/orders", "Content-Type: application/json\r\n",
                        Json{{"panel", "p1"}, {"id", "m" + std::to_string(i)}}.dump()));
  }
  tracker.signal(SIGCONT);
  const auto answer = read_answer(asker.hear_all());
  REQUIRE(eventually([&] { return world.events("order.progress") > 80; }));
  over = true;
  comes.get();
  changes.get();
  REQUIRE_MESSAGE(answer.status == 201, answer.body);
  const auto made = Json::parse(answer.body);
  CHECK(made["name"] == std::filesystem::path(made["file"].get<std::string>()).filename().string());
  CHECK(made["bytes"] == std::filesystem::file_size(made["file"].get<std::string>()));
  LooseDatabase copy(made["file"].get<std::string>());
  must_agree(copy);
  const auto last = copy.number("SELECT max(seq) FROM event");
  CHECK(made["last_event"] == last);
  // What was written meanwhile is in it.
  CHECK(copy.number("SELECT count(*) FROM orders WHERE id GLOB 'm*'") == 20);
  // Event by event what the daemon tells to this day, up to there.
  const auto bodies = copy.column("SELECT body FROM event ORDER BY seq");
  const auto events = tracker.all_events();
  REQUIRE(events.size() > bodies.size());
  for (std::size_t i = 0; i < bodies.size(); ++i)
    REQUIRE(Json::parse(bodies[i])["data"] == events[i]["data"]);
  // Complete by itself, also for who cannot write where it lies.
  CHECK(copy.text("PRAGMA journal_mode") == "delete");
  CHECK(names_in(world.backups()) == std::vector<std::string>{made["name"].get<std::string>()});
  CHECK(mode_of(made["file"].get<std::string>()) == 0600);
  CHECK(mode_of(world.backups()) == 0700);
}

TEST_CASE("the newest three backups stay, and what is not one of them is left alone") {
  OnePanel world;
  REQUIRE_MESSAGE(world.start(), world.tracker.log());
  const auto backups = world.tracker.state() / "backups";
  write_file(backups / "mine.db", "x");
  write_file(backups / "backup-2020-01-01T00-00-00Z.db.gz", "x");
  write_file(backups / "backup-2020-01-01T00-00-00Z.db", "x");
  write_file(backups / "backup-2090-01-01T00-00-00Z.db", "x");  // of a clock that went ahead
  std::vector<std::string> made;
  for (int i = 0; i < 4; ++i) made.push_back(backup_of(world.tracker).filename());
  auto expected = std::vector<std::string>{"backup-2020-01-01T00-00-00Z.db.gz",
                                           "backup-2090-01-01T00-00-00Z.db", "mine.db", made[2], made[3]};
  std::sort(expected.begin(), expected.end());
  CHECK(names_in(backups) == expected);
}

TEST_CASE("smm-tracker backup says where the copy is and how to bring it back") {
  OnePanel world;
  REQUIRE_MESSAGE(world.start(), world.tracker.log());
  const auto socket = world.tracker.socket().string();
  const auto told = run(socket, {"backup"});
  CHECK(told.exit == 0);
  const auto name =
      (world.tracker.state() / "backups" / names_in(world.tracker.state() / "backups")[0]).string();
  CHECK_MESSAGE(has(told.out, "made and checked: " + name), told.out);
  CHECK(has(told.out, "smm-trackerd --restore " + name));
  const auto json = run(socket, {"backup", "--json"});
  CHECK(Json::parse(json.out)["kept"].size() == 2);
  CHECK(world.tracker.call({"POST", "/v1/backup", std::nullopt, {}, "ro.sock"}).json()["code"] ==
        "read-only-socket");
  CHECK(world.tracker.post("/v1/backup?path=/tmp/x").json()["code"] == "unknown-parameter");
  CHECK(world.tracker.post("/v1/backup", Json{{"path", "/tmp/x"}}).status == 422);
}

TEST_CASE("one backup at a time: who asks for a second is told so, and the first is made") {
  const HeldWorld world;
  auto first = world.begin_backup();
  const auto second = world.tracker.post("/v1/backup");
  CHECK(second.status == 409);
  CHECK(second.json()["code"] == "conflict");
  world.let_go();
  CHECK(first.get().status == 201);
  CHECK(world.tracker.post("/v1/backup").status == 201);
}

TEST_CASE("a short disk refuses a backup with figures, and the database goes on") {
  OnePanel world;
  const TinyDisk disk(world.tracker.state());
  if (!disk.mounted()) {
    MESSAGE("skipped: a file system can only be mounted by root");
    return;
  }
  REQUIRE_MESSAGE(world.start(), world.tracker.log());
  const auto answer = world.tracker.post("/v1/backup");
  CHECK(answer.status == 507);
  CHECK(answer.json()["code"] == "disk-short");
  CHECK(answer.json()["needed_bytes"].get<long>() > answer.json()["free_bytes"].get<long>());
  CHECK(answer.json()["free_bytes"].get<long>() < 2'200'000);
  CHECK(names_in(world.tracker.state() / "backups").empty());
  CHECK_MESSAGE(world.tracker.log().find("backup: none was made: a backup needs") != std::string::npos,
                world.tracker.log());
  CHECK(world.tracker.track("p1", {"1"}) == 1);
}

TEST_CASE("a backup that is taken elsewhere as soon as it has its name was made") {
  OnePanel world;
  REQUIRE_MESSAGE(world.tracker.start({.config = world.config,
                                       .environment = {{"LD_PRELOAD", SMM_KILL_STEP},
                                                       {"TAKE_AWAY", "backup-"},
                                                       {"ASAN_OPTIONS", "verify_asan_link_order=0"}}}),
                  world.tracker.log());
  const auto answer = world.tracker.post("/v1/backup");
  CHECK_MESSAGE(answer.status == 201, answer.body);
  CHECK(answer.json()["bytes"].get<long>() > 4096);
  CHECK(world.tracker.log().find("none was made") == std::string::npos);
}

TEST_CASE("killed in the middle of a backup: no half copy stays, and the next one is made") {
  HeldWorld world;
  auto backup = world.begin_backup();
  world.tracker.kill_hard();
  CHECK(backup.get().status == 0);
  CHECK(names_in(world.backups()).front() == "unfinished.db");
  REQUIRE_MESSAGE(world.start(), world.tracker.log());
  CHECK(names_in(world.backups()).empty());
  CHECK(std::filesystem::exists(backup_of(world.tracker)));
}

TEST_CASE("told to stop in the middle of a backup the daemon gives it up, says so and leaves nothing of it") {
  HeldWorld world;
  auto backup = world.begin_backup();
  world.tracker.signal(SIGTERM);
  REQUIRE(eventually([&] { return world.tracker.log().find("stopping") != std::string::npos; }));
  world.let_go();
  CHECK(world.tracker.stop().code == 0);
  const auto answer = backup.get();
  CHECK(answer.status == 503);
  CHECK(answer.json()["code"] == "draining");
  CHECK(names_in(world.backups()).empty());
}

}  // namespace smm::test::backup_test
