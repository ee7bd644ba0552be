#include "orders.h"

#include <algorithm>
#include <set>

namespace smm::rules::transition_test {

TEST_CASE("the first sight is a change: a point, revision 1 and order.status_changed with first_sight") {
  const auto now = tracked + 1min;
  const auto change = must(step(fresh_order(), reply("In progress"), now));
  CHECK(change.after.status == OrderStatus::in_progress);
  CHECK(change.after.status_text == "In progress");
  CHECK(change.after.revision == 1);
  CHECK(change.after.changed_at == now);
  CHECK(change.after.status_changed_at == now);
  CHECK_FALSE(change.after.ended_at.has_value());
  REQUIRE(change.point.has_value());
  CHECK(*change.point ==
        HistoryPoint{now, OrderStatus::in_progress, "In progress", Money::parse("0.27819"), 157, 3572});
  REQUIRE(types(change) == std::vector{EventType::order_status_changed});
  CHECK(field(change.events[0], "first_sight") == EventValue(true));
  CHECK(field(change.events[0], "first_time") == EventValue(true));
  CHECK(field(change.events[0], "previous_status") == text("new"));
}

TEST_CASE("the first sight of a quiet order fills state and history and makes no event") {
  auto order = fresh_order();
  order.quiet = true;
  const auto change = must(step(order, reply("Completed", 0), tracked + 1min));
  CHECK(change.point.has_value());
  CHECK(change.after.revision == 1);
  CHECK(change.after.ended_at == tracked + 1min);
  CHECK(change.events.empty());
  const auto later = must(step(change.after, reply("Partial", 100), tracked + 2min));
  CHECK(types(later) == std::vector{EventType::order_status_changed});
  CHECK(field(later.events[0], "first_sight") == EventValue(false));
}

TEST_CASE("an event of an order carries its data in the documented order") {
  const auto change = must(step(fresh_order(), reply("Partial"), tracked + 1min));
  const auto& event = change.events.at(0);
  CHECK(event.panel == PanelName("p1"));
  CHECK(event.order == OrderId("23501"));
  CHECK_FALSE(event.only_for.has_value());
  const std::vector<std::pair<std::string, EventValue>> expected = {
      {"revision", std::int64_t{1}},          {"status", text("partial")}, {"status_text", text("Partial")},
      {"previous_status", text("new")},       {"charge", text("0.27819")}, {"remains", std::int64_t{157}},
      {"start_count", std::int64_t{3572}},    {"currency", text("USD")},   {"ref", text("shop-991")},
      {"labels", Labels{{"customer", "42"}}}, {"first_time", true},        {"first_sight", true},
  };
  CHECK((event.data == expected));
}

TEST_CASE("what is unknown of an order is null in its events") {
  Order order;
  order.key = {PanelName("p1"), OrderId("9")};
  const auto event = order_event(EventType::order_lost, order);
  for (const auto* name : {"status_text", "charge", "remains", "start_count", "currency", "ref"}) {
    CHECK(field(event, name) == EventValue());
  }
  CHECK(field(event, "labels") == EventValue(Labels{}));
  CHECK(field(event, "revision") == EventValue(std::int64_t{0}));
  CHECK(std::none_of(event.data.begin(), event.data.end(),
                     [](const auto& entry) { return entry.first == "previous_status"; }));
}

TEST_CASE("another spelling of word or amount, another raw object or currency changes nothing") {
  const auto order = after({reply("In progress")});
  for (const auto* spelling : {"in_progress", "Inprogress", "IN-PROGRESS", "In Progress"}) {
    CHECK_FALSE(step(order, reply(spelling), tracked + 1h).has_value());
  }
  for (const auto* amount : {"0.278190", "00.27819", "2.7819e-1", "+0.27819"}) {
    CHECK_FALSE(step(order, reply("In progress", 157, amount), tracked + 1h).has_value());
  }
  auto other = reply("In progress");
  other.raw = "{\"status\":\"In progress\",\"comment\":\"hello\"}";
  other.currency = "EUR";
  other.runs = 9;
  CHECK_FALSE(step(order, other, tracked + 1h).has_value());
}

TEST_CASE("each of the five figures alone is a change: one point, one revision") {
  const auto order = after({reply("In progress")});
  auto status = reply("Pending");
  auto word = reply("Running");
  auto charge = reply("In progress", 157, "0.2782");
  auto remains = reply("In progress", 156);
  auto start_count = reply("In progress");
  start_count.start_count = 3573;
  for (const auto& seen : {status, word, charge, remains, start_count}) {
    const auto change = must(step(order, seen, tracked + 1h));
    CHECK(change.after.revision == order.revision + 1);
    CHECK(change.after.changed_at == tracked + 1h);
    REQUIRE(change.point.has_value());
    CHECK(change.point->at == tracked + 1h);
    CHECK(change.point->status_text == seen.status_text);
    CHECK(change.point->charge == seen.charge);
    CHECK(change.point->remains == seen.remains);
    CHECK(change.point->start_count == seen.start_count);
    CHECK(change.events.size() == 1);
  }
}

TEST_CASE("a figure that becomes absent, or appears, is a change") {
  const auto order = after({reply("In progress")});
  auto absent = reply("In progress");
  absent.charge.reset();
  absent.remains.reset();
  absent.start_count.reset();
  const auto change = must(step(order, absent, tracked + 1h));
  CHECK_FALSE(change.after.charge.has_value());
  CHECK_FALSE(change.after.remains.has_value());
  CHECK_FALSE(change.after.start_count.has_value());
  CHECK_FALSE(step(change.after, absent, tracked + 2h).has_value());
  CHECK(step(change.after, reply("In progress"), tracked + 2h).has_value());
}

TEST_CASE("a change brings the other fields up to date; one left out keeps its last value") {
  auto first = reply("In progress");
  first.kind = OrderKind::drip_feed;
  first.runs = 3;
  const auto order = after({first});
  CHECK(order.kind == OrderKind::drip_feed);
  CHECK(order.runs == 3);
  auto second = reply("In progress", 100);
  second.currency.reset();
  const auto change = must(step(order, second, tracked + 1h));
  CHECK(change.after.currency == "USD");
  CHECK(change.after.runs == 3);
  CHECK(change.after.kind == OrderKind::drip_feed);
  CHECK(change.after.raw == second.raw);
  auto third = reply("In progress", 90);
  third.currency = "EUR";
  third.runs = 4;
  CHECK(must(step(change.after, third, tracked + 2h)).after.currency == "EUR");
  CHECK(must(step(change.after, third, tracked + 2h)).after.runs == 4);
}

TEST_CASE("an unknown word keeps the state, and is kept, shown and said once") {
  const auto order = after({reply("In progress")});
  const auto change = must(step(order, reply("Freezing"), tracked + 1h));
  CHECK(change.after.status == OrderStatus::in_progress);
  CHECK(change.after.status_text == "Freezing");
  CHECK(change.after.status_changed_at == order.status_changed_at);
  REQUIRE(types(change) == std::vector{EventType::order_status_changed});
  CHECK(field(change.events[0], "status") == text("in_progress"));
  CHECK(field(change.events[0], "previous_status") == text("in_progress"));
  CHECK(field(change.events[0], "status_text") == text("Freezing"));
  CHECK(field(change.events[0], "first_time") == EventValue(false));
  CHECK_FALSE(step(change.after, reply("freezing"), tracked + 2h).has_value());
}

TEST_CASE("an unknown word never ends an order nor brings an ended one back") {
  const auto ended = ended_order();
  const auto change = must(step(ended, reply("Frozen", 0), tracked + 1h));
  CHECK(change.after.status == OrderStatus::completed);
  CHECK(change.after.ended_at == ended.ended_at);
  const auto active = must(step(after({reply("Pending")}), reply("Frozen"), tracked + 1h));
  CHECK_FALSE(active.after.ended_at.has_value());
}

TEST_CASE("an unknown word at first sight leaves the order new, with the word kept") {
  const auto change = must(step(fresh_order(), reply("Frozen"), tracked + 1min));
  CHECK(change.after.status == OrderStatus::unasked);
  CHECK(change.after.status_text == "Frozen");
  CHECK(change.after.revision == 1);
  CHECK(change.point.has_value());
  REQUIRE(types(change) == std::vector{EventType::order_status_changed});
  CHECK(field(change.events[0], "first_sight") == EventValue(true));
  CHECK(field(change.events[0], "first_time") == EventValue(false));
  CHECK(field(change.events[0], "status") == text("new"));

  CHECK_FALSE(step(change.after, reply("Frozen"), tracked + 2min).has_value());
  const auto known = must(step(change.after, reply("Pending"), tracked + 3min));
  CHECK(known.after.status == OrderStatus::pending);
  CHECK(field(known.events.at(0), "first_sight") == EventValue(false));
  CHECK(field(known.events.at(0), "first_time") == EventValue(true));
}

TEST_CASE("a reply without a word says nothing about the status") {
  const auto order = after({reply("In progress")});
  CHECK_FALSE(step(order, reply(""), tracked + 1h).has_value());
  const auto change = must(step(order, reply("", 100), tracked + 1h));
  CHECK(change.after.status == OrderStatus::in_progress);
  CHECK(change.after.status_text == "In progress");
  CHECK(types(change) == std::vector{EventType::order_progress});
  const auto first = must(step(fresh_order(), reply(""), tracked + 1h));
  CHECK(first.after.status == OrderStatus::unasked);
  CHECK(first.after.revision == 1);
}

TEST_CASE("no word makes an order new again") {
  auto seen = reply("0");
  seen.status = OrderStatus::unasked;
  CHECK(must(step(after({reply("Pending")}), seen, tracked + 1h)).after.status == OrderStatus::pending);
}

TEST_CASE("another known word for the same status is said as order.status_changed, not for the first time") {
  const auto change = must(step(after({reply("In progress")}), reply("Running", 100), tracked + 1h));
  CHECK(types(change) == std::vector{EventType::order_status_changed});
  CHECK(field(change.events[0], "previous_status") == text("in_progress"));
  CHECK(field(change.events[0], "first_time") == EventValue(false));
}

TEST_CASE("any status may follow any other") {
  const std::vector<std::string> words = {"Pending", "Processing", "In progress", "Completed",
                                          "Partial", "Canceled",   "Refunded",    "Failed",
                                          "Active",  "Paused",     "Expired"};
  for (const auto& first : words) {
    for (const auto& second : words) {
      if (first == second) continue;
      const auto before = after({reply(first)});
      const auto change = must(step(before, reply(second), tracked + 1h));
      CHECK(change.after.status == status_from_panel_word(second));
      CHECK(change.after.status_changed_at == tracked + 1h);
      CHECK(change.after.ended_at.has_value() == has_ended(change.after.status));
      REQUIRE(types(change) == std::vector{EventType::order_status_changed});
      CHECK(field(change.events[0], "previous_status") == EventValue(std::string(to_text(before.status))));
      CHECK(field(change.events[0], "first_time") == EventValue(true));
    }
  }
}

TEST_CASE("a status the order had before is not for the first time") {
  const auto order = after({reply("Pending"), reply("In progress"), reply("Completed", 0)});
  const auto back = must(step(order, reply("In progress"), tracked + 1h));
  CHECK(field(back.events.at(0), "first_time") == EventValue(false));
  const auto again = must(step(back.after, reply("Completed", 0), tracked + 2h));
  CHECK(field(again.events.at(0), "first_time") == EventValue(false));
  const auto other = must(step(back.after, reply("Partial"), tracked + 2h));
  CHECK(field(other.events.at(0), "first_time") == EventValue(true));
}

TEST_CASE("the same status with other figures is order.progress, of an ended order order.corrected") {
  const auto active = must(step(after({reply("In progress")}), reply("In progress", 12), tracked + 1h));
  CHECK(types(active) == std::vector{EventType::order_progress});
  const auto ended = must(step(ended_order(), reply("Completed", 12), tracked + 1h));
  CHECK(types(ended) == std::vector{EventType::order_corrected});
  CHECK(field(ended.events[0], "remains") == EventValue(std::int64_t{12}));
}

TEST_CASE("ended_at is when an end was first seen, kept among ends, and cleared when it is taken back") {
  const auto order = ended_order();
  CHECK(order.ended_at == tracked + 1min);
  const auto partial = must(step(order, reply("Partial"), tracked + 1h));
  CHECK(partial.after.ended_at == tracked + 1min);
  const auto corrected = must(step(partial.after, reply("Partial", 1), tracked + 2h));
  CHECK(corrected.after.ended_at == tracked + 1min);
  const auto back = must(step(corrected.after, reply("In progress"), tracked + 3h));
  CHECK_FALSE(back.after.ended_at.has_value());
  const auto again = must(step(back.after, reply("Completed"), tracked + 4h));
  CHECK(again.after.ended_at == tracked + 4h);
}

TEST_CASE("an earlier end told by the user stands, a later one does not, and none of a running order") {
  auto order = fresh_order();
  order.ended_at = tracked - 24h;
  CHECK(must(step(order, reply("Completed"), tracked + 1h)).after.ended_at == tracked - 24h);
  CHECK_FALSE(must(step(order, reply("In progress"), tracked + 1h)).after.ended_at.has_value());
  CHECK(must(step(order, reply("Frozen"), tracked + 1h)).after.ended_at == tracked - 24h);
  order.ended_at = tracked + 1000h;
  CHECK(must(step(order, reply("Completed"), tracked + 1h)).after.ended_at == tracked + 1h);
}

TEST_CASE("children not known before are returned once each, in the panel's order, without a revision") {
  auto first = reply("Active");
  first.kind = OrderKind::subscription;
  const auto order = after({first});
  auto seen = first;
  seen.raw = "another";
  for (const auto* id : {"9", "7", "9", "8", "23501"}) seen.children.emplace_back(id);
  Surroundings around;
  around.known_children = {OrderId("8")};
  const auto change = must(step(order, seen, tracked + 1h, around));
  CHECK(change.new_children == std::vector{OrderId("9"), OrderId("7")});
  CHECK(change.after.revision == order.revision);
  CHECK(change.after.raw == order.raw);
  CHECK(change.events.empty());
  CHECK_FALSE(change.point.has_value());

  around.known_children = {OrderId("7"), OrderId("8"), OrderId("9")};
  CHECK_FALSE(step(order, seen, tracked + 1h, around).has_value());
}

TEST_CASE("children come with the change they were seen in") {
  auto seen = reply("In progress");
  seen.kind = OrderKind::drip_feed;
  seen.children = {OrderId("1"), OrderId("2")};
  const auto change = must(step(fresh_order(), seen, tracked + 1h));
  CHECK(change.new_children.size() == 2);
  CHECK(change.events.size() == 1);
  CHECK(change.point.has_value());
}

TEST_CASE("an order has a thousand children at most") {
  auto seen = reply("Active");
  seen.kind = OrderKind::subscription;
  for (int i = 0; i < 5000; ++i) seen.children.emplace_back("c" + std::to_string(i));
  CHECK(must(step(fresh_order(), seen, tracked + 1h)).new_children.size() == 1000);

  Surroundings around;
  for (int i = 0; i < 990; ++i) around.known_children.emplace_back("c" + std::to_string(2 * i));
  const auto change = must(step(fresh_order(), seen, tracked + 1h, around));
  CHECK(change.new_children.size() == 10);
  CHECK(change.new_children.front() == OrderId("c1"));
  CHECK(change.new_children.back() == OrderId("c19"));
  for (int i = 0; i < 20; ++i) around.known_children.emplace_back("d" + std::to_string(i));
  CHECK(must(step(fresh_order(), seen, tracked + 1h, around)).new_children.empty());
}

TEST_CASE("an ordinary order and an order that is a child have no children") {
  auto seen = reply("In progress");
  seen.children = {OrderId("1")};
  CHECK(must(step(fresh_order(), seen, tracked + 1h)).new_children.empty());
  seen.kind = OrderKind::drip_feed;
  auto child = fresh_order();
  child.parent = OrderId("7");
  CHECK(must(step(child, seen, tracked + 1h)).new_children.empty());
}

TEST_CASE("a subscription whose reply looks ordinary for once remains one") {
  auto seen = reply("Active");
  seen.kind = OrderKind::subscription;
  auto ordinary = reply("Active", 100);
  ordinary.children = {OrderId("1")};
  const auto change = must(step(after({seen}), ordinary, tracked + 1h));
  CHECK(change.after.kind == OrderKind::subscription);
  CHECK(change.new_children.size() == 1);
}

}  // namespace smm::rules::transition_test
