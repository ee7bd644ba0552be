#include "actors/poll_book.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>

using namespace smm;
using smm::actors::PollBook;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

namespace {

const Timestamp start = from_millis(1'800'000'000'000);

// An order that has been quiet for long: asked at the slowest pace.
store::PollEntry quiet_order(std::int64_t row) {
  store::PollEntry entry;
  entry.row = row;
  entry.id = OrderId(std::to_string(row));
  entry.facts.status = OrderStatus::in_progress;
  entry.facts.tracked_ms = entry.facts.changed_ms = entry.facts.status_changed_ms =
      to_millis(start - hours(100));
  return entry;
}

store::PollEntry new_order(std::int64_t row) {
  store::PollEntry entry;
  entry.row = row;
  entry.id = OrderId(std::to_string(row));
  entry.facts.tracked_ms = to_millis(start);
  return entry;
}

}  // namespace

TEST_CASE("new orders are asked at once, a hundred at a time, and none is in two batches") {
  PollBook book(PollPolicy{});
  for (std::int64_t row = 1; row <= 250; ++row) book.put(new_order(row), start, 0.5);
  std::set<actors::Slot> seen;
  for (const std::size_t expected : {100U, 100U, 50U, 0U}) {
    const auto batch = book.take(100, start);
    CHECK(batch.slots.size() == expected);
    for (const auto slot : batch.slots) CHECK(seen.insert(slot).second);
  }
}

TEST_CASE("what a failed request had taken is as due as before") {
  PollBook book(PollPolicy{});
  for (std::int64_t row = 1; row <= 10; ++row) book.put(new_order(row), start, 0.0);
  const auto batch = book.take(100, start);
  REQUIRE(batch.slots.size() == 10);
  for (const auto slot : batch.slots) book.put_back(slot, start);
  CHECK(book.take(100, start).slots.size() == 10);
}

TEST_CASE("a batch that fails again and again does not keep the others from their turn") {
  PollBook book(PollPolicy{});
  for (std::int64_t row = 1; row <= 30; ++row) book.put(new_order(row), start, 0.0);
  auto now = start;
  std::set<actors::Slot> seen;
  for (int round = 0; round < 3; ++round) {
    now += std::chrono::seconds(1);
    const auto batch = book.take(10, now);
    REQUIRE(batch.slots.size() == 10);
    seen.insert(batch.slots.begin(), batch.slots.end());
    for (const auto slot : batch.slots) book.put_back(slot, now);
  }
  CHECK(seen.size() == 30);
}

TEST_CASE("an answered order is not asked again before its interval") {
  PollBook book(PollPolicy{});
  book.put(quiet_order(1), start, 0.0);
  auto batch = book.take(100, start + minutes(5));
  REQUIRE(batch.slots.size() == 1);
  book.answered(batch.slots[0], 42, start + minutes(5));
  CHECK(book.at(batch.slots[0]).digest == 42);
  batch = book.take(100, start + minutes(34));
  CHECK(batch.slots.empty());
  REQUIRE(batch.decide_again);
  CHECK(*batch.decide_again >= start + minutes(35));
  CHECK(book.take(100, start + minutes(40)).slots.size() == 1);
}

TEST_CASE("an order forgotten while it is being asked about does not come back") {
  PollBook book(PollPolicy{});
  const auto slot = book.put(new_order(1), start, 0.0);
  REQUIRE(book.take(100, start).slots.size() == 1);
  book.forget(1);
  SUBCASE("put back") {
    book.put_back(slot, start);
  }
  SUBCASE("answered") {
    book.answered(slot, 1, start);
  }
  CHECK(book.take(100, start + hours(9)).slots.empty());
  CHECK(book.size() == 0);
}

TEST_CASE("an order tracked again after a restart is found though its row is older than the others") {
  PollBook book(PollPolicy{});
  for (const std::int64_t row : {5, 6, 7}) book.put(quiet_order(row), start, 0.0);
  const auto slot = book.put(new_order(2), start, 0.0);
  REQUIRE(book.find(2));
  CHECK(*book.find(2) == slot);
  const auto newest = book.put(new_order(8), start, 0.0);
  REQUIRE(book.find(8));
  CHECK(*book.find(8) == newest);
  CHECK_FALSE(book.find(3));
  CHECK(book.size() == 5);
}

TEST_CASE("a change of policy takes effect at once for orders that wait") {
  PollBook book(PollPolicy{});
  book.put(quiet_order(1), start, 0.0);
  const auto batch = book.take(100, start + minutes(5));
  book.answered(batch.slots.at(0), 1, start + minutes(5));
  PollPolicy faster;
  faster.moving = faster.slowest = minutes(2);
  book.set_policy(faster);
  CHECK(book.take(100, start + minutes(8)).slots.size() == 1);
}

