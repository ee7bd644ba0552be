// What goes wrong on the way to a host and back, and what is said of it.
#include "client_fixture.h"
#include "platform/http_client.h"
#include "scripted_server.h"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <initializer_list>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace smm;
using namespace smm::platform;
using namespace smm::test;
using Kind = TransportErrorKind;

namespace {

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

std::string secure(std::string url) {
  return url.replace(0, 4, "https");
}

// Says the same whatever it is asked, then does as `end` says.
ScriptedServer::Script say(std::string bytes, void (Connection::*end)() = &Connection::close_now) {
  return [bytes = std::move(bytes), end](Connection& connection) {
    if (connection.read_request().empty()) return;
    connection.write(bytes);
    (connection.*end)();
  };
}

// Hangs without a word.
void hang(Connection& connection) {
  connection.wait_for_end();
}

// How a request runs out of time once it has got as far as that. One that is kept from the CPU for all its
// time, or whose server is, gets nowhere: it is given more.
TransportError late_error(ClientFixture& it, HttpRequest request,
                          const std::function<bool(const TransportError&)>& is_far_enough) {
  for (request.timeout = Milliseconds(50);; request.timeout *= 4) {
    auto error = it.error_of(request);
    CHECK(error.kind == Kind::timeout);
    if (is_far_enough(error) || request.timeout > std::chrono::seconds(10)) return error;
  }
}

// Keeps its first connection for one good answer, and does `then` to the second request on it; answers every
// other connection.
ScriptedServer::Script after_one_answer(std::function<void(Connection&)> then) {
  return [then = std::move(then)](Connection& connection) {
    while (!connection.read_request().empty()) {
      connection.reply("{}");
      if (connection.number() == 0) return then(connection);
    }
  };
}

}  // namespace

TEST_CASE_FIXTURE(ClientFixture, "a URL, method or header that cannot be sent") {
  for (const auto* url : {"", "panel.example/api", "ftp://panel.example/", "file:///etc/passwd", "http://",
                          "http://user:s3cret@pan el/key", "http://[::1/s3cret", "http://a:99999/s3cret",
                          "http://a/s3cret\nHost: b"}) {
    INFO(url);
    const auto error = error_of(post(url));
    CHECK(error.kind == Kind::bad_url);
    CHECK(error.nothing_sent);
    CHECK(error.status == 0);
    CHECK_FALSE(contains(error.detail, "s3cret"));
  }
  CHECK(error_of(post(std::string("http://a\0b/", 11))).kind == Kind::bad_url);
  for (const auto& header : std::vector<std::pair<std::string, std::string>>{
           {"X-A", "b\r\nX-Evil: 1"}, {"X-A", "b\n"}, {"X A", "b"}, {"", "b"}, {"X-A:", "b"}}) {
    auto request = post("http://127.0.0.1/");
    request.headers = {header};
    const auto error = error_of(request);
    CHECK(error.kind == Kind::bad_url);
    CHECK(error.nothing_sent);
  }
  auto request = post("http://127.0.0.1/");
  request.method = "POST /other";
  CHECK(error_of(request).kind == Kind::bad_url);
}

TEST_CASE_FIXTURE(ClientFixture, "a host that has no address") {
  const std::string host = std::string(64, 'a') + ".invalid";  // no resolver takes such a label
  const auto error = error_of(post_once("http://user:s3cret@" + host + "/key?k=s3cret"));
  CHECK(error.kind == Kind::dns);
  CHECK(error.nothing_sent);
  CHECK_FALSE(contains(error.detail, "s3cret"));
}

TEST_CASE_FIXTURE(ClientFixture, "nobody listens") {
  const ClosedPort closed;
  const auto url = "http://127.0.0.1:" + closed.text() + "/s3cret";
  const auto error = error_of(post_once(url));
  CHECK(error.kind == Kind::connect);
  CHECK(error.nothing_sent);
  CHECK(contains(error.detail, "Connection refused"));
  CHECK(contains(error.detail, "127.0.0.1"));
  CHECK_FALSE(contains(error.detail, "s3cret"));
}

