#include "orders.h"
#include "rules/schedule.h"

namespace smm::rules::transition_flags_test {
namespace {

Order lost_order() {
  auto order = after({reply("In progress")});
  order = must(forget(order, tracked + 1h)).after;
  return must(forget(order, tracked + 25h)).after;
}

Order stalled_order() {
  return must(pass_time(after({reply("In progress")}), tracked + 25h)).after;
}

Order settled_order() {
  return must(pass_time(ended_order(), tracked + 49h)).after;
}

Order drip_feed() {
  auto seen = reply("In progress");
  seen.kind = OrderKind::drip_feed;
  return after({seen});
}

}  // namespace

TEST_CASE("an active order without a change for stalled_after is stalled, and that is said once") {
  const auto order = after({reply("In progress")});  // changed at tracked + 1 min
  CHECK_FALSE(pass_time(order, tracked + 24h + 1min - 1ms).has_value());
  const auto change = must(pass_time(order, tracked + 24h + 1min));
  CHECK(change.after.stalled);
  CHECK(change.after.revision == order.revision);
  CHECK_FALSE(change.point.has_value());
  CHECK(types(change) == std::vector{EventType::order_stalled});
  CHECK_FALSE(pass_time(change.after, tracked + 100h).has_value());
}

TEST_CASE("a reply that differs only in what does not count lets an order stall as well") {
  auto seen = reply("In progress");
  seen.raw = "{\"time\":\"now\"}";
  const auto change = must(step(after({reply("In progress")}), seen, tracked + 25h));
  CHECK(types(change) == std::vector{EventType::order_stalled});
}

TEST_CASE("only active orders stall: not new, paused or ended ones, and never a subscription") {
  CHECK_FALSE(pass_time(fresh_order(), tracked + 1000h).has_value());
  CHECK_FALSE(pass_time(after({reply("Frozen")}), tracked + 1000h).has_value());
  CHECK_FALSE(pass_time(after({reply("Paused")}), tracked + 1000h).has_value());
  CHECK_FALSE(must(pass_time(ended_order(), tracked + 1000h)).after.stalled);
  auto seen = reply("Active");
  seen.kind = OrderKind::subscription;
  CHECK_FALSE(pass_time(after({seen}), tracked + 1000h).has_value());
  for (const auto* word : {"Pending", "Processing", "In progress", "Active"}) {
    CHECK(must(pass_time(after({reply(word)}), tracked + 1000h)).after.stalled);
  }
}

TEST_CASE("a drip-feed stalls only after three of its intervals, three times slowest if none is known") {
  auto order = drip_feed();
  CHECK(pass_time(order, tracked + 25h).has_value());
  order.interval = 24h;
  CHECK_FALSE(pass_time(order, tracked + 72h).has_value());
  CHECK(must(pass_time(order, tracked + 72h + 1min)).after.stalled);
  auto slow = policy;
  slow.slowest = 20h;
  CHECK_FALSE(unchanged(drip_feed(), slow, {}, tracked + 59h).has_value());
  CHECK(unchanged(drip_feed(), slow, {}, tracked + 61h).has_value());
}

TEST_CASE("any movement of a stalled order makes order.resumed after its own event") {
  const auto moved = must(step(stalled_order(), reply("In progress", 10), tracked + 30h));
  CHECK_FALSE(moved.after.stalled);
  CHECK(types(moved) == std::vector{EventType::order_progress, EventType::order_resumed});
  const auto ended = must(step(stalled_order(), reply("Completed", 0), tracked + 30h));
  CHECK(types(ended) == std::vector{EventType::order_status_changed, EventType::order_resumed});
  CHECK_FALSE(step(stalled_order(), reply("In progress"), tracked + 30h).has_value());
}

TEST_CASE("a resumed order may stall again") {
  const auto moved = must(step(stalled_order(), reply("In progress", 10), tracked + 30h)).after;
  CHECK_FALSE(pass_time(moved, tracked + 53h).has_value());
  CHECK(types(must(pass_time(moved, tracked + 54h))) == std::vector{EventType::order_stalled});
}

TEST_CASE("an order that ended and is unchanged for settle is settled, and that is said once") {
  const auto order = ended_order();
  CHECK_FALSE(pass_time(order, tracked + 48h + 1min - 1ms).has_value());
  const auto change = must(pass_time(order, tracked + 48h + 1min));
  CHECK(change.after.settled);
  CHECK(change.after.revision == order.revision);
  CHECK(types(change) == std::vector{EventType::order_settled});
  CHECK_FALSE(pass_time(change.after, tracked + 100h).has_value());
}

TEST_CASE("an open refill holds the settling back") {
  Surroundings around;
  around.open_refill = true;
  CHECK_FALSE(pass_time(ended_order(), tracked + 100h, around).has_value());
  CHECK_FALSE(step(ended_order(), reply("Completed", 0), tracked + 100h, around).has_value());
  auto missing = ended_order();
  missing.missing_since = tracked + 1h;
  CHECK_FALSE(must(pass_time(missing, tracked + 100h, around)).after.settled);
  around.open_refill = false;
  CHECK(pass_time(ended_order(), tracked + 100h, around).has_value());
  CHECK(must(pass_time(missing, tracked + 100h, around)).after.settled);
}

TEST_CASE("an open refill does not keep an active order from stalling") {
  Surroundings around;
  around.open_refill = true;
  CHECK(must(pass_time(after({reply("In progress")}), tracked + 25h, around)).after.stalled);
}

TEST_CASE("a correction of a settled order un-settles it, and it settles again in its time") {
  const auto change = must(step(settled_order(), reply("Completed", 3), tracked + 60h));
  CHECK_FALSE(change.after.settled);
  CHECK(types(change) == std::vector{EventType::order_corrected});
  CHECK_FALSE(pass_time(change.after, tracked + 107h).has_value());
  CHECK(types(must(pass_time(change.after, tracked + 108h))) == std::vector{EventType::order_settled});
  CHECK_FALSE(must(step(settled_order(), reply("In progress"), tracked + 60h)).after.settled);
}

TEST_CASE("a quiet order that had ended before its first sight settles without an event") {
  auto order = fresh_order();
  order.quiet = true;
  const auto imported = after({reply("Completed", 0)}, order);
  const auto settled = must(pass_time(imported, tracked + 49h));
  CHECK(settled.after.settled);
  CHECK(settled.events.empty());
  const auto moved = after({reply("In progress"), reply("Completed", 0)}, order);
  CHECK(types(must(pass_time(moved, tracked + 49h))) == std::vector{EventType::order_settled});
}

TEST_CASE("an id the panel does not know is only noted at first, without revision or event") {
  const auto order = after({reply("In progress")});
  const auto change = must(forget(order, tracked + 1h));
  CHECK(change.after.missing_since == tracked + 1h);
  CHECK_FALSE(change.after.lost);
  CHECK(change.after.revision == order.revision);
  CHECK(change.after.status == OrderStatus::in_progress);
  CHECK(change.events.empty());
  CHECK_FALSE(change.point.has_value());
}

TEST_CASE("an id the panel keeps not knowing for lost_after is lost, and that is said once") {
  const auto noted = must(forget(after({reply("In progress")}), tracked + 1h)).after;
  CHECK_FALSE(forget(noted, tracked + 25h - 1ms).has_value());
  const auto change = must(forget(noted, tracked + 25h));
  CHECK(change.after.lost);
  CHECK(change.after.status == OrderStatus::in_progress);
  CHECK(change.after.revision == noted.revision);
  CHECK(types(change) == std::vector{EventType::order_lost});
  CHECK_FALSE(forget(change.after, tracked + 50h).has_value());
}

// Seen: two answers a day apart, with nothing but failed requests between them, made an order lost.
TEST_CASE("two answers lost_after apart are no loss: the panel must have said so three times") {
  const auto noted = must(forget(after({reply("In progress")}), tracked + 1h, 1)).after;
  CHECK_FALSE(forget(noted, tracked + 25h, 2).has_value());
  CHECK_FALSE(forget(noted, tracked + 1000h, 2).has_value());
  CHECK_FALSE(forget(noted, tracked + 25h - 1ms, 100).has_value());
  CHECK(must(forget(noted, tracked + 1000h, 3)).after.lost);
}

TEST_CASE("an order never answered can be lost, an ended one cannot") {
  const auto noted = must(forget(fresh_order(), tracked + 1h)).after;
  CHECK(must(forget(noted, tracked + 25h)).after.lost);
  CHECK_FALSE(forget(ended_order(), tracked + 1h).has_value());
  CHECK_FALSE(forget(ended_order(), tracked + 1000h).has_value());
}

TEST_CASE("a clock set back begins the time of missing anew") {
  const auto noted = must(forget(fresh_order(), tracked + 1000h)).after;
  CHECK(must(forget(noted, tracked)).after.missing_since == tracked);
}

TEST_CASE("any answer about an order that was missing clears it, without revision or event") {
  const auto order = after({reply("In progress")});
  const auto noted = must(forget(order, tracked + 1h)).after;
  for (const auto& change :
       {must(pass_time(noted, tracked + 2h)), must(step(noted, reply("in_progress"), tracked + 2h))}) {
    CHECK_FALSE(change.after.missing_since.has_value());
    CHECK(change.after.revision == order.revision);
    CHECK(change.events.empty());
    CHECK_FALSE(change.point.has_value());
  }
  const auto moved = must(step(noted, reply("In progress", 3), tracked + 2h));
  CHECK_FALSE(moved.after.missing_since.has_value());
  CHECK(types(moved) == std::vector{EventType::order_progress});
  // The time of missing begins anew.
  const auto noted_again = must(forget(moved.after, tracked + 30h)).after;
  CHECK_FALSE(forget(noted_again, tracked + 40h).has_value());
}

TEST_CASE("an answer about a lost order finds it: order.found comes before its own event") {
  const auto order = lost_order();
  const auto moved = must(step(order, reply("Completed", 0), tracked + 26h));
  CHECK_FALSE(moved.after.lost);
  CHECK_FALSE(moved.after.missing_since.has_value());
  CHECK(types(moved) == std::vector{EventType::order_found, EventType::order_status_changed});
  const auto same = must(pass_time(order, tracked + 24h));
  CHECK(types(same) == std::vector{EventType::order_found});
  CHECK_FALSE(same.point.has_value());
}

TEST_CASE("a lost order that is found as it was may have stalled in the meantime") {
  const auto change = must(pass_time(lost_order(), tracked + 30h));
  CHECK(types(change) == std::vector{EventType::order_found, EventType::order_stalled});
}

TEST_CASE("a quiet order that was lost before its first sight is said to be found") {
  auto order = fresh_order();
  order.quiet = true;
  order = must(forget(order, tracked + 1h)).after;
  order = must(forget(order, tracked + 30h)).after;
  CHECK(types(must(step(order, reply("Pending"), tracked + 31h))) == std::vector{EventType::order_found});
}

TEST_CASE("before the moment that time_may_tell names, unchanged has nothing to say; at it, it has") {
  auto short_paused = after({reply("In progress"), reply("Paused")});
  for (const auto& order : {fresh_order(), ended_order(), after({reply("In progress")}), drip_feed(),
                            stalled_order(), settled_order(), lost_order(), short_paused}) {
    const auto moment = time_may_tell(order, policy);
    if (!moment) {
      CHECK_FALSE(pass_time(order, tracked + 100'000h).has_value());
      continue;
    }
    CHECK(pass_time(order, *moment).has_value());
    if (!order.missing_since) CHECK_FALSE(pass_time(order, *moment - 1ms).has_value());
  }
}

}  // namespace smm::rules::transition_flags_test
