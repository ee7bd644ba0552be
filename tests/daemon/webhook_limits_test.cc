#include "wire_world.h"

#include <poll.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdlib>
#include <mutex>
#include <set>

// How much of the machine, of the network and of an endpoint the deliveries take, and for how long.
namespace smm::test::webhook_limits_test {

using std::chrono::seconds;
using Clock = std::chrono::steady_clock;

namespace {

// An endpoint that takes every connection and every request and never says a word.
class SilentEndpoint {
 public:
  SilentEndpoint()
      : server_([this](Connection& connection) {
          opened(connection.fd());
          while (!connection.read_request().empty()) ++requests_;
          const std::lock_guard lock(mutex_);
          taken_.erase(connection.fd());
        }) {}
  [[nodiscard]] std::string url(const std::string& path = "/hook") const { return server_.url(path); }
  [[nodiscard]] int requests() const { return requests_; }
  [[nodiscard]] std::ptrdiff_t most_open() const {
    const std::lock_guard lock(mutex_);
    return most_;
  }

 private:
  // Its client has not closed it. Whether the thread that reads from it has noticed says nothing.
  static bool is_open(int fd) {
    pollfd watched{fd, POLLRDHUP, 0};
    return ::poll(&watched, 1, 0) == 0;
  }
  void opened(int fd) {
    const std::lock_guard lock(mutex_);
    taken_.insert(fd);
    most_ = std::max(most_, std::count_if(taken_.begin(), taken_.end(), is_open));
  }

