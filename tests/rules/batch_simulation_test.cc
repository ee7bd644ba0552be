#include "rules/batch.h"
#include "rules/panel_health.h"
#include "rules/schedule.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <set>
#include <utility>
#include <vector>

// A panel that is polled in simulated time, the way the poller does it: orders in a queue, soonest due first;
// the soonest are looked at, planned, sent, answered and put back. What must hold are the figures for
// requests.
namespace smm::rules::batch_simulation_test {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t batch_size = 100;
const Timestamp start = from_millis(1'800'000'000'000);

struct Request {
  Timestamp at;
  std::size_t ids = 0;
};

enum class Offsets { random, clustered, at_once };
enum class Past {
  none,   // tracked just now, one after the other
  quiet,  // the daemon starts again: all answered long ago, and spread over an interval
};

struct Setup {
  std::size_t orders = 1;
  Offsets offsets = Offsets::random;
  Past past = Past::none;
  std::size_t changing_per_mille = 0;
  std::int64_t requests_per_minute = 0;
  Milliseconds latency{0};
  unsigned seed = 1;
  PollPolicy policy = {};
};

class Panel {
 public:
  explicit Panel(const Setup& setup) : setup_(setup), random_(setup.seed), orders_(setup.orders) {
    std::vector<Milliseconds> clusters(7);
    for (auto& cluster : clusters) cluster = random_within(setup_.policy.slowest);
    for (std::size_t i = 0; i < orders_.size(); ++i) {
      auto& order = orders_[i];
      const auto offset = offset_of(clusters);
      order.facts.tracked_ms = to_millis(start + offset);
      if (setup_.past == Past::quiet) {
        order.facts.tracked_ms -= Milliseconds(7 * 24h).count();
        order.facts.changed_ms = order.facts.status_changed_ms = order.facts.tracked_ms + 1000;
        order.facts.status = OrderStatus::in_progress;
      }
      order.changes = i * 1000 < setup_.changing_per_mille * orders_.size();
      order.due = due_after(order.facts, setup_.policy, start + offset);
      order.asked_at = start + offset;
      queue_.emplace(start + offset, i);
    }
    now_ = start;
  }

  // Polls until `end`; from `from` on, everything is measured.
  void run(Timestamp from, Timestamp end) {
    while (now_ < end) {
      const auto plan = plan_batch(soonest_candidates(), batch_size, orders_.size(), setup_.policy, now_);
      const auto sent = now_;
      if (plan.take > 0) send(plan.take, from);
      if (plan.take > 0) {
        now_ = std::max(next_slot(sent, setup_.requests_per_minute), now_);
      } else {
        now_ = next_decision(plan);
      }
    }
  }

  std::vector<Request> requests;
  Milliseconds latest{-1h};   // how far an order was asked beyond interval + patience
  Milliseconds earliest{1h};  // how far an order was asked beyond its interval

 private:
  struct Polled {
    ScheduleFacts facts;
    Due due;
    Timestamp asked_at;
    bool changes = false;
  };

  Milliseconds random_within(Milliseconds most) {
    return Milliseconds(std::uniform_int_distribution<std::int64_t>(0, most.count() - 1)(random_));
  }

  Milliseconds offset_of(const std::vector<Milliseconds>& clusters) {
    switch (setup_.offsets) {
      case Offsets::random:
        return random_within(setup_.policy.slowest);
      case Offsets::clustered:
        return clusters[random_() % clusters.size()] + random_within(setup_.policy.slowest / 200);
      case Offsets::at_once:
        return 0ms;
    }
    return 0ms;
  }

  [[nodiscard]] Timestamp next_decision(const BatchPlan& plan) const {
    if (!plan.decide_again || *plan.decide_again <= now_) FAIL("nothing goes, and no later moment is named");
    return *plan.decide_again;
  }

  const std::vector<Candidate>& soonest_candidates() {
    candidates_.clear();
    for (auto next = queue_.begin(); next != queue_.end() && candidates_.size() < batch_size; ++next) {
      candidates_.push_back({next->first, orders_[next->second].due.interval});
    }
    return candidates_;
  }

  void send(std::size_t take, Timestamp from) {
    const bool counts = now_ >= from;
    if (counts) requests.push_back({now_, take});
    std::vector<std::size_t> asked;
    for (std::size_t i = 0; i < take; ++i) {
      asked.push_back(queue_.begin()->second);
      queue_.erase(queue_.begin());
      if (counts) measure(orders_[asked.back()]);
    }
    now_ += setup_.latency + random_within(setup_.latency + 1ms);
    for (const auto index : asked) {
      answer(orders_[index]);
      queue_.emplace(now_ + orders_[index].due.interval, index);
    }
  }

  void measure(const Polled& order) {
    const auto beyond = (now_ - order.asked_at) - order.due.interval;
    earliest = std::min(earliest, beyond);
    latest =
        std::max(latest, beyond - patience(order.due.interval, batch_size, orders_.size(), setup_.policy));
  }

