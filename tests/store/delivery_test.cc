#include "post.h"

#include <algorithm>
#include <random>

namespace smm::store {
namespace {}  // namespace

TEST_CASE("what is due goes oldest first, one of each order, and no more than asked for") {
  Post post;
  const auto a1 = post.write("a", noon);
  const auto none1 = post.write("", noon);
  post.write("a", noon);
  const auto b1 = post.write("b", noon);
  const auto none2 = post.write("", noon + 1s);
  CHECK(post.due(noon) == Ids{a1, none1, b1});
  CHECK(post.due(noon + 1s) == Ids{a1, none1, b1, none2});
  CHECK(post.due(noon + 1s, 2) == Ids{a1, none1});
  CHECK(post.due(noon + 1s, 10, {none1, b1}) == Ids{a1, none2});
  const auto row_of_a = post.bench.find(key_of("a")).row;
  CHECK(post.due(noon + 1s, 10, {}, {row_of_a}) == Ids{none1, b1, none2});
  CHECK(post.due(noon - 1s).empty());
  CHECK(post.bench.store().due_deliveries(WebhookName("nobody"), noon, 10, {}, {}).empty());
  const auto due = post.bench.store().due_deliveries(shop, noon, 1, {}, {}).at(0);
  const auto event = all_events(post.bench.store()).at(0);
  CHECK(due.body == event.body);
  CHECK(due.event_id == event.id);
  CHECK(due.order_row == row_of_a);
  CHECK(due.tries == 0);
}

TEST_CASE("the events of an order go one after the other") {
  Post post;
  const auto first = post.write("a", noon);
  const auto second = post.write("a", noon);
  const auto third = post.write("a", noon);
  const auto attempt = post.begin(first, noon);
  CHECK(post.due(noon + 1h).empty());
  bool is_told = false;
  post.bench.store().on_commit([&](const Committed& news) { is_told = !news.webhooks.empty(); });
  post.settle(attempt, first, DeliveryState::delivered, noon + 1s);
  CHECK(is_told);
  CHECK(post.due(noon + 1s) == Ids{second});
  post.settle(post.begin(second, noon + 2s), second, DeliveryState::dead, noon + 2s);
  CHECK(post.due(noon + 2s) == Ids{third});
  post.deliver(third, noon + 3s);
  CHECK(post.due(noon + 3s).empty());
  CHECK_FALSE(post.bench.store().next_delivery_at(shop, {}));
  const auto fourth = post.write("a", noon + 4s);
  CHECK(post.due(noon + 4s) == Ids{fourth});
}

TEST_CASE("an event waits for an older one of its order, but not for one that has failed for 30 minutes") {
  Post post;
  const auto first = post.write("a", noon);
  const auto second = post.write("a", noon);
  const auto other = post.write("b", noon + 40min);
  post.fail(first, noon, noon + 10min);
  CHECK(post.due(noon + 9min).empty());
  CHECK(post.bench.store().next_delivery_at(shop, {}) == noon + 10min);
  CHECK(post.due(noon + 10min) == Ids{first});
  post.fail(first, noon + 10min, noon + 2h);
  CHECK(post.bench.store().next_delivery_at(shop, {}) == noon + 30min);
  CHECK(post.due(noon + 30min - 1ms).empty());
  CHECK(post.due(noon + 30min) == Ids{second});
  // One that comes later queues up behind the second, which has not failed.
  const auto third = post.write("a", noon + 31min);
  CHECK(post.due(noon + 31min) == Ids{second});
  post.deliver(second, noon + 31min);
  CHECK(post.due(noon + 31min) == Ids{third});
  // The older one first as soon as both may go.
  CHECK(post.due(noon + 2h) == Ids{first, other});
  post.fail(third, noon + 40min, noon + 1h);
  CHECK(post.due(noon + 2h) == Ids{other, first});
  post.deliver(first, noon + 2h);
  CHECK(post.due(noon + 2h) == Ids{other, third});
}

TEST_CASE("an order whose delivery is under way is no reason to look again") {
  Post post;
  const auto first = post.write("a", noon);
  const auto second = post.write("a", noon);
  post.fail(first, noon, noon + 1h);
  CHECK(post.bench.store().next_delivery_at(shop, {}) == noon + 30min);
  const auto attempt = post.begin(first, noon + 1h);
  // The second is due by its own moment, and cannot go before the first one's attempt is over.
  const Ids busy{post.bench.find(key_of("a")).row};
  CHECK(post.bench.store().next_delivery_at(shop, {}) == noon + 30min);
  CHECK_FALSE(post.bench.store().next_delivery_at(shop, busy));
  const auto other = post.write("b", noon + 1h);
  post.fail(other, noon + 1h, noon + 3h);
  CHECK(post.bench.store().next_delivery_at(shop, busy) == noon + 3h);
  post.settle(attempt, first, DeliveryState::pending, noon + 2h, noon + 5h);
  CHECK(post.bench.store().next_delivery_at(shop, {}) == noon + 30min);
  CHECK(post.due(noon + 2h) == Ids{second});
  CHECK_FALSE(post.bench.store().next_delivery_at(WebhookName("nobody"), {}));
}

TEST_CASE("endpoints do not wait for each other") {
  Workbench bench;
  bench.store().subscribe({{WebhookName("x"), {"*"}, {}}, {WebhookName("y"), {"*"}, {}}});
  bench.track("1");
  bench.say(key_of("1"), "In progress", 5, noon);
  const auto x = bench.store().due_deliveries(WebhookName("x"), noon, 10, {}, {});
  const auto y = bench.store().due_deliveries(WebhookName("y"), noon, 10, {}, {});
  REQUIRE(x.size() == 1);
  REQUIRE(y.size() == 1);
  CHECK(x[0].id != y[0].id);
  CHECK(x[0].event_id == y[0].event_id);
  bench.store().settle_and_begin({}, std::vector{x[0].id}, noon);
  CHECK(bench.store().due_deliveries(WebhookName("x"), noon, 10, {}, {}).empty());
  CHECK(bench.store().due_deliveries(WebhookName("y"), noon, 10, {}, {}).size() == 1);
}

TEST_CASE("an attempt is written before it is made and completed after it") {
  Post post;
  const auto id = post.write("a", noon);
  const auto attempt = post.begin(id, noon + 1s);
  REQUIRE(attempt > 0);
  auto attempts = post.bench.store().attempts(id);
  REQUIRE(attempts.size() == 1);
  CHECK(attempts[0].id == attempt);
  CHECK(attempts[0].started_at == noon + 1s);
  CHECK_FALSE(attempts[0].ended_at);
  CHECK(attempts[0].outcome.empty());
  CHECK_FALSE(post.bench.store().delivery(id)->next_try_at);
  post.settle(attempt, id, DeliveryState::pending, noon + 2s, noon + 7s);
  auto delivery = *post.bench.store().delivery(id);
  CHECK(delivery.state == DeliveryState::pending);
  CHECK(delivery.tries == 1);
  CHECK(delivery.next_try_at == noon + 7s);
  CHECK_FALSE(delivery.ended_at);
  // A probe of an endpoint that is down uses up no try.
  post.settle(post.begin(id, noon + 7s), id, DeliveryState::pending, noon + 8s, noon + 9s, false);
  CHECK(post.bench.store().delivery(id)->tries == 1);
  CHECK(post.bench.store().due_deliveries(shop, noon + 9s, 1, {}, {}).at(0).tries == 1);
  post.deliver(id, noon + 10s);
  delivery = *post.bench.store().delivery(id);
  CHECK(delivery.state == DeliveryState::delivered);
  CHECK(delivery.tries == 2);
  CHECK(delivery.ended_at == noon + 10s);
  CHECK(delivery.created_at == noon);
  CHECK(delivery.webhook == shop);
  CHECK(delivery.order == key_of("a"));
  CHECK(delivery.type == EventType::order_progress);
  CHECK(delivery.event_seq == 1);
  CHECK(delivery.event_id == all_events(post.bench.store()).at(0).id);
  attempts = post.bench.store().attempts(id);
  REQUIRE(attempts.size() == 3);
  CHECK(attempts[0].ended_at == noon + 2s);
  CHECK(attempts[0].outcome == "refused");
  CHECK(attempts[0].http_status == 503);
  CHECK(attempts[0].error == "it answered 503");
  CHECK(attempts[0].response == "words");
  CHECK(attempts[2].outcome == "delivered");
  // What is over does not begin again, and does not end twice.
  CHECK(post.begin(id, noon + 11s) == 0);
  post.settle(attempt, id, DeliveryState::dead, noon + 12s);
  CHECK(post.bench.store().delivery(id)->state == DeliveryState::delivered);
  CHECK(post.bench.store().attempts(id)[0].ended_at == noon + 2s);
  CHECK(post.begin(999, noon) == 0);
  CHECK_FALSE(post.bench.store().delivery(999));
}

TEST_CASE("one commit settles what finished and begins what is next") {
  Post post;
  const auto first = post.write("a", noon);
  const auto second = post.write("b", noon);
  AttemptResult result;
  result.attempt = post.begin(first, noon);
  result.delivery = first;
  result.state = DeliveryState::delivered;
  const auto begun = post.bench.store().settle_and_begin({&result, 1}, std::vector{second}, noon + 1s);
  REQUIRE(begun.size() == 1);
  CHECK(post.bench.store().delivery(first)->state == DeliveryState::delivered);
  CHECK(post.bench.store().attempts(second).at(0).id == begun[0]);
}

TEST_CASE("what a crash interrupted is tried again at once and used up no try") {
  Post post;
  const auto first = post.write("a", noon);
  const auto second = post.write("a", noon);
  const auto other = post.write("b", noon);
  post.fail(other, noon, noon + 1min);
  post.begin(first, noon + 1min);
  post.begin(other, noon + 1min);
  post.bench.reopen();
  post.subscribe();
  CHECK(post.due(noon + 2min).empty());
  CHECK(post.bench.store().interrupt_open_attempts(noon + 2min) == 2);
  CHECK(post.due(noon + 2min) == Ids{first, other});
  const auto attempts = post.bench.store().attempts(first);
  REQUIRE(attempts.size() == 1);
  CHECK(attempts[0].outcome == "interrupted");
  CHECK(attempts[0].ended_at == noon + 2min);
  CHECK(post.bench.store().delivery(first)->tries == 0);
  CHECK(post.bench.store().delivery(other)->tries == 1);
  // It has not begun to fail, so the next one waits for it.
  CHECK(post.due(noon + 10h) == Ids{first, other});
  CHECK(post.bench.store().interrupt_open_attempts(noon + 3min) == 0);
  post.deliver(first, noon + 3min);
  CHECK(post.due(noon + 3min) == Ids{other, second});
}

TEST_CASE("the webhooks' records tell what waits and how long") {
  Post post;
  CHECK(post.bench.store().webhooks().at(0).pending == 0);
  CHECK_FALSE(post.bench.store().webhooks().at(0).oldest_pending);
  const auto first = post.write("a", noon);
  const auto second = post.write("b", noon + 1s);
  post.write("b", noon + 2s);
  post.settle(post.begin(first, noon + 3s), first, DeliveryState::dead, noon + 3s);
  auto record = post.bench.store().webhooks().at(0);
  CHECK(record.name == shop);
  CHECK(record.pending == 2);
  CHECK(record.dead == 1);
  CHECK(record.oldest_pending == noon + 1s);
  CHECK_FALSE(record.last_delivered_at);
  post.deliver(second, noon + 5s);
  record = post.bench.store().webhooks().at(0);
  CHECK(record.pending == 1);
  CHECK(record.oldest_pending == noon + 2s);
  CHECK(record.last_delivered_at == noon + 5s);
}

TEST_CASE("deliveries are listed newest first, by state, endpoint and order, page by page") {
  Workbench bench;
  bench.store().subscribe(
      {{WebhookName("x"), {"*"}, {}}, {WebhookName("y"), {"*"}, {}}, {WebhookName("z"), {"*"}, {}}});
  std::mt19937 random(5);
  for (int i = 0; i < 60; ++i) {
    auto draft = draft_of(EventType::order_progress, key_of(std::to_string(i % 7)));
    if (i < 7) bench.track(std::to_string(i));
    if (i % 10 == 9) draft.order.reset();
    bench.store().append({&draft, 1}, noon + i * 1s);
  }
  DeliveryQuery all;
  all.limit = 1000;
  std::vector<AttemptResult> results;
  const auto before = bench.store().deliveries(all);
  for (const auto& delivery : before->items) {
    AttemptResult result;
    result.delivery = delivery.id;
    result.state = static_cast<DeliveryState>(random() % 4);
    result.next_try_at = noon + 1h;
    results.push_back(result);
  }
  bench.store().settle_and_begin(results, {}, noon + 2min);
  const auto everything = bench.store().deliveries(all)->items;
  REQUIRE(everything.size() == 67 * 3);
  const auto text = [](const std::vector<Delivery>& deliveries) {
    std::string ids;
    for (const auto& each : deliveries) ids += std::to_string(each.id) + " ";
    return ids;
  };
  const std::vector<std::vector<WebhookName>> endpoints = {
      {}, {WebhookName("x")}, {WebhookName("z"), WebhookName("y")}, {WebhookName("nobody")}};
  const std::vector<std::optional<OrderKey>> orders = {{}, key_of("3"), key_of("99")};
  const std::vector<std::optional<DeliveryState>> states = {
      {}, DeliveryState::pending, DeliveryState::delivered, DeliveryState::dead, DeliveryState::canceled};
  for (const auto& webhooks : endpoints) {
    for (const auto& order : orders) {
      for (const auto& state : states) {
        std::vector<Delivery> expected;
        std::copy_if(everything.begin(), everything.end(), std::back_inserter(expected),
                     [&](const Delivery& each) {
                       const bool is_of =
                           webhooks.empty() || std::count(webhooks.begin(), webhooks.end(), each.webhook) > 0;
                       return is_of && (!order || each.order == order) && (!state || each.state == state);
                     });
        std::sort(expected.begin(), expected.end(), [](const auto& a, const auto& b) { return a.id > b.id; });
        for (const std::size_t limit : {1U, 7U, 1000U}) {
          const DeliveryQuery query{state, webhooks, order, limit, {}};
          const auto found =
              all_pages(query, [&](const auto& asked) { return bench.store().deliveries(asked); });
          REQUIRE(text(found) == text(expected));
        }
      }
    }
  }
  all.cursor = "h.1.2.";
  CHECK(bench.store().deliveries(all).error() == "the cursor does not belong to this list");
}

}  // namespace smm::store
