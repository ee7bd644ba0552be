#include "domain/money.h"

#include <algorithm>
#include <charconv>

namespace smm {
namespace {

constexpr std::size_t max_length = 64;

bool all_digits(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// The parts of a plain decimal number, without what does not count for its value.
struct Parts {
  bool negative = false;
  std::string_view whole;     // no leading zeros
  std::string_view fraction;  // no trailing zeros
};

Parts parts_of(std::string_view text) {
  Parts parts;
  if (text.front() == '-') {
    parts.negative = true;
    text.remove_prefix(1);
  }
  const auto point = text.find('.');
  parts.whole = text.substr(0, point);
  if (point != std::string_view::npos) parts.fraction = text.substr(point + 1);
  while (!parts.whole.empty() && parts.whole.front() == '0') parts.whole.remove_prefix(1);
  while (!parts.fraction.empty() && parts.fraction.back() == '0') parts.fraction.remove_suffix(1);
  if (parts.whole.empty() && parts.fraction.empty()) parts.negative = false;
  return parts;
}

std::strong_ordering compare_magnitude(const Parts& left, const Parts& right) {
  if (const auto by_size = left.whole.size() <=> right.whole.size(); std::is_neq(by_size)) return by_size;
  if (const auto by_whole = left.whole.compare(right.whole); by_whole != 0) return by_whole <=> 0;
  return left.fraction.compare(right.fraction) <=> 0;
}

// Writes digits × 10^exponent without an exponent; `point` is where the decimal point stands in `digits`.
std::optional<std::string> write_out(std::string_view digits, long point) {
  while (digits.size() > 1 && digits.front() == '0') {
    digits.remove_prefix(1);
    --point;
  }
  if (digits == "0") return std::string(digits);
  const auto count = static_cast<long>(digits.size());
  if (point < -static_cast<long>(max_length) || point > static_cast<long>(max_length)) return std::nullopt;
  if (point <= 0) return "0." + std::string(static_cast<std::size_t>(-point), '0') + std::string(digits);
  if (point >= count) return std::string(digits) + std::string(static_cast<std::size_t>(point - count), '0');
  const auto split = static_cast<std::size_t>(point);
  return std::string(digits.substr(0, split)) + "." + std::string(digits.substr(split));
}

}  // namespace

std::optional<Money> Money::parse(std::string_view text) {
  std::string sign;
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) {
    if (text.front() == '-') sign = "-";
    text.remove_prefix(1);
  }
  long exponent = 0;
  const auto e = text.find_first_of("eE");
  const bool written_out = e == std::string_view::npos;
  if (!written_out) {
    auto power = text.substr(e + 1);
    if (power.size() > 1 && power[0] == '+' && power[1] != '-') power.remove_prefix(1);
    const auto [end, error] = std::from_chars(power.data(), power.data() + power.size(), exponent);
    if (error != std::errc() || end != power.data() + power.size() || exponent > 100 || exponent < -100) {
      return std::nullopt;
    }
    text = text.substr(0, e);
  }
  const auto point = text.find('.');
  const auto whole = text.substr(0, point);
  const auto fraction = point == std::string_view::npos ? std::string_view() : text.substr(point + 1);
  if (whole.empty() || !all_digits(whole) || !all_digits(fraction)) return std::nullopt;
  if (point != std::string_view::npos && fraction.empty()) return std::nullopt;
  std::string plain(text);
  if (!written_out) {
    auto moved =
        write_out(std::string(whole) + std::string(fraction), static_cast<long>(whole.size()) + exponent);
    if (!moved) return std::nullopt;
    plain = std::move(*moved);
  }
  if (sign.size() + plain.size() > max_length) return std::nullopt;
  return Money(sign + plain);
}

std::strong_ordering operator<=>(const Money& left, const Money& right) {
  const auto a = parts_of(left.text_);
  const auto b = parts_of(right.text_);
  if (a.negative != b.negative)
    return a.negative ? std::strong_ordering::less : std::strong_ordering::greater;
  return a.negative ? compare_magnitude(b, a) : compare_magnitude(a, b);
}

}  // namespace smm
