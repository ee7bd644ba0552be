#include "domain/refill.h"

#include "domain/status.h"

#include <array>
#include <utility>

namespace smm {
namespace {

using Word = std::pair<std::string_view, RefillState>;

// Folded spellings: what panels publish for refills, and the words they use for the same states of orders.
constexpr std::array refill_words = {
    Word{"pending", RefillState::pending},
    Word{"awaiting", RefillState::pending},
    Word{"inprogress", RefillState::in_progress},
    Word{"processing", RefillState::in_progress},
    Word{"running", RefillState::in_progress},
    Word{"completed", RefillState::completed},
    Word{"complete", RefillState::completed},
    Word{"rejected", RefillState::rejected},
    Word{"canceled", RefillState::canceled},
    Word{"error", RefillState::error},
    Word{"fail", RefillState::error},
    Word{"failed", RefillState::error},
    Word{"expired", RefillState::expired},
};

// The member of `all` that has this name.
template <class Enum, std::size_t Size>
std::optional<Enum> named(const std::array<Enum, Size>& all, std::string_view text) {
  for (const auto value : all) {
    if (to_text(value) == text) return value;
  }
  return std::nullopt;
}

}  // namespace

std::string_view to_text(Cause cause) {
  switch (cause) {
    case Cause::automatic:
      return "auto";
    case Cause::manual:
      return "manual";
    case Cause::compat:
      return "compat";
  }
  return "manual";
}

std::optional<Cause> cause_from_text(std::string_view text) {
  return named(std::array{Cause::automatic, Cause::manual, Cause::compat}, text);
}

std::string_view to_text(RefillAuto mode) {
  switch (mode) {
    case RefillAuto::schedule:
      return "schedule";
    case RefillAuto::drop:
      return "drop";
    case RefillAuto::off:
      return "off";
  }
  return "off";
}

std::optional<RefillAuto> refill_auto_from_text(std::string_view text) {
  return named(std::array{RefillAuto::schedule, RefillAuto::drop, RefillAuto::off}, text);
}

std::string_view to_text(RefillState state) {
  switch (state) {
    case RefillState::asking:
      return "asking";
    case RefillState::failed:
      return "failed";
    case RefillState::refused:
      return "refused";
    case RefillState::unknown:
      return "unknown";
    case RefillState::pending:
      return "pending";
    case RefillState::in_progress:
      return "in_progress";
    case RefillState::completed:
      return "completed";
    case RefillState::rejected:
      return "rejected";
    case RefillState::canceled:
      return "canceled";
    case RefillState::error:
      return "error";
    case RefillState::expired:
      return "expired";
  }
  return "unknown";
}

std::optional<RefillState> refill_state_from_text(std::string_view text) {
  return named(all_refill_states, text);
}

bool is_accepted_and_open(RefillState state) {
  return state == RefillState::pending || state == RefillState::in_progress;
}

bool is_final(RefillState state) {
  switch (state) {
    case RefillState::failed:
    case RefillState::refused:
    case RefillState::completed:
    case RefillState::rejected:
    case RefillState::canceled:
    case RefillState::error:
    case RefillState::expired:
      return true;
    case RefillState::asking:
    case RefillState::unknown:
    case RefillState::pending:
    case RefillState::in_progress:
      return false;
  }
  return false;
}

std::optional<RefillState> refill_state_from_panel_word(std::string_view word) {
  const auto folded = fold_status_word(word);
  for (const auto& [spelling, state] : refill_words) {
    if (spelling == folded) return state;
  }
  return std::nullopt;
}

std::string_view to_text(RefusalClass refusal) {
  switch (refusal) {
    case RefusalClass::auth:
      return "auth";
    case RefusalClass::cooldown:
      return "cooldown";
    case RefusalClass::too_early:
      return "too_early";
    case RefusalClass::expired:
      return "expired";
    case RefusalClass::not_offered:
      return "not_offered";
    case RefusalClass::unknown:
      return "unknown";
  }
  return "unknown";
}

std::optional<RefusalClass> refusal_class_from_text(std::string_view text) {
  return named(std::array{RefusalClass::auth, RefusalClass::cooldown, RefusalClass::too_early,
                          RefusalClass::expired, RefusalClass::not_offered, RefusalClass::unknown},
               text);
}

std::string_view to_text(CancelState state) {
  switch (state) {
    case CancelState::asking:
      return "asking";
    case CancelState::failed:
      return "failed";
    case CancelState::refused:
      return "refused";
    case CancelState::unknown:
      return "unknown";
    case CancelState::requested:
      return "requested";
    case CancelState::done:
      return "done";
    case CancelState::in_vain:
      return "in_vain";
  }
  return "unknown";
}

std::optional<CancelState> cancel_state_from_text(std::string_view text) {
  return named(all_cancel_states, text);
}

}  // namespace smm
