#include "domain/text.h"
#include "rules/panel_health.h"
#include "rules/retry.h"
#include "target.h"

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <chrono>

// Retry-After, of panels and of webhooks' receivers. The first byte of an input chooses what time it is.

namespace smm::fuzz::retry_after_fuzz {
namespace {

using namespace std::chrono_literals;
using rules::longest_retry_after;

// Years whose two digits turn over, a leap day, the ends of what is counted.
constexpr std::array moments = {0LL,
                                784'111'777'000LL,
                                951'782'400'000LL,
                                1'700'000'000'000LL,
                                1'795'000'000'123LL,
                                4'102'444'799'999LL,
                                32'503'680'000'000LL,
                                253'402'300'799'000LL};

void check_digits(std::string_view digits, Milliseconds wait) {
  while (digits.size() > 1 && digits.front() == '0') digits.remove_prefix(1);
  const auto exact =
      digits.size() > 9 ? longest_retry_after : Milliseconds(std::stoll(std::string(digits)) * 1000);
  require(wait == std::min(exact, longest_retry_after), "seconds are counted otherwise", digits);
}

// libcurl's own reader knows all three forms, and more; not two digits of a year, which depend on today, nor
// the 61st second.
void check_date(const std::string& date, Milliseconds wait, Timestamp now) {
  const bool has_short_year = date.find('-') != std::string::npos;
  const bool is_long_ago = date.find(" 00") != std::string::npos;  // libcurl takes the year 24 for 2024
  if (has_short_year || is_long_ago || date.find(":60") != std::string::npos) return;
  const auto seconds = curl_getdate(date.c_str(), nullptr);
  if (seconds < 0) return;
  const auto exact = from_millis(static_cast<std::int64_t>(seconds) * 1000) - now;
  require(wait == std::clamp(Milliseconds(exact), Milliseconds(0), longest_retry_after),
          "a date is read otherwise", date);
}

void check_delays(std::optional<Milliseconds> wait) {
  for (int tries = 1; tries <= rules::max_tries; ++tries) {
    for (const double jitter : {0.0, 0.5, 0.999}) {
      const auto delay = rules::retry_delay(tries, jitter, wait);
      require(delay.has_value() == (tries < rules::max_tries), "a delivery is dead too soon, or never");
      if (!delay) continue;
      require(*delay >= wait.value_or(0ms) && *delay >= 4s && *delay <= rules::longest_retry_delay,
              "a delay is out of bounds");
    }
  }
}

void check_health(std::optional<Milliseconds> wait, Timestamp now) {
  using rules::RequestOutcome;
  for (const auto outcome : {RequestOutcome::good, RequestOutcome::failed, RequestOutcome::rate_limited,
                             RequestOutcome::key_rejected}) {
    const auto step = rules::after_request({}, outcome, wait, 30min, now, 0.5);
    const auto rest = step.after.rest_until - now;
    if (outcome == RequestOutcome::good) continue;
    require(rest >= 1s && rest <= 24h, "a rest is out of bounds");
    require(outcome == RequestOutcome::key_rejected || !wait || rest >= std::min(*wait, longest_retry_after),
            "a panel is asked sooner than it said");
  }
}

void run(std::string_view input) {
  Front front(input);
  const auto now = from_millis(moments.at(front.byte() % moments.size()));
  const auto value = front.rest();
  const auto wait = rules::read_retry_after(value, now);
  check_delays(wait);
  check_health(wait, now);
  require(rules::read_retry_after(" \t" + std::string(value) + "\r\n", now) == wait, "white space matters",
          value);
  if (!wait) return;
  require(*wait >= 0ms && *wait <= longest_retry_after, "a wait is out of bounds", value);
  const auto text = trim(value);
  if (std::all_of(text.begin(), text.end(), is_digit)) return check_digits(text, *wait);
  check_date(std::string(text), *wait, now);
}

const Registration here("retry_after", run);

}  // namespace
}  // namespace smm::fuzz::retry_after_fuzz
