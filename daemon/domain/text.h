#pragma once

#include <string>
#include <string_view>

namespace smm {

// Valid UTF-8 whatever came in: each byte that belongs to no character becomes U+FFFD.
[[nodiscard]] std::string to_valid_utf8(std::string_view text);

// For terminals and logs: control characters (C0, DEL, C1, and the Unicode ones that reorder or break lines)
// as \n, \t, \x1b, \u202e; everything else as it is. `text` must be valid UTF-8.
[[nodiscard]] std::string escape_controls(std::string_view text);

// `text` without its control characters, cut at the last whole character within `limit` bytes: what is kept
// of a stranger's text. Line breaks and tabs become spaces. `text` must be valid UTF-8.
[[nodiscard]] std::string strip_controls(std::string_view text, std::size_t limit = 1024);

// `text` with `mask` wherever `secret` stands in it, each byte of it plain or escaped (%2F, \u002f, \/, + for
// a space). An empty secret stands nowhere.
[[nodiscard]] std::string mask_secret(std::string text, std::string_view secret, std::string_view mask);

// Without the white space at both ends.
[[nodiscard]] std::string_view trim(std::string_view text);

// Of ASCII, whatever the locale says.
[[nodiscard]] constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
[[nodiscard]] std::string lower_case(std::string_view text);

// "1 order", "2 orders", "2 addresses"
template <class Count>
[[nodiscard]] std::string counted(Count count, std::string_view noun) {
  const auto* plural = noun.ends_with('s') ? "es" : "s";
  return std::to_string(count) + " " + std::string(noun) + (count == 1 ? "" : plural);
}

}  // namespace smm