// Seen: a shorter settle or stalled_after had no effect before a restart.
TEST_CASE("after a change of policy the next answer asks whether time tells anything by the new one") {
  PollBook book(PollPolicy{});
  auto order = quiet_order(1);
  order.time_may_tell = start + hours(20);
  const auto waiting = book.put(order, start, 0.0);
  auto other = quiet_order(2);
  other.time_may_tell = start + hours(20);
  const auto asked = book.put(other, start, 0.5);
  REQUIRE(book.take(1, start).slots == std::vector{waiting});
  REQUIRE(book.at(waiting).tell_ms == to_millis(start + hours(20)));
  PollPolicy policy;
  policy.stalled_after = hours(2);
  book.set_policy(policy);
  for (const auto slot : {waiting, asked}) {
    CHECK(book.at(slot).tell_ms > 0);
    CHECK(book.at(slot).tell_ms <= to_millis(start));
  }
}

// Seen: they were not asked again before a restart.
TEST_CASE("orders that were not asked any more are asked again when a longer settle says so") {
  PollBook book(PollPolicy{});
  auto settled = quiet_order(1);
  settled.facts.status = OrderStatus::completed;
  settled.facts.settled = true;
  settled.facts.ended_ms = to_millis(start - hours(24 * 40));
  book.put(settled, start, 0.0);
  book.put(new_order(2), start, 0.0);
  CHECK(book.take(100, start).slots.size() == 1);
  PollPolicy patient;
  patient.settle = hours(24 * 20);
  book.set_policy(patient);
  CHECK(book.take(100, start + hours(24)).slots.empty());  // it rides along, and nobody else is asked
  book.put(new_order(3), start + hours(24), 0.0);
  CHECK(book.take(100, start + hours(24)).slots.size() == 2);
}

// Seen: 130 bytes went with each order purged.
TEST_CASE("orders that come and go for ever take no more room than those that are here") {
  PollBook book(PollPolicy{});
  std::int64_t row = 0;
  actors::Slot highest = 0;
  for (int round = 0; round < 20; ++round) {
    for (int i = 0; i < 100; ++i) highest = std::max(highest, book.put(new_order(++row), start, 0.0));
    for (std::int64_t gone = row - 99; gone <= row; ++gone) book.forget(gone);
  }
  CHECK(highest < 100);
  CHECK(book.size() == 0);
  CHECK(book.take(100, start).slots.empty());
}

TEST_CASE(
    "the slot of an order forgotten while it is asked about is nobody else's until the answer is there") {
  PollBook book(PollPolicy{});
  const auto slot = book.put(new_order(1), start, 0.0);
  REQUIRE(book.take(100, start).slots.size() == 1);
  book.forget(1);
  const auto other = book.put(new_order(2), start, 0.0);
  CHECK(other != slot);
  SUBCASE("answered") {
    book.answered(slot, 77, start);
  }
  SUBCASE("not answered") {
    book.not_answered(slot, start);
  }
  SUBCASE("not asked after all") {
    book.put_back(slot, start);
  }
  CHECK_FALSE(book.find(1));
  CHECK(book.find(2) == other);
  const auto next = book.put(new_order(3), start, 0.0);
  CHECK(next == slot);
  CHECK(book.at(next).digest == 0);
  CHECK(book.at(next).answered_ms == 0);
  CHECK(book.take(100, start).slots.size() == 2);
}

TEST_CASE("an order tracked again while it is asked about keeps its slot and is asked once") {
  PollBook book(PollPolicy{});
  const auto slot = book.put(new_order(1), start, 0.0);
  REQUIRE(book.take(100, start).slots.size() == 1);
  book.forget(1);
  CHECK(book.put(new_order(1), start, 0.0) == slot);
  CHECK(book.take(100, start).slots.empty());
  book.answered(slot, 5, start);
  CHECK(book.at(slot).digest == 5);
  CHECK(book.size() == 1);
}

