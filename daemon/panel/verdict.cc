#include "panel/verdict.h"

#include "domain/ids.h"
#include "domain/refill.h"
#include "domain/status.h"
#include "domain/text.h"
#include "panel/envelope.h"
#include "panel/observation.h"
#include "panel/refusal.h"
#include "panel/words.h"

#include <algorithm>
#include <array>
#include <span>

namespace smm::panel {
namespace {

using Kind = Verdict::Kind;
using Names = std::span<const std::string_view>;

constexpr int max_value_depth = 3;

constexpr std::array<std::string_view, 13> judged_fields = {
    "order", "order_id", "refill",  "refill_id", "cancel", "id",     "status",
    "error", "errors",   "success", "ok",        "data",   "message"};

// Folded words that stand where an id would and are none.
constexpr std::array<std::string_view, 34> no_ids = {
    "null",       "none",      "nil",        "nan",     "undefined", "false",   "true",
    "yes",        "no",        "ok",         "error",   "errors",    "fail",    "failed",
    "failure",    "invalid",   "incorrect",  "unknown", "notfound",  "denied",  "rejected",
    "refused",    "success",   "successful", "done",    "accepted",  "pending", "processing",
    "inprogress", "completed", "canceled",   "partial", "duplicate", "na"};

constexpr std::array<std::string_view, 3> refill_names = {"refill", "refill_id", "refillId"};
constexpr std::array<std::string_view, 4> cancel_names = {"cancel", "canceled", "cancelled", "cancel_id"};
constexpr std::array<std::string_view, 2> report_names = {"status", "refill_status"};
constexpr std::array<std::string_view, 3> order_id_names = {"order", "order_id", "id"};
constexpr std::array<std::string_view, 3> refill_id_names = {"refill", "refill_id", "id"};

Names value_names(Action action) {
  switch (action) {
    case Action::refill:
      return refill_names;
    case Action::refill_status:
      return report_names;
    case Action::cancel:
      return cancel_names;
  }
  return {};
}

bool is_whole_number(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_digit);
}

bool is_zero(std::string_view text) {
  return text.find_first_not_of("0.") == std::string_view::npos;
}

bool is_decimal(std::string_view text) {
  return text.find('.') != std::string_view::npos &&
         text.find_first_not_of("0123456789.") == std::string_view::npos;
}

Verdict yes(std::string text = {}) {
  return {Kind::yes, std::move(text)};
}
Verdict no(std::string_view words = {}) {
  return {Kind::no, std::string(words)};
}

// What a word for a state says where a yes would stand; none when it is no such word.
Verdict verdict_of_state(std::string_view word, Action action) {
  const auto state = refill_state_from_panel_word(word);
  if (!state) return {};
  switch (*state) {
    case RefillState::pending:
    case RefillState::in_progress:
      return yes();
    case RefillState::completed:
      return action == Action::refill ? yes() : Verdict();
    case RefillState::canceled:
      return action == Action::cancel ? yes() : no(word);
    case RefillState::rejected:
    case RefillState::error:
      return no(word);
    case RefillState::expired:
    case RefillState::asking:
    case RefillState::failed:
    case RefillState::refused:
    case RefillState::unknown:
      break;
  }
  return {};
}

// A text under `refill` that may be the new refill's id: it has a digit, as a word has not, and does not
// begin like an error's code.
bool may_be_refill_id(std::string_view text) {
  const auto folded = fold_words(text);
  return std::any_of(text.begin(), text.end(), is_digit) && folded.rfind("err", 0) != 0 &&
         folded.rfind("http", 0) != 0 && folded.rfind("code", 0) != 0 && !says_no_plainly(text);
}

Verdict verdict_of_text(std::string_view text, Action action, const Context& context) {
  text = trim(text);
  if (text.empty()) return {};
  Node flag;
  flag.kind = Node::Kind::text;
  flag.text = text;
  if (action == Action::refill) {
    if (const auto id = read_given_id(flag, context); id && may_be_refill_id(*id)) return yes(*id);
  } else if (is_whole_number(text) && !is_zero(text)) {
    return yes();
  }
  if (is_plain_yes(flag)) return yes();
  if (is_plain_no(flag)) return no();
  if (auto state = verdict_of_state(text, action); state.kind != Kind::none) return state;
  return verdict_of_words(text, action, true);
}

Verdict verdict_of_number(const Node& number, Action action, const Context& context) {
  if (is_zero(number.text)) return no();
  const auto id = read_given_id(number, context);
  if (!id) return {};
  return action == Action::refill ? yes(*id) : yes();
}

// The word for a refill's state, or a sentence that there is none.
Verdict verdict_of_report(const Node& value) {
  const auto word = trim(value.text);
  if (word.empty()) return {};
  if (value.kind == Node::Kind::number || refill_state_from_panel_word(word)) return yes(std::string(word));
  const bool sentence = word.find(' ') != std::string_view::npos;
  if (says_unknown_refill(word) || (sentence && says_no_plainly(word))) return no(word);
  return yes(std::string(word));
}

Verdict value_verdict(const Node& value, Action action, const Context& context, int depth);

Verdict object_value_verdict(const Node& value, Action action, const Context& context, int depth) {
  if (says_a_field_twice(value)) return {};
  if (const auto words = find_no(value, action)) return no(*words);
  if (action == Action::refill) {
    for (const std::string_view name : {"id", "refill", "refill_id"}) {
      const auto* field = value.find(name);
      if (field == nullptr) continue;
      if (auto verdict = value_verdict(*field, action, context, depth + 1); verdict.kind != Kind::none)
        return verdict;
    }
  }
  for (const auto name : value_names(action)) {
    const auto* field = value.find(name);
    if (field == nullptr) continue;
    if (auto verdict = value_verdict(*field, action, context, depth + 1); verdict.kind != Kind::none)
      return verdict;
  }
  if (action == Action::refill_status) return {};
  if (marks_success(value)) return yes();
  if (const auto* status = value.find("status"); status != nullptr && status->kind == Node::Kind::text) {
    if (auto state = verdict_of_state(trim(status->text), action); state.kind != Kind::none) return state;
  }
  return verdict_of_words(message_of(value), action, true);
}

Verdict value_verdict(const Node& value, Action action, const Context& context, int depth) {
  if (depth > max_value_depth) return {};
  const bool report = action == Action::refill_status;
  switch (value.kind) {
    case Node::Kind::null:
      return {};
    case Node::Kind::boolean:
      if (report) return {};
      return is_plain_yes(value) ? yes() : no();
    case Node::Kind::number:
      return report ? verdict_of_report(value) : verdict_of_number(value, action, context);
    case Node::Kind::text:
      return report ? verdict_of_report(value) : verdict_of_text(value.text, action, context);
    case Node::Kind::array:
      return value.children.size() == 1 ? value_verdict(value.children.front(), action, context, depth + 1)
                                        : Verdict();
    case Node::Kind::object:
      return object_value_verdict(value, action, context, depth);
  }
  return {};
}

}  // namespace

