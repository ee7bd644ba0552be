#include "compat_world.h"
#include "raw_connection.h"
#include "socket_proxy.h"

#include <array>
#include <cstdio>
#include <optional>

namespace smm::test::compat_proxy_test {

// The drop-in on loopback TCP, through the real systemd-socket-proxyd as the shipped unit starts it.

namespace {

struct ProxyWorld : CompatWorld {
  void begin() {
    auto command = SocketProxy::command(SMM_UNITS);
    CHECK(command.back() == "/run/smm-tracker/compat.sock");
    REQUIRE_MESSAGE(start(), tracker.log());
    proxy.emplace(std::move(command), tracker.socket("compat.sock"));
  }
  [[nodiscard]] RawAnswer say(const std::string& bytes) const {
    const RawConnection client(proxy->port());
    client.say(bytes);
    return read_answer(client.hear_all());
  }
  std::optional<SocketProxy> proxy;
};

std::string form(const std::string& key, const std::string& fields) {
  return "key=" + key + "&" + fields;
}

struct Outcome {
  int exit = -1;
  std::string out;
};
Outcome run(const std::string& command) {
  Outcome outcome;
  FILE* pipe = popen(command.c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::array<char, 4096> piece{};
  while (const auto got = fread(piece.data(), 1, piece.size(), pipe)) outcome.out.append(piece.data(), got);
  outcome.exit = pclose(pipe);
  return outcome;
}

}  // namespace

TEST_CASE("nothing but API v2 with a token gets through the proxy") {
  ProxyWorld world;
  world.begin();
  REQUIRE(world.has_asked_at_start());
  CHECK(world.say(post_bytes("/api/v2", form_type, form(compat_token, "action=balance"), "127.0.0.1:8723"))
            .body == R"({"balance":"100.84292","currency":"USD"})");
  const auto before = world.server.ledger().requests();
  for (const auto* method : {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}) {
    for (const auto* target :
         {"/", "/v1/version", "/v1/orders", "/v1/config", "/v1/config/reload", "/v1/backup",
          "/v1/panels/p1/orders", "/v1/orders/p1/1/refill", "/v1/events", "/metrics", "/../v1/orders",
          "/api/v2/../../v1/orders", "//v1/orders", "/api/v2%2f..%2fv1", "/panels/p1/pause"}) {
      CAPTURE(method);
      CAPTURE(target);
      const auto answer = world.say(std::string(method) + " " + target + "?key=" + compat_token +
                                    " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                                    "Content-Length: 2\r\nConnection: close\r\n\r\n{}");
      CHECK(answer.status == 404);
    }
  }
  for (const auto* key : {"", practice_key, "wrong", "local-token-0123456789abcdeg"}) {
    for (const auto* target : {"/api/v2", "/api/v2/", "/panels/p1/api/v2", "/panels/p2/api/v2"}) {
      for (const auto* action : {"services", "balance", "status&order=1", "add&service=1&link=x&quantity=100",
                                 "refill&order=1", "cancel&orders=1", "refill_status&refill=1", ""}) {
        const auto answer =
            world.say(post_bytes(target, form_type, form(key, std::string("action=") + action)));
        CHECK(answer.body == R"({"error":"Invalid API key"})");
      }
    }
  }
  CHECK(world.say(post_bytes("/api/v2", form_type, form(compat_token, "action=balance"), "shop.example"))
            .status == 403);
  CHECK(world
            .say(post_bytes("/api/v2", std::string("Origin: null\r\n") + form_type,
                            form(compat_token, "action=balance")))
            .status == 403);
  CHECK(world.server.ledger().requests() == before);
  CHECK(world.tracker.all_items("/v1/placements").empty());
}

TEST_CASE("a client that hangs up at the proxy is known to have, and gets the answer when it asks again") {
  ProxyWorld world;
  world.hold_adds();
  world.begin();
  REQUIRE(world.has_asked_at_start());
  const auto bytes = compat_bytes("action=add&service=1&link=x&quantity=100");
  std::size_t files = 0;
  {
    const RawConnection client(world.proxy->port());
    client.say(bytes);
    REQUIRE(eventually([&] { return world.count("add") == 1; }));
    files = world.tracker.vitals().files;
  }
  // The proxy has closed its end, too, and the daemon its own.
  REQUIRE(eventually([&] { return world.tracker.vitals().files < files; }));
  world.server.let_go();
  REQUIRE(eventually([&] { return !world.tracker.all_items("/v1/placements?state=accepted").empty(); }));
  CHECK(world.say(bytes).body == R"({"order":23501})");
  CHECK(world.count("add") == 1);
}

TEST_CASE("the units are sound, and nothing enables them by itself") {
  const std::string units = SMM_UNITS;
  // It exits 0 on unknown keys: what counts is that it says nothing.
  const auto verdict = run("systemd-analyze verify --man=no " + units + "/smm-tracker-loopback.socket " +
                           units + "/smm-tracker-loopback.service 2>&1");
  CHECK(verdict.exit == 0);
  CHECK(verdict.out.empty());
  const auto socket = read_file(units + "/smm-tracker-loopback.socket");
  const auto service = read_file(units + "/smm-tracker-loopback.service");
  CHECK(socket.find("\nListenStream=127.0.0.1:") != std::string::npos);
  CHECK(service.find("[Install]") == std::string::npos);
}

}  // namespace smm::test::compat_proxy_test
