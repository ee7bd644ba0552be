#include "domain/text.h"

#include <doctest/doctest.h>

#include <random>
#include <string>

namespace smm::text_test {
namespace {

const std::string replacement = "\xEF\xBF\xBD";

std::string times(std::size_t count, const std::string& text) {
  std::string all;
  for (std::size_t i = 0; i < count; ++i) all += text;
  return all;
}

// A character of Unicode as RFC 3629 writes it.
std::string utf8(std::uint32_t code) {
  const auto tail = [&](int shift) { return static_cast<char>(0x80 | ((code >> shift) & 0x3F)); };
  if (code < 0x80) return {static_cast<char>(code)};
  if (code < 0x800) return {static_cast<char>(0xC0 | (code >> 6)), tail(0)};
  if (code < 0x10000) return {static_cast<char>(0xE0 | (code >> 12)), tail(6), tail(0)};
  return {static_cast<char>(0xF0 | (code >> 18)), tail(12), tail(6), tail(0)};
}

}  // namespace

TEST_CASE("every character of Unicode is valid as it is") {
  for (std::uint32_t code = 0; code <= 0x10FFFF; ++code) {
    if (code >= 0xD800 && code <= 0xDFFF) continue;
    const auto character = utf8(code);
    if (to_valid_utf8(character) != character) FAIL("U+", code);
  }
}

TEST_CASE("each byte that belongs to no character becomes U+FFFD, and what follows is read on") {
  CHECK(to_valid_utf8("a\x80z") == "a" + replacement + "z");
  CHECK(to_valid_utf8("a\xFFz") == "a" + replacement + "z");
  CHECK(to_valid_utf8("\xC3") == replacement);
  CHECK(to_valid_utf8("\xE2\x82") == times(2, replacement));
  CHECK(to_valid_utf8("\xE2\x82z") == times(2, replacement) + "z");
  CHECK(to_valid_utf8("\xF0\x9F\x98") == times(3, replacement));
  CHECK(to_valid_utf8("\xC3\xC3\xA9") == replacement + "\xC3\xA9");
}

TEST_CASE("overlong forms, surrogates and what lies beyond Unicode are no characters") {
  CHECK(to_valid_utf8("\xC0\x80") == times(2, replacement));
  CHECK(to_valid_utf8("\xC1\xBF") == times(2, replacement));
  CHECK(to_valid_utf8("\xE0\x9F\xBF") == times(3, replacement));
  CHECK(to_valid_utf8("\xF0\x8F\xBF\xBF") == times(4, replacement));
  CHECK(to_valid_utf8("\xED\xA0\x80") == times(3, replacement));
  CHECK(to_valid_utf8("\xED\xBF\xBF") == times(3, replacement));
  CHECK(to_valid_utf8("\xF4\x90\x80\x80") == times(4, replacement));
  CHECK(to_valid_utf8("\xF5\x80\x80\x80") == times(4, replacement));
}

TEST_CASE("whatever bytes come in, what comes out is valid and stays as it is") {
  std::mt19937 random(8);
  const std::string bytes =
      std::string("az\n\x1b\x00\x7f", 6) + "\x80\xBF\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\xED\xA0\xFF";
  for (int round = 0; round < 50'000; ++round) {
    std::string text;
    for (auto i = random() % 12; i > 0; --i) text += bytes[random() % bytes.size()];
    const auto valid = to_valid_utf8(text);
    REQUIRE(to_valid_utf8(valid) == valid);
    const auto shown = escape_controls(valid);
    REQUIRE(to_valid_utf8(shown) == shown);
    REQUIRE(escape_controls(shown) == shown);
    const auto limit = random() % 12;
    const auto kept = strip_controls(valid, limit);
    REQUIRE(kept.size() <= limit);
    REQUIRE(to_valid_utf8(kept) == kept);
    REQUIRE(escape_controls(kept) == kept);
    REQUIRE(strip_controls(kept, limit) == kept);
  }
}

TEST_CASE("control characters are shown as escapes, everything else as it is") {
  CHECK(escape_controls("a\nb\tc\rd") == "a\\nb\\tc\\rd");
  CHECK(escape_controls("\x1b[31mred") == "\\x1b[31mred");
  CHECK(escape_controls(std::string("\0", 1)) == "\\x00");
  CHECK(escape_controls("\x7f") == "\\x7f");
  CHECK(escape_controls("\xC2\x85") == "\\x85");
  CHECK(escape_controls("\xC2\x9B") == "\\x9b");
  CHECK(escape_controls("♻️ 60 Days — é 日本 👨‍👩‍👧") ==
        "♻️ 60 Days — é 日本 👨‍👩‍👧");
}

TEST_CASE("characters that reorder text or break lines unseen are shown as escapes") {
  for (const std::uint32_t code : {0x061C, 0x200B, 0x200E, 0x200F, 0x2028, 0x2029, 0x202A, 0x202B, 0x202C,
                                   0x202D, 0x202E, 0x2066, 0x2067, 0x2068, 0x2069, 0xFEFF}) {
    CAPTURE(code);
    CHECK(escape_controls(utf8(code)).substr(0, 2) == "\\u");
    CHECK(strip_controls(utf8(code)).empty());
  }
  CHECK(escape_controls(utf8(0x202E)) == "\\u202e");
}

TEST_CASE("what is kept of a stranger's text has no control characters, and spaces for its line breaks") {
  CHECK(strip_controls("a\nb\tc\r\nd") == "a b c  d");
  CHECK(strip_controls("\x1b[31mred\x07") == "[31mred");
  CHECK(strip_controls("In progress") == "In progress");
}

TEST_CASE("what is kept is cut at the last whole character within the limit") {
  CHECK(strip_controls("abcdef", 3) == "abc");
  CHECK(strip_controls("aé", 2) == "a");
  CHECK(strip_controls("aé", 3) == "aé");
  CHECK(strip_controls("a\xF0\x9F\x98\x80z", 4) == "a");
  CHECK(strip_controls("a", 0).empty());
  CHECK(strip_controls(std::string(5000, 'x')).size() == 1024);
}

TEST_CASE("white space at both ends goes, within it stays") {
  CHECK(trim(" \t\r\n\v\fa b\n").size() == 3);
  CHECK(trim("a b") == "a b");
  CHECK(trim("").empty());
  CHECK(trim(" \n\t ").empty());
}

}  // namespace smm::text_test
