#include "wire_world.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdlib>

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
          const int open = ++open_;
          int most = most_;
          while (open > most && !most_.compare_exchange_weak(most, open)) {
          }
          while (!connection.read_request().empty()) ++requests_;
          --open_;
        }) {}
  [[nodiscard]] std::string url(const std::string& path = "/hook") const { return server_.url(path); }
  [[nodiscard]] int requests() const { return requests_; }
  [[nodiscard]] int most_open() const { return most_; }

 private:
  std::atomic<int> open_{0};
  std::atomic<int> most_{0};
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
    std::tm time{};
    REQUIRE(strptime(stamp.c_str(), "%Y-%m-%dT%H:%M:%S", &time) != nullptr);
    const auto event = static_cast<double>(timegm(&time)) + std::stod(stamp.substr(19, 4));
    delays.push_back(std::chrono::duration<double>(webhook.at.time_since_epoch()).count() - event);
  }
  return delays;
}

}  // namespace

// Events come as polling makes them: a batch of at most 100 orders in one commit. The silent one has as many
// rows waiting before the first of them.
TEST_CASE("an endpoint that never answers, with 5,000 rows waiting, delays no delivery of a healthy one") {
  const int rows = setting("SMM_SILENT_ROWS", 5000);
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
  for (int from = 1; from <= rows; from += batch) {
    const auto more = numbers(std::min(batch, rows - from + 1), rows + from);
    REQUIRE(world.tracker.track("p1", more) == more.size());
  }
  REQUIRE(healthy.wait_for(static_cast<std::size_t>(rows), seconds(120)));
  const std::chrono::duration<double> took = Clock::now() - began;
  const auto delays = delays_of(healthy.received());
  const auto p99 = quantile(delays, 0.99);
  MESSAGE(rows << " deliveries in " << took.count() << " s beside a silent endpoint with " << 2 * rows
               << " rows: median " << quantile(delays, 0.5) * 1000 << " ms, p99 " << p99 * 1000
               << " ms, longest " << quantile(delays, 1) * 1000 << " ms");
  CHECK(healthy.count() == static_cast<std::size_t>(rows));
  CHECK(p99 < 1);
  CHECK(silent.most_open() <= 2);
  CHECK(world.webhook("silent")["pending"] == 2 * rows);
}

}  // namespace smm::test::webhook_limits_test
