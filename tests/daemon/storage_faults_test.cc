#include "backup_world.h"
#include "compat_world.h"
#include "raw_connection.h"
#include "shifted_clock.h"
#include "tiny_disk.h"
#include "webhook_world.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <future>

// What the daemon does, and says, while its disk fails; and that it goes on when the disk does.
namespace smm::test::storage_faults_test {

namespace {

using one_panel::OnePanel;
using std::chrono::seconds;
namespace fs = std::filesystem;

// The service manager's end of NOTIFY_SOCKET: the last STATUS= it was told.
class StatusLine {
 public:
  explicit StatusLine(fs::path path)
      : path_(std::move(path)), fd_(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path_.c_str(), sizeof address.sun_path - 1);
    REQUIRE(bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  }
  ~StatusLine() { close(fd_); }
  StatusLine(const StatusLine&) = delete;
  StatusLine& operator=(const StatusLine&) = delete;
  [[nodiscard]] const fs::path& path() const { return path_; }
  std::string last() {
    char text[4096];
    for (;;) {
      const auto length = recv(fd_, static_cast<char*>(text), sizeof text, MSG_DONTWAIT);
      if (length <= 0) return last_;
      const std::string message(static_cast<char*>(text), static_cast<std::size_t>(length));
      const auto at = message.find("STATUS=");
      if (at != std::string::npos) last_ = message.substr(at + 7, message.find('\n', at) - at - 7);
    }
  }

 private:
  fs::path path_;
  int fd_;
  std::string last_;
};

// A daemon whose disk fails while a file says so: see tests/disk/fault_switch.cc.
struct FaultyWorld {
  explicit FaultyWorld(const std::string& more = "")
      : receiver(verifying()), panel(one_panel::add_panel(server, "p1")) {
    tracker.add_file("keys/shop", webhook_secret);
    tracker.add_file("keys/p1.local", compat_token);
    config = fast_polling() + panel_section("p1", server.api_url("p1"), more) +
             section({"shop", receiver.url(), "events = [\"*\"]\n"});
  }
  [[nodiscard]] fs::path fault_file() const { return tracker.directory() / "fault"; }
  void set_fault(const std::string& text) const {
    write_file(fault_file().string() + ".new", text);
    fs::rename(fault_file().string() + ".new", fault_file());
  }
  void end_fault() const { fs::remove(fault_file()); }
  [[nodiscard]] TrackerProcess::Options options() const {
    auto environment = clock.environment(SMM_FAULT_SWITCH);
    environment["FAULT_SWITCH"] = fault_file();
    if (!keeps_pages) environment["FAULT_SWITCH_MEMORY"] = "none";
    if (status) environment["NOTIFY_SOCKET"] = status->path();
    return {.config = config, .environment = environment};
  }
  bool start() {
    if (!status) status = std::make_unique<StatusLine>(tracker.directory() / "notify");
    return tracker.start(options());
  }
  // Looks again whether the disk does; that is due every few seconds.
  [[nodiscard]] bool becomes_ready() {
    return eventually([&] {
      clock.pass(seconds(6));
      return tracker.get("/v1/health").status == 200;
    });
  }

