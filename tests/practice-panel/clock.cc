#include "practice-panel/clock.h"

#include <algorithm>

namespace smm::practice {

SimulatedClock::SimulatedClock(double speed)
    : speed_(std::max(speed, 0.0)), since_(std::chrono::steady_clock::now()) {}

Ms SimulatedClock::now() const {
  const std::lock_guard lock(mutex_);
  return now_locked(std::chrono::steady_clock::now());
}

void SimulatedClock::advance(Ms by) {
  const std::lock_guard lock(mutex_);
  base_ += std::max(by, Ms{0});
}

void SimulatedClock::set_speed(double speed) {
  const std::lock_guard lock(mutex_);
  const auto real = std::chrono::steady_clock::now();
  base_ = now_locked(real);
  since_ = real;
  speed_ = std::max(speed, 0.0);
}

Ms SimulatedClock::now_locked(std::chrono::steady_clock::time_point real) const {
  const std::chrono::duration<double, std::milli> passed = real - since_;
  return base_ + std::chrono::duration_cast<Ms>(passed * speed_);
}

std::uint64_t mix(std::uint64_t value) {
  value += 0x9e3779b97f4a7c15ULL;
  value = (value ^ (value >> 30U)) * 0xbf58476d1ce4e5b9ULL;
  value = (value ^ (value >> 27U)) * 0x94d049bb133111ebULL;
  return value ^ (value >> 31U);
}

}  // namespace smm::practice
