#pragma once

#include "platform/database.h"
#include "store/deliveries.h"
#include "store/panels.h"
#include "store/store.h"
#include "store/webhooks.h"
#include "store/work.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace smm::store {

// The numbered event log, and the fan-out to endpoints at the moment an event is written.
class EventLog {
 public:
  EventLog(platform::Database& database, Panels& panels, Webhooks& webhooks, Deliveries& deliveries);

  // Within a transaction. `order_row` is the row of draft.order, if there is such an order. Its number.
  std::int64_t append(const EventDraft& draft, std::optional<std::int64_t> order_row, Work& work);

  [[nodiscard]] EventPage read(const EventQuery& query);
  // Within a transaction: sends an endpoint again what it subscribes to now, of the next thousand events
  // after `since`.
  Replayed replay(const Webhooks::Endpoint& endpoint, std::int64_t since, bool also_delivered, Work& work);
  // The number of the last event written before then, 0 if none is kept. Where the clock was set back in
  // between, one of the events near it.
  [[nodiscard]] std::int64_t last_before(Timestamp at);
  [[nodiscard]] EventSpan span();
  void pass_over(std::int64_t upto);  // within a transaction
  [[nodiscard]] std::optional<std::int64_t> newest_before_gap(std::int64_t since);
  [[nodiscard]] std::int64_t last_seq();
  [[nodiscard]] std::int64_t count();  // of those kept
  void add_to_count(std::int64_t events) { count_ += events; }
  void forget() { loaded_ = false; }

 private:
  struct Head {
    std::int64_t seq = 0;
    std::optional<EventType> type;
    PanelName panel;  // empty: of none
    std::optional<std::int64_t> order_row;
  };
  [[nodiscard]] std::vector<Head> heads(std::int64_t since);
  void load();

  Panels& panels_;
  Webhooks& webhooks_;
  Deliveries& deliveries_;
  bool loaded_ = false;
  std::int64_t last_seq_ = 0;
  bool counted_ = false;
  std::int64_t count_ = 0;
  platform::Statement span_;
  platform::Statement count_all_;
  platform::Statement insert_;
  platform::Statement read_;
  platform::Statement heads_;
  platform::Statement at_;
  platform::Statement gap_;
  platform::Statement add_gap_;
  platform::Statement raise_floor_;
};

}  // namespace smm::store
