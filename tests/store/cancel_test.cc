#include "till.h"

namespace smm::store {

TEST_CASE("a cancel is kept as it was meant and as it was settled, over a restart, too") {
  Workbench bench;
  bench.store().subscribe({{WebhookName("all"), {"*"}, {}}});
  const auto order = bench.track("1");
  const auto id = intend_cancel(bench, order, noon);
  bench.reopen();
  bench.store().subscribe({{WebhookName("all"), {"*"}, {}}});
  auto cancel = *bench.store().purchases().cancel(id);
  CHECK(cancel.order == order.key);
  CHECK(cancel.order_row == order.row);
  CHECK(cancel.state == CancelState::asking);
  CHECK(cancel.cause == Cause::compat);
  CHECK_FALSE(cancel.asked_by);
  CHECK(cancel.asked_at == noon);
  CHECK(numbers_of(bench.store().purchases().cancels_left_asking()) == std::to_string(id));

  Committed news;
  bench.store().on_commit([&](const Committed& committed) { news = committed; });
  settle_cancel(bench, id, CancelState::refused, noon + 1s);
  CHECK(news.orders == std::vector<OrderKey>{order.key});
  CHECK_FALSE(news.webhooks.empty());
  CHECK(event_lines(bench.store()).back() == "cancel.requested 1");
  CHECK(bench.number("SELECT count(*) FROM delivery") == 2);
  bench.reopen();
  cancel = *bench.store().purchases().cancel(id);
  CHECK(cancel.state == CancelState::refused);
  CHECK(cancel.words == "words");
  CHECK(cancel.answered_at == noon + 1s);
  CHECK(bench.store().purchases().cancels_left_asking().empty());
  CHECK_FALSE(bench.store().purchases().cancel(id + 1));
}

TEST_CASE("the end of an order decides its open cancels in the same transaction") {
  struct Case {
    const char* word;
    CancelState outcome;
  };
  for (const auto& each : {Case{"Canceled", CancelState::done}, Case{"Partial", CancelState::done},
                           Case{"Refunded", CancelState::done}, Case{"Completed", CancelState::in_vain},
                           Case{"Failed", CancelState::in_vain}}) {
    const std::string word = each.word;
    const auto outcome = each.outcome;
    CAPTURE(word);
    Workbench bench;
    bench.track("1");
    const auto order = bench.say(key_of("1"), "In progress", 5, noon);
    const auto other = intend_cancel(bench, bench.track("2"), noon);
    std::vector<std::int64_t> ids;
    for (const auto state : all_cancel_states) {
      ids.push_back(intend_cancel(bench, order, noon));
      if (state != CancelState::asking) settle_cancel(bench, ids.back(), state, noon + 1s);
    }
    // It goes on: nothing is decided.
    bench.say(key_of("1"), "Processing", 4, noon + 1h);
    for (std::size_t i = 0; i < ids.size(); ++i) {
      CHECK(bench.store().purchases().cancel(ids[i])->state == all_cancel_states.at(i));
    }
    std::int64_t commits = 0;
    bench.store().on_commit([&](const Committed&) { ++commits; });
    bench.say(key_of("1"), word, 3, noon + 2h);
    CHECK(commits == 1);
    bench.reopen();
    for (std::size_t i = 0; i < ids.size(); ++i) {
      const auto state = all_cancel_states.at(i);
      CAPTURE(i);
      const bool was_open =
          state == CancelState::asking || state == CancelState::unknown || state == CancelState::requested;
      const auto cancel = *bench.store().purchases().cancel(ids[i]);
      CHECK(cancel.state == (was_open ? outcome : state));
      CHECK((cancel.ended_at == noon + 2h) == was_open);
    }
    CHECK(bench.store().purchases().cancel(other)->state == CancelState::asking);
  }
}

TEST_CASE("the outcome seen before the answer came stands, unless the panel refused") {
  Workbench bench;
  bench.track("1");
  const auto order = bench.say(key_of("1"), "In progress", 5, noon);
  const auto accepted = intend_cancel(bench, order, noon);
  const auto refused = intend_cancel(bench, order, noon);
  bench.say(key_of("1"), "Canceled", 5, noon + 1min);
  settle_cancel(bench, accepted, CancelState::requested, noon + 2min);
  settle_cancel(bench, refused, CancelState::refused, noon + 2min);
  const auto cancel = *bench.store().purchases().cancel(accepted);
  CHECK(cancel.state == CancelState::done);
  CHECK(cancel.ended_at == noon + 1min);
  CHECK(cancel.words == "words");
  CHECK(cancel.answered_at == noon + 2min);
  CHECK(bench.store().purchases().cancel(refused)->state == CancelState::refused);
}

TEST_CASE("a cancel that the end of its order decided still waits for its answer, which nobody told yet") {
  Workbench bench;
  bench.track("1");
  const auto order = bench.say(key_of("1"), "In progress", 5, noon);
  const auto id = intend_cancel(bench, order, noon);
  bench.say(key_of("1"), "Canceled", 5, noon + 1min);
  CHECK(numbers_of(bench.store().purchases().cancels_left_asking()) == std::to_string(id));
  settle_cancel(bench, id, CancelState::unknown, noon + 2min);
  CHECK(bench.store().purchases().cancels_left_asking().empty());
  CHECK(bench.store().purchases().cancel(id)->state == CancelState::done);
}

TEST_CASE("an answer that was judged too late decides no cancel") {
  Workbench bench;
  bench.track("1");
  const auto before = bench.say(key_of("1"), "In progress", 5, noon);
  const auto id = intend_cancel(bench, before, noon);
  const auto stale = rules::transition(before, saying(before.key, "Canceled", 5), {}, {}, noon + 1min);
  bench.say(key_of("1"), "Processing", 4, noon + 1min);
  REQUIRE(stale);
  bench.store().record({&*stale, 1}, noon + 2min);
  CHECK(bench.store().purchases().cancel(id)->state == CancelState::asking);
}

TEST_CASE("the last cancel of an order is the newest") {
  Workbench bench;
  const auto order = bench.track("1");
  CHECK_FALSE(bench.store().purchases().last_cancel_of(order.row));
  intend_cancel(bench, order, noon + 1h);
  const auto newest = intend_cancel(bench, order, noon);
  intend_cancel(bench, bench.track("2"), noon);
  CHECK(bench.store().purchases().last_cancel_of(order.row)->id == newest);
}

}  // namespace smm::store
