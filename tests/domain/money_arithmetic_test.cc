#include "domain/money.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <limits>
#include <random>
#include <string>
#include <vector>

namespace smm::money_arithmetic_test {
namespace {

Money money(const std::string& text) {
  const auto parsed = Money::parse(text);
  CAPTURE(text);
  REQUIRE(parsed.has_value());
  return *parsed;
}

std::string text_of(const std::optional<Money>& amount) {
  return amount ? amount->text() : "nothing";
}

// A decimal kept the naive way: 200 places before the point and 200 behind it, the least significant first,
// each a digit; negative numbers are the complement to 10^400.
class Naive {
 public:
  static constexpr std::size_t behind = 200;
  static constexpr std::size_t size = 400;

  Naive() : places_(size, 0) {}
  explicit Naive(std::string text) : Naive() {
    const bool negative = text[0] == '-';
    if (negative) text.erase(0, 1);
    auto point = text.find('.');
    if (point == std::string::npos) point = text.size();
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (i == point) continue;
      const auto place = i < point ? behind + point - 1 - i : behind + point - i;
      places_[place] = text[i] - '0';
    }
    if (negative) negate();
  }

  void add(const Naive& other) {
    int carry = 0;
    for (std::size_t i = 0; i < size; ++i) {
      const int here = places_[i] + other.places_[i] + carry;
      places_[i] = here % 10;
      carry = here / 10;
    }
  }
  void negate() {
    for (auto& place : places_) place = 9 - place;
    Naive one;
    one.places_[0] = 1;
    add(one);
  }
  void divide_by_thousand() {
    const bool negative = is_negative();
    if (negative) negate();
    std::rotate(places_.begin(), places_.begin() + 3, places_.end());
    if (negative) negate();
  }
  [[nodiscard]] bool is_negative() const { return places_.back() == 9; }

  [[nodiscard]] std::string text() const {
    auto copy = *this;
    if (is_negative()) copy.negate();
    std::string whole;
    std::string fraction;
    for (std::size_t i = size; i-- > behind;) whole += static_cast<char>('0' + copy.places_[i]);
    for (std::size_t i = behind; i-- > 0;) fraction += static_cast<char>('0' + copy.places_[i]);
    whole.erase(0, std::min(whole.find_first_not_of('0'), whole.size() - 1));
    fraction.erase(fraction.find_last_not_of('0') + 1);
    return (is_negative() ? "-" : "") + whole + (fraction.empty() ? "" : "." + fraction);
  }
  // What Money may be: at most 64 characters.
  [[nodiscard]] std::string as_money() const { return text().size() <= 64 ? text() : "nothing"; }

 private:
  std::vector<int> places_;
};

std::string random_amount(std::mt19937_64& random, std::size_t longest) {
  const auto digits = [&](std::size_t count) {
    std::string text;
    for (std::size_t i = 0; i < count; ++i)
      text += static_cast<char>('0' + (random() % 3 ? random() % 10 : 0));
    return text;
  };
  std::string text = random() % 2 ? "-" : "";
  text += digits(1 + random() % longest);
  if (random() % 3) text += "." + digits(1 + random() % longest);
  return text;
}

}  // namespace

TEST_CASE("sums and differences are exact, in their shortest spelling") {
  CHECK(text_of(sum(money("0.1"), money("0.2"))) == "0.3");
  CHECK(text_of(sum(money("0.90"), money("0.10"))) == "1");
  CHECK(text_of(sum(money("0"), money("-0.00"))) == "0");
  CHECK(text_of(sum(money("-5"), money("3.25"))) == "-1.75");
  CHECK(text_of(sum(money("0099.50"), money("0.5"))) == "100");
  CHECK(text_of(difference(money("100"), money("0.0000001"))) == "99.9999999");
  CHECK(text_of(difference(money("1"), money("1.0"))) == "0");
  CHECK(text_of(difference(money("-1"), money("-3"))) == "2");
  CHECK(text_of(difference(money("0"), money("7.10"))) == "-7.1");
}

