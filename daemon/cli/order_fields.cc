#include "cli/order_fields.h"

#include "cli/csv.h"
#include "cli/phrases.h"
#include "config/suggest.h"
#include "domain/text.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <optional>

namespace smm::cli {
namespace {

constexpr std::size_t longest_ref = 256;
constexpr std::size_t longest_link = 2048;
constexpr std::size_t most_labels = 32;
constexpr std::size_t longest_label = 256;
constexpr auto clocks_differ = std::chrono::minutes(10);  // what the daemon forgives
constexpr std::string_view label_prefix = "label.";

using Complaint = std::optional<std::string>;

bool is_among(const std::vector<std::string_view>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// What the daemon tells of an order and nobody can tell it.
const std::vector<std::string_view>& told_fields() {
  static const std::vector<std::string_view> names = {"children", "next_poll_at", "refill", "cancel",
                                                      "history",  "untracked",    "quiet"};
  return names;
}

bool is_label_name(std::string_view name) {
  return !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), [](char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '.' ||
           c == '-';
  });
}

bool is_absent(const Json& value) {
  return value.is_null() || (value.is_string() && value.get_ref<const std::string&>().empty());
}

// The text of an id, which may have been written as a number.
std::optional<std::string> id_text(const Json& value) {
  std::string text;
  if (value.is_number_unsigned()) text = std::to_string(value.get<std::uint64_t>());
  if (value.is_string()) text = value.get<std::string>();
  if (is_valid_id(text)) return text;
  return std::nullopt;
}

Complaint add_id(Json& order, const char* name, const Json& value) {
  const auto id = id_text(value);
  if (!id)
    return std::string(name) + " " + quotation(words(value)) + " is no id: 1 to 64 of A-Z a-z 0-9 _ . : -";
  order[name] = *id;
  return std::nullopt;
}

Complaint add_text(Json& order, const char* name, const Json& value, std::size_t longest) {
  if (!value.is_string()) return std::string(name) + " must be text";
  if (value.get_ref<const std::string&>().size() > longest) {
    return std::string(name) + " is longer than " + std::to_string(longest) + " bytes";
  }
  order[name] = value;
  return std::nullopt;
}

Complaint add_quantity(Json& order, const Json& value) {
  const auto text = words(value);
  const bool right = (value.is_number_unsigned() || value.is_string()) && !text.empty() &&
                     text.size() <= 18 && std::all_of(text.begin(), text.end(), is_digit);
  if (!right) return "quantity " + quotation(text) + " is not a whole number";
  order["quantity"] = std::stoll(text);
  return std::nullopt;
}

Complaint add_time(Json& order, const char* name, const Json& value, Timestamp now) {
  const auto time = value.is_string() ? from_rfc3339(value.get<std::string>()) : std::nullopt;
  if (!time) {
    return std::string(name) + " " + quotation(words(value)) +
           " is not a time; write 2026-11-21T08:00:00Z, or with " + "+02:00 for the zone";
  }
  if (std::string_view(name) == "ended_at" && *time > now + clocks_differ) {
    return "ended_at " + quotation(words(value)) + " lies in the future: it says when the order ended";
  }
  order[name] = to_rfc3339(*time);
  return std::nullopt;
}

Complaint add_label(Json& order, const std::string& name, const Json& value) {
  if (!is_label_name(name))
    return "label " + quotation(name) + " is not named by 1 to 64 of A-Z a-z 0-9 _ . -";
  if (!value.is_string()) return "label " + quotation(name) + " must be text";
  if (value.get_ref<const std::string&>().size() > longest_label) {
    return "label " + quotation(name) + " is longer than " + std::to_string(longest_label) + " bytes";
  }
  order["labels"][name] = value;
  if (order["labels"].size() > most_labels) return "more than " + std::to_string(most_labels) + " labels";
  return std::nullopt;
}

// An object, in CSV spelled as JSON.
Complaint add_labels(Json& order, const Json& value) {
  const auto read =
      value.is_string() ? parse_json(value.get_ref<const std::string&>()) : std::optional(value);
  if (!read || !read->is_object()) {
    return "labels " + quotation(words(value)) + R"( is not an object like {"customer":"42"})";
  }
  for (const auto& [name, text] : read->items()) {
    if (auto complaint = add_label(order, name, text)) return complaint;
  }
  return std::nullopt;
}

Complaint add_field(Json& order, const std::string& name, const Json& value, Timestamp now) {
  if (auto complaint = unless_known(name, "field"); !complaint.empty()) return complaint;
  if (is_absent(value)) return std::nullopt;
  if (name == "panel") {
    const bool right = value.is_string() && is_valid_name(value.get_ref<const std::string&>());
    if (!right) return "panel " + quotation(words(value)) + " is not a panel's name";
    order["panel"] = value;
    return std::nullopt;
  }
  if (name == "id") return add_id(order, "id", value);
  if (name == "service") return add_id(order, "service", value);
  if (name == "link") return add_text(order, "link", value, longest_link);
  if (name == "quantity") return add_quantity(order, value);
  if (name == "ref") return add_text(order, "ref", value, longest_ref);
  if (name == "labels") return add_labels(order, value);
  if (name == "placed_at") return add_time(order, "placed_at", value, now);
  if (name == "ended_at") return add_time(order, "ended_at", value, now);
  if (name.compare(0, label_prefix.size(), label_prefix) == 0) {
    return add_label(order, name.substr(label_prefix.size()), value);
  }
  return std::nullopt;
}

}  // namespace