TEST_CASE_FIXTURE(ClientFixture,
                  "a name whose addresses are not allowed, and forbidden addresses in disguise") {
  ScriptedServer server([](Connection& connection) { connection.reply("{}"); });
  for (const auto* host : {"localhost", "127.1", "0x7f000001", "[::ffff:127.0.0.1]", "[64:ff9b::7f00:1]"}) {
    INFO(host);
    auto request = post_once(server.url("/", host));
    request.addresses = AddressPolicy::only_public;
    const auto error = error_of(request);
    CHECK(error.kind == Kind::refused_address);
    CHECK(error.nothing_sent);
    CHECK(contains(error.detail, "is not a public address"));
  }
  for (const auto* host : {"0.0.0.0", "169.254.169.254", "[fe80::1]", "[::ffff:169.254.169.254]"}) {
    INFO(host);
    auto request = post_once(server.url("/", host));
    request.addresses = AddressPolicy::local;
    const auto error = error_of(request);
    CHECK(error.kind == Kind::refused_address);
    CHECK(error.nothing_sent);
  }
  auto request = post_once("http://panel.invalid/");
  request.proxy = server.url("");  // with a proxy it is the proxy's address that is judged
  request.addresses = AddressPolicy::only_public;
  CHECK(error_of(request).kind == Kind::refused_address);
  CHECK(server.connections() == 0);
}

TEST_CASE_FIXTURE(ClientFixture, "TLS to a port that does not speak it") {
  ScriptedServer plain([](Connection& connection) {
    connection.read_some();
    connection.write("HTTP/1.1 400 Bad Request\r\n\r\n");
  });
  ScriptedServer rude([](Connection& connection) {
    connection.read_some();
    connection.reset();
  });
  for (auto* server : {&plain, &rude}) {
    const auto error = error_of(post_once(secure(server->url("/s3cret"))));
    CHECK(error.kind == Kind::tls);
    CHECK(error.nothing_sent);
    CHECK(error.status == 0);
    CHECK_FALSE(contains(error.detail, "s3cret"));
  }
}

TEST_CASE_FIXTURE(ClientFixture,
                  "a timeout before the request is certain to have sent nothing, one after is not") {
  ScriptedServer server(hang);
  auto before = post_once(secure(server.url()));  // hangs in the handshake
  before.connect_timeout = Milliseconds(50);
  auto error = error_of(before);
  CHECK(error.kind == Kind::timeout);
  CHECK(error.nothing_sent);
  error = late_error(*this, post_once(server.url()),
                     [](const TransportError& each) { return !each.nothing_sent; });
  CHECK_FALSE(error.nothing_sent);
  CHECK(error.status == 0);
  // And none of those that said so before.
  run_until([&] { return server.count("action=add") > 0; });
  CHECK(server.count("action=add") == 1);
}

TEST_CASE_FIXTURE(ClientFixture, "a timeout in the middle of a reply says what status had come") {
  ScriptedServer server(
      say("HTTP/1.1 201 Created\r\nContent-Length: 10\r\n\r\nhalf", &Connection::wait_for_end));
  const auto error =
      late_error(*this, post(server.url()), [](const TransportError& each) { return each.status != 0; });
  CHECK(error.status == 201);
  CHECK_FALSE(error.nothing_sent);
}

TEST_CASE_FIXTURE(ClientFixture, "a reply whose head is cut off is broken off, and its status is none") {
  for (const char* head : {"HTTP/1.1 200 OK", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nX: y",
                           "HTTP/1.1 200 OK\r\nX: y\r\n", "HTTP/1.1 200 OK\r\nX: y\r\n\r"}) {
    CAPTURE(head);
    for (auto end : {&Connection::close_now, &Connection::reset}) {
      ScriptedServer server(say(head, end));
      const auto error = error_of(post_once(server.url()));
      CHECK(error.kind == Kind::broken_off);
      CHECK(error.status == 0);
      CHECK_FALSE(error.nothing_sent);
    }
  }
}

