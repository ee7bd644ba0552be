#include "till.h"

namespace smm::store {
namespace {

void must_be_same(const Refill& a, const Refill& b) {
  CHECK(a.id == b.id);
  CHECK(a.order == b.order);
  CHECK(a.order_row == b.order_row);
  CHECK(a.state == b.state);
  CHECK(a.cause == b.cause);
  CHECK(a.asked_by == b.asked_by);
  CHECK(a.upstream == b.upstream);
  CHECK(a.words == b.words);
  CHECK(a.refusal == b.refusal);
  CHECK(a.not_before == b.not_before);
  CHECK(a.asked_at == b.asked_at);
  CHECK(a.accepted_at == b.accepted_at);
  CHECK(a.changed_at == b.changed_at);
  CHECK(a.ended_at == b.ended_at);
}

}  // namespace

TEST_CASE("a refill is kept as it was meant and as it was settled, over a restart, too") {
  Workbench bench;
  const auto order = bench.track("1");
  const auto id = intend_refill(bench, order, noon, Cause::automatic);
  bench.reopen();
  auto refill = *bench.store().purchases().refill(id);
  CHECK(refill.id == id);
  CHECK(refill.order == order.key);
  CHECK(refill.order_row == order.row);
  CHECK(refill.state == RefillState::asking);
  CHECK(refill.cause == Cause::automatic);
  CHECK(refill.asked_by == 1000U);
  CHECK(refill.asked_at == noon);
  CHECK_FALSE(refill.upstream);
  CHECK_FALSE(refill.refusal);
  CHECK_FALSE(refill.changed_at);

  refill.state = RefillState::refused;
  refill.upstream = RefillId("ref_7");
  refill.words = "will be available in 9 hours — č";
  refill.refusal = RefusalClass::cooldown;
  refill.not_before = noon + 9h;
  refill.accepted_at = noon + 1s;
  refill.changed_at = noon + 2s;
  refill.ended_at = noon + 3s;
  const RefillChange change{refill, {}};
  bench.store().purchases().settle_refills({&change, 1}, noon + 3s);
  bench.reopen();
  must_be_same(*bench.store().purchases().refill(id), refill);
  must_be_same(*bench.store().purchases().refill_by_upstream(PanelName("p1"), RefillId("ref_7")), refill);
  CHECK_FALSE(bench.store().purchases().refill_by_upstream(PanelName("p2"), RefillId("ref_7")));
  CHECK_FALSE(bench.store().purchases().refill_by_upstream(PanelName("p1"), RefillId("ref_")));
  CHECK_FALSE(bench.store().purchases().refill(id + 1));
}

TEST_CASE("refills are meant all or none, and each of a row that is an order's") {
  Workbench bench;
  std::vector<Refill> intents(3);
  for (std::size_t i = 0; i < 3; ++i) intents[i].order_row = bench.track(std::to_string(i)).row;
  std::vector<OrderKey> told;
  bench.store().on_commit([&](const Committed& news) { told = news.orders; });
  const auto ids = bench.store().purchases().intend_refills(intents, noon);
  REQUIRE(ids.size() == 3);
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(bench.store().purchases().refill(ids[i])->order == key_of(std::to_string(i)));
  }
  CHECK(told == std::vector<OrderKey>{key_of("0"), key_of("1"), key_of("2")});

  told.clear();
  intents[2].order_row = 99;
  CHECK_THROWS_AS((void)bench.store().purchases().intend_refills(intents, noon), std::logic_error);
  CHECK(told.empty());
  CHECK(bench.number("SELECT count(*) FROM refill") == 3);
  CHECK(bench.store().purchases().intend_refills({}, noon).empty());
}

TEST_CASE("what is settled is told with its events, once, to everybody who subscribed") {
  Workbench bench;
  bench.store().subscribe({{WebhookName("all"), {"*"}, {}}, {WebhookName("some"), {"refill.*"}, {}}});
  const auto id = intend_refill(bench, bench.track("1"), noon);
  Committed news;
  bench.store().on_commit([&](const Committed& committed) { news = committed; });
  settle_refill(bench, id, RefillState::pending, noon + 1min);
  CHECK(news.orders == std::vector<OrderKey>{key_of("1")});
  CHECK(news.last_seq == 2);
  CHECK_FALSE(news.webhooks.empty());
  CHECK(event_lines(bench.store()) == std::vector<std::string>{"order.tracked 1", "refill.requested 1"});
  CHECK(bench.number("SELECT count(*) FROM delivery") == 3);
  CHECK(bench.number("SELECT order_row FROM event WHERE seq = 2") == bench.find(key_of("1")).row);
  CHECK(bench.store().counts().events == 2);

  // The same again is no news.
  news = {};
  const auto changes = bench.database().total_changes();
  const RefillChange same{*bench.store().purchases().refill(id), {}};
  bench.store().purchases().settle_refills({&same, 1}, noon + 1h);
  CHECK(bench.database().total_changes() == changes);
  CHECK(news.orders.empty());
}

