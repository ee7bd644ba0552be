#include "change_floor.h"

#include "lean_orders.h"
#include "measure.h"
#include "store/order_rows.h"
#include "store/store.h"

namespace smm::bench {
namespace {

constexpr std::int64_t now_ms = 1'795'000'000'000;
constexpr int batch = 100;

void put(sqlite3_stmt* statement, int index, std::int64_t value) {
  sqlite3_bind_int64(statement, index, value);
}

void put(sqlite3_stmt* statement, int index, const std::string& text) {
  sqlite3_bind_text(statement, index, text.c_str(), static_cast<int>(text.size()), SQLITE_STATIC);
}

}  // namespace

void run_sql(sqlite3* database, const std::string& sql) {
  require(sqlite3_exec(database, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK,
          sqlite3_errmsg(database));
}

sqlite3* open_database(const std::filesystem::path& file) {
  sqlite3* database = nullptr;
  require(sqlite3_open(file.c_str(), &database) == SQLITE_OK, "no database");
  run_sql(database, R"sql(
    PRAGMA locking_mode = EXCLUSIVE; PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA journal_size_limit = 16777216;
    PRAGMA wal_autocheckpoint = 1000; PRAGMA cache_size = -8192; PRAGMA temp_store = MEMORY;
  )sql");
  return database;
}

ChangeFloor::ChangeFloor(const std::filesystem::path& file, std::size_t orders)
    : database_(open_database(file)), orders_(static_cast<std::int64_t>(orders)) {
  for (const auto step : store::migrations()) run_sql(database_, std::string(step));
  fill(orders);
  prepare(
      read_order,
      "SELECT " + std::string(store::order_columns) +
          ", (SELECT r.object FROM order_raw r WHERE r.order_row = o.row) FROM orders o WHERE o.row = ?1");
  prepare(read_children, "SELECT id FROM orders INDEXED BY orders_by_parent WHERE parent = ?1 ORDER BY row");
  prepare(read_refills,
          "SELECT 1 FROM refill INDEXED BY refill_by_order WHERE order_row = ?1 AND (state IN (0, 4, 5) OR "
          "(state = 3 AND asked_at > ?2)) LIMIT 1");
  prepare(read_before,
          "SELECT panel, id, status, stalled, lost, revision FROM orders WHERE row = ?1 AND untracked = 0");
  prepare(update, R"sql(
    UPDATE orders SET
      status = 3, kind = 0, settled = 0, stalled = 0, lost = 0, revision = revision + 1, seen_statuses = 8,
      changed_at = ?2, status_changed_at = ?3, ended_at = NULL, missing_since = NULL, remains = ?4,
      start_count = 3572, runs = NULL, charge = '0.27819', currency = 'USD', status_text = 'In progress', history_kept = 0
    WHERE row = ?1)sql");
  prepare(keep_object, R"sql(
    INSERT INTO order_raw (order_row, object) VALUES (?1, ?2) ON CONFLICT (order_row) DO UPDATE SET object = excluded.object)sql");
  prepare(add_history, R"sql(
    INSERT INTO history (order_row, revision, at, status, status_text, charge, remains, start_count)
    VALUES (?1, ?2, ?3, 3, 'In progress', '0.27819', ?4, 3572))sql");
  prepare(add_event,
          "INSERT INTO event (seq, id, type, panel, order_row, at, body) VALUES (?1, ?2, 'order.progress', "
          "1, ?3, ?4, ?5)");
  prepare(read_line, R"sql(
    SELECT first_failed_at FROM delivery INDEXED BY delivery_line
    WHERE order_row = ?1 AND webhook = 1 AND state = 0 AND event_seq < ?2 ORDER BY event_seq DESC LIMIT 1)sql");
  prepare(add_delivery,
          "INSERT INTO delivery (webhook, event_seq, order_row, created_at, next_try_at) VALUES (1, ?1, ?2, "
          "?3, NULL)");
}

ChangeFloor::~ChangeFloor() {
  for (auto* statement : statements_) sqlite3_finalize(statement);
  sqlite3_close(database_);
}

void ChangeFloor::prepare(Verb verb, const std::string& sql) {
  require(sqlite3_prepare_v3(database_, sql.c_str(), -1, SQLITE_PREPARE_PERSISTENT, &statements_[verb],
                             nullptr) == SQLITE_OK,
          sqlite3_errmsg(database_));
}

void ChangeFloor::fill(std::size_t orders) {
  run_sql(database_,
          "BEGIN; INSERT INTO panel (row, name) VALUES (1, 'p1'); INSERT INTO webhook (row, name) VALUES (1, "
          "'shop')");
  for (std::size_t i = 0; i < orders; ++i) {
    const auto id = lean_id(i);
    std::string sql =
        "INSERT INTO orders (panel, id, quiet, tracked_at, quantity, service, link, status, status_text) "
        "VALUES (1, '";
    sql.append(id).append("', 1, ").append(std::to_string(now_ms));
    sql.append(", 1000, '1234', 'https://example.com/p/C").append(id).append("', 3, 'In progress')");
    run_sql(database_, sql);
  }
  run_sql(database_, "COMMIT");
}

void ChangeFloor::step(Verb verb) {
  auto* statement = statements_[verb];
  int result = SQLITE_ROW;
  while (result == SQLITE_ROW) result = sqlite3_step(statement);
  require(result == SQLITE_DONE, sqlite3_errmsg(database_));
  sqlite3_reset(statement);
}

void ChangeFloor::change_one(std::int64_t row) {
  static const std::string event_id = "evt_0123456789abcdef0123456789abcdef";
  const auto seq = ++seq_;
  const auto at = now_ms + seq;
  const auto remains = 999'999 - seq;
  for (const auto verb : {read_order, read_children, read_refills, read_before}) {
    put(statements_[verb], 1, row);
    if (verb == read_refills) put(statements_[verb], 2, at);
    step(verb);
  }
  auto* updating = statements_[update];
  put(updating, 1, row);
  put(updating, 2, at);
  put(updating, 3, now_ms);
  put(updating, 4, remains);
  step(update);
  auto* point = statements_[add_history];
  put(point, 1, row);
  put(point, 2, seq);
  put(point, 3, at);
  put(point, 4, remains);
  step(add_history);
  std::string object;
  append_lean_order(object, static_cast<std::uint32_t>(seq));
  put(statements_[keep_object], 1, row);
  put(statements_[keep_object], 2, object);
  step(keep_object);
  const auto body =
      R"({"type":"order.progress","timestamp":"2026-11-18T10:26:40.000Z","data":{"seq":)" +
      std::to_string(seq) +
      R"(,"panel":"p1","order":"23500000","revision":7,"status":"in_progress","status_text":"In progress","charge":"0.27819","remains":)" +
      std::to_string(remains) + R"(,"start_count":3572,"currency":"USD","ref":null,"labels":{}}})";
  auto* event = statements_[add_event];
  put(event, 1, seq);
  put(event, 2, event_id);
  put(event, 3, row);
  put(event, 4, at);
  put(event, 5, body);
  step(add_event);
  put(statements_[read_line], 1, row);
  put(statements_[read_line], 2, seq);
  step(read_line);
  put(statements_[add_delivery], 1, seq);
  put(statements_[add_delivery], 2, row);
  put(statements_[add_delivery], 3, at);
  step(add_delivery);
}

double ChangeFloor::change(std::size_t changes) {
  const auto before = thread_cpu_us();
  for (std::size_t done = 0; done < changes; done += batch) {
    run_sql(database_, "BEGIN IMMEDIATE");
    for (int i = 0; i < batch; ++i) {
      change_one(next_);
      next_ = next_ % orders_ + 1;
    }
    run_sql(database_, "COMMIT");
  }
  return (thread_cpu_us() - before) / static_cast<double>(changes);
}

}  // namespace smm::bench
