#include "measure.h"
#include "poll_floor.h"
#include "rows.h"

#include <chrono>
#include <thread>

// An order asked about that did not change: at 10,000 orders, plain and compressed. So few are asked within a
// few milliseconds, ten times a second, and nothing is done between; the bare loop does likewise. All that
// the daemon spends counts, that it is awake between included.
namespace smm::bench {
namespace {

constexpr std::size_t orders = 10'000;
constexpr int askings_a_round = 30;
constexpr std::chrono::milliseconds interval{100};

double floor_cost(PollFloor& floor) {
  double sum = 0;
  for (int asking = 0; asking < askings_a_round; ++asking) {
    const auto next = std::chrono::steady_clock::now() + interval;
    sum += floor.ask(orders);
    std::this_thread::sleep_until(next);
  }
  return sum / askings_a_round;
}

void measure(Table& table, const Scale& scale, bool gzip) {
  say(std::string("10,000 orders that do not change") + (gzip ? ", compressed replies" : ""));
  LeanPanel panel(orders, gzip);
  Subject subject;
  subject.start({lean_panel_section("p1", panel.url()), "100ms"});
  subject.track("p1", 0, orders);
  subject.wait_until_known(orders);
  subject.run_for(panel, 3 * orders);
  subject.pause("p1");
  PollFloor floor(panel.url(), orders, in_flight, gzip);
  floor.ask(orders);
  Row row{gzip ? "CPU an unchanged order, gzip, us" : "CPU an unchanged order, us", {}, {}};
  if (!gzip) row.at_most = 2.5;
  for (int round = 0; round < scale.rounds; ++round) {
    row.floor.push_back(floor_cost(floor));
    // All are overdue, and stay together from then on.
    subject.resume("p1");
    subject.run_for(panel, 2 * orders);
    row.ours.push_back(subject.cpu_per_id(panel, askings_a_round * orders));
    subject.pause("p1");
  }
  table.add(std::move(row));
  subject.stop();
}

}  // namespace

void unchanged_rows(Table& table, const Scale& scale) {
  table.head("10,000 active orders");
  measure(table, scale, false);
  measure(table, scale, true);
}

}  // namespace smm::bench
