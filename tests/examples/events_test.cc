#include "fake_daemon.h"
#include "stage.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <csignal>
#include <memory>
#include <sstream>

// follow_events in every language: no event is missed, and none told twice, whoever is restarted.

using namespace smm::test;

namespace {

// One follower and where it keeps its place.
struct Reader {
  Reader(const Shop& its_shop, const Language& its_language)
      : shop(its_shop), language(its_language), file(shop.tracker.directory() / (language.name + ".seq")) {}

  void start() {
    child = std::make_unique<Child>(launch(
        language,
        {.example = "follow_events", .arguments = {file.string()}, .environment = shop.environment()}));
  }
  // Ended by its user; what it printed is kept.
  void stop() {
    child->signal(SIGTERM);
    take();
  }
  void take() {
    const auto outcome = child->finish();
    child.reset();
    errors += outcome.err;
    std::istringstream lines(outcome.out);
    for (std::string line; std::getline(lines, line);) events.push_back(Json::parse(line));
  }
  [[nodiscard]] bool stands_at(std::int64_t seq) const {
    return eventually([&] { return read_file(file) == std::to_string(seq) + "\n"; });
  }

  const Shop& shop;
  const Language& language;
  std::filesystem::path file;
  std::unique_ptr<Child> child{};
  std::vector<Json> events{};
  std::string errors{};
};

std::vector<std::unique_ptr<Reader>> readers_in(const Shop& shop) {
  std::vector<std::unique_ptr<Reader>> readers;
  readers.reserve(languages.size());
  for (const auto& language : languages) readers.push_back(std::make_unique<Reader>(shop, language));
  return readers;
}

// The panel is not asked: the events are those the test makes.
void open_quietly(Shop& shop) {
  shop.open();
  REQUIRE(shop.tracker.post("/v1/panels/p1/pause").status == 200);
}

void track(const Shop& shop, const std::vector<std::string>& ids) {
  REQUIRE(shop.tracker.track("p1", ids) == ids.size());
}

// A daemon that has lost the beginning, and breaks off in the middle of a line.
struct Forgetful {
  explicit Forgetful(const Language& language) : daemon(room.path("api.sock")) {
    const std::string expired =
        R"({"code":"cursor-expired","detail":"events up to 41 are no longer kept","oldest":42})"
        "\n";
    daemon.will_answer({{"HTTP/1.1 410 Gone\r\nContent-Type: application/problem+json\r\nContent-Length: " +
                         std::to_string(expired.size()) + "\r\n\r\n" + expired}});
    daemon.will_answer(
        stream({"{\"seq\":42,\"type\":\"order.tracked\"}\n{\"type\":\"keepalive\",\"seq\":42}\n"
                "{\"seq\":43,\"type\":\"order.tra"},
               false));
    daemon.will_answer(stream({"{\"seq\":43,\"type\":\"order.tracked\"}\n"}, false));
    daemon.will_answer(stream({}));
    write_file(room.path("seq"), "7\n");
    child = std::make_unique<Child>(launch(language, {.example = "follow_events",
                                                      .arguments = {room.path("seq")},
                                                      .environment = {{"SMM_TRACKER_SOCKET", socket()}}}));
  }
  [[nodiscard]] std::string socket() const { return room.path("api.sock"); }

  Room room;
  FakeDaemon daemon;
  std::unique_ptr<Child> child;
};

}  // namespace

TEST_CASE("follow_events misses nothing and repeats nothing over restarts of its own and of the daemon") {
  Shop shop;
  open_quietly(shop);
  track(shop, {"before"});
  const auto first = shop.newest_event();
  auto readers = readers_in(shop);
  for (auto& reader : readers) {
    reader->start();
    REQUIRE_MESSAGE(reader->stands_at(first), reader->language.name);
  }
  track(shop, {"1", "2", "3"});
  for (auto& reader : readers) {
    CAPTURE(reader->language.name);
    REQUIRE(reader->stands_at(first + 3));
    reader->stop();
  }
  track(shop, {"4", "5"});  // while nobody looks
  for (auto& reader : readers) reader->start();
  for (auto& reader : readers) REQUIRE(reader->stands_at(first + 5));
  REQUIRE(shop.tracker.stop().code == 0);
  REQUIRE(shop.tracker.start({}));
  track(shop, {"6"});
  shop.tracker.kill_hard();
  REQUIRE(shop.tracker.start({}));
  track(shop, {"7"});
  const auto last = shop.newest_event();
  auto expected = shop.tracker.all_events();
  std::erase_if(expected, [&](const Json& event) { return event["seq"].get<std::int64_t>() <= first; });
  for (auto& reader : readers) {
    CAPTURE(reader->language.name);
    REQUIRE(reader->stands_at(last));
    reader->stop();
    REQUIRE(reader->events.size() == expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) CHECK(reader->events[i] == expected[i]);
  }
}

TEST_CASE("follow_events whose place is beyond the end says that events were missed, and goes on") {
  Shop shop;
  open_quietly(shop);
  track(shop, {"1"});
  auto readers = readers_in(shop);
  for (auto& reader : readers) {
    write_file(reader->file, "999999\n");
    reader->start();
  }
  for (auto& reader : readers) {
    CAPTURE(reader->language.name);
    REQUIRE(eventually([&] { return read_file(reader->file) != "999999\n"; }));
  }
  track(shop, {"2"});
  const auto last = shop.newest_event();
  for (auto& reader : readers) {
    CAPTURE(reader->language.name);
    REQUIRE(reader->stands_at(last));
    reader->stop();
    CHECK_MESSAGE(has(reader->errors, "Events were missed: the newest event is "), reader->errors);
    REQUIRE_FALSE(reader->events.empty());
    CHECK(reader->events.back()["data"]["order"] == "2");
  }
}

TEST_CASE("follow_events whose place is no longer kept goes on with the oldest, and takes no half line") {
  std::vector<std::unique_ptr<Forgetful>> worlds;
  worlds.reserve(languages.size());
  for (const auto& language : languages) worlds.push_back(std::make_unique<Forgetful>(language));
  for (std::size_t which = 0; which < languages.size(); ++which) {
    CAPTURE(languages.at(which).name);
    auto& world = *worlds[which];
    REQUIRE(world.daemon.was_asked(4));
    world.child->signal(SIGTERM);
    const auto outcome = world.child->finish();
    CHECK_MESSAGE(has(outcome.err, "Events were missed: events up to 41"), outcome.err);
    CHECK(std::count(outcome.out.begin(), outcome.out.end(), '\n') == 2);
    const std::vector<std::string> asked = {"since=7", "since=41", "since=42", "since=43"};
    for (std::size_t i = 0; i < asked.size(); ++i)
      CHECK(world.daemon.request(i).target == "/v1/events?follow=1&" + asked[i]);
  }
}
