#include "practice-panel/server.h"
#include "practice-panel/webhook_receiver.h"
#include "tiny_disk.h"
#include "tracker_process.h"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <map>
#include <set>
#include <thread>

namespace smm::test::quiet_test {

namespace practice = smm::practice;
using std::chrono::seconds;

namespace {

struct FileState {
  off_t size = 0;
  std::int64_t changed_ns = 0;
  bool operator==(const FileState&) const = default;
};

std::map<std::string, FileState> files_in(const std::filesystem::path& directory) {
  std::map<std::string, FileState> files;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    struct stat found {};
    REQUIRE(stat(entry.path().c_str(), &found) == 0);
    files[entry.path().filename()] = {found.st_size,
                                      found.st_mtim.tv_sec * 1'000'000'000LL + found.st_mtim.tv_nsec};
  }
  return files;
}

std::string to_text(const std::map<std::string, FileState>& files) {
  std::string text;
  for (const auto& [name, state] : files) text += name + " " + std::to_string(state.size) + " bytes, ";
  return text;
}

}  // namespace

TEST_CASE(
    "while nothing changes nothing is written: 1,000 orders asked again and again, webhooks configured") {
  practice::PracticeServer server;
  auto& panel = server.add_panel();
  std::vector<std::string> ids;
  for (int i = 1; i <= 1000; ++i) {
    ids.push_back(std::to_string(i));
    panel.script_order(ids.back(), 1000, {});
  }
  practice::WebhookReceiver receiver;
  TrackerProcess tracker(ScratchDirectory::Place::disk);
  tracker.add_file("keys/shop", webhook_secret);
  const auto config = fast_polling() + panel_section("p1", server.api_url("p1")) +
                      "[webhook.shop]\nurl = \"" + receiver.url() +
                      "\"\nsecret_file = \"keys/shop\"\nnetwork = \"local\"\nrate = 0\n";
  REQUIRE_MESSAGE(tracker.start({.config = config}), tracker.log());
  REQUIRE(tracker.track("p1", ids) == 1000);
  REQUIRE(receiver.wait_for(1000, seconds(60)));  // the first sight of each
  REQUIRE(eventually([&] { return tracker.get("/v1/webhooks").json()["items"][0]["pending"] == 0; }));
  std::this_thread::sleep_for(seconds(1));  // what was begun is finished

  const auto files = files_in(tracker.state());
  const auto written = tracker.bytes_written();
  const auto polls = server.ledger().requests("p1");
  const auto began = std::chrono::steady_clock::now();
  REQUIRE(eventually([&] { return server.ledger().requests("p1") >= polls + 20; }));
  std::this_thread::sleep_until(began + seconds(4));  // a span of time is what is measured
  const auto files_after = files_in(tracker.state());
  const auto asked = server.ledger().requests("p1") - polls;
  const auto more = tracker.bytes_written() - written;
  MESSAGE(asked << " polls in 4 s, " << more << " bytes written (" << written
                << " before); files: " << to_text(files_after));
  CHECK(written > 0);  // or this file system counts nothing
  CHECK(more == 0);
  CHECK_MESSAGE(files_after == files, to_text(files));
  CHECK(tracker.stop().code == 0);
}

TEST_CASE(
    "on a full disk reads go on, what would change something is refused, and afterwards it goes on by "
    "itself") {
  TrackerProcess tracker;
  const TinyDisk disk(tracker.state());
  if (!disk.mounted()) {
    MESSAGE("skipped: a file system can only be mounted by root");
    return;
  }
  practice::PracticeServer server;
  auto& panel = server.add_panel();
  panel.script_order("seen", 1000, {});
  REQUIRE_MESSAGE(tracker.start({.config = fast_polling() + panel_section("p1", server.api_url("p1"))}),
                  tracker.log());
  REQUIRE(tracker.post("/v1/orders", Json{{"panel", "p1"}, {"id", "seen"}}).status == 201);
  REQUIRE(eventually([&] { return tracker.get("/v1/orders/p1/seen").json()["status"] == "pending"; }));

  disk.fill();
  std::set<std::string> taken = {"seen"};
  HttpAnswer answer;
  for (int i = 0; i < 2000; ++i) {  // some room may be left inside the database's own files
    const auto id = "o" + std::to_string(i);
    panel.script_order(id, 1000, {});
    answer = tracker.post("/v1/orders", Json{{"panel", "p1"}, {"id", id}});
    if (answer.status != 201) break;
    taken.insert(id);
  }
  REQUIRE_MESSAGE(answer.status == 503, answer.body << answer.error);
  CHECK(answer.json()["code"] == "storage-trouble");
  const auto health = tracker.get("/v1/health");
  CHECK(health.status == 503);
  CHECK(health.json()["reasons"].size() == 1);
  CHECK_MESSAGE(health.body.find("full") != std::string::npos, health.body);
  CHECK(tracker.get("/v1/health?level=alive").status == 200);
  CHECK(tracker.get("/v1/status").status == 200);

  // The panel moves on; nobody can write that down, so nobody claims to know it.
  panel.set_order("seen", {.status = "In progress", .remains = "157"});
  const auto polls = server.ledger().requests("p1");
  (void)eventually([&] { return server.ledger().requests("p1") > polls + 5; }, seconds(2));
  CHECK(tracker.get("/v1/orders/p1/seen").json()["status"] == "pending");
  CHECK(tracker.get("/v1/orders/p1/seen/history").json()["items"].size() == 1);
  std::set<std::string> known;
  for (const auto& item : tracker.all_items("/v1/orders")) known.insert(item["id"].get<std::string>());
  CHECK(known == taken);

  // The panel goes down while nobody can write that down: said when it can be.
  panel.add_quirk({.name = "html-200"});
  for (int i = 0; i < 4; ++i) CHECK(tracker.post("/v1/orders/p1/seen/poll").status == 502);
  CHECK(tracker.get("/v1/panels/p1").json()["state"] == "up");

  disk.make_room();
  CHECK(eventually([&] { return tracker.get("/v1/panels/p1").json()["state"] == "down"; }, seconds(30)));
  panel.clear_quirks();
  CHECK(eventually([&] { return tracker.get("/v1/panels/p1").json()["state"] == "up"; }, seconds(30)));
  std::vector<std::string> said;
  for (const auto& event : tracker.all_events()) {
    const auto type = event["type"].get<std::string>();
    if (type.rfind("panel.", 0) == 0) said.push_back(type);
  }
  CHECK(said == std::vector<std::string>{"panel.down", "panel.up"});
  CHECK_MESSAGE(eventually([&] { return tracker.get("/v1/health").status == 200; }), tracker.log());
  CHECK(eventually([&] { return tracker.get("/v1/orders/p1/seen").json()["status"] == "in_progress"; }));
  CHECK(tracker.get("/v1/orders/p1/seen/history").json()["items"].size() == 2);
  CHECK(tracker.post("/v1/orders", Json{{"panel", "p1"}, {"id", "later"}}).status == 201);
  CHECK(tracker.stop().code == 0);
}

}  // namespace smm::test::quiet_test
