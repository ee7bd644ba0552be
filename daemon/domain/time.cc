#include "domain/time.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>

namespace smm {
namespace {

// Reads exactly `digits` digits at `at` and moves on.
std::optional<int> read_number(std::string_view text, std::size_t& at, std::size_t digits) {
  if (at + digits > text.size()) return std::nullopt;
  int value = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    const char c = text[at + i];
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  at += digits;
  return value;
}

bool read_char(std::string_view text, std::size_t& at, std::string_view allowed) {
  if (at >= text.size() || allowed.find(text[at]) == std::string_view::npos) return false;
  ++at;
  return true;
}

std::optional<Milliseconds> read_fraction(std::string_view text, std::size_t& at) {
  if (at >= text.size() || text[at] != '.') return Milliseconds(0);
  ++at;
  int millis = 0;
  int digits = 0;
  for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, ++digits) {
    if (digits < 3) millis = millis * 10 + (text[at] - '0');
  }
  if (digits == 0) return std::nullopt;
  for (int i = digits; i < 3; ++i) millis *= 10;
  return Milliseconds(millis);
}

std::optional<Milliseconds> read_offset(std::string_view text, std::size_t& at) {
  if (at < text.size() && (text[at] == 'Z' || text[at] == 'z')) {
    ++at;
    return Milliseconds(0);
  }
  if (at >= text.size() || (text[at] != '+' && text[at] != '-')) return std::nullopt;
  const int sign = text[at++] == '-' ? -1 : 1;
  const auto hours = read_number(text, at, 2);
  if (!hours || *hours > 23 || !read_char(text, at, ":")) return std::nullopt;
  const auto minutes = read_number(text, at, 2);
  if (!minutes || *minutes > 59) return std::nullopt;
  return sign * (std::chrono::hours(*hours) + std::chrono::minutes(*minutes));
}

struct Unit {
  std::string_view suffix;
  std::int64_t millis;
};
constexpr std::array units = {Unit{"d", 86'400'000}, Unit{"h", 3'600'000}, Unit{"m", 60'000},
                              Unit{"s", 1'000}, Unit{"ms", 1}};
constexpr std::int64_t longest = std::int64_t{100} * 365 * 86'400'000;

}  // namespace

std::string to_rfc3339(Timestamp time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss<Milliseconds> clock(time - day);
  std::array<char, 48> buffer{};
  const int length = std::snprintf(
      buffer.data(), buffer.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", static_cast<int>(date.year()),
      static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
      static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
      static_cast<int>(clock.seconds().count()), static_cast<int>(clock.subseconds().count()));
  return {buffer.data(), static_cast<std::size_t>(length)};
}

std::string to_file_name(Timestamp time) {
  auto text = to_rfc3339(time).substr(0, 19) + "Z";
  std::replace(text.begin(), text.end(), ':', '-');
  return text;
}

std::optional<Timestamp> from_rfc3339(std::string_view text) {
  std::size_t at = 0;
  const auto year = read_number(text, at, 4);
  if (!year || *year < 1970 || !read_char(text, at, "-")) return std::nullopt;
  const auto month = read_number(text, at, 2);
  if (!month || !read_char(text, at, "-")) return std::nullopt;
  const auto day = read_number(text, at, 2);
  if (!day || !read_char(text, at, "Tt ")) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  const auto hour = read_number(text, at, 2);
  if (!hour || *hour > 23 || !read_char(text, at, ":")) return std::nullopt;
  const auto minute = read_number(text, at, 2);
  if (!minute || *minute > 59 || !read_char(text, at, ":")) return std::nullopt;
  const auto second = read_number(text, at, 2);
  if (!second || *second > 60) return std::nullopt;
  const auto fraction = read_fraction(text, at);
  if (!fraction) return std::nullopt;
  const auto offset = read_offset(text, at);
  if (!offset || at != text.size()) return std::nullopt;
  const auto time = Timestamp(std::chrono::sys_days(date)) + std::chrono::hours(*hour) +
                    std::chrono::minutes(*minute) + std::chrono::seconds(*second) + *fraction - *offset;
  // Only what can be written again: an offset may lead out of the years, at both ends.
  if (time < Timestamp() ||
      time >= Timestamp(std::chrono::sys_days(std::chrono::year(9999) / 12 / 31)) + std::chrono::days(1)) {
    return std::nullopt;
  }
  return time;
}

std::optional<Milliseconds> duration_from_text(std::string_view text) {
  std::int64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc() || end == text.data() || text.front() == '-') return std::nullopt;
  const std::string_view suffix(end, static_cast<std::size_t>(text.data() + text.size() - end));
  for (const auto& unit : units) {
    if (unit.suffix == suffix) {
      if (count > longest / unit.millis) return std::nullopt;
      return Milliseconds(count * unit.millis);
    }
  }
  return std::nullopt;
}

std::string to_text(Milliseconds duration) {
  for (const auto& unit : units) {
    if (duration.count() % unit.millis == 0 && (duration.count() != 0 || unit.suffix == "s")) {
      return std::to_string(duration.count() / unit.millis) + std::string(unit.suffix);
    }
  }
  return std::to_string(duration.count()) + "ms";
}

}  // namespace smm