TEST_CASE("open are those whose end is awaited and those in doubt, by panel") {
  Workbench bench;
  std::string open;
  std::int64_t first = 0;
  for (const auto state : all_refill_states) {
    const auto order = bench.track("o" + std::to_string(static_cast<int>(state)));
    const auto id = intend_refill(bench, order, noon);
    if (first == 0) first = id;
    if (state != RefillState::asking) settle_refill(bench, id, state, noon);
    const bool is_open = state == RefillState::asking || state == RefillState::unknown ||
                         state == RefillState::pending || state == RefillState::in_progress;
    if (is_open) open += (open.empty() ? "" : " ") + std::to_string(id);
    CAPTURE(static_cast<int>(state));
    CHECK(bench.store().surroundings_of(order, noon).open_refill == is_open);
  }
  intend_refill(bench, bench.track("1", noon, "p2"), noon);
  auto& purchases = bench.store().purchases();
  CHECK(numbers_of(purchases.open_refills(PanelName("p1"))) == open);
  CHECK(purchases.open_refills(PanelName("p2")).size() == 1);
  CHECK(purchases.open_refills(PanelName("p3")).empty());
  REQUIRE(purchases.refills_left_asking().size() == 2);
  CHECK(purchases.refills_left_asking()[0].id == first);
}

TEST_CASE("an unknown refill counts as open for the gap, an accepted one until its end") {
  Workbench bench;
  const auto order = bench.track("1");
  const auto is_open = [&](Timestamp now) { return bench.store().surroundings_of(order, now).open_refill; };
  const auto unknown = intend_refill(bench, order, noon);
  CHECK(is_open(noon + 1000h));
  settle_refill(bench, unknown, RefillState::unknown, noon + 2min);
  CHECK(is_open(noon + 25h - 1ms));
  CHECK_FALSE(is_open(noon + 25h));
  CHECK(bench.store().surroundings_of(order, noon + 30h, 31h).open_refill);
  CHECK_FALSE(bench.store().surroundings_of(order, noon + 2h, 1h).open_refill);

  const auto accepted = intend_refill(bench, order, noon + 30h);
  settle_refill(bench, accepted, RefillState::in_progress, noon + 30h);
  CHECK(is_open(noon + 1000h));
  settle_refill(bench, accepted, RefillState::rejected, noon + 40h);
  CHECK_FALSE(is_open(noon + 40h));
  CHECK(numbers_of(bench.store().purchases().refills_of(order.row)) ==
        std::to_string(unknown) + " " + std::to_string(accepted));
}

TEST_CASE("an open refill keeps its order from settling") {
  Workbench bench;
  bench.track("1");
  bench.say(key_of("1"), "Completed", 0, noon);
  const auto id = intend_refill(bench, bench.find(key_of("1")), noon + 1h);
  settle_refill(bench, id, RefillState::pending, noon + 1h);
  CHECK_FALSE(bench.let_pass(key_of("1"), noon + 49h).settled);
  settle_refill(bench, id, RefillState::completed, noon + 50h);
  CHECK(bench.let_pass(key_of("1"), noon + 51h).settled);
}

TEST_CASE("a reported count is the last one reported, and tells of what it brought") {
  Workbench bench;
  const auto row = bench.track("1").row;
  auto& purchases = bench.store().purchases();
  CHECK_FALSE(purchases.reported_count(row));
  const auto drop = draft_of(EventType::order_drop_detected, key_of("1"));
  CHECK(purchases.report_count(key_of("1"), 3400, noon, {&drop, 1}));
  CHECK(event_lines(bench.store()).back() == "order.drop_detected 1");
  CHECK(purchases.report_count(key_of("1"), 3500, noon + 1h, {}));
  CHECK_FALSE(purchases.report_count(key_of("2"), 5, noon, {&drop, 1}));
  CHECK_FALSE(purchases.report_count(key_of("1", "p2"), 5, noon, {&drop, 1}));
  CHECK(all_events(bench.store()).size() == 2);
  bench.reopen();
  const auto reported = bench.store().purchases().reported_count(row);
  REQUIRE(reported);
  CHECK(reported->count == 3500);
  CHECK(reported->at == noon + 1h);
}

