#include "practice-panel/server.h"
#include "raw_connection.h"
#include "tracker_process.h"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <deque>
#include <future>

namespace smm::test::sockets_test {

namespace practice = smm::practice;
using std::chrono::seconds;
using std::chrono::steady_clock;

namespace {

// A client that says what it is told, byte for byte.
class RawSocket {
 public:
  explicit RawSocket(const std::filesystem::path& path)
      : fd_(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    REQUIRE(connect(fd_, static_cast<const sockaddr*>(static_cast<const void*>(&address)), sizeof address) ==
            0);
    const timeval patience{30, 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }
  ~RawSocket() { close(fd_); }
  RawSocket(const RawSocket&) = delete;
  RawSocket& operator=(const RawSocket&) = delete;

  void say(const std::string& text) const { (void)!send(fd_, text.data(), text.size(), MSG_NOSIGNAL); }
  // What comes until `end` is there, the server closes, or nothing comes for half a minute.
  [[nodiscard]] std::string hear(const std::string& end) const {
    std::string all;
    std::string piece(65536, '\0');
    while (all.find(end) == std::string::npos) {
      const auto got = recv(fd_, piece.data(), piece.size(), 0);
      if (got <= 0) break;
      all.append(piece, 0, static_cast<std::size_t>(got));
    }
    return all;
  }

 private:
  int fd_;
};

// A daemon with one panel of 300 orders that stand still.
struct World {
  explicit World(const std::string& more = "") {
    auto& panel = server.add_panel();
    ids = panel.seed_orders(300, 7);
    started = tracker.start({.config = panel_section("p1", server.api_url("p1")) + more});
  }
  // The head and body of what is answered to these bytes.
  std::string answer_to(const std::string& request) const {
    const RawSocket client(tracker.socket());
    client.say(request);
    return client.hear("}\n");
  }
  Json problem_of(const std::string& request) const {
    const auto answer = answer_to(request);
    CAPTURE(answer);
    CHECK(answer.find("Content-Type: application/problem+json") != std::string::npos);
    const auto body = answer.find("\r\n\r\n");
    REQUIRE(body != std::string::npos);
    return Json::parse(answer.substr(body + 4));
  }
  HttpAnswer send(const std::string& method, const std::string& target,
                  const std::optional<std::string>& body = {}, const std::vector<std::string>& headers = {}) {
    TrackerProcess::Call call;
    call.method = method;
    call.target = target;
    call.body = body;
    call.headers = headers;
    return tracker.call(call);
  }
  // Tracks `count` orders of a paused panel, then asks about one of them: so many events that nobody below
  // wants, and a single one that they do.
  void bury_an_event(int count) {
    REQUIRE(tracker.post("/v1/panels/p1/pause").status == 200);
    std::vector<std::string> many;
    many.reserve(static_cast<std::size_t>(count));
    for (int i = 0; i < count; ++i) many.push_back(std::to_string(23501 + i));
    REQUIRE(tracker.track("p1", many) == many.size());
    REQUIRE(tracker.post("/v1/orders/p1/23501/poll").status == 200);
  }

