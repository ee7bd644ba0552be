#pragma once

#include "domain/event.h"
#include "domain/order.h"
#include "domain/policy.h"

#include <optional>
#include <vector>

// What becomes of an order when its panel has spoken. Pure: no clock, no I/O, no logger.
//
// * A change is a different status, status text, charge (by value), remains or start count. Another spelling
// of
//   the same word (fold_status_word), another JSON type, another decimal spelling of the same amount, or any
//   other field alone is none. Each change makes one history point and raises the revision by one; without
//   one nothing is made.
// * The first sight (unasked → anything the panel says, even an unknown word) is a change. It makes an
//   order.status_changed with first_sight true, or, for a quiet order, no event.
// * A word nobody knows is never a state: the old state stays, the panel's text is kept and shown. At first
// sight
//   the order becomes pending only if the panel said so; with an unknown word it stays `unasked` with the
//   text kept.
// * A different status makes order.status_changed with previous_status and first_time (the order never had
// this
//   status before). Anything goes after anything: panels take back Completed, and turn it into Partial.
// * The same status with other figures makes order.progress, or order.corrected once the order has ended.
// * ended_at is set when a status that has ended is first seen, kept while it moves between ended statuses,
// and
//   cleared when the panel takes it back. A change un-settles.
// * Movement (any change) of a stalled order makes order.resumed beside its own event; an answer about a lost
//   order makes order.found and clears missing_since.
// * An order is stalled when it is active (not ended, not paused, not unasked), answered, and has had no
// change for
//   stalled_after: max(stalled_after, 3 × slowest) for a drip-feed, never for a subscription.
// * Settled: ended, and unchanged for `settle`. (Open refills hold it back: `open_refill`.)
// * Children named by a subscription or drip-feed and not in `known_children` are returned in `new_children`,
// at most
//   so many that an order has 1000. New children alone raise no revision and make no event of the parent.
namespace smm::rules {

inline constexpr std::size_t max_children = 1000;

// What the store must write for one order, in one transaction: the order, perhaps a point of history, events
// in this order, and children to be tracked. Nothing else may be concluded from a reply.
struct Change {
  Order after;
  std::optional<HistoryPoint> point;
  std::vector<EventDraft> events;
  std::vector<OrderId> new_children;
};

// What is known of the order beside its own row.
struct Surroundings {
  std::vector<OrderId> known_children;
  bool open_refill = false;
};

// The panel reported figures of this order. Nothing when there is nothing to write.
[[nodiscard]] std::optional<Change> transition(const Order& before, const Observation& seen,
                                               const PollPolicy& policy, const Surroundings& around,
                                               Timestamp now);

// The panel repeated, byte for byte, what it said last: only time has passed (stalled, settled). A cheap
// question first: whether `unchanged` may have something to say at all is `time_may_tell`.
[[nodiscard]] std::optional<Change> unchanged(const Order& before, const PollPolicy& policy,
                                              const Surroundings& around, Timestamp now);

// The panel answered that it does not know this order. The first time only missing_since is set (no revision,
// no event); lost_after later, if it still says so and the order has not ended, the order is lost:
// order.lost. An order that has ended is never lost: panels forget old orders.
[[nodiscard]] std::optional<Change> not_known(const Order& before, const PollPolicy& policy, Timestamp now);

// Data of an order event, in the order it is shown: revision, status, status_text, previous_status (if
// given), charge, remains, start_count, currency, ref, labels.
[[nodiscard]] EventDraft order_event(EventType type, const Order& order,
                                     std::optional<OrderStatus> previous = std::nullopt);

}  // namespace smm::rules
