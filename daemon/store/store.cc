#include "store/store.h"

#include "store/balances.h"
#include "store/cancels.h"
#include "store/catalogue.h"
#include "store/clock_steps.h"
#include "store/deliveries.h"
#include "store/delivery_list.h"
#include "store/events.h"
#include "store/examination.h"
#include "store/order_list.h"
#include "store/orders.h"
#include "store/panels.h"
#include "store/placements.h"
#include "store/purchases.h"
#include "store/refill_grounds.h"
#include "store/refills.h"
#include "store/retention.h"
#include "store/services.h"
#include "store/tracking.h"
#include "store/webhooks.h"
#include "store/writer.h"

#include <algorithm>

namespace smm::store {

using platform::DatabaseError;

namespace {

// After a full disk: some hundred commits' worth. With less, one small write would go through and the next
// one fail, over and over.
constexpr std::int64_t room_to_go_on = 1024 * 1024;

}  // namespace

// The parts.
struct Store::Impl {
  explicit Impl(platform::Database& opened)
      : database(opened),
        panels(opened),
        webhooks(opened),
        deliveries(opened),
        events(opened, panels, webhooks, deliveries),
        writer(opened, panels, webhooks, events),
        services(opened, panels),
        balances(opened),
        refills(opened, panels),
        refill_grounds(opened, panels),
        cancels(opened, panels),
        placements(opened, panels),
        orders(opened, panels, events, cancels),
        tracking(opened, panels, services, orders, events),
        order_list(opened, panels),
        delivery_list(opened, orders, webhooks, panels),
        retention(opened, webhooks),
        clock_steps(opened),
        examination(opened),
        purchases(writer, orders, tracking, refills, refill_grounds, cancels, placements),
        catalogue(writer, panels, events, services, balances),
        write_test(opened, "try to write", "UPDATE write_test SET value = 1 - value") {}

  platform::Database& database;
  Panels panels;
  Webhooks webhooks;
  Deliveries deliveries;
  EventLog events;
  Writer writer;
  Services services;
  Balances balances;
  Refills refills;
  RefillGrounds refill_grounds;
  Cancels cancels;
  Placements placements;
  Orders orders;
  Tracking tracking;
  OrderList order_list;
  DeliveryList delivery_list;
  Retention retention;
  ClockSteps clock_steps;
  Examination examination;
  Purchases purchases;
  Catalogue catalogue;
  platform::Statement write_test;

  void settle(std::span<const AttemptResult> finished, Work& work) {
    for (const auto& result : finished) {
      if (const auto row = deliveries.settle(result, work.now))
        work.notice.webhooks.insert(webhooks.name_of(*row));
      if (!result.rest_until && !result.is_gone) continue;
      const auto row = deliveries.webhook_of(result.delivery);
      if (!row) continue;
      if (result.rest_until) webhooks.note_rest(*row, *result.rest_until);
      if (!result.is_gone) continue;
      const WebhookName name = webhooks.name_of(*row);  // the list is read anew on the way
      disable(name, result.error, work);
    }
  }

