#pragma once

#include "panel/json_tree.h"

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

// The vocabulary of an object in a reply: whether it says no, reports an order's figures, or wraps another.
namespace smm::panel {

// Where an object was found. At the root of a reply `{"status":"error"}` alone says no; under an order's id
// it is a state.
enum class Place : std::uint8_t { root, of_one_order };

// The words of an object that says no (they may be empty); nothing when it does not. Looked for before
// anything else: `error` and `errors` that are not false or empty, `success` or `ok` that are false, a status
// that is an error word, false or an HTTP error code with no figures beside it.
[[nodiscard]] std::optional<std::string> find_refusal(const Node& object, Place place);

// What `message` and its kin say; empty without one.
[[nodiscard]] std::string message_of(const Node& object);

// Whether a field says something: not missing, null, "", false, 0, [] or {}.
[[nodiscard]] bool says_something(const Node* field);

// Whether a flag says yes (true, 1, "1", "true", "yes", "on", "ok", "success", in any letter case) or no
// (false, 0, "0", "false", "no", "off"). Of everything else both are false.
[[nodiscard]] bool is_plain_yes(const Node& flag);
[[nodiscard]] bool is_plain_no(const Node& flag);

// Whether an object has one of these fields more than once: then it is open which was meant.
[[nodiscard]] bool says_twice(const Node& object, std::span<const std::string_view> names);

// Charge, remains, start count or balance with a value.
[[nodiscard]] bool has_figures(const Node& object);

// A field other than `status` that only a subscription or a drip-feed has: runs, posts, expiry.
[[nodiscard]] bool has_plan(const Node& object);

// The names under which panels wrap an answer, the likeliest first.
inline constexpr std::array<std::string_view, 7> wrapper_names = {"data",    "orders",   "order",   "result",
                                                                  "results", "response", "statuses"};

// What one order's object without figures or plan of its own wraps: an object, or an array of objects;
// nullptr when it wraps nothing. Its `orders` are never that: they are a subscription's children.
[[nodiscard]] const Node* find_wrapped(const Node& object);

}  // namespace smm::panel
