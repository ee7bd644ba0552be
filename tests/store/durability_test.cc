#include "store/catalogue.h"
#include "till.h"

#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <ctime>
#include <random>
#include <stdexcept>

namespace smm::store {
namespace {

struct FileState {
  std::uintmax_t size = 0;
  std::time_t changed = 0;
  bool operator==(const FileState&) const = default;
};

// Dates both files back, so that any write shows.
void date_back(const std::filesystem::path& path) {
  const timespec long_ago[2] = {{1'000'000'000, 0}, {1'000'000'000, 0}};
  REQUIRE(utimensat(AT_FDCWD, path.c_str(), long_ago, 0) == 0);
}

FileState state_of(const std::filesystem::path& path) {
  struct stat found {};
  REQUIRE(stat(path.c_str(), &found) == 0);
  return {static_cast<std::uintmax_t>(found.st_size), found.st_mtime};
}

// Whether `work` left every byte of the database alone.
template <class Work>
bool writes_nothing(Workbench& bench, Work work) {
  auto log = bench.file();
  log += "-wal";
  date_back(bench.file());
  date_back(log);
  const auto file_before = state_of(bench.file());
  const auto log_before = state_of(log);
  const auto changes = bench.database().total_changes();
  work();
  return bench.database().total_changes() == changes && state_of(bench.file()) == file_before &&
         state_of(log) == log_before;
}

// Writes until it is killed: tracks orders, moves them, sends and settles. After each commit it says so.
[[noreturn]] void write_for_ever(const std::filesystem::path& directory, int pipe, unsigned seed) {
  Workbench bench(directory);
  auto& store = bench.store();
  store.subscribe({{WebhookName("w"), {"*"}, {}}});
  std::mt19937 random(seed);
  const PollPolicy policy;
  auto now = noon + std::chrono::seconds(bench.number("SELECT count(*) FROM event"));
  std::int64_t last = bench.number("SELECT count(*) FROM orders");
  const auto committed = [pipe] {
    if (write(pipe, "c", 1) != 1) _exit(3);
  };
  while (true) {
    now += 1s;
    std::vector<TrackRequest> requests;
    requests.reserve(5);
    for (int i = 0; i < 5; ++i) requests.push_back(request_for(std::to_string(++last)));
    store.track(requests, now);
    committed();
    std::vector<rules::Change> changes;
    for (int i = 0; i < 20; ++i) {
      const auto order = store.find(key_of(std::to_string(1 + random() % static_cast<unsigned>(last))));
      const bool is_taken = std::any_of(changes.begin(), changes.end(),
                                        [&](const auto& change) { return change.after.key == order->key; });
      const auto* word = random() % 5 == 0 ? "Processing" : "In progress";
      auto change = rules::transition(*order, saying(order->key, word, random() % 1000), policy, {}, now);
      if (change && !is_taken) changes.push_back(std::move(*change));
    }
    store.record(changes, now);
    committed();
    std::vector<std::int64_t> starting;
    for (const auto& due : store.due_deliveries(WebhookName("w"), now, 4, {}, {})) starting.push_back(due.id);
    const auto attempts = store.settle_and_begin({}, starting, now);
    committed();
    std::vector<AttemptResult> results;
    for (std::size_t i = 0; i < attempts.size(); ++i) {
      AttemptResult result;
      result.attempt = attempts[i];
      result.delivery = starting[i];
      result.state = random() % 3 == 0 ? DeliveryState::pending : DeliveryState::delivered;
      result.next_try_at = now + 10s;
      results.push_back(result);
    }
    store.settle_and_begin(results, {}, now);
    committed();
  }
}

// Lets it make at least `commits` commits and kills it in the middle of whatever it does then. How many it
// spoke of.
std::int64_t write_and_kill(const std::filesystem::path& directory, std::mt19937& random) {
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    close(ends[0]);
    try {
      write_for_ever(directory, ends[1], static_cast<unsigned>(random()));
    } catch (...) {
      _exit(2);
    }
  }
  close(ends[1]);
  std::int64_t spoken_of = 0;
  char byte = 0;
  const auto commits = static_cast<std::int64_t>(1 + random() % 60);
  while (spoken_of < commits && read(ends[0], &byte, 1) == 1) ++spoken_of;
  // Somewhere within the next commits.
  const auto until = std::chrono::steady_clock::now() +
                     std::chrono::microseconds(random() % (random() % 2 == 0 ? 3000 : 300));
  while (std::chrono::steady_clock::now() < until) {
  }
  kill(child, SIGKILL);
  int status = 0;
  waitpid(child, &status, 0);
  REQUIRE(WIFSIGNALED(status));
  while (read(ends[0], &byte, 1) == 1) ++spoken_of;
  close(ends[0]);
  return spoken_of;
}

}  // namespace

