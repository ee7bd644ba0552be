#include "measure.h"
#include "rows.h"

#include <cmath>
#include <thread>

// A minute in which nothing changes: what is asked, and what is written.
namespace smm::bench {
namespace {

constexpr std::size_t many = 10'000;
constexpr std::size_t few = 250;
constexpr std::chrono::milliseconds interval{1000};

}  // namespace

void request_rows(Table& table, const Scale& scale) {
  say("a minute of polling 10,000 and 250 orders once a second");
  LeanPanel large(many);
  LeanPanel small(few);
  Subject subject;
  subject.start({lean_panel_section("p1", large.url()) + lean_panel_section("p2", small.url()), "1s"});
  subject.track("p1", 0, many);
  subject.track("p2", 0, few);
  subject.wait_until_known(many + few);
  // A quarter of the time since the first sight is the interval until that is as long as the slowest.
  std::this_thread::sleep_for(10 * interval);
  const auto written = subject.process().bytes_written();
  large.watch(interval);
  small.watch(interval);
  const auto begin = seconds();
  std::this_thread::sleep_for(std::chrono::duration<double>(scale.minute));
  const auto asked = large.counts();
  const auto asked_of_few = small.counts();
  const auto took = seconds() - begin;
  const auto bytes = subject.process().bytes_written() - written;

  table.add({"orders a request, of 10,000",
             {static_cast<double>(asked.ids) / static_cast<double>(asked.requests)},
             {},
             {},
             98});
  table.add({"asked before their interval", {static_cast<double>(asked.early)}, {}, 0});
  const auto rounds = took / (static_cast<double>(interval.count()) / 1000);
  const auto least = std::ceil(static_cast<double>(few) / 100) * rounds;
  table.add({"requests for 250 orders, a minute",
             {static_cast<double>(asked_of_few.requests) * 60 / took},
             {least * 60 / took},
             1.02});
  table.add({"bytes written while nothing changes", {static_cast<double>(bytes)}, {}, 0});
  subject.stop();
}

}  // namespace smm::bench
