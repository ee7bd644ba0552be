#include "store/deliveries.h"

#include "rules/retry.h"

#include <algorithm>
#include <array>
#include <set>

namespace smm::store {
namespace {

using platform::Reading;

// How long the events of one order wait behind one that fails.
constexpr auto patience = std::chrono::minutes(30);

constexpr std::array<std::string_view, 4> state_names = {"pending", "delivered", "dead", "canceled"};

std::int64_t number_of(DeliveryState state) {
  return static_cast<std::int64_t>(state);
}

// When a delivery may go whose next older one of the same order is pending and first failed then.
std::optional<std::int64_t> turn_behind(std::optional<std::int64_t> first_failed_ms, Timestamp now) {
  if (!first_failed_ms) return std::nullopt;
  const auto failing_since = std::min(to_millis(now), *first_failed_ms);  // a clock may have been set back
  return std::max(to_millis(now), failing_since + Milliseconds(patience).count());
}

}  // namespace

std::string_view to_text(DeliveryState state) {
  return state_names.at(static_cast<std::size_t>(state));
}

std::optional<DeliveryState> delivery_state_from_text(std::string_view text) {
  const auto* const found = std::find(state_names.begin(), state_names.end(), text);
  if (found == state_names.end()) return std::nullopt;
  return static_cast<DeliveryState>(found - state_names.begin());
}

Deliveries::Deliveries(platform::Database& database)
    : database_(database),
      insert_(database, "write a delivery", R"sql(
        INSERT INTO delivery (webhook, event_seq, order_row, created_at, next_try_at) VALUES (?1, ?2, ?3, ?4, ?5)
      )sql"),
      read_(database, "read a delivery", R"sql(
        SELECT webhook, order_row, event_seq, state, first_failed_at FROM delivery WHERE id = ?1
      )sql"),
      next_in_line_(database, "find the next of an order's line", R"sql(
        SELECT id, event_seq, first_failed_at IS NULL
               AND NOT EXISTS (SELECT 1 FROM attempt a WHERE a.delivery = d.id AND a.ended_at IS NULL)
        FROM delivery d INDEXED BY delivery_line
        WHERE order_row = ?1 AND webhook = ?2 AND state = 0 AND event_seq > ?3 ORDER BY event_seq LIMIT 1
      )sql"),
      before_in_line_(database, "find the one before in an order's line", R"sql(
        SELECT first_failed_at FROM delivery INDEXED BY delivery_line
        WHERE order_row = ?1 AND webhook = ?2 AND state = 0 AND event_seq < ?3 ORDER BY event_seq DESC LIMIT 1
      )sql"),
      release_(database, "let a delivery go", "UPDATE delivery SET next_try_at = ?2 WHERE id = ?1"),
      // An endpoint that was switched off while it took this one has taken it all the same.
      end_(database, "end a delivery", R"sql(
        UPDATE delivery SET state = ?2, tries = tries + ?3, next_try_at = NULL, ended_at = ?4
        WHERE id = ?1 AND (state = 0 OR (state = 3 AND ?2 = 1))
      )sql"),
      again_(database, "put a delivery off", R"sql(
        UPDATE delivery SET tries = tries + ?2, next_try_at = ?3,
          first_failed_at = CASE WHEN ?2 THEN ifnull(first_failed_at, ?4) ELSE first_failed_at END
        WHERE id = ?1 AND state = 0
      )sql"),
      attempt_insert_(database, "write an attempt", R"sql(
        INSERT INTO attempt (delivery, started_at) VALUES (?1, ?2)
      )sql"),
      attempt_end_(database, "complete an attempt", R"sql(
        UPDATE attempt SET ended_at = ?3, outcome = ?4, http_status = ?5, error = ?6, response = ?7
        WHERE id = ?1 AND delivery = ?2 AND ended_at IS NULL
      )sql"),
      under_way_(database, "mark a delivery as under way", R"sql(
        UPDATE delivery SET next_try_at = NULL WHERE id = ?1 AND state = 0
      )sql"),
      open_attempts_(database, "find interrupted attempts", R"sql(
        SELECT id, delivery FROM attempt INDEXED BY attempt_open WHERE ended_at IS NULL
      )sql"),
      open_attempts_of_(database, "find a webhook's interrupted attempts", R"sql(
        SELECT a.id, a.delivery FROM attempt a INDEXED BY attempt_open CROSS JOIN delivery d ON d.id = a.delivery
        WHERE a.ended_at IS NULL AND d.webhook = ?1
      )sql"),
      cancel_(database, "cancel a webhook's deliveries", R"sql(
        UPDATE delivery INDEXED BY delivery_undelivered SET state = 3, next_try_at = NULL, ended_at = ?2
        WHERE state = 0 AND state <> 1 AND webhook = ?1
      )sql"),
      hasten_(database, "let a delivery go before its time", R"sql(
        UPDATE delivery SET next_try_at = ?2 WHERE id = ?1 AND state = 0 AND next_try_at IS NOT NULL
      )sql"),
      revive_(database, "send an ended delivery again", R"sql(
        UPDATE delivery SET state = 0, tries = 0, next_try_at = ?2, first_failed_at = NULL, ended_at = NULL
        WHERE id = ?1
      )sql"),
      hold_next_(database, "let the next of an order's line wait", R"sql(
        UPDATE delivery SET next_try_at = NULL
        WHERE id = (SELECT id FROM delivery INDEXED BY delivery_line
                    WHERE order_row = ?1 AND webhook = ?2 AND state = 0 AND event_seq > ?3
                    ORDER BY event_seq LIMIT 1)
          AND first_failed_at IS NULL
      )sql"),
      of_event_(database, "find an event's delivery to a webhook", R"sql(
        SELECT id, state FROM delivery INDEXED BY delivery_by_event
        WHERE event_seq = ?1 AND webhook = ?2
      )sql"),
      end_waits_(database, "end a webhook's rest", R"sql(
        UPDATE delivery INDEXED BY delivery_due SET next_try_at = ?2
        WHERE webhook = ?1 AND next_try_at > ?2 AND first_failed_at IS NOT NULL
      )sql"),
      // Not what was written by the new clock: that has not failed and may go at once.
      move_on_(database, "move the waits on", R"sql(
        UPDATE delivery INDEXED BY delivery_due SET next_try_at = next_try_at + ?3
        WHERE webhook = ?1 AND next_try_at > ?2
          AND (first_failed_at IS NOT NULL OR next_try_at <> created_at)
      )sql"),
      move_back_(database, "move the waits back", R"sql(
        UPDATE delivery INDEXED BY delivery_due SET next_try_at = max(?2, next_try_at + ?3)
        WHERE webhook = ?1 AND next_try_at > ?2
      )sql"),
      move_failures_(database, "move the first failures", R"sql(
        UPDATE delivery INDEXED BY delivery_undelivered SET first_failed_at = first_failed_at + ?2
        WHERE state = 0 AND state <> 1 AND webhook = ?1 AND first_failed_at IS NOT NULL
      )sql"),
      // What has not failed yet waits for an older one of its order at most.
      pull_in_(database, "pull impossible waits in", R"sql(
        UPDATE delivery INDEXED BY delivery_due SET next_try_at = ?2
        WHERE webhook = ?1 AND next_try_at > ?3 AND (first_failed_at IS NULL OR next_try_at > ?4)
      )sql"),
      due_(database, "find what is due", R"sql(
        SELECT id, order_row FROM delivery INDEXED BY delivery_due
        WHERE webhook = ?1 AND next_try_at <= ?2 ORDER BY next_try_at, id
      )sql"),
      oldest_due_(database, "find an order's oldest delivery due", R"sql(
        SELECT id FROM delivery INDEXED BY delivery_line
        WHERE order_row = ?1 AND webhook = ?2 AND state = 0 AND next_try_at <= ?3 ORDER BY event_seq LIMIT 1
      )sql"),
      waiting_(database, "find what waits for its next try", R"sql(
        SELECT id FROM delivery INDEXED BY delivery_due
        WHERE webhook = ?1 AND next_try_at > ?2 AND first_failed_at IS NOT NULL ORDER BY next_try_at
      )sql"),
      load_(database, "read what is to be delivered", R"sql(
        SELECT d.id, e.id, e.body, d.tries, d.order_row, d.next_try_at
        FROM delivery d CROSS JOIN event e ON e.seq = d.event_seq WHERE d.id = ?1
      )sql"),
      next_at_(database, "find when the next delivery is due", R"sql(
        SELECT next_try_at, order_row FROM delivery INDEXED BY delivery_due
        WHERE webhook = ?1 AND next_try_at IS NOT NULL ORDER BY next_try_at
      )sql"),
      attempts_(database, "read a delivery's attempts", R"sql(
        SELECT id, started_at, ended_at, outcome, http_status, error, response
        FROM attempt WHERE delivery = ?1 ORDER BY id
      )sql") {}

void Deliveries::add(std::int64_t webhook, std::int64_t event_seq, std::optional<std::int64_t> order_row,
                     Timestamp now) {
  const auto turn = turn_of(webhook, order_row, event_seq, now);
  insert_.bind(1, webhook).bind(2, event_seq).bind(3, order_row).bind(4, to_millis(now)).bind(5, turn).run();
}

std::optional<Deliveries::Row> Deliveries::read(std::int64_t id) {
  const Reading reading(read_);
  if (!read_.bind(1, id).step()) return std::nullopt;
  return Row{read_.integer(0), read_.optional_integer(1), read_.integer(2),
             static_cast<DeliveryState>(read_.integer(3)), !read_.is_null(4)};
}

// Gives the first one behind that event its turn, if it has not had one: at once when nothing older of the
// order is pending, else 30 minutes after the one before it first failed, else not yet.
bool Deliveries::release_next(std::int64_t webhook, std::int64_t order_row, std::int64_t event_seq,
                              Timestamp now) {
  std::int64_t next = 0;
  std::int64_t its_event = 0;
  {
    const Reading reading(next_in_line_);
    if (!next_in_line_.bind(1, order_row).bind(2, webhook).bind(3, event_seq).step()) return false;
    if (next_in_line_.integer(2) == 0) return false;
    next = next_in_line_.integer(0);
    its_event = next_in_line_.integer(1);
  }
  const auto turn = turn_of(webhook, order_row, its_event, now);
  release_.bind(1, next).bind(2, turn).run();
  return turn.has_value();
}

// When what an endpoint has to be told of an event may go, in ms: at once when nothing older of its order is
// pending.
std::optional<std::int64_t> Deliveries::turn_of(std::int64_t webhook, std::optional<std::int64_t> order_row,
                                                std::int64_t event_seq, Timestamp now) {
  if (!order_row) return to_millis(now);
  const Reading reading(before_in_line_);
  if (!before_in_line_.bind(1, *order_row).bind(2, webhook).bind(3, event_seq).step()) return to_millis(now);
  return turn_behind(before_in_line_.optional_integer(0), now);
}

// The first one behind that event waits for it, unless it has had its turn and failed.
void Deliveries::hold_next(std::int64_t webhook, std::optional<std::int64_t> order_row,
                           std::int64_t event_seq) {
  if (order_row) hold_next_.bind(1, *order_row).bind(2, webhook).bind(3, event_seq).run();
}

void Deliveries::complete_attempt(const AttemptResult& result, Timestamp now) {
  attempt_end_.bind(1, result.attempt).bind(2, result.delivery).bind(3, to_millis(now));
  attempt_end_.bind(4, result.outcome).bind(5, std::int64_t{result.http_status});
  attempt_end_.bind(6, result.error).bind(7, result.response).run();
}

std::optional<std::int64_t> Deliveries::settle(const AttemptResult& result, Timestamp now) {
  complete_attempt(result, now);
  const auto before = read(result.delivery);
  if (!before) return std::nullopt;
  const std::int64_t used = result.used_a_try ? 1 : 0;
  if (result.state == DeliveryState::pending) {
    const auto at = result.next_try_at.value_or(now);
    again_.bind(1, result.delivery).bind(2, used).bind(3, to_millis(at)).bind(4, to_millis(now)).run();
    // From the first failure of its own on it is known when the next one need wait no longer.
    if (before->has_failed || !result.used_a_try) return std::nullopt;
  } else {
    end_.bind(1, result.delivery)
        .bind(2, number_of(result.state))
        .bind(3, used)
        .bind(4, to_millis(now))
        .run();
  }
  if (database_.changes() == 0 || !before->order_row) return std::nullopt;
  if (!release_next(before->webhook, *before->order_row, before->event_seq, now)) return std::nullopt;
  return before->webhook;
}

std::int64_t Deliveries::begin(std::int64_t delivery, Timestamp now) {
  under_way_.bind(1, delivery).run();
  if (database_.changes() == 0) return 0;
  attempt_insert_.bind(1, delivery).bind(2, to_millis(now)).run();
  return database_.last_insert_row();
}

std::int64_t Deliveries::interrupt_open(std::optional<std::int64_t> webhook, Timestamp now) {
  std::vector<AttemptResult> open;
  {
    auto& attempts = webhook ? open_attempts_of_.bind(1, *webhook) : open_attempts_;
    const Reading reading(attempts);
    while (attempts.step()) {
      AttemptResult result;
      result.attempt = attempts.integer(0);
      result.delivery = attempts.integer(1);
      result.outcome = "interrupted";
      open.push_back(std::move(result));
    }
  }
  for (const auto& result : open) {
    complete_attempt(result, now);
    // An interruption is ours, not the endpoint's: no try is used up and it has not begun to fail.
    const auto row = read(result.delivery);
    if (row && row->state == DeliveryState::pending)
      release_.bind(1, result.delivery).bind(2, to_millis(now)).run();
  }
  return static_cast<std::int64_t>(open.size());
}

void Deliveries::cancel_pending(std::int64_t webhook, Timestamp now) {
  cancel_.bind(1, webhook).bind(2, to_millis(now)).run();
}

bool Deliveries::send_again(std::int64_t delivery, Timestamp now) {
  const auto row = read(delivery);
  if (!row) return false;
  const auto turn = turn_of(row->webhook, row->order_row, row->event_seq, now);
  if (row->state == DeliveryState::pending) {
    // One that has failed has had its turn.
    if (!row->has_failed && (!turn || *turn > to_millis(now))) return false;
    hasten_.bind(1, delivery).bind(2, to_millis(now)).run();
    return database_.changes() > 0;
  }
  hold_next(row->webhook, row->order_row, row->event_seq);
  revive_.bind(1, delivery).bind(2, turn).run();
  return true;
}

bool Deliveries::replay(std::int64_t webhook, std::int64_t event_seq, std::optional<std::int64_t> order_row,
                        bool also_delivered, Timestamp now) {
  std::int64_t known = 0;
  {
    const Reading reading(of_event_);
    if (of_event_.bind(1, event_seq).bind(2, webhook).step()) {
      const auto state = static_cast<DeliveryState>(of_event_.integer(1));
      if (state == DeliveryState::pending) return false;
      if (state == DeliveryState::delivered && !also_delivered) return false;
      known = of_event_.integer(0);
    }
  }
  if (known != 0) return send_again(known, now);
  hold_next(webhook, order_row, event_seq);
  add(webhook, event_seq, order_row, now);
  return true;
}

void Deliveries::end_waits(std::int64_t webhook, Timestamp now) {
  end_waits_.bind(1, webhook).bind(2, to_millis(now)).run();
}

void Deliveries::mend_waits(std::int64_t webhook, Milliseconds moved, Timestamp now) {
  if (moved.count() != 0) {
    const bool is_on = moved.count() > 0;
    auto& move = is_on ? move_on_ : move_back_;
    move.bind(1, webhook).bind(2, to_millis(is_on ? now - moved : now)).bind(3, std::int64_t{moved.count()});
    move.run();
    move_failures_.bind(1, webhook).bind(2, std::int64_t{moved.count()}).run();
  }
  pull_in_.bind(1, webhook).bind(2, to_millis(now)).bind(3, to_millis(now + patience));
  pull_in_.bind(4, to_millis(now + rules::longest_retry_delay)).run();
}

std::int64_t Deliveries::oldest_due_of(std::int64_t webhook, std::int64_t order_row, Timestamp now,
                                       std::int64_t otherwise) {
  const Reading reading(oldest_due_);
  oldest_due_.bind(1, order_row).bind(2, webhook).bind(3, to_millis(now));
  return oldest_due_.step() ? oldest_due_.integer(0) : otherwise;
}

DueDelivery Deliveries::load(std::int64_t id) {
  const Reading reading(load_);
  load_.bind(1, id).step();
  return {load_.integer(0),
          load_.text(1),
          load_.text(2),
          static_cast<int>(load_.integer(3)),
          load_.optional_integer(4),
          from_millis(load_.integer(5))};
}

std::vector<DueDelivery> Deliveries::due(std::int64_t webhook, Timestamp now, std::size_t limit,
                                         std::span<const std::int64_t> busy,
                                         std::span<const std::int64_t> busy_orders) {
  const std::set<std::int64_t> taken(busy.begin(), busy.end());
  std::set<std::int64_t> orders(busy_orders.begin(), busy_orders.end());
  std::vector<DueDelivery> due;
  const Reading reading(due_);
  due_.bind(1, webhook).bind(2, to_millis(now));
  while (due.size() < limit && due_.step()) {
    auto id = due_.integer(0);
    if (const auto order_row = due_.optional_integer(1)) {
      if (!orders.insert(*order_row).second) continue;
      id = oldest_due_of(webhook, *order_row, now, id);
    }
    if (taken.count(id) == 0) due.push_back(load(id));
  }
  return due;
}

std::optional<DueDelivery> Deliveries::waiting(std::int64_t webhook, Timestamp now,
                                               std::span<const std::int64_t> busy) {
  std::int64_t found = 0;
  {
    const Reading reading(waiting_);
    waiting_.bind(1, webhook).bind(2, to_millis(now));
    while (found == 0 && waiting_.step()) {
      if (std::find(busy.begin(), busy.end(), waiting_.integer(0)) == busy.end()) found = waiting_.integer(0);
    }
  }
  return found == 0 ? std::nullopt : std::optional(load(found));
}

std::optional<Timestamp> Deliveries::next_at(std::int64_t webhook,
                                             std::span<const std::int64_t> busy_orders) {
  const Reading reading(next_at_);
  next_at_.bind(1, webhook);
  while (next_at_.step()) {
    const auto order = next_at_.optional_integer(1);
    const bool is_busy =
        order && std::find(busy_orders.begin(), busy_orders.end(), *order) != busy_orders.end();
    if (!is_busy) return from_millis(next_at_.integer(0));
  }
  return std::nullopt;
}

std::optional<std::int64_t> Deliveries::webhook_of(std::int64_t delivery) {
  const auto row = read(delivery);
  return row ? std::optional(row->webhook) : std::nullopt;
}

std::vector<Attempt> Deliveries::attempts(std::int64_t delivery) {
  std::vector<Attempt> attempts;
  const Reading reading(attempts_);
  attempts_.bind(1, delivery);
  while (attempts_.step()) {
    Attempt attempt;
    attempt.id = attempts_.integer(0);
    attempt.started_at = from_millis(attempts_.integer(1));
    if (const auto at = attempts_.optional_integer(2)) attempt.ended_at = from_millis(*at);
    attempt.outcome = attempts_.text(3);
    attempt.http_status = static_cast<long>(attempts_.integer(4));
    attempt.error = attempts_.text(5);
    attempt.response = attempts_.text(6);
    attempts.push_back(std::move(attempt));
  }
  return attempts;
}

}  // namespace smm::store
