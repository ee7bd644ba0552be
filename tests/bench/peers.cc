#include "change_floor.h"
#include "lean_orders.h"
#include "measure.h"
#include "rows.h"

#include <algorithm>

// What people use today: the loops of cron scripts (tests/bench/peers), which read their orders from a table,
// ask the panel and write every answer back. Beside them our own daemon, over the same panel. Nothing changes
// meanwhile. What such a loop costs with no orders at all, which is the start of its interpreter, is taken
// off: what an order costs is compared, whatever number of them a loop is given.
namespace smm::bench {
namespace {

struct Peer {
  const char* name;
  std::vector<std::string> words;
  std::size_t orders;
};

struct Cost {
  double cpu_us = 0;
  double requests = 0;
  double wall_us = 0;
};

void make_table(const std::filesystem::path& file, std::size_t orders) {
  auto* database = open_database(file);
  run_sql(database, R"sql(
    PRAGMA locking_mode = NORMAL; PRAGMA journal_mode = DELETE;
    CREATE TABLE orders (id INTEGER PRIMARY KEY, order_id TEXT NOT NULL UNIQUE, status TEXT, charge TEXT,
                         start_count TEXT, remains TEXT);
    BEGIN
  )sql");
  for (std::size_t i = 0; i < orders; ++i) {
    run_sql(database, "INSERT INTO orders (order_id, status) VALUES ('" + lean_id(i) + "', 'Pending')");
  }
  run_sql(database, "COMMIT");
  sqlite3_close(database);
}

// All of it.
Cost run_peer(const Peer& peer, LeanPanel& panel, const std::filesystem::path& database, std::size_t orders) {
  panel.watch(test::milliseconds(0));
  auto words = peer.words;
  words.push_back(panel.url());
  words.push_back(database);
  const auto begin = seconds();
  Program program(words);
  const auto cpu = program.finish();
  const auto took = seconds() - begin;
  const auto counts = panel.counts();
  require(counts.ids == static_cast<std::int64_t>(orders),
          std::string(peer.name) + " did not ask about every order");
  return {cpu, static_cast<double>(counts.requests), took * 1e6};
}

// Of an order, but the requests of a hundred.
Cost cost_of(const Peer& peer, LeanPanel& panel, const std::filesystem::path& database,
             const std::filesystem::path& empty_database) {
  const auto start = run_peer(peer, panel, empty_database, 0);
  const auto whole = run_peer(peer, panel, database, peer.orders);
  const auto orders = static_cast<double>(peer.orders);
  return {(whole.cpu_us - start.cpu_us) / orders, 100 * whole.requests / orders,
          (whole.wall_us - start.wall_us) / orders};
}

// What the daemon takes for the same; how long is its configuration's to say.
Cost run_ours(Subject& subject, LeanPanel& panel, std::size_t orders) {
  const auto before = panel.counts();
  const auto cpu = subject.cpu_per_id(panel, 5 * orders);
  const auto after = panel.counts();
  return {cpu, 100 * static_cast<double>(after.requests - before.requests) /
                   static_cast<double>(after.ids - before.ids)};
}

}  // namespace

void peer_rows(Table& table, const Scale& scale) {
  constexpr std::size_t orders = 10'000;
  const std::string scripts = SMM_BENCH_PEERS;
  const std::vector<Peer> peers = {
      {"PHP, one order a request", {"php", scripts + "/one_at_a_time.php"}, 1000},
      {"PHP, a hundred a request", {"php", scripts + "/hundred_at_a_time.php"}, orders},
      {"Python, a hundred a request", {"/usr/bin/python3", scripts + "/hundred_at_a_time.py"}, orders},
  };
  LeanPanel panel(orders);
  Subject subject;
  subject.start({lean_panel_section("p1", panel.url()), "100ms"});
  subject.track("p1", 0, orders);
  subject.wait_until_known(orders);
  subject.run_for(panel, 3 * orders);
  table.head("what people use today                  theirs    ours times");
  for (const auto& peer : peers) {
    say(peer.name);
    const test::ScratchDirectory directory(test::ScratchDirectory::Place::disk);
    const auto database = directory.path() / "orders.db";
    const auto empty_database = directory.path() / "empty.db";
    make_table(database, peer.orders);
    make_table(empty_database, 0);
    subject.pause("p1");
    run_peer(peer, panel, database, peer.orders);
    Row cpu{std::string(peer.name) + ", CPU us", {}, {}};
    Row wall{"  wall us an order", {}, {}};
    Row requests{"  requests a hundred orders", {}, {}};
    for (int round = 0; round < scale.rounds; ++round) {
      subject.pause("p1");
      const auto theirs = cost_of(peer, panel, database, empty_database);
      subject.resume("p1");
      subject.run_for(panel, orders);
      const auto ours = run_ours(subject, panel, orders);
      cpu.ours.push_back(theirs.cpu_us);
      cpu.floor.push_back(ours.cpu_us);
      wall.ours.push_back(theirs.wall_us);
      requests.ours.push_back(theirs.requests);
      requests.floor.push_back(ours.requests);
    }
    for (auto* row : {&cpu, &wall, &requests}) table.add(std::move(*row));
  }
  subject.stop();
}

}  // namespace smm::bench
