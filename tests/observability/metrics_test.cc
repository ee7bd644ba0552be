#include "child.h"
#include "one_panel.h"
#include "practice-panel/webhook_receiver.h"
#include "shifted_clock.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <set>
#include <sstream>
#include <string>

// What GET /metrics tells.
namespace smm::test::metrics_test {

using namespace one_panel;

namespace {

struct Sample {
  std::string name;
  std::map<std::string, std::string> labels;
  double value = 0;
};

std::vector<Sample> read_samples(const std::string& text) {
  std::vector<Sample> samples;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.empty() || line.front() == '#') continue;
    Sample sample;
    auto at = line.find_first_of("{ ");
    sample.name = line.substr(0, at);
    while (line[at] == '{' || line[at] == ',') {
      const auto equals = line.find('=', at);
      const auto end = line.find('"', equals + 2);
      sample.labels[line.substr(at + 1, equals - at - 1)] = line.substr(equals + 2, end - equals - 2);
      at = end + 1;
    }
    sample.value = std::stod(line.substr(line.rfind(' ') + 1));
    samples.push_back(std::move(sample));
  }
  return samples;
}

std::vector<Sample> metrics_of(const TrackerProcess& tracker) {
  const auto answer = tracker.get("/metrics");
  REQUIRE_MESSAGE(answer.status == 200, answer.body << answer.error);
  return read_samples(answer.body);
}

std::optional<double> value_of(const std::vector<Sample>& samples, const std::string& name,
                               const std::map<std::string, std::string>& labels = {}) {
  for (const auto& sample : samples) {
    if (sample.name == name &&
        std::includes(sample.labels.begin(), sample.labels.end(), labels.begin(), labels.end()))
      return sample.value;
  }
  return std::nullopt;
}

std::string webhook(const std::string& url) {
  return "[webhook.shop]\nurl = \"" + url + "\"\nsecret_file = \"keys/shop\"\nnetwork = \"local\"\n";
}

// Name and labels, as they were promised; and what there is besides.
const std::map<std::string, std::set<std::string>> promised = {
    {"smm_tracker_build_info", {"version"}},
    {"smm_tracker_orders", {"panel", "status"}},
    {"smm_tracker_orders_stalled", {"panel"}},
    {"smm_tracker_panel_up", {"panel"}},
    {"smm_tracker_panel_last_success_timestamp_seconds", {"panel"}},
    {"smm_tracker_panel_requests_total", {"panel", "action", "result"}},
    {"smm_tracker_panel_request_duration_seconds_bucket", {"panel", "le"}},
    {"smm_tracker_panel_request_duration_seconds_sum", {"panel"}},
    {"smm_tracker_panel_request_duration_seconds_count", {"panel"}},
    {"smm_tracker_panel_balance", {"panel", "currency"}},
    {"smm_tracker_poll_lag_seconds", {"panel"}},
    {"smm_tracker_polls_due", {"panel"}},
    {"smm_tracker_status_changes_total", {"panel", "to"}},
    {"smm_tracker_refills_total", {"panel", "outcome"}},
    {"smm_tracker_webhook_deliveries_total", {"webhook", "result"}},
    {"smm_tracker_webhook_queue_length", {"webhook"}},
    {"smm_tracker_webhook_oldest_pending_timestamp_seconds", {"webhook"}},
    {"smm_tracker_events_seq", {}},
    {"smm_tracker_db_size_bytes", {}},
    {"smm_tracker_api_requests_total", {"route", "code"}},
    {"smm_tracker_config_last_reload_successful", {}},
    {"process_cpu_seconds_total", {}},
    {"process_open_fds", {}},
    {"process_max_fds", {}},
    {"process_virtual_memory_bytes", {}},
    {"process_resident_memory_bytes", {}},
    {"process_start_time_seconds", {}},
};
const std::map<std::string, std::set<std::string>> besides = {
    {"smm_tracker_orders_lost", {"panel"}},
    {"smm_tracker_panel_state", {"panel", "state"}},
    {"smm_tracker_panel_paused", {"panel"}},
    {"smm_tracker_panel_balance_low", {"panel"}},
    {"smm_tracker_webhook_dead", {"webhook"}},
    {"smm_tracker_webhook_disabled", {"webhook"}},
    {"smm_tracker_webhook_down", {"webhook"}},
    {"smm_tracker_database_writable", {}},
    {"smm_tracker_placements_unknown", {}},
    {"smm_tracker_config_last_reload_success_timestamp_seconds", {}},
};

}  // namespace

