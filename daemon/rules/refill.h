#pragma once

#include "domain/event.h"
#include "domain/order.h"
#include "domain/policy.h"
#include "rules/clock_trust.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

// Whether a refill of an order is asked for by itself, now or when. One rule; the schedule is derived from
// facts, never stored. Sources: the contract's [panel.refill] section and its paragraph on automatic refills;
// what panels accept and refuse as seen in the field.
//
// An order is asked for when all of this holds; the first that does not is the reason given:
// * There is a [refill] section for its panel or service, and neither it nor the user's word for this order
//   says `off`. (The user's word comes before the section's; without a section nothing is asked.)
// * It ended Completed, or Partial where the policy says so.
// * It was seen before it ended (see was_watched), or the user said when it ended.
// * Its service offered refills when the order was first seen with it; an absent flag, "No refill" in the
//   name, or a service nobody told us counts as no.
// * Its window is open: ended_at + what the service's name states, else (or when the policy says so) the
//   default; asked only before it ends. A window of nothing is none.
// * It was not refused for good: two answers of the classes expired or not_offered, a day or more apart,
//   since the last refill the panel accepted. One word never ends a guarantee.
// * Fewer than max_per_order refills were accepted, whatever became of them and whoever asked.
// * None is open: asking, pending, in progress, or unknown for less than `gap`.
// * `schedule`: its moments are ended_at + each ask_after. Of those past only the latest counts; it is open
//   until it is used, by a refill asked at or after it which the panel accepted, or may have, or by three
//   refusals since (a refused key is none: that is about the panel). Asked when the latest moment is open.
//   `drop`: asked when the latest reported count, reported after the order ended and after the last refill
//   that was or may have been accepted, and ended, shows a drop, and has not been refused three times since.
// * `schedule`: the latest reported count does not say that there is no drop. It speaks for a moment if it
//   was reported after the moment before that one; older counts, and counts nobody can judge, say nothing.
// * The last one asked was asked `gap` ago; if the panel refused it and said when it may be asked again, that
//   time counts instead. One that failed, and so never reached the panel, is asked again sooner: after 10
//   minutes, doubled by each failure in a row, up to `gap`.
// * Nothing holds all automatic refills (a stepped clock, a restored database), the panel's are not resting
//   after ten refusals in a row, and the panel is up.
//
// Moments are compared by the wall clock as it is now, once it is believed: while it is not, everything is
// held. What passed between two runs of the program has passed: a panel's windows go on while nobody watches.
// Time that a step of the clock skipped while it ran has not; and a moment that lies ahead of now, written by
// a clock that was set back since, is moved over all steps that are known (rules/clock_trust.h).
//
// A drop: the reported count is below start_count + delivered by drop_per_mille of delivered or more.
// Unknown start_count or remains: nobody can judge.
namespace smm::rules {

enum class RefillReason : std::uint8_t {
  due,  // the one with which it is asked now
  off,
  not_ended,
  ended_partial,
  ended_otherwise,  // canceled, refunded, failed, expired
  not_seen_before_end,
  not_offered,
  window_ended,
  refused_for_good,
  asks_used_up,
  already_open,
  no_window_left,        // the window is open, but the next moment lies beyond it, or there is none
  waiting_for_schedule,  // every moment so far is used or skipped
  no_drop_reported,
  cooldown,  // the panel said when
  gap,
  held,
  resting,
  panel_down,
};
inline constexpr std::array all_refill_reasons = {RefillReason::due,
                                                  RefillReason::off,
                                                  RefillReason::not_ended,
                                                  RefillReason::ended_partial,
                                                  RefillReason::ended_otherwise,
                                                  RefillReason::not_seen_before_end,
                                                  RefillReason::not_offered,
                                                  RefillReason::window_ended,
                                                  RefillReason::refused_for_good,
                                                  RefillReason::asks_used_up,
                                                  RefillReason::already_open,
                                                  RefillReason::no_window_left,
                                                  RefillReason::waiting_for_schedule,
                                                  RefillReason::no_drop_reported,
                                                  RefillReason::cooldown,
                                                  RefillReason::gap,
                                                  RefillReason::held,
                                                  RefillReason::resting,
                                                  RefillReason::panel_down};
// "waiting_for_schedule"
[[nodiscard]] std::string_view to_text(RefillReason reason);
[[nodiscard]] std::optional<RefillReason> refill_reason_from_text(std::string_view text);
// A sentence for a person, without its full stop: "the window for refills has ended".
[[nodiscard]] std::string_view explain(RefillReason reason);

// A count seen by the user's own means.
struct CountReport {
  std::int64_t count = 0;
  Timestamp at;
};

struct RefillFacts {
  OrderStatus status = OrderStatus::unasked;
  std::optional<Timestamp> ended_at;
  bool watched = false;  // was_watched, or the user said when it ended
  std::optional<RefillAuto> own_mode;
  bool offered = false;
  std::optional<Milliseconds> stated_window;
  std::optional<std::int64_t> start_count;
  std::optional<std::int64_t> delivered;
  std::optional<CountReport> reported;  // the latest
  std::span<const Refill> refills;      // all of the order, oldest first; the caller's memory
};
[[nodiscard]] RefillFacts refill_facts(const Order& order, std::span<const Refill> refills,
                                       const std::optional<CountReport>& reported);

// How the wall clock went.
struct RefillClock {
  std::span<const ClockStep> steps{};  // all that are kept; the caller's memory
  std::size_t seen = 0;                // so many of the last were made while the program ran
};
// The facts by the clock of now. `refills`: those of the facts, brought to it too.
void place(RefillFacts& facts, std::vector<Refill>& refills, const RefillClock& clock, Timestamp now);

// We knew of the order before it ended: it was seen in a state that had not ended; or it was tracked within
// five minutes of its placing and did not come by import, so that an order that is completed at first sight
// ended under our eyes.
[[nodiscard]] bool was_watched(const Order& order);

// What holds for all orders of a panel.
struct RefillClimate {
  bool panel_up = true;  // up and not paused
  std::optional<Timestamp> rests_until;
  std::optional<Timestamp> held_until;
};

struct RefillDecision {
  RefillReason reason = RefillReason::off;  // `due` = ask now
  std::optional<Timestamp> next;  // when it may be worth deciding again; nothing = only facts change it
  std::optional<Timestamp> window_ends_at;  // of an order that ended and is offered refills

