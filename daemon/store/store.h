#pragma once

#include "domain/event.h"
#include "domain/order.h"
#include "domain/policy.h"
#include "platform/database.h"
#include "rules/schedule.h"
#include "rules/transition.h"

#include <tl/expected.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// All SQL, as verbs. Every verb that writes is one transaction: state, history, events and their deliveries
// together or not at all. All of them throw platform::DatabaseError when the database will not; nothing was
// written then.
namespace smm::store {

inline constexpr std::int32_t application_id = 0x534D4D54;  // "SMMT"

// The schema this program was built with (schema/*.sql, in order).
[[nodiscard]] std::vector<std::string_view> migrations();

// ---- orders
// -------------------------------------------------------------------------------------------------

struct TrackRequest {
  OrderKey key;
  std::optional<ServiceId> service;
  std::optional<std::string> link;
  std::optional<std::int64_t> quantity;
  std::optional<std::string> ref;
  Labels labels;
  std::optional<Timestamp> placed_at;
  std::optional<Timestamp> ended_at;
  bool quiet = false;
};

struct Tracked {
  Order order;
  bool is_new = false;  // also when it had been untracked
};

enum class OrderSort : std::uint8_t { tracked, changed, placed };

struct OrderQuery {
  std::vector<PanelName> panels;  // OR within a field, AND between fields; empty = any
  std::vector<OrderStatus> statuses;
  std::vector<ServiceId> services;
  std::vector<std::pair<std::string, std::string>> labels;  // all must match
  std::vector<std::string> refs;
  std::optional<std::string> q;  // an id or a ref, whole or its beginning
  std::optional<bool> stalled;
  std::optional<bool> settled;
  std::optional<bool> lost;
  std::optional<Timestamp> updated_after;  // changed_at (or tracked_at of one never answered) later than this
  OrderSort sort = OrderSort::tracked;
  bool descending = true;
  std::size_t limit = 100;
  std::string cursor;  // from OrderPage::next; empty = from the start
};

struct OrderPage {
  std::vector<Order> items;
  std::optional<std::string>
      next;  // nothing: that was all. A page may be short, even empty, and still have a next
};

struct OrderPatch {
  std::optional<std::optional<std::string>> ref;         // set to nothing = removed
  std::optional<Labels> labels;                          // replaces all
  std::optional<std::optional<RefillAuto>> refill_auto;  // set to nothing = as the configuration says
};

// What a poller needs in memory of each order it asks about.
struct PollEntry {
  std::int64_t row = 0;
  OrderId id;
  OrderKind kind = OrderKind::ordinary;
  rules::ScheduleFacts facts;
  std::optional<Timestamp> time_may_tell;  // rules::time_may_tell
};

struct HistoryPage {
  std::vector<HistoryPoint> items;  // the first sight first
  std::optional<std::string> next;
};

// ---- panels
// -------------------------------------------------------------------------------------------------

// What outlives a restart of a panel's condition.
struct PanelRecord {
  PanelName name;
  bool paused = false;
  std::string state = "up";  // rules::PanelState
  Timestamp state_since;
  std::string last_error;  // cleaned words; empty = none
  std::optional<Timestamp> last_error_at;
  std::optional<Timestamp> refill_rest_until;  // automatic refills ask nothing before that
  std::int64_t refill_refusals = 0;            // of automatic refills, in a row
  bool balance_low = false;                    // it has been said to be low
  std::optional<Timestamp> last_success_at;    // as it was when the state changed last, or at an orderly stop