TEST_CASE("the figures have the names and labels that were promised, and promtool finds no fault with them") {
  practice::WebhookReceiver receiver;
  receiver.answer_always({.status = 500});
  OnePanel world("[panel.p1.balance]\nlow = \"5\"\n");
  world.tracker.add_file("keys/shop", webhook_secret);
  world.config += webhook(receiver.url());
  REQUIRE(world.start());
  world.panel.script_order("7", 1000, {});
  REQUIRE(world.tracker.track("p1", {"7"}) == 1);
  std::map<std::string, std::set<std::string>> found;
  CHECK(eventually([&] {
    for (const auto& sample : metrics_of(world.tracker)) {
      auto& labels = found[sample.name];
      for (const auto& [name, value] : sample.labels) labels.insert(name);
    }
    return found.size() >= promised.size() + besides.size();
  }));
  auto wanted = promised;
  wanted.insert(besides.begin(), besides.end());
  for (const auto& family : wanted) {
    CHECK_MESSAGE(found.count(family.first) == 1, family.first);
    CHECK_MESSAGE(found[family.first] == family.second, family.first);
  }
  for (const auto& family : found) CHECK_MESSAGE(wanted.count(family.first) == 1, family.first);
  Launch launch;
  launch.program = "/usr/bin/promtool";
  launch.arguments = {"check", "metrics"};
  launch.input = world.tracker.get("/metrics").body;
  const auto outcome = run(launch);
  CHECK_MESSAGE(outcome.exit == 0, outcome.out << outcome.err);
  CHECK_MESSAGE((outcome.out + outcome.err).empty(), outcome.out << outcome.err);
}

TEST_CASE("what happened is counted: requests, changes, refills, answers") {
  OnePanel world;
  REQUIRE(world.start());
  world.panel.script_order("7", 1000, {});
  REQUIRE(world.tracker.track("p1", {"7"}) == 1);
  REQUIRE(all_asked(world.tracker));
  practice::OrderPatch completed;
  completed.status = "Completed";
  completed.remains = "0";
  world.panel.set_order("7", completed);
  REQUIRE(eventually([&] { return world.order("7")["status"] == "completed"; }));
  const auto refill = world.tracker.post("/v1/orders/p1/7/refill");
  REQUIRE_MESSAGE(refill.status == 201, refill.body);
  const auto again = world.tracker.post("/v1/orders/p1/7/refill");
  world.panel.add_quirk(quirk("html-502", "", "status"));
  std::vector<Sample> samples;
  CHECK(eventually([&] {
    samples = metrics_of(world.tracker);
    return value_of(samples, "smm_tracker_panel_requests_total",
                    {{"action", "status"}, {"result", "http-error"}})
               .value_or(0) > 0;
  }));
  const auto changes = [&](const std::string& to) {
    return value_of(samples, "smm_tracker_status_changes_total", {{"panel", "p1"}, {"to", to}}).value_or(-1);
  };
  CHECK(changes("pending") == 1);
  CHECK(changes("completed") == 1);
  CHECK(changes("partial") == 0);
  CHECK(value_of(samples, "smm_tracker_refills_total", {{"outcome", "accepted"}}) == 1);
  CHECK(value_of(samples, "smm_tracker_orders", {{"panel", "p1"}, {"status", "completed"}}) == 1);
  CHECK(value_of(samples, "smm_tracker_orders", {{"panel", "p1"}, {"status", "pending"}}) == 0);
  CHECK(value_of(samples, "smm_tracker_panel_requests_total", {{"action", "refill"}, {"result", "ok"}})
            .value_or(0) >= 1);
  double requests = 0;
  for (const auto& sample : samples) {
    if (sample.name == "smm_tracker_panel_requests_total") requests += sample.value;
  }
  CHECK(value_of(samples, "smm_tracker_panel_request_duration_seconds_count", {{"panel", "p1"}}) == requests);
  CHECK(value_of(samples, "smm_tracker_panel_request_duration_seconds_bucket", {{"le", "+Inf"}}) == requests);
  CHECK(value_of(samples, "smm_tracker_api_requests_total",
                 {{"route", "POST /v1/orders/{}/{}/refill"}, {"code", "201"}}) ==
        (again.status == 201 ? 2 : 1));
  CHECK(value_of(samples, "smm_tracker_panel_balance", {{"currency", "USD"}}) == doctest::Approx(100.84292));
  CHECK(value_of(samples, "process_resident_memory_bytes").value_or(0) > 1e6);
  CHECK(value_of(samples, "process_open_fds").value_or(0) > 5);
}

