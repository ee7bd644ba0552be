#include "store/webhooks.h"

#include "rules/retry.h"

#include <algorithm>
#include <stdexcept>

namespace smm::store {
namespace {

using platform::Reading;

bool subscribes_to(const Subscription& subscription, EventType type) {
  if (subscription.events.empty()) return is_sent_by_default(type);
  return std::any_of(subscription.events.begin(), subscription.events.end(),
                     [type](const std::string& pattern) { return matches(pattern, type); });
}

void apply(Webhooks::Endpoint& endpoint, const Subscription& subscription) {
  endpoint.subscribed = true;
  endpoint.panels = subscription.panels;
  for (std::size_t i = 0; i < event_type_count; ++i) {
    endpoint.types.at(i) = subscribes_to(subscription, static_cast<EventType>(i));
  }
}

}  // namespace

Webhooks::Webhooks(platform::Database& database)
    : database_(database),
      all_(database, "read the webhooks", "SELECT row, name, disabled FROM webhook ORDER BY row"),
      insert_(database, "make a webhook's row", "INSERT INTO webhook (name) VALUES (?1)"),
      pause_(database, "pause or resume a webhook", R"sql(
        UPDATE webhook SET paused = ?2, disabled = disabled AND ?2,
                           disabled_reason = iif(?2, disabled_reason, ''), rest_until = iif(?2, rest_until, NULL)
        WHERE row = ?1 AND (paused <> ?2 OR (NOT ?2 AND (disabled OR rest_until IS NOT NULL)))
      )sql"),
      disable_(database, "disable a webhook", R"sql(
        UPDATE webhook SET disabled = 1, disabled_reason = ?2 WHERE row = ?1
      )sql"),
      note_rest_(database, "note a webhook's rest", R"sql(
        UPDATE webhook SET rest_until = ?2 WHERE row = ?1 AND ifnull(rest_until, 0) < ?2
      )sql"),
      end_rest_(database, "end a webhook's rest", "UPDATE webhook SET rest_until = NULL WHERE row = ?1"),
      move_rests_(database, "move the webhooks' rests", R"sql(
        UPDATE webhook SET rest_until = rest_until + ?2 WHERE rest_until > ?1
      )sql"),
      pull_in_(database, "end impossible rests", R"sql(
        UPDATE webhook SET rest_until = NULL WHERE rest_until > ?1
      )sql"),
      // Everything by index: how many are pending is counted, not kept.
      records_(database, "read the webhooks' queues", R"sql(
        SELECT w.name, w.paused, w.disabled, w.disabled_reason, w.rest_until,
               (SELECT count(*) FROM delivery d INDEXED BY delivery_undelivered
                WHERE d.state = 0 AND d.state <> 1 AND d.webhook = w.row),
               (SELECT count(*) FROM delivery d INDEXED BY delivery_undelivered
                WHERE d.state = 2 AND d.state <> 1 AND d.webhook = w.row),
               (SELECT d.created_at FROM delivery d WHERE d.id =
                 (SELECT min(o.id) FROM delivery o INDEXED BY delivery_undelivered
                  WHERE o.state = 0 AND o.state <> 1 AND o.webhook = w.row)),
               (SELECT max(d.ended_at) FROM delivery d WHERE d.state = 1 AND d.webhook = w.row)
        FROM webhook w ORDER BY w.name
      )sql") {}

void Webhooks::load() {
  if (loaded_) return;
  endpoints_.clear();
  const Reading reading(all_);
  while (all_.step()) {
    Endpoint endpoint;
    endpoint.row = all_.integer(0);
    endpoint.name = WebhookName(all_.view(1));
    endpoint.disabled = all_.integer(2) != 0;
    for (const auto& subscription : subscriptions_) {
      if (subscription.webhook == endpoint.name) apply(endpoint, subscription);
    }
    endpoints_.push_back(std::move(endpoint));
  }
  loaded_ = true;
}

const std::vector<Webhooks::Endpoint>& Webhooks::all() {
  load();
  return endpoints_;
}

const Webhooks::Endpoint* Webhooks::find(const WebhookName& name) {
  load();
  for (const auto& endpoint : endpoints_) {
    if (endpoint.name == name) return &endpoint;
  }
  return nullptr;
}

const WebhookName& Webhooks::name_of(std::int64_t row) {
  load();
  for (const auto& endpoint : endpoints_) {
    if (endpoint.row == row) return endpoint.name;
  }
  throw std::logic_error("a delivery names a webhook that is not there");
}

std::int64_t Webhooks::find_or_make(const WebhookName& name) {
  if (const auto* endpoint = find(name)) return endpoint->row;
  insert_.bind(1, name.text()).run();
  loaded_ = false;
  return database_.last_insert_row();
}

void Webhooks::subscribe(std::vector<Subscription> subscriptions) {
  for (const auto& subscription : subscriptions) find_or_make(subscription.webhook);
  subscriptions_ = std::move(subscriptions);
  loaded_ = false;
}

bool Webhooks::wants(const Endpoint& endpoint, const EventDraft& draft) const {
  if (endpoint.disabled) return false;
  if (draft.only_for) return endpoint.name == *draft.only_for;
  return subscribes(endpoint, draft.type, draft.panel);
}

bool Webhooks::subscribes(const Endpoint& endpoint, EventType type, const PanelName& panel) const {
  if (!endpoint.subscribed || !endpoint.types.at(static_cast<std::size_t>(type))) return false;
  return endpoint.panels.empty() ||
         std::find(endpoint.panels.begin(), endpoint.panels.end(), panel) != endpoint.panels.end();
}

std::vector<WebhookRecord> Webhooks::records() {
  std::vector<WebhookRecord> records;
  const Reading reading(records_);
  while (records_.step()) {
    WebhookRecord record;
    record.name = WebhookName(records_.view(0));
    record.paused = records_.integer(1) != 0;
    record.disabled = records_.integer(2) != 0;
    record.disabled_reason = records_.text(3);
    if (const auto at = records_.optional_integer(4)) record.rest_until = from_millis(*at);
    record.pending = records_.integer(5);
    record.dead = records_.integer(6);
    if (const auto at = records_.optional_integer(7)) record.oldest_pending = from_millis(*at);
    if (const auto at = records_.optional_integer(8)) record.last_delivered_at = from_millis(*at);
    records.push_back(std::move(record));
  }
  return records;
}

void Webhooks::set_paused(const WebhookName& name, bool paused) {
  pause_.bind(1, find_or_make(name)).bind(2, std::int64_t{paused}).run();
  loaded_ = false;
}

void Webhooks::note_rest(std::int64_t row, Timestamp until) {
  note_rest_.bind(1, row).bind(2, to_millis(until)).run();
}

void Webhooks::end_rest(std::int64_t row) {
  end_rest_.bind(1, row).run();
}

void Webhooks::mend_rests(Milliseconds moved, Timestamp now) {
  if (moved.count() != 0) {
    move_rests_.bind(1, to_millis(std::min(now, now - moved))).bind(2, std::int64_t{moved.count()}).run();
  }
  pull_in_.bind(1, to_millis(now + rules::longest_retry_after)).run();
}

void Webhooks::disable(std::int64_t row, const std::string& reason) {
  disable_.bind(1, row).bind(2, reason).run();
  loaded_ = false;
}

}  // namespace smm::store
