#pragma once

#include <string>
#include <string_view>

// What the words of a refusal are about, by the phrases panels were seen to use.
namespace smm::panel {

// For comparing: ASCII lower case, `_` and `-` as spaces, each run of white space one space; at most 2 KiB.
[[nodiscard]] std::string fold_words(std::string_view words);

// The panel does not know the order: "Incorrect order ID", "Order not found.", in the languages panels speak.
[[nodiscard]] bool says_unknown_order(std::string_view words);

// The words speak of an order (or of an order id), whatever they say of it.
[[nodiscard]] bool speaks_of_order(std::string_view words);

// The request lacked `order`: what a panel without batches says of `orders`.
[[nodiscard]] bool says_order_missing(std::string_view words);

}  // namespace smm::panel
