#include "platform/http_client.h"

#include "client_fixture.h"
#include "scripted_server.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace smm;
using namespace smm::platform;
using namespace smm::test;
using std::chrono::seconds;

namespace {

// Answers every request with `{}` until the client closes.
void answer_all(Connection& connection) {
  while (!connection.read_request().empty()) {
    if (!connection.reply("{}")) return;
  }
}

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE_FIXTURE(ClientFixture, "a POST goes out as asked and its reply comes back whole") {
  ScriptedServer server([](Connection& connection) {
    connection.read_request();
    connection.reply(R"({"status":"Completed"})", "200 Fine",
                     "Content-Type: application/json\r\nX-Twice:  a \r\nx-twice: b\r\nX-Empty:\r\n");
  });
  auto request = post(server.url("/api/v2?x=1"), "key=k&action=status&order=1");
  request.headers = {{"Accept", "application/json"}, {"X-Empty", ""}};
  const auto reply = reply_to(request);
  CHECK(reply.status == 200);
  CHECK(reply.body == R"({"status":"Completed"})");
  CHECK_FALSE(reply.body_cut);
  CHECK(reply.header("content-type") == "application/json");
  CHECK(reply.header("x-twice") == "a");
  CHECK(reply.header("x-empty").empty());
  CHECK(reply.header("absent").empty());
  CHECK(reply.headers.size() == 5);
  const auto sent = server.received();
  CHECK(contains(sent, "POST /api/v2?x=1 HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(server.port())));
  CHECK(contains(sent, "\r\nUser-Agent: smm-test/1.0\r\n"));
  CHECK(contains(sent, "\r\nAccept: application/json\r\n"));
  CHECK(contains(sent, "\r\nX-Empty:\r\n"));
  CHECK(contains(sent, "\r\nAccept-Encoding: gzip\r\n"));
  CHECK(contains(sent, "\r\nContent-Type: application/x-www-form-urlencoded\r\n"));
  CHECK(contains(sent, "\r\nContent-Length: 27\r\n"));
  CHECK(sent.substr(sent.size() - 31) == "\r\n\r\nkey=k&action=status&order=1");
}

TEST_CASE_FIXTURE(ClientFixture,
                  "the body's bytes are the caller's, also NULs, and one type replaces the other") {
  ScriptedServer server(answer_all);
  for (const bool once : {false, true}) {
    auto request = post(server.url(), std::string("a\0b", 3));
    request.send_once = once;
    request.accept_compressed = false;
    request.headers = {{"Content-Type", "application/json"}};
    CHECK(reply_to(request).status == 200);
  }
  CHECK(server.count(std::string("\r\n\r\na\0b", 7)) == 2);
  CHECK(server.count("Content-Type:") == 2);
  CHECK(server.count("Accept-Encoding") == 0);
}

TEST_CASE_FIXTURE(ClientFixture, "other methods") {
  ScriptedServer server([](Connection& connection) {
    for (;;) {
      const auto request = connection.read_request();
      if (request.empty()) return;
      // The reply to a HEAD names a length and has no body.
      if (request.substr(0, 4) == "HEAD") {
        connection.write("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
      } else {
        connection.reply("{}");
      }
    }
  });
  for (const auto* method : {"GET", "HEAD", "DELETE", "PUT", "PATCH"}) {
    HttpRequest request;
    request.method = method;
    request.url = server.url();
    const auto reply = reply_to(request);
    CHECK(reply.status == 200);
    CHECK(reply.body == (request.method == "HEAD" ? "" : "{}"));
    INFO(server.received());
    CHECK(server.count(request.method + " /api/v2 HTTP/1.1\r\n") == 1);
  }
  auto with_body = post(server.url(), "payload");
  with_body.method = "PUT";
  CHECK(reply_to(with_body).status == 200);
  CHECK(server.count("payload") == 1);
  CHECK(server.connections() == 1);
}

TEST_CASE_FIXTURE(ClientFixture, "a connection is kept and used again, also for a request sent once") {
  ScriptedServer server(answer_all);
  for (int round = 0; round < 4; ++round) {
    CHECK(reply_to(round % 2 == 0 ? post(server.url()) : post_once(server.url())).body == "{}");
  }
  CHECK(server.connections() == 1);
  CHECK(server.count("POST ") == 4);
}

TEST_CASE_FIXTURE(ClientFixture, "connections to many hosts are kept while nothing is under way") {
  std::vector<std::unique_ptr<ScriptedServer>> servers(12);
  for (auto& server : servers) server = std::make_unique<ScriptedServer>(answer_all);
  for (int round = 0; round < 3; ++round) {
    for (const auto& server : servers) CHECK(reply_to(post(server->url())).status == 200);
  }
  for (const auto& server : servers) CHECK(server->connections() == 1);
}

TEST_CASE_FIXTURE(ClientFixture, "a fresh connection is not a kept one and is closed after") {
  std::atomic<int> closed{0};
  ScriptedServer server([&](Connection& connection) {
    answer_all(connection);
    ++closed;
  });
  CHECK(reply_to(post(server.url())).status == 200);
  for (int round = 1; round <= 2; ++round) {
    auto request = post_once(server.url());
    request.fresh_connection = true;
    CHECK(reply_to(request).status == 200);
    CHECK(server.connections() == 1 + round);
    run_until([&] { return closed == round; });
  }
  CHECK(reply_to(post(server.url())).status == 200);  // on the first one
  CHECK(server.connections() == 3);
}

TEST_CASE_FIXTURE(ClientFixture, "a reply in single bytes, chunked, after interim replies, with trailers") {
  ScriptedServer server([](Connection& connection) {
    connection.read_request();
    const std::string reply =
        "HTTP/1.1 103 Early Hints\r\nX-Hint: early\r\n\r\n"
        "HTTP/1.1 429 Slow Down\r\nRetry-After: 7\r\nX-Folded: one\r\n two\r\nTransfer-Encoding: "
        "chunked\r\n\r\n"
        "4\r\n{\"a\"\r\n3;ext=1\r\n:1}\r\n0\r\nRetry-After: 9\r\nX-Trailer: t\r\n\r\n";
    for (const char byte : reply) connection.write(std::string_view(&byte, 1));
    answer_all(connection);
  });
  const auto reply = reply_to(post(server.url()));
  CHECK(reply.status == 429);
  CHECK(reply.body == R"({"a":1})");
  CHECK(reply.header("retry-after") == "7");
  CHECK(reply.header("x-folded") == "one two");
  CHECK(reply.header("x-hint").empty());
  CHECK(reply.header("x-trailer").empty());
  CHECK(reply_to(post(server.url())).body == "{}");
  CHECK(server.connections() == 1);
}

TEST_CASE_FIXTURE(ClientFixture, "a reply that ends with the connection, and one without a body") {
  ScriptedServer server([](Connection& connection) {
    connection.read_request();
    connection.write(connection.number() == 0 ? "HTTP/1.0 200 OK\r\n\r\nto the end"
                                              : "HTTP/1.1 204 No Content\r\n\r\n");
  });
  CHECK(reply_to(post(server.url())).body == "to the end");
  const auto empty = reply_to(post(server.url()));
  CHECK(empty.status == 204);
  CHECK(empty.body.empty());
}

TEST_CASE_FIXTURE(ClientFixture, "a redirect is an answer, not followed") {
  ScriptedServer server([](Connection& connection) {
    while (!connection.read_request().empty()) connection.reply("", "302 Found", "Location: /elsewhere\r\n");
  });
  const auto reply = reply_to(post(server.url()));
  CHECK(reply.status == 302);
  CHECK(reply.header("location") == "/elsewhere");
  CHECK(server.final_count("/elsewhere") == 0);
}

TEST_CASE_FIXTURE(ClientFixture, "a body over 1 MiB arrives whole, without a wait for permission") {
  ScriptedServer server([](Connection& connection) {
    for (;;) {
      const auto request = connection.read_request();
      if (request.empty()) return;
      connection.reply(request.substr(request.find("\r\n\r\n") + 4));
    }
  });
  std::string body((std::size_t{1} << 20) + 1, '\0');
  for (std::size_t at = 0; at < body.size(); ++at) body[at] = static_cast<char>('a' + at * 7 % 26);
  for (const bool once : {false, true}) {
    auto request = post(server.url(), body);
    request.send_once = once;
    CHECK(reply_to(request).body == body);
  }
  CHECK(server.count("Expect") == 0);
  CHECK(server.connections() == 1);
}

TEST_CASE_FIXTURE(ClientFixture, "a compressed reply is decoded") {
  ScriptedServer server([](Connection& connection) {
    connection.read_request();
    connection.reply(gzip_of_zeros(258 * 1000 + 1), "200 OK", "Content-Encoding: gzip\r\n");
  });
  CHECK(reply_to(post(server.url())).body == std::string(258 * 1000 + 1, '\0'));
}

TEST_CASE_FIXTURE(ClientFixture, "64 requests at once all get their own answers") {
  ScriptedServer server([](Connection& connection) {
    for (;;) {
      const auto request = connection.read_request();
      if (request.empty()) return;
      connection.reply("you asked " + request.substr(request.find("\r\n\r\n") + 4));
    }
  });
  for (int round = 0; round < 3; ++round) {
    int answered = 0;
    std::vector<Transfer> transfers;
    for (int number = 0; number < 64; ++number) {
      const auto body = std::to_string(number);
      transfers.push_back(client.start(post(server.url(), body), [&, body](HttpOutcome outcome) {
        REQUIRE(outcome.has_value());
        CHECK(outcome->body == "you asked " + body);
        ++answered;
      }));
    }
    run_until([&] { return answered == 64; });
  }
  CHECK(server.connections() == 64);
}

TEST_CASE("no more requests are under way than allowed, of all policies together") {
  EventLoop loop;
  std::atomic<int> at_once{0};
  std::atomic<int> most{0};
  ScriptedServer server([&](Connection& connection) {
    for (;;) {
      const auto request = connection.read_request();
      if (request.empty()) return;
      most = std::max(most.load(), ++at_once);
      std::this_thread::yield();
      --at_once;
      connection.reply("{}");
    }
  });
  HttpClient client(loop, "smm-test/1.0", 2);
  int answered = 0;
  std::vector<Transfer> transfers;
  for (int number = 0; number < 20; ++number) {
    auto request = post(server.url());
    request.addresses = number % 2 == 0 ? AddressPolicy::any : AddressPolicy::local;
    transfers.push_back(client.start(std::move(request), [&](const HttpOutcome& outcome) {
      CHECK(outcome.has_value());
      ++answered;
    }));
  }
  transfers.at(10).cancel();
  while (answered < 19) REQUIRE(loop.run_once(seconds(20)));
  CHECK(most <= 2);
  CHECK(server.final_count("POST") == 19);
}

TEST_CASE("requests that wait take their turns in order; a cancelled one has none") {
  EventLoop loop;
  ScriptedServer server(answer_all);
  HttpClient client(loop, "smm-test/1.0", 1);
  std::string order;
  std::vector<Transfer> transfers;
  for (const char letter : std::string("abcdef")) {
    transfers.push_back(client.start(post(server.url("/"), std::string(1, letter)),
                                     [&, letter](const HttpOutcome&) { order += letter; }));
  }
  transfers.at(2).cancel();
  while (order.size() < 5) REQUIRE(loop.run_once(seconds(20)));
  CHECK(order == "abdef");
  CHECK(server.final_count("\r\n\r\nc") == 0);
}

TEST_CASE("a request that waits for its turn times out like any other, and its turn goes on") {
  EventLoop loop;
  ScriptedServer server([](Connection& connection) {
    connection.read_request();
    connection.wait_for_end();
  });
  HttpClient client(loop, "smm-test/1.0", 1);
  std::vector<TransportError> errors;
  auto slow = post(server.url("/slow"));
  auto holder = client.start(slow, [](const HttpOutcome&) { FAIL("cancelled"); });
  auto request = post(server.url("/never"));
  request.timeout = Milliseconds(30);
  auto waiter = client.start(request, [&](HttpOutcome outcome) { errors.push_back(outcome.error()); });
  while (errors.empty()) REQUIRE(loop.run_once(seconds(20)));
  CHECK(errors[0].kind == TransportErrorKind::timeout);
  CHECK(errors[0].nothing_sent);
  // One that is kept from the CPU for all its time never has its turn: the next is given more.
  for (;; request.timeout *= 4) {
    const auto before = errors.size();
    auto next = client.start(request, [&](HttpOutcome outcome) { errors.push_back(outcome.error()); });
    for (int turn = 0; turn < 5; ++turn) loop.run_once(Milliseconds(0));  // what is still to do is done
    holder.cancel();
    while (errors.size() == before) REQUIRE(loop.run_once(seconds(20)));
    CHECK(errors.back().kind == TransportErrorKind::timeout);
    if (!errors.back().nothing_sent || request.timeout > seconds(5)) break;
    holder = client.start(slow, [](const HttpOutcome&) { FAIL("cancelled"); });
  }
  CHECK_FALSE(errors.back().nothing_sent);
}

TEST_CASE_FIXTURE(ClientFixture, "with cut_body the first bytes are the answer, however much would come") {
  ScriptedServer server([](Connection& connection) {
    connection.read_request();
    connection.write("HTTP/1.1 500 Oops\r\nX-A: b\r\n\r\n");
    while (connection.write(std::string(65536, 'x'))) {
    }
  });
  auto request = post(server.url());
  request.max_body = 100'000;
  request.cut_body = true;
  const auto reply = reply_to(request);
  CHECK(reply.status == 500);
  CHECK(reply.header("x-a") == "b");
  CHECK(reply.body == std::string(100'000, 'x'));
  CHECK(reply.body_cut);
}

TEST_CASE_FIXTURE(ClientFixture, "a body of just the allowed size is neither cut nor too large") {
  ScriptedServer server([](Connection& connection) {
    while (!connection.read_request().empty()) connection.reply("12345");
  });
  for (const bool cut : {false, true}) {
    auto request = post(server.url());
    request.max_body = 5;
    request.cut_body = cut;
    const auto reply = reply_to(request);
    CHECK(reply.body == "12345");
    CHECK_FALSE(reply.body_cut);
  }
  auto nothing = post(server.url());
  nothing.max_body = 0;
  nothing.cut_body = true;
  const auto reply = reply_to(nothing);
  CHECK(reply.body.empty());
  CHECK(reply.body_cut);
}

TEST_CASE_FIXTURE(ClientFixture, "a proxy is used when asked for, and never by the environment") {
  ScriptedServer server(answer_all);
  ScriptedServer proxy([](Connection& connection) {
    while (!connection.read_request().empty()) connection.reply("by proxy");
  });
  setenv("http_proxy", proxy.url("").c_str(), 1);
  setenv("ALL_PROXY", proxy.url("").c_str(), 1);
  CHECK(reply_to(post(server.url())).body == "{}");
  setenv("no_proxy", "*", 1);
  auto request = post("http://panel.invalid/api/v2");
  request.proxy = proxy.url("");
  CHECK(reply_to(request).body == "by proxy");
  CHECK(proxy.count("POST http://panel.invalid/api/v2 HTTP/1.1\r\nHost: panel.invalid\r\n") == 1);
  for (const auto* name : {"http_proxy", "ALL_PROXY", "no_proxy"}) unsetenv(name);
}

TEST_CASE_FIXTURE(ClientFixture, "user info becomes Basic authentication, and a 401 is an answer") {
  ScriptedServer server([](Connection& connection) {
    while (!connection.read_request().empty()) {
      connection.reply(
          "no", "401 Unauthorized",
          "WWW-Authenticate: Basic realm=\"x\"\r\nWWW-Authenticate: Digest realm=\"x\", nonce=\"n\"\r\n");
    }
  });
  for (const bool once : {false, true}) {
    auto request = post(server.url("/api", "user:s%40cret@127.0.0.1"));
    request.send_once = once;
    CHECK(reply_to(request).status == 401);
  }
  CHECK(server.count("\r\nAuthorization: Basic dXNlcjpzQGNyZXQ=\r\n") == 2);
  CHECK(server.final_count("POST ") == 2);
}

TEST_CASE_FIXTURE(ClientFixture, "a kept connection serves only requests of the policy it was opened under") {
  ScriptedServer server(answer_all);
  auto request = post(server.url());
  CHECK(reply_to(request).status == 200);
  request.addresses = AddressPolicy::local;
  CHECK(reply_to(request).status == 200);
  CHECK(server.connections() == 2);
  request.addresses = AddressPolicy::only_public;
  const auto error = error_of(request);
  CHECK(error.kind == TransportErrorKind::refused_address);
  CHECK(error.nothing_sent);
  CHECK(contains(error.detail, "127.0.0.1"));
  request.addresses = AddressPolicy::local;
  CHECK(reply_to(request).status == 200);
  request.addresses = AddressPolicy::any;
  CHECK(reply_to(request).status == 200);
  CHECK(server.connections() == 2);
  CHECK(server.final_count("POST ") == 4);
}

TEST_CASE("every kind of transport error has a name of its own") {
  std::vector<std::string_view> names;
  for (auto kind = 0; kind <= static_cast<int>(TransportErrorKind::other); ++kind) {
    names.push_back(to_text(static_cast<TransportErrorKind>(kind)));
  }
  CHECK(names.size() == 10);
  std::sort(names.begin(), names.end());
  CHECK(std::adjacent_find(names.begin(), names.end()) == names.end());
}
