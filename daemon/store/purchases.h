#pragma once

#include "domain/event.h"
#include "domain/order.h"
#include "domain/placement.h"
#include "domain/refill.h"
#include "store/store.h"

#include <tl/expected.hpp>

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

class Purchases {
 public:
  virtual ~Purchases() = default;

  // Refills. `intents` have order_row, cause, asked_by; state asking and asked_at = now are set. Their ids,
  // in order.
  virtual std::vector<std::int64_t> intend_refills(std::span<const Refill> intents, Timestamp now) = 0;
  // One transaction for all. The orders concerned are in the notice of the commit.
  virtual void settle_refills(std::span<const RefillChange> changes, Timestamp now) = 0;
  [[nodiscard]] virtual std::optional<Refill> refill(std::int64_t id) = 0;
  [[nodiscard]] virtual tl::expected<RefillPage, std::string> refills(const RefillQuery& query) = 0;
  [[nodiscard]] virtual std::vector<Refill> refills_of(std::int64_t order_row) = 0;  // oldest first
  // Accepted ones whose end is awaited, and those in doubt: asking, unknown, pending, in_progress.
  [[nodiscard]] virtual std::vector<Refill> open_refills(const PanelName& panel) = 0;
  [[nodiscard]] virtual std::vector<Refill> refills_left_asking() = 0;

  // Cancels. The outcome of an accepted one, or one in doubt, is written by Store::record() when its order
  // ends: Canceled, Partial or Refunded is done, anything else in vain.
  virtual std::vector<std::int64_t> intend_cancels(std::span<const Cancel> intents, Timestamp now) = 0;
  virtual void settle_cancels(std::span<const CancelChange> changes, Timestamp now) = 0;
  [[nodiscard]] virtual std::optional<Cancel> cancel(std::int64_t id) = 0;
  [[nodiscard]] virtual tl::expected<CancelPage, std::string> cancels(const CancelQuery& query) = 0;
  [[nodiscard]] virtual std::optional<Cancel> last_cancel_of(std::int64_t order_row) = 0;
  [[nodiscard]] virtual std::vector<Cancel> cancels_left_asking() = 0;

  // Placements.
  virtual std::int64_t intend_placement(const Placement& intent, Timestamp now) = 0;
  // Writes what became of it; with `order`, tracks that order in the same transaction (its interval, rate and
  // service facts too).
  struct NewOrder {
    TrackRequest request;
    std::optional<std::int64_t> runs;
    std::optional<Milliseconds> interval;
  };
  virtual std::optional<Tracked> settle_placement(const Placement& after,
                                                  const std::optional<NewOrder>& order,
                                                  std::span<const EventDraft> events, Timestamp now) = 0;
  [[nodiscard]] virtual std::optional<Placement> placement(std::int64_t id) = 0;
  // The newest with this key asked since then.
  [[nodiscard]] virtual std::optional<Placement> placement_by_key(const PanelName& panel,
                                                                  const std::string& key,
                                                                  Timestamp since) = 0;
  // The newest with the same digest asked since then.
  [[nodiscard]] virtual std::optional<Placement> placement_by_digest(const PanelName& panel,
                                                                     const std::string& digest,
                                                                     Timestamp since) = 0;
  [[nodiscard]] virtual tl::expected<PlacementPage, std::string> placements(const PlacementQuery& query) = 0;
  [[nodiscard]] virtual std::vector<Placement> placements_left_asking() = 0;

  // A count seen by the user's own means. False: no such order.
  virtual bool report_count(const OrderKey& order, std::int64_t count, Timestamp now,
                            std::span<const EventDraft> events) = 0;
  struct ReportedCount {
    std::int64_t count = 0;
    Timestamp at;
  };
  [[nodiscard]] virtual std::optional<ReportedCount> reported_count(std::int64_t order_row) = 0;

  // What the rule of automatic refills looks at: tracked orders of a panel that ended Completed or Partial
  // after `ended_after` and are offered refills, in pages by row.
  [[nodiscard]] virtual std::vector<Order> refill_candidates(const PanelName& panel, Timestamp ended_after,
                                                             std::int64_t after, std::size_t limit) = 0;
};

}  // namespace smm::store
