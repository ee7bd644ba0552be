#include "practice-panel/server.h"
#include "practice-panel/webhook_receiver.h"
#include "tracker_process.h"
#include "witness.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdlib>
#include <random>
#include <thread>

using namespace smm::test;
namespace practice = smm::practice;
using practice::Ms;

namespace {

practice::SeedOptions quick_courses() {
  practice::SeedOptions options;
  options.courses = {Ms(500), Ms(4000), Ms(2000), Ms(12'000)};
  return options;
}

std::string webhook_section(const std::string& url) {
  return "[webhook.shop]\nurl = \"" + url +
         "\"\nsecret_file = \"keys/shop\"\nnetwork = \"local\"\nrate = 0\nevents = [\"*\"]\n";
}

practice::ReceiverOptions verifying() {
  practice::ReceiverOptions options;
  options.secrets = {webhook_secret};
  return options;
}

// Everybody was asked again since the panel's clock stopped.
bool asked_again(practice::PracticeServer& server, const TrackerProcess& tracker, std::size_t orders) {
  const auto asked = [&] {
    std::size_t ids = 0;
    const auto panels = tracker.get("/v1/panels").json();
    for (const auto& panel : panels["items"]) ids += panel["ids_asked"].get<std::size_t>();
    return ids;
  };
  server.clock().set_speed(0);
  const auto before = asked();
  // Two whole rounds, whoever comes first in them.
  const bool asked_all =
      eventually([&] { return asked() >= before + 2 * orders + 200; }, std::chrono::seconds(60));
  if (!asked_all)
    MESSAGE(before << " ids asked before, now: " << tracker.get("/v1/status").body << tracker.log());
  return asked_all;
}

std::size_t largest_batch(practice::PracticeServer& server) {
  std::size_t largest = 0;
  for (const auto& entry : server.ledger().entries()) largest = std::max(largest, entry.request.asked.size());
  return largest;
}

}  // namespace

TEST_CASE(
    "10,000 orders on three panels: the panel's ledger equals history, events and webhooks, one for one") {
  practice::ServerOptions options;
  options.speed = 1;
  practice::PracticeServer server(options);
  practice::WebhookReceiver receiver(verifying());
  TrackerProcess tracker;
  tracker.add_file("keys/shop", webhook_secret);
  std::string config = "[poll]\nfastest = \"2s\"\nmoving = \"2s\"\nslowest = \"3s\"\nsettle = \"1h\"\n" +
                       webhook_section(receiver.url());
  const std::vector<std::pair<std::string, std::size_t>> panels = {{"p1", 3334}, {"p2", 3333}, {"p3", 3333}};
  for (const auto& [name, orders] : panels) {
    practice::PanelOptions panel;
    panel.name = name;
    server.add_panel(panel);
    config += panel_section(name, server.api_url(name));
  }
  REQUIRE_MESSAGE(tracker.start({.config = config}), tracker.log());
  std::uint64_t seed = 1;
  for (const auto& [name, orders] : panels) {
    const auto ids = server.panel(name).seed_orders(orders, seed++, quick_courses());
    CHECK(tracker.track(name, ids) == orders);
  }
  std::this_thread::sleep_for(
      std::chrono::seconds(14));  // let the courses run: this is the panel's time, not ours
  REQUIRE(asked_again(server, tracker, 10'000));
  REQUIRE(all_delivered(tracker, std::chrono::minutes(5)));

  const auto findings = compare({tracker, server, &receiver, {}});
  MESSAGE(to_text(findings));
  CHECK_MESSAGE(findings.faults.empty(), to_text(findings));
  CHECK(findings.orders == 10'000);
  // How many changes are seen on the way depends on the machine; that orders moved does not.
  CHECK(findings.points > 15'000);
  CHECK(largest_batch(server) == 100);

  SUBCASE("while nothing changes, a panel gets no more than 1.02 × ⌈n ÷ 100⌉ requests in `slowest`") {
    std::this_thread::sleep_for(
        std::chrono::seconds(13));  // the schedule slows down to `slowest` in four times that
    std::map<std::string, std::size_t> before;
    for (const auto& [name, orders] : panels) before[name] = server.ledger().requests(name);
    const auto began = std::chrono::steady_clock::now();
    std::this_thread::sleep_for(std::chrono::seconds(12));
    const auto rounds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count() / 3.0;
    for (const auto& panel : panels) {
      const auto& name = panel.first;
      const auto full_batches = (panel.second + 99) / 100;
      const auto batches = static_cast<double>(full_batches);
      const auto requests = static_cast<double>(server.ledger().requests(name) - before[name]);
      CHECK_MESSAGE(requests <= 1.02 * batches * (rounds + 1),
                    name << ": " << requests << " in " << rounds << " rounds");
      CHECK(requests >= batches * (rounds - 1) * 0.8);
    }
  }
}

TEST_CASE("kill -9 at random moments loses nothing and invents nothing") {
  const char* wanted = std::getenv("SMM_KILL_ROUNDS");
  const int rounds = wanted == nullptr ? 20 : std::atoi(wanted);
  practice::ServerOptions options;
  options.speed = 1;
  practice::PracticeServer server(options);
  practice::WebhookReceiver receiver(verifying());
  TrackerProcess tracker;
  tracker.add_file("keys/shop", webhook_secret);
  std::string config =
      "[poll]\nfastest = \"100ms\"\nmoving = \"100ms\"\nslowest = \"200ms\"\nsettle = \"1h\"\n" +
      webhook_section(receiver.url());
  for (const auto* name : {"p1", "p2"}) {
    practice::PanelOptions panel;
    panel.name = name;
    server.add_panel(panel);
    config += panel_section(name, server.api_url(name));
  }
  const TrackerProcess::Options start{.config = config};
  REQUIRE_MESSAGE(tracker.start(start), tracker.log());
  std::mt19937 random(20261121);
  std::vector<std::size_t> kills;
  std::size_t orders = 0;
  for (int round = 0; round < rounds; ++round) {
    // New orders all the way, so that there is always something going on.
    for (const auto* name : {"p1", "p2"}) {
      const auto ids =
          server.panel(name).seed_orders(15, 1000 + static_cast<std::uint64_t>(round), quick_courses());
      orders += tracker.track(name, ids);
    }
    std::this_thread::sleep_for(Ms(50 + random() % 450));
    tracker.kill_hard();
    kills.push_back(server.ledger().requests());
    REQUIRE_MESSAGE(tracker.start(start), tracker.log());
  }
  CHECK(orders == static_cast<std::size_t>(rounds) * 30);
  std::this_thread::sleep_for(std::chrono::seconds(2));
  REQUIRE(asked_again(server, tracker, orders));
  REQUIRE(all_delivered(tracker, std::chrono::minutes(3)));
  const auto findings = compare({tracker, server, &receiver, kills});
  MESSAGE(rounds << " kills: " << to_text(findings));
  CHECK_MESSAGE(findings.faults.empty(), to_text(findings));
  CHECK(findings.orders == orders);
  CHECK(tracker.stop().code == 0);
}
