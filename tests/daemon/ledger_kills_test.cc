#include "practice-panel/server.h"
#include "practice-panel/webhook_receiver.h"
#include "tracker_process.h"
#include "webhook_world.h"
#include "witness.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <random>
#include <thread>

namespace smm::test::ledger_kills_test {

namespace practice = smm::practice;
using practice::Ms;

TEST_CASE("kill -9 at random moments loses nothing and invents nothing") {
  const char* wanted = std::getenv("SMM_KILL_ROUNDS");
  const int rounds = wanted == nullptr ? 20 : std::atoi(wanted);
  practice::ServerOptions options;
  options.speed = 1;
  options.ledger_bytes = std::size_t{1} << 30;  // for hundreds of rounds
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
    REQUIRE(server.wait_until_left(Ms(30'000)));
    kills.push_back(server.ledger().requests());
    REQUIRE_MESSAGE(tracker.start(start), tracker.log());
  }
  CHECK(orders == static_cast<std::size_t>(rounds) * 30);
  std::this_thread::sleep_for(std::chrono::seconds(2));
  REQUIRE_MESSAGE(asked_again(server, tracker), tracker.get("/v1/status").body << tracker.log());
  REQUIRE(all_delivered(tracker, std::chrono::minutes(3)));
  const auto findings = compare({tracker, server, &receiver, kills});
  MESSAGE(rounds << " kills: " << to_text(findings));
  CHECK_MESSAGE(findings.faults.empty(), to_text(findings));
  CHECK(findings.orders == orders);
  CHECK(tracker.stop().code == 0);
}

}  // namespace smm::test::ledger_kills_test