TEST_CASE("reading writes not one byte, and neither does news that is none") {
  Workbench bench;
  auto& store = bench.store();
  store.subscribe({{WebhookName("w"), {"*"}, {}}});
  const auto request = request_for("1");
  const auto row = bench.track("1").row;
  bench.say(key_of("1"), "In progress", 5, noon);
  const PanelRecord record{PanelName("p1"), false, "down", noon, "words", noon, {}, 0, false, noon - 2min};
  store.save_panel(record, {}, noon);
  const auto due = store.due_deliveries(WebhookName("w"), noon, 10, {}, {});
  REQUIRE(due.size() == 1);
  auto& purchases = store.purchases();
  auto& catalogue = store.catalogue();
  const PanelName p1("p1");
  const auto refill = intend_refill(bench, bench.find(key_of("1")), noon);
  const auto cancel = intend_cancel(bench, bench.find(key_of("1")), noon);
  const auto placement = purchases.intend_placement(placement_with("k"), noon);
  const std::vector<Service> list(1);
  catalogue.save_services(p1, list, {}, {}, {}, noon);
  const BalancePoint balance{noon, Money(), "USD"};
  catalogue.save_balance(p1, balance, false, {}, noon);

  CHECK(writes_nothing(bench, [&] { CHECK(store.find(key_of("1"))); }));
  CHECK(writes_nothing(bench, [&] { CHECK(store.find_row(row)); }));
  CHECK(writes_nothing(bench, [&] { CHECK(store.children_of(row).empty()); }));
  CHECK(writes_nothing(
      bench, [&] { CHECK(store.surroundings_of(bench.find(key_of("1")), noon).known_children.empty()); }));
  for (const auto sort : {OrderSort::tracked, OrderSort::changed, OrderSort::placed}) {
    OrderQuery query;
    query.sort = sort;
    CHECK(writes_nothing(bench, [&] { CHECK(store.orders(query)->items.size() == 1); }));
    query.q = "1";
    CHECK(writes_nothing(bench, [&] { CHECK(store.orders(query)->items.size() == 1); }));
  }
  CHECK(writes_nothing(bench, [&] { CHECK(store.history(row, 10, "")->items.size() == 1); }));
  CHECK(writes_nothing(bench, [&] { CHECK(store.poll_entries(PanelName("p1"), {}, 0, 10).size() == 1); }));
  CHECK(writes_nothing(bench, [&] { CHECK(store.counts().events == 2); }));
  CHECK(writes_nothing(bench, [&] { CHECK(store.panel(PanelName("nobody")).state == "up"); }));
  CHECK(writes_nothing(bench, [&] { CHECK(store.events({}).items.size() == 2); }));
  CHECK(writes_nothing(bench, [&] { CHECK(store.event_span().newest == 2); }));
  CHECK(writes_nothing(bench, [&] { CHECK(store.webhooks().size() == 1); }));
  CHECK(writes_nothing(bench,
                       [&] { CHECK(store.due_deliveries(WebhookName("w"), noon, 9, {}, {}).size() == 1); }));
  CHECK(writes_nothing(bench, [&] { CHECK(store.next_delivery_at(WebhookName("w"), {}) == noon); }));
  CHECK(writes_nothing(bench, [&] { CHECK(store.deliveries({})->items.size() == 2); }));
  CHECK(writes_nothing(bench, [&] { CHECK(store.delivery(due[0].id)); }));
  CHECK(writes_nothing(bench, [&] { CHECK(store.attempts(due[0].id).empty()); }));
  CHECK(writes_nothing(bench, [&] { CHECK(store.size_bytes() > 0); }));
  CHECK(writes_nothing(bench, [&] { CHECK_FALSE(store.write_trouble()); }));

  CHECK(writes_nothing(bench, [&] { CHECK(purchases.refill(refill)); }));
  CHECK(writes_nothing(bench, [&] { CHECK(purchases.refills({})->items.size() == 1); }));
  CHECK(writes_nothing(bench, [&] { CHECK(purchases.open_refills(p1).size() == 1); }));
  CHECK(writes_nothing(bench, [&] { CHECK(purchases.refills_of(row).size() == 1); }));
  CHECK(writes_nothing(bench, [&] { CHECK(purchases.cancel(cancel)); }));
  CHECK(writes_nothing(bench, [&] { CHECK(purchases.cancels({})->items.size() == 1); }));
  CHECK(writes_nothing(bench, [&] { CHECK(purchases.placement(placement)); }));
  CHECK(writes_nothing(bench, [&] { CHECK(purchases.placement_by_key(p1, "k", noon)); }));
  CHECK(writes_nothing(bench, [&] { CHECK(purchases.placements({})->items.size() == 1); }));
  CHECK(writes_nothing(bench, [&] { CHECK(purchases.refill_candidates(p1, noon, 0, 9).items.empty()); }));
  CHECK(writes_nothing(bench, [&] { CHECK(catalogue.services(p1, {})->items.size() == 1); }));
  CHECK(writes_nothing(bench, [&] { CHECK(catalogue.open_orders(p1).empty()); }));
  CHECK(writes_nothing(bench, [&] { CHECK(catalogue.last_balance(p1)); }));
  CHECK(writes_nothing(bench, [&] { catalogue.save_services(p1, list, {}, {}, {}, noon + 1h); }));
  CHECK(writes_nothing(bench, [&] { catalogue.give_facts(p1, 100, noon + 1h); }));
  CHECK(writes_nothing(bench, [&] { catalogue.save_balance(p1, balance, false, {}, noon + 1h); }));
  CHECK(writes_nothing(bench, [&] { purchases.settle_refills({}, noon); }));
  CHECK(writes_nothing(bench, [&] { purchases.intend_cancels({}, noon); }));
  CHECK(writes_nothing(bench,
                       [&] { purchases.settle_placement(*purchases.placement(placement), {}, {}, noon); }));
  CHECK(writes_nothing(bench, [&] { store.record({}, noon); }));
  CHECK(writes_nothing(bench, [&] { store.track({&request, 1}, noon + 1h); }));
  CHECK(writes_nothing(bench, [&] { store.patch(key_of("1"), {}, noon); }));
  CHECK(writes_nothing(bench, [&] { store.untrack(key_of("2"), noon); }));
  CHECK(writes_nothing(bench, [&] { store.save_panel(record, {}, noon + 1h); }));
  CHECK(writes_nothing(bench, [&] { store.subscribe({{WebhookName("w"), {"order.*"}, {}}}); }));
  CHECK(writes_nothing(bench, [&] { store.settle_and_begin({}, {}, noon); }));
  CHECK(writes_nothing(bench, [&] { store.interrupt_open_attempts(noon); }));
  CHECK(writes_nothing(bench, [&] { store.expire({}, noon, 100); }));
  CHECK(writes_nothing(bench, [&] { store.append({}, noon); }));
  // The flags of an order as they stand already.
  rules::Change same;
  same.after = bench.find(key_of("1"));
  CHECK(writes_nothing(bench, [&] { store.record({&same, 1}, noon + 1h); }));
  // And what does write is seen.
  CHECK_FALSE(writes_nothing(bench, [&] { store.set_webhook_paused(WebhookName("w"), true, noon); }));
}

