#include "domain/text.h"
#include "panel/reply.h"

#include <algorithm>
#include <limits>

namespace smm::panel {
namespace {

constexpr std::string_view mask = "[key]";

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// The byte that `count` hexadecimal digits at `at` write; -1 when they write none.
int hex_byte(std::string_view text, std::size_t at, std::size_t count) {
  if (at + count > text.size()) return -1;
  int value = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const int digit = hex_value(text[at + i]);
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return value < 0x100 ? value : -1;
}

struct Escape {
  int byte = -1;  // that it stands for; -1 when there is none
  std::size_t length = 0;
};

// An escape at `at`: `%2F`, `\u002f`, `\/` (with any number of backslashes), or `+` for a space. A text may
// have been escaped again before it was quoted to us, so this is about what stands in the decoded text.
Escape escape_at(std::string_view text, std::size_t at) {
  switch (text[at]) {
    case '%':
      return {hex_byte(text, at + 1, 2), 3};
    case '+':
      return {' ', 1};
    case '\\': {
      const auto next = text.find_first_not_of('\\', at);
      if (next == std::string_view::npos) return {};
      if (text[next] == 'u') return {hex_byte(text, next + 1, 4), next + 5 - at};
      return {static_cast<unsigned char>(text[next]), next + 1 - at};
    }
    default:
      return {};
  }
}

// How many bytes of `text` from `at` on are the key, each byte of it plain or escaped; 0 when they are not.
std::size_t key_length(std::string_view text, std::size_t at, std::string_view key) {
  if (text.substr(at, key.size()) == key) return key.size();
  const auto begin = at;
  for (const char c : key) {
    if (at >= text.size()) return 0;
    const auto escape = escape_at(text, at);
    if (escape.byte == static_cast<unsigned char>(c)) {
      at += escape.length;
    } else if (text[at] == c) {
      ++at;
    } else {
      return 0;
    }
  }
  return at - begin;
}

// The key begins with its first byte or with an escape: most of a text need not be looked at further.
bool may_begin(char c, std::string_view key) {
  return c == key.front() || c == '%' || c == '+' || c == '\\';
}

std::string without_key(std::string text, std::string_view key) {
  if (key.empty()) return text;
  std::string masked;
  bool found = false;
  for (std::size_t i = 0; i < text.size();) {
    const auto length = may_begin(text[i], key) ? key_length(text, i, key) : 0;
    if (length == 0) {
      if (found) masked += text[i];
      ++i;
      continue;
    }
    if (!found) masked = text.substr(0, i);
    found = true;
    masked += mask;
    i += length;
  }
  return found ? masked : text;
}

}  // namespace

// The key is masked before control characters go, as it was sent, and after, in case only they kept its parts
// asunder; and before the text is cut, so that no part of it is left at the end.
std::string clean(std::string_view text, const Context& context, std::size_t limit) {
  const bool is_plain = std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7F; });
  if (is_plain) {
    auto masked = without_key(std::string(text), context.key);
    if (masked.size() > limit) masked.resize(limit);
    return masked;
  }
  constexpr auto unlimited = std::numeric_limits<std::size_t>::max();
  auto kept = strip_controls(without_key(to_valid_utf8(text), context.key), unlimited);
  kept = without_key(std::move(kept), context.key);
  return kept.size() <= limit ? kept : strip_controls(kept, limit);
}

}  // namespace smm::panel