  bool operator==(const PanelRecord&) const = default;
};

struct PanelCount {
  PanelName panel;
  OrderStatus status = OrderStatus::unasked;
  std::int64_t orders = 0;
};
struct Counts {
  std::vector<PanelCount> orders;  // tracked ones
  std::vector<std::pair<PanelName, std::int64_t>> stalled;
  std::vector<std::pair<PanelName, std::int64_t>> lost;
  std::int64_t events = 0;
  std::int64_t last_seq = 0;
};

// ---- events and deliveries
// ----------------------------------------------------------------------------------

struct EventRecord {
  std::int64_t seq = 0;
  std::string id;  // evt_ + 32 hex digits: webhook-id
  EventType type = EventType::order_tracked;
  std::string body;  // {"type":…,"timestamp":…,"data":{"seq":…,…}}: UTF-8, the same bytes for ever
};

struct EventQuery {
  std::int64_t since = 0;          // exclusive
  std::vector<std::string> types;  // patterns; empty = all
  std::vector<PanelName> panels;   // empty = all
  std::size_t limit = 100;
};

struct EventPage {
  std::vector<EventRecord> items;
  std::int64_t scanned_to = 0;  // give this back as `since`: nothing matching lies at or before it
};

struct EventSpan {
  std::int64_t oldest = 0;  // 0 and 0: no event yet
  std::int64_t newest = 0;
};

enum class DeliveryState : std::uint8_t { pending, delivered, dead, canceled };
[[nodiscard]] std::string_view to_text(DeliveryState state);
[[nodiscard]] std::optional<DeliveryState> delivery_state_from_text(std::string_view text);

struct Delivery {
  std::int64_t id = 0;
  WebhookName webhook;
  DeliveryState state = DeliveryState::pending;
  std::int64_t event_seq = 0;
  std::string event_id;
  EventType type = EventType::order_tracked;
  std::optional<OrderKey> order;
  int tries = 0;  // attempts that used up a try
  Timestamp created_at;
  std::optional<Timestamp> next_try_at;  // pending ones
  std::optional<Timestamp> ended_at;
};

struct Attempt {
  std::int64_t id = 0;
  Timestamp started_at;
  std::optional<Timestamp> ended_at;  // nothing: under way
  std::string outcome;                // "", "delivered", "refused", "failed", "interrupted"
  long http_status = 0;
  std::string error;     // for a person
  std::string response;  // at most 4 KiB of what the receiver said, valid UTF-8
};

struct DueDelivery {
  std::int64_t id = 0;
  std::string event_id;
  std::string body;
  int tries = 0;
  std::optional<std::int64_t> order_row;
  Timestamp due_at;
};

// What became of an attempt: exactly one of delivered, dead, canceled, or tried again at `next_try_at`.
struct AttemptResult {
  std::int64_t attempt = 0;
  std::int64_t delivery = 0;
  std::string outcome;
  long http_status = 0;
  std::string error;
  std::string response;
  DeliveryState state = DeliveryState::pending;
  bool used_a_try = true;
  std::optional<Timestamp> next_try_at;  // with state pending
  std::optional<Timestamp> rest_until;   // the endpoint asks for nothing at all before then
  // It asks for nothing any more: it is disabled, `error` being the reason, what is pending for it is
  // canceled, and the others are told; once, however often it says so.
  bool is_gone = false;
};

struct DeliveryQuery {
  std::optional<DeliveryState> state;
  std::vector<WebhookName> webhooks;
  std::optional<OrderKey> order;
  std::size_t limit = 100;
  std::string cursor;
};
struct DeliveryPage {
  std::vector<Delivery> items;  // newest first
  std::optional<std::string> next;
};

// A slice of a replay.
struct Replayed {
  std::int64_t replayed = 0;
  std::int64_t left_alone = 0;       // pending, or delivered and not wanted again
  std::optional<std::int64_t> next;  // there may be more after this event
};

struct WebhookRecord {
  WebhookName name;
  bool paused = false;
  bool disabled = false;  // it answered 410
  std::string disabled_reason;
  std::optional<Timestamp> rest_until;  // what the endpoint asked for last; may be past
  std::int64_t pending = 0;
  std::int64_t dead = 0;
  std::optional<Timestamp> oldest_pending;
  std::optional<Timestamp> last_delivered_at;
};

// Which endpoints want which events: fixes the fan-out at the moment an event is written.
struct Subscription {
  WebhookName webhook;
  std::vector<std::string> events;  // patterns; empty = the default set
  std::vector<PanelName> panels;    // empty = all (and events of no panel)
};

// An event that was written, as far as it is known without reading it.
struct EventHead {
  std::int64_t seq = 0;
  EventType type = EventType::order_tracked;
  PanelName panel;
  std::optional<OrderId> order;
  std::string status;  // that an order or a refill has now; empty where the event tells of neither
};

// What a commit brought, for those who wait: a hint, the rows are the truth.
struct Committed {
  std::int64_t last_seq = 0;
  std::vector<EventHead> events;   // in order
  std::vector<OrderKey> orders;    // who came, changed (also a flag alone) or went
  std::set<WebhookName> webhooks;  // whose queues grew, or moved on
};

class Catalogue;    // store/catalogue.h
class Examination;  // store/examination.h
class Purchases;    // store/purchases.h

// Nobody can know whether the panel got it: for so long an unknown refill counts as open. Panels count the
// 24 hours between two refills by their own clock; the `gap` of the configuration, unless it says otherwise.
inline constexpr Milliseconds unknown_refill_is_open_for = std::chrono::hours(25);

class Store {
 public:
  // The database is open and migrated; it must outlive the store.
  explicit Store(platform::Database& database);
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  // Called after each commit that wrote something, from within the verb: only take notice, do not call back.
  void on_commit(std::function<void(const Committed&)> listener);

