#pragma once

#include "domain/time.h"

#include <cstdint>
#include <optional>
#include <span>

// Whether the wall clock is to be believed, and how much of what it shows has really passed.
//
// A step is a wall clock that moved otherwise than the time since the machine was booted (which also counts
// its sleep: a laptop that wakes up has made none) by more than a minute; less is how clocks are kept right.
// While nobody watched (before the start) the newest stored time stands for what the clock should show: up to
// 24 h later is a time without news, anything else is a step.
//
// * After a step that sets the clock more than 24 h on, or back, the clock is not believed until it has stood
//   for an hour, or stands where it would have stood without the step. Several steps within the hour count
//   together. What cannot be undone waits for that: retention, automatic refills, and saying that an order
//   has stalled, settled or was lost.
// * Nothing ends because of a step, also when the clock is believed again: for stalled, settled and lost the
//   time that a step skipped has not passed, and what it gave twice has passed twice. Every step is kept, and
//   `placed` moves a stored moment over the steps that came after it. So an order that stood still for 10 h
//   when the clock was set on by 500 days stalls (stalled_after = 24h) 14 h later, and after a start that
//   finds the clock a week on, those 10 h count and the week does not: nobody saw the order in it.
// * Retention goes by the wall clock alone once it is believed.
namespace smm::rules {

inline constexpr Milliseconds step_of_clock = std::chrono::minutes(1);
inline constexpr Milliseconds silence_believed = std::chrono::hours(24);
inline constexpr Milliseconds clock_stands = std::chrono::hours(1);
inline constexpr Milliseconds between_looks = std::chrono::minutes(1);

// The wall clock was set on (by > 0) or back (by < 0). `at`: the first moment it can have shown afterwards.
struct ClockStep {
  Timestamp at;
  Milliseconds by{0};

  bool operator==(const ClockStep&) const = default;
};

struct ClockReading {
  Timestamp wall;
  std::int64_t boot_ms = 0;  // since the machine was booted, its sleep included
};

// What is known of the clock. Differences are wall clock minus time since boot.
struct ClockTrust {
  ClockReading last;
  Milliseconds believed{0};       // the difference as it was last believed
  std::int64_t stands_since = 0;  // boot_ms of the last step
};

struct ClockLook {
  ClockTrust after;
  std::optional<ClockStep> step;
};

// At the start. `newest_stored`, if anything is stored at all: moved over the steps, as `placed` does.
// `last_step`: the newest of those kept.
[[nodiscard]] ClockLook first_look(std::optional<Timestamp> newest_stored,
                                   const std::optional<ClockStep>& last_step, ClockReading now);
// From then on, at least once a minute.
[[nodiscard]] ClockLook look_again(const ClockTrust& before, ClockReading now);

// As of the last look: until when the clock is not believed, if it stands until then.
[[nodiscard]] std::optional<Timestamp> held_until(const ClockTrust& clock);

// A stored moment as the clock of `now` would have shown it, had it always gone as it does now: moved by all
// steps after it. `steps` in the order in which they were made. A moment that can belong to several stretches
// of the clock's time belongs to the newest. A stretch goes on for up to a minute after the last look that
// found it so.
[[nodiscard]] Timestamp placed(Timestamp then, std::span<const ClockStep> steps, Timestamp now);

}  // namespace smm::rules
