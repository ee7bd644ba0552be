#pragma once

#include "actors/panel_line.h"
#include "actors/poller.h"
#include "actors/unsettled.h"
#include "domain/order.h"
#include "domain/placement.h"
#include "rules/order_form.h"
#include "store/purchases.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace smm::actors {

// Who asked for something that may happen once only, and by which way.
struct Asker {
  Cause cause = Cause::manual;
  std::optional<std::uint32_t> uid;
};

// Places orders at one panel, each once: the intent is committed in the very turn in which the request
// leaves, the request goes onto the wire once at most, and what became of it is committed before anybody is
// told. Where that cannot be known it is recorded as unknown and never sent again.
class Placer {
 public:
  // The line and the poller outlive the placer; the line is closed before it goes.
  Placer(World world, PanelLine& line, Poller& poller, const PanelPolicy& policy);
  Placer(const Placer&) = delete;
  Placer& operator=(const Placer&) = delete;

  // Once at the start: what a crash left on its way is unknown from now on.
  void settle_left_over();
  void set_policy(const PanelPolicy& policy) { policy_ = policy; }
  // The storage may take writes again.
  void wake() { unsettled_.try_again(); }
  // Nothing is waiting to be written.
  [[nodiscard]] bool settled() const { return unsettled_.empty(); }

  struct Order {
    PlacementFields fields;  // of `add`, without key and action
    std::optional<std::string> ref;
    Labels labels;
    std::optional<rules::OrderType> type;  // as the catalogue has the service at this moment
    std::optional<Money> rate;
    std::optional<std::string> idempotency_key;
    std::string digest;  // of what is asked: see Placement
    Asker asker;
    std::function<bool()> is_client_gone;  // asked when the answer is there; may be empty
  };
  // The row as it is committed, whatever it says; or why nothing was written down: it never left.
  using Result = tl::expected<Placement, PanelLine::Refusal>;
  using Done = std::function<void(const Result&)>;
  // `done` is called once, from the loop. The caller has looked into the database and under_way() whether it
  // is asked again.
  void place(Order order, Done done);

  // What has been asked for and is not answered yet, by its key or else its digest.
  [[nodiscard]] const Order* under_way_by_key(const std::string& key) const;
  [[nodiscard]] const Order* under_way_by_digest(const std::string& digest) const;
  // Waits for the answer to that one. `is_client_gone`: as in an Order, of the one who waits now.
  void join(const Order& under_way, std::function<bool()> is_client_gone, Done done);

 private:
  struct Pending {
    Order order;
    Placement placement;
    std::vector<Done> done;
    std::vector<std::function<bool()>> joined;  // is the client gone? Of those who joined
  };
  using PendingPtr = std::shared_ptr<Pending>;

  [[nodiscard]] std::optional<PanelLine::Outgoing> prepare(const PendingPtr& pending);
  std::optional<PanelLine::Verdict> answered(const PendingPtr& pending, const platform::HttpOutcome& outcome);
  void dropped(const PendingPtr& pending, PanelLine::Drop drop);
  void settle(const PendingPtr& pending);
  void finish(const PendingPtr& pending, const Result& result);

  World world_;
  PanelLine& line_;
  Poller& poller_;
  PanelPolicy policy_;
  std::vector<PendingPtr> under_way_;
  Unsettled unsettled_;
};

// The order a placement brings, as far as its fields and its type tell. `id`: what the panel calls it.
[[nodiscard]] store::Purchases::NewOrder new_order_of(const Placement& placement, const OrderId& id,
                                                      std::optional<rules::OrderType> type);
// place.accepted, place.refused, place.unknown or place.resolved.
[[nodiscard]] EventDraft place_event(EventType type, const Placement& placement);

}  // namespace smm::actors
