#include "rules/batch.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace smm::rules::batch_test {
namespace {

using namespace std::chrono_literals;

const Timestamp now = from_millis(1'800'000'000'000);
const PollPolicy policy;  // slowest 30 min

std::vector<Candidate> due_in(std::size_t count, Milliseconds wait, Milliseconds interval) {
  return std::vector<Candidate>(count, Candidate{now + wait, interval});
}

std::vector<Candidate> operator+(std::vector<Candidate> left, const std::vector<Candidate>& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

void check_waits_until(const BatchPlan& plan, Timestamp moment) {
  CHECK(plan.take == 0);
  REQUIRE(plan.decide_again.has_value());
  CHECK(to_millis(*plan.decide_again) == to_millis(moment));
}

void check_sends(const BatchPlan& plan, std::size_t ids) {
  CHECK(plan.take == ids);
  CHECK_FALSE(plan.decide_again.has_value());
}

// The rule once more, said plainly: what happens at `now`, by looking at every order.
namespace naive {

Milliseconds patience_of(const Candidate& order, bool many, bool fills_in_time, Milliseconds filling) {
  if (order.interval == 0ms) return 0ms;
  if (!many) return order.interval / 10;
  return std::max(filling, fills_in_time ? order.interval / 2 : order.interval / 10);
}

bool somebody_lost_patience(const std::vector<Candidate>& soonest, Timestamp moment, bool many,
                            bool fills_in_time, Milliseconds filling) {
  return std::any_of(soonest.begin(), soonest.end(), [&](const Candidate& order) {
    return order.due <= moment && moment >= order.due + patience_of(order, many, fills_in_time, filling);
  });
}

std::size_t take(const std::vector<Candidate>& soonest, std::size_t batch, std::size_t orders, Timestamp at) {
  std::size_t due = 0;
  while (due < soonest.size() && soonest[due].due <= at) ++due;
  const bool many = orders >= 5000;
  std::size_t requests = 1;
  while (requests * batch < orders) ++requests;
  std::size_t share = batch;
  while (!many && (share - 1) * requests >= orders) --share;
  if (due >= share) return due;
  const Milliseconds filling(many ? policy.slowest.count() * 5 * static_cast<std::int64_t>(batch) / 4 /
                                        static_cast<std::int64_t>(orders)
                                  : 0);
  const bool fills = soonest.size() >= share;
  const bool fills_in_time =
      many && fills && !somebody_lost_patience(soonest, soonest[share - 1].due - 1ms, many, true, filling);
  if (!somebody_lost_patience(soonest, at, many, fills_in_time, filling)) return 0;
  auto taken = due;
  if (many) return taken;
  while (taken < share && taken < soonest.size()) {
    const auto& next = soonest[taken];
    const auto asked_at = next.due - next.interval;
    if ((at - asked_at) < next.interval - next.interval / 2) break;
    ++taken;
  }
  return taken;
}

}  // namespace naive

std::vector<Candidate> random_candidates(std::mt19937& random, std::size_t count) {
  const std::vector<Milliseconds> intervals = {0ms, 100ms, 1min, 7min, 10min, 30min, 300min};
  const std::vector<Milliseconds> spans = {1s, 1min, 10min, 60min};
  const auto span = spans[random() % spans.size()].count();
  const auto late = static_cast<std::int64_t>(random() % 3) * span / 3;
  std::vector<Candidate> candidates;
  for (std::size_t i = 0; i < count; ++i) {
    const auto interval = intervals[random() % 50 == 0 ? 0 : 1 + random() % 6];
    const auto wait = Milliseconds(static_cast<std::int64_t>(random() % static_cast<unsigned>(span)) - late);
    candidates.push_back({now + std::min(wait, interval), interval});
  }
  std::sort(candidates.begin(), candidates.end(),
            [](const Candidate& left, const Candidate& right) { return left.due < right.due; });
  return candidates;
}

}  // namespace

TEST_CASE("without orders there is nothing to send and nothing to wait for") {
  const auto plan = plan_batch({}, 100, 0, policy, now);
  CHECK(plan.take == 0);
  CHECK_FALSE(plan.decide_again.has_value());
}

TEST_CASE("a hundred that are due go at once, whatever the panel's size") {
  for (const std::size_t orders : {100, 250, 4999, 5000, 1'000'000}) {
    check_sends(plan_batch(due_in(100, -1ms, 30min), 100, orders, policy, now), 100);
    check_sends(plan_batch(due_in(100, 0ms, 30min), 100, orders, policy, now), 100);
  }
}

TEST_CASE("no more than a batch goes at once, and no order beyond it is looked at") {
  check_sends(plan_batch(due_in(140, -1min, 30min), 100, 8000, policy, now), 100);
  check_sends(plan_batch(due_in(140, -1min, 30min), 25, 8000, policy, now), 25);
  check_sends(plan_batch(due_in(3, -1min, 30min), 1, 8000, policy, now), 1);
}

TEST_CASE("on a panel with few orders an even share of them is enough for a request") {
  check_sends(plan_batch(due_in(1, 0ms, 30min), 100, 1, policy, now), 1);
  check_sends(plan_batch(due_in(84, 0ms, 30min) + due_in(16, 1s, 30min), 100, 250, policy, now), 84);
  check_sends(plan_batch(due_in(90, 0ms, 30min) + due_in(10, 1s, 30min), 100, 250, policy, now), 90);
  check_waits_until(plan_batch(due_in(83, 0ms, 30min) + due_in(17, 1s, 30min), 100, 250, policy, now),
                    now + 1s);
  check_sends(plan_batch(due_in(51, 0ms, 30min) + due_in(49, 1s, 30min), 100, 101, policy, now), 51);
}

TEST_CASE("on a panel with few orders patience is a tenth of the interval of whoever loses it first") {
  const auto lonely = due_in(1, 0ms, 30min) + due_in(1, 0ms, 10min) + due_in(98, 20min, 30min);
  check_waits_until(plan_batch(lonely, 100, 1000, policy, now), now + 1min);
  const auto quick_one_later = due_in(1, 0ms, 30min) + due_in(1, 10s, 1min) + due_in(98, 20min, 30min);
  check_waits_until(plan_batch(quick_one_later, 100, 1000, policy, now), now + 16s);
}

TEST_CASE("patience at an end on a panel with few orders, the share is filled with those due soonest") {
  const auto late = due_in(3, -3min, 30min) + due_in(97, 15min, 30min);
  check_sends(plan_batch(late, 100, 1000, policy, now), 100);
  check_sends(plan_batch(late, 100, 250, policy, now), 84);
}

TEST_CASE("an order that has not waited half of its interval is not taken early, nor any after it") {
  const auto late = due_in(3, -3min, 30min) + due_in(1, 40s, 1min) + due_in(96, 5min, 30min);
  check_sends(plan_batch(late, 100, 1000, policy, now), 3);
  const auto half_waited = due_in(3, -3min, 30min) + due_in(1, 30s, 1min) + due_in(96, 15min + 1ms, 30min);
  check_sends(plan_batch(half_waited, 100, 1000, policy, now), 4);
}

TEST_CASE("an order due at once waits for nobody") {
  for (const std::size_t orders : {3, 300, 8000}) {
    const auto one = due_in(1, 0ms, 0ms) + due_in(99, 29min, 30min);
    check_sends(plan_batch(one, 100, orders, policy, now), 1);
    const auto behind_another = due_in(1, -1s, 30min) + due_in(1, 0ms, 0ms) + due_in(98, 29min, 30min);
    check_sends(plan_batch(behind_another, 100, orders, policy, now), 2);
  }
}

TEST_CASE("on a panel with many orders nobody is asked before the time") {
  const auto late = due_in(3, -16min, 30min) + due_in(97, 1ms, 30min);
  check_sends(plan_batch(late, 100, 5000, policy, now), 3);
}

TEST_CASE("on a panel with many orders a batch that will fill waits up to half of the interval") {
  const auto filling = due_in(50, 0ms, 30min) + due_in(50, 14min, 30min);
  check_waits_until(plan_batch(filling, 100, 5000, policy, now), now + 14min);
}

TEST_CASE("on a panel with many orders a batch that cannot fill in time waits a tenth of the interval") {
  const auto lonely = due_in(50, 0ms, 30min) + due_in(50, 16min, 30min);
  check_waits_until(plan_batch(lonely, 100, 5000, policy, now), now + 3min);
}

TEST_CASE("on a panel with many orders a short interval still waits for the time a batch takes to fill") {
  // 1.25 × 30 min × 100 ÷ 5000
  const auto quick = due_in(50, 0ms, 1min) + due_in(50, 16min, 30min);
  check_waits_until(plan_batch(quick, 100, 5000, policy, now), now + 45s);
  check_waits_until(plan_batch(quick, 100, 50'000, policy, now), now + 6s);
  CHECK(patience(1min, 100, 5000, policy) == 45s);
  CHECK(patience(1min, 100, 50'000, policy) == 30s);
  CHECK(patience(1min, 100, 4999, policy) == 6s);
  CHECK(patience(0ms, 100, 5000, policy) == 0ms);
}

TEST_CASE("the plan is that of the rule said plainly") {
  std::mt19937 random(20261121);
  const std::vector<std::size_t> sizes = {1,   2,    50,   99,   100,  101,    250,
                                          999, 4999, 5000, 5001, 7777, 10'000, 1'000'000};
  const std::vector<std::size_t> batches = {1, 2, 12, 25, 50, 100};
  std::size_t sent = 0;
  for (int round = 0; round < 20'000; ++round) {
    const auto orders = sizes[random() % sizes.size()];
    const auto batch = batches[random() % batches.size()];
    const auto soonest = random_candidates(random, std::min(orders, batch));
    const auto plan = plan_batch(soonest, batch, orders, policy, now);
    CAPTURE(round);
    REQUIRE(plan.take == naive::take(soonest, batch, orders, now));
    sent += plan.take > 0 ? 1 : 0;
    if (plan.take > 0) {
      REQUIRE_FALSE(plan.decide_again.has_value());
      continue;
    }
    // Nothing goes before the moment it says, and something goes then.
    REQUIRE(plan.decide_again.has_value());
    REQUIRE(*plan.decide_again > now);
    REQUIRE(naive::take(soonest, batch, orders, *plan.decide_again - 1ms) == 0);
    REQUIRE(plan_batch(soonest, batch, orders, policy, *plan.decide_again - 1ms).take == 0);
    REQUIRE(plan_batch(soonest, batch, orders, policy, *plan.decide_again).take > 0);
  }
  CHECK(sent > 2000);
  CHECK(sent < 18'000);
}

}  // namespace smm::rules::batch_test
