#include "store/catalogue.h"
#include "workbench.h"

namespace smm::store {
namespace {

const PanelName p1("p1");

BalancePoint point(const std::string& amount, Timestamp at, const std::string& currency = "USD") {
  return {at, *Money::parse(amount), currency};
}

}  // namespace

TEST_CASE("a balance is a point of its history when amount or currency is another, and writes nothing else") {
  Workbench bench;
  CHECK_FALSE(bench.store().catalogue().last_balance(p1));
  const auto changes_of = [&](const BalancePoint& said, bool low = false) {
    const auto before = bench.database().total_changes();
    bench.store().catalogue().save_balance(p1, said, low, {}, said.at);
    return bench.database().total_changes() - before;
  };
  CHECK(changes_of(point("100.84292", noon)) == 2);  // and the panel's own row
  CHECK(changes_of(point("100.84292", noon + 10min)) == 0);
  CHECK(changes_of(point("100.8429200", noon + 20min)) == 0);
  auto last = *bench.store().catalogue().last_balance(p1);
  CHECK(last.point.balance.text() == "100.84292");
  CHECK(last.point.at == noon);
  CHECK(last.checked_at == noon + 20min);
  CHECK_FALSE(last.low);
  CHECK(changes_of(point("100.84292", noon + 30min, "EUR")) == 1);
  CHECK(changes_of(point("-0.5", noon + 40min, "EUR"), true) == 2);
  CHECK(changes_of(point("-0.5", noon + 50min, "EUR"), true) == 0);
  bench.reopen();
  last = *bench.store().catalogue().last_balance(p1);
  CHECK(last.point.balance.text() == "-0.5");
  CHECK(last.point.currency == "EUR");
  CHECK(last.low);
  CHECK(last.checked_at == noon + 40min);
  CHECK(bench.store().panel(p1).balance_low);
  CHECK_FALSE(bench.store().panel(PanelName("p2")).balance_low);
  CHECK(changes_of(point("-0.5", noon + 60min, "EUR"), false) == 1);
  CHECK_FALSE(bench.store().catalogue().last_balance(p1)->low);
}

TEST_CASE("a low balance is told with the point that shows it") {
  Workbench bench;
  bench.store().subscribe({{WebhookName("w"), {"balance.*"}, {}}});
  Committed news;
  bench.store().on_commit([&](const Committed& committed) { news = committed; });
  EventDraft draft;
  draft.type = EventType::balance_low;
  draft.panel = p1;
  bench.store().catalogue().save_balance(p1, point("1", noon), true, {&draft, 1}, noon);
  CHECK(news.last_seq == 1);
  CHECK_FALSE(news.webhooks.empty());
  CHECK(event_lines(bench.store()) == std::vector<std::string>{"balance.low"});
}

TEST_CASE("the history of a balance is paged the newest first, each panel by itself") {
  Workbench bench;
  bench.database().execute("hurry", "PRAGMA synchronous = OFF");
  auto& catalogue = bench.store().catalogue();
  for (int i = 0; i < 2000; ++i) {
    const auto said = point(std::to_string(i), noon + i * 1min);
    catalogue.save_balance(PanelName(i % 2 == 0 ? "p1" : "p2"), said, false, {}, said.at);
  }
  for (const std::size_t limit : {7U, 100U, 1000U}) {
    std::string cursor;
    int expected = 1998;
    while (true) {
      const auto page = catalogue.balances(p1, limit, cursor);
      REQUIRE(page);
      CHECK(page->items.size() <= limit);
      for (const auto& each : page->items) {
        REQUIRE(each.balance.text() == std::to_string(expected));
        REQUIRE(each.at == noon + expected * 1min);
        expected -= 2;
      }
      if (!page->next) break;
      cursor = *page->next;
    }
    CHECK(expected == -2);
  }
  CHECK_FALSE(catalogue.balances(p1, 10, "sc.5."));
  CHECK(catalogue.balances(PanelName("p3"), 10, "")->items.empty());
}

}  // namespace smm::store
