#pragma once

#include "rules/refill.h"

#include <doctest/doctest.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

// Orders and refills for the tests of the refill rules.
namespace smm::rules {

using namespace std::chrono_literals;

inline constexpr Milliseconds days(std::int64_t count) {
  return std::chrono::hours(24) * count;
}

inline const Timestamp ended = from_millis(1'800'000'000'000);

// Completed, seen before, offered refills for 90 days, 1000 delivered on top of 3572.
inline Order completed_order() {
  Order order;
  order.row = 4;
  order.key = {PanelName("p1"), OrderId("23501")};
  order.service = ServiceId("1");
  order.quantity = 1000;
  order.remains = 0;
  order.start_count = 3572;
  order.tracked_at = ended - days(2);
  order.status = OrderStatus::completed;
  order.status_text = "Completed";
  order.seen_statuses = (1U << static_cast<unsigned>(OrderStatus::in_progress)) |
                        (1U << static_cast<unsigned>(OrderStatus::completed));
  order.ended_at = ended;
  order.refill_offered = true;
  order.refill_window = days(90);
  return order;
}

// A refill asked then; one the panel accepted is accepted then.
inline Refill refill_of(RefillState state, Timestamp asked_at) {
  Refill refill;
  refill.id = 7;
  refill.order = {PanelName("p1"), OrderId("23501")};
  refill.order_row = 4;
  refill.state = state;
  refill.cause = Cause::automatic;
  refill.asked_at = asked_at;
  const bool accepted = is_accepted_and_open(state) ||
                        (is_final(state) && state != RefillState::failed && state != RefillState::refused);
  if (accepted) refill.accepted_at = asked_at;
  if (accepted) refill.upstream = RefillId("99");
  if (is_final(state)) refill.ended_at = asked_at + 1h;
  return refill;
}

inline Refill refused(RefusalClass refusal, Timestamp asked_at,
                      std::optional<Timestamp> not_before = std::nullopt) {
  auto refill = refill_of(RefillState::refused, asked_at);
  refill.refusal = refusal;
  refill.not_before = not_before;
  refill.changed_at = asked_at;
  refill.ended_at = asked_at;
  return refill;
}

}  // namespace smm::rules
