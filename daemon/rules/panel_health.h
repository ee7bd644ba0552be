#pragma once

#include "domain/time.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

// Whether a panel may be asked, and when again. A small state machine: up, limited, down, key_rejected.
//
// * A good reply: up; the back-off is forgotten.
// * A failed request: back-off with full jitter: uniformly between 0 and min(slowest pace, 5 s doubled by
// each
//   failure in a row before this one), at least 1 s; down after 3 failures in a row (said once: panel.down).
//   A Retry-After longer than that wins (at most 24 h).
// * Rate limited (429, or words to that effect): limited; Retry-After if given (at least 1 s, at most 24 h),
//   else as above, but from 15 s and doubled by each limit since the last good reply. It is no failure: a
//   limited panel answers and is not down. One that was down has come up with it.
// * Key rejected: rests; one balance call every 10 minutes (with up to 10 % jitter on top, or after a longer
//   Retry-After), after each reload and on resume; said once (panel.key_rejected). A good balance reply ends
//   it: panel.up. Any other outcome leaves it as it is.
// * While down or limited the next request is a single probe; the herd follows its success.
namespace smm::rules {

enum class PanelState : std::uint8_t { up, limited, down, key_rejected };
[[nodiscard]] std::string_view to_text(PanelState state);
[[nodiscard]] std::optional<PanelState> panel_state_from_text(std::string_view text);

enum class RequestOutcome : std::uint8_t { good, failed, rate_limited, key_rejected };
[[nodiscard]] std::string_view to_text(RequestOutcome outcome);
[[nodiscard]] std::optional<RequestOutcome> request_outcome_from_text(std::string_view text);

struct PanelHealth {
  PanelState state = PanelState::up;
  int failures = 0;      // in a row
  int limits = 0;        // since the last good reply
  Timestamp since;       // of the state
  Timestamp rest_until;  // no request before

  bool operator==(const PanelHealth&) const = default;
};

struct HealthStep {
  PanelHealth after;
  bool went_down = false;     // panel.down is due
  bool came_up = false;       // panel.up is due (only after down or key_rejected)
  bool key_rejected = false;  // panel.key_rejected is due
};

// `jitter` is uniform in [0, 1). `slowest` caps the back-off.
[[nodiscard]] HealthStep after_request(const PanelHealth& before, RequestOutcome outcome,
                                       std::optional<Milliseconds> retry_after, Milliseconds slowest,
                                       Timestamp now, double jitter);

// What may be sent once `rest_until` is over.
enum class Asking : std::uint8_t {
  freely,
  one_probe,     // one request by itself, until it is answered
  balance_only,  // one balance call by itself
};
[[nodiscard]] Asking how_to_ask(PanelState state);

// A reload or a resume ends the rest, not the state: what may be sent may be sent now.
[[nodiscard]] PanelHealth rested(const PanelHealth& before, Timestamp now);

// The panel says that it does not know `unknown` of the `asked` orders it had known before, in one reply.
// Most of them, and five at least: that is the panel's trouble (a failed request), and nothing is concluded
// about the orders.
[[nodiscard]] bool is_panel_trouble(std::size_t unknown, std::size_t asked);

// The earliest moment a request may leave under `requests_per_minute` (0 = unlimited), `last` being when the
// previous one left: requests are spaced evenly, rounded up to whole milliseconds.
[[nodiscard]] Timestamp next_slot(Timestamp last, std::int64_t requests_per_minute);

// The batch size after a panel refused or cut a batch of `size`: half of it, at least 1 (single calls).
[[nodiscard]] std::size_t smaller_batch(std::size_t size);

}  // namespace smm::rules
