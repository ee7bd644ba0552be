#pragma once

#include "store/orders.h"
#include "store/panels.h"
#include "store/store.h"
#include "store/work.h"

#include <cstdint>
#include <map>
#include <utility>

namespace smm::store {

// How many tracked orders there are in each state: counted once, then kept up with every commit, since
// counting a million rows for each reading of the metrics would hold everything up.
class Tally {
 public:
  void apply(const Work& work);
  [[nodiscard]] Counts read(Orders& orders, Panels& panels);

 private:
  void add(const CountKey& key, std::int64_t orders);

  bool counted_ = false;
  std::map<std::pair<std::int64_t, OrderStatus>, std::int64_t> orders_;
  std::map<std::int64_t, std::int64_t> stalled_;
  std::map<std::int64_t, std::int64_t> lost_;
};

}  // namespace smm::store
