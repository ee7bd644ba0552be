#pragma once

#include "platform/database.h"
#include "store/events.h"
#include "store/orders.h"
#include "store/panels.h"
#include "store/services.h"
#include "store/store.h"
#include "store/work.h"

#include <cstdint>
#include <optional>

namespace smm::store {

// What only the placement of an order tells of it.
struct Placed {
  OrderKind kind = OrderKind::ordinary;
  std::optional<std::int64_t> runs;
  std::optional<Milliseconds> interval;
  std::optional<Money> rate;
};

// What users do to orders: begin, change, end and erase their tracking. All within a transaction.
class Tracking {
 public:
  Tracking(platform::Database& database, Panels& panels, Services& services, Orders& orders,
           EventLog& events);

  Tracked track(const TrackRequest& request, Work& work, const Placed& placed = {});
  std::optional<Order> patch(const OrderKey& key, const OrderPatch& patch, Work& work);
  bool untrack(const OrderKey& key, Work& work);
  bool purge(const OrderKey& key, Work& work);

 private:
  Tracked track_again(Order known, const TrackRequest& request, const Placed& placed, Work& work);
  bool give_facts(Order& order);
  void write(const Order& order);
  void count_out(const Order& order, Work& work);

  platform::Database& database_;
  Panels& panels_;
  Services& services_;
  Orders& orders_;
  EventLog& events_;
  platform::Statement update_;
  platform::Statement delete_attempted_;
  platform::Statement delete_events_;
  platform::Statement delete_order_;
};

}  // namespace smm::store
