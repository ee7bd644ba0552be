#pragma once

#include "domain/policy.h"

#include <cstddef>
#include <optional>
#include <span>

// When a batch is sent, and how full: as few requests as the orders allow, and no order late for long.
//
// A panel with 5,000 orders or more has 100 of them due every few seconds, so no order there is asked before
// its time:
// * A full batch due: send it, the most overdue first.
// * Fewer due: wait for it, as long as nobody's patience ends first. An order's patience is half of its
//   interval, or 1.25 × slowest × batch ÷ orders (in which that many fall due) if that is longer. So batches
//   that began as scattered remainders grow together, are due together from then on, and wait no more.
// * It is already certain that the batch will not fill in time: patience is a tenth of the interval instead
//   of half of it; then those that are due go alone.
//
// A panel with fewer has ⌈orders ÷ batch⌉ requests to make in an interval, and its orders are shared out
// evenly among them: a share is ⌈orders ÷ ⌈orders ÷ batch⌉⌉ (84 of 250). The places left are for orders in
// `spare` pace, which would otherwise never find one.
// * A share due: send all that are due, up to a batch.
// * Fewer due: wait for it, as long as nobody's patience ends first: a tenth of an order's interval.
// * Patience at an end: send those that are due, and fill the share with those due soonest, up to the first
//   that has not yet waited half of its interval. Thus remainders grow together here.
//
// An order due at once (interval 0: never asked) has no patience.
namespace smm::rules {

inline constexpr std::size_t many_orders = 5000;

struct Candidate {
  Timestamp due;
  Milliseconds interval;  // 0 = at once
};

struct BatchPlan {
  std::size_t take = 0;  // the first `take` of the candidates go now; 0 = none yet
  std::optional<Timestamp>
      decide_again;  // when nothing goes now: the moment to ask again; nothing = no candidates
};

// `soonest`: the panel's paced orders, soonest due first, as many as a batch holds or all there are.
// `batch_size`: 100, or what the panel was found to accept. `orders`: how many paced orders the panel has.
// Whatever places are left when `take` go belong to orders in spare pace that are due. Orders that come due
// sooner than those seen here (just tracked, just asked) are a reason to ask again before `decide_again`.
[[nodiscard]] BatchPlan plan_batch(std::span<const Candidate> soonest, std::size_t batch_size,
                                   std::size_t orders, const PollPolicy& policy, Timestamp now);

// How long after it fell due an order of this interval may at most be kept waiting for company.
[[nodiscard]] Milliseconds patience(Milliseconds interval, std::size_t batch_size, std::size_t orders,
                                    const PollPolicy& policy);

}  // namespace smm::rules
