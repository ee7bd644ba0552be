#include "store/tally.h"

namespace smm::store {

void Tally::add(const CountKey& key, std::int64_t orders) {
  orders_[{key.panel, key.status}] += orders;
  if (key.stalled) stalled_[key.panel] += orders;
  if (key.lost) lost_[key.panel] += orders;
}

void Tally::apply(const Work& work) {
  if (!counted_) return;
  for (const auto& key : work.counted_out) add(key, -1);
  for (const auto& key : work.counted_in) add(key, 1);
}

Counts Tally::read(Orders& orders, Panels& panels) {
  if (!counted_) {
    orders_.clear();
    stalled_.clear();
    lost_.clear();
    orders.count_all([this](const CountKey& key) { add(key, 1); });
    counted_ = true;
  }
  Counts counts;
  for (const auto& [key, count] : orders_) {
    if (count != 0) counts.orders.push_back({panels.name_of(key.first), key.second, count});
  }
  for (const auto& [panel, count] : stalled_) {
    if (count != 0) counts.stalled.emplace_back(panels.name_of(panel), count);
  }
  for (const auto& [panel, count] : lost_) {
    if (count != 0) counts.lost.emplace_back(panels.name_of(panel), count);
  }
  return counts;
}

}  // namespace smm::store
