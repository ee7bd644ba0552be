#include "neighbours.h"
#include "raw_connection.h"
#include "shifted_clock.h"

#include <algorithm>
#include <deque>

// Clients that come in crowds, dawdle, do not read, or leave, and too few descriptors for all.
namespace smm::test::crowd_test {

using std::chrono::seconds;

namespace {

const std::string version = "GET /v1/version HTTP/1.1\r\nHost: localhost\r\n\r\n";
const std::string whole_list = "GET /v1/openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n";

// Some say nothing, some half of a request, some do not take their answers.
void add_client(std::deque<RawConnection>& crowd, const std::filesystem::path& socket) {
  const auto kind = crowd.size() % 50 == 3 ? 3 : crowd.size() % 3;
  const auto& client = crowd.emplace_back(socket);
  if (kind == 1) client.say(version.substr(0, 20));
  if (kind == 2) client.say(version);
  if (kind == 3) client.say(whole_list + whole_list);
}

std::string other_panels(practice::PracticeServer& server, int count) {
  std::string config;
  for (int i = 1; i <= count; ++i) {
    const auto name = "p" + std::to_string(i);
    one_panel::add_panel(server, name).seed_orders(3, 3);
    config += panel_section(name, server.api_url(name));
  }
  return config;
}

// Orders with 8 KiB of labels each, and an event about each with as much.
void track_large(const TrackerProcess& tracker, int from, int count) {
  Json labels;
  for (int i = 0; i < 32; ++i) labels["note" + std::to_string(i)] = std::string(250, 'x');
  for (int at = from; at < from + count; at += 250) {
    auto orders = Json::array();
    for (int i = at; i < at + 250; ++i)
      orders.push_back({{"panel", "good"}, {"id", "x" + std::to_string(i)}, {"labels", labels}});
    REQUIRE(tracker.post("/v1/orders", orders).status == 200);
  }
}

bool files_are_few(const TrackerProcess& tracker, std::size_t most) {
  return eventually([&] { return tracker.vitals().files <= most; });
}

}  // namespace

// Seen: clients took the last descriptor, and none of them had to give way: no other was served while they
// stayed, and nothing that needs a connection of its own could be sent.
TEST_CASE(
    "500 clients take all the descriptors they can have: panels and webhooks have theirs, others wait") {
  Neighbours world;
  constexpr std::size_t most_files = 112;
  const auto more = other_panels(world.server, 5);
  world.start(more, {.files = most_files});
  // CPU is judged by the poll: polls go on, whatever this program has to wait for.
  const auto asked = [&] { return world.server.ledger().requests("good"); };
  const auto cpu_of_each = [](milliseconds cpu, std::size_t polls) {
    return static_cast<double>(cpu.count()) / static_cast<double>(std::max<std::size_t>(polls, 1));
  };
  const auto usual = world.tracker.vitals();
  const auto asked_at_first = asked();
  static_cast<void>(world.pace());
  const auto asked_as_usual = asked() - asked_at_first;
  const auto cpu_usual = cpu_of_each(world.tracker.vitals().cpu - usual.cpu, asked_as_usual);

  std::deque<RawConnection> crowd;
  for (int i = 0; i < 500; ++i) add_client(crowd, world.tracker.socket());
  REQUIRE(eventually([&] { return world.tracker.vitals().files >= most_files / 2 - 4; }));
  const auto asked_before = asked();
  const auto began = world.tracker.vitals();
  world.check_unharmed("500 clients and 112 descriptors");
  const auto crowded = world.tracker.vitals();
  const auto cpu_crowded = cpu_of_each(crowded.cpu - began.cpu, asked() - asked_before);
  MESSAGE(crowded.files << " of " << most_files << " files open; CPU for each poll " << cpu_crowded
                        << " ms, before " << cpu_usual << " ms");
  CHECK(crowded.files < most_files);
  TrackerProcess::Call place;  // on a connection of its own
  place.method = "POST";
  place.target = "/v1/panels/good/orders";
  place.body = R"({"service":"1","link":"https://example.com/x","quantity":100})";
  place.headers = {"Idempotency-Key: a", "Content-Type: application/json"};
  const auto placed = world.tracker.call(place);
  CHECK_MESSAGE(placed.status == 201, placed.body << placed.error);
  CHECK(cpu_crowded <= 3 * cpu_usual + 50);  // it would be all there is
  CHECK(world.said("clients wait to be served") == 1);
  CHECK(world.said("LimitNOFILE=") == 1);
  CHECK(world.said("too many files open") == 0);
  for (const auto* name : {"good", "p1", "p5"}) CHECK(world.is(name, "up"));

  crowd.clear();
  CHECK(files_are_few(world.tracker, usual.files + 4));
  world.check_books();
  CHECK(world.tracker.stop().code == 0);
}

TEST_CASE("with fewer descriptors than it needs the program says which limit to raise, and recovers") {
  SUBCASE("too few to begin: it ends with a plain line") {
    for (const unsigned long files : {10UL, 17UL, 63UL}) {
      CAPTURE(files);
      TrackerProcess tracker;
      tracker.launch({.config = panel_section("p1", "http://127.0.0.1:9/api/v2"), .files = files});
      CHECK(tracker.wait_for_exit(seconds(20)).value_or(ExitState{}).code == 1);
      CHECK_MESSAGE(tracker.log().find("raise LimitNOFILE=") != std::string::npos, tracker.log());
    }
  }
  SUBCASE("too few for all panels: who finds none says why") {
    practice::PracticeServer server;
    std::string config = fast_polling();
    auto orders = Json::array();
    for (int i = 0; i < 60; ++i) {
      const auto name = "p" + std::to_string(i);
      one_panel::add_panel(server, name).script_order("1", 1000, {});
      config += panel_section(name, server.api_url(name), "timeout = \"2s\"");
      orders.push_back({{"panel", name}, {"id", "1"}});
    }
    TrackerProcess tracker;
    REQUIRE_MESSAGE(tracker.start({.config = config, .files = 64}), tracker.log());
    REQUIRE(tracker.post("/v1/orders", orders).status == 200);
    REQUIRE(one_panel::all_asked(tracker));
    for (const auto& name : server.panel_names())
      server.panel(name).add_quirk(one_panel::quirk("hang", "", ""));
    const std::string words =
        "this program has too many files open to connect; raise LimitNOFILE= of the service";
    CHECK_MESSAGE(eventually([&] { return tracker.log().find(words) != std::string::npos; }), tracker.log());
    for (const auto& name : server.panel_names()) server.panel(name).clear_quirks();
    CHECK(eventually([&] {
      const auto items = tracker.get("/v1/panels").json()["items"];
      return std::all_of(items.begin(), items.end(),
                         [](const Json& panel) { return panel["state"] == "up"; });
    }));
    CHECK(tracker.stop().code == 0);
  }
}

TEST_CASE("clients that send a byte a minute, of the head or of the body, are cut, and hold up nobody") {
  ShiftedClock clock;
  TrackerProcess tracker;
  REQUIRE_MESSAGE(tracker.start({.config = panel_section("p1", "http://127.0.0.1:9/api/v2"),
                                 .environment = clock.environment()}),
                  tracker.log());
  const auto usual = tracker.vitals().files;
  const auto head = post_bytes("/v1/orders", "Content-Type: application/json\r\n", std::string(500, ' '));
  std::deque<RawConnection> crowd;
  for (int i = 0; i < 40; ++i) {
    const auto& client = crowd.emplace_back(tracker.socket());
    client.say(i % 2 == 0 ? head.substr(0, 10) : head.substr(0, head.size() - 300));
  }
  REQUIRE(eventually([&] { return tracker.vitals().files >= usual + 38; }));  // one was about to go
  for (int minute = 0; minute < 2; ++minute) {
    for (const auto& client : crowd) client.say(" ");
    clock.pass(std::chrono::minutes(1));
    REQUIRE(tracker.get("/v1/version").status == 200);
  }
  CHECK(files_are_few(tracker, usual + 1));
  for (const auto& client : crowd) CHECK(client.hear_all().find(" 200 ") == std::string::npos);
}

TEST_CASE(
    "who follows, waits or asks for much and never reads costs a bounded amount of memory, and nobody else") {
  Neighbours world;
  world.start({}, {.environment = {{"ASAN_OPTIONS", "quarantine_size_mb=1"}}});
  track_large(world.tracker, 0, 250);
  const auto before = world.tracker.vitals();
  track_large(world.tracker, 250, 250);
  world.take_as_usual();  // these orders are work of their own
  const auto usual = world.tracker.vitals();
  std::deque<RawConnection> crowd;
  for (int i = 0; i < 60; ++i) {
    const auto& client = crowd.emplace_back(world.tracker.socket());
    const auto target = i % 3 == 0   ? "/v1/events?follow=1&since=1"
                        : i % 3 == 1 ? "/v1/orders/good/" + world.an_order() + "?wait=60s&until=settled"
                                     : "/v1/orders?limit=10";
    client.say("GET " + target + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
  }
  track_large(world.tracker, 500, 250);
  world.check_unharmed("sixty clients that never read");
  const auto crowded = world.tracker.vitals();
  const auto alone = usual.resident_kib - before.resident_kib;
  const auto watched = crowded.resident_kib - usual.resident_kib;
  MESSAGE("events of 8 KiB: " << alone << " KiB more without readers, " << watched
                              << " KiB more with twenty that never read");
  CHECK(watched < alone + 60'000);  // the whole log twenty times is twice that
  crowd.clear();
  CHECK(files_are_few(world.tracker, usual.files + 4));
}

TEST_CASE("thousands of clients that come and leave, in whatever state, leave nothing behind") {
  TrackerProcess tracker;
  REQUIRE_MESSAGE(tracker.start({.config = panel_section("p1", "http://127.0.0.1:9/api/v2"),
                                 .environment = {{"ASAN_OPTIONS", "quarantine_size_mb=1"}}}),
                  tracker.log());
  const auto usual = tracker.vitals();
  const auto come_and_leave = [&](int times) {
    for (int i = 0; i < times; ++i) {
      const RawConnection client(tracker.socket());
      if (i % 5 == 1) client.say(version.substr(0, 20));
      if (i % 5 == 2) client.say(version);
      if (i % 5 == 3) client.say("GET /v1/events?follow=1 HTTP/1.1\r\nHost: localhost\r\n\r\n");
      if (i % 5 == 4) client.say_no_more();
    }
    REQUIRE(tracker.get("/v1/version").status == 200);
    CHECK(files_are_few(tracker, usual.files + 1));
    return tracker.vitals().resident_kib;
  };
  const auto first = come_and_leave(1500);
  const auto second = come_and_leave(3000);
  MESSAGE("resident after 1,500: " << first << " KiB, after 3,000 more: " << second << " KiB");
  CHECK(second <= first + 3000);

  // Who has only said that he will send no more gets what he asked for.
  std::deque<RawConnection> halves;
  for (int i = 0; i < 50; ++i) {
    const auto& client = halves.emplace_back(tracker.socket());
    client.say("GET /v1/version HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    client.say_no_more();
  }
  for (const auto& client : halves) CHECK(client.hear_all().rfind("HTTP/1.1 200", 0) == 0);
  halves.clear();
  CHECK(files_are_few(tracker, usual.files + 1));
}

}  // namespace smm::test::crowd_test