TEST_CASE("killed at any moment, what was said to be written is there and all of it agrees") {
  Workbench keeper;  // for its directory
  const auto directory = keeper.file().parent_path() / "killed";
  std::filesystem::create_directory(directory);
  std::mt19937 random(20'261'121);
  std::int64_t commits = 0;
  for (int round = 0; round < 12; ++round) {
    std::int64_t changed_before = 0;
    {
      Workbench bench(directory);
      changed_before = bench.number("SELECT count(*) FROM history");
    }
    commits += write_and_kill(directory, random);
    Workbench bench(directory);
    CHECK_FALSE(bench.database().was_clean());
    CHECK(bench.text("PRAGMA integrity_check") == "ok");
    CHECK(bench.text("SELECT count(*) FROM pragma_foreign_key_check") == "0");
    // Each order's number, its points and the events that tell of them are the same.
    CHECK(bench.number(R"sql(
      SELECT count(*) FROM orders o WHERE o.revision <> (SELECT count(*) FROM history h WHERE h.order_row = o.row)
         OR o.revision <> (SELECT ifnull(max(revision), 0) FROM history h WHERE h.order_row = o.row)
         OR o.revision <> (SELECT count(*) FROM event e WHERE e.order_row = o.row
                           AND e.type IN ('order.status_changed', 'order.progress'))
         OR 1 <> (SELECT count(*) FROM event e WHERE e.order_row = o.row AND e.type = 'order.tracked')
         OR (o.revision > 0) <> EXISTS (SELECT 1 FROM order_raw r WHERE r.order_row = o.row)
    )sql") == 0);
    CHECK(bench.number(R"sql(
      SELECT count(*) FROM orders o JOIN history h ON h.order_row = o.row AND h.revision = o.revision
      WHERE (o.status, o.remains, o.changed_at) IS NOT (h.status, h.remains, h.at)
    )sql") == 0);
    // Every event has its delivery, in a row of numbers without a gap.
    CHECK(bench.number("SELECT count(*) FROM event e WHERE (SELECT count(*) FROM delivery d "
                       "WHERE d.event_seq = e.seq) <> 1") == 0);
    CHECK(bench.number("SELECT max(seq) - count(*) FROM event") == 0);
    // What is pending waits for its turn, is put off, or was under way.
    CHECK(
        bench.number(
            "SELECT count(*) FROM attempt a WHERE a.ended_at IS NULL AND NOT EXISTS "
            "(SELECT 1 FROM delivery d WHERE d.id = a.delivery AND d.state = 0 AND d.next_try_at IS NULL)") ==
        0);
    bench.store().interrupt_open_attempts(noon + 1h);
    CHECK(bench.number(R"sql(
      SELECT count(DISTINCT order_row) FROM delivery d WHERE state = 0 AND NOT EXISTS
        (SELECT 1 FROM delivery o WHERE o.order_row = d.order_row AND o.state = 0 AND o.next_try_at IS NOT NULL)
    )sql") == 0);
    CHECK(bench.number("SELECT count(*) FROM history") >= changed_before);
  }
  CHECK(commits > 100);
  Workbench bench(directory);
  // Four commits a turn: five orders in the first, deliveries in the third.
  CHECK(bench.number("SELECT count(*) FROM orders") >= 5 * (commits / 4 - 12));
}

TEST_CASE("a full database keeps nothing half-written, answers reads, and goes on when there is room") {
  Workbench bench;
  auto& store = bench.store();
  store.subscribe({{WebhookName("w"), {"*"}, {}}});
  bench.track("1");
  bench.say(key_of("1"), "In progress", 1000, noon);
  REQUIRE(store.counts().last_seq == 2);
  int commits = 0;
  store.on_commit([&](const Committed&) { ++commits; });
  bench.database().execute("narrow",
                           "PRAGMA max_page_count = " + std::to_string(bench.number("PRAGMA page_count")));

  std::vector<TrackRequest> many;
  many.reserve(1000);
  for (int i = 0; i < 1000; ++i) many.push_back(request_for(std::to_string(100 + i), "new"));
  try {
    store.track(many, noon + 1h);
    FAIL("there was room");
  } catch (const platform::DatabaseError& error) {
    CHECK(error.kind() == platform::DatabaseErrorKind::full);
    CHECK(error.is_storage_trouble());
    CHECK(std::string(error.what()).find(": database or disk is full") != std::string::npos);
  }
  CHECK(commits == 0);
  CHECK(bench.number("SELECT count(*) FROM orders") == 1);
  CHECK(bench.number("SELECT count(*) FROM panel") == 1);
  CHECK(store.counts().events == 2);
  CHECK(store.counts().last_seq == 2);
  CHECK(store.counts().orders.size() == 1);
  CHECK(store.event_span().newest == 2);
  CHECK(bench.find(key_of("1")).remains == 1000);
  CHECK_FALSE(store.find(key_of("100", "new")));
  // A transaction that writes nothing does not make it well.
  store.settle_and_begin({}, {}, noon);

  bench.database().execute("widen", "PRAGMA max_page_count = 1000000");
  CHECK_FALSE(store.write_trouble());
  store.track(many, noon + 2h);
  CHECK(commits == 1);
  CHECK(store.counts().last_seq == 1002);
  CHECK(bench.number("SELECT max(seq) - count(*) FROM event") == 0);
  CHECK(store.find(key_of("100", "new")));
}

TEST_CASE("the trouble of a full disk is told until a write goes through again") {
  Workbench keeper;  // for its directory
  const auto directory = keeper.file().parent_path() / "small";
  std::filesystem::create_directory(directory);
  if (mount("tmpfs", directory.c_str(), "tmpfs", 0, "size=1m,mode=0700") != 0) {
    MESSAGE("no disk of its own without privileges");
    return;
  }
  {
    Workbench bench(directory);
    auto& store = bench.store();
    bench.track("1");
    EventDraft draft;
    draft.type = EventType::panel_down;
    draft.data = {{"words", std::string(2000, 'x')}};
    std::optional<platform::DatabaseErrorKind> kind;
    std::int64_t last = 0;
    while (!kind) {
      REQUIRE(last < 1000);
      try {
        last = store.append({&draft, 1}, noon);
      } catch (const platform::DatabaseError& error) {
        kind = error.kind();
      }
    }
    CHECK(kind == platform::DatabaseErrorKind::full);
    CHECK(store.counts().last_seq == last);
    CHECK(all_events(store).size() == static_cast<std::size_t>(last));
    CHECK(bench.find(key_of("1")).revision == 0);
    REQUIRE(store.write_trouble());
    CHECK(store.write_trouble()->find("database or disk is full") != std::string::npos);
    // Neither asking nor a transaction without a write is a cure.
    store.untrack(key_of("nobody"), noon);
    CHECK(store.write_trouble());
    REQUIRE(mount("tmpfs", directory.c_str(), "tmpfs", MS_REMOUNT, "size=32m,mode=0700") == 0);
    CHECK_FALSE(store.write_trouble());
    CHECK(store.append({&draft, 1}, noon) == last + 1);
    bench.reopen();
    CHECK(bench.text("PRAGMA integrity_check") == "ok");
    CHECK(all_events(bench.store()).size() == static_cast<std::size_t>(last + 1));
  }
  CHECK(umount(directory.c_str()) == 0);
}

}  // namespace smm::store
