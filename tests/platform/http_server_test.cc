#include "platform/http_server.h"

#include "http_fixture.h"

#include <curl/curl.h>
#include <unistd.h>

#include <atomic>
#include <deque>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace smm;
using namespace smm::platform;

namespace {

struct CurlResult {
  CURLcode code = CURLE_FAILED_INIT;
  long status = 0;
  std::string body;
};

std::size_t keep(char* data, std::size_t /*one*/, std::size_t size, void* out) {
  static_cast<std::string*>(out)->append(data, size);
  return size;
}

CurlResult curl_post(const std::string& socket_path, const std::string& body, bool expect) {
  CurlResult out;
  CURL* easy = curl_easy_init();
  curl_slist* headers = curl_slist_append(nullptr, expect ? "Expect: 100-continue" : "Expect:");
  curl_easy_setopt(easy, CURLOPT_URL, "http://localhost/echo");
  curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, socket_path.c_str());
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, 20'000L);
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
  curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body.c_str());
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &keep);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &out.body);
  out.code = curl_easy_perform(easy);
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &out.status);
  curl_slist_free_all(headers);
  curl_easy_cleanup(easy);
  return out;
}

// What a following curl has received so far.
class Followed {
 public:
  void append(const char* data, std::size_t size) {
    const std::lock_guard hold(mutex_);
    text_.append(data, size);
  }
  std::string text() {
    const std::lock_guard hold(mutex_);
    return text_;
  }

 private:
  std::mutex mutex_;
  std::string text_;
};

std::size_t follow(char* data, std::size_t /*one*/, std::size_t size, void* out) {
  static_cast<Followed*>(out)->append(data, size);
  return size;
}

CURLcode curl_follow(const std::string& socket_path, Followed& out) {
  CURL* easy = curl_easy_init();
  curl_easy_setopt(easy, CURLOPT_URL, "http://localhost/stream");
  curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, socket_path.c_str());
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, 20'000L);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &follow);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &out);
  const auto code = curl_easy_perform(easy);
  curl_easy_cleanup(easy);
  return code;
}

CurlResult post_with_curl(ServerFixture& it, const std::string& body, bool expect) {
  CurlResult result;
  std::atomic<bool> done = false;
  std::thread client([&] {
    result = curl_post(it.socket_path, body, expect);
    done = true;
  });
  const bool in_time = it.until([&] { return done.load(); });
  client.join();
  CHECK(in_time);
  return result;
}

std::string pattern(std::size_t size) {
  std::string out(size, '\0');
  for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<char>('a' + i * 7 % 26);
  return out;
}

}  // namespace

TEST_CASE("a request reaches the handler as it was sent") {
  ServerFixture it;
  std::optional<HttpServerRequest> seen;
  it.handle = [&](HttpServerRequest request, Responder responder) {
    seen = std::move(request);
    responder.send({201, {{"X-Answer", "yes"}}, "made"});
  };
  RawClient client(it.socket_path);
  const auto reply = it.ask(client,
                            "POST /v1/a%20b+c?k=1&k=%2B+x&bad=%zz HTTP/1.1\r\nHost: localhost\r\n"
                            "X-Thing: One\r\nx-thing: Two\r\nContent-Length: 5\r\n\r\nhello");
  REQUIRE(seen);
  CHECK(seen->listener == "test");
  CHECK(seen->method == "POST");
  CHECK(seen->path == "/v1/a b+c");
  CHECK(seen->query == HeaderList{{"k", "1"}, {"k", "+ x"}, {"bad", "%zz"}});
  CHECK(seen->headers ==
        HeaderList{{"host", "localhost"}, {"x-thing", "One"}, {"x-thing", "Two"}, {"content-length", "5"}});
  CHECK(seen->header("x-thing") == "One");
  CHECK(seen->has_header("host"));
  CHECK_FALSE(seen->has_header("origin"));
  CHECK(seen->header("origin").empty());
  CHECK(seen->body == "hello");
  CHECK(seen->peer_uid == getuid());
  CHECK(reply.status == 201);
  CHECK(reply.has("X-Answer: yes\r\n"));
  CHECK(reply.has("Date: "));
  CHECK(reply.body == "made");
}

TEST_CASE("a client over TCP has no user id") {
  ServerFixture it;
  std::string listener;
  bool known = true;
  it.handle = [&](const HttpServerRequest& request, Responder responder) {
    listener = request.listener;
    known = request.peer_uid.has_value();
    responder.send({204, {}, ""});
  };
  RawClient client(it.listen_on_tcp());
  CHECK(it.ask(client, get("/")).status == 204);
  CHECK(listener == "tcp");
  CHECK_FALSE(known);
}

