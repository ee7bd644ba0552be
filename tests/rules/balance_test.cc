#include "rules/balance.h"

#include <doctest/doctest.h>

#include <chrono>
#include <random>
#include <string>
#include <vector>

namespace smm::rules::balance_test {
namespace {

using namespace std::chrono_literals;

const Timestamp now = from_millis(1'800'000'000'000);

Money money(const std::string& text) {
  const auto amount = Money::parse(text);
  REQUIRE(amount.has_value());
  return *amount;
}

BalancePoint point(const std::string& balance, Milliseconds ago, const std::string& currency = "USD") {
  return {now - ago, money(balance), currency};
}

constexpr Milliseconds days(std::int64_t count) {
  return std::chrono::hours(24) * count;
}

using Data = std::vector<std::pair<std::string, EventValue>>;

}  // namespace

TEST_CASE("a balance below low is said once, and so is its recovery") {
  const std::optional<Money> low = money("20.00");
  bool was_low = false;
  std::vector<std::string> said;
  for (const auto* balance : {"20", "19.99", "5", "-1", "20.0", "25", "3"}) {
    const auto step = judge_balance(PanelName("p1"), was_low, point(balance, 0ms), low);
    was_low = step.is_low;
    for (const auto& event : step.events) {
      CHECK(event.panel == PanelName("p1"));
      CHECK(event.data == Data{{"balance", std::string(balance)},
                               {"currency", std::string("USD")},
                               {"low", std::string("20.00")}});
      said.push_back(std::string(balance) + " " + std::string(to_text(event.type)));
    }
  }
  CHECK(said == std::vector<std::string>{"19.99 balance.low", "20.0 balance.recovered", "3 balance.low"});
}

TEST_CASE("without low a balance is neither low nor recovered, and nothing is said") {
  for (const bool was_low : {false, true}) {
    const auto step = judge_balance(PanelName("p1"), was_low, point("0", 0ms), std::nullopt);
    CHECK_FALSE(step.is_low);
    CHECK(step.events.empty());
  }
}

TEST_CASE("an unknown currency is null in the event") {
  const auto step = judge_balance(PanelName("p1"), false, point("1", 0ms, ""), money("2"));
  REQUIRE(step.events.size() == 1);
  CHECK(step.events[0].data[1] == Data::value_type{"currency", EventValue()});
}

TEST_CASE("spending is what the balance fell, and a top-up is none") {
  const std::vector<BalancePoint> history = {point("70", 1h), point("100", 2h), point("40", days(5)),
                                             point("90", days(10))};
  CHECK(spending(history, now) == Spending{money("80"), days(10)});
  CHECK(days_left(money("70"), *spending(history, now)) == 8);  // 8 a day
}

TEST_CASE("only the last 30 days count, from the balance that stood when they began") {
  const std::vector<BalancePoint> history = {point("70", days(3)), point("100", days(40)),
                                             point("900", days(50))};
  CHECK(spending(history, now) == Spending{money("30"), days(30)});
  CHECK(days_left(money("70"), *spending(history, now)) == 70);
}

TEST_CASE("less than a day of history tells nothing") {
  CHECK_FALSE(spending({}, now).has_value());
  CHECK_FALSE(spending(std::vector{point("1", 1h), point("5", days(1) - 1ms)}, now).has_value());
  CHECK(spending(std::vector{point("1", 1h), point("5", days(1))}, now) == Spending{money("4"), days(1)});
}

TEST_CASE("before a change of currency nothing counts, and an unknown one is no change") {
  CHECK(spending(std::vector{point("1", 1h), point("5", days(2)), point("9000", days(3), "VND")}, now) ==
        Spending{money("4"), days(2)});
  CHECK(spending(std::vector{point("1", 1h, ""), point("5", days(2)), point("7", days(3), ""),
                             point("9", days(4)), point("90", days(5), "EUR")},
                 now) == Spending{money("8"), days(4)});
}

TEST_CASE("what does not shrink lasts, and what is gone lasts no day") {
  CHECK_FALSE(days_left(money("10"), Spending{money("0"), days(30)}).has_value());
  CHECK(days_left(money("0"), Spending{money("1"), days(30)}) == 0);
  CHECK(days_left(money("-3"), Spending{money("1"), days(30)}) == 0);
  CHECK(days_left(money("0.99"), Spending{money("30"), days(30)}) == 0);
  CHECK(days_left(money("1"), Spending{money("30"), days(30)}) == 1);
  CHECK_FALSE(days_left(money("1"), Spending{money("1e-50"), days(30)}).has_value());
}

TEST_CASE("days left are what whole cents say") {
  std::mt19937_64 random(4);
  for (int round = 0; round < 300; ++round) {
    std::vector<std::int64_t> cents = {static_cast<std::int64_t>(random() % 100'000)};
    std::vector<BalancePoint> oldest_first;
    std::int64_t spent = 0;
    const auto points = 2 + random() % 20;
    for (std::size_t i = 0; i < points; ++i) {
      if (i > 0) cents.push_back(static_cast<std::int64_t>(random() % 100'000));
      if (i > 0 && cents[i] < cents[i - 1]) spent += cents[i - 1] - cents[i];
      const auto ago = days(static_cast<std::int64_t>(points - i));
      auto text = std::to_string(cents[i] / 100);
      text += cents[i] % 100 < 10 ? ".0" : ".";
      text += std::to_string(cents[i] % 100);
      oldest_first.push_back(point(text, ago));
    }
    const std::vector<BalancePoint> history(oldest_first.rbegin(), oldest_first.rend());
    const auto rate = spending(history, now);
    REQUIRE(rate.has_value());
    const auto left = days_left(history[0].balance, *rate);
    if (spent == 0) {
      REQUIRE_FALSE(left.has_value());
    } else {
      REQUIRE(left == cents.back() * static_cast<std::int64_t>(points) / spent);
    }
  }
}

}  // namespace smm::rules::balance_test
