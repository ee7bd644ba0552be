#include "rules/retry.h"

#include "domain/text.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <chrono>
#include <cstdint>

namespace smm::rules {
namespace {

using namespace std::chrono_literals;

constexpr std::array<Milliseconds, max_tries - 1> delays = {5s, 30s, 2min, 10min, 30min, 1h,
                                                            2h, 5h,  10h,  14h,   20h,   24h};

constexpr std::array<std::string_view, 12> months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::array<std::string_view, 7> short_days = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
constexpr std::array<std::string_view, 7> long_days = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                                       "Friday", "Saturday", "Sunday"};

// Takes a text apart from its front; the first part that is not as expected spoils all that follows.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  void word(std::string_view expected) {
    good_ = good_ && rest_.substr(0, expected.size()) == expected;
    if (good_) rest_.remove_prefix(expected.size());
  }

  // The index of the name that stands here.
  template <std::size_t Count>
  unsigned one_of(const std::array<std::string_view, Count>& names) {
    for (unsigned i = 0; i < Count; ++i) {
      if (rest_.substr(0, names.at(i).size()) != names.at(i)) continue;
      word(names.at(i));
      return i;
    }
    good_ = false;
    return 0;
  }

  // Exactly so many digits.
  int number(std::size_t digits) {
    good_ = good_ && rest_.size() >= digits && std::all_of(rest_.begin(), rest_.begin() + digits, is_digit);
    if (!good_) return 0;
    int value = 0;
    for (const char c : rest_.substr(0, digits)) value = value * 10 + (c - '0');
    rest_.remove_prefix(digits);
    return value;
  }

  // Two places, the first of them a space for a number below ten.
  int padded_number() {
    if (rest_.empty() || rest_.front() != ' ') return number(2);
    word(" ");
    return number(1);
  }

  [[nodiscard]] bool at_end() const { return good_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool good_ = true;
};

struct HttpDate {
  int year = 0;
  unsigned month = 0;  // 0 = January
  int day = 0;
  Milliseconds clock{0};
};

Milliseconds read_clock(Scanner& text, bool& valid) {
  const int hour = text.number(2);
  text.word(":");
  const int minute = text.number(2);
  text.word(":");
  const int second = text.number(2);
  valid = hour <= 23 && minute <= 59 && second <= 60;
  return std::chrono::hours(hour) + std::chrono::minutes(minute) + std::chrono::seconds(second);
}

std::optional<Timestamp> moment_of(const HttpDate& date) {
  const std::chrono::year_month_day date_alone{std::chrono::year(date.year),
                                               std::chrono::month(date.month + 1),
                                               std::chrono::day(static_cast<unsigned>(date.day))};
  if (!date_alone.ok()) return std::nullopt;
  return Timestamp(std::chrono::sys_days(date_alone)) + date.clock;
}

// Sun, 06 Nov 1994 08:49:37 GMT
std::optional<Timestamp> read_imf_fixdate(std::string_view value) {
  Scanner text(value);
  HttpDate date;
  bool valid = false;
  text.one_of(short_days);
  text.word(", ");
  date.day = text.number(2);
  text.word(" ");
  date.month = text.one_of(months);
  text.word(" ");
  date.year = text.number(4);
  text.word(" ");
  date.clock = read_clock(text, valid);
  text.word(" GMT");
  return valid && text.at_end() ? moment_of(date) : std::nullopt;
}

Timestamp fifty_years_after(Timestamp now) {
  const auto today = std::chrono::floor<std::chrono::days>(now);
  return std::chrono::sys_days(std::chrono::year_month_day(today) + std::chrono::years(50)) + (now - today);
}

// Sunday, 06-Nov-94 08:49:37 GMT. The latest year with these two digits that is not more than 50 years ahead.
std::optional<Timestamp> read_rfc850_date(std::string_view value, Timestamp now) {
  Scanner text(value);
  HttpDate date;
  bool valid = false;
  text.one_of(long_days);
  text.word(", ");
  date.day = text.number(2);
  text.word("-");
  date.month = text.one_of(months);
  text.word("-");
  const int two_digits = text.number(2);
  text.word(" ");
  date.clock = read_clock(text, valid);
  text.word(" GMT");
  if (!valid || !text.at_end()) return std::nullopt;
  const auto this_year =
      static_cast<int>(std::chrono::year_month_day(std::chrono::floor<std::chrono::days>(now)).year());
  for (const int century : {100, 0, -100}) {
    date.year = this_year - this_year % 100 + century + two_digits;
    const auto moment = moment_of(date);
    if (moment && *moment <= fifty_years_after(now)) return moment;
  }
  return std::nullopt;
}

// Sun Nov  6 08:49:37 1994
std::optional<Timestamp> read_asctime_date(std::string_view value) {
  Scanner text(value);
  HttpDate date;
  bool valid = false;
  text.one_of(short_days);
  text.word(" ");
  date.month = text.one_of(months);
  text.word(" ");
  date.day = text.padded_number();
  text.word(" ");
  date.clock = read_clock(text, valid);
  text.word(" ");
  date.year = text.number(4);
  return valid && text.at_end() ? moment_of(date) : std::nullopt;
}

Milliseconds read_seconds(std::string_view digits) {
  Milliseconds wait(0);
  for (const char c : digits) {
    wait = wait * 10 + std::chrono::seconds(c - '0');
    if (wait >= longest_retry_after) return longest_retry_after;
  }
  return wait;
}

}  // namespace

std::optional<Milliseconds> retry_delay(int tries, double jitter, std::optional<Milliseconds> retry_after) {
  assert(tries >= 1);
  assert(jitter >= 0 && jitter < 1);
  if (tries >= max_tries) return std::nullopt;
  const auto exact = delays.at(static_cast<std::size_t>(tries - 1));
  const auto delay = std::chrono::duration_cast<Milliseconds>(exact * (0.8 + 0.4 * jitter));
  return std::max(delay, retry_after.value_or(Milliseconds(0)));
}

std::optional<Milliseconds> read_retry_after(std::string_view value, Timestamp now) {
  value = trim(value);
  if (value.empty()) return std::nullopt;
  if (std::all_of(value.begin(), value.end(), is_digit)) return read_seconds(value);
  auto moment = read_imf_fixdate(value);
  if (!moment) moment = read_rfc850_date(value, now);
  if (!moment) moment = read_asctime_date(value);
  if (!moment) return std::nullopt;
  return std::clamp(*moment - now, Milliseconds(0), longest_retry_after);
}

}  // namespace smm::rules