  practice::PracticeServer server;
  practice::WebhookReceiver receiver;
  practice::PracticePanel& panel;
  TrackerProcess tracker;
  std::string config;
  bool keeps_pages = true;  // in memory: what was read lately is not read again
  ShiftedClock clock;
  std::unique_ptr<StatusLine> status;
};

HttpAnswer place(const TrackerProcess& tracker, const std::string& key) {
  TrackerProcess::Call call;
  call.method = "POST";
  call.target = "/v1/panels/p1/orders";
  call.headers = {"Content-Type: application/json", "Idempotency-Key: " + key};
  call.body = Json{{"service", "1"}, {"link", "https://example.com/" + key}, {"quantity", 100}}.dump();
  return tracker.call(call);
}

std::size_t added(practice::PracticeServer& server) {
  const auto requests = one_panel::requests_of(server, "p1");
  return static_cast<std::size_t>(std::count_if(
      requests.begin(), requests.end(), [](const auto& entry) { return entry.request.action == "add"; }));
}

}  // namespace

TEST_CASE(
    "a disk that fails at a commit: all says so, nothing is sent, reads go on, and so does all afterwards") {
  FaultyWorld world;
  auto& tracker = world.tracker;
  REQUIRE_MESSAGE(world.start(), tracker.log());
  int number = 0;
  std::size_t bought = 0;
  const std::vector<std::string> faults = {"write FULL", "write IOERR_WRITE", "sync IOERR_FSYNC",
                                           "write READONLY", "write NOMEM"};
  for (const auto& fault : faults) {
    CAPTURE(fault);
    const auto id = std::to_string(++number);
    world.panel.script_order(id, 1000, {});
    REQUIRE(tracker.track("p1", {id}) == 1);
    REQUIRE(eventually([&] { return one_panel::order_of(tracker, "p1", id)["status"] == "pending"; }));
    const auto newest = [&] {
      return tracker.get("/v1/status").json()["events"]["newest"].get<std::size_t>();
    };
    REQUIRE(eventually([&] { return world.receiver.count() >= newest(); }));
    const auto before = newest();

    world.set_fault(fault);
    const auto refused = tracker.post("/v1/orders", Json{{"panel", "p1"}, {"id", "x" + id}});
    CHECK(refused.status == 503);
    CHECK(refused.json()["code"] == "storage-trouble");
    world.panel.set_order(id, {.status = "In progress", .remains = "157"});
    const auto order = place(tracker, "a" + id);
    CHECK(order.status == 503);
    CHECK(order.json()["sent"] == "no");
    const auto health = tracker.get("/v1/health");
    CHECK(health.status == 503);
    CHECK_MESSAGE(health.json()["reasons"][0].get<std::string>().rfind("database: ", 0) == 0, health.body);
    CHECK_MESSAGE(
        eventually([&] { return world.status->last().rfind("the database takes no writes: ", 0) == 0; }),
        world.status->last());
    CHECK(tracker.get("/metrics").body.find("smm_tracker_database_writable 0") != std::string::npos);
    CHECK(tracker.get("/v1/health?level=alive").status == 200);
    CHECK(tracker.get("/v1/orders/p1/x" + id).status == 404);
    CHECK(tracker.get("/v1/orders/p1/" + id + "/history").json()["items"].size() == 1);
    const auto polls = world.server.ledger().requests("p1");
    (void)eventually([&] { return world.server.ledger().requests("p1") > polls + 3; }, seconds(1));
    CHECK(newest() == before);
    CHECK(world.receiver.count() == before);
    CHECK(added(world.server) == bought);
    CHECK(one_panel::order_of(tracker, "p1", id)["status"] == "pending");

    world.end_fault();
    CHECK_MESSAGE(world.becomes_ready(), tracker.log());
    CHECK(eventually([&] { return one_panel::order_of(tracker, "p1", id)["status"] == "in_progress"; }));
    CHECK(eventually([&] { return world.receiver.count() > before; }));
    CHECK(place(tracker, "a" + id).status == 201);
    CHECK(added(world.server) == ++bought);
    CHECK(tracker.get("/metrics").body.find("smm_tracker_database_writable 1") != std::string::npos);
  }
  CHECK(tracker.stop().code == 0);
}

namespace {

// More than one who reads slowly is sent at once.
constexpr int first_filler = 1000;
constexpr int last_filler = 20'000;
void fill_log(const TrackerProcess& tracker) {
  LooseDatabase(tracker.state() / "tracker.db", SQLITE_OPEN_READWRITE)
      .run(
          "WITH RECURSIVE n(i) AS (SELECT 1000 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) "
          "INSERT INTO event SELECT i, 'evt_' || i, 'panel.up', NULL, NULL, unixepoch() * 1000, "
          "'{\"type\":\"panel.up\",\"timestamp\":\"2026-11-21T10:14:03.120Z\",\"data\":{\"seq\":' || i || "
          "',\"filler\":\"' || hex(zeroblob(500)) || '\"}}' FROM n");
}

// A stream that is taken slowly.
class SlowReader {
 public:
  explicit SlowReader(const TrackerProcess& tracker) : connection_(tracker.socket()) {
    connection_.say("GET /v1/events?follow=1&since=" + std::to_string(first_filler) +
                    " HTTP/1.1\r\nHost: localhost\r\n\r\n");
    read(1000);
  }
  // Until it has so many bytes. Less: nothing came for half a minute, or it was the end.
  bool read(std::size_t size) {
    while (heard_.size() < size) {
      const auto piece = connection_.hear_some();
      if (piece.empty()) return false;
      heard_ += piece;
    }
    return true;
  }
  // Every event it has not had, until the last.
  bool read_to_the_end() {
    while (heard_.find("{\"seq\":" + std::to_string(last_filler) + ",") == std::string::npos) {
      if (!read(heard_.size() + 1)) return false;
    }
    return true;
  }
  [[nodiscard]] std::size_t events() const {
    std::size_t count = 0;
    for (auto at = heard_.find("\"filler\""); at != std::string::npos; at = heard_.find("\"filler\"", at + 1))
      ++count;
    return count;
  }

