#include "domain/event.h"

#include <doctest/doctest.h>

#include <set>
#include <string>
#include <vector>

namespace smm::event_test {
namespace {

// In the contract's order.
const std::vector<std::string> documented = {
    "order.tracked",       "order.status_changed", "order.progress",    "order.corrected",
    "order.stalled",       "order.resumed",        "order.lost",        "order.found",
    "order.drop_detected", "order.settled",        "place.accepted",    "place.refused",
    "place.unknown",       "place.resolved",       "refill.requested",  "refill.status_changed",
    "refill.refused",      "refill.unknown",       "refill.expired",    "cancel.requested",
    "cancel.refused",      "cancel.unknown",       "panel.down",        "panel.up",
    "panel.key_rejected",  "balance.low",          "balance.recovered", "service.added",
    "service.changed",     "service.removed",      "webhook.disabled",  "webhook.test"};

EventType type_of(const std::string& name) {
  const auto type = event_type_from_text(name);
  CAPTURE(name);
  REQUIRE(type.has_value());
  return *type;
}

std::set<std::string> matched(const std::string& pattern) {
  std::set<std::string> names;
  for (const auto& name : documented) {
    if (matches(pattern, type_of(name))) names.insert(name);
  }
  return names;
}

}  // namespace

TEST_CASE("every documented event has its type, and reads back") {
  REQUIRE(documented.size() == event_type_count);
  for (std::size_t i = 0; i < documented.size(); ++i) {
    CHECK(type_of(documented[i]) == static_cast<EventType>(i));
    CHECK(to_text(static_cast<EventType>(i)) == documented[i]);
  }
  CHECK(type_of("order.status_changed") == EventType::order_status_changed);
  CHECK(type_of("cancel.unknown") == EventType::cancel_unknown);
  for (const auto* text : {"", "order", "order.", "order.*", "Order.tracked", "order.tracked "}) {
    CHECK_FALSE(event_type_from_text(text).has_value());
  }
}

TEST_CASE("a pattern is one name, a whole group, or everything") {
  CHECK(matched("order.stalled") == std::set<std::string>{"order.stalled"});
  CHECK(matched("balance.*") == std::set<std::string>{"balance.low", "balance.recovered"});
  CHECK(matched("refill.*").size() == 5);
  CHECK(matched("order.*").size() == 10);
  CHECK(matched("*").size() == event_type_count);
  CHECK(matched("order").empty());
}

TEST_CASE("a pattern that names nothing is told apart") {
  for (const auto& name : documented) CHECK(is_event_pattern(name));
  for (const auto* pattern : {"*", "order.*", "place.*", "refill.*", "cancel.*", "panel.*", "balance.*",
                              "service.*", "webhook.*"}) {
    CHECK(is_event_pattern(pattern));
  }
  for (const auto* pattern : {"", ".", ".*", "*.*", "**", "order", "order.", "orders.*", "ord*", "o.*",
                              "order.status*", "order.status_changed.*", "order.*.*", "ORDER.*", " *"}) {
    CAPTURE(pattern);
    CHECK_FALSE(is_event_pattern(pattern));
  }
}

TEST_CASE("by default a webhook gets everything but tracking, progress and the catalogue") {
  const std::set<std::string> left_out = {"order.tracked", "order.progress", "service.added",
                                          "service.changed", "service.removed"};
  for (const auto& name : documented) {
    CAPTURE(name);
    CHECK(is_sent_by_default(type_of(name)) == (left_out.count(name) == 0));
  }
}

}  // namespace smm::event_test
