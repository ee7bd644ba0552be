#include "panel/services_reply.h"

#include "domain/text.h"
#include "panel/document.h"
#include "panel/envelope.h"
#include "panel/json_tree.h"
#include "panel/observation.h"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <unordered_set>
#include <utility>

namespace smm::panel {
namespace {

using simdjson::error_code;
namespace ondemand = simdjson::ondemand;
using ServicesAnswer = tl::expected<std::vector<Service>, Error>;

// Under which a list lies in an object.
constexpr std::array<std::string_view, 7> wrappers = {"services", "data",  "result", "results",
                                                      "response", "items", "list"};
// What find_refusal and message_of look at.
constexpr std::array<std::string_view, 12> words_of_refusal = {
    "error",  "errors", "status",        "success",           "ok",         "message", "msg",
    "detail", "reason", "error_message", "error_description", "description"};

enum class Field : std::uint8_t {
  id,
  id_alias,
  name,
  type,
  category,
  rate,
  min,
  max,
  refill,
  cancel,
  dripfeed
};

constexpr std::array<std::pair<std::string_view, Field>, 13> field_names = {{
    {"service", Field::id},
    {"name", Field::name},
    {"type", Field::type},
    {"category", Field::category},
    {"rate", Field::rate},
    {"min", Field::min},
    {"max", Field::max},
    {"refill", Field::refill},
    {"cancel", Field::cancel},
    {"dripfeed", Field::dripfeed},
    {"drip_feed", Field::dripfeed},
    {"service_id", Field::id_alias},
    {"id", Field::id_alias},
}};

// Into field_names; its size for a key that is none.
std::size_t index_of_field(std::string_view key) {
  const auto* found = std::find_if(field_names.begin(), field_names.end(),
                                   [&](const auto& entry) { return entry.first == key; });
  return static_cast<std::size_t>(found - field_names.begin());
}

template <std::size_t Size>
bool is_one_of(std::string_view key, const std::array<std::string_view, Size>& names) {
  return std::find(names.begin(), names.end(), key) != names.end();
}

// A scalar as a node, without a tree around it. A container is Kind::null, but for an object that has a name
// ({"id":5,"name":"Instagram"} for a category).
error_code read_scalar(ondemand::value value, Node& node, bool may_be_named) {
  const auto raw = trim(value.raw_json_token());
  node.kind = Node::Kind::null;
  node.text.clear();
  if (raw.empty()) return simdjson::TAPE_ERROR;
  switch (raw.front()) {
    case '"': {
      std::string_view text;
      if (const auto error = value.get_string().get(text)) return error;
      node.kind = Node::Kind::text;
      node.text = text;
      return simdjson::SUCCESS;
    }
    case '{': {
      if (!may_be_named) return simdjson::SUCCESS;
      ondemand::object object;
      if (const auto error = value.get_object().get(object)) return error;
      ondemand::value name;
      const auto error = object.find_field_unordered("name").get(name);
      if (error == simdjson::NO_SUCH_FIELD) return simdjson::SUCCESS;
      return error != simdjson::SUCCESS ? error : read_scalar(name, node, false);
    }
    case '[':
    case 'n':
      return simdjson::SUCCESS;
    case 't':
    case 'f':
      node.kind = Node::Kind::boolean;
      break;
    default:
      node.kind = Node::Kind::number;
      break;
  }
  node.text = raw;
  return simdjson::SUCCESS;
}

std::optional<bool> read_flag(const Node& node) {
  if (is_plain_yes(node)) return true;
  if (is_plain_no(node)) return false;
  return std::nullopt;
}

// Texts of neighbouring rows are often the same (category, type): cleaned once.
class CleanText {
 public:
  explicit CleanText(const Context& context) : context_(context) {}

  const std::string& of(const Node& node) {
    const bool has_text = node.kind == Node::Kind::text || node.kind == Node::Kind::number;
    const auto text = has_text ? std::string_view(node.text) : std::string_view();
    if (text != raw_) {
      raw_ = text;
      clean_ = std::string(trim(clean(text, context_)));
    }
    return clean_;
  }

 private:
  const Context& context_;
  std::string raw_;
  std::string clean_;
};

class Reading {
 public:
  Reading(const Reply& reply, const Context& context)
      : reply_(reply), context_(context), name_(context), type_(context), category_(context) {}

