#include "http_fixture.h"
#include "platform/http_server.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

using namespace smm;
using namespace smm::platform;

namespace {

// A server whose handler keeps its Responder; `path` /stream begins a stream.
struct Keeping : ServerFixture {
  explicit Keeping(HttpServerLimits limits = {}) : ServerFixture(limits) {
    handle = [this](const HttpServerRequest& request, Responder responder) {
      auto& kept = responders.emplace_back(std::move(responder));
      kept.on_gone([this] { ++gone; });
      if (request.path == "/stream") kept.begin(200, {{"Content-Type", "application/x-ndjson"}});
    };
  }
  // Waits until the request is there and the server has come to rest.
  void ask_and_settle(RawClient& client, std::string_view request) {
    const auto before = responders.size();
    client.send(request);
    REQUIRE(until([&] { return client.move(), responders.size() > before; }));
    rest();
    turns_within(Milliseconds(10));
  }
  std::vector<Responder> responders;
  int gone = 0;
};

bool has(RawClient& client, std::string_view text) {
  client.move();
  return client.received.find(text) != std::string::npos;
}

}  // namespace

TEST_CASE("a stream's pieces arrive in order and as they are written") {
  Keeping it;
  RawClient client(it.socket_path);
  it.ask_and_settle(client, get("/stream"));
  auto& stream = it.responders.at(0);
  std::string all;
  for (int i = 0; i < 1000; ++i) {
    const auto line = "{\"seq\":" + std::to_string(i) + "}\n";
    stream.write(line);
    all += line;
    // Every now and then the reader is waited for, so that the connection sleeps in between.
    if (i % 100 == 0) {
      CHECK(it.until([&] { return has(client, line); }));
      CHECK(it.until([&] { return stream.unsent() == 0; }));
    }
  }
  stream.finish();
  const auto reply = it.reply_to(client);
  CHECK(reply.chunked);
  CHECK(reply.has("Content-Type: application/x-ndjson"));
  CHECK(reply.body == all);
  CHECK(it.gone == 0);
  // and the connection is good for more
  it.ask_and_settle(client, get("/next"));
  it.responders.back().send({200, {}, "more"});
  CHECK(it.reply_to(client).body == "more");
}

