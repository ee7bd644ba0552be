#include "compat_world.h"
#include "raw_connection.h"

#include <sys/stat.h>

#include <random>

namespace smm::test::compat_sockets_test {

// Our own API v2: who may ask it, over which socket, and what becomes of everything else.

namespace {

std::string fields(const std::string& key, const std::string& rest = "action=balance") {
  return "key=" + key + "&" + rest;
}

std::string body_of(const HttpAnswer& answer) {
  return std::to_string(answer.status) + " " + answer.body;
}

const std::string invalid = R"(200 {"error":"Invalid API key"})";
const std::string balance = R"(200 {"balance":"100.84292","currency":"USD"})";

}  // namespace

TEST_CASE("the key chooses the panel, and a wrong one opens nothing, even with one panel") {
  CompatWorld world;
  REQUIRE_MESSAGE(world.start(), world.tracker.log());
  const auto post = [&](const std::string& key, const std::string& target, const std::string& socket) {
    return body_of(world.post({.body = fields(key), .target = target, .socket = socket}));
  };
  for (const auto* target : {"/api/v2", "/api/v2/", "/panels/p1/api/v2", "/panels/p1/api/v2/"}) {
    CAPTURE(target);
    for (const auto* socket : {"api.sock", "compat.sock"})
      CHECK(post(compat_token, target, socket) == balance);
    const bool named = std::string(target).find("p1") != std::string::npos;
    CHECK(post(practice_key, target, "api.sock") == balance);
    CHECK(post(practice_key, target, "compat.sock") == invalid);
    CHECK(post("wrong", target, "api.sock") == (named ? balance : invalid));
    CHECK(post("wrong", target, "compat.sock") == invalid);
    CHECK(post("", target, "compat.sock") == invalid);
  }
  CHECK(post(compat_token, "/panels/p2/api/v2", "compat.sock") == invalid);
  CHECK(post("x", "/panels/p2/api/v2", "api.sock").find("Not sent: the configuration names no panel") !=
        std::string::npos);
  CHECK(body_of(world.post({.body = "action=balance", .target = "/panels/p1/api/v2"})) == balance);
}

TEST_CASE("two panels are told apart by their tokens, and a reload brings a new one into force") {
  CompatWorld world;
  world.server.add_panel({.name = "p2", .key = "other-key", .balance = "7.5"});
  world.tracker.add_file("keys/p2", "other-key");
  world.tracker.add_file("keys/p2.local", "second-token-0123456789abcdef");
  const auto second = "[panel.p2]\nurl = \"" + world.server.api_url("p2") +
                      "\"\nkey_file = \"keys/p2\"\ncompat_token_file = \"keys/p2.local\"\n";
  REQUIRE_MESSAGE(world.start(CompatWorld::slow_polling(), second), world.tracker.log());
  const auto ask = [&](const std::string& key) {
    return world.post({.body = fields(key), .socket = "compat.sock"}).json();
  };
  CHECK(ask(compat_token)["balance"] == "100.84292");
  CHECK(ask("second-token-0123456789abcdef")["balance"] == "7.50000");
  world.tracker.add_file("keys/p2.local", "another-token-0123456789abcdef");
  REQUIRE(world.tracker.post("/v1/config/reload").status == 200);
  CHECK(ask("second-token-0123456789abcdef")["error"] == "Invalid API key");
  CHECK(ask("another-token-0123456789abcdef")["balance"] == "7.50000");
}

TEST_CASE("compat answers nothing but API v2, to this machine's names only, and never a web page") {
  CompatWorld world;
  REQUIRE_MESSAGE(world.start(), world.tracker.log());
  struct stat status {};
  REQUIRE(stat(world.tracker.socket("compat.sock").c_str(), &status) == 0);
  CHECK((status.st_mode & 0777U) == 0660);
  const auto say = [&](const std::string& bytes) {
    const RawConnection client(world.tracker.socket("compat.sock"));
    client.say(bytes);
    return read_answer(client.hear_all());
  };
  for (const auto* target : {"/", "/v1/orders", "/v1/config", "/metrics", "/api/v2/x", "/panels/p1/api/v22",
                             "/v1/panels/p1/orders"}) {
    CAPTURE(target);
    CHECK(say(post_bytes(target, form_type, fields(compat_token))).status == 404);
    CHECK(say(std::string("GET ") + target + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
              .status == 404);
  }
  CHECK(say("GET /api/v2?key=" + std::string(compat_token) +
            "&action=balance HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            .status == 405);
  for (const auto* host : {"localhost", "LOCALHOST:8723", "127.0.0.1:1", "[::1]:99"}) {
    CHECK(say(post_bytes("/api/v2", form_type, fields(compat_token), host)).status == 200);
  }
  for (const auto* host : {"panel.example", "127.0.0.1.example", "localhost.example:80", "10.0.0.1"}) {
    const auto answer = say(post_bytes("/api/v2", form_type, fields(compat_token), host));
    CHECK(answer.status == 403);
    CHECK(answer.body == R"({"error":"Not sent: Host must be localhost, 127.0.0.1 or [::1] here"})");
  }
  const std::string origin = std::string("Origin: http://localhost\r\n") + form_type;
  CHECK(say(post_bytes("/api/v2", origin, fields(compat_token))).status == 403);
  CHECK(world.post({.body = fields(compat_token), .socket = "ro.sock"}).status == 403);
}

TEST_CASE("what cannot be served is refused in the shape of a panel") {
  CompatWorld world;
  REQUIRE_MESSAGE(world.start(), world.tracker.log());
  const auto error = [&](const CompatWorld::Post& post) {
    const auto answer = world.post(post);
    CHECK(answer.headers.at("content-type") == "application/json");
    return std::to_string(answer.status) + " " + answer.json()["error"].get<std::string>();
  };
  CHECK(error({.body = std::string(std::size_t{5} << 20U, 'x')}) == "413 Not sent: the body is over 4 MiB");
  CHECK(error({.body = "{", .type = "application/json"}).find("200 Not sent: the body is not JSON") == 0);
  CHECK(error({.body = "--x", .type = "multipart/form-data"}).find("200 Not sent: ") == 0);
  CHECK(error({.body = ""}) == "200 Invalid API key");
  const std::string key = fields(compat_token, "");
  CHECK(error({.body = key}) == "200 Incorrect request");
  CHECK(error({.body = key + "action=Status"}) == "200 Incorrect request");
  CHECK(error({.body = key + "action=drop_tables"}) == "200 Incorrect request");
  CHECK(error({.body = key + "action=status"}) == "200 Incorrect order ID");
  CHECK(error({.body = key + "action=status&orders="}) == "200 Incorrect order ID");
  CHECK(error({.body = key + "action=refill"}) == "200 Incorrect order ID");
  CHECK(error({.body = key + "action=cancel"}) == "200 Incorrect order ID");
  CHECK(error({.body = key + "action=refill_status"}) == "200 Refill not found");
  CHECK(error({.body = key + "action=status&order=a/b"}) == "200 Incorrect order ID");
  std::string many;
  for (int i = 0; i < 1001; ++i) many += std::to_string(i) + ",";
  for (const auto* action :
       {"status&orders=", "refill&orders=", "cancel&orders=", "refill_status&refills="}) {
    CHECK(error({.body = std::string(key).append("action=").append(action).append(many)}) ==
          "200 Not sent: more than 1000 ids in one request");
  }
  CHECK(world.server.ledger().requests() <= 2);  // catalogue and balance, by the daemon itself
}

TEST_CASE("a program that stops tells its clients in their own shape") {
  CompatWorld world;
  world.panel.seed_orders(1, 7);
  REQUIRE_MESSAGE(world.start(), world.tracker.log());
  REQUIRE(world.has_asked_at_start());
  world.panel.add_quirk(quirk("slow-reply", "", "60000"));
  const RawConnection client(world.tracker.socket("compat.sock"));
  client.say(post_bytes("/api/v2", form_type, fields(compat_token, "action=status&order=23501")));
  REQUIRE(eventually([&] { return world.count("status") == 1; }));
  world.tracker.signal(15);
  const auto answer = read_answer(client.hear_all());
  CHECK(answer.status == 200);
  CHECK_MESSAGE(answer.body.find(R"({"error":"Not sent: )") == 0, answer.body);
}

TEST_CASE("no bytes at all break the daemon, and it goes on to answer") {
  CompatWorld world;
  world.panel.seed_orders(5, 7);
  REQUIRE_MESSAGE(world.start(), world.tracker.log());
  std::mt19937 random(4711);
  const std::vector<std::string> seeds = {
      fields(compat_token, "action=status&orders=23501,23502,99"),
      fields(compat_token, "action=refill_status&refills[]=1&refills[]=2"),
      R"({"key":")" + std::string(compat_token) + R"(","action":"status","orders":[23501,"x",null,{"a":1}]})",
      "--b\r\nContent-Disposition: form-data; name=\"key\"\r\n\r\n" + std::string(compat_token) +
          "\r\n--b\r\nContent-Disposition: form-data; name=\"action\"\r\n\r\nservices\r\n--b--\r\n",
  };
  const std::vector<std::string> types = {"application/x-www-form-urlencoded", "application/json",
                                          "multipart/form-data; boundary=b", "\xff;;=", "application/json;"};
  for (int round = 0; round < 400; ++round) {
    auto body = seeds[random() % seeds.size()];
    for (int times = 0; times < 3 && !body.empty(); ++times) {
      const auto at = random() % body.size();
      if (random() % 3 == 0)
        body.erase(at, random() % 20);
      else
        body.insert(at, 1, static_cast<char>(random() % 256));
    }
    const auto type = "Content-Type: " + types[random() % types.size()] + "\r\n";
    const RawConnection client(world.tracker.socket("compat.sock"));
    client.say(post_bytes("/api/v2", type, body));
    const auto answer = read_answer(client.hear_all());
    CAPTURE(body);
    CAPTURE(answer.body);
    CHECK(answer.status == 200);
    CHECK(Json::accept(answer.body));
  }
  CHECK(world.tracker.running());
  CHECK(body_of(world.post({.body = fields(compat_token)})) == balance);
}

}  // namespace smm::test::compat_sockets_test
