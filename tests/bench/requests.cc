#include "measure.h"
#include "rows.h"

#include <cmath>
#include <optional>
#include <thread>

// A minute in which nothing changes: what is asked, and what is written.
namespace smm::bench {
namespace {

constexpr std::size_t many = 10'000;
constexpr std::size_t few = 250;
constexpr std::chrono::milliseconds interval{1000};
constexpr double rounds_a_minute = 60'000.0 / static_cast<double>(interval.count());

// A panel watched for a number of whole rounds: from the end of an asking until so many ids more were asked
// that each order had its turn once a round. So it does not matter in which part of a round watching begins.
class Window {
 public:
  Window(LeanPanel& panel, std::size_t orders, int rounds)
      : panel_(panel),
        first_(static_cast<std::int64_t>(orders)),
        ids_(static_cast<std::int64_t>(orders) * rounds) {
    panel_.watch(interval);
  }

  // Looks again; true when it is over.
  bool look() {
    if (over_) return true;
    last_ = {panel_.counts(), seconds()};
    if (!begin_) {
      if (last_.counts.ids >= first_) begin_ = last_;
    } else {
      over_ = last_.counts.ids >= begin_->counts.ids + ids_;
    }
    return over_;
  }
  [[nodiscard]] double ids() const { return static_cast<double>(last_.counts.ids - begin().counts.ids); }
  [[nodiscard]] double requests() const {
    return static_cast<double>(last_.counts.requests - begin().counts.requests);
  }
  [[nodiscard]] double early() const { return static_cast<double>(last_.counts.early); }
  [[nodiscard]] double a_minute(double count) const { return count * 60 / (last_.at - begin().at); }

 private:
  struct Look {
    LeanPanel::Counts counts;
    double at = 0;
  };
  [[nodiscard]] const Look& begin() const {
    require(begin_.has_value(), "polling stands still");
    return *begin_;
  }

  LeanPanel& panel_;
  std::int64_t first_;
  std::int64_t ids_;
  std::optional<Look> begin_;
  Look last_;
  bool over_ = false;
};

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
  require(written > 0, "writing leaves no trace where the database is: that is no disk");
  Window asked(large, many, scale.minute);
  Window asked_of_few(small, few, scale.minute);
  // When only half as much is asked, the rows tell.
  const auto give_up = seconds() + 2 * scale.minute * 60 / rounds_a_minute;
  for (bool over = false; !over && seconds() < give_up;) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    over = asked.look();
    over = asked_of_few.look() && over;
  }
  const auto bytes = subject.process().bytes_written() - written;

  table.add({"orders a request, of 10,000", {asked.ids() / asked.requests()}, {}, {}, 98});
  table.add(
      {"ids asked a minute, of 10,000", {asked.a_minute(asked.ids())}, {many * rounds_a_minute}, {}, 0.98});
  // Orders of so small a panel wait a tenth of their interval for each other: 10 rounds where 11 would be.
  table.add({"ids asked a minute, of 250",
             {asked_of_few.a_minute(asked_of_few.ids())},
             {few * rounds_a_minute},
             {},
             0.85});
  table.add({"asked before their interval", {asked.early()}, {}, 0});
  table.add({"requests for 250 orders, a minute",
             {asked_of_few.a_minute(asked_of_few.requests())},
             {std::ceil(static_cast<double>(few) / 100) * rounds_a_minute},
             1.02});
  table.add({"bytes written while nothing changes", {static_cast<double>(bytes)}, {}, 0});
  subject.stop();
}

}  // namespace smm::bench
