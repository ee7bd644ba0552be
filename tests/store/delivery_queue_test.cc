#include "post.h"

#include <algorithm>
#include <random>
#include <set>

namespace smm::store {
namespace {

struct ModelDelivery {
  std::int64_t id = 0;
  std::string order;  // empty = none
  bool pending = true;
  std::int64_t attempt = 0;  // under way
  std::optional<Timestamp> first_failed;
  std::optional<Timestamp> retry_at;
};

// When it may go if nothing else happens; nothing while that depends on others.
std::optional<Timestamp> may_go_at(const std::vector<ModelDelivery>& all, const ModelDelivery& each) {
  if (!each.pending || each.attempt != 0) return std::nullopt;
  auto at = each.retry_at.value_or(Timestamp());
  for (const auto& older : all) {
    if (older.id >= each.id || older.order != each.order || each.order.empty() || !older.pending) continue;
    if (!older.first_failed) return std::nullopt;
    at = std::max(at, *older.first_failed + 30min);
  }
  return at;
}

// One that ended is sent again. Those behind it that are under way or failing already would keep their times,
// so it is none of their orders.
void send_again_one(Post& post, std::vector<ModelDelivery>& all, std::size_t from, Timestamp now) {
  for (std::size_t step = 0; step < all.size(); ++step) {
    auto& each = all[(from + step) % all.size()];
    const bool others_fail = std::any_of(all.begin(), all.end(), [&](const ModelDelivery& other) {
      return other.id > each.id && other.order == each.order && other.pending &&
             (other.first_failed || other.attempt != 0);
    });
    if (each.pending || others_fail) continue;
    REQUIRE(post.bench.store().send_again(each.id, now));
    each.pending = true;
    each.first_failed.reset();
    each.retry_at.reset();
    return;
  }
}

}  // namespace

TEST_CASE("whatever happens in whatever order, what is due is what the promise says") {
  for (const unsigned seed : {1U, 2U, 3U, 4U, 5U, 6U}) {
    Post post;
    std::mt19937 random(seed);
    const auto pick = [&](std::size_t below) { return random() % below; };
    std::vector<ModelDelivery> all;
    auto now = noon;
    for (int step = 0; step < 400; ++step) {
      now += std::chrono::seconds(pick(400));
      const auto choice = pick(11);
      std::set<std::string> busy;
      for (const auto& each : all) {
        if (each.attempt != 0) busy.insert(each.order);
      }
      if (choice < 4) {
        const auto order = pick(6) == 0 ? std::string() : std::string(1, static_cast<char>('a' + pick(4)));
        all.push_back({post.write(order, now), order, true, 0, {}, {}});
      } else if (choice < 7) {
        const auto due = post.due(now, 1, {}, [&] {
          Ids rows;
          for (const auto& order : busy) {
            if (!order.empty()) rows.push_back(post.bench.find(key_of(order)).row);
          }
          return rows;
        }());
        if (!due.empty()) {
          const auto at =
              std::find_if(all.begin(), all.end(), [&](const auto& each) { return each.id == due[0]; });
          at->attempt = post.begin(at->id, now);
        }
      } else if (choice == 10) {
        if (!all.empty()) send_again_one(post, all, pick(all.size()), now);
      } else {
        for (auto& each : all) {
          if (each.attempt == 0 || pick(2) == 0) continue;
          const auto fate = pick(10);
          if (fate < 6) {
            each.retry_at = now + std::chrono::minutes(pick(60));
            if (!each.first_failed) each.first_failed = now;
            post.settle(each.attempt, each.id, DeliveryState::pending, now, each.retry_at);
          } else {
            each.pending = false;
            post.settle(each.attempt, each.id, fate == 6 ? DeliveryState::dead : DeliveryState::delivered,
                        now);
          }
          each.attempt = 0;
        }
      }

      // Of each order without an attempt under way the oldest that may go now; and when the next may.
      std::set<std::int64_t> expected;
      std::set<std::string> seen;
      Ids busy_rows;
      std::optional<Timestamp> next;
      busy.clear();
      for (const auto& each : all) {
        if (each.attempt != 0 && !each.order.empty()) busy.insert(each.order);
      }
      for (const auto& order : busy) busy_rows.push_back(post.bench.find(key_of(order)).row);
      for (const auto& each : all) {
        const auto at = may_go_at(all, each);
        if (!at || busy.count(each.order) != 0) continue;
        if (*at > now && (!next || *at < *next)) next = at;
        if (*at <= now && (each.order.empty() || seen.insert(each.order).second)) expected.insert(each.id);
      }
      const auto due = post.due(now, 1000, {}, busy_rows);
      REQUIRE(std::set<std::int64_t>(due.begin(), due.end()) == expected);
      REQUIRE(due.size() == expected.size());
      const auto told = post.bench.store().next_delivery_at(shop, busy_rows);
      if (expected.empty()) {
        REQUIRE(told == next);
      } else {
        REQUIRE(told.has_value());
        REQUIRE(*told <= now);
      }
    }
  }
}

namespace {

struct Cost {
  std::int64_t due = 0;
  std::int64_t next = 0;
  std::int64_t settle = 0;
};

// What one turn of a lane costs, in steps of SQLite's machine.
Cost cost_of_turn(Post& post, Timestamp now) {
  Cost cost;
  auto before = post.bench.steps();
  const auto due = post.due(now, 2);
  cost.due = post.bench.steps() - before;
  REQUIRE(due.size() > 0);
  const auto under_way = post.bench.store().due_deliveries(shop, now, 1, {}, {});
  const auto attempt = post.begin(due[0], now);
  before = post.bench.steps();
  Ids busy_orders;
  for (const auto& each : under_way) {
    if (each.order_row) busy_orders.push_back(*each.order_row);
  }
  CHECK(post.bench.store().next_delivery_at(shop, busy_orders).has_value() == (due.size() > 1));
  cost.next = post.bench.steps() - before;
  before = post.bench.steps();
  post.settle(attempt, due[0], DeliveryState::delivered, now);
  cost.settle = post.bench.steps() - before;
  return cost;
}

// `count` pending deliveries: all of one order, or each of its own.
Cost cost_with(int count, bool one_order, bool all_failed) {
  Post post;
  post.bench.track("a");
  std::vector<EventDraft> drafts;
  for (int i = 0; i < count; ++i) {
    if (one_order) {
      drafts.push_back(draft_of(EventType::order_progress, key_of("a")));
    } else {
      drafts.push_back({EventType::panel_up, PanelName("p1"), {}, {}, {}});
    }
  }
  post.bench.store().append(drafts, noon);
  if (all_failed) {
    // Tried and put off; two of them are due again.
    std::vector<AttemptResult> results;
    for (const auto id : post.due(noon, 100'000)) {
      AttemptResult result;
      result.delivery = id;
      result.next_try_at = results.size() < 2 ? noon + 1h : noon + 5h;
      results.push_back(result);
    }
    post.bench.store().settle_and_begin(results, {}, noon);
  }
  return cost_of_turn(post, noon + 1h);
}

}  // namespace

TEST_CASE("a turn of a lane costs the same however long the queue is") {
  for (const bool one_order : {false, true}) {
    for (const bool all_failed : {false, true}) {
      CAPTURE(one_order);
      CAPTURE(all_failed);
      const auto small = cost_with(20, one_order, all_failed);
      const auto large = cost_with(6000, one_order, all_failed);
      CHECK(large.due <= small.due + 20);
      CHECK(large.next <= small.next + 20);
      CHECK(large.settle <= small.settle + 20);
      CHECK(small.due < 500);
    }
  }
}

}  // namespace smm::store
