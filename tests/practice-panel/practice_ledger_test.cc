#include "practice-panel/test_world.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

namespace smm::practice::practice_ledger_test {
namespace {

using nlohmann::ordered_json;

TEST_CASE("the ledger tells distinct states of an order once, and again when another came between") {
  TestWorld world;
  const auto poll = [&world] { world.ask({{"action", "status"}, {"orders", "101,100"}}); };
  poll();
  poll();
  world.panel.set_order("101", {.remains = "4"});
  poll();
  world.panel.set_order("101", {.remains = "10"});
  poll();
  const auto states = world.server.ledger().distinct_states("p1", "101");
  REQUIRE(states.size() == 3);
  CHECK(states[0] == states[2]);
  CHECK(states[1].remains == "4");
  CHECK(world.server.ledger().distinct_states("p1", "100").size() == 1);
}

TEST_CASE("states of an answer that turns out lost are taken back, and their neighbours become one") {
  Ledger ledger;
  const auto tell = [&ledger](const char* remains) {
    const auto number = ledger.open({.panel = "p1"});
    LedgerAnswer answer;
    answer.whole = true;
    answer.told = {{"7", {.status = "In progress", .charge = {}, .remains = remains, .start_count = {}}}};
    ledger.close(number, std::move(answer));
    return number;
  };
  tell("9");
  const auto lost = tell("8");
  tell("9");
  CHECK(ledger.distinct_states("p1", "7").size() == 3);
  ledger.set_whole(lost, false);
  REQUIRE(ledger.distinct_states("p1", "7").size() == 1);
  // Another answer said the same, so the loss of one takes nothing back.
  ledger.set_whole(3, false);
  CHECK(ledger.distinct_states("p1", "7").size() == 1);
  CHECK(ledger.distinct_states("p1", "7")[0].remains == "9");
}

TEST_CASE("what is taken out of the ledger is gone from it, and the numbers go on") {
  TestWorld world;
  const auto poll = [&world] { world.ask({{"action", "status"}, {"orders", "101"}}); };
  auto& ledger = world.server.ledger();
  poll();
  poll();
  const auto taken = ledger.take();
  REQUIRE(taken.size() == 2);
  CHECK(taken[1].number == 2);
  CHECK(taken[1].answer->told.size() == 1);
  CHECK(ledger.entries().empty());
  CHECK(ledger.requests() == 2);
  CHECK(ledger.requests("p1") == 2);
  CHECK(ledger.distinct_states("p1", "101").empty());
  ledger.set_whole(2, false);  // nobody's any more
  poll();
  REQUIRE(ledger.entries().size() == 1);
  CHECK(ledger.last()->number == 3);
  ledger.set_whole(3, false);
  CHECK_FALSE(ledger.last()->answer->whole);
}

TEST_CASE("the ledger shows the form without the key, the ids, the answer and the connection") {
  TestWorld world;
  world.ask({{"action", "status"}, {"orders", "100, 101"}});
  world.ask({{"action", "balance"}});
  TestClient other;
  other.post(world.server.api_url("p1"), {{"key", world.panel.key()}, {"action", "balance"}});
  const auto entries = world.server.ledger().entries();
  REQUIRE(entries.size() == 3);
  CHECK(world.server.ledger().requests() == 3);
  CHECK(entries[0].request.asked == std::vector<std::string>{"100", "101"});
  CHECK(entries[0].request.form.get("key") == "***");
  CHECK(entries[0].request.form.get("action") == "status");
  CHECK(entries[0].request.http_version == "HTTP/1.1");
  CHECK(entries[0].request.connection == entries[1].request.connection);
  CHECK(entries[2].request.connection != entries[1].request.connection);
  REQUIRE(entries[1].answer.has_value());
  CHECK(entries[1].answer->body == R"({"balance":"100.84292","currency":"USD"})");
  CHECK(entries[1].answer->whole);
  CHECK(world.server.ledger().ndjson().find(world.panel.key()) == std::string::npos);
}

TEST_CASE("the ledger file holds every request and answer as a line at once") {
  const auto file =
      std::filesystem::temp_directory_path() /
      ("practice-ledger-" + std::to_string(std::chrono::steady_clock::now().time_since_epoch().count()));
  {
    PracticeServer server({.ledger_file = file.string()});
    auto& panel = server.add_panel();
    TestClient client;
    client.post(server.api_url("p1"), {{"key", panel.key()}, {"action", "balance"}});
    std::ifstream lines(file);
    std::string line;
    REQUIRE(std::getline(lines, line));
    CHECK(ordered_json::parse(line)["kind"] == "request");
    REQUIRE(std::getline(lines, line));
    CHECK(ordered_json::parse(line)["kind"] == "answer");
  }
  std::filesystem::remove(file);
  CHECK_THROWS_AS(PracticeServer({.ledger_file = "/nowhere/ledger"}), std::runtime_error);
}

}  // namespace
}  // namespace smm::practice::practice_ledger_test
