#pragma once

#include "domain/event.h"
#include "domain/order.h"
#include "domain/placement.h"
#include "domain/refill.h"
#include "store/store.h"

#include <tl/expected.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

// What costs money or patience and may happen once only: placements, refills, cancels. An intent is committed
// before anything is sent; what became of it is a second commit. A row left `asking` by a crash is for the
// caller to settle as unknown at the next start.
namespace smm::store {

// What became of one refill, with the events that tell of it.
struct RefillChange {
  Refill after;
  std::vector<EventDraft> events;
};
struct CancelChange {
  Cancel after;
  std::vector<EventDraft> events;
};

struct RefillQuery {
  std::optional<OrderKey> order;
  std::vector<PanelName> panels;    // empty = any
  std::vector<RefillState> states;  // empty = any
  std::size_t limit = 100;
  std::string cursor;
};
struct RefillPage {
  std::vector<Refill> items;  // newest first
  std::optional<std::string> next;
};
struct CancelQuery {
  std::optional<OrderKey> order;
  std::vector<PanelName> panels;
  std::vector<CancelState> states;
  std::size_t limit = 100;
  std::string cursor;
};
struct CancelPage {
  std::vector<Cancel> items;  // newest first
  std::optional<std::string> next;
};
struct PlacementQuery {
  std::vector<PanelName> panels;
  std::vector<PlacementState> states;
  std::size_t limit = 100;
  std::string cursor;
};
struct PlacementPage {
  std::vector<Placement> items;  // newest first
  std::optional<std::string> next;
};

// How long an idempotency key stands for the placement it was first given with.
inline constexpr Milliseconds keys_stand_for = std::chrono::hours(24) * 30;

class Cancels;
class Orders;
class Placements;
class RefillGrounds;
class Refills;
class Tracking;
class Writer;

// What becomes of a purchase is told in the notice of the commit under the orders concerned. What is settled
// about a row that was purged meanwhile is dropped with its events.
class Purchases {
 public:
  Purchases(Writer& writer, Orders& orders, Tracking& tracking, Refills& refills, RefillGrounds& grounds,
            Cancels& cancels, Placements& placements);

  // Refills. `intents` have order_row, cause, asked_by; state asking and asked_at = now are set. Their ids,
  // in order. All or none: an order that is not there is a std::logic_error.
  std::vector<std::int64_t> intend_refills(std::span<const Refill> intents, Timestamp now);
  // One transaction for all. What is the same as before writes nothing.
  void settle_refills(std::span<const RefillChange> changes, Timestamp now);
  [[nodiscard]] std::optional<Refill> refill(std::int64_t id);
  [[nodiscard]] std::optional<Refill> refill_by_upstream(const PanelName& panel, const RefillId& upstream);
  [[nodiscard]] tl::expected<RefillPage, std::string> refills(const RefillQuery& query);
  [[nodiscard]] std::vector<Refill> refills_of(std::int64_t order_row);  // oldest first
  // Accepted ones whose end is awaited, and those in doubt: asking, unknown (however long ago), pending,
  // in_progress. Oldest first.
  [[nodiscard]] std::vector<Refill> open_refills(const PanelName& panel);
  [[nodiscard]] std::vector<Refill> refills_left_asking();

  // Cancels. The outcome of an accepted one, or one in doubt, is written by Store::record() when its order
  // ends: Canceled, Partial or Refunded is done, anything else in vain. That outcome stands: an answer that
  // comes later and only says `requested` or `unknown` adds its words to it.
  std::vector<std::int64_t> intend_cancels(std::span<const Cancel> intents, Timestamp now);
  void settle_cancels(std::span<const CancelChange> changes, Timestamp now);
  [[nodiscard]] std::optional<Cancel> cancel(std::int64_t id);
  [[nodiscard]] tl::expected<CancelPage, std::string> cancels(const CancelQuery& query);
  [[nodiscard]] std::optional<Cancel> last_cancel_of(std::int64_t order_row);
  // Without an answer; the end of the order may have decided them.
  [[nodiscard]] std::vector<Cancel> cancels_left_asking();

  // Placements. A key that stands for another one (see placement_by_key) is a std::logic_error: ask first.
  std::int64_t intend_placement(const Placement& intent, Timestamp now);
  // What only its placement knows of an order.
  struct NewOrder {
    TrackRequest request;
    OrderKind kind = OrderKind::ordinary;  // a drip-feed or subscription by its fields
    std::optional<std::int64_t> runs;
    std::optional<Milliseconds> interval;
  };
  // Writes what became of it; with `order`, tracks that order in the same transaction as Store::track does,
  // with the placement's rate, and gives it back; one that is tracked already gets what it lacks. The events
  // come after its order.tracked. One that has its end (failed, refused, accepted, resolved) keeps it:
  // nothing is written then.
  std::optional<Tracked> settle_placement(const Placement& after, const std::optional<NewOrder>& order,
                                          std::span<const EventDraft> events, Timestamp now);
  [[nodiscard]] std::optional<Placement> placement(std::int64_t id);
  // The newest with this key asked at or after `since` (now - keys_stand_for). One resolved to no order has
  // set its key free and is not found.
  [[nodiscard]] std::optional<Placement> placement_by_key(const PanelName& panel, const std::string& key,
                                                          Timestamp since);
  // The newest with the same digest asked at or after `since`.
  // The newest placement that stands for this order of the panel's: accepted, or resolved to it.
  [[nodiscard]] std::optional<Placement> placement_by_order(const OrderKey& order);
  [[nodiscard]] std::optional<Placement> placement_by_digest(const PanelName& panel,
                                                             const std::string& digest, Timestamp since);
  [[nodiscard]] tl::expected<PlacementPage, std::string> placements(const PlacementQuery& query);
  [[nodiscard]] std::vector<Placement> placements_left_asking();
  [[nodiscard]] std::int64_t unknown_placements();  // how many wait for a person to resolve them

  // A count seen by the user's own means; the last one is kept. False: no such order.
  bool report_count(const OrderKey& order, std::int64_t count, Timestamp now,
                    std::span<const EventDraft> events);
  struct ReportedCount {
    std::int64_t count = 0;
    Timestamp at;
  };
  [[nodiscard]] std::optional<ReportedCount> reported_count(std::int64_t order_row);

  // What the rule of automatic refills looks at: tracked orders of a panel that ended Completed or Partial
  // after `ended_after` and are offered refills, by row: `after` = 0 to begin, then `next`. A call looks at a
  // bounded number of rows: a page may be short, even empty, and still have a next.
  struct RefillCandidates {
    std::vector<Order> items;  // without their raw object
    std::optional<std::int64_t> next;
  };
  [[nodiscard]] RefillCandidates refill_candidates(const PanelName& panel, Timestamp ended_after,
                                                   std::int64_t after, std::size_t limit);

 private:
  Writer& writer_;
  Orders& orders_;
  Tracking& tracking_;
  Refills& refills_;
  RefillGrounds& grounds_;
  Cancels& cancels_;
  Placements& placements_;
};

}  // namespace smm::store
