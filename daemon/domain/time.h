#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace smm {

using Milliseconds = std::chrono::milliseconds;
// Wall clock, milliseconds since 1970 UTC; what the database stores.
using Timestamp = std::chrono::time_point<std::chrono::system_clock, Milliseconds>;

[[nodiscard]] inline std::int64_t to_millis(Timestamp time) {
  return time.time_since_epoch().count();
}
[[nodiscard]] inline Timestamp from_millis(std::int64_t millis) {
  return Timestamp(Milliseconds(millis));
}
[[nodiscard]] inline std::optional<std::int64_t> to_millis(std::optional<Timestamp> time) {
  return time ? std::optional(to_millis(*time)) : std::nullopt;
}

// RFC 3339, UTC, always with milliseconds: 2026-11-21T08:00:00.000Z
[[nodiscard]] std::string to_rfc3339(Timestamp time);
// As part of a file's name: 2026-11-21T08-00-00Z
[[nodiscard]] std::string to_file_name(Timestamp time);
// Any RFC 3339 date-time, with an offset and with any number of decimals (cut to milliseconds), in the years
// 1970 to 9999.
[[nodiscard]] std::optional<Timestamp> from_rfc3339(std::string_view text);

// `500ms`, `30s`, `10m`, `24h`, `7d`; at most 100 years.
[[nodiscard]] std::optional<Milliseconds> duration_from_text(std::string_view text);
// The same spelling, in the largest unit that needs no fraction.
[[nodiscard]] std::string to_text(Milliseconds duration);

}  // namespace smm
