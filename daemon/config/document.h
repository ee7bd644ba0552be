#pragma once

#include <tl/expected.hpp>

#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace smm::config {

// Where something stands in the file: both from 1, columns in characters.
struct Position {
  std::size_t line = 0;
  std::size_t column = 0;

  auto operator<=>(const Position&) const = default;
};

enum class Kind : std::uint8_t { table, list, text, integer, real, boolean, date };

struct Entry;

// A TOML value and where it begins; a tree without the parser's types.
struct Node {
  Kind kind = Kind::table;
  Position at;
  std::string text;
  std::int64_t integer = 0;
  bool flag = false;
  bool implicit = false;  // a table nobody wrote, made by a longer header or a dotted key
  std::vector<Node> items;
  std::vector<Entry> entries;  // of a table, in the order of the file
};

struct Entry {
  std::string key;
  Position at;  // of the key
  Node value;
};

struct SyntaxError {
  Position at;
  std::string what;
};

// The root table, or the first place where the text is not TOML 1.0.
[[nodiscard]] tl::expected<Node, SyntaxError> parse_document(std::string_view text);

}  // namespace smm::config