  ServicesAnswer read(std::string_view document) {
    if (const auto reach = reach_of_value(document);
        reach.end != Reach::End::complete || reach.at != document.size())
      return failed(what_is_broken(document));
    text_.assign(document);
    auto error = read_text();
    // One character cut in half in one name is not to cost the catalogue.
    if (error == simdjson::UTF8_ERROR) {
      text_ = to_valid_utf8(text_);
      error = read_text();
    }
    if (error == simdjson::STRING_ERROR) {
      text_ = with_whole_characters(text_);
      error = read_text();
    }
    if (refusal_) return tl::make_unexpected(std::move(*refusal_));
    if (error != simdjson::SUCCESS || is_ambiguous_) return failed(ErrorKind::malformed);
    if (services_.size() > max_services)
      return tl::make_unexpected(Error{ErrorKind::wrong_shape, "the list has too many services"});
    if (services_.empty()) return failed(ErrorKind::wrong_shape);
    return std::move(services_);
  }

 private:
  ServicesAnswer failed(ErrorKind kind) {
    return tl::make_unexpected(unreadable(reply_, kind, {}, context_));
  }

  error_code read_text() {
    const auto size = text_.size();
    text_.append(simdjson::SIMDJSON_PADDING, '\0');
    services_.clear();
    seen_.clear();
    refusal_.reset();
    const auto error = read_value(std::string_view(text_).substr(0, size), 0);
    text_.resize(size);
    return error;
  }

  // `json` lies in text_, which is padded.
  error_code read_value(std::string_view json, int depth) {
    ondemand::parser parser;
    ondemand::document document;
    const auto readable = static_cast<std::size_t>(text_.data() + text_.size() - json.data());
    if (const auto error = parser.iterate(json.data(), json.size(), readable).get(document)) return error;
    if (json.front() == '[') {
      ondemand::array array;
      if (const auto error = document.get_array().get(array)) return error;
      return read_list(array);
    }
    if (json.front() != '{') {
      refuse(json);
      return simdjson::SUCCESS;
    }
    ondemand::object object;
    if (const auto error = document.get_object().get(object)) return error;
    return read_object(object, depth);
  }

  // A reply that is only a text.
  void refuse(std::string_view json) {
    const auto node = TreeParser().parse(json);
    if (node && node->kind == Node::Kind::text) refusal_ = refusal(reply_, node->text, context_);
  }

  error_code read_list(ondemand::array array) {
    for (auto result : array) {
      ondemand::value value;
      if (const auto error = result.get(value)) return error;
      if (const auto error = read_element(value)) return error;
      if (is_ambiguous_ || services_.size() > max_services) break;
    }
    return simdjson::SUCCESS;
  }

  error_code read_element(ondemand::value value) {
    const auto token = value.raw_json_token();
    if (token.empty() || token.front() != '{') return simdjson::SUCCESS;
    ondemand::object row;
    if (const auto error = value.get_object().get(row)) return error;
    return read_row(row);
  }

  // A wrapper, a refusal, or an object of rows. What it wraps is read when all of it is known.
  error_code read_object(ondemand::object object, int depth) {
    Node words;
    words.kind = Node::Kind::object;
    std::vector<std::pair<std::string_view, std::string_view>> wrapped;
    for (auto result : object) {
      ondemand::field field;
      if (const auto error = std::move(result).get(field)) return error;
      std::string_view key;
      if (const auto error = field.unescaped_key().get(key)) return error;
      const auto token = field.value().raw_json_token();
      const bool is_container = !token.empty() && (token.front() == '{' || token.front() == '[');
      if (is_one_of(key, words_of_refusal)) {
        if (const auto error = add_word(words, key, field.value())) return error;
      } else if (is_container && is_one_of(key, wrappers)) {
        std::string_view json;
        if (const auto error = raw_json(field.value(), json)) return error;
        wrapped.emplace_back(*std::find(wrappers.begin(), wrappers.end(), key), json);
      } else if (const auto error = read_element(field.value())) {
        return error;
      }
      if (is_ambiguous_ || services_.size() > max_services) return simdjson::SUCCESS;
    }
    if (const auto no = find_refusal(words, Place::root)) {
      refusal_ = refusal(reply_, *no, context_);
      return simdjson::SUCCESS;
    }
    for (const auto name : wrappers) {
      if (!services_.empty() || depth >= max_wrappers) break;
      for (const auto& [key, json] : wrapped) {
        if (key != name) continue;
        if (const auto error = read_value(json, depth + 1)) return error;
      }
    }
    const auto message = message_of(words);
    if (services_.empty() && !refusal_ && !message.empty()) refusal_ = refusal(reply_, message, context_);
    return simdjson::SUCCESS;
  }