TEST_CASE("what is settled about a purged order is dropped, and its refills and cancels are gone") {
  Workbench bench;
  const auto order = bench.track("1");
  const auto other = intend_refill(bench, bench.track("2"), noon);
  const auto refill = intend_refill(bench, order, noon);
  const auto cancel = intend_cancel(bench, order, noon);
  auto& purchases = bench.store().purchases();
  purchases.report_count(order.key, 5, noon, {});
  const RefillChange late{*purchases.refill(refill), {draft_of(EventType::refill_requested, order.key)}};
  const CancelChange too_late{*purchases.cancel(cancel), {draft_of(EventType::cancel_requested, order.key)}};
  CHECK(bench.store().purge(order.key));
  CHECK_FALSE(purchases.refill(refill));
  CHECK_FALSE(purchases.cancel(cancel));
  CHECK_FALSE(purchases.reported_count(order.row));
  purchases.settle_refills({&late, 1}, noon + 1h);
  purchases.settle_cancels({&too_late, 1}, noon + 1h);
  CHECK(event_lines(bench.store()) == std::vector<std::string>{"order.tracked 2"});
  CHECK(purchases.refill(other));
  // No number comes back.
  CHECK(intend_refill(bench, bench.find(key_of("2")), noon) > refill);
  // One that is only no longer tracked keeps all.
  CHECK(bench.store().untrack(key_of("2"), noon));
  CHECK(purchases.refill(other));
}

TEST_CASE("purging an order looks only at what is its own") {
  Workbench bench;
  const auto work_of_purge = [&](std::string_view id) {
    const auto before = bench.steps();
    CHECK(bench.store().purge(key_of(id)));
    return bench.steps() - before;
  };
  const auto busy = bench.track("busy");
  const auto asked = [&](std::string_view id) {
    const auto order = bench.track(id);
    intend_refill(bench, order, noon);
    intend_cancel(bench, order, noon);
    return id;
  };
  const auto alone = work_of_purge(asked("1"));
  std::vector<Refill> refills(2000);
  std::vector<Cancel> cancels(2000);
  for (auto& refill : refills) refill.order_row = busy.row;
  for (auto& cancel : cancels) cancel.order_row = busy.row;
  bench.store().purchases().intend_refills(refills, noon);
  bench.store().purchases().intend_cancels(cancels, noon);
  CHECK(work_of_purge(asked("2")) < alone + 100);
}

TEST_CASE("candidates for a refill are tracked orders that ended well, late enough, and are offered it") {
  Workbench bench;
  auto& store = bench.store();
  std::string expected;
  int number = 0;
  for (const auto* word : {"Completed", "Partial", "Canceled", "In progress"}) {
    for (const bool is_offered : {true, false}) {
      for (const auto ended : {0h, 10h}) {
        const auto id = std::to_string(++number);
        bench.track(id, noon);
        bench.database().execute("offer", "UPDATE orders SET refill_offered = " + std::to_string(is_offered) +
                                              " WHERE id = '" + id + "'");
        bench.say(key_of(id), word, 0, noon + ended);
        const bool is_well = number <= 8;
        if (is_offered && is_well && ended > 5h) expected += (expected.empty() ? "p1/" : " p1/") + id;
      }
    }
  }
  bench.track("other", noon, "p2");
  const auto candidates = [&](Timestamp ended_after, std::size_t limit) {
    std::vector<Order> orders;
    std::int64_t after = 0;
    while (true) {
      auto page = store.purchases().refill_candidates(PanelName("p1"), ended_after, after, limit);
      CHECK(page.items.size() <= limit);
      for (auto& order : page.items) orders.push_back(std::move(order));
      if (!page.next) return ids_of(orders);
      after = *page.next;
    }
  };
  REQUIRE(expected == "p1/2 p1/6");
  for (const std::size_t limit : {1U, 2U, 100U}) {
    CHECK(candidates(noon + 5h, limit) == expected);
    CHECK(candidates(noon + 10h, limit) == "");
    CHECK(candidates(noon - 1ms, limit) == "p1/1 p1/2 p1/5 p1/6");
  }
  store.untrack(key_of("2"), noon);
  CHECK(candidates(noon + 5h, 100) == "p1/6");
  CHECK(store.purchases().refill_candidates(PanelName("nobody"), noon, 0, 10).items.empty());
}

TEST_CASE("looking for candidates among orders that ended long ago stays short") {
  Workbench bench;
  std::vector<TrackRequest> requests;
  requests.reserve(12'000);
  for (int i = 0; i < 12'000; ++i) requests.push_back(request_for(std::to_string(i)));
  bench.store().track(requests, noon);
  bench.database().execute("end", "UPDATE orders SET refill_offered = 1, status = 4, ended_at = 1");
  std::int64_t after = 0;
  int calls = 0;
  while (true) {
    ++calls;
    const auto before = bench.steps();
    const auto page = bench.store().purchases().refill_candidates(PanelName("p1"), noon, after, 100);
    CHECK(bench.steps() - before < 5000 * 70);
    CHECK(page.items.empty());
    if (!page.next) break;
    after = *page.next;
  }
  CHECK(calls == 3);
}

}  // namespace smm::store
