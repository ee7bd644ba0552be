#pragma once

#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

// What the words of a refusal are about, by the phrases panels were seen to use.
namespace smm::panel {

// For comparing: ASCII lower case, `_` and `-` as spaces, each run of white space one space; at most 2 KiB.
[[nodiscard]] std::string fold_words(std::string_view words);

// Whether folded words hold one of the phrases, be it inside a word (has_any) or standing alone (has_word).
[[nodiscard]] bool has_any(std::string_view folded, std::span<const std::string_view> phrases);
[[nodiscard]] bool has_any(std::string_view folded, std::initializer_list<std::string_view> phrases);
[[nodiscard]] bool has_word(std::string_view folded, std::span<const std::string_view> words);
[[nodiscard]] bool has_word(std::string_view folded, std::initializer_list<std::string_view> words);

// The panel does not know the order: "Incorrect order ID", "Order not found.", in the languages panels speak.
[[nodiscard]] bool says_unknown_order(std::string_view words);

// The panel does not know the refill: "Refill not found".
[[nodiscard]] bool says_unknown_refill(std::string_view words);

// Words that put something right or wrong beyond doubt, for replies that mark neither: "Cancel request
// accepted", "Not enough funds". Of words in doubt ("Order created, but the link is invalid") both are false.
[[nodiscard]] bool says_yes_plainly(std::string_view words);
[[nodiscard]] bool says_no_plainly(std::string_view words);

// Words that tell of something done and deny nothing ("Order canceled", "Refill created"): no yes by
// themselves, but surely no no.
[[nodiscard]] bool tells_of_a_deed(std::string_view words);

// The words speak of an order (or of an order id), whatever they say of it.
[[nodiscard]] bool speaks_of_order(std::string_view words);

// The request lacked `order`: what a panel without batches says of `orders`.
[[nodiscard]] bool says_order_missing(std::string_view words);

}  // namespace smm::panel
