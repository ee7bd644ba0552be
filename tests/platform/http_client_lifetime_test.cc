// Who may destroy what, when, and who is told.
#include "client_fixture.h"
#include "platform/curl_exchange.h"
#include "platform/http_client.h"
#include "scripted_server.h"

#include <curl/curl.h>
#include <doctest/doctest.h>

#include <atomic>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace smm;
using namespace smm::platform;
using namespace smm::test;

TEST_CASE_FIXTURE(ClientFixture, "a callback may destroy its own transfer, another's, and start new ones") {
  ScriptedServer server([](Connection& connection) {
    while (!connection.read_request().empty()) connection.reply("{}");
  });
  std::vector<std::optional<Transfer>> transfers(3);
  int reported = 0;
  std::optional<Transfer> next;
  bool next_done = false;
  for (auto& transfer : transfers) {
    transfer = client.start(post("no URL"), [&](const HttpOutcome&) {  // all three end at once
      ++reported;
      for (auto& each : transfers) each.reset();
      next = client.start(post(server.url()), [&](const HttpOutcome& outcome) {
        CHECK(outcome.has_value());
        next.reset();
        next_done = true;
      });
    });
  }
  CHECK(reported == 0);
  run_until([&] { return next_done; });
  CHECK(reported == 1);
}

TEST_CASE_FIXTURE(ClientFixture, "a cancelled transfer closes its connection and is never reported") {
  std::atomic<bool> closed{false};
  ScriptedServer server([&](Connection& connection) {
    connection.read_request();
    connection.wait_for_end();
    closed = true;
  });
  auto transfer = client.start(post(server.url()), [](const HttpOutcome&) { FAIL("reported"); });
  run_until([&] { return server.count("action=status") == 1; });
  transfer.cancel();
  CHECK_FALSE(transfer.active());
  run_until([&] { return closed.load(); });
  transfer.cancel();
  auto replaced = client.start(post(server.url()), [](const HttpOutcome&) { FAIL("reported"); });
  replaced = Transfer();
  auto ended = client.start(post("no URL"), [](const HttpOutcome&) { FAIL("reported"); });
  ended.cancel();  // between its end and its report
  loop.run_once(Milliseconds(5));
}

TEST_CASE_FIXTURE(ClientFixture,
                  "what a callback throws reaches the loop, and the others are still reported") {
  int reported = 0;
  std::vector<Transfer> transfers(3);
  for (auto& transfer : transfers) {
    transfer = client.start(post("no URL"), [&](const HttpOutcome&) {
      if (++reported == 1) throw std::runtime_error("broken world");
    });
  }
  CHECK_THROWS_WITH_AS(loop.run(), "broken world", std::runtime_error);
  CHECK(reported == 1);
  run_until([&] { return reported == 3; });
}

TEST_CASE("a client destroyed with transfers in every phase calls nobody and closes everything") {
  EventLoop loop;
  std::atomic<int> closed{0};
  ScriptedServer server([&](Connection& connection) {
    const auto request = connection.read_request();
    if (request.find("half") != std::string::npos)
      connection.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
    connection.wait_for_end();
    ++closed;
  });
  const auto never = [](const HttpOutcome&) { FAIL("reported"); };
  std::vector<Transfer> transfers;
  {
    HttpClient client(loop, "smm-test/1.0", 3);
    transfers.push_back(client.start(post(server.url()), never));
    transfers.push_back(client.start(post(server.url("/half")), never));
    while (server.count("action=status") < 2) loop.run_once(Milliseconds(10));
    transfers.push_back(client.start(post("http://looked-up.invalid/"), never));
    transfers.push_back(client.start(post(server.url()), never));  // waits for its turn
    transfers.push_back(client.start(post("no URL"), never));      // ended, not yet reported
  }
  for (const auto& transfer : transfers) CHECK_FALSE(transfer.active());
  while (closed < 2) std::this_thread::yield();
  loop.run_once(Milliseconds(5));
}

TEST_CASE("a callback may destroy the client") {
  EventLoop loop;
  std::optional<HttpClient> client(std::in_place, loop, "smm-test/1.0");
  int reported = 0;
  std::vector<Transfer> transfers(3);
  for (auto& transfer : transfers) {
    transfer = client->start(post("no URL"), [&](const HttpOutcome&) {
      ++reported;
      client.reset();
      if (reported == 1) throw std::runtime_error("and throw");
    });
  }
  CHECK_THROWS_WITH(loop.run(), "and throw");
  loop.run_once(Milliseconds(5));
  CHECK(reported == 1);
}

TEST_CASE_FIXTURE(ClientFixture, "a request carries nothing of the one before it, be they alike or not") {
  std::atomic<bool> silent{false};
  ScriptedServer server([&](Connection& connection) {
    while (!connection.read_request().empty() && !silent) connection.reply("{}");
    while (silent && !connection.read_request().empty()) {
    }
  });
  auto first = post(server.url("/one"), "body=first");
  first.headers = {{"X-Own", "first"}};
  auto alike = first;
  alike.body = "body=second, and longer";
  auto once = first;
  once.body = "body=third";
  once.send_once = true;
  auto get = post(server.url("/two"), "");
  get.method = "GET";
  for (int round = 0; round < 3; ++round) {
    for (const auto& request : {first, alike, once, get, alike}) CHECK(reply_to(request).body == "{}");
  }
  CHECK(server.count("\r\n\r\nbody=first") == 3);
  CHECK(server.count("\r\n\r\nbody=second, and longer") == 6);
  CHECK(server.count("\r\n\r\nbody=third") == 3);
  CHECK(server.count("\r\nX-Own: first\r\n") == 12);
  CHECK(server.count("\r\nContent-Length: ") == 12);
  CHECK(server.count("GET /two HTTP/1.1") == 3);
  // Its own time, too.
  silent = true;
  alike.timeout = Milliseconds(200);
  CHECK(error_of(alike).kind == TransportErrorKind::timeout);
}

TEST_CASE_FIXTURE(ClientFixture, "what an idle handle keeps for the next request holds no body") {
  for (const bool once : {false, true}) {
    auto request = post("http://127.0.0.1/", std::string(100'000, 'x'));
    request.send_once = once;
    const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> easy(curl_easy_init(), &curl_easy_cleanup);
    CurlExchange exchange(loop, request);
    exchange.prepare(easy.get(), "smm-test/1.0", Milliseconds(1000));
    const auto setup = exchange.leave(easy.get());
    CHECK(setup.request.url == request.url);
    CHECK(setup.request.body.capacity() == std::string().capacity());
  }
}
