#pragma once

#include "rules/transition.h"

#include <doctest/doctest.h>

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

// Orders and replies for the tests of transition.
namespace smm::rules {

using namespace std::chrono_literals;

inline const Timestamp tracked = from_millis(1'800'000'000'000);
inline const PollPolicy policy;  // settle 48 h, stalled_after 24 h, lost_after 24 h

inline Order fresh_order() {
  Order order;
  order.row = 4;
  order.key = {PanelName("p1"), OrderId("23501")};
  order.quantity = 1000;
  order.ref = "shop-991";
  order.labels = {{"customer", "42"}};
  order.tracked_at = tracked;
  return order;
}

// A reply; the status as the panel's word gives it.
inline Observation reply(const std::string& word, std::optional<std::int64_t> remains = 157,
                         const std::string& charge = "0.27819") {
  Observation seen;
  seen.id = OrderId("23501");
  seen.status = status_from_panel_word(word);
  seen.status_text = word;
  seen.charge = Money::parse(charge);
  seen.remains = remains;
  seen.start_count = 3572;
  seen.currency = "USD";
  seen.raw = "{\"status\":\"" + word + "\"}";
  return seen;
}

inline Change must(std::optional<Change> change) {
  REQUIRE(change.has_value());
  return std::move(*change);
}

inline std::optional<Change> step(const Order& before, const Observation& seen, Timestamp now,
                                  const Surroundings& around = {}) {
  return transition(before, seen, policy, around, now);
}

inline std::optional<Change> pass_time(const Order& before, Timestamp now, const Surroundings& around = {}) {
  return unchanged(before, policy, around, now);
}

// The panel does not know it: for the `answers`-th time in a row.
inline std::optional<Change> forget(const Order& before, Timestamp now, int answers = lost_answers) {
  return not_known(before, policy, {}, answers, now);
}

// The order after these replies, one a minute from tracked + 1 min.
inline Order after(const std::vector<Observation>& replies, Order order = fresh_order()) {
  auto now = tracked;
  for (const auto& seen : replies) {
    now += 1min;
    if (auto change = step(order, seen, now)) order = change->after;
  }
  return order;
}

inline Order ended_order() {
  return after({reply("Completed", 0)});
}

inline std::vector<EventType> types(const Change& change) {
  std::vector<EventType> found;
  found.reserve(change.events.size());
  for (const auto& event : change.events) found.push_back(event.type);
  return found;
}

inline EventValue field(const EventDraft& event, const std::string& name) {
  for (const auto& [key, value] : event.data) {
    if (key == name) return value;
  }
  FAIL("no field ", name);
  return {};
}

inline EventValue text(const char* value) {
  return std::string(value);
}

}  // namespace smm::rules