std::optional<std::string> read_given_id(const Node& node, const Context& context) {
  if (node.kind != Node::Kind::number && node.kind != Node::Kind::text) return std::nullopt;
  const auto text = trim(node.text);
  if (!is_valid_id(text) || is_zero(text) || text.front() == '-' || is_decimal(text)) return std::nullopt;
  if (node.kind == Node::Kind::number && !is_whole_number(text)) return std::nullopt;
  const auto folded = fold_status_word(text);
  if (std::find(no_ids.begin(), no_ids.end(), folded) != no_ids.end()) return std::nullopt;
  if (holds_key(text, context)) return std::nullopt;
  return std::string(text);
}

Verdict verdict_of_value(const Node& value, Action action, const Context& context) {
  return value_verdict(value, action, context, 0);
}

Verdict verdict_of_words(std::string_view words, Action action, bool alone) {
  words = trim(words);
  if (words.empty() || action == Action::refill_status) return {};
  if (says_yes_plainly(words)) return yes();
  const bool about_refills = action == Action::refill && sort_refusal(words) != RefusalClass::unknown;
  if (says_no_plainly(words) || about_refills) return no(words);
  const bool is_sentence = words.find(' ') != std::string_view::npos;
  return is_sentence && alone && !tells_of_a_deed(words) ? no(words) : Verdict();
}

