#pragma once

#include "domain/event.h"
#include "domain/order.h"
#include "domain/policy.h"
#include "rules/clock_trust.h"

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

// What becomes of an order when its panel has spoken. Pure: no clock, no I/O, no logger.
//
// * A change is a different status, status text, charge (by value), remains or start count. Another spelling
//   of the same word (fold_status_word), another JSON type, another decimal spelling of the same amount, or
//   any other field alone is none. Each change makes one history point and raises the revision by one, so the
//   revision counts the points; without one neither is made. A change brings the order's other fields (raw,
//   currency, runs, kind) up to date; one that the panel leaves out keeps its last value, and a subscription
//   or drip-feed remains one.
// * The first sight (the first answer, even an unknown word) is a change. It makes an order.status_changed
//   with first_sight true, or, for a quiet order, no event.
// * A word nobody knows is never a state: the old state stays, the panel's text is kept and shown. At first
//   sight the order becomes pending only if the panel said so; with an unknown word it stays `unasked` with
//   the text kept. A reply without any word says nothing about the status: state and text stay.
// * A different status makes order.status_changed with previous_status and first_time (the order never had
//   this status before). Anything goes after anything: panels take back Completed, and turn it into Partial.
// * Another word for the same status (also one nobody knows) makes order.status_changed as well, with
//   previous_status the same and first_time false: it is said once.
// * The same status and word with other figures makes order.progress, or order.corrected once the order has
//   ended.
// * ended_at is set when a status that has ended is first seen (an earlier moment given by the user stands),
//   kept while it moves between ended statuses, and cleared when the panel takes it back. A change
//   un-settles.
// * Movement (any change) of a stalled order makes order.resumed after its own event; an answer about a lost
//   order makes order.found before it, and any answer clears missing_since.
// * An order is stalled (order.stalled) when it is active (not ended, not paused, not unasked), answered, and
//   has had no change for stalled_after: for a drip-feed at least 3 × its interval (3 × slowest when that is
//   unknown), never for a subscription.
// * Settled (order.settled): ended, and unchanged for `settle`. (Open refills hold it back: `open_refill`.)
//   A quiet order in which nothing has changed since the first sight settles without an event.
// * An order that has just changed is neither stalled nor settled in the same step.
// * The times of stalled, settled and lost are those that passed (rules/clock_trust.h): what a step of the
//   clock skipped does not count, and while the clock is not believed none of the three is said.
// * Children named by a subscription or drip-feed and not in `known_children` are returned in `new_children`,
//   in the panel's order, each once, at most so many that an order has 1000. An order is no child of its own,
//   a parent no child of its child, and an order that is itself a child has none: a panel cannot make us
//   track without end. New children alone raise no revision and make no event of the parent.
namespace smm::rules {

inline constexpr std::size_t max_children = 1000;
// So many times in a row, at least, a panel says that it does not know an order before it is lost.
inline constexpr int lost_answers = 3;

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
  std::span<const ClockStep> clock_steps{};  // all that are kept; the caller's memory
  bool clock_believed = true;
};

// The panel reported figures of this order. Nothing when there is nothing to write.
[[nodiscard]] std::optional<Change> transition(const Order& before, const Observation& seen,
                                               const PollPolicy& policy, const Surroundings& around,
                                               Timestamp now);

// The panel repeated, byte for byte, the figures it said last: only time has passed (stalled, settled). A
// cheap question first: whether `unchanged` may have something to say at all is `time_may_tell`. An error is
// no such repetition: every one goes to `not_known`.
[[nodiscard]] std::optional<Change> unchanged(const Order& before, const PollPolicy& policy,
                                              const Surroundings& around, Timestamp now);

// The panel answered that it does not know this order. The first time (or when missing_since lies ahead) only
// missing_since is set, no revision, no event. Once it has said so `lost_answers` times over lost_after at
// least, and the order has not ended, the order is lost: order.lost (no revision). An order that has ended is
// never lost, and nothing is written of it: panels forget old orders.
// `answers`: how many times in a row it has said so by now, as far as anybody counted; fewer than there were
// only delay it.
[[nodiscard]] std::optional<Change> not_known(const Order& before, const PollPolicy& policy,
                                              const Surroundings& around, int answers, Timestamp now);

// Data of an order event, in the order it is shown: revision, status, status_text, previous_status (if
// given), charge, remains, start_count, currency, ref, labels. What is unknown is null, also a status_text.
// An order.status_changed of `transition` has first_time and first_sight after them.
[[nodiscard]] EventDraft order_event(EventType type, const Order& order,
                                     std::optional<OrderStatus> previous = std::nullopt);

}  // namespace smm::rules
