#pragma once

#include "domain/time.h"

#include <chrono>
#include <optional>
#include <string_view>

// When a webhook delivery is tried again: 5 s, 30 s, 2 m, 10 m, 30 m, 1 h, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h
// after the 1st, 2nd, … failed try, each ±20 %, then at least Retry-After; after the 13th failed try it is
// dead.
namespace smm::rules {

inline constexpr int max_tries = 13;
inline constexpr Milliseconds longest_retry_after = std::chrono::hours(24);
// Nothing is put off for longer: the last delay and its 20 %.
inline constexpr Milliseconds longest_retry_delay = Milliseconds(std::chrono::hours(24)) * 6 / 5;

// `tries` failed so far (1 …); `jitter` uniform in [0, 1). Nothing: no further try, the delivery is dead.
[[nodiscard]] std::optional<Milliseconds> retry_delay(int tries, double jitter,
                                                      std::optional<Milliseconds> retry_after);

// RFC 9110 §10.2.3: seconds, or an HTTP date in any of its three forms (§5.6.7), as a wait from `now`: never
// negative, at most 24 h (also for numbers too large to hold). White space around it is passed over, and so
// is a day's name that does not fit its date. Nothing for nonsense.
[[nodiscard]] std::optional<Milliseconds> read_retry_after(std::string_view value, Timestamp now);

}  // namespace smm::rules
