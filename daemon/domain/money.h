#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace smm {

// An exact decimal amount, kept as the text the panel wrote ("0.27819", "5400", "0.90"); never a double.
// Comparison is by value: "0.90" equals "0.9". At most 64 characters once written without an exponent.
class Money {
 public:
  // Zero.
  Money() : text_("0") {}
  // Accepts `[+-]digits[.digits][e[+-]digits]` (a JSON number in any form). The plain decimal spelling is
  // kept; an exponent is written out ("1.5e-3" becomes "0.0015"). Nothing for any other text.
  static std::optional<Money> parse(std::string_view text);

  [[nodiscard]] const std::string& text() const { return text_; }

  friend std::strong_ordering operator<=>(const Money& left, const Money& right);
  friend bool operator==(const Money& left, const Money& right) { return std::is_eq(left <=> right); }

 private:
  explicit Money(std::string text) : text_(std::move(text)) {}

  std::string text_;
};

// Exact arithmetic: nothing is ever rounded. A result has its shortest plain spelling ("0.9", "5400", never
// "-0" or "0.90"), and is nothing when that takes more than 64 characters.
[[nodiscard]] std::optional<Money> sum(const Money& left, const Money& right);
[[nodiscard]] std::optional<Money> difference(const Money& left, const Money& right);
[[nodiscard]] std::optional<Money> product(const Money& amount, std::int64_t count);
// A thousandth: rates are per 1000.
[[nodiscard]] std::optional<Money> thousandth(const Money& amount);
// How many times `part` goes into `whole`, cut to a whole number. Nothing for a part of 0 or less, a negative
// whole, 2^62 times or more, and a multiple of `part` on the way there that is no amount.
[[nodiscard]] std::optional<std::int64_t> whole_times(const Money& whole, const Money& part);

}  // namespace smm