  // What is asked of panels once, and what they offer; for as long as the store.
  [[nodiscard]] Purchases& purchases();
  [[nodiscard]] Catalogue& catalogue();
  // How the file itself is.
  [[nodiscard]] Examination& examination();

  // Orders. One whose service the catalogue knows gets its facts (Order::refill_offered …) the first time.
  std::vector<Tracked> track(std::span<const TrackRequest> requests, Timestamp now);
  // An order whose status becomes an ended one decides the outcome of its open cancels, too.
  void record(std::span<const rules::Change> changes, Timestamp now);
  [[nodiscard]] std::optional<Order> find(const OrderKey& key);
  [[nodiscard]] std::optional<Order> find_row(std::int64_t row);
  [[nodiscard]] std::vector<OrderId> children_of(std::int64_t row);
  // `gap`: how long after it was asked for an unknown refill counts as open.
  [[nodiscard]] rules::Surroundings surroundings_of(const Order& order, Timestamp now,
                                                    Milliseconds gap = unknown_refill_is_open_for);
  // Nothing in the error but what is wrong with the cursor.
  [[nodiscard]] tl::expected<OrderPage, std::string> orders(const OrderQuery& query);
  std::optional<Order> patch(const OrderKey& key, const OrderPatch& patch, Timestamp now);
  bool untrack(const OrderKey& key, Timestamp now);  // false: no such order
  // Erases the order, its history, refills, cancels, events and their deliveries; false: no such order. An
  // event of it that somebody has still to be told of stays, with its deliveries, until retention takes it.
  bool purge(const OrderKey& key);
  [[nodiscard]] tl::expected<HistoryPage, std::string> history(std::int64_t row, std::size_t limit,
                                                               const std::string& cursor);
  // Every tracked order of a panel, in pages by row: `after` = the last row seen, 0 to begin. Its moments by
  // the clock of `now`, over `steps`.
  [[nodiscard]] std::vector<PollEntry> poll_entries(const PanelName& panel, const PollPolicy& policy,
                                                    std::int64_t after, std::size_t limit,
                                                    std::span<const rules::ClockStep> steps = {},
                                                    Timestamp now = {});
  // The first time this reads every order: whoever is in a hurry later asks while nobody waits.
  [[nodiscard]] Counts order_counts();  // nothing of events
  [[nodiscard]] Counts counts();

  // Panels. Rows are made on demand and stay when the configuration forgets them.
  PanelRecord panel(const PanelName& name);
  void save_panel(const PanelRecord& record, std::span<const EventDraft> events, Timestamp now);

  // Events.
  std::int64_t append(std::span<const EventDraft> events, Timestamp now);  // the last seq
  [[nodiscard]] EventPage events(const EventQuery& query);
  [[nodiscard]] EventSpan event_span();
  // Where a restore took the event `since` away, or may have: the newest one before that is still known.
  [[nodiscard]] std::optional<std::int64_t> newest_before_gap(std::int64_t since);
  // The number of the last event written before then, by the clock of its day; 0 if none is kept.
  [[nodiscard]] std::int64_t last_event_before(Timestamp at);

