#pragma once

#include "cli/json.h"
#include "cli/table.h"
#include "cli/terminal.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// How figures, times and states are worded for people.
namespace smm::cli {

// On a terminal "3m ago", "in 8m", "now"; elsewhere the whole time. Empty for none.
[[nodiscard]] std::string when(std::optional<Timestamp> time, const View& view);
// On a terminal "2026-11-21 08:00:00Z (3m ago)"; elsewhere the whole time. Empty for none.
[[nodiscard]] std::string when_exactly(std::optional<Timestamp> time, const View& view);
// On a terminal "2026-11-21 08:00:00Z"; elsewhere the whole time. Empty for none.
[[nodiscard]] std::string point_in_time(std::optional<Timestamp> time, const View& view);

// "3d 4h", "8m", "12s"; never negative.
[[nodiscard]] std::string span(Milliseconds time);
// "512 B", "12.4 MiB"
[[nodiscard]] std::string bytes(std::int64_t count);

// "text" in quotes, harmless, and no longer than fits into a sentence.
[[nodiscard]] std::string quotation(std::string_view text);
// A file as it is named on the command line; "-" is <stdin>.
[[nodiscard]] std::string shown_file(std::string_view path);

// "uid 1000", or nothing: who asked, where a socket told it.
[[nodiscard]] std::string asked_by(const Json& object);
// "0.27819 USD", "0.27819", or nothing.
[[nodiscard]] std::string amount(const Json& object, std::string_view key);
[[nodiscard]] std::string order_name(const Json& order);
// "in_progress", "in_progress, stalled"
[[nodiscard]] Cell order_status(const Json& order);
// "843/1000", else "157 left", else nothing.
[[nodiscard]] std::string order_progress(const Json& order);
// "p1/23501  in_progress  843/1000"
[[nodiscard]] std::string order_line(const Json& order, const View& view);
// "k=v k=v"
[[nodiscard]] std::string labels(const Json& object);
[[nodiscard]] Style style_of_status(std::string_view status);

// A time as it may be typed: RFC 3339, or a duration for that long before `now`.
[[nodiscard]] std::optional<Timestamp> time_from_argument(std::string_view text, Timestamp now);

}  // namespace smm::cli
