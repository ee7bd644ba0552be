#include "workbench.h"

namespace smm::store {
namespace {

rules::Change change_of(Workbench& bench, const OrderKey& key, const std::string& word, std::int64_t remains,
                        Timestamp now) {
  const auto order = bench.find(key);
  auto change = rules::transition(order, saying(key, word, remains), {}, {}, now);
  REQUIRE(change);
  return *change;
}

bool same_order(const Order& left, const Order& right) {
  return left.row == right.row && left.key == right.key && left.status == right.status &&
         left.status_text == right.status_text && left.charge == right.charge &&
         left.remains == right.remains && left.start_count == right.start_count &&
         left.currency == right.currency && left.runs == right.runs && left.raw == right.raw &&
         left.kind == right.kind && left.revision == right.revision &&
         left.seen_statuses == right.seen_statuses && left.settled == right.settled &&
         left.stalled == right.stalled && left.lost == right.lost && left.changed_at == right.changed_at &&
         left.status_changed_at == right.status_changed_at && left.ended_at == right.ended_at &&
         left.missing_since == right.missing_since;
}

}  // namespace

TEST_CASE("state, history and events of a change stand together, and survive a restart") {
  Workbench bench;
  bench.track("1");
  auto change = change_of(bench, key_of("1"), "In progress", 157, noon + 1min);
  change.after.runs = 3;
  change.after.kind = OrderKind::drip_feed;
  change.after.lost = true;
  change.after.stalled = true;
  change.after.missing_since = noon - 1h;
  Committed news;
  bench.store().on_commit([&](const Committed& committed) { news = committed; });
  bench.store().record({&change, 1}, noon + 1min);
  CHECK(news.last_seq == 2);
  CHECK(news.orders == std::vector<OrderKey>{key_of("1")});
  CHECK_FALSE(!news.webhooks.empty());
  bench.reopen();
  CHECK(same_order(bench.find(key_of("1")), change.after));
  const auto history = bench.store().history(change.after.row, 10, "");
  REQUIRE(history->items.size() == 1);
  CHECK(history->items[0] == *change.point);
  const auto events = all_events(bench.store());
  REQUIRE(events.size() == 2);
  CHECK(events[1].type == EventType::order_status_changed);
  CHECK(
      events[1].body ==
      R"({"type":"order.status_changed","timestamp":"2027-01-15T08:01:00.000Z","data":{"seq":2,"panel":"p1",)"
      R"("order":"1","revision":1,"status":"in_progress","status_text":"In progress","previous_status":"new",)"
      R"("charge":"0.27819","remains":157,"start_count":3572,"currency":"USD","ref":null,"labels":{},)"
      R"("first_time":true,"first_sight":true}})");
  CHECK(events[1].id.size() == 36);
  CHECK(events[1].id.rfind("evt_", 0) == 0);
  CHECK(events[1].id != events[0].id);
}

TEST_CASE("several changes are one commit, and one that cannot be written undoes them all") {
  Workbench bench;
  bench.track("1");
  bench.track("2");
  std::vector changes = {change_of(bench, key_of("1"), "In progress", 10, noon),
                         change_of(bench, key_of("2"), "In progress", 10, noon)};
  int commits = 0;
  bench.store().on_commit([&](const Committed&) { ++commits; });
  // A row that is another order's: a mistake of the program.
  std::swap(changes[1].after.row, changes[0].after.row);
  changes[0].after.row = bench.find(key_of("1")).row;
  CHECK_THROWS_AS(bench.store().record(changes, noon), std::logic_error);
  CHECK(commits == 0);
  CHECK(bench.find(key_of("1")).revision == 0);
  CHECK(bench.number("SELECT count(*) FROM history") == 0);
  CHECK(all_events(bench.store()).size() == 2);
  changes[1].after.row = bench.find(key_of("2")).row;
  bench.store().record(changes, noon);
  CHECK(commits == 1);
  const auto events = all_events(bench.store());
  REQUIRE(events.size() == 4);
  // The numbers of the events that never were are not missing.
  CHECK(events[3].seq == 4);
}

TEST_CASE("an answer for an order that vanished meanwhile costs only itself") {
  Workbench bench;
  for (const auto* id : {"1", "2", "3"}) bench.track(id);
  std::vector<rules::Change> changes;
  for (const auto* id : {"1", "2", "3"})
    changes.push_back(change_of(bench, key_of(id), "In progress", 10, noon));
  bench.store().purge(key_of("1"));
  bench.store().untrack(key_of("2"), noon);
  bench.store().record(changes, noon);
  CHECK_FALSE(bench.store().find(key_of("1")));
  CHECK(bench.find(key_of("2")).revision == 0);
  CHECK(bench.find(key_of("3")).revision == 1);
  CHECK(bench.number("SELECT count(*) FROM history") == 1);
  CHECK(bench.number("SELECT count(*) FROM event WHERE type = 'order.status_changed'") == 1);
}

TEST_CASE("an answer judged by what is no longer so is dropped as a whole") {
  Workbench bench;
  bench.track("1");
  const auto early = change_of(bench, key_of("1"), "Pending", 1000, noon);
  bench.say(key_of("1"), "In progress", 10, noon + 1min);
  bench.store().record({&early, 1}, noon + 2min);
  CHECK(bench.find(key_of("1")).status == OrderStatus::in_progress);
  bench.say(key_of("1"), "Completed", 0, noon + 3min);
  bench.store().record({&early, 1}, noon + 4min);
  CHECK(bench.find(key_of("1")).status == OrderStatus::completed);
  CHECK(bench.number("SELECT count(*) FROM history") == 2);
  CHECK(bench.number("SELECT count(*) FROM event") == 3);
}

TEST_CASE("children are tracked with their parent's ref and labels, each once") {
  Workbench bench;
  auto request = request_for("1");
  request.ref = "shop-991";
  request.labels = {{"customer", "42"}};
  bench.store().track({&request, 1}, noon);
  bench.track("12");
  bench.say(key_of("1"), "Subscription active", 0, noon + 1min, {OrderId("11"), OrderId("12")},
            OrderKind::subscription);
  const auto child = bench.find(key_of("11"));
  CHECK(child.parent == OrderId("1"));
  CHECK(child.ref == "shop-991");
  CHECK(child.labels == request.labels);
  CHECK(child.tracked_at == noon + 1min);
  // One that is tracked already only learns whose it is.
  const auto known = bench.find(key_of("12"));
  CHECK(known.parent == OrderId("1"));
  CHECK_FALSE(known.ref);
  CHECK(known.tracked_at == noon);
  const auto parent = bench.find(key_of("1"));
  CHECK(bench.store().children_of(parent.row) == std::vector{OrderId("12"), OrderId("11")});
  CHECK(bench.store().surroundings_of(parent, noon).known_children.size() == 2);
  CHECK(event_lines(bench.store()) == std::vector<std::string>{"order.tracked 1", "order.tracked 12",
                                                               "order.status_changed 1", "order.tracked 11"});
  // Said again, also with a third, whatever else stays.
  bench.say(key_of("1"), "Subscription active", 0, noon + 2min, {OrderId("11"), OrderId("12"), OrderId("13")},
            OrderKind::subscription);
  CHECK(bench.store().children_of(parent.row).size() == 3);
  CHECK(bench.find(key_of("1")).revision == 1);
  CHECK(all_events(bench.store()).size() == 5);
  // A child keeps its parent.
  bench.track("2");
  bench.say(key_of("2"), "Subscription active", 0, noon + 3min, {OrderId("11")}, OrderKind::subscription);
  CHECK(bench.find(key_of("11")).parent == OrderId("1"));
}

TEST_CASE("the children of a quiet order are quiet") {
  Workbench bench;
  auto request = request_for("1");
  request.quiet = true;
  bench.store().track({&request, 1}, noon);
  bench.say(key_of("1"), "Subscription active", 0, noon, {OrderId("11")}, OrderKind::subscription);
  CHECK(bench.find(key_of("11")).quiet);
  CHECK(all_events(bench.store()).empty());
}

TEST_CASE("what only time brings raises no revision, and those who wait are told of it") {
  Workbench bench;
  auto request = request_for("1");
  request.quiet = true;
  bench.store().track({&request, 1}, noon);
  bench.say(key_of("1"), "Completed", 0, noon);
  std::vector<OrderKey> told;
  bench.store().on_commit([&](const Committed& news) { told = news.orders; });
  // A quiet order settles without an event; who waits for `settled` must hear all the same.
  const auto settled = bench.let_pass(key_of("1"), noon + 49h);
  CHECK(settled.settled);
  CHECK(settled.revision == 1);
  CHECK(told == std::vector<OrderKey>{key_of("1")});
  CHECK(bench.number("SELECT count(*) FROM history") == 1);
}

TEST_CASE("history comes in pages, the first sight first, and goes on where it was") {
  Workbench bench;
  const auto row = bench.track("1").row;
  bench.track("2");
  for (int i = 0; i < 25; ++i) bench.say(key_of("1"), "In progress", 1000 - i, noon + i * 1min);
  bench.say(key_of("2"), "In progress", 1, noon);
  std::vector<HistoryPoint> points;
  std::string cursor;
  for (int page = 0; page < 3; ++page) {
    const auto history = bench.store().history(row, 10, cursor);
    REQUIRE(history);
    CHECK(history->items.size() == (page < 2 ? 10 : 5));
    CHECK(history->next.has_value() == (page < 2));
    cursor = history->next.value_or("");
    points.insert(points.end(), history->items.begin(), history->items.end());
    // A point that comes meanwhile is at the end.
    if (page == 0) REQUIRE(bench.store().history(row, 25, "")->next == std::nullopt);
  }
  REQUIRE(points.size() == 25);
  for (int i = 0; i < 25; ++i) {
    CHECK(points[static_cast<std::size_t>(i)].remains == 1000 - i);
    CHECK(points[static_cast<std::size_t>(i)].at == noon + i * 1min);
  }
  const auto next = *bench.store().history(row, 10, "")->next;
  CHECK_FALSE(bench.store().history(row + 1, 10, next));
  for (const auto* bad : {"x", "h", "h.1", "h.1.2.3", "h..", "ta.0.1.", "h.1.99999999999999999999."}) {
    CHECK(bench.store().history(row, 10, bad).error() == "the cursor does not belong to this list");
  }
  CHECK(bench.store().history(row + 5, 10, "")->items.empty());
}

TEST_CASE("a poller gets all tracked orders of its panel in pages, with what it must know") {
  Workbench bench;
  for (int i = 0; i < 25; ++i) bench.track(std::to_string(i), noon, i % 5 == 0 ? "p2" : "p1");
  bench.store().untrack(key_of("7"), noon);
  const auto ended = bench.say(key_of("8"), "Completed", 0, noon + 1min);
  std::vector<PollEntry> entries;
  while (true) {
    const auto after = entries.empty() ? 0 : entries.back().row;
    auto page = bench.store().poll_entries(PanelName("p1"), {}, after, 7);
    if (page.empty()) break;
    CHECK(page.size() <= 7);
    entries.insert(entries.end(), page.begin(), page.end());
  }
  REQUIRE(entries.size() == 19);
  for (const auto& entry : entries) {
    const auto order = *bench.store().find_row(entry.row);
    CHECK(order.key == OrderKey{PanelName("p1"), entry.id});
    CHECK(entry.facts == rules::facts_of(order));
    CHECK(entry.time_may_tell == rules::time_may_tell(order, {}));
  }
  CHECK(bench.store().poll_entries(PanelName("p9"), {}, 0, 7).empty());
  CHECK(ended.ended_at == noon + 1min);
}

}  // namespace smm::store
