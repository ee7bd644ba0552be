#include "store/clock_steps.h"

namespace smm::store {

using platform::Reading;

ClockSteps::ClockSteps(platform::Database& database)
    : read_(database, "read the steps of the clock", "SELECT at, moved FROM clock_step ORDER BY row"),
      add_(database, "keep a step of the clock", "INSERT INTO clock_step (at, moved) VALUES (?1, ?2)"),
      forget_(database, "forget an old step of the clock", R"sql(
        DELETE FROM clock_step WHERE row <= (SELECT max(row) FROM clock_step) - 100
      )sql"),
      restored_(database, "read when it was restored", "SELECT at FROM restored WHERE row = 1"),
      note_restore_(database, "note a restore", R"sql(
        INSERT INTO restored (row, at) VALUES (1, ?1) ON CONFLICT (row) DO UPDATE SET at = excluded.at
      )sql"),
      newest_event_(database, "find the newest event", R"sql(
        SELECT at FROM event WHERE seq = (SELECT max(seq) FROM event)
      )sql"),
      newest_order_(database, "find the newest order", R"sql(
        SELECT max(ifnull(changed_at, tracked_at)) FROM orders INDEXED BY orders_by_change WHERE untracked = 0
      )sql") {}

std::vector<rules::ClockStep> ClockSteps::read() {
  std::vector<rules::ClockStep> steps;
  const Reading reading(read_);
  while (read_.step()) steps.push_back({from_millis(read_.integer(0)), Milliseconds(read_.integer(1))});
  return steps;
}

void ClockSteps::add(const rules::ClockStep& step) {
  add_.bind(1, to_millis(step.at)).bind(2, std::int64_t{step.by.count()}).run();
  forget_.run();
}

std::optional<Timestamp> ClockSteps::restored_at() {
  const Reading reading(restored_);
  return restored_.step() ? std::optional(from_millis(restored_.integer(0))) : std::nullopt;
}

void ClockSteps::note_restore(Timestamp at) {
  note_restore_.bind(1, to_millis(at)).run();
}

std::vector<Timestamp> ClockSteps::newest() {
  std::vector<Timestamp> newest;
  for (auto* statement : {&newest_event_, &newest_order_}) {
    const Reading reading(*statement);
    if (statement->step() && !statement->is_null(0)) newest.push_back(from_millis(statement->integer(0)));
  }
  return newest;
}

}  // namespace smm::store
