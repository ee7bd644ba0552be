#pragma once

#include "domain/policy.h"

#include <cstddef>
#include <optional>
#include <span>

// When a batch is sent, and how full. A request carries 100 ids whenever 100 can use it:
//
// * 100 due: send them, the most overdue first.
// * Fewer due: wait for the 100th as long as patience lasts. Patience is a tenth of the most overdue order's
// interval;
//   a panel with 5,000 orders or more fills a batch by itself soon, so there it is 1.25 × slowest × 100 ÷
//   orders if that is longer, and no order is asked before its time.
// * Patience at an end: send, and on a panel with fewer than 5,000 orders fill the batch with those due
//   soonest that have waited at least half of their interval; then with orders in `spare` pace that are due.
// * An order due at once (interval 0: never asked) waits for nobody.
namespace smm::rules {

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
[[nodiscard]] BatchPlan plan_batch(std::span<const Candidate> soonest, std::size_t batch_size,
                                   std::size_t orders, const PollPolicy& policy, Timestamp now);

}  // namespace smm::rules
