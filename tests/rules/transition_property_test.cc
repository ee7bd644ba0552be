#include "orders.h"
#include "rules/schedule.h"

#include <map>
#include <random>
#include <set>
#include <tuple>

// Random lives of orders, told by a panel that changes its mind, checked against models that only look at
// the whole of what was said.
namespace smm::rules::transition_property_test {
namespace {

struct Reading {
  std::optional<OrderStatus> status;
  std::string word;    // folded
  std::string charge;  // in one spelling
  std::optional<std::int64_t> remains;
  std::optional<std::int64_t> start_count;

  bool operator==(const Reading&) const = default;
};

const std::vector<std::vector<std::string>> words = {
    {"Pending", "pending", "PENDING"},
    {"In progress", "in_progress", "Inprogress"},
    {"Running"},
    {"Processing"},
    {"Completed", "completed"},
    {"Partial"},
    {"Canceled", "Cancelled", "cancel-led"},
    {"Frozen", "frozen"},
    {"7"},
    {"Paused"},
};
const std::vector<std::vector<std::string>> amounts = {{"0.9", "0.90", "9e-1", "00.900"}, {"1", "1.0"}, {""}};

Observation random_reply(std::mt19937& random) {
  const auto one_of = [&](const auto& list) { return list[random() % list.size()]; };
  std::optional<std::int64_t> remains;
  if (random() % 8 != 0) remains = static_cast<std::int64_t>(random() % 3) - 1;
  auto seen = reply(one_of(one_of(words)), remains, one_of(one_of(amounts)));
  if (random() % 2 == 0) seen.start_count.reset();
  seen.raw = "{\"n\":" + std::to_string(random()) + "}";
  return seen;
}

Reading fold(const Observation& seen) {
  Reading reading;
  reading.status = seen.status;
  reading.word = fold_status_word(seen.status_text);
  reading.charge = !seen.charge ? "" : seen.charge == Money::parse("1") ? "1" : "0.9";
  reading.remains = seen.remains;
  reading.start_count = seen.start_count;
  return reading;
}

// What the history must be: each reading that differs from the one before it, with the last status known.
std::vector<HistoryPoint> naive_history(const std::vector<std::pair<Timestamp, Observation>>& told) {
  std::vector<HistoryPoint> history;
  std::optional<Reading> last;
  auto status = OrderStatus::unasked;
  for (const auto& [at, seen] : told) {
    if (seen.status) status = *seen.status;
    if (last == fold(seen)) continue;
    last = fold(seen);
    history.push_back({at, status, seen.status_text, seen.charge, seen.remains, seen.start_count});
  }
  return history;
}

// A life: replies, repetitions, days without, times the panel forgets the order.
struct Life {
  std::vector<std::pair<Timestamp, Observation>> told;
  std::vector<Change> changes;
  std::vector<Order> orders;  // after each step, changed or not
  Order last = fresh_order();
};

std::optional<Change> live_a_step(Life& life, std::mt19937& random, Timestamp now) {
  if (random() % 5 == 0) return forget(life.last, now);
  if (random() % 2 == 0 && !life.told.empty()) {
    life.told.emplace_back(now, life.told.back().second);
    if (random() % 2 == 0) return pass_time(life.last, now);
  } else {
    life.told.emplace_back(now, random_reply(random));
  }
  return step(life.last, life.told.back().second, now);
}

Life live(unsigned seed, bool quiet) {
  std::mt19937 random(seed);
  Life life;
  life.last.quiet = quiet;
  auto now = tracked;
  for (int i = 0; i < 60; ++i) {
    now += Milliseconds(1 + random() % (random() % 3 == 0 ? 200'000'000 : 2'000'000));
    if (auto change = live_a_step(life, random, now)) {
      life.last = change->after;
      life.changes.push_back(std::move(*change));
    }
    life.orders.push_back(life.last);
  }
  return life;
}

constexpr unsigned lives = 500;

bool has(const Change& change, EventType type) {
  const auto found = types(change);
  return std::find(found.begin(), found.end(), type) != found.end();
}

}  // namespace

TEST_CASE("replaying what a panel said yields the history of its distinct readings") {
  std::size_t points = 0;
  for (unsigned seed = 0; seed < lives; ++seed) {
    const auto life = live(seed, false);
    std::vector<HistoryPoint> history;
    for (const auto& change : life.changes) {
      if (change.point) history.push_back(*change.point);
    }
    CAPTURE(seed);
    REQUIRE((history == naive_history(life.told)));
    points += history.size();
  }
  CHECK(points > 10 * lives);
}

TEST_CASE("the revision counts the points of the history") {
  for (unsigned seed = 0; seed < lives; ++seed) {
    const auto life = live(seed, seed % 2 == 0);
    std::int64_t points = 0;
    for (const auto& change : life.changes) {
      points += change.point ? 1 : 0;
      REQUIRE(change.after.revision == points);
      for (const auto& event : change.events) REQUIRE(field(event, "revision") == EventValue(points));
    }
  }
}

TEST_CASE("every change has one event of its own, but for the first sight of a quiet order") {
  const std::set own = {EventType::order_status_changed, EventType::order_progress,
                        EventType::order_corrected};
  for (unsigned seed = 0; seed < lives; ++seed) {
    const auto life = live(seed, seed % 2 == 0);
    for (const auto& change : life.changes) {
      std::size_t count = 0;
      for (const auto type : types(change)) count += own.count(type);
      const bool expected = change.point && (change.after.revision > 1 || seed % 2 != 0);
      REQUIRE(count == (expected ? 1U : 0U));
    }
  }
}

TEST_CASE("who reads only the events knows every status, and whether the order is stalled, settled or lost") {
  for (unsigned seed = 0; seed < lives; ++seed) {
    bool stalled = false;
    bool settled = false;
    bool lost = false;
    std::set<std::string> had;
    std::string status = "new";
    for (const auto& change : live(seed, false).changes) {
      if (change.point) settled = false;
      for (const auto& event : change.events) {
        if (event.type == EventType::order_stalled) REQUIRE_FALSE(std::exchange(stalled, true));
        if (event.type == EventType::order_resumed) REQUIRE(std::exchange(stalled, false));
        if (event.type == EventType::order_lost) REQUIRE_FALSE(std::exchange(lost, true));
        if (event.type == EventType::order_found) REQUIRE(std::exchange(lost, false));
        if (event.type == EventType::order_settled) REQUIRE_FALSE(std::exchange(settled, true));
        if (event.type != EventType::order_status_changed) continue;
        REQUIRE(field(event, "previous_status") == EventValue(status));
        status = std::get<std::string>(field(event, "status"));
        const bool first_time = status != "new" && had.insert(status).second;
        REQUIRE(field(event, "first_time") == EventValue(first_time));
      }
      REQUIRE(change.after.stalled == stalled);
      REQUIRE(change.after.settled == settled);
      REQUIRE(change.after.lost == lost);
      REQUIRE(to_text(change.after.status) == status);
    }
  }
}

TEST_CASE("whatever is told, an order contradicts itself never") {
  std::size_t stalled = 0;
  std::size_t settled = 0;
  std::size_t lost = 0;
  for (unsigned seed = 0; seed < lives; ++seed) {
    for (const auto& order : live(seed, false).orders) {
      REQUIRE(order.ended_at.has_value() == has_ended(order.status));
      REQUIRE_FALSE((order.settled && !has_ended(order.status)));
      REQUIRE_FALSE((order.stalled && has_ended(order.status)));
      REQUIRE_FALSE((order.lost && !order.missing_since));
      REQUIRE_FALSE((order.lost && has_ended(order.status)));
      REQUIRE(order.changed_at.has_value() == (order.revision > 0));
      REQUIRE(order.changed_at.has_value() == order.status_changed_at.has_value());
      REQUIRE_FALSE((order.revision > 0 && *order.status_changed_at > *order.changed_at));
      stalled += order.stalled ? 1 : 0;
      settled += order.settled ? 1 : 0;
      lost += order.lost ? 1 : 0;
    }
  }
  CHECK(stalled > 100);
  CHECK(settled > 100);
  CHECK(lost > 100);
}

TEST_CASE("a change of nothing but time is written only when it is an event or clears a missing id") {
  for (unsigned seed = 0; seed < lives; ++seed) {
    const auto life = live(seed, false);
    auto before = fresh_order();
    for (const auto& change : life.changes) {
      const bool missing_moved = before.missing_since != change.after.missing_since;
      REQUIRE((change.point || !change.events.empty() || missing_moved));
      before = change.after;
    }
  }
}

TEST_CASE("what is asked a second time at the same moment has nothing more to say") {
  for (unsigned seed = 0; seed < lives; ++seed) {
    std::mt19937 random(seed);
    auto order = fresh_order();
    auto now = tracked;
    for (int i = 0; i < 30; ++i) {
      now += Milliseconds(1 + random() % 100'000'000);
      const auto seen = random_reply(random);
      if (auto change = step(order, seen, now)) order = change->after;
      REQUIRE_FALSE(step(order, seen, now).has_value());
      REQUIRE_FALSE(pass_time(order, now).has_value());
    }
  }
}

TEST_CASE("a lost order is lost after lost_after of nothing but not knowing") {
  for (unsigned seed = 0; seed < lives; ++seed) {
    const auto life = live(seed, false);
    for (const auto& change : life.changes) {
      if (!has(change, EventType::order_lost)) continue;
      const auto since = *change.after.missing_since;
      for (const auto& [at, seen] : life.told) {
        const bool before_it = at < since;
        const bool after_it = at >= since + policy.lost_after;
        REQUIRE((before_it || after_it));
      }
    }
  }
}

}  // namespace smm::rules::transition_property_test
