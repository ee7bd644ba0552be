#include "panel/observation.h"

#include "domain/text.h"
#include "panel/envelope.h"
#include "panel/words.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <set>
#include <utility>

namespace smm::panel {
namespace {

using Outcome = tl::expected<std::variant<Observation, IdError>, Error>;

// The fields an order is judged by: one said twice leaves open which was meant.
constexpr std::array<std::string_view, 12> read_fields = {
    "status", "charge", "remains", "start_count", "start_counter", "currency",
    "runs",   "orders", "posts",   "expiry",      "error",         "order"};

// "1,234,567.89" without its commas; the text itself when it is not written like that.
std::string without_thousands(std::string_view text, bool needs_point) {
  const auto sign = !text.empty() && text.front() == '-' ? std::size_t{1} : 0;
  const auto point = text.find('.');
  const auto whole = text.substr(sign, point == std::string_view::npos ? point : point - sign);
  const auto first = whole.find(',');
  if (first == std::string_view::npos || first == 0 || first > 3) return std::string(text);
  if (needs_point && point == std::string_view::npos) return std::string(text);
  std::string plain(text.substr(0, sign));
  for (std::size_t i = 0; i < whole.size(); ++i) {
    const bool comma_due = i >= first && (i - first) % 4 == 0;
    if (comma_due != (whole[i] == ',') || (!comma_due && !is_digit(whole[i]))) return std::string(text);
    if (!comma_due) plain += whole[i];
  }
  if ((whole.size() - first) % 4 != 0) return std::string(text);
  if (point != std::string_view::npos) plain += text.substr(point);
  return plain;
}

// The text of a number or of a text that may be one.
std::optional<std::string> number_text(const Node* field, const Context& context, bool needs_point) {
  if (field == nullptr || (field->kind != Node::Kind::number && field->kind != Node::Kind::text))
    return std::nullopt;
  const auto text = trim(field->text);
  if (text.empty() || holds_key(text, context)) return std::nullopt;
  return without_thousands(text, needs_point);
}

const Node* first_that_says(const Node& object, std::string_view name, std::string_view alias) {
  const auto* field = object.find(name);
  return says_something(field) || object.find(alias) == nullptr ? field : object.find(alias);
}

struct Status {
  std::optional<OrderStatus> state;
  std::string text;
};

Status read_status(const Node& object, bool reports_figures, const Context& context) {
  const auto* field = object.find("status");
  if (field == nullptr || (field->kind != Node::Kind::text && field->kind != Node::Kind::number)) return {};
  const auto word = trim(field->text);
  auto state = state_of_word(word, context);
  // "success" is a state only of an object that has figures; elsewhere it only says that the call went well.
  if (!state && reports_figures && means_done(word)) state = OrderStatus::completed;
  return {state, clean(word, context)};
}

std::optional<std::string> child_id(const Node& node) {
  if (node.kind == Node::Kind::text || node.kind == Node::Kind::number) return std::string(trim(node.text));
  for (const std::string_view name : {"order", "id"}) {
    const auto* field = node.find(name);
    if (field != nullptr && !field->is_container()) return field->text;
  }
  return std::nullopt;
}

std::vector<OrderId> read_children(const Node* orders, const OrderId& parent, const Context& context) {
  std::vector<OrderId> children;
  if (orders == nullptr || !orders->is_container()) return children;
  std::set<std::string> known{parent.text()};
  for (const auto& node : orders->children) {
    auto id = child_id(node);
    if (!id || !is_valid_id(*id) || holds_key(*id, context)) continue;
    if (known.insert(*id).second) children.emplace_back(std::move(*id));
  }
  return children;
}

OrderKind kind_of(const Node& object, const Observation& seen) {
  const auto is_set = [&](std::string_view name) {
    const auto* field = object.find(name);
    return field != nullptr && field->kind != Node::Kind::null &&
           (field->is_container() || !field->text.empty());
  };
  const bool subscribed = seen.status == OrderStatus::active || seen.status == OrderStatus::paused ||
                          seen.status == OrderStatus::expired;
  if (subscribed || is_set("posts") || is_set("expiry")) return OrderKind::subscription;
  if (seen.runs && (*seen.runs > 1 || object.find("orders") != nullptr)) return OrderKind::drip_feed;
  return seen.children.empty() ? OrderKind::ordinary : OrderKind::subscription;
}

Outcome no_order() {
  return tl::make_unexpected(Error{ErrorKind::wrong_shape, "what stands for the order is no report of one"});
}

IdError id_error(std::string_view words, const OrderId& id, const Context& context) {
  return {id, clean(words, context), says_unknown_order(words)};
}

Outcome read_report(const Node& object, const Node& whole, const OrderId& id, const Context& context) {
  Observation seen;
  seen.id = id;
  seen.charge = read_money(object.find("charge"), context);
  seen.remains = read_count(object.find("remains"), context);
  seen.start_count = read_count(first_that_says(object, "start_count", "start_counter"), context);
  seen.currency = read_currency(object.find("currency"), context);
  if (const auto runs = read_count(object.find("runs"), context); runs && *runs > 0) seen.runs = runs;
  const bool reports_figures = seen.charge || seen.remains || seen.start_count;
  auto status = read_status(object, reports_figures, context);
  seen.status = status.state;
  seen.status_text = std::move(status.text);
  const bool has_word = !seen.status_text.empty() && !(means_done(seen.status_text) && !seen.status);
  if (!has_word && !reports_figures && !has_plan(object)) {
    const auto words = message_of(object);
    return words.empty() ? no_order() : id_error(words, id, context);
  }
  seen.children = read_children(object.find("orders"), id, context);
  seen.kind = kind_of(object, seen);
  seen.raw = to_raw(whole, context);
  return seen;
}

Outcome read_object(const Node& object, const Node& whole, const OrderId& id, const Context& context) {
  if (says_twice(object, read_fields))
    return tl::make_unexpected(Error{ErrorKind::malformed, "the order's object says a field twice"});
  if (const auto words = find_refusal(object, Place::of_one_order)) return id_error(*words, id, context);
  const auto* wrapped = find_wrapped(object);
  if (wrapped != nullptr && wrapped->kind == Node::Kind::array)
    wrapped = wrapped->children.size() == 1 ? &wrapped->children.front() : nullptr;
  // One wrapper: what is in a second is no order any more.
  if (wrapped != nullptr && &object == &whole) return read_object(*wrapped, whole, id, context);
  return read_report(object, whole, id, context);
}

}  // namespace

Outcome read_order(const Node& node, const OrderId& id, const Context& context) {
  if (node.kind == Node::Kind::text) return id_error(node.text, id, context);
  if (node.kind == Node::Kind::array && node.children.size() == 1 &&
      !(node.children[0].kind == Node::Kind::array))
    return read_order(node.children.front(), id, context);
  if (node.kind != Node::Kind::object) return no_order();
  return read_object(node, node, id, context);
}

bool holds_key(std::string_view text, const Context& context) {
  constexpr std::size_t unlikely_by_chance = 8;
  if (context.key.empty()) return false;
  if (context.key.size() >= unlikely_by_chance) return text.find(context.key) != std::string_view::npos;
  return text == context.key;
}

std::optional<std::int64_t> read_count(const Node* field, const Context& context) {
  const auto text = number_text(field, context, false);
  if (!text) return std::nullopt;
  const auto number = Money::parse(*text);
  if (!number) return std::nullopt;
  const std::string_view plain = number->text();
  const auto point = plain.find('.');
  const bool is_whole =
      point == std::string_view::npos || plain.find_first_not_of('0', point + 1) == std::string_view::npos;
  if (!is_whole) return std::nullopt;
  const auto whole = plain.substr(0, point);
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(whole.data(), whole.data() + whole.size(), value);
  if (error != std::errc() || end != whole.data() + whole.size()) return std::nullopt;
  return value;
}

std::optional<OrderStatus> state_of_word(std::string_view word, const Context& context) {
  const auto own = context.status_words.find(fold_status_word(trim(word)));
  if (own != context.status_words.end()) return own->second;
  return status_from_panel_word(trim(word));
}

std::optional<Money> read_money(const Node* field, const Context& context) {
  const auto text = number_text(field, context, true);
  return text ? Money::parse(*text) : std::nullopt;
}

std::optional<std::string> read_currency(const Node* field, const Context& context) {
  constexpr std::size_t longest = 16;
  if (field == nullptr || field->kind != Node::Kind::text) return std::nullopt;
  auto text = std::string(trim(clean(field->text, context)));
  const bool is_fit = !text.empty() && text.size() <= longest && !is_digit(text.front()) &&
                      std::all_of(text.begin(), text.end(), [](char c) {
                        return is_digit(c) || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '$' ||
                               static_cast<unsigned char>(c) >= 0x80;
                      });
  if (!is_fit) return std::nullopt;
  return text;
}

}  // namespace smm::panel
