#include "http_fixture.h"
#include "platform/http_server.h"

#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <deque>
#include <string>
#include <utility>
#include <vector>

using namespace smm;
using namespace smm::platform;

namespace {

HttpServerLimits limits_with(std::size_t max_body) {
  HttpServerLimits out;
  out.max_body = max_body;
  return out;
}

bool closed(ServerFixture& it, RawClient& client) {
  return it.until([&] { return client.move(), client.ended(); });
}

// How long it takes, in ms. Whoever is kept from the CPU takes longer, but not every time: until it takes
// less than so much, five times at most.
template <class Action>
std::int64_t best_of_five(const Action& action, std::int64_t limit_ms) {
  std::int64_t took = action();
  for (int tries = 1; tries < 5 && took >= limit_ms; ++tries) took = action();
  return took;
}

// Everybody is told what he asked for at once, but for one, who waits for his answer.
struct OneWaits : ServerFixture {
  explicit OneWaits(const HttpServerLimits& limits) : ServerFixture(limits), patient(socket_path) {
    handle = [this](const HttpServerRequest& request, Responder responder) {
      if (request.path == "/wait") {
        waiting = std::move(responder);
      } else {
        responder.send({200, {}, request.path + request.body});
      }
    };
    patient.send(get("/wait"));
    REQUIRE(until([&] { return patient.move(), waiting.has_value(); }));
  }
  std::optional<Responder> waiting;
  RawClient patient;
};

}  // namespace

TEST_CASE("a refusal comes before the body is sent, and closes the connection") {
  ServerFixture it;
  int handled = 0;
  it.handle = [&](const HttpServerRequest&, Responder) { ++handled; };
  it.refuse = [](const HttpRequestHead& head) -> std::optional<HttpResponse> {
    if (head.has_header("origin")) return HttpResponse{403, {{"X-Why", "origin"}}, "forbidden"};
    return std::nullopt;
  };
  for (const char* body : {"Content-Length: 1000", "Transfer-Encoding: chunked"}) {
    RawClient client(it.socket_path);
    const auto reply = it.ask(
        client, "POST / HTTP/1.1\r\nHost: x\r\nOrigin: http://evil\r\n" + std::string(body) + "\r\n\r\n");
    CHECK(reply.status == 403);
    CHECK(reply.has("X-Why: origin\r\n"));
    CHECK(reply.has("Connection: close\r\n"));
    CHECK(closed(it, client));
  }
  CHECK(handled == 0);
}

TEST_CASE("a refusal of a request without a body keeps the connection") {
  ServerFixture it;
  it.refuse = [](const HttpRequestHead& head) {
    return head.path == "/no" ? std::optional(HttpResponse{405, {}, "no"}) : std::nullopt;
  };
  RawClient client(it.socket_path);
  client.send(get("/no") + get("/yes") + get("/no"));
  CHECK(it.reply_to(client).status == 405);
  CHECK(it.reply_to(client).body == "GET /yes ");
  CHECK(it.reply_to(client).status == 405);
}

TEST_CASE("a length over the limit is refused before the body is sent") {
  ServerFixture it(limits_with(10));
  RawClient client(it.socket_path);
  const std::string head = "POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: ";
  CHECK(it.ask(client, head + "10\r\n\r\n0123456789").body == "POST /p 0123456789");
  const auto reply = it.ask(client, head + "11\r\n\r\n");
  CHECK(reply.status == 413);
  CHECK(reply.has("X-Path: /p\r\n"));
  CHECK(closed(it, client));
}

TEST_CASE("a chunked body that passes the limit is refused there and then, though it never ends") {
  ServerFixture it(limits_with(10));
  const std::string head = "POST /p HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
  RawClient client(it.socket_path);
  CHECK(it.ask(client, head + "6\r\n012345\r\n4\r\n6789\r\n0\r\n\r\n").body == "POST /p 0123456789");
  const auto reply = it.ask(client, head + "6\r\n012345\r\n5\r\n67890\r\n");
  CHECK(reply.status == 413);
  CHECK(reply.has("X-Path: /p\r\n"));
  CHECK(reply.has("Connection: close\r\n"));
  CHECK(reply.has("Date: "));
  CHECK(reply.body == "too large");
  CHECK(closed(it, client));
  CHECK(it.until([&] { return it.server->connections() == 0; }));
}

