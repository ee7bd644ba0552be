#include "domain/time.h"

#include <doctest/doctest.h>

#include <array>
#include <random>
#include <string>

namespace smm::time_test {
namespace {

using namespace std::chrono_literals;

const Timestamp documented = from_millis(1'795'248'000'000);  // 2026-11-21T08:00:00.000Z

}  // namespace

TEST_CASE("a time is written in UTC with milliseconds") {
  CHECK(to_rfc3339(documented) == "2026-11-21T08:00:00.000Z");
  CHECK(to_rfc3339(documented + 3ms) == "2026-11-21T08:00:00.003Z");
  CHECK(to_rfc3339(from_millis(0)) == "1970-01-01T00:00:00.000Z");
  CHECK(to_rfc3339(from_millis(951'782'400'000)) == "2000-02-29T00:00:00.000Z");
  CHECK(to_rfc3339(from_millis(253'402'300'799'999)) == "9999-12-31T23:59:59.999Z");
}

TEST_CASE("any RFC 3339 time is read: offsets, small letters, a space, any number of decimals") {
  for (const std::string spelling :
       {"2026-11-21T08:00:00.000Z", "2026-11-21T08:00:00Z", "2026-11-21t08:00:00z", "2026-11-21 08:00:00Z",
        "2026-11-21T09:00:00+01:00", "2026-11-21T02:30:00-05:30", "2026-11-22T07:59:00+23:59",
        "2026-11-21T08:00:00-00:00", "2026-11-21T08:00:00.0009999999999999999Z"}) {
    CAPTURE(spelling);
    CHECK(from_rfc3339(spelling) == documented);
  }
  CHECK(from_rfc3339("2026-11-21T08:00:00.1Z") == documented + 100ms);
  CHECK(from_rfc3339("2026-11-21T08:00:00.12Z") == documented + 120ms);
  CHECK(from_rfc3339("2026-11-21T08:00:00.123456789Z") == documented + 123ms);
  CHECK(from_rfc3339("2016-12-31T23:59:60Z") == from_rfc3339("2017-01-01T00:00:00Z"));
}

TEST_CASE("text that is no RFC 3339 time of the years 1970 to 9999 is refused") {
  for (const std::string nonsense : {"",
                                     "now",
                                     "2026-11-21",
                                     "2026-11-21T08:00Z",
                                     "2026-11-21T08:00:00",
                                     "2026-11-21T08:00:00.Z",
                                     "2026-11-21T08:00:00,5Z",
                                     "2026-13-01T00:00:00Z",
                                     "2026-00-01T00:00:00Z",
                                     "2026-02-30T00:00:00Z",
                                     "2025-02-29T00:00:00Z",
                                     "2026-11-00T00:00:00Z",
                                     "2026-11-21T24:00:00Z",
                                     "2026-11-21T08:60:00Z",
                                     "2026-11-21T08:00:61Z",
                                     "2026-11-21T08:00:00+24:00",
                                     "2026-11-21T08:00:00+01:60",
                                     "2026-11-21T08:00:00+0100",
                                     "2026-11-21T08:00:00+1:00",
                                     "2026-11-21T08:00:00Z ",
                                     " 2026-11-21T08:00:00Z",
                                     "2026-11-21T08:00:00ZZ",
                                     "26-11-21T08:00:00Z",
                                     "+2026-11-21T08:00:00Z",
                                     "2026/11/21T08:00:00Z",
                                     "2026-11-21X08:00:00Z",
                                     "1969-12-31T23:59:59Z",
                                     "12026-11-21T08:00:00Z",
                                     "1970-01-01T00:00:00+00:01",
                                     "9999-12-31T23:59:59-00:01",
                                     "9999-12-31T23:59:60Z"}) {
    CAPTURE(nonsense);
    CHECK_FALSE(from_rfc3339(nonsense).has_value());
  }
}

TEST_CASE("every time of those years reads back as it was written") {
  std::mt19937_64 random(3339);
  for (int round = 0; round < 20'000; ++round) {
    const auto time = from_millis(static_cast<std::int64_t>(random() % 253'402'300'800'000U));
    REQUIRE(from_rfc3339(to_rfc3339(time)) == time);
  }
}

TEST_CASE("milliseconds and times are two spellings of one moment") {
  CHECK(to_millis(from_millis(1'795'248'000'123)) == 1'795'248'000'123);
  CHECK(to_millis(std::optional(from_millis(5))) == 5);
  CHECK_FALSE(to_millis(std::optional<Timestamp>()).has_value());
}

TEST_CASE("a duration is a whole number and its unit") {
  CHECK(duration_from_text("500ms") == Milliseconds(500ms));
  CHECK(duration_from_text("30s") == Milliseconds(30s));
  CHECK(duration_from_text("10m") == Milliseconds(10min));
  CHECK(duration_from_text("24h") == Milliseconds(24h));
  CHECK(duration_from_text("7d") == Milliseconds(7 * 24h));
  CHECK(duration_from_text("0s") == Milliseconds(0));
  CHECK(duration_from_text("007s") == Milliseconds(7s));
}

TEST_CASE("text that is no duration is refused, and so is one of more than a hundred years") {
  for (const std::string nonsense : {"", "s", "5", "-5s", "+5s", "1.5h", "5 s", " 5s", "5s ", "5S", "5sec",
                                     "5w", "1h30m", "0x5s", "9999999999999999999s", "ms", "5mss"}) {
    CAPTURE(nonsense);
    CHECK_FALSE(duration_from_text(nonsense).has_value());
  }
  CHECK(duration_from_text("36500d").has_value());
  CHECK_FALSE(duration_from_text("36501d").has_value());
  CHECK_FALSE(duration_from_text("9223372036854775807d").has_value());
  CHECK_FALSE(duration_from_text("9223372036854775807ms").has_value());
}

TEST_CASE("a duration is written in the largest unit that needs no fraction") {
  CHECK(to_text(Milliseconds(0)) == "0s");
  CHECK(to_text(Milliseconds(1)) == "1ms");
  CHECK(to_text(Milliseconds(1500)) == "1500ms");
  CHECK(to_text(Milliseconds(90s)) == "90s");
  CHECK(to_text(Milliseconds(90min)) == "90m");
  CHECK(to_text(Milliseconds(25h)) == "25h");
  CHECK(to_text(Milliseconds(48h)) == "2d");
}

TEST_CASE("every duration reads back as it was written") {
  std::mt19937_64 random(60);
  for (int round = 0; round < 20'000; ++round) {
    const std::int64_t unit = std::array{1, 1000, 60'000, 3'600'000, 86'400'000}.at(random() % 5);
    const auto duration = Milliseconds(static_cast<std::int64_t>(random() % 36'500) * unit);
    REQUIRE(duration_from_text(to_text(duration)) == duration);
  }
}

}  // namespace smm::time_test
