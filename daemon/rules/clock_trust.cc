#include "rules/clock_trust.h"

#include <algorithm>
#include <chrono>

namespace smm::rules {
namespace {

// Of the wall clock to the time since boot.
Milliseconds difference(const ClockReading& reading) {
  return reading.wall - from_millis(reading.boot_ms);
}

bool is_held(const ClockTrust& clock) {
  if (clock.last.boot_ms - clock.stands_since >= clock_stands.count()) return false;
  const auto off = difference(clock.last) - clock.believed;
  return off > silence_believed || off < -step_of_clock;
}

}  // namespace

ClockLook first_look(std::optional<Timestamp> newest_stored, const std::optional<ClockStep>& last_step,
                     ClockReading now) {
  ClockLook look;
  auto& clock = look.after;
  clock.last = now;
  clock.believed = difference(now);
  clock.stands_since = now.boot_ms;
  const auto silence = newest_stored ? now.wall - *newest_stored : Milliseconds(0);
  if (silence > silence_believed || silence < -step_of_clock) {
    clock.believed -= silence;
    look.step = ClockStep{now.wall, silence};
  } else if (last_step && now.wall >= last_step->at) {
    // The hour that a step is doubted for goes on over a restart.
    clock.believed -= last_step->by;
    clock.stands_since -= (now.wall - last_step->at).count();
  }
  return look;
}

ClockLook look_again(const ClockTrust& before, ClockReading now) {
  ClockLook look{before, std::nullopt};
  auto& clock = look.after;
  clock.last = now;
  const auto moved = difference(now) - difference(before.last);
  if (std::chrono::abs(moved) <= step_of_clock) {
    clock.believed += moved;
    return look;
  }
  // What stood for an hour is believed, and is what this step is measured by.
  if (now.boot_ms - before.stands_since >= clock_stands.count()) clock.believed = difference(before.last);
  clock.stands_since = now.boot_ms;
  look.step = ClockStep{before.last.wall + moved, moved};
  return look;
}

std::optional<Timestamp> held_until(const ClockTrust& clock) {
  if (!is_held(clock)) return std::nullopt;
  return clock.last.wall + Milliseconds(clock.stands_since - clock.last.boot_ms) + clock_stands;
}

Timestamp placed(Timestamp then, std::span<const ClockStep> steps, Timestamp now) {
  auto end = now;  // of the stretch looked at
  Milliseconds later{0};
  for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
    if (then >= step->at && then <= end) return then + later;
    end = step->at - step->by + between_looks;
    later += step->by;
  }
  return then <= end ? then + later : then;
}

}  // namespace smm::rules
