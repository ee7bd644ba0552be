#include "practice-panel/server.h"
#include "practice-panel/webhook_receiver.h"
#include "raw_connection.h"
#include "tracker_process.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstring>
#include <future>
#include <map>
#include <mutex>
#include <sstream>
#include <thread>

namespace smm::test::service_test {

namespace practice = smm::practice;
using std::chrono::seconds;
using std::chrono::steady_clock;

namespace {

// For what comes, sooner or later.
constexpr seconds ample{30};
// What is not done in this time the daemon gives up when it stops: who ends sooner did not wait for it.
constexpr double drain_limit = 10;

// A Unix socket of the test's own; nothing of it is inherited.
class TestSocket {
 public:
  // The numbers are kept clear of those that sockets are handed over at.
  explicit TestSocket(int type) {
    const int low = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
    fd_ = fcntl(low, F_DUPFD_CLOEXEC, 50);
    close(low);
  }
  ~TestSocket() { shut(); }
  TestSocket(const TestSocket&) = delete;
  TestSocket& operator=(const TestSocket&) = delete;
  void shut() {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }
  [[nodiscard]] int fd() const { return fd_; }
  void bind_to(const std::filesystem::path& path) const {
    std::filesystem::create_directories(path.parent_path());
    REQUIRE(apply(&::bind, path) == 0);
  }
  void listen_at(const std::filesystem::path& path) const {
    bind_to(path);
    REQUIRE(listen(fd_, 16) == 0);
  }
  [[nodiscard]] bool connects_to(const std::filesystem::path& path) const {
    return apply(&::connect, path) == 0;
  }
  void say(const std::string& text) const {
    REQUIRE(send(fd_, text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size()));
  }
  // What comes next, "" at the end or when the patience ends.
  [[nodiscard]] std::string next(milliseconds patience) const {
    pollfd waiting{fd_, POLLIN, 0};
    if (poll(&waiting, 1, static_cast<int>(patience.count())) <= 0) return {};
    std::string text(8192, '\0');
    const auto got = recv(fd_, text.data(), text.size(), 0);
    text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return text;
  }

 private:
  int apply(int (*action)(int, const sockaddr*, socklen_t), const std::filesystem::path& path) const {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    return action(fd_, static_cast<const sockaddr*>(static_cast<const void*>(&address)), sizeof address);
  }

  int fd_ = -1;
};

// What the daemon says to its service manager, a datagram at a time.
class ServiceManager {
 public:
  explicit ServiceManager(const TrackerProcess& tracker) : path_(tracker.directory() / "notify") {
    socket_.bind_to(path_);
  }
  [[nodiscard]] std::map<std::string, std::string> environment() const { return {{"NOTIFY_SOCKET", path_}}; }
  // Reads until a line begins so; that datagram, or "".
  std::string wait_for(const std::string& beginning, milliseconds patience) const {
    const auto give_up = steady_clock::now() + patience;
    while (steady_clock::now() < give_up) {
      auto datagram = socket_.next(milliseconds(50));
      if (("\n" + datagram).find("\n" + beginning) != std::string::npos) return datagram;
    }
    return {};
  }
  void forget() const {
    while (!socket_.next(milliseconds(0)).empty()) {
    }
  }

