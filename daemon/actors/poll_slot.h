#pragma once

#include "domain/ids.h"
#include "domain/time.h"
#include "rules/schedule.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

namespace smm::actors {

using Slot = std::uint32_t;

// One order a poller asks about, in 88 bytes, for there may be millions. Everything here can be rebuilt from
// the database.
struct PollSlot {
  std::int64_t row = 0;
  std::int64_t due_ms = 0;
  std::int64_t asked_ms = 0;     // when it was last asked; 0 = not since the start
  std::int64_t answered_ms = 0;  // when the panel last answered for it; 0 = not since the start
  std::uint64_t digest = 0;      // of its object in the last reply; 0 = unknown
  std::int64_t tell_ms = 0;      // rules::time_may_tell, or earlier; 0 = never

  [[nodiscard]] Milliseconds interval() const {
    return Milliseconds(static_cast<std::int64_t>(interval_high_) << 32U | interval_low_);
  }
  void set_interval(Milliseconds interval) {
    constexpr std::int64_t longest = (std::int64_t{1} << 40U) - 1;  // 34 years
    const auto number = static_cast<std::uint64_t>(std::clamp<std::int64_t>(interval.count(), 0, longest));
    interval_low_ = static_cast<std::uint32_t>(number);
    interval_high_ = static_cast<std::uint8_t>(number >> 32U);
  }

  // An id of up to 15 letters is kept here, of a longer one only that it is longer.
  static constexpr std::size_t longest_own_id = 15;
  [[nodiscard]] bool has_own_id() const { return id_size_ <= longest_own_id; }
  [[nodiscard]] std::string_view own_id() const { return {id_.data(), id_size_}; }
  void set_own_id(std::string_view id) {
    id_size_ = static_cast<std::uint8_t>(std::min(id.size(), longest_own_id + 1));
    if (has_own_id()) std::copy(id.begin(), id.end(), id_.begin());
  }

  // Of the four moments only those are kept that the schedule of such an order looks at.
  [[nodiscard]] rules::ScheduleFacts facts() const {
    rules::ScheduleFacts facts;
    facts.status = status_;
    facts.settled = settled_;
    facts.lost = lost_;
    facts.changed_ms = changed_ms_;
    if (changed_ms_ == 0) {
      facts.tracked_ms = began_ms_;
    } else if (settled_) {
      facts.ended_ms = began_ms_;
    } else {
      facts.status_changed_ms = began_ms_;
    }
    return facts;
  }
  void set_facts(const rules::ScheduleFacts& facts) {
    status_ = facts.status;
    settled_ = facts.settled;
    lost_ = facts.lost;
    changed_ms_ = facts.changed_ms;
    began_ms_ = changed_ms_ == 0 ? facts.tracked_ms : settled_ ? facts.ended_ms : facts.status_changed_ms;
  }
  // By a step of the wall clock.
  void move_facts(Milliseconds by) {
    for (auto* moment : {&began_ms_, &changed_ms_}) {
      if (*moment != 0) *moment += by.count();
    }
  }

 private:
  std::int64_t began_ms_ = 0;  // tracked, ended, or changed its status: see facts()
  std::int64_t changed_ms_ = 0;
  std::array<char, longest_own_id> id_{};
  std::uint8_t id_size_ = 0;
  std::uint32_t interval_low_ = 0;
  std::uint8_t interval_high_ = 0;
  OrderStatus status_ = OrderStatus::unasked;

 public:
  std::uint8_t not_known = 0;  // how often in a row the panel said that it does not know it, up to 255
  // Somebody looks at it: no more than a place in the next batch, or that batch too.
  enum class Wanted : std::uint8_t { no, place, batch };
  Wanted wanted : 2 = Wanted::no;
  bool live : 1 = false;  // still tracked
  bool out : 1 = false;   // taken, and not come back yet

 private:
  bool settled_ : 1 = false;
  bool lost_ : 1 = false;
};
static_assert(sizeof(PollSlot) == 88);

}  // namespace smm::actors