std::optional<std::string> find_no(const Node& object, Action action) {
  // Under a refill's id "Error" is a state; everywhere else it says no.
  auto words = find_refusal(object, action == Action::refill_status ? Place::of_one_order : Place::root);
  if (!words && action != Action::refill_status) {
    const auto* status = object.find("status");
    if (status != nullptr && is_plain_no(*status) && !message_of(object).empty()) words = message_of(object);
  }
  if (words && trim(*words).empty()) {
    const auto* data = object.find("data");
    if (data != nullptr && data->kind == Node::Kind::object) words = message_of(*data);
  }
  return words;
}

bool marks_success(const Node& object) {
  for (const std::string_view name : {"status", "success", "ok", "result", "response"}) {
    const auto* field = object.find(name);
    if (field != nullptr && is_plain_yes(*field)) return true;
  }
  // {"success":"Cancel request sent"}
  const auto* words = object.find("success");
  return words != nullptr && words->kind == Node::Kind::text && !trim(words->text).empty() &&
         !is_plain_no(*words) && !says_no_plainly(words->text);
}

std::optional<std::string> own_id(const Node& object, Action action, bool is_element) {
  const bool refills = action == Action::refill_status;
  auto names = refills ? Names(refill_id_names) : Names(order_id_names);
  if (!is_element) names = names.first(names.size() - 1);
  for (const auto name : names) {
    const auto* field = object.find(name);
    if (field == nullptr || (field->kind != Node::Kind::number && field->kind != Node::Kind::text)) continue;
    if (auto id = trim(field->text); is_valid_id(id)) return std::string(id);
  }
  return std::nullopt;
}

Verdict named_verdict(const Node& object, Action action, const Context& context) {
  for (const auto name : value_names(action)) {
    const auto* field = object.find(name);
    if (field == nullptr) continue;
    const bool wraps = action == Action::refill_status && field->kind == Node::Kind::text &&
                       (means_done(trim(field->text)) || is_plain_yes(*field));
    // {"status":"success"} says that the call went well; beside the refill's id it is a word for its state.
    if (wraps && (name != "status" || !own_id(object, action, false))) continue;
    if (auto verdict = verdict_of_value(*field, action, context); verdict.kind != Kind::none) return verdict;
  }
  return {};
}

Verdict verdict_of_object(const Node& object, Action action, long http_status, bool went_well,
                          std::string_view asked, const Context& context) {
  auto named = named_verdict(object, action, context);
  if (const auto words = find_no(object, action))
    return named.kind == Kind::yes && action != Action::refill_status ? Verdict() : no(*words);
  if (named.kind != Kind::none || action == Action::refill_status) return named;
  const auto message = message_of(object);
  const bool failed = http_status >= 400;
  if (!failed && (went_well || marks_success(object))) {
    if (says_no_plainly(message)) return no(message);
    const auto* given = object.find("id");
    auto id = given == nullptr || action != Action::refill ? std::nullopt : read_given_id(*given, context);
    return yes(id && *id != asked ? *id : std::string());
  }
  if (failed) return http_status < 500 && !message.empty() ? no(message) : Verdict();
  return verdict_of_words(message, action, false);
}

bool says_a_field_twice(const Node& object) {
  return says_twice(object, judged_fields);
}

}  // namespace smm::panel
