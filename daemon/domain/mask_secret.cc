#include "domain/text.h"

namespace smm {
namespace {

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

// How many bytes of `text` from `at` on are the secret, each byte of it plain or escaped; 0 when they are
// not.
std::size_t secret_length(std::string_view text, std::size_t at, std::string_view secret) {
  if (text.substr(at, secret.size()) == secret) return secret.size();
  const auto begin = at;
  for (const char c : secret) {
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

// The secret begins with its first byte or with an escape: most of a text need not be looked at further.
bool may_begin(char c, std::string_view secret) {
  return c == secret.front() || c == '%' || c == '+' || c == '\\';
}

}  // namespace

std::string mask_secret(std::string text, std::string_view secret, std::string_view mask) {
  if (secret.empty()) return text;
  std::string masked;
  bool found = false;
  for (std::size_t i = 0; i < text.size();) {
    const auto length = may_begin(text[i], secret) ? secret_length(text, i, secret) : 0;
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

}  // namespace smm
