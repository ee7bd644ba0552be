#pragma once

#include "domain/ids.h"
#include "domain/status.h"
#include "store/store.h"

#include <cstdint>
#include <vector>

namespace smm::store {

// How one order stands in the counts.
struct CountKey {
  std::int64_t panel = 0;  // row
  OrderStatus status = OrderStatus::unasked;
  bool stalled = false;
  bool lost = false;

  bool operator==(const CountKey&) const = default;
};

// What a transaction has done so far, for those who are told once it is committed. Dropped with it otherwise.
struct Work {
  Timestamp now;
  Committed notice;
  std::vector<CountKey> counted_out;  // orders no longer tracked in this state
  std::vector<CountKey> counted_in;   // orders tracked in this state from now on
  std::int64_t events = 0;            // more of them than before
};

}  // namespace smm::store