 private:
  RawConnection connection_;
  std::string heard_;
};

std::size_t lines(const TrackerProcess& tracker, const std::string& words) {
  const auto log = tracker.log();
  std::size_t count = 0;
  for (auto at = log.find(words); at != std::string::npos; at = log.find(words, at + 1)) ++count;
  return count;
}

HttpAnswer drop_in(const TrackerProcess& tracker, const std::string& fields) {
  TrackerProcess::Call call;
  call.method = "POST";
  call.target = "/api/v2";
  call.headers = {"Content-Type: application/x-www-form-urlencoded"};
  call.body = std::string("key=") + compat_token + "&" + fields;
  return tracker.call(call);
}

void check_refused(const HttpAnswer& answer, bool asks_once = false) {
  CHECK_MESSAGE(answer.status == 503, answer.body << answer.error);
  CHECK_MESSAGE(answer.body.find("\"code\":\"storage-trouble\"") != std::string::npos, answer.body);
  if (asks_once) CHECK_MESSAGE(answer.body.find("\"sent\":\"no\"") != std::string::npos, answer.body);
}

void check_nobody_is_served(const TrackerProcess& tracker, const std::string& key) {
  check_refused(tracker.get("/v1/orders/p1/1"));
  check_refused(tracker.post("/v1/orders/p1/1/count", Json{{"count", 5}}));
  check_refused(tracker.post("/v1/orders/p1/1/poll"));
  check_refused(tracker.post("/v1/orders/p1/1/refill"), true);
  check_refused(tracker.post("/v1/orders/p1/1/cancel"), true);
  check_refused(tracker.post("/v1/refills", Json{{"orders", {"p1/1"}}}), true);
  check_refused(place(tracker, key), true);
  for (const std::string fields :
       {"action=status&order=1", "action=status&orders=1,2", "action=balance", "action=services",
        "action=refill&order=1", "action=cancel&orders=1", "action=refill_status&refill=1",
        "action=add&service=1&link=https://example.com/a&quantity=100"}) {
    CAPTURE(fields);
    const auto answer = drop_in(tracker, fields);
    CHECK_MESSAGE(answer.status == 503, answer.body << answer.error);
    CHECK_MESSAGE(answer.body.find("{\"error\":\"Not sent: ") == 0, answer.body);
  }
}

}  // namespace

TEST_CASE("on a disk that cannot be read who asks is told so, what follows waits, and the daemon goes on") {
  FaultyWorld world(
      "compat_token_file = \"keys/p1.local\"\n[panel.p1.balance]\nevery = \"10s\"\n"
      "[panel.p1.services]\nevery = \"10s\"\n[panel.p1.refill]\nask_after = [\"7d\"]\n");
  world.keeps_pages = false;
  auto& tracker = world.tracker;
  REQUIRE_MESSAGE(world.start(), tracker.log());
  for (const auto* id : {"1", "2", "3"}) {
    world.panel.script_order(id, 1000, {});
    const Json order = {{"panel", "p1"}, {"id", id}, {"service", "1"}, {"quantity", 1000}};
    REQUIRE(tracker.post("/v1/orders", order).status == 201);
  }
  REQUIRE(eventually([&] { return one_panel::order_of(tracker, "p1", "3")["status"] == "pending"; }));
  world.panel.set_order("3", {.status = "Completed", .start_count = "100", .remains = "0"});
  REQUIRE(eventually([&] { return one_panel::order_of(tracker, "p1", "3")["status"] == "completed"; }));
  CHECK(tracker.stop().code == 0);
  fill_log(tracker);
  REQUIRE_MESSAGE(world.start(), tracker.log());
  REQUIRE(eventually([&] { return world.server.ledger().requests("p1") > 20; }));
  int remains = 900;
  for (const std::string fault : {"read IOERR_READ", "read NOMEM"}) {
    CAPTURE(fault);
    auto patient =
        std::async(std::launch::async, [&] { return tracker.get("/v1/orders/p1/2?wait=60s&until=ended"); });
    SlowReader follower(tracker);
    REQUIRE(tracker.get("/v1/orders/p1/1").status == 200);
    (void)world.status->last();  // so that there is room for the next
    world.set_fault(fault);
    // The daemon reads, too, for what the panel says and for what the receiver is to be told.
    world.panel.set_order("1", {.status = "In progress", .remains = std::to_string(--remains)});
    check_nobody_is_served(tracker, "a" + std::to_string(remains));
    CHECK(tracker.get("/v1/health").status == 503);
    CHECK_MESSAGE(world.status->last().rfind("the database cannot be read: ", 0) == 0, world.status->last());
    CHECK(tracker.post("/v1/config/reload").status == 503);
    CHECK(follower.read(200'000));
    // What is due after a week is due, and it cannot be seen to.
    world.panel.add_quirk(one_panel::quirk("http-500-json"));
    world.clock.pass(std::chrono::hours(24 * 8));
    CHECK(eventually([&] { return tracker.get("/v1/health?level=alive").status == 200; }));
    CHECK(eventually([&] {
      return patient.wait_for(seconds(0)) == std::future_status::ready ||
             tracker.get("/v1/health?level=alive").status != 200;
    }));
    check_refused(patient.get());
    for (int i = 0; i < 20; ++i) {
      world.clock.pass(seconds(6));
      CHECK(tracker.get("/v1/health").status == 503);
    }
    CHECK(added(world.server) == 0);
    world.end_fault();
    CHECK_MESSAGE(world.becomes_ready(), tracker.log());
    CHECK(follower.read_to_the_end());
    CHECK(follower.events() == last_filler - first_filler);
    CHECK(eventually([&] {
      world.clock.pass(seconds(6));
      return one_panel::panel_of(tracker, "p1")["state"] == "down";
    }));
    world.panel.clear_quirks();
    CHECK(eventually([&] {
      world.clock.pass(seconds(6));
      return one_panel::order_of(tracker, "p1", "1")["remains"] == remains;
    }));
    CHECK(tracker.post("/v1/orders/p1/1/count", Json{{"count", 5}}).status == 200);
    CHECK(drop_in(tracker, "action=status&order=1").status == 200);
  }
  CHECK(lines(tracker, "it can be read again") == 2);
  CHECK(lines(tracker, "takes writes again") == 2);
  CHECK(eventually([&] {
    world.clock.pass(seconds(6));
    return tracker.get("/v1/refills").json()["items"].size() == 1;
  }));
  CHECK(eventually([&] { return world.receiver.count() > 0; }));
  CHECK(tracker.stop().code == 0);
}

TEST_CASE("a start on a disk that fails says which file, and the next one finds everything") {
  FaultyWorld world;
  auto& tracker = world.tracker;
  REQUIRE_MESSAGE(world.start(), tracker.log());
  REQUIRE(tracker.track("p1", {"1"}) == 1);
  tracker.kill_hard();
  // A start writes nothing: what cannot be written is noticed later.
  for (const std::string fault : {"open IOERR_READ", "read IOERR_READ", "read NOMEM", "size IOERR_READ"}) {
    CAPTURE(fault);
    world.set_fault(fault);
    fs::remove(tracker.directory() / "log");
    tracker.launch(world.options());
    CHECK_MESSAGE(tracker.wait_for_exit(seconds(20)).value_or(ExitState{}).code == 1, tracker.log());
    CHECK_MESSAGE(tracker.log().find((tracker.state() / "tracker.db").string()) != std::string::npos,
                  tracker.log());
    world.end_fault();
    tracker.kill_hard();
  }
  REQUIRE_MESSAGE(world.start(), tracker.log());
  CHECK(tracker.get("/v1/orders/p1/1").status == 200);
  CHECK(tracker.stop().code == 0);
}

}  // namespace smm::test::storage_faults_test
