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
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{5};
  while (!question() && std::chrono::steady_clock::now() < end) std::this_thread::sleep_for(Ms{1});
  return question();
}

TEST_CASE("a reply cut on its way is recorded as not whole and tells no state") {
  TestWorld world;
  world.client.set_timeout(50);
  for (const char* name : {"hang", "reset-mid-body", "close-mid-body", "reset-after-reply-headers",
                           "close-before-reply", "refuse-connection", "dripping-body"}) {
    CAPTURE(name);
    world.panel.add_quirk(
        {.name = name, .count = 1, .parameter = std::string(name) == "dripping-body" ? "30" : ""});
    CHECK(world.call(status_one).code != CURLE_OK);
    CHECK_FALSE(world.server.ledger().last()->answer->whole);
  }
  CHECK(world.server.ledger().distinct_states("p1", "101").empty());
}

TEST_CASE("what a client that is gone had asked is over once the server says that all have left") {
  std::promise<void> go;
  std::atomic<bool> handled{false};
  const HttpServer server(0, [&](const HttpRequest&) {
    go.get_future().wait();
    handled = true;
    return HttpReply{};
  });
  CHECK(server.wait_until_left(Ms{5000}));
  {
    TestClient client;
    client.set_timeout(50);
    CHECK(client.get("http://127.0.0.1:" + std::to_string(server.port()) + "/").code != CURLE_OK);
  }
  CHECK_FALSE(server.wait_until_left(Ms{50}));
  go.set_value();
  CHECK(server.wait_until_left(Ms{5000}));
  CHECK(handled);
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
  world.client.set_timeout(20);
  world.panel.add_quirk({.name = "slow-reply", .parameter = "5000"});
  CHECK(world.call(status_one).code == CURLE_OPERATION_TIMEDOUT);
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
  REQUIRE(becomes([&world] { return world->server.ledger().requests() == 1; }));
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
  world.client.set_timeout(20);
  world.panel.add_quirk({.name = "hang", .count = 1, .parameter = "unheard"});
  world.call(add_one);
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