  // Orders that change do so with every third answer, half of the time in status.
  void answer(Polled& order) {
    const bool first = order.facts.changed_ms == 0;
    if (first || (order.changes && random_() % 3 == 0)) {
      order.facts.changed_ms = to_millis(now_);
      if (first || random_() % 2 == 0) order.facts.status_changed_ms = to_millis(now_);
      order.facts.status = OrderStatus::in_progress;
    }
    order.asked_at = now_;
    order.due = due_after(order.facts, setup_.policy, now_);
  }

  Setup setup_;
  std::mt19937 random_;
  std::vector<Polled> orders_;
  std::set<std::pair<Timestamp, std::size_t>> queue_;
  std::vector<Candidate> candidates_;
  Timestamp now_;
};

std::size_t most_within(const std::vector<Request>& requests, Milliseconds window) {
  std::size_t most = 0;
  std::size_t first = 0;
  for (std::size_t i = 0; i < requests.size(); ++i) {
    while (requests[i].at - requests[first].at >= window) ++first;
    most = std::max(most, i - first + 1);
  }
  return most;
}

// The fewest ids a request within any window that begins with a request.
double fewest_ids_a_request(const std::vector<Request>& requests, Milliseconds window) {
  double fewest = 1e9;
  for (std::size_t i = 0; i < requests.size(); ++i) {
    std::size_t ids = 0;
    std::size_t count = 0;
    for (auto j = i; j < requests.size() && requests[j].at - requests[i].at < window; ++j, ++count)
      ids += requests[j].ids;
    fewest = std::min(fewest, static_cast<double>(ids) / static_cast<double>(count));
  }
  return fewest;
}

double ids_a_request(const std::vector<Request>& requests) {
  std::size_t ids = 0;
  for (const auto& request : requests) ids += request.ids;
  return static_cast<double>(ids) / static_cast<double>(requests.size());
}

constexpr int intervals = 20;

// By then every order's interval has reached `slowest`, and remainders had their chance to grow together.
Timestamp warm(const Setup& setup) {
  return start + (setup.past == Past::quiet ? 6 * setup.policy.slowest : 6h);
}
Timestamp end_of(const Setup& setup) {
  return warm(setup) + intervals * setup.policy.slowest;
}

// Calls check(setup) for every way in which so many orders may begin.
template <class Check>
void for_each_beginning(std::size_t orders, Check check) {
  for (const auto offsets : {Offsets::random, Offsets::clustered, Offsets::at_once}) {
    for (const auto past : {Past::none, Past::quiet}) {
      for (unsigned seed = 1; seed <= 2; ++seed) {
        Setup setup{.orders = orders, .offsets = offsets, .past = past, .seed = seed};
        if (seed % 2 == 0) setup.latency = 400ms;
        CAPTURE(orders);
        CAPTURE(static_cast<int>(offsets));
        CAPTURE(static_cast<int>(past));
        CAPTURE(seed);
        check(setup);
      }
    }
  }
}

}  // namespace

TEST_CASE("a panel with few orders that are all quiet costs no more requests than their hundreds") {
  for (const std::size_t orders : {1, 2, 99, 100, 101, 199, 250, 301, 1000, 1001, 2345, 4999}) {
    for_each_beginning(orders, [](Setup setup) {
      setup.requests_per_minute = 30;
      Panel panel(setup);
      panel.run(warm(setup), end_of(setup));
      const auto hundreds = (setup.orders + 99) / 100;
      CHECK(panel.requests.size() * 100 <= 102 * hundreds * intervals);
      CHECK(most_within(panel.requests, setup.policy.slowest) <= hundreds);
      CHECK(panel.earliest >= -setup.policy.slowest / 2);
    });
  }
}

TEST_CASE("among few orders no order is kept waiting beyond its patience") {
  for (const std::size_t orders : {1, 99, 101, 250, 1000, 4999}) {
    for_each_beginning(orders, [](Setup setup) {
      setup.changing_per_mille = 100;
      setup.latency = 0ms;
      Panel panel(setup);
      panel.run(start, end_of(setup));
      CHECK(panel.latest <= 0ms);
    });
  }
}

TEST_CASE("a panel with many orders gets full batches over any minute, and no order is asked too soon") {
  for (const std::size_t orders : {5000, 10000}) {
    for_each_beginning(orders, [](const Setup& setup) {
      Panel panel(setup);
      panel.run(warm(setup), warm(setup) + 5 * setup.policy.slowest);
      CHECK(fewest_ids_a_request(panel.requests, 1min) >= 98);
      CHECK(panel.earliest >= 0ms);
      if (setup.latency == 0ms) CHECK(panel.latest <= 0ms);
    });
  }
}

TEST_CASE("among many orders of which a tenth changes, none is late and the batches stay full") {
  for (const std::size_t orders : {5000, 7777, 10000}) {
    for_each_beginning(orders, [](Setup setup) {
      setup.changing_per_mille = 100;
      setup.latency = 0ms;
      Panel panel(setup);
      panel.run(warm(setup), warm(setup) + 5 * setup.policy.slowest);
      CHECK(ids_a_request(panel.requests) >= 95);
      CHECK(panel.earliest >= 0ms);
      CHECK(panel.latest <= 0ms);
    });
  }
}

}  // namespace smm::rules::batch_simulation_test
