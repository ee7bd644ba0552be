#pragma once

#include "domain/event.h"
#include "platform/database.h"
#include "store/store.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace smm::store {

// The endpoints: their rows, and who wants which events.
class Webhooks {
 public:
  struct Endpoint {
    std::int64_t row = 0;
    WebhookName name;
    bool subscribed = false;
    bool disabled = false;
    std::array<bool, event_type_count> types{};
    std::vector<PanelName> panels;  // empty = all
  };

  explicit Webhooks(platform::Database& database);

  void subscribe(std::vector<Subscription> subscriptions);  // within a transaction
  // Who is told of an event: who subscribes to its kind and panel and is not disabled; a draft for one
  // endpoint goes to that one whatever it subscribes to.
  [[nodiscard]] bool wants(const Endpoint& endpoint, const EventDraft& draft) const;
  // `panel` is empty for an event of no panel.
  [[nodiscard]] bool subscribes(const Endpoint& endpoint, EventType type, const PanelName& panel) const;
  [[nodiscard]] const std::vector<Endpoint>& all();
  [[nodiscard]] const Endpoint* find(const WebhookName& name);
  [[nodiscard]] const WebhookName& name_of(std::int64_t row);
  void forget() { loaded_ = false; }

  [[nodiscard]] std::vector<WebhookRecord> records();
  // Within a transaction; resuming also ends a disablement and a rest.
  void set_paused(const WebhookName& name, bool paused);
  void disable(std::int64_t row, const std::string& reason);
  void note_rest(std::int64_t row, Timestamp until);  // never shortens one
  void end_rest(std::int64_t row);
  void mend_rests(Milliseconds moved, Timestamp now);

 private:
  void load();
  std::int64_t find_or_make(const WebhookName& name);

  platform::Database& database_;
  bool loaded_ = false;
  std::vector<Endpoint> endpoints_;  // by row
  std::vector<Subscription> subscriptions_;
  platform::Statement all_;
  platform::Statement insert_;
  platform::Statement pause_;
  platform::Statement disable_;
  platform::Statement note_rest_;
  platform::Statement end_rest_;
  platform::Statement move_rests_;
  platform::Statement pull_in_;
  platform::Statement records_;
};

}  // namespace smm::store
