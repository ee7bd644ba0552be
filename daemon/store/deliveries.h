#pragma once

#include "platform/database.h"
#include "store/store.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace smm::store {

// The queue of every endpoint. How the line of one order works stands with the table (schema/0002).
class Deliveries {
 public:
  explicit Deliveries(platform::Database& database);

  // These within a transaction.
  void add(std::int64_t webhook, std::int64_t event_seq, std::optional<std::int64_t> order_row,
           Timestamp now);
  // The endpoint, if somebody who waited may go now or soon.
  std::optional<std::int64_t> settle(const AttemptResult& result, Timestamp now);
  // 0 when it is not pending.
  std::int64_t begin(std::int64_t delivery, Timestamp now);
  // Of one endpoint, or of all.
  std::int64_t interrupt_open(std::optional<std::int64_t> webhook, Timestamp now);
  void cancel_pending(std::int64_t webhook, Timestamp now);
  // An ended one takes its place in its order's line and begins its tries anew; one that waits for its next
  // try goes at once. False: there is none of that number, it is under way, or waits for an older one of its
  // order.
  bool send_again(std::int64_t delivery, Timestamp now);
  // The same for what an endpoint has to be told of an event, which it may never have been meant to be told.
  // False: that is pending, or it has been told and that is enough.
  bool replay(std::int64_t webhook, std::int64_t event_seq, std::optional<std::int64_t> order_row,
              bool also_delivered, Timestamp now);
  // Those that have failed and wait for their next try may go at once.
  void end_waits(std::int64_t webhook, Timestamp now);
  void mend_waits(std::int64_t webhook, Milliseconds moved, Timestamp now);

  [[nodiscard]] std::vector<DueDelivery> due(std::int64_t webhook, Timestamp now, std::size_t limit,
                                             std::span<const std::int64_t> busy,
                                             std::span<const std::int64_t> busy_orders);
  // The first that has failed and waits for its next try, if not busy.
  [[nodiscard]] std::optional<DueDelivery> waiting(std::int64_t webhook, Timestamp now,
                                                   std::span<const std::int64_t> busy);
  [[nodiscard]] std::optional<Timestamp> next_at(std::int64_t webhook,
                                                 std::span<const std::int64_t> busy_orders);
  [[nodiscard]] std::optional<std::int64_t> webhook_of(std::int64_t delivery);
  [[nodiscard]] std::vector<Attempt> attempts(std::int64_t delivery);

 private:
  struct Row {
    std::int64_t webhook = 0;
    std::optional<std::int64_t> order_row;
    std::int64_t event_seq = 0;
    DeliveryState state = DeliveryState::pending;
    bool has_failed = false;
  };
  [[nodiscard]] std::optional<Row> read(std::int64_t id);
  [[nodiscard]] std::optional<std::int64_t> turn_of(std::int64_t webhook,
                                                    std::optional<std::int64_t> order_row,
                                                    std::int64_t event_seq, Timestamp now);
  bool release_next(std::int64_t webhook, std::int64_t order_row, std::int64_t event_seq, Timestamp now);
  void hold_next(std::int64_t webhook, std::optional<std::int64_t> order_row, std::int64_t event_seq);
  void complete_attempt(const AttemptResult& result, Timestamp now);
  [[nodiscard]] std::int64_t oldest_due_of(std::int64_t webhook, std::int64_t order_row, Timestamp now,
                                           std::int64_t otherwise);
  [[nodiscard]] DueDelivery load(std::int64_t id);

  platform::Database& database_;
  platform::Statement insert_;
  platform::Statement read_;
  platform::Statement next_in_line_;
  platform::Statement before_in_line_;
  platform::Statement release_;
  platform::Statement end_;
  platform::Statement again_;
  platform::Statement attempt_insert_;
  platform::Statement attempt_end_;
  platform::Statement under_way_;
  platform::Statement open_attempts_;
  platform::Statement open_attempts_of_;
  platform::Statement cancel_;
  platform::Statement hasten_;
  platform::Statement revive_;
  platform::Statement hold_next_;
  platform::Statement of_event_;
  platform::Statement end_waits_;
  platform::Statement move_on_;
  platform::Statement move_back_;
  platform::Statement move_failures_;
  platform::Statement pull_in_;
  platform::Statement due_;
  platform::Statement oldest_due_;
  platform::Statement waiting_;
  platform::Statement load_;
  platform::Statement next_at_;
  platform::Statement attempts_;
};

}  // namespace smm::store
