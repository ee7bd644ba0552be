#pragma once

#include "panel/json_tree.h"
#include "panel/reply.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

// One order's value, turned into what the panel said of it.
namespace smm::panel {

// Reads what stands under an order's id, or is the whole reply to a question about one order.
[[nodiscard]] tl::expected<std::variant<Observation, IdError>, Error> read_order(const Node& node,
                                                                                 const OrderId& id,
                                                                                 const Context& context);

// The state a word names on this panel: its own words first, then those everybody uses.
[[nodiscard]] std::optional<OrderStatus> state_of_word(std::string_view word, const Context& context);

// An amount as a number or a text; thousands may be set off by commas when a point follows ("1,234.56").
// Nothing for anything else.
[[nodiscard]] std::optional<Money> read_money(const Node* field, const Context& context);

// A whole number, however it is written: 157, "157", "157.0", 1.57e2, "1,570", "-5". Nothing for fractions,
// for what is no number, and for what passes 64 bits.
[[nodiscard]] std::optional<std::int64_t> read_count(const Node* field, const Context& context);

// Whether the panel's key stands in a text that is to pass for an amount or an id: a key that is a number
// would.
[[nodiscard]] bool holds_key(std::string_view text, const Context& context);

// A currency's code or sign ("USD", "₽"), cleaned; nothing for anything else.
[[nodiscard]] std::optional<std::string> read_currency(const Node* field, const Context& context);

inline constexpr std::size_t max_raw = 16 * 1024;  // bytes of Observation::raw

// The object again as minified JSON with every text in it cleaned; at most max_raw bytes. In a larger one the
// longest fields, one after the other, become "[left out]" until it fits; when even that is not enough, the
// last fields go, and a field "[left out]" says how many.
[[nodiscard]] std::string to_raw(const Node& object, const Context& context);

}  // namespace smm::panel