const std::vector<std::string_view>& import_fields() {
  static const std::vector<std::string_view> names = {"panel", "id",     "service",   "link",    "quantity",
                                                      "ref",   "labels", "placed_at", "ended_at"};
  return names;
}

const std::vector<std::string_view>& export_columns() {
  static const std::vector<std::string_view> names = [] {
    auto all = import_fields();
    for (const auto* told :
         {"status", "status_text", "start_count", "remains", "delivered", "charge", "currency",
          "service_name", "kind", "rate_at_placing", "parent", "revision", "ended", "settled", "stalled",
          "lost", "tracked_at", "changed_at", "polled_at"}) {
      all.emplace_back(told);
    }
    return all;
  }();
  return names;
}

std::string csv_line(const Json& order) {
  std::string line;
  for (const auto name : export_columns()) {
    const auto& value = field(order, name);
    if (!line.empty() || name != export_columns().front()) line += ',';
    // No labels and no objects: nothing to say.
    if (value.is_structured() && value.empty()) continue;
    line += csv_field(words(value));
  }
  return line + '\n';
}

std::string unless_known(std::string_view name, std::string_view what) {
  if (is_among(export_columns(), name) || is_among(told_fields(), name)) return {};
  if (name.size() > label_prefix.size() && name.substr(0, label_prefix.size()) == label_prefix) return {};
  const auto hint = config::did_you_mean(name, import_fields());
  return "unknown " + std::string(what) + " " + quotation(name) +
         (hint.empty()
              ? "; there are panel, id, service, link, quantity, ref, labels, placed_at, ended_at and "
                "label.NAME for a label of that name"
              : hint);
}

tl::expected<ImportOrder, std::string> import_order(const Json& fields, const std::string& panel,
                                                    Timestamp now) {
  Json order = Json::object();
  for (const auto& [name, value] : fields.items()) {
    if (auto complaint = add_field(order, name, value, now)) return tl::unexpected(std::move(*complaint));
  }
  if (!order.contains("panel")) {
    if (panel.empty())
      return tl::unexpected(std::string("the panel is missing; --panel NAME says it for all"));
    order["panel"] = panel;
  }
  if (!order.contains("id")) return tl::unexpected(std::string("the id is missing"));
  order["quiet"] = true;
  ImportOrder made{{PanelName(words(order, "panel")), OrderId(words(order, "id"))}, {}};
  made.body = order.dump();
  return made;
}

}  // namespace smm::cli
