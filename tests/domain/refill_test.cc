#include "domain/refill.h"

#include "domain/placement.h"
#include "domain/service.h"

#include <doctest/doctest.h>

#include <map>
#include <set>
#include <string>

namespace smm::refill_test {
namespace {

// Every name reads back, and the names are these.
template <class List, class FromText>
void check_names(const List& all, FromText from_text, const std::set<std::string>& expected) {
  std::set<std::string> names;
  for (const auto value : all) {
    CHECK(from_text(to_text(value)) == value);
    names.emplace(to_text(value));
  }
  CHECK(names == expected);
  for (const auto* text : {"", "Pending", "in progress", "no such"}) CHECK_FALSE(from_text(text).has_value());
}

}  // namespace

TEST_CASE("the names of what becomes of refills, cancels, placements and services read back") {
  check_names(all_refill_states, refill_state_from_text,
              {"asking", "failed", "refused", "unknown", "pending", "in_progress", "completed", "rejected",
               "canceled", "error", "expired"});
  check_names(all_cancel_states, cancel_state_from_text,
              {"asking", "failed", "refused", "unknown", "requested", "done", "in_vain"});
  check_names(all_placement_states, placement_state_from_text,
              {"asking", "failed", "refused", "unknown", "accepted", "resolved"});
  check_names(std::array{Cause::automatic, Cause::manual, Cause::compat}, cause_from_text,
              {"auto", "manual", "compat"});
  check_names(std::array{RefillAuto::schedule, RefillAuto::drop, RefillAuto::off}, refill_auto_from_text,
              {"schedule", "drop", "off"});
  check_names(std::array{RefusalClass::auth, RefusalClass::cooldown, RefusalClass::too_early,
                         RefusalClass::expired, RefusalClass::not_offered, RefusalClass::unknown},
              refusal_class_from_text,
              {"auth", "cooldown", "too_early", "expired", "not_offered", "unknown"});
  check_names(std::array{ServiceChangeKind::added, ServiceChangeKind::removed, ServiceChangeKind::returned,
                         ServiceChangeKind::changed},
              service_change_kind_from_text, {"added", "removed", "returned", "changed"});
}

TEST_CASE("a panel's word for a refill names its state, in any spelling") {
  const std::map<std::string, RefillState> words = {{"Pending", RefillState::pending},
                                                    {"In progress", RefillState::in_progress},
                                                    {"Completed", RefillState::completed},
                                                    {"Rejected", RefillState::rejected},
                                                    {"Canceled", RefillState::canceled},
                                                    {"Error", RefillState::error},
                                                    {"Fail", RefillState::error},
                                                    {"Expired", RefillState::expired},
                                                    {"IN_PROGRESS", RefillState::in_progress},
                                                    {"cancelled", RefillState::canceled},
                                                    {" in-progress ", RefillState::in_progress}};
  for (const auto& [word, state] : words) {
    const auto spelling = word;
    CAPTURE(spelling);
    CHECK(refill_state_from_panel_word(word) == state);
  }
  for (const std::string word : {"", "1", "Refill not found", "success", "done", "refused", "asking",
                                 "unknown", "Refilled?", "Отклонено"}) {
    CAPTURE(word);
    CHECK_FALSE(refill_state_from_panel_word(word).has_value());
  }
}

TEST_CASE("no panel's word makes a refill one that was never accepted") {
  for (const auto* word : {"failed", "refused", "unknown", "asking"}) {
    const auto state = refill_state_from_panel_word(word);
    CAPTURE(word);
    CHECK(state != RefillState::failed);
    CHECK(state != RefillState::refused);
    CHECK(state != RefillState::unknown);
    CHECK(state != RefillState::asking);
  }
}

TEST_CASE("a refill is open, final, or in doubt, and never two of them") {
  for (const auto state : all_refill_states) {
    const bool in_doubt = state == RefillState::asking || state == RefillState::unknown;
    CAPTURE(to_text(state));
    CHECK(int{is_accepted_and_open(state)} + int{is_final(state)} + int{in_doubt} == 1);
  }
  CHECK(is_accepted_and_open(RefillState::pending));
  CHECK(is_accepted_and_open(RefillState::in_progress));
}

TEST_CASE("whether a placement was sent is said only where it is known") {
  CHECK(to_text(sent_of(PlacementState::failed)) == "no");
  CHECK(to_text(sent_of(PlacementState::refused)) == "yes");
  CHECK(to_text(sent_of(PlacementState::accepted)) == "yes");
  CHECK(to_text(sent_of(PlacementState::asking)) == "unknown");
  CHECK(to_text(sent_of(PlacementState::unknown)) == "unknown");
  CHECK(to_text(sent_of(PlacementState::resolved)) == "unknown");
}

}  // namespace smm::refill_test
