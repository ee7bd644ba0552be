#include "wire_world.h"

#include <atomic>
#include <cstdio>
#include <fstream>
#include <functional>
#include <thread>

// Bodies, heads and redirects that an endpoint answers with, and what they cost and count for.
namespace smm::test::webhook_answers_test {

using std::chrono::seconds;

namespace {

// A hundred million zeros in about 97 KB.
std::string gzip_bomb() {
  std::string bytes;
  std::FILE* pipe = popen("head -c 100000000 /dev/zero | gzip -9", "r");
  REQUIRE(pipe != nullptr);
  std::array<char, 65536> piece{};
  for (auto size = std::fread(piece.data(), 1, piece.size(), pipe); size > 0;
       size = std::fread(piece.data(), 1, piece.size(), pipe)) {
    bytes.append(piece.data(), size);
  }
  REQUIRE(pclose(pipe) == 0);
  REQUIRE(bytes.size() > 50'000);
  return bytes;
}

struct Misbehaviour {
  std::string name;
  std::string headers;  // after the status line
  std::function<void(Connection&)> body;
};

// A byte every 100 ms until the other side goes.
void drip(Connection& connection) {
  while (connection.write("x")) std::this_thread::sleep_for(milliseconds(100));
}

class Bodies {
 public:
  Bodies() : bomb_(gzip_bomb()) {
    const std::string chunked = "Transfer-Encoding: chunked\r\n";
    list_ = {{"drip", "Content-Length: 1000000\r\n", drip},
             {"endless", "", [this](Connection& connection) { flood(connection, std::string(16384, 'x')); }},
             {"reset", "Content-Length: 1000\r\n",
              [](Connection& connection) {
                connection.write("half");
                connection.reset();
              }},
             {"cut", "Content-Length: 1000\r\n", [](Connection& connection) { connection.write("half"); }},
             {"bomb", "Content-Encoding: gzip\r\nContent-Length: " + std::to_string(bomb_.size()) + "\r\n",
              [this](Connection& connection) { connection.write(bomb_); }},
             {"nochunk", chunked, [](Connection& connection) { connection.write("zzz\r\n\r\n"); }},
             {"chunkext", chunked,
              [this](Connection& connection) {
                connection.write("1");
                flood(connection, ";extension=" + std::string(16384, 'x'));
              }},
             {"trailers", chunked, [this](Connection& connection) {
                connection.write("2\r\n{}\r\n0\r\n");
                flood(connection, "X-Trailer: " + std::string(1000, 'x') + "\r\n");
              }}};
  }
  [[nodiscard]] const std::vector<Misbehaviour>& list() const { return list_; }
  // "/200/drip"
  void serve(Connection& connection) const {
    const auto path = path_of(connection.read_request());
    for (const auto& bad : list_) {
      if (path.size() < 5 || path.substr(5) != bad.name) continue;
      connection.write("HTTP/1.1 " + path.substr(1, 3) + " So\r\n" + bad.headers + "\r\n");
      bad.body(connection);
    }
  }
  // Bytes the kernels of both sides took at most, of one endless body.
  [[nodiscard]] std::size_t most_flooded() const { return most_flooded_; }

 private:
  void flood(Connection& connection, const std::string& piece) {
    std::size_t sent = 0;
    while (connection.write(piece)) sent += piece.size();
    std::size_t most = most_flooded_;
    while (sent > most && !most_flooded_.compare_exchange_weak(most, sent)) {
    }
  }
  std::string bomb_;
  std::vector<Misbehaviour> list_;
  std::atomic<std::size_t> most_flooded_{0};
};

void serve_head(Connection& connection) {
  const auto path = path_of(connection.read_request());
  const std::string filler = "X-Filler: " + std::string(1000, 'x') + "\r\n";
  if (path == "/endless200" || path == "/endless500") {
    connection.write("HTTP/1.1 " + path.substr(8) + " So\r\n");
    while (connection.write(filler)) {
    }
  } else if (path == "/dripping200") {
    connection.write("HTTP/1.1 200 OK\r\nX-Filler: ");
    drip(connection);
  } else if (path == "/cut200") {
    connection.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n");
  } else if (path == "/interim") {
    connection.write("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n");
  } else if (path == "/interims") {
    while (connection.write("HTTP/1.1 100 Continue\r\n\r\n")) {
    }
  } else if (path == "/gone") {
    connection.write("HTTP/1.1 410 Gone\r\nContent-Length: 1000\r\n\r\nhalf");
    connection.reset();
  } else if (path == "/silent") {
    connection.wait_for_end();
  }
}

// The most memory the process has had, in KiB.
long peak_memory(const TrackerProcess& tracker) {
  std::ifstream status("/proc/" + std::to_string(tracker.pid()) + "/status");
  for (std::string line; std::getline(status, line);)
    if (line.rfind("VmHWM:", 0) == 0) return std::stol(line.substr(6));
  FAIL("no VmHWM");
  return 0;
}

// Of an attempt that its timeout ends, 15 s, and what a busy machine adds.
constexpr double longest = 29;

double length_of(const Json& attempt) {
  return seconds_of(attempt["ended_at"].get<std::string>()) -
         seconds_of(attempt["started_at"].get<std::string>());
}

}  // namespace

TEST_CASE(
    "bodies that drip, never end, break or explode: 2xx is success, the rest a failed try, within 15 s") {
  const Bodies bodies;
  ScriptedServer server([&](Connection& connection) { bodies.serve(connection); });
  ScriptedServer heads(serve_head);
  std::vector<Hook> hooks;
  for (const auto& bad : bodies.list()) {
    hooks.push_back({"good-" + bad.name, server.url("/200/" + bad.name)});
    hooks.push_back({"bad-" + bad.name, server.url("/500/" + bad.name)});
  }
  for (const std::string path :
       {"endless200", "endless500", "dripping200", "cut200", "interim", "interims", "gone", "silent"})
    hooks.push_back({path, heads.url("/" + path)});
  const WebhookWorld world(hooks);
  const auto memory = peak_memory(world.tracker);
  world.make_event("1");

  for (const auto& bad : bodies.list()) {
    CAPTURE(bad.name);
    const auto good = world.delivery("good-" + bad.name, 1);
    CAPTURE(good.dump().substr(0, 1000));
    CHECK(good["state"] == "delivered");
    CHECK(good["attempts"][0]["http_status"] == 200);
    const auto& kept = good["attempts"][0]["response"];
    CHECK((kept.is_null() || kept.get<std::string>().size() <= 4096));
    CHECK(length_of(good["attempts"][0]) < longest);
    const auto refused = world.delivery("bad-" + bad.name, 1);
    CAPTURE(refused.dump().substr(0, 1000));
    CHECK(refused["state"] == "pending");
    CHECK(refused["tries"] == refused["attempts"].size());
    CHECK(refused["attempts"][0]["http_status"] == 500);
    CHECK_FALSE(refused["attempts"][0]["error"].is_null());
    CHECK(length_of(refused["attempts"][0]) < longest);
  }
  CHECK(length_of(world.delivery("good-drip", 1)["attempts"][0]) > 14.5);
  for (const std::string name : {"endless", "chunkext", "trailers"})
    CHECK(length_of(world.delivery("good-" + name, 1)["attempts"][0]) < 14.5);  // it did not wait for that

  // An endpoint that says 200 and then headers without end has said 200; one that never finishes its head
  // within the time has said nothing.
  CHECK(world.delivery("endless200", 1)["state"] == "delivered");
  CHECK(world.delivery("endless500", 1)["attempts"][0]["http_status"] == 500);
  for (const std::string name : {"dripping200", "cut200", "interim", "interims", "silent"}) {
    const auto delivery = world.delivery(name, 1);
    CAPTURE(delivery.dump());
    CHECK(delivery["state"] == "pending");
    CHECK(delivery["tries"] == delivery["attempts"].size());
    CHECK(delivery["attempts"][0]["outcome"] == "failed");
    CHECK(delivery["attempts"][0]["http_status"].is_null());
    CHECK(length_of(delivery["attempts"][0]) < longest);
  }
  CHECK(length_of(world.delivery("silent", 1)["attempts"][0]) > 14.5);
  CHECK(eventually([&] { return world.webhook("gone")["disabled"] == true; }));

  MESSAGE("the daemon grew by " << peak_memory(world.tracker) - memory << " KiB");
  // The sanitizer keeps what was freed for a while; without it two or three MiB do.
  CHECK(peak_memory(world.tracker) - memory < 192 * 1024);
  CHECK(bodies.most_flooded() < std::size_t{32} << 20);
  CHECK(server.count("\r\nAccept-Encoding:") == 0);
}

TEST_CASE("a redirect of whatever kind leads nowhere: the attempt has failed and says why") {
  practice::WebhookReceiver canary(verifying());
  std::atomic<int> elsewhere{0};
  const auto away = canary.url();
  const std::vector<std::string> statuses = {"300", "301", "302", "303", "305", "307", "308"};
  const std::vector<std::string> headers = {
      "Location: " + away,       "Location: /elsewhere",
      "Location: elsewhere",     "Location: " + away.substr(5),
      "Refresh: 0; url=" + away, "Content-Location: " + away + "\r\nLink: <" + away + ">; rel=canonical"};
  ScriptedServer server([&](Connection& connection) {
    for (auto request = connection.read_request(); !request.empty(); request = connection.read_request()) {
      const auto path = path_of(request);  // "/301/0"
      if (path.size() != 6) ++elsewhere;
      const auto line = path.size() == 6 ? headers.at(std::stoul(path.substr(5))) : "X-Lost: yes";
      connection.reply("<a href=\"" + away + "\">here</a>", path.substr(1, 3) + " So", line + "\r\n");
    }
  });
  std::vector<Hook> hooks;
  for (const auto& status : statuses)
    for (std::size_t i = 0; i < headers.size(); ++i)
      hooks.push_back(
          {"r" + status + "-" + std::to_string(i), server.url("/" + status + "/" + std::to_string(i))});
  hooks.push_back({"refresh", server.url("/200/4")});
  const WebhookWorld world(hooks);
  world.make_event("1");
  for (const auto& hook : hooks) {
    const auto delivery = world.delivery(hook.name, 1);
    CAPTURE(delivery.dump());
    if (hook.name == "refresh") {
      CHECK(delivery["state"] == "delivered");
      continue;
    }
    CHECK(delivery["state"] == "pending");
    CHECK(delivery["tries"] == delivery["attempts"].size());
    CHECK(delivery["attempts"][0]["outcome"] == "refused");
    CHECK(delivery["attempts"][0]["http_status"].dump() == hook.name.substr(1, 3));
    const auto error = delivery["attempts"][0]["error"].get<std::string>();
    CHECK(error == "it answered " + hook.name.substr(1, 3) + "; redirects are not followed");
  }
  CHECK(canary.count() == 0);
  CHECK(elsewhere == 0);
}

}  // namespace smm::test::webhook_answers_test
