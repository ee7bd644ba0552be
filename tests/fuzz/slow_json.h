#pragma once

#include "panel/json_tree.h"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// JSON read by another library than the one the panels' replies are read with, slowly and strictly.
namespace smm::fuzz {

struct Slow {
  panel::Node::Kind kind = panel::Node::Kind::null;
  std::string key;   // in an object: decoded
  std::string text;  // of a text: decoded; of a number or boolean: as written, of a whole number its digits
  std::vector<Slow> children;

  [[nodiscard]] const Slow* find(std::string_view name) const;
  [[nodiscard]] bool says_twice() const;  // a key of its own
};

struct SlowReading {
  bool whole = false;  // one JSON value and nothing else
  Slow value;          // when it is whole and no deeper than that
  std::size_t depth = 0;
  std::size_t values = 0;
};
inline constexpr std::size_t deepest_slow = 200;

[[nodiscard]] SlowReading read_slowly(std::string_view json);

// What nlohmann refuses and simdjson reads: numbers beyond a double, a half of a surrogate pair; and what it
// passes over: a byte order mark.
[[nodiscard]] bool is_read_differently(std::string_view json);

// Without the escapes, which may make no character, and the bytes that are no UTF-8.
[[nodiscard]] std::string without_escapes(std::string_view json);

[[nodiscard]] bool is_same(const Slow& slow, const panel::Node& node);

// Whether a number or text in it reads so, without the white space around it.
[[nodiscard]] bool holds_scalar(const Slow& value, std::string_view text);

}  // namespace smm::fuzz
