#include "practice-panel/quirk_set.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cctype>
#include <functional>

// Quirks of the object a status reply holds for one order.

namespace smm::practice {
namespace {

using nlohmann::ordered_json;

struct Edit {
  ordered_json& object;
  const OrderContext& order;
  const Quirk& quirk;

  std::string parameter_or(std::string_view otherwise) const {
    return quirk.parameter.empty() ? std::string(otherwise) : quirk.parameter;
  }
};

enum class Outcome : std::uint8_t { untouched, changed, left_out };

struct OrderQuirk {
  std::string_view name;
  std::string_view about;
  Outcome (*apply)(const Edit&);
};

bool is_state(const ordered_json& object) {
  return object.is_object() && !object.contains("error");
}

// Puts a value where a state has that field.
template <class Value>
Outcome put(const Edit& edit, const char* field, Value value) {
  if (!is_state(edit.object)) return Outcome::untouched;
  edit.object[field] = std::move(value);
  return Outcome::changed;
}

Outcome drop(const Edit& edit, const char* field) {
  if (!is_state(edit.object) || edit.object.erase(field) == 0) return Outcome::untouched;
  return Outcome::changed;
}

Outcome respell_status(const Edit& edit, const std::function<std::string(std::string)>& respell) {
  if (!is_state(edit.object) || !edit.object.contains("status") || !edit.object["status"].is_string())
    return Outcome::untouched;
  edit.object["status"] = respell(edit.object["status"].get<std::string>());
  return Outcome::changed;
}

Outcome number_status(const Edit& edit) {
  static constexpr std::array<std::string_view, 6> words{"Pending",   "Processing", "In progress",
                                                         "Completed", "Partial",    "Canceled"};
  if (!is_state(edit.object) || !edit.object.contains("status")) return Outcome::untouched;
  const auto* found = std::find(words.begin(), words.end(), edit.object["status"]);
  edit.object["status"] = found == words.end() ? 5 : found - words.begin();
  return Outcome::changed;
}

Outcome make_number(const Edit& edit, const char* field) {
  if (!is_state(edit.object) || !edit.object.contains(field) || !edit.object[field].is_string())
    return Outcome::untouched;
  auto number = ordered_json::parse(edit.object[field].get<std::string>(), nullptr, false);
  if (!number.is_number()) return Outcome::untouched;
  edit.object[field] = std::move(number);
  return Outcome::changed;
}

Outcome make_numbers(const Edit& edit) {
  auto outcome = Outcome::untouched;
  for (const char* field : {"charge", "start_count", "remains"})
    if (make_number(edit, field) == Outcome::changed) outcome = Outcome::changed;
  return outcome;
}

Outcome rename_start_count(const Edit& edit) {
  if (!is_state(edit.object) || !edit.object.contains("start_count")) return Outcome::untouched;
  edit.object["start_counter"] = edit.object["start_count"];
  edit.object.erase("start_count");
  return Outcome::changed;
}

Outcome set_decimals(const Edit& edit, std::size_t decimals) {
  if (!is_state(edit.object) || !edit.object.contains("charge") || !edit.object["charge"].is_string())
    return Outcome::untouched;
  auto text = edit.object["charge"].get<std::string>();
  const auto point = text.find('.');
  if (point == std::string::npos) return Outcome::untouched;
  text.resize(point + (decimals == 0 ? 0 : 1 + decimals), '0');
  edit.object["charge"] = text;
  return Outcome::changed;
}

Outcome shape_subscription(const Edit& edit) {
  if (!is_state(edit.object)) return Outcome::untouched;
  auto expiry = ordered_json::parse(edit.parameter_or("true"), nullptr, false);
  if (expiry.is_discarded()) expiry = edit.quirk.parameter;
  edit.object = {
      {"status", "Active"}, {"expiry", expiry}, {"posts", "10"}, {"orders", ordered_json::array()}};
  return Outcome::changed;
}

Outcome shape_drip_feed(const Edit& edit) {
  if (!is_state(edit.object)) return Outcome::untouched;
  edit.object = {
      {"status", "In progress"}, {"runs", edit.parameter_or("3")}, {"orders", ordered_json::array()}};
  return Outcome::changed;
}

// Unknown ids, or the orders the quirk names.
bool concerns_error(const Edit& edit) {
  return edit.order.batch && (!edit.order.known || !edit.quirk.order_ids.empty());
}

Outcome string_error(const Edit& edit) {
  if (!concerns_error(edit)) return Outcome::untouched;
  edit.object = edit.parameter_or("Incorrect order ID");
  return Outcome::changed;
}

Outcome leave_out(const Edit& edit) {
  return concerns_error(edit) ? Outcome::left_out : Outcome::untouched;
}

Outcome lose_order(const Edit& edit) {
  edit.object = {{"error", edit.parameter_or("Incorrect order ID")}};
  return Outcome::changed;
}

Outcome error_with_104(const Edit& edit) {
  edit.object = {{"error", "Order not found."}, {"status", "104"}};
  return Outcome::changed;
}

// Into the error when there is one, else into the field the parameter names.
Outcome spoil(const Edit& edit, const char* default_field, const std::string& with) {
  if (edit.object.is_string()) {
    edit.object = edit.object.get<std::string>() + with;
    return Outcome::changed;
  }
  if (!edit.object.is_object()) return Outcome::untouched;
  const auto field = edit.object.contains("error") ? std::string("error") : edit.parameter_or(default_field);
  auto& value = edit.object[field];
  value = (value.is_string() ? value.get<std::string>() : std::string("https://example.com/?key=")) + with;
  return Outcome::changed;
}

Outcome upper(const Edit& edit) {
  return respell_status(edit, [](std::string text) {
    std::transform(text.begin(), text.end(), text.begin(),
                   [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    return text;
  });
}

Outcome snake(const Edit& edit) {
  return respell_status(edit, [](const std::string& text) {
    auto out = to_lower(text);
    std::replace(out.begin(), out.end(), ' ', '_');
    return out;
  });
}

Outcome over_quantity(const Edit& edit) {
  return put(edit, "remains", std::to_string(edit.order.quantity + number_or(edit.quirk.parameter, 1000)));
}

// What a panel may say about an order that it called finished before.
Outcome regress(const Edit& edit) {
  if (!is_state(edit.object) || edit.object.value("status", ordered_json()) != "Completed")
    return Outcome::untouched;
  edit.object["status"] = edit.parameter_or("In progress");
  return Outcome::changed;
}

constexpr auto order_quirks = std::to_array<OrderQuirk>({
    {"string-per-id-error", "an unknown (or named) id of a batch is a plain string", string_error},
    {"missing-id", "an unknown (or named) id is left out of a batch", leave_out},
    {"order-lost", "the order is unknown; parameter: the text", lose_order},
    {"order-error-with-status", "the order is {error, status:\"104\"}", error_with_104},
    {"start-count-null", "start_count is null",
     [](const Edit& edit) { return put(edit, "start_count", nullptr); }},
    {"start-count-empty", "start_count is \"\"",
     [](const Edit& edit) { return put(edit, "start_count", ""); }},
    {"start-count-missing", "no start_count", [](const Edit& edit) { return drop(edit, "start_count"); }},
    {"start-counter", "start_counter for start_count", rename_start_count},
    {"remains-null", "remains is null", [](const Edit& edit) { return put(edit, "remains", nullptr); }},
    {"remains-empty", "remains is \"\"", [](const Edit& edit) { return put(edit, "remains", ""); }},
    {"remains-missing", "no remains", [](const Edit& edit) { return drop(edit, "remains"); }},
    {"remains-negative", "remains is the parameter (default -5)",
     [](const Edit& edit) { return put(edit, "remains", edit.parameter_or("-5")); }},
    {"remains-unknown-word", "remains is the parameter (default Unknown)",
     [](const Edit& edit) { return put(edit, "remains", edit.parameter_or("Unknown")); }},
    {"remains-over-quantity", "remains is the quantity and the parameter (default 1000) more", over_quantity},
    {"numeric-status", "0 to 5 for pending, processing, completed …", number_status},
    {"snake-case-status", "in_progress", snake},
    {"upper-case-status", "IN PROGRESS", upper},
    {"status-word", "the status is the parameter (default Inprogress)",
     [](const Edit& edit) { return put(edit, "status", edit.parameter_or("Inprogress")); }},
    {"unknown-status", "the status is the parameter (default Reviewing)",
     [](const Edit& edit) { return put(edit, "status", edit.parameter_or("Reviewing")); }},
    {"status-regression", "Completed becomes the parameter (default In progress) again", regress},
    {"subscription-shape", "the object of a subscription; parameter: its expiry as JSON", shape_subscription},
    {"drip-feed-shape", "the object of a drip-feed; parameter: runs", shape_drip_feed},
    {"numeric-charge", "charge is a number", [](const Edit& edit) { return make_number(edit, "charge"); }},
    {"numeric-fields", "charge, start_count and remains are numbers", make_numbers},
    {"charge-whole", "charge without decimals", [](const Edit& edit) { return set_decimals(edit, 0); }},
    {"charge-two-decimals", "charge cut to cents", [](const Edit& edit) { return set_decimals(edit, 2); }},
    {"charge-seven-decimals", "charge with 7 decimals",
     [](const Edit& edit) { return set_decimals(edit, 7); }},
    {"missing-currency", "no currency", [](const Edit& edit) { return drop(edit, "currency"); }},
    {"foreign-currency", "currency is the parameter (default RUB)",
     [](const Edit& edit) { return put(edit, "currency", edit.parameter_or("RUB")); }},
    {"key-echo", "the key stands in the error or the field the parameter names (default link)",
     [](const Edit& edit) { return spoil(edit, "link", " " + edit.order.key); }},
    {"control-characters", "ESC, newline and U+202E in the error or the parameter's field (default status)",
     [](const Edit& edit) { return spoil(edit, "status", "\x1b[2J\n\xe2\x80\xae\x07"); }},
});

}  // namespace

std::vector<QuirkKind> order_quirk_kinds() {
  std::vector<QuirkKind> kinds;
  kinds.reserve(order_quirks.size());
  for (const auto& quirk : order_quirks) kinds.push_back({quirk.name, QuirkStage::order, quirk.about});
  return kinds;
}

bool apply_order_quirks(ordered_json& object, const OrderContext& order, RequestQuirks& quirks) {
  for (const auto* quirk : quirks.drawn_for(order.id)) {
    const auto* found = std::find_if(order_quirks.begin(), order_quirks.end(),
                                     [quirk](const auto& entry) { return entry.name == quirk->name; });
    const auto outcome = found->apply({object, order, *quirk});
    if (outcome != Outcome::untouched) quirks.mark_used(*quirk);
    if (outcome == Outcome::left_out) return false;
  }
  return true;
}

}  // namespace smm::practice
