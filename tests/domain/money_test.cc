#include "domain/money.h"

#include <doctest/doctest.h>

#include <random>
#include <string>
#include <vector>

namespace smm::money_test {
namespace {

Money money(const std::string& text) {
  const auto parsed = Money::parse(text);
  CAPTURE(text);
  REQUIRE(parsed.has_value());
  return *parsed;
}

}  // namespace

TEST_CASE("an amount keeps the spelling the panel wrote") {
  for (const std::string spelling : {"0.27819", "5400", "0.90", "100.84292", "0", "0.00", "-3.5", "007",
                                     "0.0000001", "99999999999999999999999999999999.99"}) {
    CHECK(money(spelling).text() == spelling);
  }
}

TEST_CASE("a plus sign is passed over") {
  CHECK(money("+1.50").text() == "1.50");
}

TEST_CASE("an exponent is written out") {
  CHECK(money("1.5e-3").text() == "0.0015");
  CHECK(money("1.5E3").text() == "1500");
  CHECK(money("1.5e+1").text() == "15");
  CHECK(money("12.345e2").text() == "1234.5");
  CHECK(money("-25e-2").text() == "-0.25");
  CHECK(money("7e0").text() == "7");
  CHECK(money("0.5e3").text() == "500");
  CHECK(money("0e5").text() == "0");
  CHECK(money("0.00e-5").text() == "0");
  CHECK(money("2.50e0").text() == "2.50");
}

TEST_CASE("no amount is zero") {
  CHECK(Money().text() == "0");
  CHECK(Money() == money("-0.00"));
}

TEST_CASE("amounts compare by value, not by spelling") {
  CHECK(money("0.90") == money("0.9"));
  CHECK(money("0.9") == money("9e-1"));
  CHECK(money("5400") == money("005400.000"));
  CHECK(money("-0") == money("0"));
  CHECK(money("0.1") != money("0.10000000000000000000000000001"));
  CHECK(money("9") < money("10"));
  CHECK(money("0.9") < money("0.91"));
  CHECK(money("0.09") < money("0.9"));
  CHECK(money("-10") < money("-9"));
  CHECK(money("-0.1") < money("0"));
  CHECK(money("-1") < money("0.5"));
  CHECK(money("123456789012345678901234567890.1") < money("123456789012345678901234567890.2"));
}

TEST_CASE("the order of amounts is that of the whole numbers they are a millionth of") {
  std::mt19937_64 random(3);
  const auto spell = [&](std::int64_t millionths) {
    const auto size = static_cast<std::uint64_t>(millionths < 0 ? -millionths : millionths);
    auto fraction = std::to_string(size % 1'000'000);
    fraction.insert(0, 6 - fraction.size(), '0');
    while (random() % 2 == 0 && !fraction.empty() && fraction.back() == '0') fraction.pop_back();
    auto spelling = std::string(millionths < 0 ? "-" : "") + (random() % 4 == 0 ? "00" : "") +
                    std::to_string(size / 1'000'000);
    if (!fraction.empty()) spelling += "." + fraction;
    if (random() % 4 == 0) spelling += "e0";
    return spelling;
  };
  for (int round = 0; round < 20'000; ++round) {
    const auto range = random() % 2 == 0 ? 20U : 2'000'000'000U;
    const auto scale = random() % 2 == 0 ? 1 : 100'000;
    const auto left = (static_cast<std::int64_t>(random() % range) - range / 2) * scale;
    const auto right = (static_cast<std::int64_t>(random() % range) - range / 2) * scale;
    REQUIRE((money(spell(left)) <=> money(spell(right))) == (left <=> right));
    REQUIRE((money(spell(left)) == money(spell(right))) == (left == right));
  }
}

TEST_CASE("an amount reads back from its own text") {
  for (const std::string spelling : {"1.5e-3", "+7", "0.90", "1e60", "1e-60", "-12.5e1"}) {
    const auto once = money(spelling);
    CHECK(money(once.text()).text() == once.text());
  }
}

TEST_CASE("text that is no number is no amount") {
  for (const std::string nonsense : {"",
                                     " ",
                                     "-",
                                     "+",
                                     ".",
                                     ".5",
                                     "5.",
                                     "1.2.3",
                                     "1,5",
                                     "1 000",
                                     " 1",
                                     "1 ",
                                     "$1",
                                     "1$",
                                     "0x10",
                                     "NaN",
                                     "inf",
                                     "Unknown",
                                     "--1",
                                     "+-1",
                                     "-+1",
                                     "1e",
                                     "1e+",
                                     "1e-",
                                     "1e+-5",
                                     "1e-+5",
                                     "1e++5",
                                     "1e1.5",
                                     "e5",
                                     "1ee5",
                                     "1e101",
                                     "1e-101",
                                     "1e999999999999999999999",
                                     "1.e5",
                                     "\xC2\xA0\x31",
                                     "１"}) {
    CAPTURE(nonsense);
    CHECK_FALSE(Money::parse(nonsense).has_value());
  }
}

TEST_CASE("an amount has at most 64 characters once written without an exponent") {
  CHECK(Money::parse(std::string(64, '9')).has_value());
  CHECK_FALSE(Money::parse(std::string(65, '9')).has_value());
  CHECK_FALSE(Money::parse("-" + std::string(64, '9')).has_value());
  CHECK(Money::parse("1e63").has_value());
  CHECK_FALSE(Money::parse("1e64").has_value());
  CHECK(Money::parse("1e-62")->text().size() == 64);
  CHECK_FALSE(Money::parse("1e-63").has_value());
  CHECK_FALSE(Money::parse("-1e-62").has_value());
}

}  // namespace smm::money_test