  mutable std::mutex mutex_;
  std::set<int> taken_;
  std::ptrdiff_t most_ = 0;
  std::atomic<int> requests_{0};
  ScriptedServer server_;
};

int setting(const char* name, int otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr ? otherwise : std::atoi(value);
}

double quantile(std::vector<double> values, double share) {
  std::sort(values.begin(), values.end());
  return values.at(static_cast<std::size_t>(std::ceil(share * static_cast<double>(values.size()))) - 1);
}

// From the commit of each event (the timestamp in its body) to the arrival of its delivery, in seconds.
std::vector<double> delays_of(const std::vector<practice::ReceivedWebhook>& received) {
  std::vector<double> delays;
  delays.reserve(received.size());
  for (const auto& webhook : received) {
    const auto stamp = Json::parse(webhook.body)["timestamp"].get<std::string>();
    delays.push_back(std::chrono::duration<double>(webhook.at.time_since_epoch()).count() -
                     seconds_of(stamp));
  }
  return delays;
}

}  // namespace

// Events come as polling makes them: a batch of at most 100 orders in one commit. The silent one has as many
// rows waiting before the first of them, and gets them all as well.
TEST_CASE("an endpoint that never answers, with thousands of rows waiting, delays no delivery of another") {
  const int rows = setting("SMM_SILENT_ROWS", 2000);
  constexpr int batch = 100;
  SilentEndpoint silent;
  practice::WebhookReceiver healthy;
  Hook later{"healthy", healthy.url()};
  later.more = "events = [\"order.tracked\"]\n";
  WebhookWorld world({{"silent", silent.url()}});
  REQUIRE(world.tracker.track("p1", numbers(rows)) == static_cast<std::size_t>(rows));
  REQUIRE(eventually([&] { return silent.requests() == 2; }));
  world.reload({{"silent", silent.url()}, later});
  const auto began = Clock::now();
  int batches = 0;
  int beside_one_attempt = 0;
  for (int from = 1; from <= rows; from += batch) {
    const auto attempts = silent.requests();
    const auto more = numbers(std::min(batch, rows - from + 1), rows + from);
    REQUIRE(world.tracker.track("p1", more) == more.size());
    REQUIRE(healthy.wait_for(static_cast<std::size_t>(from - 1) + more.size()));
    ++batches;
    beside_one_attempt += silent.requests() == attempts ? 1 : 0;
  }
  const std::chrono::duration<double> took = Clock::now() - began;
  const auto delays = delays_of(healthy.received());
  const auto p99 = quantile(delays, 0.99);
  MESSAGE(rows << " deliveries in " << took.count() << " s beside a silent endpoint with " << 2 * rows
               << " rows: median " << quantile(delays, 0.5) * 1000 << " ms, p99 " << p99 * 1000
               << " ms, longest " << quantile(delays, 1) * 1000 << " ms");
  CHECK(healthy.count() == static_cast<std::size_t>(rows));
  // Whoever waits for the silent one waits for the end of its attempts, 15 s, and then the next are made.
  MESSAGE(beside_one_attempt << " of " << batches << " batches while the same attempts hung");
  CHECK(beside_one_attempt >= batches / 2);
  CHECK(silent.most_open() <= 2);
  CHECK(world.webhook("silent")["pending"] == 2 * rows);
}

TEST_CASE(
    "twelve endpoints that never answer and a healthy one: sixteen connections in all, and it is served") {
  constexpr int silent_ones = 12;
  constexpr seconds less_than_an_attempt(14);  // of theirs
  SilentEndpoint silent;
  practice::WebhookReceiver healthy(verifying());
  std::vector<Hook> hooks;
  hooks.reserve(silent_ones + 1);
  for (int i = 0; i < silent_ones; ++i)
    hooks.push_back({"silent" + std::to_string(i), silent.url("/" + std::to_string(i))});
  hooks.push_back({"zhealthy", healthy.url()});
  const WebhookWorld world(hooks);
  REQUIRE(world.tracker.track("p1", numbers(200)) == 200);
  CHECK(healthy.wait_for(200, less_than_an_attempt));
  // Thirteen have one of their own each; the three second ones end up with who has more to send.
  CHECK(eventually([&] { return silent.requests() == silent_ones + 3; }));
  REQUIRE(world.tracker.track("p1", numbers(200, 201)) == 200);
  CHECK(healthy.wait_for(400, less_than_an_attempt));
  CHECK(silent.most_open() <= 15);
  CHECK(healthy.count() == 400);
}

TEST_CASE("SIGTERM with sixteen deliveries hanging ends at once; they are made again and none used a try") {
  constexpr int endpoints = 8;
  std::atomic<bool> silent{true};
  std::atomic<int> requests{0};
  ScriptedServer server([&](Connection& connection) {
    while (!connection.read_request().empty()) {
      ++requests;
      if (!silent) connection.reply("");
    }
  });
  std::vector<Hook> hooks;
  hooks.reserve(endpoints);
  for (int i = 0; i < endpoints; ++i)
    hooks.push_back({"shop" + std::to_string(i), server.url("/" + std::to_string(i))});
  WebhookWorld world(hooks);
  REQUIRE(world.tracker.track("p1", numbers(3)) == 3);
  REQUIRE(eventually([&] { return requests == 16; }));
  const auto before = Clock::now();
  CHECK(world.tracker.stop().code == 0);
  const std::chrono::duration<double> took = Clock::now() - before;
  MESSAGE("stopped within " << took.count() << " s");
  CHECK(took < seconds(14));  // an attempt has 15
  silent = false;
  REQUIRE_MESSAGE(world.tracker.start({}), world.tracker.log());
  CHECK(eventually([&] {
    return world.tracker.all_items("/v1/deliveries?state=delivered").size() == std::size_t{3 * endpoints};
  }));
  int interrupted = 0;
  for (int i = 0; i < endpoints; ++i) {
    for (const auto& delivery : deliveries_of(world.tracker, "shop" + std::to_string(i))) {
      CAPTURE(delivery.dump());
      CHECK(delivery["tries"] == 1);
      const auto& attempts = delivery["attempts"];
      REQUIRE_FALSE(attempts.empty());
      CHECK(attempts.back()["outcome"] == "delivered");
      for (std::size_t k = 0; k + 1 < attempts.size(); ++k) {
        ++interrupted;
        CHECK(attempts[k]["outcome"] == "interrupted");
        CHECK(attempts[k]["http_status"].is_null());
      }
    }
  }
  CHECK(interrupted == 16);
}

// What the daemon began within any second, by its own record, which tells the time its turn of the loop
// began: a little before it was sent.
std::size_t most_within_a_second(std::vector<double> starts) {
  std::sort(starts.begin(), starts.end());
  std::size_t most = 0;
  for (std::size_t first = 0, last = 0; last < starts.size(); ++last) {
    while (starts[last] - starts[first] >= 0.9) ++first;
    most = std::max(most, last - first + 1);
  }
  return most;
}

TEST_CASE("a rate is never passed, whatever has piled up, neither at the start nor after a pause") {
  practice::WebhookReceiver slow(verifying());
  practice::WebhookReceiver fast(verifying());
  Hook twenty{"twenty", slow.url()};
  twenty.rate = 20;
  Hook many{"many", fast.url()};
  many.rate = 300;  // of which there is no whole number of milliseconds between two
  WebhookWorld world({twenty, many});
  REQUIRE(world.tracker.post("/v1/webhooks/twenty/pause").status == 200);
  REQUIRE(world.tracker.post("/v1/webhooks/many/pause").status == 200);
  REQUIRE(world.tracker.track("p1", numbers(450)) == 450);
  const auto began = Clock::now();
  REQUIRE(world.tracker.post("/v1/webhooks/twenty/resume").status == 200);
  REQUIRE(world.tracker.post("/v1/webhooks/many/resume").status == 200);
  REQUIRE(slow.wait_for(50));
  const std::chrono::duration<double> took = Clock::now() - began;
  CHECK(took.count() >= 1.9);
  REQUIRE(fast.wait_for(450));
  REQUIRE(world.tracker.post("/v1/webhooks/twenty/pause").status == 200);
  const std::vector<std::pair<std::string, std::size_t>> rates = {{"twenty", 20}, {"many", 300}};
  for (const auto& limited : rates) {
    std::vector<double> starts;
    for (const auto& delivery : deliveries_of(world.tracker, limited.first))
      for (const auto& attempt : delivery["attempts"])
        starts.push_back(seconds_of(attempt["started_at"].get<std::string>()));
    MESSAGE(limited.first << ": " << starts.size() << " attempts, at most " << most_within_a_second(starts)
                          << " within a second");
    CHECK(starts.size() >= 50);
    CHECK(most_within_a_second(starts) <= limited.second);
  }
}

}  // namespace smm::test::webhook_limits_test