TEST_CASE("a body of 4 MiB arrives whole, with and without asking first") {
  ServerFixture it;
  const auto body = pattern(std::size_t{4} << 20);
  std::string seen;
  it.handle = [&](HttpServerRequest request, Responder responder) {
    seen = std::move(request.body);
    responder.send({200, {}, "ok"});
  };
  for (const bool expect : {false, true}) {
    seen.clear();
    const auto result = post_with_curl(it, body, expect);
    CHECK(result.code == CURLE_OK);
    CHECK(result.status == 200);
    CHECK(seen == body);
  }
}

TEST_CASE("a reply of 1 MiB arrives whole") {
  ServerFixture it;
  const auto body = pattern(std::size_t{1} << 20);
  it.handle = [&](const HttpServerRequest&, Responder responder) { responder.send({200, {}, body}); };
  const auto result = post_with_curl(it, "", false);
  CHECK(result.code == CURLE_OK);
  CHECK(result.body == body);
  RawClient client(it.socket_path);
  CHECK(it.ask(client, get("/")).body == body);
}

TEST_CASE("curl sees each piece of a stream when it is written") {
  ServerFixture it;
  std::optional<Responder> stream;
  it.handle = [&](const HttpServerRequest&, Responder responder) {
    stream = std::move(responder);
    stream->begin(200, {});
  };
  Followed seen;
  std::atomic<bool> done = false;
  CURLcode code = CURLE_FAILED_INIT;
  std::thread client([&] {
    code = curl_follow(it.socket_path, seen);
    done = true;
  });
  CHECK(it.until([&] { return stream.has_value(); }));
  std::string all;
  for (int i = 0; stream && i < 20; ++i) {
    const auto line = "line " + std::to_string(i) + "\n";
    stream->write(line);
    all += line;
    CHECK(it.until([&] { return seen.text() == all; }));
  }
  stream.reset();  // instead of finish()
  CHECK(it.until([&] { return done.load(); }));
  client.join();
  CHECK(code != CURLE_OK);
}

TEST_CASE("curl gets the refusal of a body that is too large instead of a broken pipe") {
  ServerFixture it;
  for (const bool expect : {false, true}) {
    const auto result = post_with_curl(it, pattern((std::size_t{4} << 20) + 1), expect);
    CHECK(result.code == CURLE_OK);
    CHECK(result.status == 413);
    CHECK(result.body == "too large");
  }
}

TEST_CASE("a chunked body arrives decoded, an empty one empty") {
  ServerFixture it;
  RawClient client(it.socket_path);
  const std::string head = "POST /p HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
  CHECK(it.ask(client, head + "3\r\nabc\r\n1;x=y\r\nd\r\n0\r\n\r\n").body == "POST /p abcd");
  CHECK(it.ask(client, head + "0\r\n\r\n").body == "POST /p ");
  CHECK(it.ask(client, "POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n").body == "POST /p ");
  CHECK(it.ask(client, "PUT /q HTTP/1.1\r\nHost: x\r\n\r\n").body == "PUT /q ");
}

