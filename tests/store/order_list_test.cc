#include "workbench.h"

#include <algorithm>
#include <map>
#include <random>
#include <set>

namespace smm::store {
namespace {

constexpr int model_size = 2000;

// Few values of everything, so that conditions meet often; and times that repeat.
class OrderMill {
 public:
  explicit OrderMill(Workbench& bench) : bench_(bench) {}

  void make(int count) {
    std::vector<TrackRequest> requests;
    requests.reserve(static_cast<std::size_t>(count));
    for (int i = 0; i < count; ++i) requests.push_back(request());
    for (const auto& request : requests) bench_.store().track({&request, 1}, noon + pick(40) * 1min);
    for (const auto& request : requests) age(request.key);
  }

  // Something happens to the order, or nothing.
  void age(const OrderKey& key) {
    if (pick(6) == 0) return;
    auto after = bench_.find(key);
    rules::Change change;
    after.status = all_order_statuses.at(static_cast<std::size_t>(pick(12)));
    after.changed_at = noon + pick(60) * 1min;
    after.stalled = pick(8) == 0;
    after.lost = pick(8) == 0;
    after.settled = pick(4) == 0;
    after.revision += 1;
    change.after = after;
    change.point = HistoryPoint{*after.changed_at, after.status, "", {}, {}, {}};
    bench_.store().record({&change, 1}, *after.changed_at);
    if (pick(15) == 0) bench_.store().untrack(key, noon);
  }

  int pick(int below) { return static_cast<int>(random_() % static_cast<unsigned>(below)); }

 private:
  TrackRequest request() {
    auto request = request_for(std::to_string(next_++), "p" + std::to_string(pick(3)));
    if (pick(3) > 0) request.service = ServiceId("s" + std::to_string(pick(5)));
    if (pick(3) > 0) request.ref = "ref" + std::to_string(pick(30));
    if (pick(3) > 0) request.labels["a"] = std::to_string(pick(4));
    if (pick(3) > 0) request.labels["b"] = "x\"" + std::to_string(pick(3));
    if (pick(2) > 0) request.placed_at = noon + (pick(60) - 50) * 1min;
    return request;
  }