TEST_CASE("a path that leads nowhere is counted under one name, however many there are") {
  OnePanel world;
  REQUIRE(world.start());
  for (int i = 0; i < 40; ++i) {
    CHECK(
        world.tracker.get("/nothing/here/" + std::to_string(i) + "/https%3A%2F%2Fcustomer.example").status ==
        404);
    CHECK(world.tracker.get("/v1/orders/p1/" + std::to_string(i)).status == 404);
  }
  std::size_t routes = 0;
  const auto samples = metrics_of(world.tracker);
  for (const auto& sample : samples) routes += sample.name == "smm_tracker_api_requests_total" ? 1 : 0;
  CHECK(routes <= 5);
  CHECK(value_of(samples, "smm_tracker_api_requests_total", {{"route", "other"}, {"code", "404"}}) == 40);
  CHECK(value_of(samples, "smm_tracker_api_requests_total",
                 {{"route", "GET /v1/orders/{}/{}"}, {"code", "404"}}) == 40);
}

TEST_CASE("there are no more series with a thousand orders than with ten") {
  OnePanel world;
  REQUIRE(world.start());
  const auto count = [&](std::size_t first, std::size_t orders) {
    std::vector<std::string> ids;
    for (std::size_t i = 0; i < orders; ++i) ids.push_back(std::to_string(first + i));
    for (const auto& id : ids) world.panel.script_order(id, 1000, {});
    REQUIRE(world.tracker.track("p1", ids) == orders);
    REQUIRE(all_asked(world.tracker));
    std::set<std::string> series;
    for (const auto& sample : metrics_of(world.tracker)) {
      if (sample.name == "smm_tracker_api_requests_total") continue;
      auto name = sample.name;
      for (const auto& [label, value] : sample.labels)
        name.append(",").append(label).append("=").append(value);
      series.insert(name);
    }
    return series;
  };
  const auto few = count(1000, 10);
  CHECK(count(5000, 1000) == few);
}

TEST_CASE("since when a panel gives no good answer is known after a restart, too") {
  OnePanel world;
  REQUIRE(world.start());
  world.panel.script_order("7", 1000, {});
  REQUIRE(world.tracker.track("p1", {"7"}) == 1);
  REQUIRE(all_asked(world.tracker));
  world.server.stop();
  const std::string name = "smm_tracker_panel_last_success_timestamp_seconds";
  REQUIRE(eventually([&] { return value_of(metrics_of(world.tracker), "smm_tracker_panel_up") == 0; }));
  const auto before = value_of(metrics_of(world.tracker), name);
  REQUIRE(before);
  CHECK(world.tracker.stop().code == 0);
  REQUIRE(world.start());
  CHECK(value_of(metrics_of(world.tracker), name) == before);
  CHECK(value_of(metrics_of(world.tracker), "smm_tracker_panel_state", {{"state", "down"}}) == 1);
}

TEST_CASE("a configuration that is refused shows until one is taken") {
  OnePanel world;
  REQUIRE(world.start());
  const std::string name = "smm_tracker_config_last_reload_successful";
  CHECK(value_of(metrics_of(world.tracker), name) == 1);
  world.tracker.write_config(world.config + "nonsense = 1\n");
  CHECK(world.tracker.post("/v1/config/reload").status == 422);
  CHECK(value_of(metrics_of(world.tracker), name) == 0);
  world.tracker.write_config(world.config);
  CHECK(world.tracker.post("/v1/config/reload").status == 200);
  CHECK(value_of(metrics_of(world.tracker), name) == 1);
}

TEST_CASE("a clock that is set or slewed is no other start of the process") {
  ShiftedClock clock;
  OnePanel world;
  REQUIRE(world.tracker.start({.config = world.config, .environment = clock.environment()}));
  const std::string name = "process_start_time_seconds";
  const auto started = value_of(metrics_of(world.tracker), name);
  REQUIRE(started);
  clock.set_clock(std::chrono::seconds(3));
  CHECK(value_of(metrics_of(world.tracker), name) == started);
}

}  // namespace smm::test::metrics_test
