#pragma once

#include "domain/ids.h"

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace smm {

// Everything that can stand in the event log. The names are part of the contract with users.
enum class EventType : std::uint8_t {
  order_tracked,
  order_status_changed,
  order_progress,
  order_corrected,
  order_stalled,
  order_resumed,
  order_lost,
  order_found,
  order_drop_detected,
  order_settled,
  place_accepted,
  place_refused,
  place_unknown,
  place_resolved,
  refill_requested,
  refill_status_changed,
  refill_refused,
  refill_unknown,
  refill_expired,
  cancel_requested,
  cancel_refused,
  cancel_unknown,
  panel_down,
  panel_up,
  panel_key_rejected,
  balance_low,
  balance_recovered,
  service_added,
  service_changed,
  service_removed,
  webhook_disabled,
  webhook_test,
};

inline constexpr std::size_t event_type_count = 32;

// "order.status_changed"
[[nodiscard]] std::string_view to_text(EventType type);
[[nodiscard]] std::optional<EventType> event_type_from_text(std::string_view text);

// `order.*`, `*`, or one whole name. Whether a pattern names anything at all is `is_event_pattern`.
[[nodiscard]] bool matches(std::string_view pattern, EventType type);
[[nodiscard]] bool is_event_pattern(std::string_view pattern);

// What a webhook gets when its configuration does not say: everything but order.tracked, order.progress and
// the catalogue's service.* events.
[[nodiscard]] bool is_sent_by_default(EventType type);

// A field of an event's data: absent (null), flag, count, text, or labels.
using EventValue =
    std::variant<std::monostate, bool, std::int64_t, std::string, std::map<std::string, std::string>>;

// An event before it has its number: what happened, to what, and the data in the order it is shown. `panel`
// and `order` are put before `data` by whoever writes it.
struct EventDraft {
  EventType type = EventType::order_tracked;
  PanelName panel;                      // empty for an event of no panel
  std::optional<OrderId> order;         // on that panel
  std::optional<WebhookName> only_for;  // a test goes to one endpoint; others never see it
  std::vector<std::pair<std::string, EventValue>> data;
};

}  // namespace smm