TEST_CASE_FIXTURE(ClientFixture,
                  "a connection that breaks before, in the middle of, and for want of an answer") {
  struct Case {
    const char* bytes;
    void (Connection::*end)();
    long status;
  };
  for (const auto& each : std::initializer_list<Case>{
           {"", &Connection::reset, 0},
           {"", &Connection::close_now, 0},
           {"HTTP/1.1 20", &Connection::reset, 0},
           {"HTTP/1.1 200 OK\r\nContent-Le", &Connection::reset, 0},
           {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", &Connection::close_now, 200},
           {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n", &Connection::close_now,
            200},
           {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzzz\r\n", &Connection::close_now, 200},
           {"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 9\r\n\r\nnot gzip!",
            &Connection::close_now, 200},
           {"SSH-2.0-OpenSSH_9.2\r\n", &Connection::close_now, 0}}) {
    INFO(each.bytes);
    ScriptedServer server(say(each.bytes, each.end));
    for (const bool once : {false, true}) {
      auto request = post(server.url());
      request.send_once = once;
      const auto error = error_of(request);
      CHECK(error.kind == Kind::broken_off);
      CHECK(error.status == each.status);
      CHECK_FALSE(error.nothing_sent);
    }
    CHECK(server.final_count("POST ") == 2);
  }
}

// What an old libcurl took for the end of a header it had freed (issue 11101 of curl/curl): then this ends
// the program.
TEST_CASE_FIXTURE(ClientFixture,
                  "a reply whose first header line begins with a blank has no part in the one before it") {
  const std::string value(700, 'x');
  ScriptedServer server([&](Connection& connection) {
    for (bool folded = false; !connection.read_request().empty(); folded = !folded)
      connection.write(std::string("HTTP/1.1 200 OK\r\n") + (folded ? " more: of it\r\n" : "") +
                       "Content-Length: 2\r\nX-Own: " + value + "\r\n\r\n{}");
  });
  for (int round = 0; round < 10; ++round) {
    CHECK(reply_to(post(server.url())).header("x-own") == value);
    const auto odd = fetch(post(server.url()));
    if (odd) CHECK(odd->header("x-own") == value);
    if (!odd) CHECK(odd.error().kind == Kind::broken_off);
  }
}

TEST_CASE_FIXTURE(
    ClientFixture,
    "a server that drops each kept connection at its second request: failed every seventh time") {
  for (void (Connection::*end)() : {&Connection::reset, &Connection::close_now}) {
    ScriptedServer server([end](Connection& connection) {
      if (connection.read_request().empty()) return;
      connection.reply("{}");
      connection.read_request();
      (connection.*end)();
    });
    for (int request = 1; request <= 10; ++request) {
      CAPTURE(request);
      CHECK(reply_to(post(server.url())).status == 200);
    }
    CHECK(server.connections() == 10);
  }
}

TEST_CASE_FIXTURE(ClientFixture,
                  "a request on a kept connection that dies is sent once: POST silently re-sent") {
  for (const auto& body : {std::string("action=add"), std::string(), std::string(200'000, 'x')}) {
    for (void (Connection::*end)() : {&Connection::reset, &Connection::close_now}) {
      ScriptedServer server(after_one_answer([end](Connection& connection) {
        connection.read_request();
        (connection.*end)();
      }));
      CHECK(reply_to(post(server.url())).status == 200);
      const auto error = error_of(post_once(server.url("/once"), body));
      CHECK((error.kind == Kind::not_resent || error.kind == Kind::broken_off));
      CHECK_FALSE(error.nothing_sent);
      CHECK(error.status == 0);
      CHECK(server.final_count("POST /once") == 1);
    }
  }
}

TEST_CASE_FIXTURE(ClientFixture, "a kept connection that dies while a large body is on its way") {
  ScriptedServer server(after_one_answer([](Connection& connection) {
    connection.read_some();
    connection.reset();
  }));
  CHECK(reply_to(post(server.url())).status == 200);
  const auto error = error_of(post_once(server.url("/once"), std::string(4 << 20, 'x')));
  CHECK((error.kind == Kind::not_resent || error.kind == Kind::broken_off));
  CHECK_FALSE(error.nothing_sent);
  CHECK(server.final_count("POST /once") == 1);
}

TEST_CASE_FIXTURE(ClientFixture, "a request that may be repeated survives a kept connection that dies") {
  ScriptedServer server(after_one_answer([](Connection& connection) {
    connection.read_request();
    connection.reset();
  }));
  CHECK(reply_to(post(server.url())).status == 200);
  CHECK(reply_to(post(server.url("/again"))).status == 200);
  CHECK(server.connections() == 2);
  CHECK(server.final_count("POST /again") == 2);
}

TEST_CASE_FIXTURE(ClientFixture,
                  "a kept connection that died while idle is not used: the request gets through") {
  std::atomic<bool> is_closed{false};
  ScriptedServer server(after_one_answer([&](Connection& connection) {
    connection.close_now();
    is_closed = true;
  }));
  CHECK(reply_to(post(server.url())).status == 200);
  run_until([&] { return is_closed.load(); });
  CHECK(reply_to(post_once(server.url("/once"))).status == 200);
  CHECK(server.final_count("POST /once") == 1);
}

TEST_CASE_FIXTURE(ClientFixture, "after a request was held back the client works on") {
  ScriptedServer server(after_one_answer([](Connection& connection) {
    connection.read_request();
    connection.reset();
  }));
  CHECK(reply_to(post(server.url())).status == 200);
  CHECK_FALSE(fetch(post_once(server.url("/once"))).has_value());
  for (int round = 0; round < 3; ++round) CHECK(reply_to(post_once(server.url())).status == 200);
}

TEST_CASE_FIXTURE(ClientFixture, "an endless body, endless headers and a gzip bomb end at the cap") {
  ScriptedServer body([](Connection& connection) {
    connection.read_request();
    connection.write("HTTP/1.1 200 OK\r\n\r\n");
    while (connection.write(std::string(65536, 'x'))) {
    }
  });
  ScriptedServer headers([](Connection& connection) {
    connection.read_request();
    connection.write("HTTP/1.1 200 OK\r\n");
    while (connection.write("X-More: " + std::string(1000, 'x') + "\r\n")) {
    }
  });
  ScriptedServer bomb([](Connection& connection) {
    connection.read_request();
    connection.reply(gzip_of_zeros(258 * 40'000 + 1), "200 OK", "Content-Encoding: gzip\r\n");
    connection.wait_for_end();
  });
  for (auto* server : {&body, &headers, &bomb}) {
    auto request = post(server->url());
    request.max_body = std::size_t{1} << 20;
    const auto error = error_of(request);
    CHECK(error.kind == Kind::too_large);
    CHECK(error.status == 200);
    CHECK_FALSE(error.nothing_sent);
    CHECK(contains(error.detail, server == &headers ? "headers" : "1048576 bytes"));
  }
  auto cut = post(bomb.url());
  cut.max_body = 100'000;
  cut.cut_body = true;
  const auto reply = reply_to(cut);
  CHECK(reply.body == std::string(100'000, '\0'));
  CHECK(reply.body_cut);
}

TEST_CASE_FIXTURE(ClientFixture,
                  "a proxy that is not there, says no, or hangs: nothing was sent to the host") {
  auto request = post_once("https://panel.invalid/s3cret");
  request.timeout = Milliseconds(5000);
  const auto fails = [&](const std::string& proxy, Kind kind) {
    request.proxy = proxy;
    const auto error = error_of(request);
    INFO(error.detail);
    CHECK(error.kind == kind);
    CHECK(error.nothing_sent);
    CHECK_FALSE(contains(error.detail, "s3cret"));
  };
  const auto with_user = [](const ScriptedServer& server) { return server.url("", "user:s3cret@127.0.0.1"); };
  const ClosedPort closed;
  fails("http://user:s3cret@127.0.0.1:" + closed.text(), Kind::connect);
  fails("http://user:s3cret@" + std::string(64, 'a') + ".invalid:3128", Kind::dns);
  fails("http://user:s3cret@[::1", Kind::dns);
  fails("gopher://user:s3cret@127.0.0.1:1", Kind::connect);
  ScriptedServer closes(say(""));
  fails(with_user(closes), Kind::connect);
  for (const auto* status : {"403 Forbidden", "407 Proxy Authentication Required", "502 Bad Gateway"}) {
    ScriptedServer refuses([status](Connection& connection) {
      while (!connection.read_request().empty()) {
        connection.reply("no s3cret", status, "Proxy-Authenticate: Basic realm=\"x\"\r\n");
      }
    });
    fails(with_user(refuses), Kind::connect);
    CHECK(refuses.final_count("POST") == 0);
  }
  ScriptedServer hangs(hang);
  // A request that is kept from the CPU for all its time does not get as far as the proxy.
  const auto was_asked = [&] { return contains(hangs.received(), "CONNECT panel.invalid:443 HTTP/1.1"); };
  for (request.timeout = Milliseconds(50); !was_asked() && request.timeout < std::chrono::seconds(10);
       request.timeout *= 4)
    fails(with_user(hangs), Kind::timeout);
  run_until(was_asked);
  request.timeout = Milliseconds(50);
  ScriptedServer connects_and_hangs(say("HTTP/1.1 200 OK\r\n\r\n", &Connection::wait_for_end));
  fails(with_user(connects_and_hangs), Kind::timeout);
}

TEST_CASE_FIXTURE(ClientFixture,
                  "timeouts that come due together are all reported in one turn: 3 of 4 hung") {
  // Whoever is kept from the CPU until one of them is due begins again with more time.
  for (Milliseconds time(60);; time *= 4) {
    REQUIRE(time < std::chrono::seconds(20));
    ScriptedServer server(hang);
    int reported = 0;
    std::vector<Transfer> transfers;
    for (int number = 0; number < 4; ++number) {
      auto request = post(server.url());
      request.timeout = time;
      transfers.push_back(client.start(std::move(request), [&](const HttpOutcome& outcome) {
        REQUIRE_FALSE(outcome.has_value());
        CHECK(outcome.error().kind == Kind::timeout);
        ++reported;
      }));
    }
    run_until([&] { return reported > 0 || server.count("action=status") == 4; });
    if (reported > 0) continue;
    std::this_thread::sleep_for(time + Milliseconds(20));
    while (reported == 0) loop.run_once(Milliseconds(100));
    CHECK(reported == 4);
    return;
  }
}