TEST_CASE("the book agrees with a naive model through orders that come, go, are asked and come back") {
  std::mt19937 random(11);
  PollBook book(PollPolicy{});
  std::set<std::int64_t> tracked;
  std::map<actors::Slot, std::int64_t> out;  // and whose it was
  auto now = start;
  for (int step = 0; step < 20'000; ++step) {
    now += seconds(20);
    const auto row = static_cast<std::int64_t>(random() % 200) + 1;
    switch (random() % 5) {
      case 0:
      case 1:
        book.put(random() % 2 == 0 ? new_order(row) : quiet_order(row), now, 0.5);
        tracked.insert(row);
        break;
      case 2:
        book.forget(row);
        tracked.erase(row);
        break;
      case 3:
        for (const auto slot : book.take(random() % 20 + 1, now, out.size()).slots) {
          REQUIRE(tracked.count(book.at(slot).row) == 1);
          REQUIRE(out.emplace(slot, book.at(slot).row).second);
        }
        break;
      default:
        if (out.empty()) break;
        const auto [slot, whose] = *out.begin();
        REQUIRE(book.at(slot).row == whose);
        out.erase(out.begin());
        random() % 2 == 0 ? book.answered(slot, 9, now) : book.put_back(slot, now);
    }
    REQUIRE(book.size() == tracked.size());
    const auto slot = book.find(row);
    REQUIRE((slot && book.at(*slot).live) == (tracked.count(row) == 1));
    if (slot) REQUIRE(book.at(*slot).row == row);
  }
}

TEST_CASE("a wall clock set on by 500 days does not end the asking about settled orders") {
  PollBook book(PollPolicy{});
  auto settled = quiet_order(1);
  settled.facts.status = OrderStatus::completed;
  settled.facts.settled = true;
  settled.facts.ended_ms = to_millis(start - hours(60));
  const auto slot = book.put(settled, start, 0.0);
  book.take_out(slot);
  book.clock_stepped(hours(24 * 500));
  const auto later = start + hours(24 * 500);
  book.not_answered(slot, later);
  book.put(new_order(2), later + hours(24), 0.0);
  CHECK(book.take(100, later + hours(24)).slots.size() == 2);
  CHECK(book.at(slot).tell_ms > 0);
}

TEST_CASE("a wall clock set back by two hours does not make orders wait two hours longer") {
  PollBook book(PollPolicy{});
  book.put(quiet_order(1), start, 0.0);
  const auto batch = book.take(100, start + minutes(5));
  book.answered(batch.slots.at(0), 1, start + minutes(5));
  book.shift(-hours(2));
  CHECK(book.take(100, start - hours(2) + minutes(40)).slots.size() == 1);
}

TEST_CASE("settled orders ride along only where a batch has room") {
  PollBook book(PollPolicy{});
  auto settled = quiet_order(1);
  settled.facts.status = OrderStatus::completed;
  settled.facts.settled = true;
  settled.facts.ended_ms = to_millis(start - hours(60));
  book.put(settled, start, 0.0);
  CHECK(book.take(100, start + minutes(1)).slots.empty());
  book.put(new_order(2), start, 0.0);
  CHECK(book.take(100, start + minutes(1)).slots.size() == 2);
}

TEST_CASE("lag is how long the most overdue order has been waiting") {
  PollBook book(PollPolicy{});
  CHECK(book.lag(start) == Milliseconds(0));
  book.put(new_order(1), start, 0.0);
  CHECK(book.lag(start + seconds(7)) == seconds(7));
  CHECK(book.due(start + seconds(7), 100) == 1);
}

namespace {

// A book of quiet orders, all asked just now: nothing falls due within half an hour.
struct QuietBook {
  explicit QuietBook(std::int64_t orders, OrderStatus status = OrderStatus::in_progress)
      : book(PollPolicy{}) {
    for (std::int64_t row = 1; row <= orders; ++row) {
      auto entry = quiet_order(row);
      entry.facts.status = status;
      if (has_ended(status)) entry.facts.ended_ms = to_millis(start - hours(1));
      book.put(entry, start, 0.0);
    }
    answer_all(book.take(1000, start));
  }
  void answer_all(const PollBook::Batch& batch) {
    for (const auto slot : batch.slots) book.answered(slot, 1, start);
  }
  bool want(std::int64_t row, Timestamp now) { return book.want(*book.find(row), now); }
  static std::set<std::int64_t> rows(const PollBook& book, const PollBook::Batch& batch) {
    std::set<std::int64_t> rows;
    for (const auto slot : batch.slots) rows.insert(book.at(slot).row);
    return rows;
  }

  PollBook book;
};

}  // namespace

TEST_CASE("an order somebody looks at goes into the next batch, once it is older than the fastest pace") {
  QuietBook quiet(3);
  const auto fresh = start + seconds(59);
  CHECK_FALSE(quiet.want(2, fresh));
  CHECK(quiet.book.take(100, fresh).slots.empty());
  const auto now = start + seconds(60);
  CHECK(quiet.want(2, now));
  CHECK(quiet.want(2, now));
  CHECK(QuietBook::rows(quiet.book, quiet.book.take(100, now)) == std::set<std::int64_t>{2});
  CHECK_FALSE(quiet.want(2, now));  // it is out
  CHECK(quiet.book.take(100, now).slots.empty());
}

