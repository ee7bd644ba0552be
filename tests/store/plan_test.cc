#include "store/catalogue.h"
#include "till.h"

#include <sqlite3.h>

#include <algorithm>
#include <array>

namespace smm::store {
namespace {

std::vector<std::string> plan_of(Workbench& bench, const std::string& sql) {
  std::vector<std::string> plan;
  platform::Statement statement(bench.database(), "explain", "EXPLAIN QUERY PLAN " + sql);
  const platform::Reading reading(statement);
  while (statement.step()) plan.push_back(statement.text(3));
  return plan;
}

std::vector<std::string> statements_of(Workbench& bench) {
  std::vector<std::string> statements;
  auto* handle = bench.database().handle();
  for (auto* each = sqlite3_next_stmt(handle, nullptr); each != nullptr;
       each = sqlite3_next_stmt(handle, each)) {
    const std::string sql = sqlite3_sql(each);
    const auto first = sql.find_first_not_of(" \n");
    const auto verb = sql.substr(first, sql.find_first_of(" \n", first) - first);
    if (verb == "SELECT" || verb == "UPDATE" || verb == "DELETE" || verb == "INSERT")
      statements.push_back(sql);
  }
  return statements;
}

// What may be read from end to end: small tables; the two counts made once a start; a list that only follows
// the rows of an index in order and is cut short by its reader.
bool may_scan(const std::string& step, const std::string& sql) {
  constexpr std::array<std::string_view, 5> small = {"SCAN panel", "SCAN webhook", "SCAN w",
                                                     "SCAN event_floor", "SCAN clock_step"};
  if (std::any_of(small.begin(), small.end(), [&](auto each) { return step.rfind(each, 0) == 0; }))
    return true;
  if (step.rfind("SCAN write_test", 0) == 0 || step == "SCAN CONSTANT ROW") return true;
  return sql.find("SELECT panel, status, stalled, lost FROM orders NOT INDEXED") != std::string::npos ||
         sql == "SELECT count(*) FROM event" ||
         step.find("USING INDEX orders_stalled") != std::string::npos ||
         step.find("USING INDEX orders_lost") != std::string::npos ||
         step.find("USING INDEX attempt_open") != std::string::npos;
}

void fill_catalogue(Workbench& bench) {
  std::vector<Service> list;
  std::vector<ServiceChange> changes;
  for (int i = 0; i < 50; ++i) {
    Service service;
    service.id = ServiceId(std::to_string(i));
    list.push_back(service);
    changes.push_back({service.id, ServiceChangeKind::added, {}, {}, {}, 0, noon});
    const BalancePoint point{noon, *Money::parse(std::to_string(i)), "USD"};
    bench.store().catalogue().save_balance(PanelName("p1"), point, false, {}, noon);
  }
  bench.store().catalogue().save_services(PanelName("p1"), list, changes, {}, {}, noon);
}

}  // namespace

TEST_CASE("no statement reads a large table from end to end or sorts what it finds") {
  for (const bool is_analyzed : {false, true}) {
    Workbench bench;
    bench.store().subscribe({{WebhookName("w"), {"*"}, {}}});
    for (int i = 0; i < 50; ++i) {
      const auto order = bench.track(std::to_string(i));
      intend_refill(bench, order, noon);
      intend_cancel(bench, order, noon);
      bench.store().purchases().intend_placement(placement_with(std::to_string(i)), noon);
    }
    fill_catalogue(bench);
    if (is_analyzed) {
      bench.database().execute("analyze", "ANALYZE");
      bench.reopen();
    }
    // Lists prepare their statements when first asked.
    for (const auto sort : {OrderSort::tracked, OrderSort::changed, OrderSort::placed}) {
      for (const bool descending : {false, true}) {
        std::vector<OrderQuery> queries(6);
        queries[1].panels = {PanelName("p1")};
        queries[2].statuses = {OrderStatus::unasked};
        queries[3].refs = {"r"};
        queries[4].stalled = true;
        queries[5].lost = true;
        for (auto& query : queries) {
          query.sort = sort;
          query.descending = descending;
          REQUIRE(bench.store().orders(query));
        }
      }
    }
    const auto statements = statements_of(bench);
    CHECK(statements.size() > 110);
    for (const auto& sql : statements) {
      for (const auto& step : plan_of(bench, sql)) {
        CAPTURE(sql);
        const bool is_scan = step.rfind("SCAN", 0) == 0;
        CHECK_MESSAGE((!is_scan || may_scan(step, sql)), step);
        const bool sorts = step.find("USE TEMP B-TREE") != std::string::npos;
        // The deliveries of one order; the webhooks.
        const bool may_sort = sql.find("WHERE d.order_row = ?3") != std::string::npos ||
                              sql.find("FROM webhook w ORDER BY w.name") != std::string::npos;
        CHECK_MESSAGE((!sorts || may_sort), step);
      }
    }
  }
}

}  // namespace smm::store