  Workbench& bench_;
  std::mt19937 random_{11};
  int next_ = 1000;
};

template <class Value>
bool is_in(const std::vector<Value>& wanted, const Value& value) {
  return wanted.empty() || std::find(wanted.begin(), wanted.end(), value) != wanted.end();
}

// The list by its definition.
bool matches(const Order& order, const OrderQuery& query) {
  if (order.untracked || !is_in(query.panels, order.key.panel) || !is_in(query.statuses, order.status))
    return false;
  if (!query.services.empty() && !(order.service && is_in(query.services, *order.service))) return false;
  if (!query.refs.empty() && !(order.ref && is_in(query.refs, *order.ref))) return false;
  for (const auto& [name, value] : query.labels) {
    const auto found = order.labels.find(name);
    if (found == order.labels.end() || found->second != value) return false;
  }
  if (query.stalled && *query.stalled != order.stalled) return false;
  if (query.settled && *query.settled != order.settled) return false;
  if (query.lost && *query.lost != order.lost) return false;
  return !query.updated_after || order.changed_at.value_or(order.tracked_at) > *query.updated_after;
}

std::pair<Timestamp, std::int64_t> place_of(const Order& order, OrderSort sort) {
  switch (sort) {
    case OrderSort::tracked:
      return {Timestamp(), order.row};
    case OrderSort::changed:
      return {order.changed_at.value_or(order.tracked_at), order.row};
    case OrderSort::placed:
      return {order.placed_at.value_or(order.tracked_at), order.row};
  }
  return {};
}

std::vector<Order> naive_list(const std::vector<Order>& all, const OrderQuery& query) {
  std::vector<Order> list;
  std::copy_if(all.begin(), all.end(), std::back_inserter(list),
               [&](const Order& order) { return matches(order, query); });
  std::sort(list.begin(), list.end(), [&](const Order& left, const Order& right) {
    const auto a = place_of(left, query.sort);
    const auto b = place_of(right, query.sort);
    return query.descending ? b < a : a < b;
  });
  return list;
}

std::vector<Order> everything(Workbench& bench) {
  std::vector<Order> all;
  const auto last = bench.number("SELECT max(row) FROM orders");
  for (std::int64_t row = 1; row <= last; ++row) {
    if (auto order = bench.store().find_row(row)) all.push_back(std::move(*order));
  }
  return all;
}

auto reader_of(Workbench& bench) {
  return [&bench](const OrderQuery& query) { return bench.store().orders(query); };
}

// One condition each, a few with several values, some that match nothing.
std::vector<OrderQuery> single_conditions() {
  std::vector<OrderQuery> queries(16);
  queries[1].panels = {PanelName("p1")};
  queries[2].panels = {PanelName("p0"), PanelName("p2"), PanelName("p0"), PanelName("nobody")};
  queries[3].panels = {PanelName("nobody")};
  queries[4].statuses = {OrderStatus::completed};
  queries[5].statuses = {OrderStatus::unasked, OrderStatus::partial, OrderStatus::partial,
                         OrderStatus::paused};
  queries[6].services = {ServiceId("s1"), ServiceId("s4")};
  queries[7].labels = {{"a", "1"}, {"b", "x\"2"}};
  queries[8].refs = {"ref7"};
  queries[9].refs = {"ref7", "ref9", "ref7", "nothing"};
  queries[10].stalled = true;
  queries[11].stalled = false;
  queries[12].settled = true;
  queries[13].lost = true;
  queries[14].updated_after = noon + 20min;
  queries[15].updated_after = noon + 100h;
  return queries;
}

OrderQuery random_query(OrderMill& mill, const std::vector<OrderQuery>& parts) {
  OrderQuery query;
  for (int i = mill.pick(4); i >= 0; --i) {
    const auto& part = parts.at(static_cast<std::size_t>(mill.pick(static_cast<int>(parts.size()))));
    if (!part.panels.empty()) query.panels = part.panels;
    if (!part.statuses.empty()) query.statuses = part.statuses;
    if (!part.services.empty()) query.services = part.services;
    if (!part.labels.empty()) query.labels = part.labels;
    if (!part.refs.empty()) query.refs = part.refs;
    if (part.stalled) query.stalled = part.stalled;
    if (part.settled) query.settled = part.settled;
    if (part.lost) query.lost = part.lost;
    if (part.updated_after) query.updated_after = part.updated_after;
  }
  return query;
}

}  // namespace

TEST_CASE("every filter in every order gives what its definition says, page by page") {
  Workbench bench;
  OrderMill mill(bench);
  mill.make(model_size);
  const auto all = everything(bench);
  REQUIRE(all.size() == model_size);
  auto queries = single_conditions();
  const auto parts = queries;
  for (int i = 0; i < 150; ++i) queries.push_back(random_query(mill, parts));
  std::size_t longest = 0;
  int not_empty = 0;
  for (auto& query : queries) {
    for (const auto sort : {OrderSort::tracked, OrderSort::changed, OrderSort::placed}) {
      for (const bool descending : {false, true}) {
        query.sort = sort;
        query.descending = descending;
        query.limit = 1 + static_cast<std::size_t>(mill.pick(400));
        const auto expected = naive_list(all, query);
        const auto found = all_pages(query, reader_of(bench));
        REQUIRE(ids_of(found) == ids_of(expected));
        longest = std::max(longest, found.size());
        if (!found.empty()) ++not_empty;
      }
    }
  }
  CHECK(longest > 1000);
  CHECK(not_empty > 300);
}

TEST_CASE("orders in lists are whole, but for the panel's object") {
  Workbench bench;
  auto request = request_for("1");
  request.ref = "r";
  request.labels = {{"a", "b"}};
  bench.store().track({&request, 1}, noon);
  bench.say(key_of("1"), "Subscription active", 5, noon + 1min, {OrderId("2")}, OrderKind::subscription);
  OrderQuery query;
  query.descending = false;
  const auto listed = bench.store().orders(query)->items;
  REQUIRE(listed.size() == 2);
  const auto found = bench.find(key_of("1"));
  CHECK(listed[0].labels == found.labels);
  CHECK(listed[0].ref == found.ref);
  CHECK(listed[0].charge == found.charge);
  CHECK(listed[0].kind == found.kind);
  CHECK(listed[0].changed_at == found.changed_at);
  CHECK(listed[0].raw.empty());
  CHECK(listed[1].parent == OrderId("1"));
}

TEST_CASE("who pages while orders come, change and go sees every other order once") {
  for (const auto sort : {OrderSort::tracked, OrderSort::changed, OrderSort::placed}) {
    for (const bool descending : {false, true}) {
      Workbench bench;
      OrderMill mill(bench);
      mill.make(300);
      OrderQuery query;
      query.sort = sort;
      query.descending = descending;
      query.limit = 20;
      const auto before = naive_list(everything(bench), query);
      std::set<OrderKey> touched;
      std::map<OrderKey, int> seen;
      auto page = bench.store().orders(query);
      while (true) {
        REQUIRE(page);
        for (const auto& order : page->items) ++seen[order.key];
        if (!page->next) break;
        mill.make(3);
        const auto& moved = before.at(static_cast<std::size_t>(mill.pick(static_cast<int>(before.size()))));
        touched.insert(moved.key);
        if (mill.pick(3) == 0) {
          bench.store().purge(moved.key);
        } else if (bench.store().find(moved.key)) {
          mill.age(moved.key);
        }
        query.cursor = *page->next;
        page = bench.store().orders(query);
      }
      for (const auto& order : before) {
        if (touched.count(order.key) == 0) REQUIRE(seen[order.key] == 1);
      }
      if (sort == OrderSort::tracked) {
        for (const auto& [key, times] : seen) REQUIRE(times == 1);
      }
    }
  }
}

TEST_CASE("a cursor of another list is refused") {
  Workbench bench;
  for (int i = 0; i < 5; ++i) bench.track(std::to_string(i));
  OrderQuery query;
  query.limit = 2;
  const auto next = *bench.store().orders(query)->next;
  const auto complaint = [&](OrderQuery asked, const std::string& cursor) {
    asked.cursor = cursor;
    const auto page = bench.store().orders(asked);
    return page ? std::string("accepted") : page.error();
  };
  CHECK(complaint(query, next) == "accepted");
  const std::string foreign = "the cursor does not belong to this list";
  auto other = query;
  other.descending = false;
  CHECK(complaint(other, next) == foreign);
  other = query;
  other.sort = OrderSort::changed;
  CHECK(complaint(other, next) == foreign);
  other = query;
  other.q = "1";
  CHECK(complaint(other, next) == foreign);
  for (const auto* bad : {"x", "td", "td.1", "td.1.2.zz", "td.1.2.3", "td.a.b.", ".", "td.1.2.61"}) {
    CHECK_MESSAGE(complaint(query, bad) == foreign, bad);
  }
}

TEST_CASE("a search finds whole ids and refs before longer ones, then what begins so") {
  Workbench bench;
  const auto add = [&](std::string_view id, std::string_view panel, std::optional<std::string> ref) {
    auto request = request_for(id, panel);
    request.ref = std::move(ref);
    bench.store().track({&request, 1}, noon);
  };
  add("1234", "p1", {});
  add("12", "p1", "99");
  add("12", "p2", "12");
  add("129", "p1", "12x");
  add("7", "p1", "12");
  add("8", "p2", "12-a");
  add("9", "p2", "13");
  add("5", "p2", "12");
  add("13", "p2", "x");
  bench.store().untrack(key_of("5", "p2"), noon);
  OrderQuery query;
  query.q = "12";
  const std::string expected = "p1/12 p1/1234 p1/129 p2/12 p1/7 p2/8";
  for (std::size_t limit = 1; limit < 9; ++limit) {
    query.limit = limit;
    CHECK(ids_of(all_pages(query, reader_of(bench))) == expected);
  }
  query.panels = {PanelName("p2")};
  CHECK(ids_of(all_pages(query, reader_of(bench))) == "p2/12 p2/8");
  query.panels = {PanelName("nobody")};
  CHECK(bench.store().orders(query)->items.empty());
  query.panels.clear();
  query.q = "nothing";
  CHECK(bench.store().orders(query)->items.empty());
  query.q = "1_";
  CHECK(bench.store().orders(query)->items.empty());
  query.q = "";
  CHECK(bench.store().orders(query)->items.size() == 8);
}

TEST_CASE("a search in an empty database finds nothing") {
  Workbench bench;
  OrderQuery query;
  query.q = "1";
  CHECK(bench.store().orders(query)->items.empty());
  CHECK_FALSE(bench.store().orders(query)->next);
}

TEST_CASE("a filter that hardly matches reads a bounded number of rows a call and says where to go on") {
  Workbench bench;
  std::vector<TrackRequest> requests;
  for (int i = 0; i < 45'000; ++i) {
    requests.push_back(request_for(std::to_string(i)));
    requests.back().quiet = true;
    if (i == 22'222) requests.back().service = ServiceId("rare");
  }
  bench.store().track(requests, noon);
  for (const auto sort : {OrderSort::tracked, OrderSort::changed, OrderSort::placed}) {
    OrderQuery query;
    query.sort = sort;
    query.services = {ServiceId("rare")};
    int calls = 0;
    const auto found = all_pages(query, [&](const OrderQuery& asked) {
      ++calls;
      const auto before = bench.steps();
      auto page = bench.store().orders(asked);
      CHECK(bench.steps() - before < 20'000 * 70);
      return page;
    });
    CHECK(ids_of(found) == "p1/22222");
    CHECK(calls == 3);
  }
}

}  // namespace smm::store