 private:
  std::filesystem::path path_;
  TestSocket socket_{SOCK_DGRAM};
};

const std::string silent_panel = panel_section("p1", "http://127.0.0.1:9/api/v2");

std::string webhook_section(const std::string& url) {
  return "[webhook.shop]\nurl = \"" + url +
         "\"\nsecret_file = \"keys/shop\"\nnetwork = \"local\"\n"
         "events = [\"order.tracked\"]\n";
}

// Ends the daemon by a signal; the seconds it took. It must end with 0.
double end_by(TrackerProcess& tracker, int signal) {
  const auto began = steady_clock::now();
  tracker.signal(signal);
  const auto ended = tracker.wait_for_exit(ample);
  REQUIRE_MESSAGE(ended, tracker.log());
  CHECK_MESSAGE(ended->code == 0, tracker.log());
  return std::chrono::duration<double>(steady_clock::now() - began).count();
}

std::string get_bytes(const std::string& target) {
  return "GET " + target + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
}

void check_draining(const RawConnection& client) {
  const auto answer = read_answer(client.hear_all());
  CHECK_MESSAGE(answer.status == 503, answer.body);
  CHECK_MESSAGE(answer.body.find(R"("code":"draining")") != std::string::npos, answer.body);
}

// What the client heard until these words came.
std::string hear_until(const RawConnection& client, const std::string& words) {
  std::string text;
  while (text.find(words) == std::string::npos) {
    const auto more = client.hear_some();
    REQUIRE_MESSAGE(!more.empty(), text);
    text += more;
  }
  return text;
}

}  // namespace

TEST_CASE(
    "the service manager hears of readiness once the sockets answer, of the state of things, and of the "
    "end") {
  TrackerProcess tracker;
  const ServiceManager manager(tracker);
  tracker.launch({.config = silent_panel, .environment = manager.environment()});
  REQUIRE_FALSE(manager.wait_for("READY=1", ample).empty());
  CHECK(tracker.get("/v1/health").status == 200);
  TrackerProcess::Call read_only;
  read_only.target = "/v1/version";
  read_only.socket = "ro.sock";
  CHECK(tracker.call(read_only).status == 200);
  CHECK(manager.wait_for("STATUS=", ample).find("following 0 orders on 1 panel") != std::string::npos);
  tracker.signal(SIGTERM);
  CHECK_FALSE(manager.wait_for("STOPPING=1", ample).empty());
  CHECK(tracker.wait_for_exit(ample).value_or(ExitState{}).code == 0);
}

TEST_CASE("without a panel the daemon is healthy, and log and status say what is missing") {
  TrackerProcess tracker;
  const ServiceManager manager(tracker);
  tracker.launch({.config = "# nothing yet\n", .environment = manager.environment()});
  REQUIRE_FALSE(manager.wait_for("READY=1", ample).empty());
  CHECK(tracker.get("/v1/health").status == 200);
  CHECK(manager.wait_for("STATUS=no panel to follow", ample).find("configuration") != std::string::npos);
  CHECK(tracker.log().find("describes no panel, so nothing is followed; add [panel.NAME]") !=
        std::string::npos);
}

TEST_CASE("the service manager hears of a reload and of its end, also when the file has errors") {
  TrackerProcess tracker;
  const ServiceManager manager(tracker);
  tracker.launch({.config = silent_panel, .environment = manager.environment()});
  REQUIRE_FALSE(manager.wait_for("READY=1", ample).empty());
  for (const std::string& config : {std::string(silent_panel), std::string("nonsense")}) {
    CAPTURE(config);
    tracker.write_config(config);
    manager.forget();
    tracker.signal(SIGHUP);
    CHECK(manager.wait_for("RELOADING=1", ample).find("MONOTONIC_USEC=") != std::string::npos);
    CHECK_FALSE(manager.wait_for("READY=1", ample).empty());
  }
}

TEST_CASE("the watchdog is fed by the running loop and by nothing else") {
  TrackerProcess tracker;
  const ServiceManager manager(tracker);
  tracker.launch(
      {.config = silent_panel, .environment = manager.environment(), .watchdog = milliseconds(400)});
  REQUIRE_FALSE(manager.wait_for("READY=1", ample).empty());
  for (int i = 0; i < 3; ++i) CHECK_FALSE(manager.wait_for("WATCHDOG=1", ample).empty());
  tracker.signal(SIGSTOP);
  manager.forget();
  (void)manager.wait_for("WATCHDOG=1", milliseconds(100));  // one may have been on its way
  CHECK(manager.wait_for("WATCHDOG=1", seconds(1)).empty());
  tracker.signal(SIGCONT);
  CHECK_FALSE(manager.wait_for("WATCHDOG=1", ample).empty());
  CHECK(tracker.stop().code == 0);
}

TEST_CASE("without a watchdog none is fed") {
  TrackerProcess tracker;
  const ServiceManager manager(tracker);
  tracker.launch({.config = silent_panel, .environment = manager.environment()});
  REQUIRE_FALSE(manager.wait_for("READY=1", ample).empty());
  CHECK(manager.wait_for("WATCHDOG=1", seconds(1)).empty());
}

TEST_CASE("sockets handed over by name are served by their names, a stranger among them is closed") {
  TrackerProcess tracker;
  // "read.sock" is the read-only one: the name counts, not the path.
  TestSocket api(SOCK_STREAM);
  TestSocket read_only(SOCK_STREAM);
  TestSocket stranger(SOCK_STREAM);
  api.listen_at(tracker.socket());
  read_only.listen_at(tracker.socket("read.sock"));
  stranger.listen_at(tracker.socket("stranger.sock"));
  const TestSocket early(SOCK_STREAM);
  REQUIRE(early.connects_to(tracker.socket()));
  early.say("GET /v1/version HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");

  REQUIRE_MESSAGE(
      tracker.start({.config = silent_panel,
                     .activated = {{read_only.fd(), "ro"}, {stranger.fd(), "metrics"}, {api.fd(), "api"}}}),
      tracker.log());
  CHECK(early.next(ample).rfind("HTTP/1.1 200", 0) == 0);
  CHECK(tracker.post("/v1/orders", Json{{"panel", "p1"}, {"id", "1"}}).status == 201);
  TrackerProcess::Call call;
  call.socket = "read.sock";
  call.target = "/v1/orders/p1/1";
  CHECK(tracker.call(call).status == 200);
  call.method = "POST";
  call.target = "/v1/orders";
  call.body = R"({"panel":"p1","id":"2"})";
  const auto refused = tracker.call(call);
  CHECK(refused.status == 403);
  CHECK(refused.json()["code"] == "read-only-socket");

  CHECK_MESSAGE(tracker.log().find("metrics") != std::string::npos, tracker.log());
  stranger.shut();
  CHECK_FALSE(TestSocket(SOCK_STREAM).connects_to(tracker.socket("stranger.sock")));
  CHECK_FALSE(std::filesystem::exists(tracker.socket("ro.sock")));
  CHECK(tracker.stop().code == 0);
}

TEST_CASE("a signal ends the program at once and well, whoever waits gets an answer") {
  int signal = 0;
  SUBCASE("SIGTERM") {
    signal = SIGTERM;
  }
  SUBCASE("SIGINT") {
    signal = SIGINT;
  }
  practice::PracticeServer server;
  server.add_panel().script_order("1", 1000, {});
  TrackerProcess tracker;
  REQUIRE_MESSAGE(tracker.start({.config = fast_polling() + panel_section("p1", server.api_url("p1"))}),
                  tracker.log());
  REQUIRE(tracker.post("/v1/orders", Json{{"panel", "p1"}, {"id", "1"}}).status == 201);
  REQUIRE(eventually([&] { return tracker.get("/v1/orders/p1/1").json()["status"] == "pending"; }));
  const RawConnection waiting(tracker.socket());
  const RawConnection batch(tracker.socket());
  const RawConnection stream(tracker.socket());
  waiting.say(get_bytes("/v1/orders/p1/1?wait=60s&until=ended"));
  batch.say(get_bytes("/v1/events?since=2&wait=60s"));
  stream.say(get_bytes("/v1/events?follow=1&since=1"));
  auto followed = hear_until(stream, R"({"seq":2,)");
  REQUIRE(tracker.has_taken_in());

  CHECK(end_by(tracker, signal) < drain_limit);
  check_draining(waiting);
  check_draining(batch);
  followed += stream.hear_all();
  CHECK_MESSAGE(followed.rfind("HTTP/1.1 200", 0) == 0, followed);
  CHECK_MESSAGE(followed.ends_with("\r\n0\r\n\r\n"), followed);  // the last chunk: nothing was cut
  const std::string event = "\n{\"seq\":";
  CHECK_MESSAGE(followed.find(event) == followed.rfind(event), followed);
}

TEST_CASE("a panel that hangs does not hold up the end: polls are cancelled, poll-now is answered with 503") {
  practice::PracticeServer server;
  auto& panel = server.add_panel();
  panel.script_order("1", 1000, {});
  panel.add_quirk({.name = "hang"});
  TrackerProcess tracker;
  REQUIRE_MESSAGE(tracker.start({.config = fast_polling() + panel_section("p1", server.api_url("p1"))}),
                  tracker.log());
  REQUIRE(tracker.post("/v1/orders", Json{{"panel", "p1"}, {"id", "1"}}).status == 201);
  REQUIRE(eventually([&] { return server.ledger().requests() >= 1; }));
  const RawConnection asked(tracker.socket());
  asked.say("POST /v1/orders/p1/1/poll HTTP/1.1\r\nHost: localhost\r\n\r\n");
  REQUIRE(eventually([&] { return tracker.get("/v1/panels/p1").json()["in_flight"] == 2; }));
  CHECK(end_by(tracker, SIGTERM) < drain_limit);
  check_draining(asked);

  panel.clear_quirks();
  REQUIRE_MESSAGE(tracker.start({}), tracker.log());
  CHECK(eventually([&] { return tracker.get("/v1/orders/p1/1").json()["status"] == "pending"; }));
}

TEST_CASE("a webhook under way at the end is made again at the next start: the same id, the same bytes") {
  practice::ReceiverOptions receiving;
  receiving.secrets = {webhook_secret};
  practice::WebhookReceiver receiver(receiving);
  receiver.answer_next({.delivery = practice::Delivery::hang});
  TrackerProcess tracker;
  tracker.add_file("keys/shop", webhook_secret);
  REQUIRE_MESSAGE(tracker.start({.config = silent_panel + webhook_section(receiver.url())}), tracker.log());
  REQUIRE(tracker.post("/v1/orders", Json{{"panel", "p1"}, {"id", "1"}}).status == 201);
  REQUIRE(receiver.wait_for(1));
  CHECK(end_by(tracker, SIGTERM) < drain_limit);
  CHECK(receiver.count() == 1);

  REQUIRE_MESSAGE(tracker.start({}), tracker.log());
  REQUIRE(receiver.wait_for(2));
  const auto received = receiver.received();
  CHECK(received[0].id == received[1].id);
  CHECK(received[0].body == received[1].body);
  CHECK(received[1].verdict == practice::SignatureVerdict::verified);
  REQUIRE(eventually([&] { return !tracker.all_items("/v1/deliveries?state=delivered").empty(); }));
  const auto attempts = tracker.get("/v1/deliveries/1").json()["attempts"];
  REQUIRE(attempts.size() == 2);
  CHECK(attempts[0]["outcome"] == "interrupted");
  CHECK(attempts[1]["outcome"] == "delivered");
}

TEST_CASE(
    "who was connected before the stop still gets what takes no waiting, and the rest is refused as unsent") {
  practice::PracticeServer server;
  server.add_panel().add_quirk({.name = "slow-reply", .action = "add", .parameter = "20000"});
  TrackerProcess tracker;
  REQUIRE_MESSAGE(tracker.start({.config = panel_section("p1", server.api_url("p1"))}), tracker.log());
  const RawConnection silent(tracker.socket());
  const RawConnection half(tracker.socket());
  const RawConnection placing(tracker.socket());
  const RawConnection waiting(tracker.socket());
  const std::string json = "Host: localhost\r\nContent-Type: application/json\r\nContent-Length: ";
  half.say("POST /v1/orders HTTP/1.1\r\n" + json + "23\r\n\r\n{\"panel\":");
  REQUIRE(tracker.has_taken_in());
  // What costs money keeps the program until the panel has answered.
  auto slow = std::async(std::launch::async, [&] {
    TrackerProcess::Call place;
    place.method = "POST";
    place.target = "/v1/panels/p1/orders";
    place.body = R"({"service":"1","link":"https://example.com/x","quantity":100})";
    place.headers = {"Idempotency-Key: slow", "Content-Type: application/json"};
    return tracker.call(place);
  });
  REQUIRE(eventually([&] { return !tracker.all_items("/v1/placements").empty(); }));
  tracker.signal(SIGTERM);
  REQUIRE(eventually([&] { return tracker.log().find("stopping (SIGTERM)") != std::string::npos; }));

  silent.say(get_bytes("/v1/orders"));
  const auto list = silent.hear_all();
  CHECK_MESSAGE(list.rfind("HTTP/1.1 200", 0) == 0, list);
  CHECK(list.find("Connection: close") != std::string::npos);
  half.say("\"p1\",\"id\":\"7\"}");
  const auto tracked = half.hear_all();
  CHECK_MESSAGE(tracked.rfind("HTTP/1.1 201", 0) == 0, tracked);
  placing.say(post_bytes("/v1/panels/p1/orders",
                         "Content-Type: application/json\r\nIdempotency-Key: late\r\n",
                         R"({"service":"1","link":"https://example.com/y","quantity":100})"));
  const auto refused = placing.hear_all();
  CHECK_MESSAGE(refused.rfind("HTTP/1.1 503", 0) == 0, refused);
  CHECK(refused.find(R"("sent":"no")") != std::string::npos);
  waiting.say(get_bytes("/v1/events?wait=20s"));
  check_draining(waiting);

  server.let_go();
  const auto bought = slow.get();
  CHECK_MESSAGE(bought.status == 201, bought.error << bought.body << tracker.log());
  CHECK(tracker.wait_for_exit(ample).value_or(ExitState{}).code == 0);
  REQUIRE_MESSAGE(tracker.start({}), tracker.log());
  CHECK(tracker.get("/v1/orders/p1/7").status == 200);
}

TEST_CASE(
    "who kept a connection may still ask when the program stops, and a long answer is read to its end") {
  TrackerProcess tracker;
  REQUIRE_MESSAGE(tracker.start({.config = silent_panel}), tracker.log());
  std::vector<std::string> ids;
  for (int i = 0; i < 1000; ++i) ids.push_back(std::to_string(i));
  REQUIRE(tracker.track("p1", ids) == 1000);
  std::string answer;  // to who kept a connection
  std::string text;    // the long one
  const auto has_all = [&] { return answer.rfind("HTTP/1.1 200", 0) == 0 && text.ends_with("}\n"); };
  // Who has been slow for five seconds is cut, and what was slow may have been this machine: then once more.
  for (int tries = 0; tries < 3 && !has_all(); ++tries) {
    if (tries > 0) REQUIRE_MESSAGE(tracker.start({}), tracker.log());
    const RawConnection kept(tracker.socket());
    kept.say(get_bytes("/v1/version"));
    REQUIRE(kept.hear_some().rfind("HTTP/1.1 200", 0) == 0);
    const RawConnection slow(tracker.socket());
    slow.say(get_bytes("/v1/orders?limit=1000"));
    text = slow.hear_some(1000);
    const auto said_before = tracker.log().size();
    tracker.signal(SIGTERM);
    REQUIRE(eventually(
        [&] { return tracker.log().find("stopping (SIGTERM)", said_before) != std::string::npos; }));
    kept.say(get_bytes("/v1/version"));
    answer = kept.hear_all();
    std::this_thread::sleep_for(milliseconds(1500));  // longer than anybody else is given
    for (std::string more = "."; !more.empty(); text += more) more = slow.hear_some(20'000);
    CHECK(tracker.wait_for_exit(ample).value_or(ExitState{}).code == 0);
  }
  CHECK_MESSAGE(answer.rfind("HTTP/1.1 200", 0) == 0, answer);
  CHECK(answer.find("Connection: close") != std::string::npos);
  CHECK(read_answer(text).body.find(R"("id":"999")") != std::string::npos);
  CHECK(text.ends_with("}\n"));
}

TEST_CASE("when a panel that is up answered last is known after a restart, too") {
  practice::PracticeServer server;
  server.add_panel().script_order("1", 1000, {});
  TrackerProcess tracker;
  REQUIRE_MESSAGE(tracker.start({.config = panel_section("p1", server.api_url("p1"))}), tracker.log());
  REQUIRE(tracker.track("p1", {"1"}) == 1);
  const auto answered = [&] { return tracker.get("/v1/panels/p1").json()["last_success_at"]; };
  REQUIRE(eventually([&] { return tracker.get("/v1/orders/p1/1").json()["status"] == "pending"; }));
  CHECK(tracker.stop().code == 0);
  server.stop();
  REQUIRE_MESSAGE(tracker.start({}), tracker.log());
  CHECK_FALSE(answered().is_null());
}

TEST_CASE("who comes while the program stops is told so or finds nobody, and no answer is cut") {
  TrackerProcess tracker;
  REQUIRE_MESSAGE(tracker.start({.config = silent_panel}), tracker.log());
  std::map<std::string, int> met;
  std::vector<std::thread> clients;
  std::mutex mutex;
  std::atomic<bool> over = false;
  clients.reserve(3);
  for (int i = 0; i < 3; ++i) {
    clients.emplace_back([&] {
      while (!over) {
        const auto answer = tracker.get("/v1/version");
        const auto what = answer.status == 503 ? answer.json()["code"].get<std::string>()
                          : answer.status != 0 ? std::to_string(answer.status) + answer.error
                                               : answer.error;
        const std::lock_guard<std::mutex> lock(mutex);
        ++met[what];
      }
    });
  }
  eventually([&] {
    const std::lock_guard<std::mutex> lock(mutex);
    return met["200"] > 0;
  });
  CHECK(end_by(tracker, SIGTERM) < drain_limit);
  over = true;
  for (auto& client : clients) client.join();
  for (const auto& how : met) MESSAGE(how.first << ": " << how.second);
  CHECK(met["200"] > 0);
  met.erase("200");
  met.erase("draining");
  for (const auto& how : met) {
    const auto& what = how.first;
    // Refused, or reset before a byte of an answer while it stood in the kernel's queue: what has a status
    // and then an error was cut, and is none of these.
    const bool nobody = what == "Couldn't connect to server" || what == "Failed sending data to the peer" ||
                        what == "Failure when receiving data from the peer";
    CHECK_MESSAGE(nobody, what << ": " << how.second);
  }
}

}  // namespace smm::test::service_test