  void disable(const WebhookName& name, const std::string& reason, Work& work) {
    const auto* endpoint = webhooks.find(name);
    if (endpoint->disabled) return;
    deliveries.cancel_pending(endpoint->row, work.now);
    webhooks.disable(endpoint->row, reason);
    EventDraft draft;
    draft.type = EventType::webhook_disabled;
    draft.data = {{"webhook", name.text()}, {"reason", reason}};
    events.append(draft, {}, work);
  }
};

Store::Store(platform::Database& database) : impl_(std::make_unique<Impl>(database)) {}
Store::~Store() = default;

void Store::on_commit(std::function<void(const Committed&)> listener) {
  impl_->writer.on_commit(std::move(listener));
}

Examination& Store::examination() {
  return impl_->examination;
}

Purchases& Store::purchases() {
  return impl_->purchases;
}

Catalogue& Store::catalogue() {
  return impl_->catalogue;
}

std::vector<Tracked> Store::track(std::span<const TrackRequest> requests, Timestamp now) {
  return impl_->writer.write(now, [&](Work& work) {
    std::vector<Tracked> tracked;
    tracked.reserve(requests.size());
    for (const auto& request : requests) tracked.push_back(impl_->tracking.track(request, work));
    return tracked;
  });
}

void Store::record(std::span<const rules::Change> changes, Timestamp now) {
  if (changes.empty()) return;
  impl_->writer.write(now, [&](Work& work) {
    for (const auto& change : changes) impl_->orders.record(change, work);
    return true;
  });
}

std::optional<Order> Store::find(const OrderKey& key) {
  return impl_->orders.find(key);
}

std::optional<Order> Store::find_row(std::int64_t row) {
  return impl_->orders.find_row(row);
}

std::vector<OrderId> Store::children_of(std::int64_t row) {
  return impl_->orders.children_of(row);
}

rules::Surroundings Store::surroundings_of(const Order& order, Timestamp now, Milliseconds gap) {
  return {impl_->orders.children_of(order.row), impl_->refills.has_open(order.row, now - gap)};
}

tl::expected<OrderPage, std::string> Store::orders(const OrderQuery& query) {
  return impl_->order_list.read(query);
}

std::optional<Order> Store::patch(const OrderKey& key, const OrderPatch& patch, Timestamp now) {
  return impl_->writer.write(now, [&](Work& work) { return impl_->tracking.patch(key, patch, work); });
}

bool Store::untrack(const OrderKey& key, Timestamp now) {
  return impl_->writer.write(now, [&](Work& work) { return impl_->tracking.untrack(key, work); });
}

bool Store::purge(const OrderKey& key) {
  return impl_->writer.write({}, [&](Work& work) { return impl_->tracking.purge(key, work); });
}

tl::expected<HistoryPage, std::string> Store::history(std::int64_t row, std::size_t limit,
                                                      const std::string& cursor) {
  return impl_->orders.history(row, limit, cursor);
}

std::vector<PollEntry> Store::poll_entries(const PanelName& panel, const PollPolicy& policy,
                                           std::int64_t after, std::size_t limit,
                                           std::span<const rules::ClockStep> steps, Timestamp now) {
  return impl_->orders.poll_entries(panel, policy, after, limit, steps, now);
}

Counts Store::order_counts() {
  return impl_->writer.tally().read(impl_->orders, impl_->panels);
}

Counts Store::counts() {
  auto counts = order_counts();
  counts.events = impl_->events.count();
  counts.last_seq = impl_->events.last_seq();
  return counts;
}

PanelRecord Store::panel(const PanelName& name) {
  return impl_->panels.record(name);
}

void Store::save_panel(const PanelRecord& record, std::span<const EventDraft> events, Timestamp now) {
  impl_->writer.write(now, [&](Work& work) {
    impl_->panels.save(record);
    for (const auto& draft : events) impl_->events.append(draft, {}, work);
    return true;
  });
}

std::int64_t Store::append(std::span<const EventDraft> events, Timestamp now) {
  return impl_->writer.write(now, [&](Work& work) {
    impl_->orders.tell(events, work);
    return impl_->events.last_seq();
  });
}

EventPage Store::events(const EventQuery& query) {
  return impl_->events.read(query);
}

EventSpan Store::event_span() {
  return impl_->events.span();
}

std::optional<std::int64_t> Store::newest_before_gap(std::int64_t since) {
  return impl_->events.newest_before_gap(since);
}

std::int64_t Store::last_event_before(Timestamp at) {
  return impl_->events.last_before(at);
}

void Store::subscribe(std::vector<Subscription> subscriptions) {
  impl_->writer.write({}, [&](Work&) {
    impl_->webhooks.subscribe(std::move(subscriptions));
    return true;
  });
}

std::vector<WebhookRecord> Store::webhooks() {
  return impl_->webhooks.records();
}

void Store::set_webhook_paused(const WebhookName& name, bool paused, Timestamp now) {
  impl_->writer.write(now, [&](Work&) {
    const auto* endpoint = impl_->webhooks.find(name);
    if (!paused && endpoint != nullptr) impl_->deliveries.end_waits(endpoint->row, now);
    impl_->webhooks.set_paused(name, paused);
    return true;
  });
}

void Store::end_webhook_rest(const WebhookName& name, Timestamp now) {
  impl_->writer.write(now, [&](Work&) {
    if (const auto* endpoint = impl_->webhooks.find(name)) {
      impl_->deliveries.end_waits(endpoint->row, now);
      impl_->webhooks.end_rest(endpoint->row);
    }
    return true;
  });
}

bool Store::send_again(std::int64_t delivery, Timestamp now) {
  return impl_->writer.write(now, [&](Work& work) {
    const auto row = impl_->deliveries.webhook_of(delivery);
    if (!row || !impl_->deliveries.send_again(delivery, now)) return false;
    work.notice.webhooks.insert(impl_->webhooks.name_of(*row));
    return true;
  });
}

Replayed Store::replay(const WebhookName& webhook, std::int64_t since, bool also_delivered, Timestamp now) {
  const auto* endpoint = impl_->webhooks.find(webhook);
  if (endpoint == nullptr || endpoint->disabled) return {};
  return impl_->writer.write(
      now, [&](Work& work) { return impl_->events.replay(*endpoint, since, also_delivered, work); });
}

std::vector<DueDelivery> Store::due_deliveries(const WebhookName& webhook, Timestamp now, std::size_t limit,
                                               std::span<const std::int64_t> busy,
                                               std::span<const std::int64_t> busy_orders) {
  const auto* endpoint = impl_->webhooks.find(webhook);
  if (endpoint == nullptr) return {};
  return impl_->deliveries.due(endpoint->row, now, limit, busy, busy_orders);
}

std::optional<DueDelivery> Store::waiting_delivery(const WebhookName& webhook, Timestamp now,
                                                   std::span<const std::int64_t> busy) {
  const auto* endpoint = impl_->webhooks.find(webhook);
  if (endpoint == nullptr) return std::nullopt;
  return impl_->deliveries.waiting(endpoint->row, now, busy);
}

std::optional<Timestamp> Store::next_delivery_at(const WebhookName& webhook,
                                                 std::span<const std::int64_t> busy_orders) {
  const auto* endpoint = impl_->webhooks.find(webhook);
  if (endpoint == nullptr) return std::nullopt;
  return impl_->deliveries.next_at(endpoint->row, busy_orders);
}

std::vector<std::int64_t> Store::settle_and_begin(std::span<const AttemptResult> finished,
                                                  std::span<const std::int64_t> starting, Timestamp now) {
  return impl_->writer.write(now, [&](Work& work) {
    impl_->settle(finished, work);
    std::vector<std::int64_t> attempts;
    attempts.reserve(starting.size());
    for (const auto delivery : starting) attempts.push_back(impl_->deliveries.begin(delivery, now));
    return attempts;
  });
}

std::int64_t Store::interrupt_open_attempts(Timestamp now) {
  return impl_->writer.write(now, [&](Work&) { return impl_->deliveries.interrupt_open({}, now); });
}

void Store::leave_webhook(const WebhookName& name, std::span<const AttemptResult> finished, Timestamp now) {
  impl_->writer.write(now, [&](Work& work) {
    impl_->settle(finished, work);
    if (const auto* endpoint = impl_->webhooks.find(name)) {
      impl_->deliveries.interrupt_open(endpoint->row, now);
    }
    return true;
  });
}

void Store::mend_waits(Milliseconds moved, Timestamp now) {
  impl_->writer.write(now, [&](Work&) {
    impl_->webhooks.mend_rests(moved, now);
    for (const auto& endpoint : impl_->webhooks.all()) {
      impl_->deliveries.mend_waits(endpoint.row, moved, now);
    }
    return true;
  });
}

tl::expected<DeliveryPage, std::string> Store::deliveries(const DeliveryQuery& query) {
  return impl_->delivery_list.read(query);
}

std::optional<Delivery> Store::delivery(std::int64_t id) {
  return impl_->delivery_list.find(id);
}

std::vector<Attempt> Store::attempts(std::int64_t delivery) {
  return impl_->deliveries.attempts(delivery);
}

std::vector<rules::ClockStep> Store::clock_steps() {
  return impl_->clock_steps.read();
}

void Store::add_clock_steps(std::span<const rules::ClockStep> steps) {
  impl_->writer.write({}, [&](Work&) {
    for (const auto& step : steps) impl_->clock_steps.add(step);
    return true;
  });
}

std::vector<Timestamp> Store::newest_moments() {
  return impl_->clock_steps.newest();
}

std::optional<Timestamp> Store::restored_at() {
  return impl_->clock_steps.restored_at();
}

void Store::note_restore(Timestamp at) {
  impl_->writer.write({}, [&](Work&) {
    impl_->clock_steps.note_restore(at);
    return true;
  });
}

void Store::pass_over_events(std::int64_t upto) {
  impl_->writer.write({}, [&](Work&) {
    impl_->events.pass_over(upto);
    return true;
  });
}

std::int64_t Store::expire(const RetentionPolicy& policy, Timestamp now, std::size_t limit) {
  return impl_->writer.write(
      now, [&](Work& work) { return impl_->retention.step(policy, static_cast<std::int64_t>(limit), work); });
}

std::int64_t Store::size_bytes() const {
  return impl_->database.size_bytes();
}

std::optional<std::string> Store::read_trouble() {
  try {
    impl_->database.try_to_read();
    return std::nullopt;
  } catch (const DatabaseError& error) {
    return error.what();
  }
}

std::optional<std::string> Store::write_trouble() {
  const auto& trouble = impl_->writer.trouble();
  if (!trouble) return std::nullopt;
  const bool is_full = trouble->kind() == platform::DatabaseErrorKind::full;
  if (is_full && impl_->database.room_bytes() < room_to_go_on) return trouble->what();
  try {
    impl_->writer.write({}, [&](Work&) {
      impl_->write_test.run();
      return true;
    });
    return std::nullopt;
  } catch (const DatabaseError& error) {
    return error.what();
  }
}

}  // namespace smm::store
