#include "panel/reply_walk.h"

#include "panel/envelope.h"

#include <simdjson.h>

#include <algorithm>
#include <array>

namespace smm::panel {
namespace {

using simdjson::error_code;
namespace ondemand = simdjson::ondemand;

// The words that decide what an object is when no asked id is in it (envelope.h knows what they mean).
constexpr std::array vocabulary = {
    std::string_view("error"),       std::string_view("errors"),
    std::string_view("status"),      std::string_view("message"),
    std::string_view("msg"),         std::string_view("error_message"),
    std::string_view("success"),     std::string_view("ok"),
    std::string_view("detail"),      std::string_view("data"),
    std::string_view("orders"),      std::string_view("order"),
    std::string_view("result"),      std::string_view("results"),
    std::string_view("response"),    std::string_view("statuses"),
    std::string_view("charge"),      std::string_view("remains"),
    std::string_view("start_count"), std::string_view("start_counter"),
    std::string_view("runs"),        std::string_view("posts"),
    std::string_view("expiry"),      std::string_view("reason"),
    std::string_view("description"), std::string_view("error_description"),
};

std::string_view word_of_api(std::string_view key) {
  if (key.empty() || key.front() < 'a' || key.front() > 'z') return {};
  const auto* found = std::find(vocabulary.begin(), vocabulary.end(), key);
  return found == vocabulary.end() ? std::string_view() : *found;
}

std::string_view without_trailing_space(std::string_view text) {
  while (!text.empty() &&
         (text.back() == ' ' || text.back() == '\n' || text.back() == '\r' || text.back() == '\t'))
    text.remove_suffix(1);
  return text;
}

// The bytes of a value, without the white space behind it: the same bytes wherever in the reply it stands.
error_code bytes_of(ondemand::value value, std::string_view& bytes) {
  const auto token = value.raw_json_token();
  if (!token.empty() && token.front() == '{') {
    ondemand::object object;
    if (const auto error = value.get_object().get(object)) return error;
    if (const auto error = object.raw_json().get(bytes)) return error;
  } else if (!token.empty() && token.front() == '[') {
    ondemand::array array;
    if (const auto error = value.get_array().get(array)) return error;
    if (const auto error = array.raw_json().get(bytes)) return error;
  } else {
    bytes = token;
  }
  bytes = without_trailing_space(bytes);
  return bytes.empty() ? simdjson::TAPE_ERROR : simdjson::SUCCESS;
}

// null, false, "" and [] under an id are no answer about it.
bool is_answer(std::string_view json) {
  return json != "null" && json != "false" && json != "\"\"" && json != "[]";
}

}  // namespace

struct Walker::State {
  ondemand::parser parser;
  ondemand::parser element_parser;
  std::string loaded;
  AskedIds ids;

  [[nodiscard]] std::size_t readable_from(std::string_view json) const {
    return static_cast<std::size_t>(loaded.data() + loaded.size() - json.data());
  }

  void believe(std::size_t index, std::string_view json, Walk& found) {
    if (ids.say(index)) found.said_twice = true;
    if (is_answer(json)) found.entries.push_back({index, digest_of(json), json});
  }

  error_code walk_object(ondemand::object object, Walk& found) {
    for (auto result : object) {
      ondemand::field field;
      if (const auto error = std::move(result).get(field)) return error;
      std::string_view key;
      if (const auto error = field.unescaped_key().get(key)) return error;
      std::string_view json;
      if (const auto error = bytes_of(field.value(), json)) return error;
      if (const auto index = ids.find(key)) {
        believe(*index, json, found);
      } else if (const auto word = word_of_api(key); !word.empty()) {
        note_word(word, json, found);
      } else if (json.front() == '{' || (!key.empty() && key.front() >= '0' && key.front() <= '9')) {
        found.strangers = true;
      }
    }
    return simdjson::SUCCESS;
  }

  static void note_word(std::string_view name, std::string_view json, Walk& found) {
    const bool before = std::any_of(found.words.begin(), found.words.end(),
                                    [&](const Word& word) { return word.name == name; });
    if (before) found.said_twice = true;
    if (!before) found.words.push_back({name, json});
  }

  error_code walk_array(ondemand::array array, Walk& found) {
    for (auto result : array) {
      ondemand::value value;
      if (const auto error = result.get(value)) return error;
      std::string_view json;
      if (const auto error = bytes_of(value, json)) return error;
      const auto id = json.front() == '{' ? id_of(json) : std::string_view();
      if (id.empty()) {
        found.unnamed.push_back(json);
      } else if (const auto index = ids.find(id)) {
        believe(*index, json, found);
      } else {
        found.strangers = true;
      }
    }
    return simdjson::SUCCESS;
  }

  // The order that an element of an array is about; empty when it does not say. Valid until the next call.
  std::string_view id_of(std::string_view json) {
    ondemand::document document;
    if (element_parser.iterate(json.data(), json.size(), readable_from(json)).get(document)) return {};
    ondemand::object object;
    if (document.get_object().get(object)) return {};
    for (const std::string_view name : {"order", "id", "order_id"}) {
      ondemand::value value;
      const auto error = object.find_field_unordered(name).get(value);
      if (error == simdjson::NO_SUCH_FIELD) continue;
      // After any other error simdjson's iterator is dead, and a further step on it a crash.
      if (error != simdjson::SUCCESS) return {};
      const auto token = without_trailing_space(value.raw_json_token());
      if (token.empty() || token.front() == '{' || token.front() == '[') continue;
      if (token.front() != '"') return token;
      std::string_view text;
      return value.get_string().get(text) ? std::string_view() : text;
    }
    return {};
  }

  error_code walk(std::string_view json, Walk& found) {
    ondemand::document document;
    if (const auto error = parser.iterate(json.data(), json.size(), readable_from(json)).get(document))
      return error;
    if (json.front() == '{') {
      ondemand::object object;
      if (const auto error = document.get_object().get(object)) return error;
      if (const auto error = walk_object(object, found)) return error;
    } else {
      ondemand::array array;
      if (const auto error = document.get_array().get(array)) return error;
      if (const auto error = walk_array(array, found)) return error;
    }
    // On demand looks no further than it is asked to.
    const bool at_end = document.current_location().error() == simdjson::OUT_OF_BOUNDS;
    return at_end ? simdjson::SUCCESS : simdjson::TAPE_ERROR;
  }
};

Walker::Walker() : state_(std::make_unique<State>()) {}
Walker::~Walker() = default;

std::string_view Walker::load(std::string_view text) {
  auto& loaded = state_->loaded;
  // One reply out of all measure is not to hold its memory for ever.
  constexpr std::size_t usual = std::size_t{1} << 20U;
  if (loaded.capacity() > usual && text.size() < usual) *state_ = State();
  loaded.assign(text);
  loaded.append(simdjson::SIMDJSON_PADDING, '\0');
  return std::string_view(loaded).substr(0, text.size());
}

Walker::Fault Walker::walk(std::string_view json, std::span<const OrderId> asked, Walk& found) {
  state_->ids.begin(asked);
  found.entries.reserve(asked.size());
  const auto error = state_->walk(json, found);
  if (error == simdjson::SUCCESS) return Fault::none;
  return error == simdjson::UTF8_ERROR ? Fault::not_utf8 : Fault::broken;
}

}  // namespace smm::panel