  bool operator==(const RefillDecision&) const = default;
};

// `policy` null: no section.
[[nodiscard]] RefillDecision decide_refill(const RefillFacts& facts, const RefillPolicy* policy,
                                           const RefillClimate& climate, Timestamp now);

// Whether the panel would accept a refill now, as far as we know, for one that a person asks for: as above,
// but without off, not_seen_before_end, the schedule, reported counts, and what rests or holds automatic
// ones. `policy` null: the documented defaults.
[[nodiscard]] RefillDecision refill_chance(const RefillFacts& facts, const RefillPolicy* policy,
                                           bool panel_up, Timestamp now);

// The section that counts for orders of a service: its own, else the panel's; null = none. Points into
// `panel`.
[[nodiscard]] const RefillPolicy* refill_policy_for(const PanelPolicy& panel,
                                                    const std::optional<ServiceId>& service);

// Ten refusals in a row rest a panel's automatic refills for 24 h; an accepted one ends the row, and so does
// the rest. Those that failed, or whose outcome is unknown, neither count nor end it. A rest that lies
// further ahead was written by a clock that was set back since, and is over.
struct RefusalStreak {
  int refusals = 0;
  std::optional<Timestamp> rests_until;

  bool operator==(const RefusalStreak&) const = default;
};
[[nodiscard]] std::optional<Timestamp> rest_of(const RefusalStreak& streak, Timestamp now);
struct StreakStep {
  RefusalStreak after;
  bool begins_to_rest = false;  // is to be said
};
// After one automatic refill got this state.
[[nodiscard]] StreakStep after_answer(const RefusalStreak& before, RefillState state, Timestamp now);
// From a panel's automatic refills, oldest first; the last few dozen tell.
[[nodiscard]] RefusalStreak streak_of(std::span<const Refill> automatic);

// What a reported count comes to.
struct CountVerdict {
  std::int64_t expected = 0;  // start_count + delivered
  std::int64_t missing = 0;   // expected − count, never below 0
  bool is_drop = false;
};
// Nothing when nobody can judge.
[[nodiscard]] std::optional<CountVerdict> judge_count(const std::optional<std::int64_t>& start_count,
                                                      const std::optional<std::int64_t>& delivered,
                                                      std::int64_t count, std::int64_t drop_per_mille);

// order.drop_detected for a count just reported of an order that ended Completed or Partial: with the order's
// own fields, then count, expected and missing. Said once: not again while the count before it showed a drop
// too, unless a refill was accepted since that one. Nothing when there is nothing to say.
[[nodiscard]] std::optional<EventDraft> drop_event(const Order& order, std::int64_t count,
                                                   const std::optional<CountReport>& before,
                                                   std::span<const Refill> refills,
                                                   std::int64_t drop_per_mille);

}  // namespace smm::rules
