#include "workbench.h"

#include <set>

namespace smm::store {
namespace {

EventDraft panel_event(EventType type, std::string_view panel) {
  EventDraft draft;
  draft.type = type;
  draft.panel = PanelName(panel);
  return draft;
}

std::string types_of(const EventPage& page) {
  std::string types;
  for (const auto& event : page.items) types += (types.empty() ? "" : " ") + std::string(to_text(event.type));
  return types;
}

// Sends what is due first; the answer to it is 410.
AttemptResult begin_one(Workbench& bench, std::string_view webhook) {
  AttemptResult result;
  result.delivery = bench.store().due_deliveries(WebhookName(webhook), noon, 1, {}, {}).at(0).id;
  result.attempt = bench.store().settle_and_begin({}, std::vector{result.delivery}, noon).at(0);
  result.outcome = "refused";
  result.http_status = 410;
  result.error = "it answered 410";
  result.state = DeliveryState::dead;
  result.is_gone = true;
  return result;
}

// Which endpoints have a delivery of the event.
std::set<std::string> told(Workbench& bench, std::int64_t seq) {
  std::set<std::string> names;
  DeliveryQuery query;
  query.limit = 1000;
  const auto page = bench.store().deliveries(query);
  for (const auto& delivery : page->items) {
    if (delivery.event_seq == seq) names.insert(delivery.webhook.text());
  }
  return names;
}

using Names = std::set<std::string>;

}  // namespace

TEST_CASE("an event keeps its bytes for ever, with every kind of value in the order given") {
  Workbench bench;
  auto draft = panel_event(EventType::balance_low, "p1");
  draft.data = {{"z", std::int64_t{-5}},
                {"a", true},
                {"none", {}},
                {"text", std::string("č\"\n\xff")},
                {"labels", Labels{{"b", "2"}, {"a", "1"}}}};
  CHECK(bench.store().append({&draft, 1}, noon) == 1);
  const std::string body =
      R"({"type":"balance.low","timestamp":"2027-01-15T08:00:00.000Z","data":{"seq":1,"panel":"p1","z":-5,"a":true,)"
      R"("none":null,"text":"č\"\n)"
      "\xEF\xBF\xBD"
      R"(","labels":{"a":"1","b":"2"}}})";
  const auto first = all_events(bench.store()).at(0);
  CHECK(first.body == body);
  bench.reopen();
  const auto again = all_events(bench.store()).at(0);
  CHECK(again.body == first.body);
  CHECK(again.id == first.id);
}

TEST_CASE("events are read by kind and panel, and the reader learns how far that was") {
  Workbench bench;
  const std::vector drafts = {
      panel_event(EventType::panel_down, "p1"), panel_event(EventType::panel_up, "p1"),
      panel_event(EventType::panel_down, "p2"), panel_event(EventType::balance_low, "p2"),
      EventDraft{EventType::webhook_disabled, {}, {}, {}, {}}};
  CHECK(bench.store().append(drafts, noon) == 5);
  EventQuery query;
  CHECK(types_of(bench.store().events(query)) ==
        "panel.down panel.up panel.down balance.low webhook.disabled");
  query.types = {"panel.down", "balance.*"};
  auto page = bench.store().events(query);
  CHECK(types_of(page) == "panel.down panel.down balance.low");
  CHECK(page.scanned_to == 5);
  query.panels = {PanelName("p2"), PanelName("nobody")};
  CHECK(types_of(bench.store().events(query)) == "panel.down balance.low");
  query.limit = 1;
  page = bench.store().events(query);
  CHECK(types_of(page) == "panel.down");
  CHECK(page.scanned_to == 3);
  query.since = page.scanned_to;
  CHECK(types_of(bench.store().events(query)) == "balance.low");
  query = {};
  query.panels = {PanelName("nobody")};
  page = bench.store().events(query);
  CHECK(page.items.empty());
  CHECK(page.scanned_to == 5);
  query.panels = {PanelName("p1")};
  CHECK(types_of(bench.store().events(query)) == "panel.down panel.up");
  query = {};
  query.since = 5;
  CHECK(bench.store().events(query).scanned_to == 5);
  CHECK(bench.store().events(query).items.empty());
}

