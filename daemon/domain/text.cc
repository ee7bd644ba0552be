#include "domain/text.h"

#include <array>
#include <cstdint>
#include <cstdio>

namespace smm {
namespace {

struct Character {
  std::uint32_t code = 0;
  std::size_t length = 0;  // bytes; 0 when the bytes are no character
};

// The character at the front of `text`, by RFC 3629: no overlong forms, no surrogates, nothing over U+10FFFF.
Character first_character(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return {};
  std::uint32_t code = lead & (0x7FU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0U) != 0x80) return {};
    code = (code << 6) | (byte(i) & 0x3FU);
  }
  constexpr std::array<std::uint32_t, 5> least = {0, 0, 0x80, 0x800, 0x10000};
  if (code < least.at(length) || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) return {};
  return {code, length};
}

bool is_control(std::uint32_t code) {
  return code < 0x20 || (code >= 0x7F && code <= 0x9F) || code == 0x061C || code == 0x200B ||
         code == 0x200E || code == 0x200F || (code >= 0x2028 && code <= 0x202E) ||
         (code >= 0x2066 && code <= 0x2069) || code == 0xFEFF;
}

// Calls each(character, its bytes) for every character.
template <class Each>
void walk(std::string_view text, Each each) {
  while (!text.empty()) {
    const auto character = first_character(text);
    const auto length = character.length == 0 ? 1 : character.length;
    each(character, text.substr(0, length));
    text.remove_prefix(length);
  }
}

std::string escaped(std::uint32_t code) {
  if (code == '\n') return "\\n";
  if (code == '\t') return "\\t";
  if (code == '\r') return "\\r";
  std::array<char, 16> buffer{};
  const int length = std::snprintf(buffer.data(), buffer.size(), code < 0x100 ? "\\x%02x" : "\\u%04x", code);
  return {buffer.data(), static_cast<std::size_t>(length)};
}

}  // namespace

std::string to_valid_utf8(std::string_view text) {
  std::string valid;
  valid.reserve(text.size());
  walk(text, [&](const Character& character, std::string_view bytes) {
    valid += character.length == 0 ? std::string_view("\xEF\xBF\xBD") : bytes;
  });
  return valid;
}

std::string escape_controls(std::string_view text) {
  std::string shown;
  shown.reserve(text.size());
  walk(text, [&](const Character& character, std::string_view bytes) {
    if (character.length == 0) {
      shown += escaped(static_cast<unsigned char>(bytes.front()));
    } else if (is_control(character.code)) {
      shown += escaped(character.code);
    } else {
      shown += bytes;
    }
  });
  return shown;
}

std::string strip_controls(std::string_view text, std::size_t limit) {
  std::string kept;
  bool full = false;
  walk(text, [&](const Character& character, std::string_view bytes) {
    if (full) return;
    const bool is_space = character.code == '\n' || character.code == '\r' || character.code == '\t';
    if (!is_space && (character.length == 0 || is_control(character.code))) return;
    const auto piece = is_space ? std::string_view(" ") : bytes;
    full = kept.size() + piece.size() > limit;
    if (!full) kept += piece;
  });
  return kept;
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view blank = " \t\r\n\v\f";
  const auto first = text.find_first_not_of(blank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blank) - first + 1);
}

std::string lower_case(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

}  // namespace smm