TEST_CASE("at the limit of connections, all being answered, the next client waits until there is room") {
  HttpServerLimits limits;
  limits.max_connections = 2;
  ServerFixture it(limits);
  std::deque<Responder> waiting;
  it.handle = [&](const HttpServerRequest& request, Responder responder) {
    if (request.path == "/wait") {
      waiting.push_back(std::move(responder));
    } else {
      responder.send({200, {}, request.path});
    }
  };
  RawClient first(it.socket_path);
  RawClient second(it.socket_path);
  first.send(get("/wait"));
  second.send(get("/wait"));
  REQUIRE(it.until([&] { return first.move(), second.move(), waiting.size() == 2; }));
  RawClient third(it.socket_path);
  third.send(get("/3"));
  third.move();
  CHECK(it.turns_within(Milliseconds(50)) <= 4);
  CHECK(it.server->connections() == 2);
  // One listener's crowd is not another's.
  RawClient other(it.listen_on_tcp());
  CHECK(it.ask(other, get("/other")).status == 200);
  // The leaving of a client is the last thing that happens, and enough.
  first.close();
  CHECK(it.reply_to(third).body == "/3");
  waiting.back().send({200, {}, "patience"});
  CHECK(it.reply_to(second).body == "patience");
  std::deque<RawClient> more;
  for (int i = 0; i < 20; ++i) {
    more.emplace_back(it.socket_path).send("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  }
  for (auto& client : more) CHECK(it.reply_to(client).status == 200);
}

TEST_CASE("at the limit of connections, the end of an answer makes room for the next client") {
  HttpServerLimits limits;
  limits.max_connections = 1;
  const auto take_turns = [&] {
    OneWaits it(limits);
    RawClient second(it.socket_path);
    second.send(get("/2"));
    second.move();
    it.rest();
    const auto start = EventLoop::monotonic_ms();
    it.waiting->send({200, {}, "answered"});
    CHECK(it.reply_to(it.patient).body == "answered");
    CHECK(it.reply_to(second).body == "/2");
    return EventLoop::monotonic_ms() - start;
  };
  CHECK(best_of_five(take_turns, 900) < 900);
}

TEST_CASE("a crowd of half-sent requests blocks no other client, and an answer under way is not cut for it") {
  HttpServerLimits limits;
  limits.max_connections = 8;
  OneWaits it(limits);
  for (const char* half : {"", "GET /", "GET / HTTP/1.1\r\nHost: x\r\nX: ",
                           "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nab"}) {
    CAPTURE(half);
    const auto ask_beside_crowd = [&] {
      std::deque<RawClient> crowd;
      for (int i = 0; i < 60; ++i) {
        auto& client = crowd.emplace_back(it.socket_path);
        client.send(half);
        client.move();
      }
      const auto start = EventLoop::monotonic_ms();
      RawClient prompt(it.socket_path);
      CHECK(it.ask(prompt, get("/prompt")).body == "/prompt");
      const auto took = EventLoop::monotonic_ms() - start;
      CHECK(it.server->connections() <= 8 + 16);
      return took;
    };
    CHECK(best_of_five(ask_beside_crowd, 3000) < 3000);
  }
  CHECK_FALSE(it.waiting->gone());
  it.waiting->send({200, {}, "patience"});
  CHECK(it.reply_to(it.patient).body == "patience");
}

TEST_CASE("clients that do not take their answers give way to others") {
  HttpServerLimits limits;
  limits.max_connections = 4;
  ServerFixture it(limits);
  it.handle = [](const HttpServerRequest& request, Responder responder) {
    responder.send({200, {}, request.path == "/big" ? std::string(8'000'000, 'x') : request.path});
  };
  std::deque<RawClient> crowd;
  for (int i = 0; i < 4; ++i) {
    auto& client = crowd.emplace_back(it.socket_path);
    client.send(get("/big"));
    client.move();
  }
  REQUIRE(it.until([&] { return it.server->taking() == 4; }));
  RawClient prompt(it.socket_path);
  CHECK(it.ask(prompt, get("/prompt")).body == "/prompt");
}

TEST_CASE("a client that sends nothing for the idle timeout is cut, one that waits for its answer is not") {
  HttpServerLimits limits;
  limits.idle_timeout = Milliseconds(500);  // one second
  ServerFixture it(limits);
  std::optional<Responder> waiting;
  it.handle = [&](const HttpServerRequest&, Responder responder) { waiting = std::move(responder); };
  RawClient patient(it.socket_path);
  patient.send(get("/"));
  REQUIRE(it.until([&] { return patient.move(), waiting.has_value(); }));
  RawClient silent(it.socket_path);
  RawClient halting(it.socket_path);
  halting.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nab");
  const auto start = EventLoop::monotonic_ms();
  CHECK(it.until([&] {
    halting.move();
    return silent.move(), silent.ended() && halting.ended();
  }));
  CHECK(EventLoop::monotonic_ms() - start >= 900);
  CHECK(it.turns_within(Milliseconds(1200)) <= 2);
  CHECK(it.server->connections() == 1);
  waiting->send({200, {}, "patience"});
  CHECK(it.reply_to(patient).body == "patience");
}

TEST_CASE("a request that only trickles in is cut after the request timeout, a prompt one is not") {
  // A prompt client that is kept from the CPU is none: then there is more time for both.
  for (Milliseconds time(300);; time *= 3) {
    REQUIRE(time < std::chrono::seconds(10));
    HttpServerLimits limits;
    limits.request_timeout = time;
    OneWaits it(limits);
    RawClient prompt(it.socket_path);
    RawClient trickling(it.socket_path);
    const auto start = EventLoop::monotonic_ms();
    auto next = start;
    auto before = start;
    std::int64_t longest_gap = 0;
    const auto go_on = [&] {
      const auto now = EventLoop::monotonic_ms();
      longest_gap = std::max(longest_gap, now - std::exchange(before, now));
      if (now >= next) {
        next += 20;
        if (!trickling.ended()) trickling.send("x");
        if (!prompt.ended()) prompt.send(get("/"));
      }
      if (!trickling.ended()) trickling.move();
      prompt.move();
    };
    CHECK(it.until([&] { return go_on(), trickling.ended(); }));
    CHECK(EventLoop::monotonic_ms() - start >= time.count() - 10);
    CHECK(it.until([&] { return go_on(), it.server->connections() == 2 || prompt.ended(); }));
    if (prompt.ended() && longest_gap > time.count() / 4) continue;
    CHECK_FALSE(prompt.ended());
    it.waiting->send({200, {}, "patience"});
    CHECK(it.reply_to(it.patient).body == "patience");
    return;
  }
}

TEST_CASE("a request that comes byte by byte is understood") {
  ServerFixture it;
  RawClient client(it.socket_path);
  for (const char c : std::string("POST /slow HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc")) {
    client.send(std::string(1, c));
    client.move();
    it.loop.run_once(Milliseconds(0));
    it.loop.run_once(Milliseconds(0));
  }
  CHECK(it.reply_to(client).body == "POST /slow abc");
}

TEST_CASE("bad requests get a 4xx or are cut, and nobody else notices") {
  ServerFixture it;
  int handled = 0;
  it.handle = [&](const HttpServerRequest&, Responder responder) {
    ++handled;
    responder.send({200, {}, "ok"});
  };
  const std::string host = "Host: x\r\n";
  const std::vector<std::string> bad{
      "\x16\x03\x01\x02garbage\r\n\r\n",
      "GET\r\n\r\n",
      "GET / HTTP/9.9\r\n" + host + "\r\n",
      "GET / HTTP/1.1\r\n\r\n",
      "GET /a b HTTP/1.1\r\n" + host + "\r\n",
      "GET / HTTP/1.1\r\n" + host + "no colon here\r\n\r\n",
      "POST / HTTP/1.1\r\n" + host + "Content-Length: -1\r\n\r\n",
      "POST / HTTP/1.1\r\n" + host + "Content-Length: ten\r\n\r\n",
      "POST / HTTP/1.1\r\n" + host + "Content-Length: 99999999999999999999999\r\n\r\n",
      "POST / HTTP/1.1\r\n" + host + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
      "POST / HTTP/1.1\r\n" + host + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
      "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: identity\r\n\r\n",
      "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\nzz\r\n",
      "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n",
      "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n3\r\nabcde\r\n",
      "GET /" + std::string(200'000, 'a') + " HTTP/1.1\r\n" + host + "\r\n",
      "GET / HTTP/1.1\r\n" + host + "X: " + std::string(200'000, 'b') + "\r\n\r\n",
  };
  RawClient bystander(it.socket_path);
  for (const auto& request : bad) {
    CAPTURE(request.substr(0, 120));
    RawClient client(it.socket_path);
    client.send(request);
    CHECK(closed(it, client));
    if (!client.received.empty()) {
      const auto reply = take_reply(client.received);
      REQUIRE(reply);
      CHECK(reply->status >= 400);
      CHECK(reply->status < 600);
    }
    CHECK(it.ask(bystander, get("/")).status == 200);
  }
  CHECK(handled == static_cast<int>(bad.size()));
}

TEST_CASE(
    "a request that breaks HTTP's rules is refused in the words of who serves it, and nothing follows it") {
  HttpServerLimits limits;
  limits.longest_target = 100;
  ServerFixture it(limits);
  const std::string host = "Host: x\r\n";
  const std::vector<std::pair<std::string, int>> unsound{
      {"GET /a HTTP/1.1\r\n\r\n", 400},
      {"GET /a HTTP/1.1\r\n" + host + host + "\r\n", 400},
      {"GET /a b HTTP/1.1\r\n" + host + "\r\n", 400},
      {"GET /a\x01 HTTP/1.1\r\n" + host + "\r\n", 400},
      {"GET /" + std::string(100, 'a') + " HTTP/1.1\r\n" + host + "\r\n", 414},
      {"POST /a HTTP/1.1\r\n" + host + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400},
      {"POST /a HTTP/1.1\r\n" + host + "Content-Length: 1\r\nContent-Length: 1\r\n\r\na", 400},
      {"POST /a HTTP/1.1\r\n" + host + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
       400},
      {"POST /a HTTP/1.1\r\n" + host + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 400},
  };
  for (const auto& request : unsound) {
    CAPTURE(request.first);
    RawClient client(it.socket_path);
    client.send(request.first + get("/smuggled"));
    const auto reply = it.reply_to(client);
    CHECK(reply.status == request.second);
    CHECK(reply.has("X-Path: /"));
    CHECK(closed(it, client));
    CHECK(client.received.empty());
  }
  RawClient old(it.socket_path);
  CHECK(it.ask(old, "GET /old HTTP/1.0\r\n\r\n").status == 200);
  RawClient longest(it.socket_path);
  CHECK(it.ask(longest, get("/" + std::string(99, 'a'))).status == 200);
}

TEST_CASE("a client that leaves in the middle of its request leaves nothing behind") {
  ServerFixture it;
  int handled = 0;
  it.handle = [&](const HttpServerRequest&, Responder) { ++handled; };
  for (const char* part : {"", "G", "GET / HT", "GET / HTTP/1.1\r\nHost: x\r\n",
                           "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nab",
                           "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab"}) {
    RawClient client(it.socket_path);
    client.send(part);
    REQUIRE(it.until([&] { return client.move(), it.server->connections() == 1; }));
    it.turns_within(Milliseconds(5));
    client.close();
    CHECK(it.until([&] { return it.server->connections() == 0; }));
    CHECK(it.server->busy() == 0);
  }
  CHECK(handled == 0);
}

TEST_CASE("who sends all of a body that is too large before looking finds the refusal") {
  ServerFixture it;
  const std::string post = "POST /x HTTP/1.1\r\nHost: localhost\r\n";
  const std::string body(std::size_t{8} << 20, 'a');
  for (const std::string framing :
       {"Content-Length: 8388608\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n800000\r\n"}) {
    CAPTURE(framing);
    std::optional<RawClient> client;
    const auto send_all = [&] {
      client.emplace(it.socket_path);
      const auto start = EventLoop::monotonic_ms();
      client->send(post);
      client->send(framing);
      client->send(body);
      it.until([&] { return client->move(false), client->all_sent(); });
      return EventLoop::monotonic_ms() - start;
    };
    // Whoever takes longer than the server lingers for is cut off.
    best_of_five(send_all, 2000);
    CHECK(client->all_sent());
    CHECK(it.until([&] { return client->move(), client->ended(); }));
    CHECK(client->received.find(" 413 ") != std::string::npos);
    CHECK(client->received.find("too large") != std::string::npos);
  }
}
