#include "rules/retry.h"

#include <doctest/doctest.h>

#include <initializer_list>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace smm::rules::retry_test {
namespace {

using namespace std::chrono_literals;

const std::vector<Milliseconds> waits = {5s, 30s, 2min, 10min, 30min, 1h, 2h, 5h, 10h, 14h, 20h, 24h};

// Sun, 06 Nov 1994 08:49:37 GMT, the date of RFC 9110's examples.
const Timestamp rfc_date = from_millis(784'111'777'000);

std::string joined(std::initializer_list<std::string_view> parts) {
  std::string whole;
  for (const auto part : parts) whole += part;
  return whole;
}

}  // namespace

TEST_CASE("each failed try is followed by its documented wait") {
  for (std::size_t i = 0; i < waits.size(); ++i) {
    CHECK(retry_delay(static_cast<int>(i) + 1, 0.5, std::nullopt) == waits[i]);
  }
}

TEST_CASE("no delay is longer than what is taken for the longest, and the last one reaches it") {
  for (int tries = 1; tries < max_tries; ++tries)
    CHECK(retry_delay(tries, 0.9999, 24h) <= longest_retry_delay);
  CHECK(*retry_delay(max_tries - 1, 0.9999, std::nullopt) > longest_retry_delay - 1min);
}

TEST_CASE("after the thirteenth failed try the delivery is dead") {
  CHECK(retry_delay(12, 0.5, std::nullopt).has_value());
  CHECK_FALSE(retry_delay(13, 0.5, std::nullopt).has_value());
  CHECK_FALSE(retry_delay(14, 0.0, 1h).has_value());
  CHECK_FALSE(retry_delay(1'000'000, 0.0, 1h).has_value());
}

TEST_CASE("chance moves a wait by a fifth at most, either way, and uses all of that room") {
  std::mt19937 random(13);
  std::uniform_real_distribution<double> uniform(0, 1);
  for (std::size_t i = 0; i < waits.size(); ++i) {
    const auto tries = static_cast<int>(i) + 1;
    auto least = Milliseconds::max();
    auto most = Milliseconds::min();
    for (int round = 0; round < 2000; ++round) {
      const auto delay = retry_delay(tries, uniform(random), std::nullopt);
      REQUIRE(delay.has_value());
      REQUIRE(*delay >= waits[i] * 8 / 10 - 1ms);
      REQUIRE(*delay <= waits[i] * 12 / 10);
      least = std::min(least, *delay);
      most = std::max(most, *delay);
    }
    CHECK(least < waits[i] * 81 / 100);
    CHECK(most > waits[i] * 119 / 100);
  }
}

TEST_CASE("a longer Retry-After puts the next try off, a shorter one does not hasten it") {
  CHECK(retry_delay(1, 0.5, 1h) == Milliseconds(1h));
  CHECK(retry_delay(6, 0.5, 1s) == Milliseconds(1h));
  CHECK(retry_delay(6, 0.999, 1h) > Milliseconds(1h));
}

TEST_CASE("Retry-After in seconds is that wait") {
  CHECK(read_retry_after("0", rfc_date) == Milliseconds(0));
  CHECK(read_retry_after("120", rfc_date) == Milliseconds(120s));
  CHECK(read_retry_after(" \t120\r\n", rfc_date) == Milliseconds(120s));
  CHECK(read_retry_after("0000000000000000000000000120", rfc_date) == Milliseconds(120s));
}

TEST_CASE("Retry-After is at most a day, also in numbers too large to hold") {
  CHECK(read_retry_after("86399", rfc_date) == Milliseconds(86'399s));
  CHECK(read_retry_after("86400", rfc_date) == Milliseconds(24h));
  CHECK(read_retry_after("86401", rfc_date) == Milliseconds(24h));
  for (std::size_t digits = 6; digits < 60; ++digits) {
    CHECK(read_retry_after(std::string(digits, '9'), rfc_date) == Milliseconds(24h));
  }
}

TEST_CASE("Retry-After reads an HTTP date in each of its three forms") {
  for (const std::string form :
       {"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"}) {
    CAPTURE(form);
    CHECK(read_retry_after(form, rfc_date - 90s) == Milliseconds(90s));
    CHECK(read_retry_after("  " + form + " ", rfc_date - 90s) == Milliseconds(90s));
    CHECK(read_retry_after(form, rfc_date) == Milliseconds(0));
  }
  CHECK(read_retry_after("Wed Nov 16 08:49:37 1994", rfc_date + 239h) == Milliseconds(1h));
}

TEST_CASE("a date gone by is no wait, and one far ahead is a day") {
  CHECK(read_retry_after("Sun, 06 Nov 1994 08:49:37 GMT", rfc_date + 400h) == Milliseconds(0));
  CHECK(read_retry_after("Fri, 31 Dec 9999 23:59:59 GMT", rfc_date) == Milliseconds(24h));
  CHECK(read_retry_after("Thu, 01 Jan 1970 00:00:00 GMT", rfc_date) == Milliseconds(0));
}

TEST_CASE("a date in each form reads back as the moment it was written for") {
  std::mt19937_64 random(850);
  const std::vector<std::string> months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                           "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::vector<std::string> days = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                         "Thursday", "Friday", "Saturday"};
  for (int round = 0; round < 3000; ++round) {
    const auto now = from_millis(static_cast<std::int64_t>(random() % 4'000'000'000U) * 1000);
    const auto wait = std::chrono::seconds(random() % 86'400);
    const auto then = to_rfc3339(now + wait);  // 2026-11-21T08:00:00.000Z
    const auto weekday = std::chrono::weekday(std::chrono::floor<std::chrono::days>(now + wait));
    const auto& name = days[weekday.c_encoding()];
    const auto& month = months[static_cast<std::size_t>(std::stoi(then.substr(5, 2))) - 1];
    const auto year = then.substr(0, 4);
    const auto day = then.substr(8, 2);
    const auto clock = then.substr(11, 8);
    const auto padded = day[0] == '0' ? " " + day.substr(1) : day;
    const auto two_digits = year.substr(2);
    const auto short_name = name.substr(0, 3);
    CAPTURE(then);
    for (const auto& form : {joined({short_name, ", ", day, " ", month, " ", year, " ", clock, " GMT"}),
                             joined({name, ", ", day, "-", month, "-", two_digits, " ", clock, " GMT"}),
                             joined({short_name, " ", month, " ", padded, " ", clock, " ", year})}) {
      REQUIRE(read_retry_after(form, now) == Milliseconds(wait));
    }
  }
}

TEST_CASE("a year of two digits lies at most fifty years ahead") {
  const auto now = *from_rfc3339("2026-06-15T12:00:00Z");
  CHECK(read_retry_after("Monday, 15-Jun-76 12:00:00 GMT", now) == Milliseconds(24h));
  CHECK(read_retry_after("Monday, 15-Jun-76 12:00:01 GMT", now) == Milliseconds(0));
  CHECK(read_retry_after("Monday, 15-Jun-77 12:00:00 GMT", now) == Milliseconds(0));
  CHECK(read_retry_after("Monday, 15-Jun-25 12:00:00 GMT", now) == Milliseconds(0));
  const auto new_year = *from_rfc3339("2099-12-31T23:00:00Z");
  CHECK(read_retry_after("Friday, 01-Jan-00 00:00:00 GMT", new_year) == Milliseconds(1h));
}

TEST_CASE("nonsense is no Retry-After") {
  for (const std::string nonsense : {"",
                                     " ",
                                     "-1",
                                     "-120",
                                     "+5",
                                     "1.5",
                                     "1,5",
                                     "0x10",
                                     "1e3",
                                     "12 s",
                                     "12s",
                                     "1 2",
                                     "soon",
                                     "never",
                                     "2026-11-21T08:00:00Z",
                                     "06 Nov 1994 08:49:37 GMT",
                                     "Sun, 06 Nov 1994 08:49:37",
                                     "Sun, 06 Nov 1994 08:49:37 UTC",
                                     "Sun, 6 Nov 1994 08:49:37 GMT",
                                     "Sun, 06 nov 1994 08:49:37 GMT",
                                     "Sun, 31 Feb 1994 08:49:37 GMT",
                                     "Sun, 00 Nov 1994 08:49:37 GMT",
                                     "Sun, 06 Nov 1994 24:00:00 GMT",
                                     "Sun, 06 Nov 1994 08:60:00 GMT",
                                     "Sun, 06 Nov 1994 08:49:61 GMT",
                                     "Sun, 06 Nov 1994 08:49:37 GMT GMT",
                                     "Xyz, 06 Nov 1994 08:49:37 GMT",
                                     "Sun, 06-Nov-94 08:49:37 GMT",
                                     "Sunday, 06-Nov-1994 08:49:37 GMT",
                                     "Sunday, 31-Feb-94 08:49:37 GMT",
                                     "Sun Nov 6 08:49:37 1994",
                                     "Sun Nov  6 08:49:37 94",
                                     "Sun Nov  6 08:49:37 1994 GMT",
                                     "Sun Nov  0 08:49:37 1994",
                                     "Sun, 06 Nov -994 08:49:37 GMT"}) {
    CAPTURE(nonsense);
    CHECK_FALSE(read_retry_after(nonsense, rfc_date).has_value());
  }
  const std::string whole = "Sun, 06 Nov 1994 08:49:37 GMT";
  for (std::size_t length = 0; length < whole.size(); ++length) {
    CHECK_FALSE(read_retry_after(whole.substr(0, length), rfc_date).has_value());
  }
}

TEST_CASE("whatever a server sends as Retry-After, the wait is between nothing and a day") {
  std::mt19937 random(99);
  const std::string letters = "0123456789 ,:-+.GMTSunNovaecdy\t\xff";
  for (int round = 0; round < 50'000; ++round) {
    std::string value;
    for (auto i = random() % 32; i > 0; --i) value += letters[random() % letters.size()];
    const auto wait = read_retry_after(value, rfc_date);
    if (!wait) continue;
    REQUIRE(*wait >= 0ms);
    REQUIRE(*wait <= 24h);
  }
}

}  // namespace smm::rules::retry_test
