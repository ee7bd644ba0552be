#pragma once

#include "domain/order.h"
#include "domain/policy.h"
#include "rules/clock_trust.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

// When an order is next asked about. The schedule is derived, never stored: it follows from what is known of
// the order, from when it was last asked and from the policy, so a poll that finds nothing new costs no write
// and a change of policy takes effect at once.
//
// * An order never answered is due at once; asked in vain, again after `fastest`, then in growing steps
//   (a quarter of the time since it was tracked) up to `slowest`.
// * After a change of status: `fastest`, growing with a quarter of the time since that change, up to
//   `slowest`.
// * After a change of figures only: at least `moving`, growing with a quarter of the time since, up to
//   `slowest`; whichever of the two is sooner counts.
// * Ended and not settled: `slowest`. Settled: for 30 days after it first could have settled (ended_at +
//   settle) once a day, and only in free places of batches; after that never.
// * Lost: every 10 × slowest.
// * Nothing else makes an order slower than `slowest`: a subscription or a drip-feed may be quiet for weeks
//   and is still asked.
// * A moment that lies ahead (the clock was set back) counts as if it lay as far behind.
//
// Orders no longer tracked are for the caller to leave out.
namespace smm::rules {

// What the schedule needs of an order, small enough to hold a million in memory.
struct ScheduleFacts {
  std::int64_t tracked_ms = 0;
  std::int64_t status_changed_ms = 0;  // 0 = never answered
  std::int64_t changed_ms = 0;         // 0 = never answered
  std::int64_t ended_ms = 0;           // 0 = not ended
  OrderStatus status = OrderStatus::unasked;
  bool settled = false;
  bool lost = false;

  bool operator==(const ScheduleFacts&) const = default;
};

// The moments as `placed` moves them over the steps of the clock.
[[nodiscard]] ScheduleFacts facts_of(const Order& order, std::span<const ClockStep> steps = {},
                                     Timestamp now = {});

enum class Pace : std::uint8_t {
  paced,  // must be asked when due
  spare,  // asked when due only if a batch has a free place
  never,
};
[[nodiscard]] std::string_view to_text(Pace pace);
[[nodiscard]] std::optional<Pace> pace_from_text(std::string_view text);

struct Due {
  Pace pace = Pace::paced;
  Milliseconds interval{0};  // from one asking to the next; 0 = at once

  bool operator==(const Due&) const = default;
};

// As of `now`, the moment it was last asked; tracked_ms exactly for an order that never was.
[[nodiscard]] Due due_after(const ScheduleFacts& facts, const PollPolicy& policy, Timestamp now);

// When the order's own time may have something to say (stalled, settled) though the panel repeats itself; the
// moment from which rules::unchanged is worth calling, long past for an order the panel had said it does not
// know. Nothing when never. With the steps of the clock it is the moment by the clock of `now`, which only a
// further step changes, or a moment that came to belong to another stretch of its time (rules::placed): when
// it comes and rules::unchanged has nothing to say, ask this again.
[[nodiscard]] std::optional<Timestamp> time_may_tell(const Order& order, const PollPolicy& policy,
                                                     std::span<const ClockStep> steps = {},
                                                     Timestamp now = {});

}  // namespace smm::rules