TEST_CASE("a reader who wants little of a long log gets on by bounded steps") {
  Workbench bench;
  const std::vector<EventDraft> many(11'999, panel_event(EventType::panel_up, "p1"));
  bench.store().append(many, noon);
  const auto one = panel_event(EventType::balance_low, "p1");
  bench.store().append({&one, 1}, noon);
  EventQuery query;
  query.types = {"balance.*"};
  int calls = 0;
  while (true) {
    const auto page = bench.store().events(query);
    ++calls;
    CHECK(page.scanned_to > query.since);
    query.since = page.scanned_to;
    if (!page.items.empty()) break;
    REQUIRE(calls < 100);
  }
  CHECK(calls == 12);
  CHECK(query.since == 12'000);
}

TEST_CASE("the span tells the oldest and the newest, also when all are gone") {
  Workbench bench;
  CHECK(bench.store().event_span().oldest == 0);
  CHECK(bench.store().event_span().newest == 0);
  const std::vector<EventDraft> drafts(3, panel_event(EventType::panel_up, "p1"));
  bench.store().append(drafts, noon);
  CHECK(bench.store().event_span().oldest == 1);
  CHECK(bench.store().event_span().newest == 3);
  bench.store().expire({}, noon + 24h * 365, 1000);
  CHECK(bench.store().event_span().oldest == 4);
  CHECK(bench.store().event_span().newest == 3);
}

TEST_CASE("no number is given twice, whatever is deleted and however often it starts") {
  Workbench bench;
  const auto draft = panel_event(EventType::panel_up, "p1");
  std::int64_t last = 0;
  const auto append = [&] {
    const auto seq = bench.store().append({&draft, 1}, noon);
    CHECK(seq == last + 1);
    last = seq;
  };
  for (int i = 0; i < 5; ++i) append();
  bench.store().expire({}, noon + 24h * 365, 1000);
  REQUIRE(bench.number("SELECT count(*) FROM event") == 0);
  append();
  bench.store().expire({}, noon + 24h * 365, 1000);
  bench.reopen();
  REQUIRE(bench.number("SELECT count(*) FROM event") == 0);
  append();
  bench.track("1");
  ++last;
  bench.store().purge(key_of("1"));
  bench.reopen();
  append();
  // Deleted all at once, in whatever order.
  bench.database().execute("delete", "DELETE FROM event");
  bench.reopen();
  append();
  CHECK(bench.store().counts().last_seq == last);
}

TEST_CASE("an event goes to those who subscribe to its kind and panel, at the moment it is written") {
  Workbench bench;
  bench.store().subscribe(
      {{WebhookName("all"), {"*"}, {}},
       {WebhookName("default"), {}, {}},
       {WebhookName("p1only"), {"panel.*", "webhook.*"}, {PanelName("p1")}},
       {WebhookName("orders"), {"order.*", "panel.down"}, {PanelName("p2"), PanelName("p1")}}});
  const auto write = [&](const EventDraft& draft) { return bench.store().append({&draft, 1}, noon); };
  CHECK(told(bench, write(panel_event(EventType::panel_down, "p1"))) ==
        Names{"all", "default", "orders", "p1only"});
  CHECK(told(bench, write(panel_event(EventType::panel_up, "p1"))) == Names{"all", "default", "p1only"});
  CHECK(told(bench, write(panel_event(EventType::panel_up, "p2"))) == Names{"all", "default"});
  CHECK(told(bench, write(panel_event(EventType::panel_down, "p3"))) == Names{"all", "default"});
  CHECK(told(bench, write(draft_of(EventType::order_tracked, key_of("1")))) == Names{"all", "orders"});
  CHECK(told(bench, write(draft_of(EventType::order_progress, key_of("1")))) == Names{"all", "orders"});
  CHECK(told(bench, write(panel_event(EventType::service_added, "p1"))) == Names{"all"});
  // Of no panel: not for those who chose panels.
  CHECK(told(bench, write({EventType::webhook_disabled, {}, {}, {}, {}})) == Names{"all", "default"});
  // A test is for one endpoint, whatever it subscribes to.
  CHECK(told(bench, write({EventType::webhook_test, {}, {}, WebhookName("p1only"), {}})) == Names{"p1only"});
  CHECK(told(bench, write({EventType::webhook_test, {}, {}, WebhookName("nobody"), {}})).empty());

  // A new list replaces the old one; what was written stays with whom it was written for.
  const auto before = bench.number("SELECT count(*) FROM delivery");
  bench.store().subscribe({{WebhookName("default"), {"panel.up"}, {}}});
  CHECK(bench.number("SELECT count(*) FROM delivery") == before);
  CHECK(told(bench, write(panel_event(EventType::panel_down, "p1"))).empty());
  CHECK(told(bench, write(panel_event(EventType::panel_up, "p1"))) == Names{"default"});
  CHECK(bench.store().webhooks().size() == 4);
  CHECK(bench.store().due_deliveries(WebhookName("all"), noon, 100, {}, {}).size() > 0);
}

TEST_CASE("a paused endpoint collects, a disabled one does not, and resuming ends both") {
  Workbench bench;
  bench.store().subscribe({{WebhookName("a"), {"panel.*"}, {}}, {WebhookName("b"), {"panel.*"}, {}}});
  const auto draft = panel_event(EventType::panel_up, "p1");
  const auto write = [&] { return bench.store().append({&draft, 1}, noon); };
  bench.store().set_webhook_paused(WebhookName("a"), true, noon);
  REQUIRE(told(bench, write()) == Names{"a", "b"});
  const auto sent = begin_one(bench, "b");
  bench.store().settle_and_begin({&sent, 1}, {}, noon);
  CHECK(told(bench, write()) == Names{"a"});
  bench.reopen();
  bench.store().subscribe({{WebhookName("a"), {"panel.*"}, {}}, {WebhookName("b"), {"panel.*"}, {}}});
  CHECK(told(bench, write()) == Names{"a"});
  auto records = bench.store().webhooks();
  REQUIRE(records.size() == 2);
  CHECK(records[0].paused);
  CHECK_FALSE(records[0].disabled);
  CHECK(records[0].pending == 3);
  CHECK_FALSE(records[1].paused);
  CHECK(records[1].disabled);
  CHECK(records[1].disabled_reason == "it answered 410");
  bench.store().set_webhook_paused(WebhookName("a"), false, noon);
  bench.store().set_webhook_paused(WebhookName("b"), false, noon);
  records = bench.store().webhooks();
  CHECK_FALSE(records[0].paused);
  CHECK_FALSE(records[1].disabled);
  CHECK(records[1].disabled_reason.empty());
  CHECK(told(bench, write()) == Names{"a", "b"});
}

TEST_CASE("an endpoint that is disabled loses what is pending, and others hear of it") {
  Workbench bench;
  bench.store().subscribe({{WebhookName("gone"), {"*"}, {}}, {WebhookName("other"), {}, {}}});
  const auto draft = panel_event(EventType::panel_up, "p1");
  bench.store().append(std::vector<EventDraft>(3, draft), noon);
  auto under_way = begin_one(bench, "gone");
  const auto answered = begin_one(bench, "gone");
  Committed news;
  bench.store().on_commit([&](const Committed& committed) { news = committed; });
  bench.store().settle_and_begin({&answered, 1}, {}, noon + 1min);
  CHECK(news.last_seq == 4);
  CHECK(!news.webhooks.empty());
  CHECK(
      all_events(bench.store()).back().body ==
      R"({"type":"webhook.disabled","timestamp":"2027-01-15T08:01:00.000Z","data":{"seq":4,"webhook":"gone",)"
      R"("reason":"it answered 410"}})");
  CHECK(told(bench, 4) == Names{"other"});
  DeliveryQuery query;
  query.webhooks = {WebhookName("gone")};
  const auto page = bench.store().deliveries(query);
  REQUIRE(page->items.size() == 3);
  for (const auto& delivery : page->items) {
    CHECK(delivery.state ==
          (delivery.id == answered.delivery ? DeliveryState::dead : DeliveryState::canceled));
    CHECK(delivery.ended_at == noon + 1min);
    CHECK_FALSE(delivery.next_try_at);
  }
  CHECK(bench.store().due_deliveries(WebhookName("gone"), noon + 1h, 10, {}, {}).empty());
  CHECK_FALSE(bench.store().next_delivery_at(WebhookName("gone"), {}));
  CHECK(bench.store().due_deliveries(WebhookName("other"), noon + 1h, 10, {}, {}).size() == 4);
  SUBCASE("the one that was under way has been taken all the same") {
    under_way.outcome = "delivered";
    under_way.state = DeliveryState::delivered;
    under_way.is_gone = false;
    bench.store().settle_and_begin({&under_way, 1}, {}, noon + 2min);
    CHECK(bench.store().delivery(under_way.delivery)->state == DeliveryState::delivered);
  }
  SUBCASE("the one that was under way is told the same, and nobody hears of it twice") {
    bench.store().settle_and_begin({&under_way, 1}, {}, noon + 2min);
    CHECK(bench.store().delivery(under_way.delivery)->state == DeliveryState::canceled);
    CHECK(all_events(bench.store()).size() == 4);
  }
}

TEST_CASE("a panel's condition outlives a restart, with the events that say so") {
  Workbench bench;
  CHECK(bench.store().panel(PanelName("p1")).state == "up");
  CHECK_FALSE(bench.store().panel(PanelName("p1")).paused);
  CHECK(bench.number("SELECT count(*) FROM panel") == 0);
  const PanelRecord record{PanelName("p1"), true,      "down", noon - 1h, "HTTP 502",
                           noon - 1min,     noon + 1h, 9,      true,      noon - 5min};
  const auto draft = panel_event(EventType::panel_down, "p1");
  bench.store().save_panel(record, {&draft, 1}, noon);
  CHECK(event_lines(bench.store()) == std::vector<std::string>{"panel.down"});
  bench.reopen();
  const auto found = bench.store().panel(PanelName("p1"));
  CHECK(found.paused);
  CHECK(found.state == "down");
  CHECK(found.state_since == noon - 1h);
  CHECK(found.last_error == "HTTP 502");
  CHECK(found.last_error_at == noon - 1min);
  CHECK(found.refill_rest_until == noon + 1h);
  CHECK(found.refill_refusals == 9);
  CHECK(found.balance_low);
  CHECK(bench.store().panel(PanelName("p2")).state == "up");
}

TEST_CASE("the counts follow every change, as if counted anew") {
  Workbench bench;
  const auto shown = [](const Counts& counts) {
    std::string text;
    for (const auto& each : counts.orders) {
      text += each.panel.text() + " " + std::string(to_text(each.status)) + " " +
              std::to_string(each.orders) + ", ";
    }
    for (const auto& [panel, count] : counts.stalled)
      text += panel.text() + " stalled " + std::to_string(count) + ", ";
    for (const auto& [panel, count] : counts.lost)
      text += panel.text() + " lost " + std::to_string(count) + ", ";
    return text + std::to_string(counts.events) + " " + std::to_string(counts.last_seq);
  };
  CHECK(shown(bench.store().counts()) == "0 0");
  for (const auto* id : {"1", "2", "3", "4"}) bench.track(id);
  bench.track("1", noon, "p2");
  bench.say(key_of("1"), "In progress", 5, noon);
  bench.say(key_of("2"), "In progress", 5, noon);
  bench.say(key_of("3"), "Completed", 0, noon);
  bench.let_pass(key_of("1"), noon + 25h);
  auto lost = *rules::not_known(bench.find(key_of("2")), {}, {}, 1, noon);
  bench.store().record({&lost, 1}, noon);
  lost = *rules::not_known(bench.find(key_of("2")), {}, {}, rules::lost_answers, noon + 25h);
  bench.store().record({&lost, 1}, noon + 25h);
  bench.store().untrack(key_of("4"), noon);
  CHECK(shown(bench.store().counts()) ==
        "p1 in_progress 2, p1 completed 1, p2 new 1, p1 stalled 1, p1 lost 1, 10 10");
  const auto check_anew = [&] {
    const auto kept = shown(bench.store().counts());
    bench.reopen();
    CHECK(shown(bench.store().counts()) == kept);
  };
  check_anew();
  CHECK(bench.store().counts().stalled.size() == 1);
  bench.say(key_of("1"), "Completed", 0, noon + 26h);
  bench.say(key_of("2"), "Canceled", 0, noon + 26h);
  bench.store().purge(key_of("3"));
  bench.track("4");
  bench.store().purge(key_of("1", "p2"));
  CHECK(shown(bench.store().counts()).find("p1 new 1, p1 completed 1, p1 canceled 1, ") == 0);
  check_anew();
  bench.store().expire({}, noon + 24h * 200, 1000);
  CHECK(bench.store().counts().events == 0);
  check_anew();
}

}  // namespace smm::store
