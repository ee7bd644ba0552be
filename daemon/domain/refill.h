#pragma once

#include "domain/ids.h"
#include "domain/time.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// What was asked of a panel once and may not be asked twice: refills and cancels of orders. (Placing one is
// in placement.h.) Each is written before it is sent.
namespace smm {

using RefillId = TextId<struct RefillIdTag>;  // the panel's

// Who or what asked.
enum class Cause : std::uint8_t { automatic, manual, compat };  // "auto", "manual", "compat"
[[nodiscard]] std::string_view to_text(Cause cause);
[[nodiscard]] std::optional<Cause> cause_from_text(std::string_view text);

// When a refill is asked for by itself: on a schedule, only after a reported drop, or never.
enum class RefillAuto : std::uint8_t { schedule, drop, off };
[[nodiscard]] std::string_view to_text(RefillAuto mode);
[[nodiscard]] std::optional<RefillAuto> refill_auto_from_text(std::string_view text);

enum class RefillState : std::uint8_t {
  asking,       // written, and perhaps on its way
  failed,       // certainly never reached the panel
  refused,      // the panel said no
  unknown,      // nobody can know whether the panel got it; never sent again by itself
  pending,      // accepted; the panel has not begun, or has not said so
  in_progress,  // accepted
  completed,
  rejected,  // accepted first, then turned down
  canceled,
  error,    // the panel's own word for a refill that went wrong
  expired,  // accepted, and without an end for 20 days; or the panel's own word
};
inline constexpr std::array all_refill_states = {
    RefillState::asking,   RefillState::failed,      RefillState::refused,   RefillState::unknown,
    RefillState::pending,  RefillState::in_progress, RefillState::completed, RefillState::rejected,
    RefillState::canceled, RefillState::error,       RefillState::expired};
[[nodiscard]] std::string_view to_text(RefillState state);
[[nodiscard]] std::optional<RefillState> refill_state_from_text(std::string_view text);

// pending or in_progress: the panel has it and its end is awaited by refill_status.
[[nodiscard]] bool is_accepted_and_open(RefillState state);
// completed, rejected, canceled, error, expired, refused, failed: nothing more is expected.
[[nodiscard]] bool is_final(RefillState state);

// The state a panel's word for a refill names (Pending, In progress, Completed, Rejected, Canceled, Error,
// Fail, Expired, and the words panels use for those states of orders, in any spelling fold_status_word
// folds); nothing for a word nobody knows.
[[nodiscard]] std::optional<RefillState> refill_state_from_panel_word(std::string_view word);

// What a panel's refusal of a refill comes to; see panel/refusal.h for how words are sorted.
enum class RefusalClass : std::uint8_t { auth, cooldown, too_early, expired, not_offered, unknown };
[[nodiscard]] std::string_view to_text(RefusalClass refusal);
[[nodiscard]] std::optional<RefusalClass> refusal_class_from_text(std::string_view text);

struct Refill {
  std::int64_t id = 0;  // ours
  OrderKey order;
  std::int64_t order_row = 0;
  RefillState state = RefillState::asking;
  Cause cause = Cause::manual;
  std::optional<std::uint32_t> asked_by;  // uid of who asked, where a socket told it
  std::optional<RefillId> upstream;       // the panel's id, when it gave one
  std::string words;                      // the panel's last words about it, cleaned
  std::optional<RefusalClass> refusal;    // of a refused one
  std::optional<Timestamp> not_before;    // the panel said when it may be asked again
  Timestamp asked_at;
  std::optional<Timestamp> accepted_at;
  std::optional<Timestamp> changed_at;  // of the last other state
  std::optional<Timestamp> ended_at;    // of a final state
};

enum class CancelState : std::uint8_t {
  asking,
  failed,
  refused,
  unknown,
  requested,  // accepted: the panel will try
  done,       // the order was seen Canceled, Partial or Refunded after it
  in_vain,    // the order ended otherwise
};
inline constexpr std::array all_cancel_states = {
    CancelState::asking,    CancelState::failed, CancelState::refused, CancelState::unknown,
    CancelState::requested, CancelState::done,   CancelState::in_vain};
[[nodiscard]] std::string_view to_text(CancelState state);
[[nodiscard]] std::optional<CancelState> cancel_state_from_text(std::string_view text);

struct Cancel {
  std::int64_t id = 0;
  OrderKey order;
  std::int64_t order_row = 0;
  CancelState state = CancelState::asking;
  Cause cause = Cause::manual;
  std::optional<std::uint32_t> asked_by;
  std::string words;
  Timestamp asked_at;
  std::optional<Timestamp> answered_at;
  std::optional<Timestamp> ended_at;  // when the outcome was seen, or of a final answer
};

}  // namespace smm
