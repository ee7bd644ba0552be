#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// A JSON value read whole, for everything that is not the hot path: every part of it is checked, numbers keep
// the text the panel wrote, strings are decoded.
namespace smm::panel {

struct Node {
  enum class Kind : std::uint8_t { null, boolean, number, text, array, object };

  Kind kind = Kind::null;
  std::string key;   // in an object: decoded
  std::string text;  // of a text: decoded; of a number or boolean: as written
  std::vector<Node> children;

  // The first field of that name in an object; nullptr without one.
  [[nodiscard]] const Node* find(std::string_view name) const;
  [[nodiscard]] bool is_container() const { return kind == Kind::array || kind == Kind::object; }
};

// A value of more parts or more nested than this is no order and no error: it is malformed.
inline constexpr std::size_t max_nodes = 20'000;
inline constexpr int max_depth = 32;

// An answer lies at most so deep in wrappers: {"status":"success","data":{"orders":{…}}}.
inline constexpr int max_wrappers = 3;

class TreeParser {
 public:
  TreeParser();
  ~TreeParser();
  TreeParser(const TreeParser&) = delete;
  TreeParser& operator=(const TreeParser&) = delete;

  // The value that `json` is from its first byte to its last; nothing when it is malformed. A half of a
  // surrogate pair alone reads as U+FFFD.
  [[nodiscard]] std::optional<Node> parse(std::string_view json);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// JSON in which `\ud83d` without its other half, as a text cut in the middle of a character is written,
// became
// `\ufffd`: for simdjson it is an error.
[[nodiscard]] std::string with_whole_characters(std::string_view json);

// RFC 8259 §6.
[[nodiscard]] bool is_json_number(std::string_view text);

}  // namespace smm::panel