  practice::PracticeServer server;
  TrackerProcess tracker;
  std::vector<std::string> ids;
  bool started = false;
};

void check_problem(const HttpAnswer& answer, long status, const std::string& code) {
  CAPTURE(answer.body);
  CHECK(answer.status == status);
  REQUIRE(answer.headers.count("content-type") == 1);
  CHECK(answer.headers.at("content-type") == "application/problem+json");
  CHECK(answer.json()["code"] == code);
}

std::string head(const std::string& line, const std::string& more = "") {
  return line + " HTTP/1.1\r\nHost: x\r\n" + more + "\r\n";
}

}  // namespace

TEST_CASE("an event behind 12,000 others that nobody asked for is found, not waited for, and not missed") {
  World world;
  REQUIRE_MESSAGE(world.started, world.tracker.log());
  world.bury_an_event(12'000);
  const std::string wanted = "/v1/events?types=order.status_changed";
  const auto plain = world.tracker.get(wanted);
  CHECK(plain.body.find("{\"seq\":12001,") == 0);
  CHECK(plain.headers.at("smm-next-since") == "12001");
  CHECK(world.tracker.get(wanted + "&limit=1").body == plain.body);
  const auto start = steady_clock::now();
  CHECK(world.tracker.get(wanted + "&wait=20s").body == plain.body);
  CHECK(world.tracker.get(wanted + "&wait=0s").body == plain.body);
  CHECK(steady_clock::now() - start < seconds(10));
  const auto none = world.tracker.get("/v1/events?types=order.lost");
  CHECK(none.status == 200);
  CHECK(none.body.empty());
  CHECK(none.headers.at("smm-next-since") == "12001");
  const auto both =
      world.tracker.get("/v1/events?types=order.status_changed&types=order.tracked&since=11990");
  CHECK(std::count(both.body.begin(), both.body.end(), '\n') == 11);
  std::deque<RawSocket> followers;
  for (int i = 0; i < 20; ++i) {
    followers.emplace_back(world.tracker.socket()).say(head("GET " + wanted + "&follow=1&since=1"));
  }
  CHECK(world.tracker.get("/v1/version").status == 200);
  for (const auto& follower : followers) {
    CHECK(follower.hear("}}\n").find("{\"seq\":12001,") != std::string::npos);
  }
}

TEST_CASE("a batch that waits gets the event that comes, though others come first") {
  World world;
  REQUIRE_MESSAGE(world.started, world.tracker.log());
  auto batch = std::async(std::launch::async, [&] {
    return world.tracker.get("/v1/events?types=order.status_changed&wait=25s");
  });
  world.bury_an_event(7000);
  CHECK(batch.get().body.find("{\"seq\":7001,") == 0);
}

TEST_CASE("half a thousand half-sent requests leave room for a whole one") {
  World world;
  REQUIRE_MESSAGE(world.started, world.tracker.log());
  std::deque<RawSocket> crowd;
  for (int i = 0; i < 500; ++i) {
    crowd.emplace_back(world.tracker.socket()).say("GET /v1/version HTTP/1.1\r\nHost: x\r\nX: ");
  }
  TrackerProcess::Call call;
  call.target = "/v1/version";
  call.timeout = seconds(10);
  CHECK(world.tracker.call(call).status == 200);
}

TEST_CASE("poll-now of an order the panel does not know, or leaves out, is no success") {
  World world;
  REQUIRE_MESSAGE(world.started, world.tracker.log());
  REQUIRE(world.tracker.post("/v1/panels/p1/pause").status == 200);
  REQUIRE(world.tracker.track("p1", {"23501", "404404"}) == 2);
  const auto unknown = world.send("POST", "/v1/orders/p1/404404/poll");
  check_problem(unknown, 502, "upstream-error");
  CHECK(unknown.json()["kind"] == "said-no");
  CHECK(unknown.json()["detail"] == "Incorrect order ID");
  CHECK(world.send("POST", "/v1/orders/p1/23501/poll").status == 200);
  world.server.panel("p1").add_quirk({.name = "empty-array"});
  const auto left_out = world.send("POST", "/v1/orders/p1/23501/poll");
  check_problem(left_out, 502, "upstream-error");
  CHECK(left_out.json()["detail"] == "it left the order out of its reply");
}

TEST_CASE("an unknown query key is refused everywhere") {
  World world;
  REQUIRE_MESSAGE(world.started, world.tracker.log());
  REQUIRE(world.tracker.track("p1", {"23501"}) == 1);
  const std::vector<std::pair<std::string, std::string>> all{
      {"GET", "/"},
      {"GET", "/v1/version"},
      {"GET", "/v1/health"},
      {"GET", "/v1/status"},
      {"GET", "/v1/orders"},
      {"POST", "/v1/orders"},
      {"GET", "/v1/orders/p1/23501"},
      {"PATCH", "/v1/orders/p1/23501"},
      {"GET", "/v1/orders/p1/23501/history"},
      {"POST", "/v1/orders/p1/23501/poll"},
      {"DELETE", "/v1/orders/p1/23501"},
      {"GET", "/v1/panels"},
      {"GET", "/v1/panels/p1"},
      {"POST", "/v1/panels/p1/test"},
      {"POST", "/v1/panels/p1/pause"},
      {"POST", "/v1/panels/p1/resume"},
      {"GET", "/v1/events"},
      {"GET", "/v1/webhooks"},
      {"GET", "/v1/deliveries"},
      {"GET", "/v1/deliveries/1"},
      {"POST", "/v1/config/reload"},
  };
  for (const auto& route : all) {
    CAPTURE(route.second);
    check_problem(world.send(route.first, route.second + "?x=1"), 400, "unknown-parameter");
  }
}

TEST_CASE("a request that breaks HTTP's rules gets problem+json, and not the library's page") {
  World world;
  REQUIRE_MESSAGE(world.started, world.tracker.log());
  const std::string json = "Content-Type: application/json\r\n";
  const std::vector<std::pair<std::string, std::string>> unsound{
      {head("POST /v1/orders", json + "Content-Length: 3\r\nContent-Length: 4\r\n") + "abc", "bad-request"},
      {head("POST /v1/orders", json + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n") + "0\r\n\r\n",
       "bad-request"},
      {"GET /v1/version HTTP/1.1\r\n\r\n", "bad-request"},
      {head("GET /v1/version", "Host: y\r\n"), "bad-request"},
      {head("GET /v1/version?x y"), "bad-request"},
      {head("GET /" + std::string(40'000, 'a')), "uri-too-long"},
      {head("POST /v1/orders", json + "Content-Length: 5000000\r\n"), "too-large"},
  };
  for (const auto& request : unsound) {
    CAPTURE(request.first.substr(0, 100));
    CHECK(world.problem_of(request.first)["code"] == request.second);
  }
}

TEST_CASE("a path that names no panel or no possible order says which, and a cursor's bounds are numbers") {
  World world(panel_section("p2", "http://127.0.0.1:9/api/v2"));
  REQUIRE_MESSAGE(world.started, world.tracker.log());
  REQUIRE(world.tracker.track("p2", {"5"}) == 1);
  world.tracker.write_config(panel_section("p1", world.server.api_url("p1")));
  REQUIRE(world.tracker.post("/v1/config/reload").status == 200);
  for (const std::string more : {"", "/history"}) {
    check_problem(world.send("GET", "/v1/orders/zz/1" + more), 404, "panel-unknown");
    check_problem(world.send("GET", "/v1/orders/p1/1" + more), 404, "order-not-found");
    check_problem(world.send("GET", "/v1/orders/p2/1" + more), 404, "order-not-found");
    check_problem(world.send("GET", "/v1/orders/p1/bad%20id" + more), 422, "validation-failed");
    check_problem(world.send("GET", "/v1/orders/p1/" + std::string(65, '1') + more), 422,
                  "validation-failed");
    CHECK(world.send("GET", "/v1/orders/p2/5" + more).status == 200);
  }
  check_problem(world.send("POST", "/v1/orders/zz/1/poll"), 404, "panel-unknown");
  check_problem(world.send("POST", "/v1/orders/p2/5/poll"), 404, "panel-unknown");
  check_problem(world.send("DELETE", "/v1/orders/zz/1"), 404, "panel-unknown");
  check_problem(world.send("PATCH", "/v1/orders/zz/1", "{}"), 404, "panel-unknown");
  check_problem(world.send("POST", "/v1/orders", R"({"panel":"zz","id":"1"})"), 404, "panel-unknown");
  check_problem(world.send("POST", "/v1/orders", R"({"panel":"zz","id":"?"})"), 422, "validation-failed");
  const auto expired = world.tracker.get("/v1/events?since=999999");
  check_problem(expired, 410, "cursor-expired");
  CHECK(expired.json()["newest"].is_number_integer());
  const auto known = world.send("POST", "/v1/orders", R"({"panel":"p1","id":"23501"})",
                                {"Content-Type: Application/JSON ; Charset=UTF-8"});
  CHECK(known.status == 201);
}

TEST_CASE(
    "a body nested deep, or with a key twice, is refused, the one at once and the other with its place") {
  World world;
  REQUIRE_MESSAGE(world.started, world.tracker.log());
  const auto deep = world.send("POST", "/v1/orders", std::string((4U << 20) - 1, '['));
  check_problem(deep, 400, "bad-json");
  CHECK(deep.json()["detail"] == "the body is nested deeper than 16 levels");
  std::string many = "[1";
  for (int i = 0; i < 200'000; ++i) many += ",1";
  check_problem(world.send("POST", "/v1/orders", many + "]"), 413, "too-large");
  const auto twice = world.send("POST", "/v1/orders", R"({"panel":"p1","id":"5","id":"6"})");
  check_problem(twice, 422, "validation-failed");
  CHECK(twice.json()["errors"][0]["at"] == "id");
  const auto second =
      world.send("POST", "/v1/orders",
                 R"([{"panel":"p1","id":"5"},{"panel":"p1","id":"6","labels":{"a":"1","a":"2"}}])");
  check_problem(second, 422, "validation-failed");
  CHECK(second.json()["errors"][0]["at"] == "1.a");
  CHECK(world.tracker.all_items("/v1/orders").empty());
}

TEST_CASE("who waits when the program stops is told so, not that the time is over") {
  World world;
  REQUIRE_MESSAGE(world.started, world.tracker.log());
  REQUIRE(world.tracker.track("p1", {"23501"}) == 1);
  const RawConnection order(world.tracker.socket());
  const RawConnection events(world.tracker.socket());
  order.say(head("GET /v1/orders/p1/23501?wait=60s&until=ended"));
  events.say(head("GET /v1/events?types=order.lost&wait=60s"));
  REQUIRE(world.tracker.has_taken_in());
  CHECK(world.tracker.stop().code == 0);
  for (const auto* client : {&order, &events}) {
    const auto text = client->hear_all();
    CAPTURE(text);
    const auto answer = read_answer(text);
    CHECK(answer.status == 503);
    CHECK(text.find("Content-Type: application/problem+json") != std::string::npos);
    CHECK(answer.body.find(R"("code":"draining")") != std::string::npos);
  }
}

}  // namespace smm::test::sockets_test