TEST_CASE("a stream may be begun, written and finished at once") {
  ServerFixture it;
  const std::string big(300'000, 'x');
  it.handle = [&](const HttpServerRequest&, Responder responder) {
    responder.begin(207, {});
    responder.write("first ");
    responder.write("");
    responder.write(big);
    responder.finish();
  };
  RawClient client(it.socket_path);
  const auto reply = it.ask(client, get("/"));
  CHECK(reply.status == 207);
  CHECK(reply.body == "first " + big);
}

TEST_CASE("a reader that never reads is seen by what stays unsent and can be dropped") {
  Keeping it;
  RawClient client(it.socket_path);
  it.ask_and_settle(client, get("/stream"));
  auto& stream = it.responders.at(0);
  const std::string piece(100'000, 'y');
  std::size_t written = 0;
  for (int i = 0; i < 100; ++i) {
    stream.write(piece);
    written += piece.size();
    it.turns_within(Milliseconds(1));
  }
  CHECK(stream.unsent() > 5'000'000);
  CHECK(stream.unsent() < written);  // what its kernel took
  CHECK(it.turns_within(Milliseconds(50)) <= 3);
  CHECK_FALSE(stream.gone());
  it.responders.clear();
  CHECK(it.until([&] { return it.server->connections() == 0; }));
  CHECK(it.until([&] { return client.move(), client.ended(); }));
  CHECK_FALSE(take_reply(client.received));  // the end of the stream is missing
  CHECK(it.gone == 0);                       // who drops the stream need not be told
}

TEST_CASE("a reader that takes nothing for the idle timeout is cut and its stream told") {
  HttpServerLimits limits;
  limits.idle_timeout = std::chrono::seconds(1);
  Keeping it(limits);
  RawClient client(it.socket_path);
  it.ask_and_settle(client, get("/stream"));
  it.responders.at(0).write(std::string(2'000'000, 'z'));
  CHECK(it.until([&] { return it.gone == 1; }));
  CHECK(it.responders.at(0).gone());
  CHECK(it.until([&] { return it.server->connections() == 0; }));
}

TEST_CASE("a stream dropped before its end is cut, not ended") {
  Keeping it;
  RawClient client(it.socket_path);
  it.ask_and_settle(client, get("/stream"));
  it.responders.at(0).write("half");
  CHECK(it.until([&] { return has(client, "half"); }));
  it.responders.clear();
  CHECK(it.until([&] { return client.move(), client.ended(); }));
  CHECK_FALSE(take_reply(client.received));
}

TEST_CASE("a client that leaves while it waits is told of once, and a late answer harms nobody") {
  Keeping it;
  for (const bool over_tcp : {false, true}) {
    CAPTURE(over_tcp);
    it.gone = 0;
    it.responders.clear();
    std::optional<RawClient> client;
    if (over_tcp) {
      client.emplace(it.listen_on_tcp());
    } else {
      client.emplace(it.socket_path);
    }
    it.ask_and_settle(*client, get("/wait"));
    CHECK_FALSE(it.responders.at(0).gone());
    client->close();
    REQUIRE(it.until([&] { return it.gone > 0 && it.server->connections() == 0; }));
    CHECK(it.turns_within(Milliseconds(20)) <= 2);
    CHECK(it.gone == 1);
    CHECK(it.responders.at(0).gone());
    it.responders.at(0).send({200, {}, "too late"});
    it.turns_within(Milliseconds(10));
    CHECK(it.gone == 1);
  }
}

TEST_CASE("a client that leaves its stream is told of once, and later writes go nowhere") {
  Keeping it;
  RawClient client(it.socket_path);
  it.ask_and_settle(client, get("/stream"));
  it.responders.at(0).write("line\n");
  CHECK(it.until([&] { return has(client, "line"); }));
  client.close();
  REQUIRE(it.until([&] { return it.gone == 1 && it.server->connections() == 0; }));
  auto& stream = it.responders.at(0);
  CHECK(stream.gone());
  stream.write(std::string(1'000'000, 'x'));
  CHECK(stream.unsent() == 0);
  stream.finish();
  CHECK(it.gone == 1);
}

TEST_CASE("a client that left before anybody asked is told of all the same") {
  ServerFixture it;
  std::optional<Responder> responder;
  it.handle = [&](const HttpServerRequest&, Responder given) { responder = std::move(given); };
  RawClient client(it.socket_path);
  client.send(get("/"));
  REQUIRE(it.until([&] { return client.move(), responder.has_value(); }));
  it.turns_within(Milliseconds(10));
  client.close();
  REQUIRE(it.until([&] { return responder->gone() && it.server->connections() == 0; }));
  int gone = 0;
  responder->on_gone([&] { ++gone; });
  CHECK(gone == 0);  // not from within the call
  CHECK(it.until([&] { return gone == 1; }));
  responder->begin(200, {});
  responder->write("nobody");
  responder->finish();
}

TEST_CASE("whoever destroys its Responder is not called any more") {
  Keeping it;
  RawClient client(it.socket_path);
  it.ask_and_settle(client, get("/wait"));
  client.close();
  REQUIRE(it.until([&] { return it.responders.at(0).gone(); }));
  REQUIRE(it.gone == 0);  // to be told in the next turn
  it.responders.clear();
  it.turns_within(Milliseconds(20));
  CHECK(it.gone == 0);
}

TEST_CASE("a stream asked for with HEAD is over with its headers") {
  Keeping it;
  RawClient client(it.socket_path);
  client.send("HEAD /stream HTTP/1.1\r\nHost: x\r\n\r\n");
  CHECK(it.reply_to(client, true).status == 200);
  CHECK(it.until([&] { return it.gone == 1; }));
  it.responders.at(0).write("unwanted");
  CHECK(it.until([&] { return client.move(), client.ended(); }));
  CHECK(client.received.empty());  // not the end of a body there is none of
}

TEST_CASE("a client of HTTP/1.0 gets a stream without chunks that ends with the connection") {
  Keeping it;
  RawClient client(it.socket_path);
  it.ask_and_settle(client, "GET /stream HTTP/1.0\r\n\r\n");
  it.responders.at(0).write("one ");
  CHECK(it.until([&] { return has(client, "\r\n\r\none "); }));
  it.responders.at(0).write("two");
  it.responders.at(0).finish();
  CHECK(it.until([&] { return client.move(), client.ended(); }));
  CHECK(client.received.substr(client.received.find("\r\n\r\n")) == "\r\n\r\none two");
  CHECK(it.gone == 0);
}

TEST_CASE("a half-closed reader keeps its stream over a Unix socket") {
  Keeping it;
  RawClient bystander(it.socket_path);
  REQUIRE(it.until([&] { return it.server->connections() == 1; }));
  RawClient client(it.socket_path);
  it.ask_and_settle(client, get("/stream"));
  client.half_close();
  for (const char* piece : {"one", "two"}) {
    CHECK(it.turns_within(Milliseconds(20)) <= 2);
    it.responders.at(0).write(piece);
    CHECK(it.until([&] { return has(client, piece); }));
  }
  CHECK(it.gone == 0);
  it.responders.at(0).finish();
  CHECK(it.reply_to(client).body == "onetwo");
}

TEST_CASE("the server can be destroyed while clients wait, stream, send and sit idle") {
  Keeping it;
  RawClient waiting(it.socket_path);
  it.ask_and_settle(waiting, get("/wait"));
  RawClient streaming(it.socket_path);
  it.ask_and_settle(streaming, get("/stream"));
  RawClient stuck(it.socket_path);
  it.ask_and_settle(stuck, get("/stream"));
  it.responders.back().write(std::string(2'000'000, 's'));
  it.turns_within(Milliseconds(10));
  RawClient sending(it.socket_path);
  sending.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf");
  RawClient idle(it.socket_path);
  REQUIRE(it.until([&] { return sending.move(), it.server->connections() == 5; }));
  it.turns_within(Milliseconds(10));
  it.server.reset();
  for (auto* client : {&waiting, &streaming, &stuck, &sending, &idle}) {
    client->move();
    CHECK(client->ended());
  }
  for (auto& responder : it.responders) CHECK(responder.gone());
  CHECK(it.turns_within(Milliseconds(10)) == 0);
  CHECK(it.gone == 0);
  it.responders.at(0).send({200, {}, "nobody"});
  it.responders.at(1).write("nobody");
  it.responders.at(1).finish();
  it.responders.clear();
}

TEST_CASE("a loop whose clients all wait is asleep") {
  Keeping it;
  RawClient waiting(it.socket_path);
  it.ask_and_settle(waiting, get("/wait"));
  RawClient streaming(it.socket_path);
  it.ask_and_settle(streaming, get("/stream"));
  RawClient stuck(it.socket_path);
  it.ask_and_settle(stuck, get("/stream"));
  it.responders.back().write(std::string(2'000'000, 's'));
  RawClient sending(it.socket_path);
  sending.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf");
  RawClient idle(it.socket_path);
  REQUIRE(it.until([&] { return sending.move(), it.server->connections() == 5; }));
  it.rest();
  it.turns_within(Milliseconds(50));
  CHECK(it.turns_within(Milliseconds(400)) <= 2);
}
