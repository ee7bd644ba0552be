#include "post.h"
#include "rules/retry.h"

namespace smm::store {

namespace {

AttemptResult refused(std::int64_t attempt, std::int64_t delivery, Timestamp next,
                      std::optional<Timestamp> rest) {
  AttemptResult result;
  result.attempt = attempt;
  result.delivery = delivery;
  result.outcome = "refused";
  result.next_try_at = next;
  result.rest_until = rest;
  return result;
}

}  // namespace

TEST_CASE("who leaves an endpoint settles what finished and interrupts the rest, of this endpoint alone") {
  Post post;
  const WebhookName other("other");
  post.bench.store().subscribe({{shop, {"*"}, {}}, {other, {"*"}, {}}});
  post.write("a", noon);
  post.write("b", noon);
  const auto of = [&](const WebhookName& webhook) {
    Ids ids;
    for (const auto& each : post.bench.store().due_deliveries(webhook, noon, 9, {}, {}))
      ids.push_back(each.id);
    return ids;
  };
  const auto mine = of(shop);
  const auto others = of(other);
  REQUIRE(mine.size() == 2);
  REQUIRE(others.size() == 2);
  const auto taken = post.begin(mine[0], noon + 1s);
  post.begin(mine[1], noon + 1s);
  post.begin(others[0], noon + 1s);

  AttemptResult done;
  done.attempt = taken;
  done.delivery = mine[0];
  done.outcome = "delivered";
  done.state = DeliveryState::delivered;
  post.bench.store().leave_webhook(shop, {&done, 1}, noon + 2s);

  auto& store = post.bench.store();
  CHECK(store.delivery(mine[0])->state == DeliveryState::delivered);
  CHECK(store.attempts(mine[1]).at(0).outcome == "interrupted");
  CHECK(store.attempts(mine[1]).at(0).ended_at == noon + 2s);
  CHECK(store.delivery(mine[1])->tries == 0);
  CHECK(post.due(noon + 2s) == Ids{mine[1]});
  CHECK_FALSE(store.attempts(others[0]).at(0).ended_at);
  store.leave_webhook(WebhookName("nobody"), {}, noon + 3s);
  CHECK(store.interrupt_open_attempts(noon + 3s) == 1);
}

TEST_CASE("a clock set back silenced a webhook for as long: its waits are set back too") {
  Post post;
  const auto waiting = post.write("a", noon);
  const auto failed = post.write("b", noon);
  post.settle(post.begin(failed, noon), failed, DeliveryState::pending, noon, noon + 10min);
  const auto now = noon - 3h;
  CHECK(post.due(now).empty());
  post.bench.store().mend_waits(-3h, now);
  CHECK(post.due(now) == Ids{waiting});
  CHECK(post.due(now + 10min - 1ms) == Ids{waiting});
  CHECK(post.due(now + 10min) == Ids{waiting, failed});
  // What waits behind a failure of the clock before waits for 30 minutes, and not for the step as well.
  const auto behind = post.write("b", now);
  CHECK(post.due(now + 30min) == Ids{waiting, failed});
  post.settle(post.begin(failed, now + 30min), failed, DeliveryState::pending, now + 30min, now + 5h);
  CHECK(post.due(now + 1h) == Ids{waiting, behind});
}

TEST_CASE("a clock set on by 3 h let every wait end at once: it moves the waits on") {
  Post post;
  const auto waiting = post.write("a", noon);
  const auto failed = post.write("b", noon);
  const auto behind = post.write("b", noon);
  post.settle(post.begin(failed, noon), failed, DeliveryState::pending, noon, noon + 10min);
  const auto now = noon + 3h;
  const auto fresh = post.write("c", now);
  post.bench.store().mend_waits(3h, now);
  CHECK(post.due(now) == Ids{waiting, fresh});
  CHECK(post.due(now + 10min - 1ms) == Ids{waiting, fresh});
  CHECK(post.due(now + 10min) == Ids{waiting, fresh, failed});
  // Nor has it been failing for any longer.
  post.settle(post.begin(failed, now + 10min), failed, DeliveryState::pending, now + 10min, now + 5h);
  CHECK(post.due(now + 30min - 1ms) == Ids{waiting, fresh});
  CHECK(post.due(now + 30min) == Ids{waiting, fresh, behind});
  // And to and fro: nothing has changed.
  post.bench.store().mend_waits(24h, now + 24h);
  post.bench.store().mend_waits(-24h, now);
  CHECK(post.due(now + 30min - 1ms) == Ids{waiting, fresh});
  CHECK(post.due(now + 30min) == Ids{waiting, fresh, behind});
}

TEST_CASE("a wait that nobody can have asked for ends at the next start") {
  Post post;
  const auto ahead = noon + std::chrono::hours(24 * 400);
  const auto fresh = post.write("a", ahead);
  const auto failed = post.write("b", ahead);
  const auto long_wait = post.write("c", noon);
  auto result = refused(post.begin(failed, ahead), failed, ahead + 1h, ahead + 1h);
  post.bench.store().settle_and_begin({&result, 1}, {}, ahead);
  post.fail(long_wait, noon, noon + rules::longest_retry_delay);
  CHECK(post.due(noon).empty());
  post.bench.store().mend_waits(Milliseconds(0), noon);
  CHECK(post.due(noon) == Ids{fresh, failed});
  CHECK(post.bench.store().next_delivery_at(shop, {}) == noon);
  CHECK(post.bench.store().delivery(long_wait)->next_try_at == noon + rules::longest_retry_delay);
  CHECK_FALSE(post.bench.store().webhooks().at(0).rest_until);
}

TEST_CASE("what Retry-After asked for was forgotten at a restart: it stands in the endpoint's row") {
  Post post;
  const auto first = post.write("a", noon);
  const auto second = post.write("b", noon);
  const auto third = post.write("c", noon);
  CHECK_FALSE(post.bench.store().webhooks().at(0).rest_until);
  auto result = refused(post.begin(first, noon), first, noon + 1h, noon + 1h);
  post.bench.store().settle_and_begin({&result, 1}, {}, noon);
  // Less is no more.
  result = refused(post.begin(second, noon), second, noon + 2h, noon + 30min);
  post.bench.store().settle_and_begin({&result, 1}, {}, noon);
  post.bench.reopen();
  post.subscribe();
  CHECK(post.bench.store().webhooks().at(0).rest_until == noon + 1h);
  post.bench.store().set_webhook_paused(shop, true, noon);
  CHECK(post.bench.store().webhooks().at(0).rest_until == noon + 1h);
  // A resume ends it, and the waits for the next try.
  post.bench.store().set_webhook_paused(shop, false, noon + 1min);
  CHECK_FALSE(post.bench.store().webhooks().at(0).rest_until);
  CHECK(post.due(noon + 1min) == Ids{third, first, second});
}

}  // namespace smm::store
