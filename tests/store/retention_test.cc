#include "store/catalogue.h"
#include "till.h"

namespace smm::store {
namespace {

constexpr auto day = 24h;

// Goes through one whole round in slices of `limit`. How many slices.
int expire_all(Workbench& bench, Timestamp now, std::size_t limit, const RetentionPolicy& policy = {}) {
  int slices = 0;
  while (true) {
    ++slices;
    REQUIRE(slices < 10'000);
    const auto changes = bench.database().total_changes();
    const auto done = bench.store().expire(policy, now, limit);
    // A deleted delivery takes its attempts along; an order its mark.
    CHECK(bench.database().total_changes() - changes <= 3 * static_cast<std::int64_t>(limit) + 3);
    if (done < static_cast<std::int64_t>(limit)) return slices;
  }
}

void settle(Workbench& bench, std::int64_t delivery, DeliveryState state, Timestamp now) {
  AttemptResult result;
  result.attempt = bench.store().settle_and_begin({}, std::vector{delivery}, now).at(0);
  result.delivery = delivery;
  result.state = state;
  result.next_try_at = now + 1h;
  bench.store().settle_and_begin({&result, 1}, {}, now);
}

std::int64_t append(Workbench& bench, EventType type, Timestamp now) {
  EventDraft draft;
  draft.type = type;
  draft.panel = PanelName("p1");
  return bench.store().append({&draft, 1}, now);
}

std::string seqs(Workbench& bench) {
  return bench.text("SELECT ifnull(group_concat(seq, ' '), '') FROM (SELECT seq FROM event ORDER BY seq)");
}

}  // namespace

TEST_CASE("events go after their time, those of progress sooner, and what is younger stays") {
  for (const std::size_t limit : {1U, 3U, 1000U}) {
    Workbench bench;
    for (int i = 0; i < 4; ++i) {
      append(bench, EventType::panel_up, noon + i * day);
      append(bench, EventType::order_progress, noon + i * day);
    }
    expire_all(bench, noon + 3 * day, limit);
    CHECK(seqs(bench) == "1 2 3 4 5 6 7 8");
    expire_all(bench, noon + 3 * day + 1ms, limit);
    CHECK(seqs(bench) == "1 3 4 5 6 7 8");
    expire_all(bench, noon + 30 * day, limit);
    CHECK(seqs(bench) == "1 3 5 7");
    expire_all(bench, noon + 182 * day, limit);
    CHECK(seqs(bench) == "5 7");
    expire_all(bench, noon + 1000 * day, limit);
    CHECK(seqs(bench) == "");
    CHECK(bench.store().counts().events == 0);
    CHECK(bench.store().counts().last_seq == 8);
  }
}

TEST_CASE("delivered ones go after their time, dead ones with their event, pending ones never") {
  for (const std::size_t limit : {1U, 2U, 1000U}) {
    Workbench bench;
    bench.store().subscribe({{WebhookName("w"), {"panel.*", "order.progress"}, {}}});
    const auto delivered = append(bench, EventType::panel_up, noon);
    const auto dead = append(bench, EventType::panel_up, noon);
    const auto pending = append(bench, EventType::panel_up, noon);
    const auto progress_pending = append(bench, EventType::order_progress, noon);
    const auto progress_delivered = append(bench, EventType::order_progress, noon);
    settle(bench, delivered, DeliveryState::delivered, noon + 1h);
    settle(bench, dead, DeliveryState::dead, noon + 1h);
    settle(bench, pending, DeliveryState::pending, noon + 1h);
    settle(bench, progress_delivered, DeliveryState::delivered, noon + 1h);
    const auto deliveries = [&] {
      return bench.text(
          "SELECT ifnull(group_concat(id, ' '), '') FROM (SELECT id FROM delivery ORDER BY id)");
    };
    expire_all(bench, noon + 7 * day, limit);
    CHECK(deliveries() == "1 2 3 4 5");
    CHECK(seqs(bench) == "1 2 3 4 5");
    expire_all(bench, noon + 8 * day, limit);
    CHECK(deliveries() == "2 3 4");
    CHECK(bench.store().attempts(delivered).empty());
    CHECK(bench.store().attempts(pending).size() == 1);
    CHECK(seqs(bench) == "1 2 3 4");
    expire_all(bench, noon + 1000 * day, limit);
    CHECK(deliveries() == "3 4");
    CHECK(seqs(bench) == "3 4");
    // It can still be sent, and goes when it has been.
    CHECK(bench.store().due_deliveries(WebhookName("w"), noon + 1000 * day, 10, {}, {}).size() == 2);
    settle(bench, pending, DeliveryState::delivered, noon + 1000 * day);
    settle(bench, progress_pending, DeliveryState::canceled, noon + 1000 * day);
    expire_all(bench, noon + 1000 * day, limit);
    expire_all(bench, noon + 1008 * day, limit);
    CHECK(deliveries() == "");
    CHECK(seqs(bench) == "");
  }
}

TEST_CASE("thirty days after the end, points that moved only remains are thinned to the last of each day") {
  for (const std::size_t limit : {1U, 4U, 1000U}) {
    Workbench bench;
    const auto row = bench.track("1").row;
    bench.track("2");
    const auto key = key_of("1");
    bench.say(key, "In progress", 1000, noon);           // the first sight
    bench.say(key, "In progress", 900, noon + 1h);       // thinned
    bench.say(key, "In progress", 800, noon + 2h);       // the last of the day that moved only remains
    bench.say(key, "Processing", 700, noon + 3h);        // another status
    bench.say(key, "Processing", 600, noon + day);       // thinned
    bench.say(key, "Processing", 500, noon + day + 1h);  // thinned
    bench.say(key, "Processing", 400, noon + day + 2h);  // the last of that day
    bench.say(key, "Processing", 300, noon + 2 * day);   // the only one of that day
    bench.say(key, "Completed", 0, noon + 3 * day);
    // One that has not ended keeps all.
    for (int i = 0; i < 5; ++i) bench.say(key_of("2"), "In progress", 100 - i, noon + i * 1min);
    const auto remains = [&](std::int64_t of) {
      std::string text;
      const auto page = bench.store().history(of, 100, "");
      for (const auto& point : page->items) text += std::to_string(*point.remains) + " ";
      return text;
    };
    const std::string whole = "1000 900 800 700 600 500 400 300 0 ";
    expire_all(bench, noon + 33 * day, limit);
    CHECK(remains(row) == whole);
    expire_all(bench, noon + 33 * day + 1ms, limit);
    CHECK(remains(row) == "1000 800 700 400 300 0 ");
    CHECK(remains(row + 1) == "100 99 98 97 96 ");
    CHECK(bench.find(key).revision == 9);
    // What comes later is thinned in its turn, and what has been thinned stays as it is.
    bench.say(key, "Completed", 10, noon + 40 * day);
    bench.say(key, "Completed", 20, noon + 40 * day + 1min);
    bench.say(key, "Completed", 30, noon + 40 * day + 2min);
    expire_all(bench, noon + 70 * day, limit);
    CHECK(remains(row) == "1000 800 700 400 300 0 10 20 30 ");
    expire_all(bench, noon + 71 * day, limit);
    CHECK(remains(row) == "1000 800 700 400 300 0 30 ");
    const auto changes = bench.database().total_changes();
    expire_all(bench, noon + 72 * day, limit);
    CHECK(bench.database().total_changes() == changes);
  }
}

TEST_CASE("history goes when its order has ended long ago; the order stays") {
  for (const std::size_t limit : {1U, 4U, 1000U}) {
    Workbench bench;
    for (const auto* id : {"1", "2", "3"}) {
      bench.track(id);
      for (int i = 0; i < 6; ++i) bench.say(key_of(id), "In progress", 100 - i, noon + i * day);
    }
    bench.say(key_of("1"), "Completed", 0, noon + 10 * day);
    bench.say(key_of("2"), "Partial", 5, noon + 20 * day);
    const auto points = [&](std::string_view id) {
      return bench.store().history(bench.find(key_of(id)).row, 100, "")->items.size();
    };
    expire_all(bench, noon + 411 * day, limit);
    CHECK(points("1") == 0);
    CHECK(points("2") == 7);
    CHECK(points("3") == 6);
    CHECK(bench.find(key_of("1")).revision == 7);
    CHECK(bench.find(key_of("1")).status == OrderStatus::completed);
    expire_all(bench, noon + 5000 * day, limit);
    CHECK(points("2") == 0);
    CHECK(points("3") == 6);
    // It wakes up again: the history goes on with the numbers of the old one.
    bench.say(key_of("1"), "In progress", 3, noon + 5000 * day);
    CHECK(points("1") == 1);
    CHECK(bench.number("SELECT max(revision) FROM history WHERE order_row = 1") == 8);
  }
}

TEST_CASE("placements go after 400 days unless nobody knows yet what became of them") {
  for (const std::size_t limit : {1U, 3U, 1000U}) {
    Workbench bench;
    auto& purchases = bench.store().purchases();
    std::string pending;
    for (const auto state : all_placement_states) {
      const auto id =
          purchases.intend_placement(placement_with(std::to_string(static_cast<int>(state))), noon);
      if (state == PlacementState::asking || state == PlacementState::unknown) {
        pending += (pending.empty() ? "" : " ") + std::to_string(id);
      }
      if (state != PlacementState::asking) end_placement(bench, id, state, noon);
    }
    const auto young = purchases.intend_placement(placement_with("young"), noon + 1ms);
    end_placement(bench, young, PlacementState::refused, noon + 1ms);
    const auto kept = [&] {
      return bench.text("SELECT group_concat(id, ' ') FROM (SELECT id FROM placement ORDER BY id)");
    };
    expire_all(bench, noon + 400 * day, limit);
    CHECK(bench.number("SELECT count(*) FROM placement") == 7);
    expire_all(bench, noon + 400 * day + 1ms, limit);
    CHECK(kept() == pending + " " + std::to_string(young));
    expire_all(bench, noon + 5000 * day, limit);
    CHECK(kept() == pending);
  }
}

TEST_CASE("changes of services and balances go after 400 days, but never the balance that may still stand") {
  for (const std::size_t limit : {1U, 3U, 1000U}) {
    Workbench bench;
    auto& catalogue = bench.store().catalogue();
    for (int i = 0; i < 5; ++i) {
      const auto now = noon + i * day;
      const ServiceChange change{ServiceId("1"), ServiceChangeKind::added, {}, {}, {}, 0, now};
      const PanelName panel(i < 3 ? "p1" : "p2");
      const BalancePoint point{now, *Money::parse(std::to_string(i)), "USD"};
      catalogue.save_services(panel, {}, {&change, 1}, {}, {}, now);
      catalogue.save_balance(panel, point, false, {}, now);
    }
    const auto kept = [&](const std::string& table) {
      return bench.text("SELECT ifnull(group_concat(id, ' '), '') FROM (SELECT id FROM " + table +
                        " ORDER BY id)");
    };
    expire_all(bench, noon + 402 * day, limit);
    CHECK(kept("service_change") == "3 4 5");
    CHECK(kept("balance") == "3 4 5");
    expire_all(bench, noon + 9000 * day, limit);
    CHECK(kept("service_change") == "");
    CHECK(kept("balance") == "3 5");
    CHECK(catalogue.last_balance(PanelName("p1"))->point.balance.text() == "2");
  }
}

TEST_CASE("refills and cancels stay as long as their order") {
  Workbench bench;
  const auto order = bench.track("1");
  const auto refill = intend_refill(bench, order, noon);
  settle_refill(bench, refill, RefillState::completed, noon);
  const auto cancel = intend_cancel(bench, order, noon);
  bench.say(order.key, "Completed", 0, noon);
  expire_all(bench, noon + 9000 * day, 1000);
  CHECK(bench.store().purchases().refill(refill));
  CHECK(bench.store().purchases().cancel(cancel));
}

// Seen: both had lost it a minute after they were tracked.
TEST_CASE("an order tracked with an end long ago keeps its history: it has not ended, or came only now") {
  for (const std::size_t limit : {1U, 1000U}) {
    Workbench bench;
    for (const auto* id : {"ended", "going", "unknown"}) {
      auto request = request_for(id);
      request.ended_at = noon - 1000 * day;
      bench.store().track({&request, 1}, noon);
    }
    bench.say(key_of("ended"), "Completed", 0, noon + 1min);
    bench.say(key_of("going"), "In progress", 7, noon + 1min);
    bench.say(key_of("unknown"), "Weird word", 7, noon + 1min);
    REQUIRE(bench.find(key_of("ended")).ended_at == noon - 1000 * day);
    REQUIRE(bench.find(key_of("unknown")).ended_at == noon - 1000 * day);
    const auto points = [&](std::string_view id) {
      return bench.store().history(bench.find(key_of(id)).row, 100, "")->items.size();
    };
    expire_all(bench, noon + 2min, limit);
    CHECK(points("ended") == 1);
    CHECK(points("going") == 1);
    CHECK(points("unknown") == 1);
    expire_all(bench, noon + 400 * day + 1min, limit);
    CHECK(points("ended") == 1);
    expire_all(bench, noon + 400 * day + 1min + 1ms, limit);
    CHECK(points("ended") == 0);
    expire_all(bench, noon + 5000 * day, limit);
    CHECK(points("going") == 1);
    CHECK(points("unknown") == 1);
  }
}

TEST_CASE("a slice stays small however much there is to do") {
  Workbench bench;
  std::vector<TrackRequest> requests;
  requests.reserve(3000);
  for (int i = 0; i < 3000; ++i) requests.push_back(request_for(std::to_string(i)));
  bench.store().track(requests, noon);
  const PollPolicy policy;
  for (int round = 0; round < 2; ++round) {
    std::vector<rules::Change> changes;
    for (const auto& entry : bench.store().poll_entries(PanelName("p1"), policy, 0, 10'000)) {
      const auto order = *bench.store().find_row(entry.row);
      const auto* word = round == 0 ? "In progress" : "Completed";
      changes.push_back(*rules::transition(order, saying(order.key, word, round), policy, {}, noon));
    }
    bench.store().record(changes, noon);
  }
  for (const auto after : {31 * day, 190 * day, 500 * day}) {
    std::int64_t most = 0;
    while (true) {
      const auto before = bench.steps();
      const auto done = bench.store().expire({}, noon + after, 50);
      most = std::max(most, bench.steps() - before);
      if (done < 50) break;
    }
    CHECK(most > 0);
    CHECK(most < 50 * 100);
  }
  CHECK(bench.number("SELECT count(*) FROM history") == 0);
  CHECK(bench.number("SELECT count(*) FROM event") == 0);
}

TEST_CASE("pages nobody needs any more are given back, a few at a time") {
  Workbench bench;
  EventDraft draft;
  draft.type = EventType::panel_down;
  draft.data = {{"words", std::string(3000, 'x')}};
  bench.store().append(std::vector<EventDraft>(2000, draft), noon);
  const auto pages = bench.number("PRAGMA page_count");
  REQUIRE(pages > 1500);
  CHECK(expire_all(bench, noon + 1000 * day, 100) > 20);
  CHECK(bench.number("PRAGMA page_count") < pages / 4);
  CHECK(bench.number("PRAGMA freelist_count") * 4 <= bench.number("PRAGMA page_count"));
  bench.reopen();
  CHECK(bench.text("PRAGMA integrity_check") == "ok");
  CHECK(static_cast<std::int64_t>(std::filesystem::file_size(bench.file())) < pages * 4096 / 4);
}

}  // namespace smm::store
