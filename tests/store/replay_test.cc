#include "post.h"

namespace smm::store {
namespace {

std::string state_of(Post& post, std::int64_t id) {
  const auto delivery = post.bench.store().delivery(id);
  REQUIRE(delivery.has_value());
  return std::string(to_text(delivery->state));
}

Replayed replay(Post& post, std::int64_t since, bool also_delivered, Timestamp now) {
  return post.bench.store().replay(shop, since, also_delivered, now);
}

}  // namespace

TEST_CASE("a replay sends again what ended, in the order of the events, and leaves alone what is pending") {
  Post post;
  const auto first = post.write("a", noon);
  const auto second = post.write("a", noon);
  const auto third = post.write("b", noon);
  const auto waiting = post.write("b", noon);
  post.deliver(first, noon);
  post.settle(post.begin(second, noon), second, DeliveryState::dead, noon);
  post.deliver(third, noon);
  const auto told = replay(post, 0, true, noon + 1min);
  CHECK(told.replayed == 3);
  CHECK(told.left_alone == 1);
  CHECK_FALSE(told.next);
  // One an order, the oldest; also where a younger one had its turn already.
  CHECK(post.due(noon + 1min) == Ids{first, third});
  post.deliver(first, noon + 2min);
  post.deliver(third, noon + 2min);
  CHECK(post.due(noon + 2min) == Ids{second, waiting});
  CHECK(post.bench.store().delivery(second)->tries == 0);
}

TEST_CASE("of what was delivered nothing goes again when only the undelivered is wanted") {
  Post post;
  const auto delivered = post.write("a", noon);
  const auto dead = post.write("b", noon);
  post.deliver(delivered, noon);
  post.settle(post.begin(dead, noon), dead, DeliveryState::dead, noon);
  const auto told = replay(post, 0, false, noon + 1min);
  CHECK(told.replayed == 1);
  CHECK(told.left_alone == 1);
  CHECK(state_of(post, delivered) == "delivered");
  CHECK(state_of(post, dead) == "pending");
}

TEST_CASE("a replay also brings what happened before the endpoint was there, and what it wants now") {
  Post post;
  post.bench.store().subscribe({});
  post.write("a", noon);
  const auto seq = post.bench.store().event_span().newest;
  post.write("b", noon);
  CHECK(post.bench.number("SELECT count(*) FROM delivery") == 0);
  post.bench.store().subscribe({{shop, {"order.progress"}, {PanelName("p2")}}});
  CHECK(replay(post, 0, true, noon).replayed == 0);
  post.subscribe();
  CHECK(replay(post, seq, true, noon).replayed == 1);
  CHECK(post.due(noon).size() == 1);
  CHECK(replay(post, 0, true, noon).left_alone == 1);
  CHECK(post.due(noon).size() == 2);
}

TEST_CASE("what was never told of an order comes before what happens to it now") {
  Post post;
  post.bench.store().subscribe({});
  post.write("a", noon);
  post.write("a", noon);
  post.subscribe();
  const auto now = post.write("a", noon + 1h);
  CHECK(post.due(noon + 1h) == Ids{now});
  CHECK(replay(post, 0, true, noon + 1h).replayed == 2);
  Ids order;
  for (int i = 0; i < 3; ++i) {
    const auto due = post.due(noon + 1h);
    REQUIRE(due.size() == 1);
    order.push_back(due[0]);
    post.deliver(due[0], noon + 1h);
  }
  CHECK(order == Ids{now + 1, now + 2, now});
}

TEST_CASE(
    "one that waits behind a failing one of its order cannot be sent before it; one that failed itself can") {
  Post post;
  const auto first = post.write("a", noon);
  const auto second = post.write("a", noon);
  CHECK_FALSE(post.bench.store().send_again(second, noon));
  post.fail(first, noon, noon + 10min);
  CHECK_FALSE(post.bench.store().send_again(second, noon + 1min));
  CHECK(post.bench.store().send_again(first, noon + 1min));
  CHECK(post.due(noon + 1min) == Ids{first});
  post.fail(first, noon + 1min, noon + 1h);
  CHECK(post.due(noon + 31min) == Ids{second});
  post.fail(second, noon + 31min, noon + 2h);
  CHECK(post.bench.store().send_again(second, noon + 32min));
}

TEST_CASE("a test of another endpoint is not replayed") {
  Post post;
  EventDraft test;
  test.type = EventType::webhook_test;
  test.only_for = WebhookName("other");
  post.bench.store().subscribe({{shop, {"*"}, {}}, {WebhookName("other"), {"*"}, {}}});
  post.bench.store().append({&test, 1}, noon);
  const auto told = replay(post, 0, true, noon);
  CHECK(told.replayed == 0);
  CHECK(told.left_alone == 0);
}

TEST_CASE("a replay goes a thousand events at a time and tells where to go on") {
  Post post;
  post.bench.store().subscribe({});
  EventDraft draft;
  draft.type = EventType::panel_down;
  draft.panel = PanelName("p1");
  const std::vector<EventDraft> many(2500, draft);
  post.bench.store().append(many, noon);
  post.subscribe();
  std::int64_t since = 0;
  std::int64_t replayed = 0;
  int slices = 0;
  while (true) {
    const auto slice = replay(post, since, true, noon);
    replayed += slice.replayed;
    ++slices;
    if (!slice.next) break;
    since = *slice.next;
  }
  CHECK(slices == 3);
  CHECK(replayed == 2500);
}

TEST_CASE("the event before a moment is found, in whatever holes the log has") {
  Post post;
  CHECK(post.bench.store().last_event_before(noon) == 0);
  for (int i = 0; i < 100; ++i) post.write("", noon + i * 1min);
  const auto first = post.bench.store().event_span().oldest;
  CHECK(post.bench.store().last_event_before(noon) == first - 1);
  CHECK(post.bench.store().last_event_before(noon + 1ms) == first);
  CHECK(post.bench.store().last_event_before(noon + 40min) == first + 39);
  CHECK(post.bench.store().last_event_before(noon + 24h) == first + 99);
  post.bench.database().execute("thin out", "DELETE FROM delivery");
  post.bench.database().execute(
      "thin out", "DELETE FROM event WHERE seq % 7 <> 0 AND seq > " + std::to_string(first + 3));
  for (int minute = 0; minute < 100; ++minute) {
    const auto found = post.bench.store().last_event_before(noon + minute * 1min);
    CAPTURE(minute);
    const auto moment = std::to_string(to_millis(noon + minute * 1min));
    CHECK(post.bench.number("SELECT count(*) FROM event WHERE at < " + moment + " AND seq > " +
                            std::to_string(found)) == 0);
    CHECK(post.bench.number("SELECT count(*) FROM event WHERE at >= " + moment +
                            " AND seq <= " + std::to_string(found)) == 0);
  }
}

TEST_CASE("of an endpoint that is disabled or unknown nothing is replayed") {
  Post post;
  const auto gone = post.write("a", noon);
  AttemptResult result;
  result.attempt = post.begin(gone, noon);
  result.delivery = gone;
  result.state = DeliveryState::dead;
  result.is_gone = true;
  post.bench.store().settle_and_begin({&result, 1}, {}, noon);
  CHECK(replay(post, 0, true, noon).replayed == 0);
  CHECK(post.bench.store().replay(WebhookName("nobody"), 0, true, noon).replayed == 0);
}

}  // namespace smm::store
