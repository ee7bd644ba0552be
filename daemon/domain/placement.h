#pragma once

#include "domain/ids.h"
#include "domain/money.h"
#include "domain/refill.h"
#include "domain/time.h"

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace smm {

// The fields of an `add` beside key and action, in the order they were given, none dropped.
using PlacementFields = std::vector<std::pair<std::string, std::string>>;

enum class PlacementState : std::uint8_t {
  asking,    // written, and perhaps on its way
  failed,    // certainly never reached the panel; no money was spent
  refused,   // the panel said no
  unknown,   // nobody can know; a person resolves it
  accepted,  // the panel gave an order id
  resolved,  // it was unknown, and a person said what became of it: an order (`upstream`) or none
};
inline constexpr std::array all_placement_states = {PlacementState::asking,   PlacementState::failed,
                                                    PlacementState::refused,  PlacementState::unknown,
                                                    PlacementState::accepted, PlacementState::resolved};
[[nodiscard]] std::string_view to_text(PlacementState state);
[[nodiscard]] std::optional<PlacementState> placement_state_from_text(std::string_view text);

// Whether the panel got the request, as far as can be known: "no", "yes", "unknown".
enum class Sent : std::uint8_t { no, yes, unknown };
[[nodiscard]] std::string_view to_text(Sent sent);
// failed: no. refused, accepted: yes. asking, unknown, resolved: unknown, for a person's word is not the
// wire's.
[[nodiscard]] Sent sent_of(PlacementState state);

struct Placement {
  std::int64_t id = 0;
  PanelName panel;
  PlacementState state = PlacementState::asking;
  Cause cause = Cause::manual;
  std::optional<std::uint32_t> asked_by;
  std::optional<std::string> idempotency_key;  // within the panel; freed when resolved to no order
  std::string digest;                          // SHA-256 in hex of what the key stands for
  PlacementFields fields;
  std::optional<std::string> ref;
  std::map<std::string, std::string> labels;
  std::optional<Money> rate;        // of the service at that moment, per 1000
  std::optional<OrderId> upstream;  // the order
  std::string words;                // the panel's, cleaned; or what went wrong on the way
  bool client_left = false;         // whoever asked had hung up before the answer
  Timestamp asked_at;
  std::optional<Timestamp> answered_at;
};

}  // namespace smm
