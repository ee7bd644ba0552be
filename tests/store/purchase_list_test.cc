#include "till.h"

#include <algorithm>
#include <random>

namespace smm::store {
namespace {

constexpr int count = 2000;

std::vector<Order> orders_on_three_panels(Workbench& bench) {
  std::vector<Order> orders;
  orders.reserve(30);
  for (int i = 0; i < 30; ++i)
    orders.push_back(bench.track(std::to_string(i), noon, "p" + std::to_string(i % 3)));
  return orders;
}

// A random choice of `from`, perhaps none.
template <class Value, class From>
std::vector<Value> some_of(const From& from, std::mt19937& random) {
  std::vector<Value> chosen;
  if (random() % 2 == 0) return chosen;
  for (const auto& each : from) {
    if (random() % 3 == 0) chosen.push_back(each);
  }
  if (!chosen.empty() && random() % 4 == 0) chosen.push_back(chosen.front());  // twice
  return chosen;
}

template <class Value>
bool is_among(const std::vector<Value>& wanted, const Value& value) {
  return wanted.empty() || std::find(wanted.begin(), wanted.end(), value) != wanted.end();
}

const std::vector<PanelName> panels = {PanelName("p0"), PanelName("p1"), PanelName("p2"), PanelName("none")};

// Asks with every page size for what `query` asks, and compares with what the list of all should give.
template <class Query, class Read, class Item, class IsWanted>
void must_list(Query query, Read read, const std::vector<Item>& all, IsWanted is_wanted) {
  std::string expected;
  for (auto item = all.rbegin(); item != all.rend(); ++item) {
    if (is_wanted(*item)) expected += (expected.empty() ? "" : " ") + std::to_string(item->id);
  }
  for (const std::size_t limit : {7U, 100U, 1000U}) {
    query.limit = limit;
    const bool lists_the_same = numbers_of(all_pages(query, read)) == expected;
    CHECK(lists_the_same);
  }
}

}  // namespace

TEST_CASE("refills are listed the newest first, whatever is asked for and however long the pages") {
  Workbench bench;
  auto& purchases = bench.store().purchases();
  const auto orders = orders_on_three_panels(bench);
  std::mt19937 random(11);
  std::vector<Refill> intents(count);
  for (auto& intent : intents) intent.order_row = orders.at(random() % orders.size()).row;
  const auto ids = purchases.intend_refills(intents, noon);
  std::vector<RefillChange> changes;
  for (const auto id : ids) {
    changes.push_back({*purchases.refill(id), {}});
    changes.back().after.state = all_refill_states.at(random() % all_refill_states.size());
  }
  purchases.settle_refills(changes, noon);
  std::vector<Refill> all;
  all.reserve(changes.size());
  for (const auto& change : changes) all.push_back(change.after);
  for (int round = 0; round < 60; ++round) {
    RefillQuery query;
    if (round % 3 == 0) query.order = orders.at(random() % orders.size()).key;
    query.panels = some_of<PanelName>(panels, random);
    query.states = some_of<RefillState>(all_refill_states, random);
    must_list(
        query, [&](const auto& asked) { return purchases.refills(asked); }, all,
        [&](const Refill& refill) {
          return (!query.order || *query.order == refill.order) && is_among(query.states, refill.state) &&
                 is_among(query.panels, refill.order.panel);
        });
  }
  RefillQuery query;
  query.order = key_of("nobody");
  CHECK(purchases.refills(query)->items.empty());
  for (const auto* cursor : {"x", "x.5.", "r.", "r.5", "r.5.61", "p.5."}) {
    query.cursor = cursor;
    CHECK(purchases.refills(query).has_value() == (std::string(cursor) == "r.5"));
  }
}

TEST_CASE("cancels are listed the newest first, whatever is asked for and however long the pages") {
  Workbench bench;
  auto& purchases = bench.store().purchases();
  const auto orders = orders_on_three_panels(bench);
  std::mt19937 random(12);
  std::vector<Cancel> intents(count);
  for (auto& intent : intents) intent.order_row = orders.at(random() % orders.size()).row;
  const auto ids = purchases.intend_cancels(intents, noon);
  std::vector<CancelChange> changes;
  for (const auto id : ids) {
    changes.push_back({*purchases.cancel(id), {}});
    changes.back().after.state = all_cancel_states.at(random() % all_cancel_states.size());
  }
  purchases.settle_cancels(changes, noon);
  std::vector<Cancel> all;
  all.reserve(changes.size());
  for (const auto& change : changes) all.push_back(change.after);
  for (int round = 0; round < 60; ++round) {
    CancelQuery query;
    if (round % 3 == 0) query.order = orders.at(random() % orders.size()).key;
    query.panels = some_of<PanelName>(panels, random);
    query.states = some_of<CancelState>(all_cancel_states, random);
    must_list(
        query, [&](const auto& asked) { return purchases.cancels(asked); }, all,
        [&](const Cancel& cancel) {
          return (!query.order || *query.order == cancel.order) && is_among(query.states, cancel.state) &&
                 is_among(query.panels, cancel.order.panel);
        });
  }
  CancelQuery query;
  query.cursor = "r.5.";
  CHECK_FALSE(purchases.cancels(query));
}

TEST_CASE("placements are listed the newest first, whatever is asked for and however long the pages") {
  Workbench bench;
  bench.database().execute("hurry", "PRAGMA synchronous = OFF");
  auto& purchases = bench.store().purchases();
  std::mt19937 random(13);
  std::vector<Placement> all;
  for (int i = 0; i < count; ++i) {
    auto placement = placement_with(std::to_string(i), "p" + std::to_string(random() % 3));
    placement.id = purchases.intend_placement(placement, noon);
    placement.state = all_placement_states.at(random() % all_placement_states.size());
    if (placement.state != PlacementState::asking) purchases.settle_placement(placement, {}, {}, noon);
    all.push_back(std::move(placement));
  }
  for (int round = 0; round < 60; ++round) {
    PlacementQuery query;
    query.panels = some_of<PanelName>(panels, random);
    query.states = some_of<PlacementState>(all_placement_states, random);
    must_list(
        query, [&](const auto& asked) { return purchases.placements(asked); }, all,
        [&](const Placement& placement) {
          return is_among(query.states, placement.state) && is_among(query.panels, placement.panel);
        });
  }
  PlacementQuery query;
  query.cursor = "r.5.";
  CHECK_FALSE(purchases.placements(query));
}

TEST_CASE("a list that hardly finds anything reads a bounded number of rows a call and says where to go on") {
  Workbench bench;
  const auto busy = bench.track("1", noon, "p1");
  const auto rare = bench.track("1", noon, "p2");
  auto& purchases = bench.store().purchases();
  std::vector<Refill> intents(25'001);
  for (auto& intent : intents) intent.order_row = busy.row;
  intents.front().order_row = rare.row;
  const auto ids = purchases.intend_refills(intents, noon);
  // Found at once where its state is walked, it must wait for the walk of the other state.
  settle_refill(bench, ids.front(), RefillState::refused, noon);
  for (const bool by_state : {false, true}) {
    RefillQuery query;
    query.panels = {PanelName("p2")};
    if (by_state) query.states = {RefillState::refused, RefillState::asking};
    int calls = 0;
    const auto found = all_pages(query, [&](const auto& asked) {
      ++calls;
      const auto before = bench.steps();
      auto page = purchases.refills(asked);
      CHECK(bench.steps() - before < 10'000 * 40);
      return page;
    });
    CHECK(numbers_of(found) == std::to_string(ids.front()));
    CHECK(calls == 3);
  }
}

}  // namespace smm::store