TEST_CASE("however many look, those that are wanted have one batch each `fastest`") {
  QuietBook quiet(500);
  std::size_t batches = 0;
  for (auto now = start; now < start + minutes(10); now += seconds(1)) {
    for (std::int64_t row = 1; row <= 500; ++row) quiet.want(row, now);
    const auto batch = quiet.book.take(100, now);
    if (batch.slots.empty()) continue;
    ++batches;
    CHECK(batch.slots.size() == 100);
    for (const auto slot : batch.slots) quiet.book.answered(slot, 1, now);
  }
  CHECK(batches == 9);
}

TEST_CASE("the moment at which those that are wanted go is known beforehand") {
  QuietBook quiet(2);
  const auto first = start + seconds(60);
  REQUIRE(quiet.want(1, first));
  REQUIRE(quiet.book.take(100, first).slots.size() == 1);
  REQUIRE(quiet.want(2, first + seconds(1)));
  const auto none = quiet.book.take(100, first + seconds(1));
  CHECK(none.slots.empty());
  REQUIRE(none.decide_again);
  CHECK(*none.decide_again == first + seconds(60));
  CHECK(quiet.book.take(100, *none.decide_again).slots.size() == 1);
}

TEST_CASE("an order that ended has no batch of its own, and rides along with others") {
  QuietBook quiet(2, OrderStatus::completed);
  const auto now = start + minutes(5);
  REQUIRE(quiet.want(1, now));
  CHECK(quiet.book.take(100, now).slots.empty());
  quiet.book.put(new_order(9), now, 0.0);
  CHECK(QuietBook::rows(quiet.book, quiet.book.take(100, now)) == std::set<std::int64_t>{1, 9});
}

TEST_CASE("neither those that are due nor those that are wanted keep the others from their turn") {
  PollBook book(PollPolicy{});
  for (std::int64_t row = 1; row <= 300; ++row) book.put(quiet_order(row), start, 1.0);
  for (std::int64_t row = 301; row <= 600; ++row) book.put(new_order(row), start, 0.0);
  const auto now = start + minutes(2);
  for (std::int64_t row = 1; row <= 300; ++row) CHECK(book.want(*book.find(row), now));
  for (int round = 0; round < 6; ++round) {
    const auto batch = book.take(100, now);
    const auto rows = QuietBook::rows(book, batch);
    CHECK(rows.size() == 100);
    CHECK(std::count_if(rows.begin(), rows.end(), [](std::int64_t row) { return row <= 300; }) == 50);
    for (const auto slot : batch.slots) book.answered(slot, 1, now);
  }
  // One at a time: every other.
  PollBook single(PollPolicy{});
  for (std::int64_t row = 1; row <= 4; ++row) single.put(quiet_order(row), start, 1.0);
  for (std::int64_t row = 5; row <= 8; ++row) single.put(new_order(row), start, 0.0);
  for (std::int64_t row = 1; row <= 4; ++row) single.want(*single.find(row), now);
  int wanted = 0;
  for (int round = 0; round < 4; ++round) {
    const auto batch = single.take(1, now);
    REQUIRE(batch.slots.size() == 1);
    wanted += single.at(batch.slots.front()).row <= 4 ? 1 : 0;
  }
  CHECK(wanted == 2);
}

TEST_CASE("what is forgotten, asked out of turn or due anyhow is not wanted twice") {
  QuietBook quiet(4);
  const auto now = start + minutes(2);
  for (std::int64_t row = 1; row <= 4; ++row) REQUIRE(quiet.want(row, now));
  quiet.book.forget(1);
  const auto out = *quiet.book.find(2);
  quiet.book.take_out(out);
  quiet.book.answered(out, 1, now);
  quiet.book.put(quiet_order(50), now, 1.0);  // takes the slot of the one forgotten
  CHECK(QuietBook::rows(quiet.book, quiet.book.take(100, now)) == std::set<std::int64_t>{3, 4});
}

TEST_CASE("a clock set back keeps nobody who is wanted from the next batch") {
  QuietBook quiet(2);
  REQUIRE(quiet.want(1, start + minutes(2)));
  REQUIRE(quiet.book.take(100, start + minutes(2)).slots.size() == 1);
  const auto back = start - hours(5);
  REQUIRE(quiet.want(2, back));
  CHECK(quiet.book.take(100, back).slots.size() == 1);
}
