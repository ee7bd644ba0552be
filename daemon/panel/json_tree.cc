#include "panel/json_tree.h"

#include "domain/text.h"

#include <simdjson.h>

#include <algorithm>

namespace smm::panel {
namespace {

using simdjson::error_code;
namespace ondemand = simdjson::ondemand;

std::string_view without_trailing_space(std::string_view text) {
  const auto last = text.find_last_not_of(" \t\r\n");
  return text.substr(0, last == std::string_view::npos ? 0 : last + 1);
}

std::size_t digits_at(std::string_view text, std::size_t at) {
  std::size_t count = 0;
  while (at + count < text.size() && is_digit(text[at + count])) ++count;
  return count;
}

class Builder {
 public:
  error_code build(ondemand::value value, Node& node, int depth) {
    if (++nodes_ > max_nodes || depth > max_depth) return simdjson::DEPTH_ERROR;
    const auto token = value.raw_json_token();
    switch (token.empty() ? '\0' : token.front()) {
      case '{': {
        ondemand::object object;
        if (const auto error = value.get_object().get(object)) return error;
        return build_object(object, node, depth);
      }
      case '[': {
        ondemand::array array;
        if (const auto error = value.get_array().get(array)) return error;
        return build_array(array, node, depth);
      }
      case '"': {
        std::string_view text;
        if (const auto error = value.get_string().get(text)) return error;
        node.kind = Node::Kind::text;
        node.text = text;
        return simdjson::SUCCESS;
      }
      default:
        return build_scalar(token, node);
    }
  }

  error_code build_object(ondemand::object& object, Node& node, int depth) {
    node.kind = Node::Kind::object;
    for (auto result : object) {
      ondemand::field field;
      if (const auto error = std::move(result).get(field)) return error;
      std::string_view key;
      if (const auto error = field.unescaped_key().get(key)) return error;
      auto& child = node.children.emplace_back();
      child.key = key;
      if (const auto error = build(field.value(), child, depth + 1)) return error;
    }
    return simdjson::SUCCESS;
  }

  error_code build_array(ondemand::array& array, Node& node, int depth) {
    node.kind = Node::Kind::array;
    for (auto result : array) {
      ondemand::value value;
      if (const auto error = result.get(value)) return error;
      if (const auto error = build(value, node.children.emplace_back(), depth + 1)) return error;
    }
    return simdjson::SUCCESS;
  }

  static error_code build_scalar(std::string_view token, Node& node) {
    token = without_trailing_space(token);
    if (token == "null") {
      node.kind = Node::Kind::null;
    } else if (token == "true" || token == "false") {
      node.kind = Node::Kind::boolean;
    } else if (is_json_number(token)) {
      node.kind = Node::Kind::number;
    } else {
      return simdjson::TAPE_ERROR;
    }
    if (node.kind != Node::Kind::null) node.text = token;
    return simdjson::SUCCESS;
  }

 private:
  std::size_t nodes_ = 0;
};

error_code build_document(ondemand::document& document, std::string_view json, Node& node) {
  Builder builder;
  switch (json.front()) {
    case '{': {
      ondemand::object object;
      if (const auto error = document.get_object().get(object)) return error;
      if (const auto error = builder.build_object(object, node, 1)) return error;
      break;
    }
    case '[': {
      ondemand::array array;
      if (const auto error = document.get_array().get(array)) return error;
      if (const auto error = builder.build_array(array, node, 1)) return error;
      break;
    }
    case '"': {
      std::string_view text;
      if (const auto error = document.get_string().get(text)) return error;
      node.kind = Node::Kind::text;
      node.text = text;
      break;
    }
    default:
      return Builder::build_scalar(json, node);
  }
  // On demand looks no further than it is asked to: nothing may follow.
  const bool at_end = document.current_location().error() == simdjson::OUT_OF_BOUNDS;
  return at_end ? simdjson::SUCCESS : simdjson::TAPE_ERROR;
}

bool is_surrogate(std::string_view escape, char from, char to) {
  return escape.size() == 6 && escape.substr(0, 2) == "\\u" && (escape[2] == 'd' || escape[2] == 'D') &&
         (escape[3] | 0x20) >= from && (escape[3] | 0x20) <= to;
}

}  // namespace

const Node* Node::find(std::string_view name) const {
  if (kind != Kind::object) return nullptr;
  const auto found =
      std::find_if(children.begin(), children.end(), [&](const Node& child) { return child.key == name; });
  return found == children.end() ? nullptr : &*found;
}

struct TreeParser::State {
  ondemand::parser parser;
  std::string padded;  // simdjson reads past the end of what it is given

  error_code parse(std::string_view json, Node& node) {
    padded.assign(json);
    padded.append(simdjson::SIMDJSON_PADDING, '\0');
    ondemand::document document;
    if (const auto error = parser.iterate(padded.data(), json.size(), padded.size()).get(document))
      return error;
    return build_document(document, json, node);
  }
};

TreeParser::TreeParser() : state_(std::make_unique<State>()) {}
TreeParser::~TreeParser() = default;

std::optional<Node> TreeParser::parse(std::string_view json) {
  const auto first = json.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return std::nullopt;
  json = without_trailing_space(json.substr(first));
  Node node;
  auto error = state_->parse(json, node);
  if (error == simdjson::STRING_ERROR && json.find("\\u") != std::string_view::npos) {
    node = Node();
    error = state_->parse(with_whole_characters(json), node);
  }
  // One giant out of all measure is not to hold its memory for ever.
  constexpr std::size_t usual = std::size_t{1} << 20U;
  if (json.size() > usual) *state_ = State();
  if (error != simdjson::SUCCESS) return std::nullopt;
  return node;
}

// The third digit of a high half is 8, 9, a or b, of a low half c to f ('8' | 0x20 is '8').
std::string with_whole_characters(std::string_view json) {
  std::string mended(json);
  for (std::size_t i = 0; i + 1 < mended.size(); ++i) {
    if (mended[i] != '\\') continue;
    const auto here = std::string_view(mended).substr(i, 6);
    const bool high = is_surrogate(here, '8', '9') || is_surrogate(here, 'a', 'b');
    if (high && is_surrogate(std::string_view(mended).substr(std::min(i + 6, mended.size()), 6), 'c', 'f')) {
      i += 11;
    } else if (high || is_surrogate(here, 'c', 'f')) {
      mended.replace(i, 6, "\\ufffd");
      i += 5;
    } else {
      ++i;
    }
  }
  return mended;
}

bool is_json_number(std::string_view text) {
  std::size_t at = !text.empty() && text.front() == '-' ? 1 : 0;
  const auto whole = digits_at(text, at);
  if (whole == 0 || (whole > 1 && text[at] == '0')) return false;
  at += whole;
  if (at < text.size() && text[at] == '.') {
    const auto fraction = digits_at(text, at + 1);
    if (fraction == 0) return false;
    at += 1 + fraction;
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
    const auto exponent = digits_at(text, at);
    if (exponent == 0) return false;
    at += exponent;
  }
  return at == text.size();
}

}  // namespace smm::panel
