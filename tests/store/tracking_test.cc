#include "workbench.h"

namespace smm::store {
namespace {

TrackRequest full_request(std::string_view id) {
  auto request = request_for(id);
  request.service = ServiceId("12");
  request.link = "https://example.com/p/1";
  request.quantity = 1000;
  request.ref = "shop-991";
  request.labels = {{"customer", "42"}, {"quote\"", "č"}};
  request.placed_at = noon - 1h;
  request.ended_at = noon - 5min;
  return request;
}

void must_be_as_said(const Order& order, const TrackRequest& said) {
  CHECK(order.key == said.key);
  CHECK(order.service == said.service);
  CHECK(order.link == said.link);
  CHECK(order.quantity == said.quantity);
  CHECK(order.ref == said.ref);
  CHECK(order.labels == said.labels);
  CHECK(order.placed_at == said.placed_at);
  CHECK(order.ended_at == said.ended_at);
  CHECK(order.ended_given == said.ended_at.has_value());
  CHECK(order.quiet == said.quiet);
}

}  // namespace

TEST_CASE("an order is kept as it was given, over a restart, too") {
  Workbench bench;
  const auto request = full_request("23501");
  const auto tracked = bench.store().track({&request, 1}, noon);
  REQUIRE(tracked.size() == 1);
  CHECK(tracked[0].is_new);
  must_be_as_said(tracked[0].order, request);
  bench.reopen();
  const auto found = bench.find(request.key);
  must_be_as_said(found, request);
  CHECK(found.row == tracked[0].order.row);
  CHECK(found.tracked_at == noon);
  CHECK(found.status == OrderStatus::unasked);
  CHECK(found.revision == 0);
  CHECK_FALSE(found.changed_at);
  CHECK_FALSE(found.charge);
  CHECK(found.raw.empty());
  CHECK(bench.store().find_row(found.row)->key == request.key);
  CHECK_FALSE(bench.store().find(key_of("23502")));
  CHECK_FALSE(bench.store().find(key_of("23501", "p2")));
  CHECK_FALSE(bench.store().find_row(found.row + 1));
  CHECK(event_lines(bench.store()) == std::vector<std::string>{"order.tracked 23501"});
}

TEST_CASE("tracking twice changes nothing and tells nobody") {
  Workbench bench;
  const auto request = full_request("1");
  bench.store().track({&request, 1}, noon);
  int commits = 0;
  bench.store().on_commit([&](const Committed&) { ++commits; });
  const auto again = bench.store().track({&request, 1}, noon + 1h);
  CHECK_FALSE(again[0].is_new);
  CHECK(again[0].order.tracked_at == noon);
  CHECK(commits == 0);
  CHECK(all_events(bench.store()).size() == 1);
  CHECK(bench.number("SELECT count(*) FROM orders") == 1);
}

TEST_CASE("tracking again fills in what was absent and never overwrites") {
  Workbench bench;
  bench.track("1");
  const auto full = full_request("1");
  const auto filled = bench.store().track({&full, 1}, noon + 1h);
  CHECK_FALSE(filled[0].is_new);
  must_be_as_said(filled[0].order, full);
  must_be_as_said(bench.find(full.key), full);

  auto other = full;
  other.service = ServiceId("99");
  other.link = "https://example.com/p/2";
  other.quantity = 5;
  other.ref = "else";
  other.labels = {{"else", "x"}};
  other.placed_at = noon;
  other.ended_at = noon;
  other.quiet = true;
  bench.store().track({&other, 1}, noon + 2h);
  must_be_as_said(bench.find(full.key), full);
  CHECK(all_events(bench.store()).size() == 1);
}

TEST_CASE("once the panel has answered, what the user says of the end does not count") {
  Workbench bench;
  bench.track("1");
  bench.say(key_of("1"), "In progress", 10, noon + 1min);
  const auto full = full_request("1");
  bench.store().track({&full, 1}, noon + 1h);
  const auto found = bench.find(full.key);
  CHECK_FALSE(found.ended_at);
  CHECK_FALSE(found.ended_given);
  CHECK(found.ref == "shop-991");
  CHECK(found.status == OrderStatus::in_progress);
}

TEST_CASE("the same order twice in one array is tracked once") {
  Workbench bench;
  auto second = full_request("1");
  second.quantity = 7;
  const std::vector<TrackRequest> requests = {request_for("1"), second, request_for("1", "p2"),
                                              full_request("1")};
  const auto tracked = bench.store().track(requests, noon);
  REQUIRE(tracked.size() == 4);
  CHECK(tracked[0].is_new);
  CHECK_FALSE(tracked[1].is_new);
  CHECK(tracked[2].is_new);
  CHECK_FALSE(tracked[3].is_new);
  CHECK(tracked[1].order.row == tracked[0].order.row);
  CHECK(bench.find(key_of("1")).quantity == 7);
  CHECK(bench.number("SELECT count(*) FROM orders") == 2);
  CHECK(bench.store().counts().orders.size() == 2);
}

TEST_CASE("a quiet order comes without an event, and its first sight makes none") {
  Workbench bench;
  auto request = full_request("1");
  request.quiet = true;
  bench.store().track({&request, 1}, noon);
  bench.say(request.key, "Completed", 0, noon + 1min);
  CHECK(all_events(bench.store()).empty());
  CHECK(bench.find(request.key).revision == 1);
}

TEST_CASE("an order no longer tracked is kept, left out of what is asked and listed, and comes back") {
  Workbench bench;
  bench.track("1");
  bench.say(key_of("1"), "In progress", 10, noon + 1min);
  const auto entries = [&] { return bench.store().poll_entries(PanelName("p1"), {}, 0, 10).size(); };
  REQUIRE(entries() == 1);
  CHECK(bench.store().untrack(key_of("1"), noon + 2min));
  CHECK(bench.store().untrack(key_of("1"), noon + 2min));
  CHECK_FALSE(bench.store().untrack(key_of("2"), noon + 2min));
  CHECK(entries() == 0);
  CHECK(bench.store().orders({})->items.empty());
  CHECK(bench.store().counts().orders.empty());
  CHECK(bench.find(key_of("1")).untracked);
  CHECK(bench.find(key_of("1")).revision == 1);
  CHECK(all_events(bench.store()).size() == 2);

  const auto request = full_request("1");
  const auto back = bench.store().track({&request, 1}, noon + 1h);
  CHECK(back[0].is_new);
  CHECK_FALSE(back[0].order.untracked);
  CHECK(back[0].order.status == OrderStatus::in_progress);
  CHECK(back[0].order.ref == "shop-991");
  CHECK(entries() == 1);
  CHECK(ids_of(bench.store().orders({})->items) == "p1/1");
  CHECK(event_lines(bench.store()).back() == "order.tracked 1");
  REQUIRE(bench.store().counts().orders.size() == 1);
  CHECK(bench.store().counts().orders[0].status == OrderStatus::in_progress);
}

TEST_CASE("ref and labels can be changed and taken away, and nothing else by it") {
  Workbench bench;
  const auto request = full_request("1");
  bench.store().track({&request, 1}, noon);
  std::vector<OrderKey> told;
  bench.store().on_commit([&](const Committed& news) { told = news.orders; });

  OrderPatch patch;
  patch.ref = "other";
  auto patched = bench.store().patch(request.key, patch, noon + 1h);
  REQUIRE(patched);
  CHECK(patched->ref == "other");
  CHECK(patched->labels == request.labels);
  CHECK(told == std::vector<OrderKey>{request.key});

  told.clear();
  bench.store().patch(request.key, patch, noon + 1h);
  CHECK(told.empty());

  patch.ref = std::optional<std::string>();
  patch.labels = Labels();
  bench.store().patch(request.key, patch, noon + 1h);
  bench.reopen();
  const auto found = bench.find(request.key);
  CHECK_FALSE(found.ref);
  CHECK(found.labels.empty());
  CHECK(found.link == request.link);
  CHECK(found.placed_at == request.placed_at);
  CHECK_FALSE(bench.store().patch(key_of("2"), patch, noon));
}

TEST_CASE("an order's own word on refills can be given, changed and taken away") {
  Workbench bench;
  bench.track("1");
  CHECK_FALSE(bench.find(key_of("1")).refill_auto);
  std::vector<OrderKey> told;
  bench.store().on_commit([&](const Committed& news) { told = news.orders; });
  const auto say = [&](std::optional<RefillAuto> word) {
    told.clear();
    OrderPatch patch;
    patch.refill_auto = word;
    CHECK(bench.store().patch(key_of("1"), patch, noon)->refill_auto == word);
    return bench.find(key_of("1")).refill_auto;
  };
  for (const auto word : {RefillAuto::off, RefillAuto::schedule, RefillAuto::drop}) {
    CHECK(say(word) == word);
    CHECK(told == std::vector<OrderKey>{key_of("1")});
  }
  say(RefillAuto::drop);
  CHECK(told.empty());
  bench.store().patch(key_of("1"), {}, noon);
  CHECK(bench.find(key_of("1")).refill_auto == RefillAuto::drop);
  CHECK_FALSE(say({}));
  // What the panel says later leaves it alone.
  say(RefillAuto::off);
  bench.say(key_of("1"), "Completed", 0, noon);
  CHECK(bench.find(key_of("1")).refill_auto == RefillAuto::off);
}

TEST_CASE("a purged order leaves nothing, and its row is never another's") {
  Workbench bench;
  const auto row = bench.track("1").row;
  bench.track("2");
  bench.say(key_of("1"), "Subscription active", 0, noon + 1min, {OrderId("11")}, OrderKind::subscription);
  REQUIRE(bench.find(key_of("11")).parent == OrderId("1"));
  bench.say(key_of("2"), "In progress", 10, noon + 1min);
  CHECK(bench.store().purge(key_of("1")));
  CHECK_FALSE(bench.store().purge(key_of("1")));
  CHECK_FALSE(bench.store().find(key_of("1")));
  const auto of_row = " WHERE order_row = " + std::to_string(row);
  CHECK(bench.number("SELECT count(*) FROM history" + of_row) == 0);
  CHECK(bench.number("SELECT count(*) FROM order_raw" + of_row) == 0);
  CHECK(bench.number("SELECT count(*) FROM event" + of_row) == 0);
  // Its children stay, without it.
  CHECK_FALSE(bench.find(key_of("11")).parent);
  CHECK(bench.find(key_of("2")).revision == 1);
  CHECK(bench.store().counts().events == 3);
  CHECK(bench.store().purge(key_of("11")));
  CHECK(bench.track("1").row > row + 2);
}

TEST_CASE("what somebody has still to be told of a purged order is told") {
  Workbench bench;
  bench.store().subscribe({{WebhookName("shop"), {"*"}, {}}, {WebhookName("other"), {"order.tracked"}, {}}});
  bench.track("1");
  bench.say(key_of("1"), "In progress", 10, noon + 1min);
  const auto due = bench.store().due_deliveries(WebhookName("shop"), noon + 1min, 10, {}, {});
  REQUIRE(due.size() == 1);
  CHECK(bench.store().purge(key_of("1")));
  // Nothing of what is pending went, and the rest follows.
  const auto next = [&](std::string_view webhook, Timestamp now) {
    const auto found = bench.store().due_deliveries(WebhookName(webhook), now, 10, {}, {});
    REQUIRE(found.size() == 1);
    const auto attempt = bench.store().settle_and_begin({}, std::vector{found[0].id}, now).at(0);
    AttemptResult result;
    result.attempt = attempt;
    result.delivery = found[0].id;
    result.outcome = "delivered";
    result.state = DeliveryState::delivered;
    bench.store().settle_and_begin({&result, 1}, {}, now);
    return found[0].body;
  };
  CHECK(next("shop", noon + 2min).find("order.tracked") != std::string::npos);
  CHECK(next("shop", noon + 2min).find("order.status_changed") != std::string::npos);
  CHECK(next("other", noon + 2min).find("order.tracked") != std::string::npos);
  CHECK_FALSE(bench.store().delivery(due[0].id)->order);
}

TEST_CASE("purging takes along what has been told already") {
  Workbench bench;
  bench.store().subscribe({{WebhookName("shop"), {"order.tracked"}, {}}});
  bench.track("1");
  const auto due = bench.store().due_deliveries(WebhookName("shop"), noon, 10, {}, {});
  AttemptResult result;
  result.attempt = bench.store().settle_and_begin({}, std::vector{due.at(0).id}, noon).at(0);
  result.delivery = due[0].id;
  result.state = DeliveryState::dead;
  bench.store().settle_and_begin({&result, 1}, {}, noon);
  CHECK(bench.store().purge(key_of("1")));
  CHECK(bench.number("SELECT (SELECT count(*) FROM event) + (SELECT count(*) FROM delivery) + "
                     "(SELECT count(*) FROM attempt)") == 0);
}

}  // namespace smm::store
