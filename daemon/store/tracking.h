#pragma once

#include "platform/database.h"
#include "store/events.h"
#include "store/orders.h"
#include "store/panels.h"
#include "store/store.h"
#include "store/work.h"

namespace smm::store {

// What users do to orders: begin, change, end and erase their tracking. All within a transaction.
class Tracking {
 public:
  Tracking(platform::Database& database, Panels& panels, Orders& orders, EventLog& events);

  Tracked track(const TrackRequest& request, Work& work);
  std::optional<Order> patch(const OrderKey& key, const OrderPatch& patch, Work& work);
  bool untrack(const OrderKey& key, Work& work);
  bool purge(const OrderKey& key, Work& work);

 private:
  Tracked track_again(Order known, const TrackRequest& request, Work& work);
  void write(const Order& order);
  void count_out(const Order& order, Work& work);

  platform::Database& database_;
  Panels& panels_;
  Orders& orders_;
  EventLog& events_;
  platform::Statement update_;
  platform::Statement delete_attempted_;
  platform::Statement delete_events_;
  platform::Statement delete_order_;
};

}  // namespace smm::store
