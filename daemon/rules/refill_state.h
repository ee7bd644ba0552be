#pragma once

#include "domain/event.h"
#include "domain/policy.h"
#include "domain/refill.h"
#include "rules/clock_trust.h"

#include <optional>
#include <span>
#include <string>
#include <vector>

// What becomes of a refill the panel has accepted, and when it is asked about.
//
// * A word that names another state (refill_state_from_panel_word) is that state: refill.status_changed with
//   previous_status. Anything goes after pending and in_progress; a final state stays.
// * A word nobody knows is never a state: the state stays, the words are kept, and refill.status_changed is
//   said of it once (previous_status the same), until the panel says another word. A known word for the same
//   state is kept without an event; another spelling (fold_status_word) is no news at all.
// * An error for this one refill ("Refill not found") changes nothing at first sight. Three times at least,
//   over lost_after, with no other answer between them: the refill ends as `error`, with the panel's words.
//   The count of it is the caller's to keep, in memory: a restart begins it anew, which only delays that.
// * Accepted, and without an end for 20 days: expired, refill.expired, said once.
// * Nothing ends because of a clock: neither of these two while the wall clock is not believed, and time that
//   a step of it skipped has not passed for them (rules/clock_trust.h).
// * It is asked about at the pace of [poll], like an order whose status changed when the refill last did. A
//   refill whose id the panel never gave cannot be asked about.
namespace smm::rules {

// A refill as it is after a step, and the events that tell of it; all of it is to be written at once.
struct RefillStep {
  Refill after;
  std::vector<EventDraft> events;
};

// What a refill_status reply says of one refill.
struct RefillAnswer {
  std::string words;      // the status word, or the error's; cleaned
  bool is_error = false;  // an error for this one refill
};

// Since when, and how often in a row, the panel would not speak of it.
struct RefillDoubt {
  std::optional<Timestamp> since;
  int times = 0;

  bool operator==(const RefillDoubt&) const = default;
};

// What is known of the wall clock.
struct ClockView {
  std::span<const ClockStep> steps{};  // all that are kept; the caller's memory
  bool believed = true;
};

// Nothing when there is nothing to write. `doubt` is brought up to date.
[[nodiscard]] std::optional<RefillStep> refill_transition(const Refill& before, const RefillAnswer& answer,
                                                          RefillDoubt& doubt, const PollPolicy& policy,
                                                          const ClockView& clock, Timestamp now);

inline constexpr Milliseconds refill_patience = std::chrono::hours(24) * 20;
// Its patience is over. Nothing when it is not, or the refill is not accepted and open.
[[nodiscard]] std::optional<RefillStep> expired_refill(const Refill& before, const ClockView& clock,
                                                       Timestamp now);

// From one asking to the next, as of `now`, the moment it was last asked; 0 = at once. Nothing when it is not
// asked about.
[[nodiscard]] std::optional<Milliseconds> refill_interval(const Refill& refill, const PollPolicy& policy,
                                                          Timestamp now);

// Data of a refill event, in the order it is shown: refill (our number), status, previous_status (if given),
// cause, upstream, words, refusal, not_before. What is unknown is null.
[[nodiscard]] EventDraft refill_event(EventType type, const Refill& refill,
                                      std::optional<RefillState> previous = std::nullopt);

}  // namespace smm::rules
