#include "store/retention.h"

#include "store/order_rows.h"

#include <algorithm>
#include <map>

namespace smm::store {
namespace {

using platform::Reading;

constexpr auto thinned_after = std::chrono::hours(24) * 30;
// What placements, the catalogue and the accounts have to tell.
constexpr auto records_kept_for = std::chrono::hours(24) * 400;

bool moved_only_remains(const HistoryPoint& before, const HistoryPoint& after) {
  return before.status == after.status && before.status_text == after.status_text &&
         before.charge == after.charge && before.start_count == after.start_count;
}

}  // namespace

Retention::Retention(platform::Database& database, Webhooks& webhooks)
    : database_(database),
      webhooks_(webhooks),
      delete_delivered_(database, "expire deliveries", R"sql(
        DELETE FROM delivery WHERE id IN
          (SELECT id FROM delivery INDEXED BY delivery_delivered
           WHERE webhook = ?1 AND state = 1 AND ended_at < ?2 LIMIT ?3)
      )sql"),
      progress_candidates_(database, "find old progress events", R"sql(
        SELECT seq, at, EXISTS (SELECT 1 FROM delivery d WHERE d.event_seq = e.seq)
        FROM event e INDEXED BY event_progress
        WHERE type = 'order.progress' AND seq > ?1 ORDER BY seq LIMIT ?2
      )sql"),
      event_candidates_(database, "find old events", R"sql(
        SELECT seq, at, EXISTS (SELECT 1 FROM delivery d WHERE d.event_seq = e.seq AND d.state = 0)
        FROM event e WHERE seq > ?1 ORDER BY seq LIMIT ?2
      )sql"),
      delete_deliveries_of_(database, "expire an event's deliveries",
                            "DELETE FROM delivery WHERE event_seq = ?1"),
      delete_event_(database, "expire an event", "DELETE FROM event WHERE seq = ?1"),
      orders_ended_(database, "find orders long ended", R"sql(
        SELECT row FROM orders INDEXED BY orders_with_history
        WHERE status IN (4, 5, 6, 7, 8, 11) AND history_kept = ?1 AND history_kept < 2
          AND max(ended_at, changed_at, tracked_at) < ?2
        ORDER BY max(ended_at, changed_at, tracked_at) LIMIT ?3
      )sql"),
      delete_points_(database, "expire history", R"sql(
        DELETE FROM history WHERE order_row = ?1 AND revision IN
          (SELECT revision FROM history WHERE order_row = ?1 ORDER BY revision LIMIT ?2)
      )sql"),
      points_(database, "read history to thin", R"sql(
        SELECT revision, at, status, status_text, charge, remains, start_count FROM history
        WHERE order_row = ?1 ORDER BY revision
      )sql"),
      delete_point_(database, "thin history", "DELETE FROM history WHERE order_row = ?1 AND revision = ?2"),
      history_kept_(database, "note what is left of history", R"sql(
        UPDATE orders SET history_kept = ?2 WHERE row = ?1
      )sql"),
      placement_candidates_(database, "find old placements", R"sql(
        SELECT id, asked_at, state IN (0, 3) FROM placement WHERE id > ?1 ORDER BY id LIMIT ?2
      )sql"),
      delete_placement_(database, "expire a placement", "DELETE FROM placement WHERE id = ?1"),
      service_change_candidates_(database, "find old changes of services", R"sql(
        SELECT id, at, 0 FROM service_change WHERE id > ?1 ORDER BY id LIMIT ?2
      )sql"),
      delete_service_change_(database, "expire a change of a service",
                             "DELETE FROM service_change WHERE id = ?1"),
      balance_candidates_(database, "find old balances", R"sql(
        SELECT id, at, NOT EXISTS (SELECT 1 FROM balance n WHERE n.panel = b.panel AND n.id > b.id)
        FROM balance b WHERE id > ?1 ORDER BY id LIMIT ?2
      )sql"),
      delete_balance_(database, "expire a balance", "DELETE FROM balance WHERE id = ?1"),
      page_count_(database, "count pages", "PRAGMA page_count"),
      unused_pages_(database, "count unused pages", "PRAGMA freelist_count") {}

std::int64_t Retention::expire_deliveries(const RetentionPolicy& policy, std::int64_t limit, Work& work) {
  std::int64_t deleted = 0;
  for (const auto& endpoint : webhooks_.all()) {
    if (deleted == limit) break;
    delete_delivered_.bind(1, endpoint.row).bind(2, to_millis(work.now - policy.deliveries));
    delete_delivered_.bind(3, limit - deleted).run();
    deleted += database_.changes();
  }
  return deleted;
}

// Goes through the table from position_ on, up to the first row that is too young. `candidates`: the number,
// when, and whether something still needs it.
Retention::Old Retention::find_old(platform::Statement& candidates, Timestamp before, std::int64_t limit) {
  Old old;
  const Reading reading(candidates);
  candidates.bind(1, position_).bind(2, limit);
  while (candidates.step() && candidates.integer(1) < to_millis(before)) {
    ++old.looked_at;
    position_ = candidates.integer(0);
    if (candidates.integer(2) == 0) old.numbers.push_back(position_);
  }
  return old;
}

std::int64_t Retention::expire_rows(platform::Statement& candidates, platform::Statement& deletion,
                                    Timestamp before, std::int64_t limit) {
  const auto old = find_old(candidates, before, limit);
  for (const auto number : old.numbers) deletion.bind(1, number).run();
  return old.looked_at;
}

std::int64_t Retention::expire_events(platform::Statement& candidates, Timestamp before, std::int64_t limit,
                                      Work& work) {
  const auto old = find_old(candidates, before, limit);
  for (const auto seq : old.numbers) {
    delete_deliveries_of_.bind(1, seq).run();
    delete_event_.bind(1, seq).run();
  }
  work.events -= static_cast<std::int64_t>(old.numbers.size());
  return old.looked_at;
}

std::vector<std::int64_t> Retention::orders_ended(std::int64_t history_kept, Timestamp before,
                                                  std::int64_t limit) {
  std::vector<std::int64_t> rows;
  const Reading reading(orders_ended_);
  orders_ended_.bind(1, history_kept).bind(2, to_millis(before)).bind(3, limit);
  while (orders_ended_.step()) rows.push_back(orders_ended_.integer(0));
  return rows;
}

void Retention::set_history_kept(std::int64_t order_row, std::int64_t value) {
  history_kept_.bind(1, order_row).bind(2, value).run();
}

std::int64_t Retention::expire_history(Timestamp ended_before, std::int64_t limit) {
  std::int64_t done = 0;
  for (const std::int64_t kept : {1, 0}) {
    if (done >= limit) return done;
    for (const auto row : orders_ended(kept, ended_before, limit - done)) {
      if (done >= limit) return done;
      delete_points_.bind(1, row).bind(2, limit - done).run();
      done += database_.changes() + 1;
      if (done <= limit) set_history_kept(row, 2);
    }
  }
  return done;
}

// The first and the last point stay, and of those between every one that moved more than remains.
Retention::Points Retention::points_of(std::int64_t order_row) {
  Points points;
  std::map<std::chrono::sys_days, std::int64_t> kept;  // of each day, the last that moved only remains
  const Reading reading(points_);
  points_.bind(1, order_row);
  std::optional<HistoryPoint> before;
  while (points_.step()) {
    ++points.count;
    auto point = read_point(points_, 1);
    if (before && moved_only_remains(*before, point)) {
      const auto day = std::chrono::floor<std::chrono::days>(point.at);
      const auto [of_day, is_first] = kept.emplace(day, points_.integer(0));
      if (!is_first) points.superfluous.push_back(std::exchange(of_day->second, points_.integer(0)));
    }
    before = std::move(point);
  }
  return points;
}

std::int64_t Retention::thin_history(Timestamp ended_before, std::int64_t limit) {
  std::int64_t done = 0;
  for (const auto row : orders_ended(0, ended_before, limit)) {
    if (done >= limit) break;
    const auto points = points_of(row);
    const auto too_many = static_cast<std::int64_t>(points.superfluous.size());
    const auto can_do = std::min(too_many, limit);
    for (std::int64_t i = 0; i < can_do; ++i) {
      delete_point_.bind(1, row).bind(2, points.superfluous.at(static_cast<std::size_t>(i))).run();
    }
    // Reading a long history takes its time, too, whatever is deleted of it.
    done += points.count + 1;
    if (can_do == too_many) set_history_kept(row, 1);
  }
  return done;
}

std::int64_t Retention::free_pages(std::int64_t limit) {
  const auto read = [](platform::Statement& statement) {
    const Reading reading(statement);
    return statement.step() ? statement.integer(0) : 0;
  };
  const auto unused = read(unused_pages_);
  if (unused * 4 <= read(page_count_)) return 0;
  const auto pages = std::min(unused, limit);
  database_.execute("give pages back", "PRAGMA incremental_vacuum(" + std::to_string(pages) + ")");
  return pages;
}

std::int64_t Retention::run(Stage stage, const RetentionPolicy& policy, std::int64_t limit, Work& work) {
  switch (stage) {
    case Stage::deliveries:
      return expire_deliveries(policy, limit, work);
    case Stage::progress:
      return expire_events(progress_candidates_, work.now - policy.progress, limit, work);
    case Stage::events:
      return expire_events(event_candidates_, work.now - policy.events, limit, work);
    case Stage::history:
      return expire_history(work.now - policy.history, limit);
    case Stage::thinning:
      return thin_history(work.now - thinned_after, limit);
    case Stage::placements:
      return expire_rows(placement_candidates_, delete_placement_, work.now - records_kept_for, limit);
    case Stage::service_changes:
      return expire_rows(service_change_candidates_, delete_service_change_, work.now - records_kept_for,
                         limit);
    case Stage::balances:
      return expire_rows(balance_candidates_, delete_balance_, work.now - records_kept_for, limit);
    case Stage::pages:
      return free_pages(limit);
    case Stage::over:
      return 0;
  }
  return 0;
}

std::int64_t Retention::step(const RetentionPolicy& policy, std::int64_t limit, Work& work) {
  std::int64_t done = 0;
  while (stage_ != Stage::over && done < limit) {
    const auto more = run(stage_, policy, limit - done, work);
    if (more == 0) {  // this stage has nothing left
      stage_ = static_cast<Stage>(static_cast<int>(stage_) + 1);
      position_ = 0;
    }
    done += more;
  }
  if (stage_ == Stage::over) stage_ = Stage::deliveries;
  return done;
}

}  // namespace smm::store
