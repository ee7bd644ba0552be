#include "actors/chronicle_words.h"

#include "actors/message_ids.h"

namespace smm::actors {

std::optional<Telling> telling_of(EventType type) {
  namespace ids = message_ids;
  switch (type) {
    case EventType::order_status_changed:
      return Telling{Level::info, ids::order_status_changed, "is now"};
    case EventType::order_stalled:
      return Telling{Level::warning, ids::order_stalled, "has not moved for long"};
    case EventType::order_resumed:
      return Telling{Level::notice, {}, "moves again"};
    case EventType::order_lost:
      return Telling{Level::warning, ids::order_lost,
                     "is lost: the panel keeps saying that it does not know it"};
    case EventType::order_found:
      return Telling{Level::notice, ids::order_found, "is found: the panel knows it again"};
    case EventType::order_corrected:
      return Telling{Level::notice, {}, "had ended, and its figures were corrected by the panel"};
    case EventType::order_drop_detected:
      return Telling{Level::notice, ids::order_drop_detected, "has dropped below what was delivered"};
    case EventType::place_accepted:
      return Telling{Level::info, ids::place_accepted, "is placed"};
    case EventType::place_refused:
      return Telling{Level::warning, ids::place_refused, "was not placed"};
    case EventType::place_unknown:
      return Telling{Level::error, ids::place_unknown,
                     "may or may not have reached the panel, and is not sent again; a person must find out"};
    case EventType::place_resolved:
      return Telling{Level::notice, ids::place_resolved, "was resolved by a person"};
    case EventType::refill_requested:
    case EventType::refill_status_changed:
      return Telling{Level::info, {}, "has a refill that is now"};
    case EventType::refill_refused:
      return Telling{Level::notice, ids::refill_refused, "gets no refill"};
    case EventType::refill_unknown:
      return Telling{
          Level::warning, ids::refill_unknown,
          "has a refill that may or may not have reached the panel; it is not asked for again by itself"};
    case EventType::refill_expired:
      return Telling{Level::warning, ids::refill_expired,
                     "has a refill that the panel has not ended in 20 days"};
    case EventType::cancel_requested:
      return Telling{Level::info, {}, "has a cancel that is now"};
    case EventType::cancel_refused:
      return Telling{Level::notice, ids::cancel_refused, "is not canceled"};
    case EventType::cancel_unknown:
      return Telling{Level::warning, ids::cancel_unknown,
                     "has a cancel that may or may not have reached the panel; it is not sent again"};
    case EventType::panel_down:
      return Telling{Level::error, ids::panel_down, "down"};
    case EventType::panel_up:
      return Telling{Level::notice, ids::panel_up, "up"};
    case EventType::panel_key_rejected:
      return Telling{Level::error, ids::panel_key_rejected, "rejects the key"};
    case EventType::balance_low:
      return Telling{Level::warning, ids::balance_low, "the balance is low"};
    case EventType::balance_recovered:
      return Telling{Level::notice, ids::balance_recovered, "the balance has recovered"};
    case EventType::webhook_disabled:
      return Telling{Level::error, ids::webhook_disabled,
                     "disabled, since it answered 410 Gone; nothing more is sent there"};
    case EventType::order_tracked:
    case EventType::order_progress:
    case EventType::order_settled:
    case EventType::service_added:
    case EventType::service_changed:
    case EventType::service_removed:
    case EventType::webhook_test:
      return std::nullopt;
  }
  return std::nullopt;
}

bool is_about_one_order(EventType type) {
  for (const std::string_view group : {"order.*", "place.*", "refill.*", "cancel.*"}) {
    if (matches(group, type)) return true;
  }
  return false;
}

}  // namespace smm::actors
