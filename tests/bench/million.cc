#include "api_clock.h"
#include "change_floor.h"
#include "lean_orders.h"
#include "measure.h"
#include "poll_floor.h"
#include "rows.h"

#include <algorithm>

// A million active orders, by way of a thousand, ten thousand and a hundred thousand: they come through the
// API as an import brings them, and the panel tells of each.
namespace smm::bench {
namespace {

constexpr const char* panel_orders = R"sql(
  SELECT row, id, kind, status, settled, stalled, lost, tracked_at, changed_at, status_changed_at, ended_at,
         missing_since, revision
  FROM orders WHERE panel = 1 AND untracked = 0
)sql";

double select_seconds(const std::filesystem::path& file, std::size_t orders) {
  const auto begin = seconds();
  auto* database = open_database(file);
  sqlite3_stmt* statement = nullptr;
  require(sqlite3_prepare_v2(database, panel_orders, -1, &statement, nullptr) == SQLITE_OK,
          sqlite3_errmsg(database));
  std::size_t rows = 0;
  std::int64_t sum = 0;
  while (sqlite3_step(statement) == SQLITE_ROW) {
    ++rows;
    for (int i = 0; i < sqlite3_column_count(statement); ++i) {
      sum += i == 1 ? sqlite3_column_bytes(statement, i) : sqlite3_column_int64(statement, i);
    }
  }
  require(rows == orders && sum != 0, "not all orders are in the database");
  sqlite3_finalize(statement);
  sqlite3_close(database);
  return seconds() - begin;
}

// Of the table and its indexes; what else the file holds is in file_bytes_an_order().
double bytes_an_order(const std::filesystem::path& file, std::size_t orders) {
  auto* database = open_database(file);
  sqlite3_stmt* statement = nullptr;
  const char* sql = R"sql(
    SELECT sum(pgsize) FROM dbstat
    WHERE aggregate = TRUE AND name IN (SELECT name FROM sqlite_schema WHERE tbl_name = 'orders')
  )sql";
  require(sqlite3_prepare_v2(database, sql, -1, &statement, nullptr) == SQLITE_OK, sqlite3_errmsg(database));
  require(sqlite3_step(statement) == SQLITE_ROW, sqlite3_errmsg(database));
  const auto bytes = static_cast<double>(sqlite3_column_int64(statement, 0));
  sqlite3_finalize(statement);
  sqlite3_close(database);
  return bytes / static_cast<double>(orders);
}

// The whole database: panels' objects, history, events and free pages, too.
double file_bytes_an_order(const std::filesystem::path& file, std::size_t orders) {
  auto bytes = std::filesystem::file_size(file);
  const std::filesystem::path journal = file.string() + "-wal";
  if (std::filesystem::exists(journal)) bytes += std::filesystem::file_size(journal);
  return static_cast<double>(bytes) / static_cast<double>(orders);
}

// Everything about the largest size, which the daemon polls flat out.
void measure_large(Table& table, const Scale& scale, Subject& subject, LeanPanel& panel) {
  const auto orders = scale.million;
  PollFloor floor(panel.url(), orders, in_flight, false);
  floor.ask(orders / 4);
  Row unchanged{"CPU an unchanged order, us", {}, {}, 6};
  for (int round = 0; round < scale.rounds; ++round) {
    subject.pause("p1");
    unchanged.floor.push_back(floor.ask(orders / 2));
    subject.resume("p1");
    subject.run_for(panel, orders / 10);
    unchanged.ours.push_back(subject.cpu_per_id(panel, orders / 2));
  }
  Row wall{"a whole round, s", {}, {}};
  Row cpu{"a whole round, s of CPU", {}, {}};
  for (int round = 0; round < std::min(scale.rounds, 3); ++round) {
    const auto begin = seconds();
    const auto ids = panel.counts().ids;
    const auto cost = subject.cpu_per_id(panel, orders, 60);
    wall.ours.push_back((seconds() - begin) * static_cast<double>(orders) /
                        static_cast<double>(panel.counts().ids - ids));
    cpu.ours.push_back(cost * static_cast<double>(orders) / 1e6);
  }
  Row latency{"GET of an order while polling, p99 us", {}, {}, 5};
  for (int round = 0; round < scale.rounds; ++round) {
    latency.ours.push_back(get_order_p99_us(subject.process(), orders));
    subject.pause("p1");
    latency.floor.push_back(get_order_p99_us(subject.process(), orders));
    subject.resume("p1");
    subject.run_for(panel, orders / 10);
  }
  table.add(std::move(unchanged));
  table.add(std::move(wall));
  table.add(std::move(cpu));
  table.add({"resident memory, MB", {resident_mb(subject.process().pid())}, {}, 150});
  table.add(std::move(latency));
}

void measure_start(Table& table, const Scale& scale, Subject& subject) {
  Row start{"start to READY, s; floor: SELECT", {}, {}, 3};
  for (int round = 0; round < scale.rounds; ++round) {
    start.floor.push_back(select_seconds(subject.database(), scale.million));
    start.ours.push_back(subject.start_to_ready());
    subject.stop();
  }
  table.add(std::move(start));
  table.add(
      {"bytes an order, `orders` + indexes", {bytes_an_order(subject.database(), scale.million)}, {}, 350});
  table.add({"bytes an order, the whole file", {file_bytes_an_order(subject.database(), scale.million)}, {}});
}

}  // namespace

void million_rows(Table& table, const Scale& scale, std::vector<Point>& costs, std::vector<Point>& memory) {
  LeanPanel panel(scale.million);
  Subject subject;
  const Subject::Config config{lean_panel_section("p1", panel.url()), "100ms"};
  table.head(std::to_string(scale.million) + " active orders");
  std::size_t known = 0;
  for (std::size_t size = 1000; size <= scale.million; size *= 10) {
    subject.start(config);
    say(std::to_string(size) + " orders: import");
    if (known > 0) subject.pause("p1");
    subject.track("p1", known, size);
    say(std::to_string(size) + " orders: first sight");
    if (known > 0) subject.resume("p1");
    subject.wait_until_known(size);
    known = size;
    // Started anew, so that it holds no more than it needs.
    subject.stop();
    subject.start_to_ready();
    say(std::to_string(size) + " orders: rounds");
    subject.run_for(panel, 2 * size + 1000);
    costs.push_back(
        {static_cast<double>(size), subject.cpu_per_id(panel, std::max<std::size_t>(2 * size, 100'000), 20)});
    memory.push_back({static_cast<double>(size), resident_mb(subject.process().pid())});
    if (size == scale.million) measure_large(table, scale, subject, panel);
    subject.resume("p1");
    subject.stop();
  }
  say("starts");
  measure_start(table, scale, subject);
}

}  // namespace smm::bench
