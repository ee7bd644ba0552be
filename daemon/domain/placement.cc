#include "domain/placement.h"

namespace smm {

std::string_view to_text(PlacementState state) {
  switch (state) {
    case PlacementState::asking:
      return "asking";
    case PlacementState::failed:
      return "failed";
    case PlacementState::refused:
      return "refused";
    case PlacementState::unknown:
      return "unknown";
    case PlacementState::accepted:
      return "accepted";
    case PlacementState::resolved:
      return "resolved";
  }
  return "unknown";
}

std::optional<PlacementState> placement_state_from_text(std::string_view text) {
  for (const auto state : all_placement_states) {
    if (to_text(state) == text) return state;
  }
  return std::nullopt;
}

std::string_view to_text(Sent sent) {
  switch (sent) {
    case Sent::no:
      return "no";
    case Sent::yes:
      return "yes";
    case Sent::unknown:
      return "unknown";
  }
  return "unknown";
}

Sent sent_of(PlacementState state) {
  switch (state) {
    case PlacementState::failed:
      return Sent::no;
    case PlacementState::refused:
    case PlacementState::accepted:
      return Sent::yes;
    case PlacementState::asking:
    case PlacementState::unknown:
    case PlacementState::resolved:
      return Sent::unknown;
  }
  return Sent::unknown;
}

}  // namespace smm
