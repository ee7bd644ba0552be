#include "panel/envelope.h"

#include "domain/status.h"
#include "domain/text.h"

#include <algorithm>

namespace smm::panel {
namespace {

constexpr std::array<std::string_view, 5> figure_names = {"charge", "remains", "start_count", "start_counter",
                                                          "balance"};
constexpr std::array<std::string_view, 7> message_names = {
    "message", "msg", "error_message", "error_description", "description", "detail", "reason"};
constexpr int max_error_depth = 4;

bool is_false(const Node& field) {
  if (field.kind == Node::Kind::boolean || field.kind == Node::Kind::number || field.kind == Node::Kind::text)
    return field.text == "false" || field.text == "0";
  return false;
}

// The first words in an error, however it is wrapped: "x", {"message":"x"}, [{"message":"x"}],
// {"key":["x"]}.
std::string words_in(const Node& node, int depth = 0) {
  switch (node.kind) {
    case Node::Kind::text:
    case Node::Kind::number:
      return node.text;
    case Node::Kind::null:
    case Node::Kind::boolean:
      return {};
    case Node::Kind::array:
    case Node::Kind::object:
      break;
  }
  if (depth >= max_error_depth) return {};
  if (auto message = message_of(node); !message.empty()) return message;
  if (const auto* error = node.find("error")) {
    if (auto words = words_in(*error, depth + 1); !words.empty()) return words;
  }
  for (const auto& child : node.children) {
    if (auto words = words_in(child, depth + 1); !words.empty()) return words;
  }
  return {};
}

// `true`, "1" and the like only say that there is a message elsewhere.
bool is_mere_flag(std::string_view words) {
  return words.empty() || words == "true" ||
         std::all_of(words.begin(), words.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::optional<std::string> error_field(const Node& object) {
  for (const std::string_view name : {"error", "errors"}) {
    const auto* field = object.find(name);
    if (!says_something(field)) continue;
    auto words = words_in(*field);
    if (is_mere_flag(words)) {
      if (auto message = message_of(object); !message.empty()) words = std::move(message);
    }
    return words;
  }
  return std::nullopt;
}

bool is_error_word(std::string_view word) {
  const auto folded = fold_status_word(trim(word));
  return folded == "error" || folded == "fail" || folded == "failed" || folded == "failure";
}

bool is_http_error_code(std::string_view word) {
  return word.size() == 3 && (word[0] == '4' || word[0] == '5') &&
         std::all_of(word.begin(), word.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool status_says_no(const Node& object, Place place) {
  const auto* status = object.find("status");
  if (status == nullptr || has_figures(object) || has_plan(object)) return false;
  if (status->kind == Node::Kind::boolean) return is_false(*status);
  const bool explained = !message_of(object).empty();
  if (is_error_word(status->text)) {
    const bool names_figures = std::any_of(figure_names.begin(), figure_names.end(),
                                           [&](auto name) { return object.find(name) != nullptr; });
    return explained || (place == Place::root && !names_figures);
  }
  return explained && is_http_error_code(status->text);
}

bool is_answer(const Node& field) {
  if (field.kind == Node::Kind::object) return true;
  return field.kind == Node::Kind::array &&
         std::all_of(field.children.begin(), field.children.end(),
                     [](const Node& child) { return child.kind == Node::Kind::object; });
}

}  // namespace

bool says_something(const Node* field) {
  if (field == nullptr || field->kind == Node::Kind::null) return false;
  if (field->is_container()) return !field->children.empty();
  return !trim(field->text).empty() && !is_false(*field);
}

bool is_plain_yes(const Node& flag) {
  if (flag.is_container() || flag.kind == Node::Kind::null) return false;
  const auto folded = fold_status_word(trim(flag.text));
  return folded == "true" || folded == "1" || folded == "yes" || folded == "on" || folded == "ok" ||
         folded == "success" || folded == "successful";
}

bool is_plain_no(const Node& flag) {
  if (flag.is_container() || flag.kind == Node::Kind::null) return false;
  const auto folded = fold_status_word(trim(flag.text));
  return folded == "false" || folded == "0" || folded == "no" || folded == "off";
}

bool says_twice(const Node& object, std::span<const std::string_view> names) {
  return std::any_of(names.begin(), names.end(), [&](std::string_view name) {
    return std::count_if(object.children.begin(), object.children.end(),
                         [&](const Node& child) { return child.key == name; }) > 1;
  });
}

std::string message_of(const Node& object) {
  for (const auto name : message_names) {
    const auto* field = object.find(name);
    if (field != nullptr && field->kind == Node::Kind::text && !trim(field->text).empty()) return field->text;
  }
  return {};
}

bool has_figures(const Node& object) {
  return std::any_of(figure_names.begin(), figure_names.end(), [&](auto name) {
    const auto* field = object.find(name);
    return field != nullptr && !field->is_container() && !trim(field->text).empty();
  });
}

bool has_plan(const Node& object) {
  return object.find("runs") != nullptr || object.find("posts") != nullptr ||
         object.find("expiry") != nullptr;
}

std::optional<std::string> find_refusal(const Node& object, Place place) {
  if (auto words = error_field(object)) return words;
  if (status_says_no(object, place)) return message_of(object);
  // A panel may write {"status":{"error":"…"}} for one order.
  if (const auto* status = object.find("status"); status != nullptr && status->kind == Node::Kind::object) {
    if (auto words = error_field(*status)) return words;
  }
  for (const std::string_view name : {"success", "ok"}) {
    const auto* field = object.find(name);
    if (field != nullptr && is_false(*field) && !has_figures(object)) return message_of(object);
  }
  return std::nullopt;
}

const Node* find_wrapped(const Node& object) {
  if (has_figures(object) || has_plan(object)) return nullptr;
  for (const auto name : wrapper_names) {
    const auto* field = object.find(name);
    if (name != "orders" && field != nullptr && is_answer(*field)) return field;
  }
  return nullptr;
}

}  // namespace smm::panel