TEST_CASE("the price of an order is exact") {
  CHECK(text_of(thousandth(*product(money("0.90"), 1000))) == "0.9");
  CHECK(text_of(thousandth(*product(money("0.27819"), 1))) == "0.00027819");
  CHECK(text_of(thousandth(*product(money("8"), 15))) == "0.12");
  CHECK(text_of(thousandth(*product(money("5400"), 1'000'000))) == "5400000");
  CHECK(text_of(product(money("0.1"), 0)) == "0");
  CHECK(text_of(product(money("-0.5"), 3)) == "-1.5");
  CHECK(text_of(product(money("-0.5"), -4)) == "2");
  CHECK(text_of(product(money("1"), std::numeric_limits<std::int64_t>::min())) == "-9223372036854775808");
  CHECK(text_of(product(money("1"), std::numeric_limits<std::int64_t>::max())) == "9223372036854775807");
}

TEST_CASE("a result longer than 64 characters is no amount") {
  const auto most = money(std::string(64, '9'));
  CHECK_FALSE(sum(most, money("1")).has_value());
  CHECK_FALSE(sum(most, money("0.1")).has_value());
  CHECK(text_of(difference(most, money("1"))) == std::string(63, '9') + "8");
  CHECK_FALSE(difference(money("-1"), most).has_value());
  CHECK_FALSE(product(most, 2).has_value());
  CHECK_FALSE(thousandth(most).has_value());
  CHECK(text_of(thousandth(money("1" + std::string(63, '0')))) == "1" + std::string(60, '0'));
  CHECK_FALSE(thousandth(money("0." + std::string(61, '0') + "1")).has_value());
}

TEST_CASE("sum, difference, product and thousandth are what a naive decimal says") {
  std::mt19937_64 random(11);
  for (int round = 0; round < 4000; ++round) {
    const auto longest = random() % 4 == 0 ? std::size_t{30} : std::size_t{5};
    const auto left = random_amount(random, longest);
    const auto right = random_amount(random, longest);
    const auto count = static_cast<std::int64_t>(random() % 40) - 20;
    CAPTURE(left);
    CAPTURE(right);
    CAPTURE(count);
    Naive total(left);
    total.add(Naive(right));
    REQUIRE(text_of(sum(money(left), money(right))) == total.as_money());
    Naive less(right);
    less.negate();
    less.add(Naive(left));
    REQUIRE(text_of(difference(money(left), money(right))) == less.as_money());
    Naive many;
    for (std::int64_t i = 0; i < (count < 0 ? -count : count); ++i) many.add(Naive(left));
    if (count < 0) many.negate();
    REQUIRE(text_of(product(money(left), count)) == many.as_money());
    Naive part(left);
    part.divide_by_thousand();
    REQUIRE(text_of(thousandth(money(left))) == part.as_money());
  }
}

TEST_CASE("how often an amount goes into another is cut to whole times") {
  CHECK(whole_times(money("10"), money("3")) == 3);
  CHECK(whole_times(money("0.3"), money("0.1")) == 3);
  CHECK(whole_times(money("0.2999999999999999999999"), money("0.1")) == 2);
  CHECK(whole_times(money("0"), money("0.1")) == 0);
  CHECK(whole_times(money("1"), money("1.01")) == 0);
  CHECK(whole_times(money("4611686018427387903"), money("1")) == 4611686018427387903);
  CHECK_FALSE(whole_times(money("4611686018427387904"), money("1")).has_value());
  CHECK_FALSE(whole_times(money("1"), money("0")).has_value());
  CHECK_FALSE(whole_times(money("1"), money("-1")).has_value());
  CHECK_FALSE(whole_times(money("-1"), money("1")).has_value());
  CHECK_FALSE(whole_times(money("9e50"), money("0.01")).has_value());
  std::mt19937_64 random(12);
  for (int round = 0; round < 2000; ++round) {
    const auto part = static_cast<std::int64_t>(random() % 5000 + 1);
    const auto whole = static_cast<std::int64_t>(random() % 5'000'000);
    const auto in_thousandths = [](std::int64_t count) { return *thousandth(money(std::to_string(count))); };
    REQUIRE(whole_times(in_thousandths(whole), in_thousandths(part)) == whole / part);
  }
}

}  // namespace smm::money_arithmetic_test
