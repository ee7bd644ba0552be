#include "rules/refill_state.h"

#include "refills.h"

#include <map>

namespace smm::rules::refill_state_test {
namespace {

const PollPolicy polls;  // fastest 1 m, slowest 30 m, lost_after 24 h
const Timestamp asked = ended;

Refill open_refill(RefillState state = RefillState::pending, const std::string& words = "Pending") {
  auto refill = refill_of(state, asked);
  refill.words = words;
  return refill;
}

std::optional<RefillStep> step(const Refill& before, const std::string& words, Timestamp now = asked + 1h) {
  RefillDoubt doubt;
  return refill_transition(before, {words, false}, doubt, polls, {}, now);
}

EventValue field(const EventDraft& event, const std::string& name) {
  for (const auto& [key, value] : event.data) {
    if (key == name) return value;
  }
  FAIL("no field ", name);
  return {};
}

EventValue text(const char* value) {
  return std::string(value);
}

}  // namespace

TEST_CASE("a refill becomes what the panel's word says") {
  for (const auto& [word, state] :
       std::map<std::string, RefillState>{{"In progress", RefillState::in_progress},
                                          {"Completed", RefillState::completed},
                                          {"REJECTED", RefillState::rejected},
                                          {"cancelled", RefillState::canceled},
                                          {"Error", RefillState::error},
                                          {"Fail", RefillState::error},
                                          {"Expired", RefillState::expired}}) {
    const auto change = step(open_refill(), word);
    REQUIRE(change.has_value());
    CHECK(change->after.state == state);
    CHECK(change->after.words == word);
    CHECK(change->after.changed_at == asked + 1h);
    CHECK(change->after.ended_at.has_value() == is_final(state));
    REQUIRE(change->events.size() == 1);
    CHECK(change->events[0].type == EventType::refill_status_changed);
    CHECK(field(change->events[0], "status") == EventValue(std::string(to_text(state))));
    CHECK(field(change->events[0], "previous_status") == text("pending"));
    CHECK(field(change->events[0], "words") == EventValue(word));
  }
  const auto back = step(open_refill(RefillState::in_progress, "In progress"), "Pending");
  REQUIRE(back.has_value());
  CHECK(back->after.state == RefillState::pending);
}

TEST_CASE("the same word in another spelling is no news") {
  CHECK_FALSE(step(open_refill(), "pending").has_value());
  CHECK_FALSE(step(open_refill(RefillState::in_progress, "In progress"), "IN_PROGRESS").has_value());
  CHECK_FALSE(step(open_refill(), "").has_value());
}

TEST_CASE("another known word for the same state is kept without an event") {
  const auto change = step(open_refill(RefillState::pending, "1"), "Awaiting");
  REQUIRE(change.has_value());
  CHECK(change->after.words == "Awaiting");
  CHECK(change->after.state == RefillState::pending);
  CHECK_FALSE(change->after.changed_at.has_value());
  CHECK(change->events.empty());
}

TEST_CASE("a word nobody knows is never a state, and is said once") {
  const auto change = step(open_refill(), "Wird geprüft");
  REQUIRE(change.has_value());
  CHECK(change->after.state == RefillState::pending);
  CHECK(change->after.words == "Wird geprüft");
  CHECK_FALSE(change->after.ended_at.has_value());
  REQUIRE(change->events.size() == 1);
  CHECK(field(change->events[0], "previous_status") == text("pending"));
  CHECK_FALSE(step(change->after, "Wird geprüft").has_value());
  CHECK(step(change->after, "Completed")->after.state == RefillState::completed);
}

TEST_CASE("what has ended, or was never accepted, is left alone") {
  for (const auto state : all_refill_states) {
    if (is_accepted_and_open(state)) continue;
    CHECK_FALSE(step(open_refill(state), "In progress").has_value());
    CHECK_FALSE(expired_refill(open_refill(state), {}, asked + days(400)).has_value());
    CHECK_FALSE(refill_interval(open_refill(state), polls, asked).has_value());
  }
}

TEST_CASE("a refill the panel keeps not finding ends as an error, after three times over lost_after") {
  const auto before = open_refill();
  RefillDoubt doubt;
  const auto say = [&](const std::string& words, bool is_error, Timestamp now) {
    return refill_transition(before, {words, is_error}, doubt, polls, {}, now);
  };
  CHECK_FALSE(say("Refill not found", true, asked + 1h).has_value());
  CHECK_FALSE(say("Refill not found", true, asked + 30h).has_value());
  CHECK_FALSE(say("Pending", false, asked + 31h).has_value());  // found again: the count begins anew
  CHECK(doubt == RefillDoubt{});
  CHECK_FALSE(say("Refill not found", true, asked + 40h).has_value());
  CHECK_FALSE(say("Refill not found", true, asked + 41h).has_value());
  CHECK_FALSE(say("Refill not found", true, asked + 64h - 1ms).has_value());
  const auto lost = say("Refill not found", true, asked + 64h);
  REQUIRE(lost.has_value());
  CHECK(lost->after.state == RefillState::error);
  CHECK(lost->after.words == "Refill not found");
  CHECK(lost->after.ended_at == asked + 64h);
  REQUIRE(lost->events.size() == 1);
  CHECK(lost->events[0].type == EventType::refill_status_changed);
}

TEST_CASE("two errors a week apart are not enough, and a clock set back begins anew") {
  const auto before = open_refill();
  RefillDoubt doubt;
  const auto say = [&](Timestamp now) {
    return refill_transition(before, {"x", true}, doubt, polls, {}, now);
  };
  CHECK_FALSE(say(asked).has_value());
  CHECK_FALSE(say(asked + days(7)).has_value());
  CHECK_FALSE(say(asked - 1h).has_value());
  CHECK(doubt == RefillDoubt{asked - 1h, 1});
}

TEST_CASE("an accepted refill without an end for 20 days is expired, said once") {
  const auto before = open_refill(RefillState::in_progress, "In progress");
  CHECK_FALSE(expired_refill(before, {}, asked + days(20) - 1ms).has_value());
  const auto over = expired_refill(before, {}, asked + days(20));
  REQUIRE(over.has_value());
  CHECK(over->after.state == RefillState::expired);
  CHECK(over->after.ended_at == asked + days(20));
  CHECK(over->after.words == "In progress");
  REQUIRE(over->events.size() == 1);
  CHECK(over->events[0].type == EventType::refill_expired);
  CHECK_FALSE(expired_refill(over->after, {}, asked + days(21)).has_value());
}

TEST_CASE("a refill is asked about quickly after a change, then slower, up to slowest") {
  auto refill = open_refill();
  CHECK(refill_interval(refill, polls, asked) == Milliseconds(1min));
  CHECK(refill_interval(refill, polls, asked + 20min) == Milliseconds(5min));
  CHECK(refill_interval(refill, polls, asked + days(10)) == Milliseconds(30min));
  refill.changed_at = asked + days(10);
  CHECK(refill_interval(refill, polls, asked + days(10)) == Milliseconds(1min));
  refill.upstream.reset();
  CHECK_FALSE(refill_interval(refill, polls, asked).has_value());
}

TEST_CASE("a refill event tells who asked, the panel's id and words, and what is unknown as null") {
  auto refill = refused(RefusalClass::cooldown, asked, asked + 9h);
  refill.words = "wait";
  const auto event = refill_event(EventType::refill_refused, refill);
  CHECK(event.panel == PanelName("p1"));
  CHECK(event.order == OrderId("23501"));
  std::vector<std::string> keys;
  keys.reserve(event.data.size());
  for (const auto& entry : event.data) keys.push_back(entry.first);
  CHECK(keys ==
        std::vector<std::string>{"refill", "status", "cause", "upstream", "words", "refusal", "not_before"});
  CHECK(field(event, "refill") == EventValue(std::int64_t{7}));
  CHECK(field(event, "status") == text("refused"));
  CHECK(field(event, "cause") == text("auto"));
  CHECK(field(event, "upstream") == EventValue());
  CHECK(field(event, "refusal") == text("cooldown"));
  CHECK(field(event, "not_before") == EventValue(to_rfc3339(asked + 9h)));
}

}  // namespace smm::rules::refill_state_test
