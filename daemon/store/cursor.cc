#include "store/cursor.h"

#include <charconv>

namespace smm::store {
namespace {

constexpr std::string_view digits = "0123456789abcdef";

std::optional<std::int64_t> read_number(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<std::string> read_hex(std::string_view hex) {
  if (hex.size() % 2 != 0) return std::nullopt;
  std::string text;
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    const auto high = digits.find(hex[i]);
    const auto low = digits.find(hex[i + 1]);
    if (high == std::string_view::npos || low == std::string_view::npos) return std::nullopt;
    text += static_cast<char>(high * 16 + low);
  }
  return text;
}

// The part before the next '.', which is taken off `rest`.
std::string_view take_part(std::string_view& rest) {
  const auto dot = rest.find('.');
  const auto part = rest.substr(0, dot);
  rest = dot == std::string_view::npos ? std::string_view() : rest.substr(dot + 1);
  return part;
}

}  // namespace

std::string cursor_text(std::string_view kind, const std::vector<std::int64_t>& numbers,
                        std::string_view text) {
  std::string cursor(kind);
  for (const auto number : numbers) cursor += "." + std::to_string(number);
  cursor += ".";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    cursor += digits[byte / 16];
    cursor += digits[byte % 16];
  }
  return cursor;
}

std::optional<CursorParts> read_cursor(std::string_view cursor, std::string_view kind, std::size_t count) {
  if (take_part(cursor) != kind) return std::nullopt;
  CursorParts parts;
  for (std::size_t i = 0; i < count; ++i) {
    const auto number = read_number(take_part(cursor));
    if (!number) return std::nullopt;
    parts.numbers.push_back(*number);
  }
  auto text = read_hex(cursor);
  if (!text) return std::nullopt;
  parts.text = std::move(*text);
  return parts;
}

}  // namespace smm::store