TEST_CASE("a connection serves one request after the other") {
  ServerFixture it;
  RawClient client(it.socket_path);
  for (int i = 0; i < 50; ++i) {
    const auto path = "/" + std::to_string(i);
    CHECK(it.ask(client, get(path)).body == "GET " + path + " ");
  }
  CHECK(it.server->connections() == 1);
  const auto last = it.ask(client, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  CHECK(last.has("Connection: close"));
  CHECK(it.until([&] { return client.move(), client.ended(); }));
  CHECK(it.until([&] { return it.server->connections() == 0; }));
}

TEST_CASE("pipelined requests are answered in their order, also when the first answer is late") {
  ServerFixture it;
  std::optional<Responder> late;
  std::vector<std::string> asked;
  it.handle = [&](const HttpServerRequest& request, Responder responder) {
    asked.push_back(request.path);
    if (request.path == "/late") {
      late = std::move(responder);
    } else {
      responder.send({200, {}, request.path});
    }
  };
  RawClient client(it.socket_path);
  client.send(get("/a") + get("/late") + get("/b") + get("/c"));
  CHECK(it.reply_to(client).body == "/a");
  REQUIRE(it.until([&] { return late.has_value(); }));
  CHECK(it.turns_within(Milliseconds(20)) <= 3);
  CHECK(asked == std::vector<std::string>{"/a", "/late"});
  late->send({200, {}, "late"});
  CHECK(it.reply_to(client).body == "late");
  CHECK(it.reply_to(client).body == "/b");
  CHECK(it.reply_to(client).body == "/c");
}

TEST_CASE("HEAD gets the headers alone and keeps the connection") {
  ServerFixture it;
  it.handle = [](const HttpServerRequest&, Responder responder) { responder.send({200, {}, "four"}); };
  RawClient client(it.socket_path);
  client.send("HEAD / HTTP/1.1\r\nHost: x\r\n\r\n");
  const auto reply = it.reply_to(client, true);
  CHECK(reply.has("Content-Length: 4\r\n"));
  CHECK(it.ask(client, get("/")).body == "four");
}

TEST_CASE("a client that asks first is told to go on, and told no before it sent anything") {
  ServerFixture it;
  it.refuse = [](const HttpRequestHead& head) {
    return head.path == "/no" ? std::optional(HttpResponse{403, {}, "no"}) : std::nullopt;
  };
  const std::string rest = " HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n";
  RawClient client(it.socket_path);
  CHECK(it.ask(client, "POST /yes" + rest).status == 100);
  CHECK(it.ask(client, "ab").body == "POST /yes ab");
  CHECK(it.ask(client, "POST /no" + rest).status == 403);
  CHECK(it.until([&] { return client.move(), client.ended(); }));
}

TEST_CASE("an answer may come in a later turn") {
  ServerFixture it;
  std::optional<Responder> waiting;
  it.handle = [&](const HttpServerRequest&, Responder responder) { waiting = std::move(responder); };
  RawClient client(it.socket_path);
  client.send(get("/"));
  REQUIRE(it.until([&] { return client.move(), waiting.has_value(); }));
  CHECK(it.server->busy() == 1);
  CHECK(it.turns_within(Milliseconds(20)) <= 3);
  CHECK(client.received.empty());
  waiting->send({200, {}, "at last"});
  CHECK(it.reply_to(client).body == "at last");
  CHECK_FALSE(waiting->gone());
  CHECK(it.until([&] { return it.server->busy() == 0; }));
}

TEST_CASE("a request nobody answers gets a 500") {
  ServerFixture it;
  it.handle = [](const HttpServerRequest&, Responder) {};
  RawClient client(it.socket_path);
  CHECK(it.ask(client, get("/")).status == 500);
  std::optional<Responder> waiting;
  it.handle = [&](const HttpServerRequest&, Responder responder) { waiting = std::move(responder); };
  client.send(get("/"));
  REQUIRE(it.until([&] { return client.move(), waiting.has_value(); }));
  it.turns_within(Milliseconds(10));
  waiting.reset();
  CHECK(it.reply_to(client).status == 500);
}

TEST_CASE("a client that will send no more still gets its answer over a Unix socket") {
  ServerFixture it;
  std::optional<Responder> waiting;
  int gone = 0;
  it.handle = [&](const HttpServerRequest& request, Responder responder) {
    if (request.path == "/now") return responder.send({200, {}, "now"});
    waiting = std::move(responder);
    waiting->on_gone([&] { ++gone; });
  };
  RawClient bystander(it.socket_path);  // the library treats a lone connection better
  CHECK(it.ask(bystander, get("/now")).body == "now");
  RawClient quick(it.socket_path);
  quick.send(get("/now"));
  quick.move();
  quick.half_close();
  CHECK(it.reply_to(quick).body == "now");

  RawClient patient(it.socket_path);
  patient.send(get("/late"));
  patient.move();
  patient.half_close();
  REQUIRE(it.until([&] { return waiting.has_value(); }));
  CHECK(it.turns_within(Milliseconds(30)) <= 3);
  CHECK(gone == 0);
  waiting->send({200, {}, "late"});
  CHECK(it.reply_to(patient).body == "late");
  CHECK(it.until([&] { return patient.move(), patient.ended(); }));
}

TEST_CASE("two hundred clients are served at once") {
  ServerFixture it;
  std::vector<Responder> waiting;
  it.handle = [&](const HttpServerRequest&, Responder responder) { waiting.push_back(std::move(responder)); };
  std::deque<RawClient> clients;
  for (int i = 0; i < 200; ++i) clients.emplace_back(it.socket_path).send(get("/"));
  REQUIRE(it.until([&] {
    for (auto& client : clients) client.move();
    return waiting.size() == clients.size();
  }));
  CHECK(it.server->connections() == 200);
  CHECK(it.server->busy() == 200);
  for (auto& responder : waiting) responder.send({200, {}, "all"});
  for (auto& client : clients) CHECK(it.reply_to(client).body == "all");
  clients.clear();
  CHECK(it.until([&] { return it.server->connections() == 0; }));
}

TEST_CASE("what a handler throws comes out of the loop") {
  SUBCASE("handle") {
    ServerFixture it;
    it.handle = [](const HttpServerRequest&, Responder) { throw std::runtime_error("broken"); };
    RawClient client(it.socket_path);
    client.send(get("/"));
    client.move();
    CHECK_THROWS_WITH(it.loop.run(), "broken");
  }
  SUBCASE("refuse") {
    ServerFixture it;
    it.refuse = [](const HttpRequestHead&) -> std::optional<HttpResponse> {
      throw std::runtime_error("broken too");
    };
    RawClient client(it.socket_path);
    client.send(get("/"));
    client.move();
    CHECK_THROWS_WITH(it.loop.run(), "broken too");
  }
}

TEST_CASE("a handler may destroy the server") {
  ServerFixture it;
  it.handle = [&](const HttpServerRequest&, Responder responder) {
    it.server.reset();
    CHECK(responder.gone());
    responder.send({200, {}, "into the void"});
  };
  RawClient client(it.socket_path);
  client.send(get("/") + get("/again"));
  CHECK(it.until([&] { return client.move(), client.ended(); }));
  CHECK_FALSE(it.server.has_value());
  CHECK(it.turns_within(Milliseconds(10)) <= 1);
}

TEST_CASE("after stop_accepting who is there gets one more answer and nobody new comes") {
  ServerFixture it;
  std::optional<Responder> waiting;
  it.handle = [&](const HttpServerRequest&, Responder responder) { waiting = std::move(responder); };
  RawClient client(it.socket_path);
  RawClient silent(it.socket_path);
  client.send(get("/"));
  REQUIRE(it.until([&] { return client.move(), waiting.has_value() && it.server->connections() == 2; }));
  it.server->stop_accepting();
  CHECK_THROWS(RawClient(it.socket_path));
  waiting->send({200, {}, "still"});
  CHECK(it.reply_to(client).body == "still");
  CHECK(it.until([&] { return client.move(), client.ended(); }));
  it.handle = [](const HttpServerRequest&, Responder responder) { responder.send({200, {}, "and this"}); };
  CHECK(it.ask(silent, get("/")).body == "and this");
  CHECK(it.until([&] { return silent.move(), silent.ended(); }));
  CHECK(it.server->connections() == 0);
}

TEST_CASE("headers that are the server's or would break the reply are left out") {
  ServerFixture it;
  const HeaderList headers{{"Content-Length", "1"},
                           {"connection", "close"},
                           {"Transfer-Encoding", "chunked"},
                           {"Date", "never"},
                           {"X-A", "b\r\nX-Evil: 1"},
                           {"X B", "c"},
                           {"", "d"},
                           {"X-Good", "t\xc3\xa9"}};
  it.handle = [&](const HttpServerRequest&, Responder responder) { responder.send({200, headers, "body"}); };
  RawClient client(it.socket_path);
  const auto reply = it.ask(client, get("/"));
  CHECK(reply.body == "body");
  CHECK(reply.has("Content-Length: 4\r\n"));
  CHECK(reply.has("X-Good: t\xc3\xa9\r\n"));
  CHECK_FALSE(reply.has("never"));
  CHECK_FALSE(reply.has("close"));
  CHECK_FALSE(reply.has("chunked"));
  CHECK_FALSE(reply.has("Evil"));
  CHECK_FALSE(reply.has("X B"));
}

TEST_CASE("several listeners are served side by side") {
  ServerFixture it;
  RawClient first(it.socket_path);
  CHECK(it.ask(first, get("/1")).status == 200);
  const int port = it.listen_on_tcp();
  RawClient second(port);
  CHECK(it.ask(second, get("/2")).body == "GET /2 ");
  CHECK(it.server->connections() == 2);
  first.close();
  CHECK(it.until([&] { return it.server->connections() == 1; }));
  CHECK(it.ask(second, get("/3")).body == "GET /3 ");
}
