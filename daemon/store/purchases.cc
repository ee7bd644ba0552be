#include "store/purchases.h"

#include "store/cancels.h"
#include "store/orders.h"
#include "store/placements.h"
#include "store/refill_grounds.h"
#include "store/refills.h"
#include "store/tracking.h"
#include "store/writer.h"

namespace smm::store {

Purchases::Purchases(Writer& writer, Orders& orders, Tracking& tracking, Refills& refills,
                     RefillGrounds& grounds, Cancels& cancels, Placements& placements)
    : writer_(writer),
      orders_(orders),
      tracking_(tracking),
      refills_(refills),
      grounds_(grounds),
      cancels_(cancels),
      placements_(placements) {}

namespace {

// Writes intents of one kind in one transaction. Their ids, in order.
template <class Rows, class Intent>
std::vector<std::int64_t> intend(Writer& writer, Rows& rows, std::span<const Intent> intents, Timestamp now) {
  return writer.write(now, [&](Work& work) {
    std::vector<std::int64_t> ids;
    ids.reserve(intents.size());
    for (const auto& intent : intents) {
      ids.push_back(rows.insert(intent, now));
      work.notice.orders.push_back(rows.find(ids.back())->order);
    }
    return ids;
  });
}

template <class Rows, class Change>
void settle(Writer& writer, Rows& rows, Orders& orders, std::span<const Change> changes, Timestamp now) {
  using Settled = typename Rows::Settled;
  writer.write(now, [&](Work& work) {
    for (const auto& change : changes) {
      const auto settled = rows.settle(change.after);
      if (settled == Settled::gone) continue;
      if (settled == Settled::written) work.notice.orders.push_back(rows.find(change.after.id)->order);
      orders.tell(change.events, work);
    }
    return true;
  });
}

}  // namespace

std::vector<std::int64_t> Purchases::intend_refills(std::span<const Refill> intents, Timestamp now) {
  return intend(writer_, refills_, intents, now);
}

void Purchases::settle_refills(std::span<const RefillChange> changes, Timestamp now) {
  settle(writer_, refills_, orders_, changes, now);
}

std::optional<Refill> Purchases::refill(std::int64_t id) {
  return refills_.find(id);
}

std::optional<Refill> Purchases::refill_by_upstream(const PanelName& panel, const RefillId& upstream) {
  return refills_.find_by_upstream(panel, upstream);
}

tl::expected<RefillPage, std::string> Purchases::refills(const RefillQuery& query) {
  std::optional<std::int64_t> row;
  if (query.order) row = orders_.row_of(*query.order);
  return refills_.list(query, row);
}

std::vector<Refill> Purchases::refills_of(std::int64_t order_row) {
  return refills_.of_order(order_row);
}

std::vector<Refill> Purchases::open_refills(const PanelName& panel) {
  return refills_.open_on(panel);
}

std::vector<Refill> Purchases::refills_left_asking() {
  return refills_.left_asking();
}

std::vector<std::int64_t> Purchases::intend_cancels(std::span<const Cancel> intents, Timestamp now) {
  return intend(writer_, cancels_, intents, now);
}

void Purchases::settle_cancels(std::span<const CancelChange> changes, Timestamp now) {
  settle(writer_, cancels_, orders_, changes, now);
}

std::optional<Cancel> Purchases::cancel(std::int64_t id) {
  return cancels_.find(id);
}

tl::expected<CancelPage, std::string> Purchases::cancels(const CancelQuery& query) {
  std::optional<std::int64_t> row;
  if (query.order) row = orders_.row_of(*query.order);
  return cancels_.list(query, row);
}

std::optional<Cancel> Purchases::last_cancel_of(std::int64_t order_row) {
  return cancels_.last_of(order_row);
}

std::vector<Cancel> Purchases::cancels_left_asking() {
  return cancels_.left_asking();
}

std::int64_t Purchases::intend_placement(const Placement& intent, Timestamp now) {
  return writer_.write(now, [&](Work&) { return placements_.insert(intent, now); });
}

std::optional<Tracked> Purchases::settle_placement(const Placement& after,
                                                   const std::optional<NewOrder>& order,
                                                   std::span<const EventDraft> events, Timestamp now) {
  return writer_.write(now, [&](Work& work) -> std::optional<Tracked> {
    const bool is_news = placements_.settle(after);
    if (!is_news) {
      // What it came to stands already; its order may be asked for again.
      auto known = order ? orders_.find(order->request.key) : std::nullopt;
      if (!known) return std::nullopt;
      return Tracked{std::move(*known), false};
    }
    std::optional<Tracked> tracked;
    if (order) {
      tracked =
          tracking_.track(order->request, work, {order->kind, order->runs, order->interval, after.rate});
    }
    orders_.tell(events, work);
    return tracked;
  });
}

std::optional<Placement> Purchases::placement(std::int64_t id) {
  return placements_.find(id);
}

std::optional<Placement> Purchases::placement_by_key(const PanelName& panel, const std::string& key,
                                                     Timestamp since) {
  return placements_.find_by_key(panel, key, since);
}

std::optional<Placement> Purchases::placement_by_order(const OrderKey& order) {
  return placements_.find_by_order(order);
}

std::optional<Placement> Purchases::placement_by_digest(const PanelName& panel, const std::string& digest,
                                                        Timestamp since) {
  return placements_.find_by_digest(panel, digest, since);
}

tl::expected<PlacementPage, std::string> Purchases::placements(const PlacementQuery& query) {
  return placements_.list(query);
}

std::vector<Placement> Purchases::placements_left_asking() {
  return placements_.left_asking();
}

std::int64_t Purchases::unknown_placements() {
  return placements_.unknown();
}

bool Purchases::report_count(const OrderKey& order, std::int64_t count, Timestamp now,
                             std::span<const EventDraft> events) {
  return writer_.write(now, [&](Work& work) {
    const auto row = orders_.row_of(order);
    if (!row) return false;
    grounds_.report_count(*row, count, now);
    work.notice.orders.push_back(order);
    orders_.tell(events, work);
    return true;
  });
}

std::optional<Purchases::ReportedCount> Purchases::reported_count(std::int64_t order_row) {
  return grounds_.reported_count(order_row);
}

Purchases::RefillCandidates Purchases::refill_candidates(const PanelName& panel, Timestamp ended_after,
                                                         std::int64_t after, std::size_t limit) {
  return grounds_.candidates(panel, ended_after, after, limit);
}

}  // namespace smm::store
