#include "domain/money.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace smm {
namespace {

// A signed whole number of 10^-scale, in decimal digits, the most significant first, without leading zeros
// (none at all for zero).
struct Digits {
  bool negative = false;
  std::string magnitude;
  std::size_t scale = 0;
};

void strip_leading_zeros(std::string& digits) {
  digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size()));
}

Digits digits_of(const Money& amount) {
  std::string_view text = amount.text();
  Digits digits;
  if (text.front() == '-') {
    digits.negative = true;
    text.remove_prefix(1);
  }
  const auto point = text.find('.');
  digits.magnitude = std::string(text.substr(0, point));
  if (point != std::string_view::npos) {
    digits.scale = text.size() - point - 1;
    digits.magnitude += text.substr(point + 1);
  }
  strip_leading_zeros(digits.magnitude);
  return digits;
}

std::optional<Money> written(Digits digits) {
  auto& text = digits.magnitude;
  while (digits.scale > 0 && !text.empty() && text.back() == '0') {
    text.pop_back();
    --digits.scale;
  }
  if (text.empty()) return Money();
  if (text.size() <= digits.scale) text.insert(0, digits.scale + 1 - text.size(), '0');
  if (digits.scale > 0) text.insert(text.size() - digits.scale, 1, '.');
  if (digits.negative) text.insert(0, 1, '-');
  return Money::parse(text);
}

// The value of the digit `place` places from the right.
int digit(const std::string& digits, std::size_t place) {
  return place < digits.size() ? digits[digits.size() - 1 - place] - '0' : 0;
}

std::string add(const std::string& left, const std::string& right) {
  std::string total(std::max(left.size(), right.size()) + 1, '0');
  int carry = 0;
  for (std::size_t place = 0; place < total.size(); ++place) {
    const int here = digit(left, place) + digit(right, place) + carry;
    total[total.size() - 1 - place] = static_cast<char>('0' + here % 10);
    carry = here / 10;
  }
  strip_leading_zeros(total);
  return total;
}

// `less` is at most `more`.
std::string subtract(const std::string& more, const std::string& less) {
  std::string rest(more.size(), '0');
  int borrow = 0;
  for (std::size_t place = 0; place < rest.size(); ++place) {
    const int here = digit(more, place) - digit(less, place) - borrow;
    rest[rest.size() - 1 - place] = static_cast<char>('0' + (here + 10) % 10);
    borrow = here < 0 ? 1 : 0;
  }
  strip_leading_zeros(rest);
  return rest;
}

std::string multiply(const std::string& left, const std::string& right) {
  std::string total(left.size() + right.size(), '0');
  for (std::size_t i = 0; i < left.size(); ++i) {
    int carry = 0;
    for (std::size_t j = 0; j < right.size() || carry > 0; ++j) {
      auto& place = total[total.size() - 1 - i - j];
      const int here = (place - '0') + digit(left, i) * digit(right, j) + carry;
      place = static_cast<char>('0' + here % 10);
      carry = here / 10;
    }
  }
  strip_leading_zeros(total);
  return total;
}

bool is_less(const std::string& left, const std::string& right) {
  return left.size() != right.size() ? left.size() < right.size() : left < right;
}

Digits total_of(Digits left, Digits right) {
  const auto scale = std::max(left.scale, right.scale);
  for (auto* term : {&left, &right}) {
    if (!term->magnitude.empty()) term->magnitude.append(scale - term->scale, '0');
  }
  if (left.negative == right.negative) return {left.negative, add(left.magnitude, right.magnitude), scale};
  if (is_less(left.magnitude, right.magnitude)) std::swap(left, right);
  return {left.negative, subtract(left.magnitude, right.magnitude), scale};
}

}  // namespace

std::optional<Money> sum(const Money& left, const Money& right) {
  return written(total_of(digits_of(left), digits_of(right)));
}

std::optional<Money> difference(const Money& left, const Money& right) {
  auto taken = digits_of(right);
  taken.negative = !taken.negative;
  return written(total_of(digits_of(left), std::move(taken)));
}

std::optional<Money> product(const Money& amount, std::int64_t count) {
  const auto digits = digits_of(amount);
  const auto size = count < 0 ? -static_cast<std::uint64_t>(count) : static_cast<std::uint64_t>(count);
  const auto factor = count == 0 ? std::string() : std::to_string(size);
  return written({digits.negative != (count < 0), multiply(digits.magnitude, factor), digits.scale});
}

std::optional<Money> thousandth(const Money& amount) {
  auto digits = digits_of(amount);
  digits.scale += 3;
  return written(std::move(digits));
}

std::optional<std::int64_t> whole_times(const Money& whole, const Money& part) {
  if (part <= Money() || whole < Money()) return std::nullopt;
  constexpr std::int64_t most = std::int64_t{1} << 62;
  const auto exceeds = [&](std::int64_t count) -> std::optional<bool> {
    const auto multiple = product(part, count);
    if (!multiple) return std::nullopt;
    return *multiple > whole;
  };
  std::int64_t above = 1;  // times part, more than the whole
  for (auto too_much = exceeds(above); !too_much.value_or(false); too_much = exceeds(above)) {
    if (!too_much || above == most) return std::nullopt;
    above *= 2;
  }
  std::int64_t fits = above / 2;
  while (above - fits > 1) {
    const auto middle = fits + (above - fits) / 2;
    const auto too_much = exceeds(middle);
    if (!too_much) return std::nullopt;
    (*too_much ? above : fits) = middle;
  }
  return fits;
}

}  // namespace smm
