#include "domain/event.h"

namespace smm {
namespace {

constexpr std::array<std::string_view, event_type_count> names = {
    "order.tracked",       "order.status_changed", "order.progress",    "order.corrected",
    "order.stalled",       "order.resumed",        "order.lost",        "order.found",
    "order.drop_detected", "order.settled",        "place.accepted",    "place.refused",
    "place.unknown",       "place.resolved",       "refill.requested",  "refill.status_changed",
    "refill.refused",      "refill.unknown",       "refill.expired",    "cancel.requested",
    "cancel.refused",      "cancel.unknown",       "panel.down",        "panel.up",
    "panel.key_rejected",  "balance.low",          "balance.recovered", "service.added",
    "service.changed",     "service.removed",      "webhook.disabled",  "webhook.test",
};
static_assert(static_cast<std::size_t>(EventType::webhook_test) + 1 == event_type_count);

}  // namespace

std::string_view to_text(EventType type) {
  return names.at(static_cast<std::size_t>(type));
}

std::optional<EventType> event_type_from_text(std::string_view text) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names.at(i) == text) return static_cast<EventType>(i);
  }
  return std::nullopt;
}

bool matches(std::string_view pattern, EventType type) {
  const auto name = to_text(type);
  if (!pattern.empty() && pattern.back() == '*')
    return name.substr(0, pattern.size() - 1) == pattern.substr(0, pattern.size() - 1);
  return name == pattern;
}

bool is_event_pattern(std::string_view pattern) {
  if (pattern == "*") return true;
  const bool whole_group = pattern.size() > 2 && pattern.substr(pattern.size() - 2) == ".*";
  if (!whole_group) return event_type_from_text(pattern).has_value();
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (matches(pattern, static_cast<EventType>(i))) return true;
  }
  return false;
}

bool is_sent_by_default(EventType type) {
  if (type == EventType::order_tracked || type == EventType::order_progress) return false;
  if (type == EventType::webhook_test || type == EventType::webhook_disabled) return true;
  for (const std::string_view group :
       {"order.*", "place.*", "refill.*", "cancel.*", "panel.*", "balance.*"}) {
    if (matches(group, type)) return true;
  }
  return false;
}

}  // namespace smm