  static error_code raw_json(ondemand::value value, std::string_view& json) {
    const auto token = value.raw_json_token();
    if (!token.empty() && token.front() == '{') {
      ondemand::object object;
      if (const auto error = value.get_object().get(object)) return error;
      if (const auto error = object.raw_json().get(json)) return error;
    } else if (!token.empty() && token.front() == '[') {
      ondemand::array array;
      if (const auto error = value.get_array().get(array)) return error;
      if (const auto error = array.raw_json().get(json)) return error;
    } else {
      json = token;
    }
    json = trim(json);
    return json.empty() ? simdjson::TAPE_ERROR : simdjson::SUCCESS;
  }

  static error_code add_word(Node& words, std::string_view key, ondemand::value value) {
    const std::string name(key);
    std::string_view json;
    if (const auto error = raw_json(value, json)) return error;
    auto node = TreeParser().parse(json);
    if (!node) return simdjson::TAPE_ERROR;
    node->key = name;
    words.children.push_back(std::move(*node));
    return simdjson::SUCCESS;
  }

  error_code read_row(ondemand::object row) {
    Service service;
    std::array<bool, field_names.size()> said{};
    ServiceId alias;
    for (auto result : row) {
      ondemand::field field;
      if (const auto error = std::move(result).get(field)) return error;
      std::string_view key;
      if (const auto error = field.unescaped_key().get(key)) return error;
      const auto index = index_of_field(key);
      if (index == field_names.size()) continue;
      if (std::exchange(said.at(index), true)) is_ambiguous_ = true;
      const auto name = field_names.at(index).second;
      const bool is_alias = name == Field::id_alias;
      if (const auto error = read_scalar(field.value(), scalar_, name == Field::category)) return error;
      if (is_alias && alias.empty()) set_id(alias);
      if (!is_alias) set(service, name);
    }
    if (service.id.empty()) service.id = std::move(alias);
    if (!service.id.empty() && seen_.insert(service.id.text()).second)
      services_.push_back(std::move(service));
    return simdjson::SUCCESS;
  }

  void set_id(ServiceId& id) const {
    if (scalar_.kind != Node::Kind::text && scalar_.kind != Node::Kind::number) return;
    const auto text = trim(scalar_.text);
    if (is_valid_id(text) && !holds_key(text, context_)) id = ServiceId(text);
  }

  void set(Service& service, Field field) {
    switch (field) {
      case Field::id:
        set_id(service.id);
        return;
      case Field::name:
        service.name = name_.of(scalar_);
        return;
      case Field::type:
        service.type = type_.of(scalar_);
        return;
      case Field::category:
        service.category = category_.of(scalar_);
        return;
      case Field::rate:
        service.rate = read_money(&scalar_, context_);
        return;
      case Field::min:
        service.min = read_count(&scalar_, context_);
        return;
      case Field::max:
        service.max = read_count(&scalar_, context_);
        return;
      case Field::refill:
        service.refill = read_flag(scalar_);
        return;
      case Field::cancel:
        service.cancel = read_flag(scalar_);
        return;
      case Field::dripfeed:
        if (!service.dripfeed) service.dripfeed = read_flag(scalar_);
        return;
      case Field::id_alias:
        return;
    }
  }

  const Reply& reply_;
  const Context& context_;
  CleanText name_;
  CleanText type_;
  CleanText category_;
  std::string text_;
  std::vector<Service> services_;
  std::unordered_set<std::string> seen_;
  std::optional<Error> refusal_;
  bool is_ambiguous_ = false;  // a row says one of its fields twice
  Node scalar_;
};

}  // namespace

tl::expected<std::vector<Service>, Error> read_services(const Reply& reply, const Context& context) {
  if (reply.http_status >= 300 && reply.http_status < 400)
    return tl::make_unexpected(unreadable(reply, ErrorKind::redirected, {}, context));
  const auto place = locate(reply.body);
  if (!place.found) return tl::make_unexpected(unreadable(reply, place.kind, place.text, context));
  return Reading(reply, context).read(place.document);
}

}  // namespace smm::panel
