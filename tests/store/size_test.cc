#include "store/catalogue.h"
#include "store/examination.h"
#include "workbench.h"

#include <random>

namespace smm::store {
namespace {

constexpr std::int64_t orders = 20'000;

// 4,000 services, which all offer refills: the dearest case.
void save_catalogue(Workbench& bench, const PanelName& panel) {
  std::vector<Service> list;
  std::map<ServiceId, Catalogue::OrderFacts> facts;
  for (int i = 1000; i < 5000; ++i) {
    Service service;
    service.id = ServiceId(std::to_string(i));
    service.name = "Followers [30 days refill]";
    facts[service.id] = {true, 24h * 30, true};
    list.push_back(service);
  }
  bench.store().catalogue().save_services(panel, list, {}, facts, {}, noon);
}

std::int64_t bytes_of_orders(Workbench& bench) {
  return bench.number(R"sql(
    SELECT sum(pgsize) FROM dbstat WHERE name IN (SELECT name FROM sqlite_schema WHERE tbl_name = 'orders')
  )sql");
}

std::string parts_of_orders(Workbench& bench) {
  return bench.text(R"sql(
    SELECT group_concat(name || ' ' || bytes, ', ') FROM
      (SELECT name, sum(pgsize) / 20000.0 AS bytes FROM dbstat
       WHERE name IN (SELECT name FROM sqlite_schema WHERE tbl_name = 'orders') GROUP BY name ORDER BY 2 DESC)
  )sql");
}

TrackRequest realistic_request(std::int64_t number, std::mt19937& random) {
  auto request = request_for(std::to_string(23'000'000 + number * 7), "p" + std::to_string(number % 3));
  request.service = ServiceId(std::to_string(1000 + random() % 4000));
  request.link =
      "https://www.instagram.com/p/C" + std::to_string(1'000'000'000 + random() % 1'000'000'000) + "/";
  request.quantity = 1000 * (1 + random() % 20);
  request.ref = "shop-" + std::to_string(100'000 + number);
  request.labels = {{"customer", std::to_string(random() % 5000)}};
  request.placed_at = noon - 1min;
  return request;
}

}  // namespace

TEST_CASE("a table of many bytes is not looked at while others wait, however few its rows") {
  Workbench bench;
  const auto fill = [&](int from, int to) {
    bench.database().execute("fill", "WITH RECURSIVE n(i) AS (SELECT " + std::to_string(from) +
                                         " UNION ALL SELECT i + 1 FROM n WHERE i < " + std::to_string(to) +
                                         ") INSERT INTO event SELECT i, 'evt_' || i, 'order.tracked', NULL, "
                                         "NULL, 1, hex(zeroblob(2000)) FROM n");
  };
  fill(1, 1900);
  const auto small = bench.store().examination().check("event");
  CHECK_FALSE(small.left_out);
  CHECK(small.complaints.empty());
  fill(1901, 2100);
  CHECK(bench.store().examination().check("event").left_out);
}

TEST_CASE("an order takes at most 350 bytes in its table and the indexes of it") {
  for (const bool is_known_to_catalogue : {false, true}) {
    CAPTURE(is_known_to_catalogue);
    Workbench bench;
    if (bench.number(
            "SELECT count(*) FROM pragma_compile_options WHERE compile_options = 'ENABLE_DBSTAT_VTAB'") ==
        0) {
      MESSAGE("this SQLite cannot tell the size of a table");
      return;
    }
    if (is_known_to_catalogue) {
      for (const auto* panel : {"p0", "p1", "p2"}) save_catalogue(bench, PanelName(panel));
    }
    std::mt19937 random(7);
    std::vector<TrackRequest> requests;
    for (std::int64_t i = 0; i < orders; ++i) {
      requests.push_back(realistic_request(i, random));
      if (requests.size() < 1000) continue;
      bench.store().track(requests, noon + i * 1ms);
      requests.clear();
    }
    const PollPolicy policy;
    for (int round = 0; round < 2; ++round) {
      for (const auto* panel : {"p0", "p1", "p2"}) {
        const auto now = noon + round * 1h + 5min;
        std::vector<rules::Change> changes;
        for (const auto& entry : bench.store().poll_entries(PanelName(panel), policy, 0, orders)) {
          const auto order = *bench.store().find_row(entry.row);
          const auto* word = round == 0 ? "In progress" : "Completed";
          const auto change =
              rules::transition(order, saying(order.key, word, random() % 900), policy, {}, now);
          changes.push_back(*change);
        }
        bench.store().record(changes, now);
      }
      // While they are active, and when they have all ended.
      const auto parts = parts_of_orders(bench);
      CAPTURE(parts);
      CHECK(bytes_of_orders(bench) <= 350 * orders);
      // The figure means nothing if they had not all been counted.
      CHECK(bytes_of_orders(bench) >= 150 * orders);
    }
    REQUIRE(bench.number("SELECT count(*) FROM orders WHERE revision = 2") == orders);
    REQUIRE(bench.number("SELECT count(*) FROM orders WHERE refill_offered = 1") ==
            (is_known_to_catalogue ? orders : 0));
  }
}

}  // namespace smm::store
