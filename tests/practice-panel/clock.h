#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>

namespace smm::practice {

using Ms = std::chrono::milliseconds;

// The time the orders live in: zero when the clock is made, then real steady time times the speed, plus every
// advance. A speed of 0 makes it stand still but for advance(). Never goes back. Thread-safe.
class SimulatedClock {
 public:
  explicit SimulatedClock(double speed = 0);

  Ms now() const;
  void advance(Ms by);
  void set_speed(double speed);

 private:
  Ms now_locked(std::chrono::steady_clock::time_point real) const;

  mutable std::mutex mutex_;
  double speed_;
  std::chrono::steady_clock::time_point since_;
  Ms base_{0};
};

// A fixed mapping of 64 bits to 64 well-mixed bits (splitmix64, Steele, Lea and Flood 2014): everything that
// looks random here is derived from a seed with it, so a run can be repeated.
std::uint64_t mix(std::uint64_t value);

}  // namespace smm::practice
