#include "practice-panel/test_world.h"

#include <doctest/doctest.h>

#include <atomic>
#include <functional>
#include <future>
#include <thread>

namespace smm::practice::practice_wire_test {
namespace {

const Fields status_one{{"action", "status"}, {"order", "101"}};
const Fields add_one{{"action", "add"}, {"service", "1"}, {"link", "l"}, {"quantity", "100"}};

// The server learns that a client has gone a moment after the client did.
bool becomes(const std::function<bool()>& question) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{30};
  while (!question() && std::chrono::steady_clock::now() < end) std::this_thread::sleep_for(Ms{1});
  return question();
}

bool is_last_answered(TestWorld& world) {
  const auto entry = world.server.ledger().last();
  return entry.has_value() && entry->answer.has_value();
}

TEST_CASE("a reply cut on its way is recorded as not whole and tells no state") {
  TestWorld world;
  for (const std::string name : {"hang", "reset-mid-body", "close-mid-body", "reset-after-reply-headers",
                                 "close-before-reply", "refuse-connection", "dripping-body"}) {
    CAPTURE(name);
    // A byte every 200 ms is far from its end for all that the client may wait.
    world.panel.add_quirk({.name = name, .count = 1, .parameter = name == "dripping-body" ? "200" : ""});
    const bool is_endless = name == "hang" || name == "dripping-body";
    const auto reply = is_endless ? world.leave_after(500, status_one) : world.call(status_one);
    CHECK(reply.code != CURLE_OK);
    REQUIRE(is_last_answered(world));
    const auto answer = *world.server.ledger().last()->answer;
    CHECK(answer.quirks == std::vector<std::string>{name});
    CHECK_FALSE(answer.whole);
  }
  CHECK(world.server.ledger().distinct_states("p1", "101").empty());
}

TEST_CASE("what a client that is gone had asked is over once the server says that all have left") {
  std::promise<void> go;
  const auto may_go = go.get_future().share();
  std::atomic<int> asked{0};
  std::atomic<int> handled{0};
  const HttpServer server(0, [&](const HttpRequest&) {
    ++asked;
    may_go.wait();
    ++handled;
    return HttpReply{};
  });
  CHECK(server.wait_until_left(Ms{30'000}));
  // A client that is kept from the CPU for all its time asks nothing.
  for (long time = 50; asked == 0 && time < 20'000; time *= 4) {
    TestClient client;
    client.set_timeout(time);
    CHECK(client.get("http://127.0.0.1:" + std::to_string(server.port()) + "/").code != CURLE_OK);
  }
  CHECK(asked > 0);
  CHECK_FALSE(server.wait_until_left(Ms{50}));
  CHECK(handled == 0);
  go.set_value();
  CHECK(server.wait_until_left(Ms{30'000}));
  CHECK(handled.load() == asked.load());
}

TEST_CASE("a dripping or slow reply that arrives is whole and tells its state") {
  TestWorld world;
  world.panel.add_quirk({.name = "dripping-body", .count = 1, .parameter = "1"});
  CHECK(world.call(status_one).code == CURLE_OK);
  CHECK(world.server.ledger().last()->answer->whole);
  world.panel.set_order("101", {.remains = "1"});
  world.panel.add_quirk({.name = "slow-reply", .count = 1, .parameter = "5"});
  CHECK(world.call(status_one).code == CURLE_OK);
  CHECK(world.server.ledger().last()->answer->whole);
  CHECK(world.server.ledger().distinct_states("p1", "101").size() == 2);
}

TEST_CASE("a client that leaves a slow reply was told nothing") {
  TestWorld world;
  world.panel.add_quirk({.name = "slow-reply", .parameter = "60000"});
  CHECK(world.leave_after(20, status_one).code == CURLE_OPERATION_TIMEDOUT);
  REQUIRE(is_last_answered(world));
  CHECK_FALSE(world.server.ledger().last()->answer->whole);
}

TEST_CASE("an ordinary reply that cannot be sent is taken back") {
  TestWorld world;
  world.client.set_max_body(1000);
  // More than the kernel's buffers hold, to a client that closes after the head.
  world.panel.add_quirk({.name = "oversize-body", .parameter = std::to_string(32L * 1024 * 1024)});
  CHECK(world.call(status_one).code == CURLE_FILESIZE_EXCEEDED);
  CHECK(becomes([&world] { return !world.server.ledger().last()->answer->whole; }));
}

TEST_CASE("a hanging connection blocks nobody else, not even the end of the server") {
  auto world = std::make_unique<TestWorld>();
  world->panel.add_quirk({.name = "hang", .count = 1});
  const auto url = world->server.api_url("p1");
  const auto key = world->panel.key();
  auto hanging = std::async(std::launch::async, [url, key] {
    TestClient client;
    return client.post(url, {{"key", key}, {"action", "balance"}}).code;
  });
  // Answered: the quirk is used up.
  REQUIRE(becomes([&world] { return is_last_answered(*world); }));
  CHECK(world->call(status_one).code == CURLE_OK);
  world.reset();
  CHECK(hanging.get() == CURLE_GOT_NOTHING);
}

TEST_CASE("an order whose reply is lost was placed, one whose connection is refused was not") {
  TestWorld world;
  const auto before = world.panel.order_ids().size();
  world.panel.add_quirk({.name = "close-before-reply", .count = 1});
  world.call(add_one);
  CHECK(world.panel.order_ids().size() == before + 1);
  CHECK(world.server.ledger().last()->answer->performed);
  for (const char* name : {"refuse-connection", "http-500-json"}) {
    world.panel.add_quirk({.name = name, .count = 1});
    world.call(add_one);
    CHECK_FALSE(world.server.ledger().last()->answer->performed);
  }
  world.panel.add_quirk({.name = "hang", .count = 1, .parameter = "unheard"});
  CHECK(world.leave_after(20, add_one).code == CURLE_OPERATION_TIMEDOUT);
  REQUIRE(is_last_answered(world));
  CHECK_FALSE(world.server.ledger().last()->answer->performed);
  CHECK(world.panel.order_ids().size() == before + 1);
}

TEST_CASE("a stopped server refuses connections and comes back on its port") {
  TestWorld world;
  const auto port = world.server.port();
  CHECK(world.call(status_one).code == CURLE_OK);
  world.server.stop();
  CHECK(world.call(status_one).code == CURLE_COULDNT_CONNECT);
  world.server.start();
  CHECK(world.server.port() == port);
  CHECK(world.call(status_one).code == CURLE_OK);
}

TEST_CASE("a port that is taken is said so") {
  const PracticeServer server;
  CHECK_THROWS_AS(PracticeServer({.port = server.port()}), std::runtime_error);
}

}  // namespace
}  // namespace smm::practice::practice_wire_test
