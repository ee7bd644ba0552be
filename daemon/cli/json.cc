#include "cli/json.h"

#include "domain/text.h"

#include <nlohmann/json.hpp>

#include <array>
#include <cstdio>

namespace smm::cli {
namespace {

// The code point of one valid UTF-8 character.
unsigned code_point(std::string_view bytes) {
  unsigned code = static_cast<unsigned char>(bytes.front());
  if (bytes.size() > 1) code &= 0x7FU >> bytes.size();
  for (const char byte : bytes.substr(1)) code = (code << 6) | (static_cast<unsigned char>(byte) & 0x3FU);
  return code;
}

std::size_t character_length(char first) {
  const auto lead = static_cast<unsigned char>(first);
  return lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
}

}  // namespace

std::optional<Json> parse_json(std::string_view text) {
  // To the library a NUL is the end, whatever comes behind it.
  if (text.find('\0') != std::string_view::npos) return std::nullopt;
  constexpr int deepest = 64;
  bool too_deep = false;
  auto json = Json::parse(
      text,
      [&](int depth, Json::parse_event_t, Json&) {
        too_deep = too_deep || depth > deepest;
        return !too_deep;
      },
      false);
  if (too_deep || json.is_discarded()) return std::nullopt;
  return json;
}

const Json& field(const Json& object, std::string_view key) {
  static const Json null;
  if (!object.is_object()) return null;
  const auto found = object.find(std::string(key));
  return found == object.end() ? null : *found;
}

std::string words(const Json& value) {
  if (value.is_null()) return {};
  if (value.is_string()) return value.get<std::string>();
  return value.dump();
}

std::string words(const Json& object, std::string_view key) {
  return words(field(object, key));
}

std::optional<std::int64_t> whole_number(const Json& object, std::string_view key) {
  const auto& value = field(object, key);
  if (!value.is_number_integer()) return std::nullopt;
  return value.get<std::int64_t>();
}

std::optional<double> number(const Json& object, std::string_view key) {
  const auto& value = field(object, key);
  if (!value.is_number()) return std::nullopt;
  return value.get<double>();
}

bool is_true(const Json& object, std::string_view key) {
  const auto& value = field(object, key);
  return value.is_boolean() && value.get<bool>();
}

std::optional<Timestamp> moment(const Json& object, std::string_view key) {
  const auto& value = field(object, key);
  if (!value.is_string()) return std::nullopt;
  return from_rfc3339(value.get_ref<const std::string&>());
}

std::string harmless_json(std::string_view document) {
  std::string harmless;
  harmless.reserve(document.size());
  while (!document.empty()) {
    const auto character = document.substr(0, character_length(document.front()));
    document.remove_prefix(character.size());
    // Line breaks and tabs stand between values only; JSON allows no C0 character inside a string.
    const bool is_layout = character == "\n" || character == "\r" || character == "\t";
    if (is_layout || escape_controls(character) == character) {
      harmless += character;
      continue;
    }
    std::array<char, 8> spelled{};
    const int length = std::snprintf(spelled.data(), spelled.size(), "\\u%04x", code_point(character));
    harmless.append(spelled.data(), static_cast<std::size_t>(length));
  }
  return harmless;
}

}  // namespace smm::cli
