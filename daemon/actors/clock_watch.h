#pragma once

#include "actors/storage_guard.h"
#include "platform/event_loop.h"
#include "rules/clock_trust.h"
#include "store/store.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

namespace smm::actors {

// Nobody waits longer for a time of the wall clock: it may be set meanwhile.
inline constexpr Milliseconds longest_wait = std::chrono::minutes(1);

// Watches over the wall clock: notices its steps, keeps them, and says whether it is to be believed
// (rules/clock_trust.h). It looks once a minute; whoever is about to decide something by the time looks
// first.
class ClockWatch {
 public:
  // Takes its first look.
  ClockWatch(platform::EventLoop& loop, store::Store& store, StorageGuard& storage);
  ClockWatch(const ClockWatch&) = delete;
  ClockWatch& operator=(const ClockWatch&) = delete;

  // Not from within a write: it may write itself.
  void look();
  // These look.
  [[nodiscard]] bool trusted() { return !held_until(); }
  [[nodiscard]] std::optional<Timestamp> held_until();

  // When a copy was put in the place of the database, by the clock of now; if ever.
  [[nodiscard]] std::optional<Timestamp> restored_at() const;

  // As of the last look; the span is good until the next. A clock is not believed either while a step of it
  // is not in the database.
  [[nodiscard]] bool believed() const { return unkept_ == 0 && !rules::held_until(clock_); }
  [[nodiscard]] std::span<const rules::ClockStep> steps() const { return steps_; }
  // Of these, how many of the last were made while the program ran.
  [[nodiscard]] std::size_t steps_seen() const { return std::min(steps_seen_, steps_.size()); }
  // How far the clock was moved since the start, and how often, as of the last look: for those who keep up.
  struct Moved {
    std::uint64_t steps = 0;
    Milliseconds by{0};
  };
  [[nodiscard]] const Moved& moved() const { return moved_; }

 private:
  void take(const rules::ClockLook& look);
  void keep_steps();
  void tell_trust();
  void look_at_restore();

  platform::EventLoop& loop_;
  store::Store& store_;
  StorageGuard& storage_;
  std::vector<rules::ClockStep> steps_;
  std::size_t steps_seen_ = 0;
  std::size_t unkept_ = 0;  // the last so many of them are not in the database yet
  rules::ClockTrust clock_;
  Moved moved_;
  bool was_held_ = false;
  std::optional<Timestamp> restored_at_;
  platform::Timer timer_;
};

}  // namespace smm::actors
