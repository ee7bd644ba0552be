#include "practice-panel/server.h"
#include "practice-panel/webhook_receiver.h"
#include "tracker_process.h"
#include "webhook_world.h"
#include "witness.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <thread>

namespace smm::test::ledger_test {

namespace practice = smm::practice;
using std::chrono::steady_clock;

namespace {

std::size_t largest_batch(practice::PracticeServer& server) {
  std::size_t largest = 0;
  for (const auto& entry : server.ledger().entries()) largest = std::max(largest, entry.request.asked.size());
  return largest;
}

}  // namespace

// SMM_LEDGER_ORDERS: fewer of them, where a sanitizer makes each of them dear.
TEST_CASE(
    "10,000 orders on three panels: the panel's ledger equals history, events and webhooks, one for one") {
  const char* wanted = std::getenv("SMM_LEDGER_ORDERS");
  const std::size_t all = wanted == nullptr ? 10'000 : static_cast<std::size_t>(std::atoi(wanted));
  practice::ServerOptions options;
  options.speed = 1;
  options.ledger_bytes = std::size_t{1} << 30;  // also for as long as the webhooks may take
  practice::PracticeServer server(options);
  practice::WebhookReceiver receiver(verifying());
  TrackerProcess tracker;
  tracker.add_file("keys/shop", webhook_secret);
  std::string config = "[poll]\nfastest = \"2s\"\nmoving = \"2s\"\nslowest = \"3s\"\nsettle = \"1h\"\n" +
                       webhook_section(receiver.url());
  const std::vector<std::pair<std::string, std::size_t>> panels = {
      {"p1", all - all / 3 * 2}, {"p2", all / 3}, {"p3", all / 3}};
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
      std::chrono::seconds(9));  // let the courses run: this is the panel's time, not ours
  REQUIRE_MESSAGE(asked_again(server, tracker), tracker.get("/v1/status").body << tracker.log());
  REQUIRE(all_delivered(tracker, std::chrono::minutes(5)));

  const auto findings = compare({tracker, server, &receiver, {}});
  MESSAGE(to_text(findings));
  CHECK_MESSAGE(findings.faults.empty(), to_text(findings));
  CHECK(findings.orders == all);
  // How many changes are seen on the way depends on the machine; that orders moved does not.
  CHECK(findings.points > all + all / 10);
  CHECK(largest_batch(server) == 100);

  SUBCASE("while nothing changes, a panel gets no more than 1.02 × ⌈n ÷ 100⌉ requests in `slowest`") {
    std::this_thread::sleep_for(
        std::chrono::seconds(13));  // the schedule slows down to `slowest` in four times that
    const auto counts = [&] {
      std::map<std::string, std::size_t> requests;
      for (const auto& [name, orders] : panels) requests[name] = server.ledger().requests(name);
      return requests;
    };
    const auto rounds_between = [](steady_clock::time_point began, steady_clock::time_point ended) {
      return std::chrono::duration<double>(ended - began).count() / 3.0;
    };
    // The clock is read outside of the counts: what came between them came in so many rounds at most.
    const auto before_first = steady_clock::now();
    auto before = counts();
    std::this_thread::sleep_for(std::chrono::seconds(12));
    auto after = counts();
    const auto most = rounds_between(before_first, steady_clock::now());
    for (const auto& panel : panels) {
      const auto& name = panel.first;
      const auto full_batches = (panel.second + 99) / 100;
      const auto batches = static_cast<double>(full_batches);
      const auto requests = static_cast<double>(after[name] - before[name]);
      CHECK_MESSAGE(requests <= 1.02 * batches * (most + 1),
                    name << ": " << requests << " in " << most << " rounds");
      // And it does get them.
      CHECK(eventually([&] { return server.ledger().requests(name) >= before[name] + 3 * full_batches; }));
    }
  }
}

}  // namespace smm::test::ledger_test
