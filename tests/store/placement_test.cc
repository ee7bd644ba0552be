#include "store/catalogue.h"
#include "till.h"

namespace smm::store {
namespace {

constexpr auto day = 24h;

std::vector<std::string> lines(Workbench& bench) {
  return event_lines(bench.store());
}

}  // namespace

TEST_CASE("a placement is kept as it was meant, every field in its place, over a restart, too") {
  Workbench bench;
  auto intent = placement_with("key-1");
  intent.cause = Cause::compat;
  intent.asked_by = 4294967294U;
  intent.fields = {{"service", "12"},      {"link", "https://example.com/ž?a=\"1\""},
                   {"comments", "a\r\nb"}, {"posts", "0"},
                   {"unknown[]", ""},      {"unknown[]", "twice"}};
  intent.ref = "shop-1";
  intent.labels = {{"customer", "42"}};
  intent.rate = Money::parse("0.90");
  const auto id = bench.store().purchases().intend_placement(intent, noon);
  bench.reopen();
  const auto kept = *bench.store().purchases().placement(id);
  CHECK(kept.id == id);
  CHECK(kept.panel == PanelName("p1"));
  CHECK(kept.state == PlacementState::asking);
  CHECK(kept.cause == Cause::compat);
  CHECK(kept.asked_by == 4294967294U);
  CHECK(kept.idempotency_key == "key-1");
  CHECK(kept.digest == intent.digest);
  CHECK(kept.fields == intent.fields);
  CHECK(kept.ref == "shop-1");
  CHECK(kept.labels == intent.labels);
  REQUIRE(kept.rate);
  CHECK(kept.rate->text() == "0.90");
  CHECK_FALSE(kept.upstream);
  CHECK(kept.asked_at == noon);
  CHECK_FALSE(kept.answered_at);
  CHECK(numbers_of(bench.store().purchases().placements_left_asking()) == std::to_string(id));
  CHECK_FALSE(bench.store().purchases().placement(id + 1));
}

TEST_CASE("an accepted placement is an order, tracked in the same transaction with all that is known") {
  Workbench bench;
  auto& store = bench.store();
  store.subscribe({{WebhookName("all"), {"*"}, {}}});
  Service service;
  service.id = ServiceId("12");
  store.catalogue().save_services(PanelName("p1"), {&service, 1}, {}, {{service.id, {true, 30 * day, false}}},
                                  {}, noon);
  auto intent = placement_with("k");
  intent.rate = Money::parse("0.90");
  auto after = intent;
  after.id = store.purchases().intend_placement(intent, noon);
  after.state = PlacementState::accepted;
  after.upstream = OrderId("23501");
  after.client_left = true;
  after.answered_at = noon + 1s;
  Purchases::NewOrder order;
  order.request = request_for("23501");
  order.request.service = service.id;
  order.request.link = "https://example.com/p/1";
  order.request.quantity = 1000;
  order.request.ref = "shop-1";
  order.request.labels = {{"customer", "42"}};
  order.request.placed_at = noon;
  order.kind = OrderKind::drip_feed;
  order.runs = 3;
  order.interval = 60min;
  std::vector<Committed> news;
  store.on_commit([&](const Committed& committed) { news.push_back(committed); });
  const auto event = place_event(EventType::place_accepted, after);
  const auto tracked = store.purchases().settle_placement(after, order, {&event, 1}, noon + 1s);
  REQUIRE(tracked);
  CHECK(tracked->is_new);
  REQUIRE(news.size() == 1);
  CHECK(news[0].orders == std::vector<OrderKey>{key_of("23501")});
  CHECK_FALSE(news[0].webhooks.empty());
  CHECK(news[0].last_seq == 2);
  CHECK(lines(bench) == std::vector<std::string>{"order.tracked 23501", "place.accepted 23501"});
  CHECK(bench.number("SELECT count(*) FROM delivery") == 2);
  CHECK(bench.number("SELECT count(*) FROM event WHERE order_row IS NULL") == 0);
  CHECK(store.counts().orders.size() == 1);

  bench.reopen();
  const auto found = bench.find(key_of("23501"));
  CHECK(found.service == service.id);
  CHECK(found.link == order.request.link);
  CHECK(found.quantity == 1000);
  CHECK(found.ref == "shop-1");
  CHECK(found.labels == order.request.labels);
  CHECK(found.placed_at == noon);
  CHECK(found.kind == OrderKind::drip_feed);
  CHECK(found.runs == 3);
  CHECK(found.interval == Milliseconds(60min));
  REQUIRE(found.rate_at_placing);
  CHECK(found.rate_at_placing->text() == "0.90");
  CHECK(found.refill_offered == true);
  CHECK(found.refill_window == Milliseconds(30 * day));
  CHECK(found.cancel_offered == false);
  CHECK_FALSE(found.parent);
  const auto placement = *bench.store().purchases().placement(after.id);
  CHECK(placement.state == PlacementState::accepted);
  CHECK(placement.upstream == OrderId("23501"));
  CHECK(placement.client_left);
  CHECK(placement.answered_at == noon + 1s);
  CHECK(bench.store().purchases().placements_left_asking().empty());
}

TEST_CASE(
    "an order that somebody tracked before the answer came is not tracked twice, and gets what it lacks") {
  Workbench bench;
  auto intent = placement_with("k");
  intent.rate = Money::parse("0.90");
  auto after = intent;
  after.id = bench.store().purchases().intend_placement(intent, noon);
  bench.track("7");
  bench.say(key_of("7"), "In progress", 10, noon + 1s);
  after.state = PlacementState::accepted;
  after.upstream = OrderId("7");
  Purchases::NewOrder order;
  order.request = request_for("7");
  order.request.ref = "shop-1";
  order.runs = 3;
  order.interval = 60min;
  const auto tracked = bench.store().purchases().settle_placement(after, order, {}, noon + 2s);
  REQUIRE(tracked);
  CHECK_FALSE(tracked->is_new);
  CHECK(bench.number("SELECT count(*) FROM orders") == 1);
  CHECK(bench.number("SELECT count(*) FROM event WHERE type = 'order.tracked'") == 1);
  const auto found = bench.find(key_of("7"));
  CHECK(found.status == OrderStatus::in_progress);
  CHECK(found.ref == "shop-1");
  CHECK(found.runs == 3);
  CHECK(found.interval == Milliseconds(60min));
  CHECK(found.rate_at_placing == Money::parse("0.90"));
}

TEST_CASE("what became of a placement stands: settling it again writes nothing and tells nobody") {
  Workbench bench;
  for (const auto end : {PlacementState::accepted, PlacementState::failed, PlacementState::refused,
                         PlacementState::resolved}) {
    CAPTURE(static_cast<int>(end));
    const auto number = std::to_string(static_cast<int>(end));
    const auto id = bench.store().purchases().intend_placement(placement_with("k" + number), noon);
    if (end == PlacementState::accepted) {
      accept(bench, id, number, noon);
    } else {
      end_placement(bench, id, end, noon);
    }
    const auto changes = bench.database().total_changes();
    const auto again = accept(bench, id, number, noon + 1h);
    end_placement(bench, id, PlacementState::refused, noon + 1h);
    end_placement(bench, id, PlacementState::unknown, noon + 1h);
    CHECK(bench.database().total_changes() == changes);
    CHECK(bench.store().purchases().placement(id)->state == end);
    // Whoever asks again for what was accepted gets the order.
    CHECK(again.has_value() == (end == PlacementState::accepted));
    if (again) {
      CHECK_FALSE(again->is_new);
      CHECK(again->order.key == key_of(number));
    }
  }
}

TEST_CASE("an unknown placement is resolved by a person, to an order or to none") {
  Workbench bench;
  auto& purchases = bench.store().purchases();
  const auto happened = purchases.intend_placement(placement_with("a"), noon);
  const auto did_not = purchases.intend_placement(placement_with("b"), noon);
  for (const auto id : {happened, did_not}) {
    end_placement(bench, id, PlacementState::unknown, noon + 1min, EventType::place_unknown);
  }
  CHECK(lines(bench) == std::vector<std::string>{"place.unknown", "place.unknown"});
  CHECK(accept(bench, happened, "23501", noon + 1h, PlacementState::resolved)->is_new);
  end_placement(bench, did_not, PlacementState::resolved, noon + 1h, EventType::place_resolved);
  CHECK(purchases.placement(happened)->upstream == OrderId("23501"));
  CHECK_FALSE(purchases.placement(did_not)->upstream);
  CHECK(bench.find(key_of("23501")).row > 0);
  CHECK(lines(bench).size() == 5);
}

TEST_CASE("a key stands for its placement for thirty days, and only a resolution to no order frees it") {
  Workbench bench;
  auto& purchases = bench.store().purchases();
  const auto with_key = [&](const std::string& key, Timestamp now, std::string_view panel = "p1") {
    const auto found = purchases.placement_by_key(PanelName(panel), key, now - keys_stand_for);
    return found ? found->id : 0;
  };
  CHECK(with_key("asking", noon) == 0);
  std::vector<std::pair<std::string, std::int64_t>> ids;
  for (const auto state : all_placement_states) {
    const auto key = "k" + std::to_string(static_cast<int>(state));
    const auto id = purchases.intend_placement(placement_with(key), noon);
    CHECK(with_key(key, noon) == id);
    if (state == PlacementState::accepted) {
      accept(bench, id, key, noon);
    } else if (state != PlacementState::asking) {
      end_placement(bench, id, state, noon);
    }
    ids.emplace_back(key, id);
  }
  const auto happened = purchases.intend_placement(placement_with("happened"), noon);
  accept(bench, happened, "1", noon, PlacementState::resolved);
  ids.emplace_back("happened", happened);
  bench.reopen();
  auto& reopened = bench.store().purchases();
  for (const auto& each : ids) {
    const auto& key = each.first;
    CAPTURE(key);
    const bool is_free = key == "k5";
    const auto found = reopened.placement_by_key(PanelName("p1"), key, noon);
    CHECK(found.has_value() != is_free);
    if (found) CHECK(found->id == each.second);
    CHECK_FALSE(reopened.placement_by_key(PanelName("p1"), key, noon + 1ms));
    CHECK_FALSE(reopened.placement_by_key(PanelName("p2"), key, noon));
    // It cannot be given to another while it stands.
    const auto again = noon + 30 * day;
    if (is_free) {
      CHECK(reopened.intend_placement(placement_with(key), again) > happened);
    } else {
      CHECK_THROWS_AS((void)reopened.intend_placement(placement_with(key), again), std::logic_error);
      const auto newer = reopened.intend_placement(placement_with(key), again + 1ms);
      CHECK(newer > happened);
      CHECK(reopened.placement_by_key(PanelName("p1"), key, noon)->id == newer);
    }
    CHECK(reopened.intend_placement(placement_with(key, "p2"), noon) > happened);
  }
  // Those without a key do not stand in each other's way.
  reopened.intend_placement(placement_with(""), noon);
  CHECK(reopened.intend_placement(placement_with(""), noon) > 0);
}

TEST_CASE("the newest placement of a digest is found, if it is new enough") {
  Workbench bench;
  auto& purchases = bench.store().purchases();
  const auto with_digest = [&](const std::string& digest, Timestamp since, std::string_view panel = "p1") {
    const auto found = purchases.placement_by_digest(PanelName(panel), digest, since);
    return found ? found->id : 0;
  };
  auto placement = placement_with("");
  placement.digest = "d";
  const auto later = purchases.intend_placement(placement, noon + 10min);
  purchases.intend_placement(placement, noon);  // the clock was set back
  placement.digest = "e";
  purchases.intend_placement(placement, noon + 20min);
  CHECK(with_digest("d", noon) == later);
  CHECK(with_digest("d", noon + 10min) == later);
  CHECK(with_digest("d", noon + 10min + 1ms) == 0);
  CHECK(with_digest("d", noon, "p2") == 0);
  CHECK(with_digest("f", noon) == 0);
}

TEST_CASE("a placement outlives its order, which can be erased and placed again") {
  Workbench bench;
  const auto id = bench.store().purchases().intend_placement(placement_with("k"), noon);
  accept(bench, id, "1", noon);
  CHECK(bench.store().purge(key_of("1")));
  const auto kept = bench.store().purchases().placement(id);
  REQUIRE(kept);
  CHECK(kept->upstream == OrderId("1"));
  CHECK(bench.store().purchases().placement_by_key(PanelName("p1"), "k", noon)->id == id);
  CHECK_FALSE(accept(bench, id, "1", noon + 1h));
  CHECK_FALSE(bench.store().find(key_of("1")));
}

TEST_CASE("a full database takes no intent and half-settles nothing") {
  Workbench bench;
  auto& purchases = bench.store().purchases();
  const auto order = bench.track("1");
  const auto refill = intend_refill(bench, order, noon);
  const auto placement = purchases.intend_placement(placement_with("k"), noon);
  int commits = 0;
  bench.store().on_commit([&](const Committed&) { ++commits; });
  const auto is_full = [&](auto write) {
    try {
      write();
      return false;
    } catch (const platform::DatabaseError& error) {
      return error.kind() == platform::DatabaseErrorKind::full;
    }
  };
  const auto narrow = "PRAGMA max_page_count = " + std::to_string(bench.number("PRAGMA page_count"));
  bench.database().execute("narrow", narrow);
  const std::string long_words(100'000, 'x');
  auto big = placement_with("big");
  big.fields.emplace_back("comments", long_words);
  CHECK(is_full([&] { purchases.intend_placement(big, noon); }));
  CHECK(
      is_full([&] { purchases.intend_refills(std::vector<Refill>(5000, *purchases.refill(refill)), noon); }));
  RefillChange change{*purchases.refill(refill), {draft_of(EventType::refill_requested, order.key)}};
  change.after.state = RefillState::pending;
  change.after.words = long_words;
  CHECK(is_full([&] { purchases.settle_refills({&change, 1}, noon); }));
  auto after = *purchases.placement(placement);
  after.state = PlacementState::accepted;
  after.upstream = OrderId("2");
  auto event = place_event(EventType::place_accepted, after);
  event.data = {{"words", long_words}};
  const Purchases::NewOrder placed{request_for("2"), OrderKind::ordinary, {}, {}};
  CHECK(is_full([&] { purchases.settle_placement(after, placed, {&event, 1}, noon); }));
  CHECK(commits == 0);
  CHECK(bench.number("SELECT (SELECT count(*) FROM refill) + (SELECT count(*) FROM placement)") == 2);
  CHECK(purchases.refill(refill)->state == RefillState::asking);
  CHECK(purchases.placement(placement)->state == PlacementState::asking);
  CHECK_FALSE(bench.store().find(key_of("2")));
  CHECK(bench.store().counts().events == 1);
  CHECK(bench.store().counts().orders.at(0).orders == 1);

  bench.database().execute("widen", "PRAGMA max_page_count = 1000000");
  CHECK_FALSE(bench.store().write_trouble());
  CHECK(purchases.settle_placement(after, placed, {&event, 1}, noon)->is_new);
  CHECK(bench.number("SELECT max(seq) - count(*) FROM event") == 0);
}

}  // namespace smm::store