  // Webhooks. `subscribe` replaces all subscriptions; pending deliveries of endpoints that vanished stay.
  void subscribe(std::vector<Subscription> subscriptions);
  [[nodiscard]] std::vector<WebhookRecord> webhooks();
  // Resuming also ends a disablement and a rest; what waits for its next try may go at once.
  void set_webhook_paused(const WebhookName& name, bool paused, Timestamp now);
  // It is somewhere else now: what it asked for by Retry-After is over, and what waits for its next try may
  // go.
  void end_webhook_rest(const WebhookName& name, Timestamp now);
  // A delivery that ended begins its tries anew, and one that waits for its next try goes at once. False:
  // there is none of that number, it is under way, or it waits for an older one of its order.
  bool send_again(std::int64_t delivery, Timestamp now);
  // Sends an endpoint again what it subscribes to now, in order: of the next thousand events after `since`
  // those it was never told of, or in vain, and, if wanted, those it was told of. What is pending is left
  // alone. Nothing for an endpoint that is not there or is disabled.
  Replayed replay(const WebhookName& webhook, std::int64_t since, bool also_delivered, Timestamp now);
  // Pending deliveries that may go now, oldest first, at most one an order (the oldest; a younger one may
  // pass one that has been failing for 30 minutes), none of an order in `busy_orders` or itself in `busy`.
  [[nodiscard]] std::vector<DueDelivery> due_deliveries(const WebhookName& webhook, Timestamp now,
                                                        std::size_t limit, std::span<const std::int64_t> busy,
                                                        std::span<const std::int64_t> busy_orders);
  // What has failed and waits for its next try, the first one that is none of `busy`: to try an endpoint that
  // is taken to be down.
  [[nodiscard]] std::optional<DueDelivery> waiting_delivery(const WebhookName& webhook, Timestamp now,
                                                            std::span<const std::int64_t> busy);
  // When the next of them may go, by what the rows say; those of `busy_orders` are left out, since the end of
  // an attempt is noticed anyhow. Not before then will due_deliveries() find anything new.
  [[nodiscard]] std::optional<Timestamp> next_delivery_at(const WebhookName& webhook,
                                                          std::span<const std::int64_t> busy_orders);
  // One commit: completes the attempts that finished and writes those that start; the new attempts' ids in
  // order.
  std::vector<std::int64_t> settle_and_begin(std::span<const AttemptResult> finished,
                                             std::span<const std::int64_t> starting, Timestamp now);
  // At start: attempts a crash left open become "interrupted" and use up no try. How many there were.
  std::int64_t interrupt_open_attempts(Timestamp now);
  // Nobody sends to this endpoint any more: completes the attempts that finished; what is open besides
  // becomes "interrupted". One commit.
  void leave_webhook(const WebhookName& name, std::span<const AttemptResult> finished, Timestamp now);
  // The wall clock was set on (> 0) or back by so much: who waits does so for as long as he would have, and
  // has been failing for no longer. Nobody waits for longer than anything ever may, also when nobody knows by
  // how much it was set (0). `now` is by the new clock; what it has written already must not wait.
  void mend_waits(Milliseconds moved, Timestamp now);
  [[nodiscard]] tl::expected<DeliveryPage, std::string> deliveries(const DeliveryQuery& query);
  [[nodiscard]] std::optional<Delivery> delivery(std::int64_t id);
  [[nodiscard]] std::vector<Attempt> attempts(std::int64_t delivery);

  // The wall clock (rules/clock_trust.h): its steps that are kept, in the order in which they were made, and
  // the newest moments that are stored at all.
  [[nodiscard]] std::vector<rules::ClockStep> clock_steps();
  void add_clock_steps(std::span<const rules::ClockStep> steps);
  [[nodiscard]] std::vector<Timestamp> newest_moments();
  // When a copy was put in the place of the database, if ever.
  [[nodiscard]] std::optional<Timestamp> restored_at();
  void note_restore(Timestamp at);
  // The next event gets a number above `upto`, which is above the newest's. Those between are a gap.
  void pass_over_events(std::int64_t upto);

  // Retention, one slice of it: deletes what its policy says is over (and placements, changes of services and
  // balances after 400 days) and nothing still needs. How many rows
  // it looked at or deleted: `limit` or hardly more; fewer, and a whole round is over.
  std::int64_t expire(const RetentionPolicy& policy, Timestamp now, std::size_t limit);

  [[nodiscard]] std::int64_t size_bytes() const;
  // Why the database takes no writes, else nothing. Once it has refused one, this tries one that changes
  // nothing (and, after a full disk, only when there is room for more than that); before, it asks nothing of
  // the disk.
  [[nodiscard]] std::optional<std::string> write_trouble();
  // Why the database cannot be read, else nothing: this tries the disk, whatever is in memory. It says
  // nothing of other places on that disk.
  [[nodiscard]] std::optional<std::string> read_trouble();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace smm::store
