#include "refills.h"

#include <set>

namespace smm::rules::refill_test {
namespace {

// What decide_refill is asked with; a test changes what it is about.
struct Case {
  Order order = completed_order();
  RefillPolicy policy;
  std::vector<Refill> refills;
  std::optional<CountReport> reported;
  RefillClimate climate;
  bool has_section = true;

  [[nodiscard]] RefillDecision at(Timestamp now) const {
    return decide_refill(refill_facts(order, refills, reported), has_section ? &policy : nullptr, climate,
                         now);
  }
  [[nodiscard]] RefillReason why(Milliseconds after_end) const { return at(ended + after_end).reason; }
  [[nodiscard]] RefillReason person(Milliseconds after_end, bool up = true) const {
    return refill_chance(refill_facts(order, refills, reported), has_section ? &policy : nullptr, up,
                         ended + after_end)
        .reason;
  }
};

using Why = RefillReason;

}  // namespace

TEST_CASE("a refill is asked for at the first moment of the schedule, and not before") {
  const Case now;
  CHECK(now.why(0ms) == Why::waiting_for_schedule);
  CHECK(now.why(days(7) - 1ms) == Why::waiting_for_schedule);
  CHECK(now.at(ended + days(3)) ==
        RefillDecision{Why::waiting_for_schedule, ended + days(7), ended + days(90)});
  CHECK(now.at(ended + days(7)) == RefillDecision{Why::due, std::nullopt, ended + days(90)});
  CHECK(now.why(days(10)) == Why::due);
}

TEST_CASE("a moment that was used is not used again, and of those past only the latest counts") {
  Case now;
  now.refills = {refill_of(RefillState::completed, ended + days(7))};
  CHECK(now.at(ended + days(9)).next == ended + days(14));
  CHECK(now.why(days(14)) == Why::due);
  now.refills = {refill_of(RefillState::completed, ended + days(40))};  // 7, 14 and 29 were missed
  CHECK(now.at(ended + days(50)) ==
        RefillDecision{Why::waiting_for_schedule, ended + days(59), ended + days(90)});
}

TEST_CASE("without a section, with off, or with the user's off nothing is asked") {
  Case now;
  now.has_section = false;
  CHECK(now.why(days(8)) == Why::off);
  now.order.refill_auto = RefillAuto::schedule;
  CHECK(now.why(days(8)) == Why::off);
  now.has_section = true;
  now.policy.mode = RefillAuto::off;
  CHECK(now.why(days(8)) == Why::due);  // the user's word comes first
  now.order.refill_auto.reset();
  CHECK(now.why(days(8)) == Why::off);
  now.policy.mode = RefillAuto::schedule;
  now.order.refill_auto = RefillAuto::off;
  CHECK(now.why(days(8)) == Why::off);
}

TEST_CASE("only orders that ended Completed, or Partial where that is wanted, are asked for") {
  Case now;
  for (const auto status : all_order_statuses) {
    now.order.status = status;
    if (status == OrderStatus::completed || status == OrderStatus::partial) continue;
    CHECK(now.why(days(8)) == (has_ended(status) ? Why::ended_otherwise : Why::not_ended));
  }
  now.order.status = OrderStatus::partial;
  CHECK(now.why(days(8)) == Why::ended_partial);
  now.policy.partial = true;
  CHECK(now.why(days(8)) == Why::due);
  now.order.ended_at.reset();
  CHECK(now.why(days(8)) == Why::not_ended);
}

TEST_CASE("an order that had ended at first sight is asked for only if the user said when") {
  Case now;
  now.order.seen_statuses = 1U << static_cast<unsigned>(OrderStatus::completed);
  CHECK(now.why(days(8)) == Why::not_seen_before_end);
  now.order.seen_statuses |= 1U << static_cast<unsigned>(OrderStatus::unasked);  // a word nobody knew
  CHECK(now.why(days(8)) == Why::not_seen_before_end);
  now.order.ended_given = true;
  CHECK(now.why(days(8)) == Why::due);
}

TEST_CASE("an order completed at first sight was watched when it was tracked as it was placed") {
  auto order = completed_order();
  order.seen_statuses = 1U << static_cast<unsigned>(OrderStatus::completed);
  CHECK_FALSE(was_watched(order));
  order.placed_at = order.tracked_at - 5min;
  CHECK(was_watched(order));
  order.quiet = true;
  CHECK_FALSE(was_watched(order));
  order.quiet = false;
  order.placed_at = order.tracked_at - 5min - 1ms;
  CHECK_FALSE(was_watched(order));
  order.placed_at = order.tracked_at + 1ms;
  CHECK_FALSE(was_watched(order));
}

TEST_CASE("an absent flag of the service counts as no") {
  Case now;
  now.order.refill_offered.reset();
  CHECK(now.why(days(8)) == Why::not_offered);
  now.order.refill_offered = false;
  CHECK(now.why(days(8)) == Why::not_offered);
}

TEST_CASE("the window is what the service's name states, else the default, and its end is no part of it") {
  Case now;
  CHECK(now.why(days(90) - 1ms) == Why::due);
  CHECK(now.why(days(90)) == Why::window_ended);
  now.order.refill_window.reset();
  CHECK(now.why(days(30) - 1ms) == Why::due);
  CHECK(now.why(days(30)) == Why::window_ended);
  now.order.refill_window = days(90);
  now.policy.window_from_service = false;
  now.policy.default_window = days(60);
  CHECK(now.at(ended + days(60)) == RefillDecision{Why::window_ended, std::nullopt, ended + days(60)});
  now.policy.default_window = 0ms;
  CHECK(now.why(0ms) == Why::window_ended);
}

TEST_CASE("nothing is waited for when the next moment lies beyond the window") {
  Case now;
  now.order.refill_window = days(30);
  now.refills = {refill_of(RefillState::completed, ended + days(29))};
  CHECK(now.at(ended + days(29) + 12h) ==
        RefillDecision{Why::no_window_left, std::nullopt, ended + days(30)});
  now.refills.clear();
  now.order.refill_window = days(7);
  CHECK(now.why(days(1)) == Why::no_window_left);
  now.order.refill_window = days(90);
  now.policy.ask_after.clear();
  CHECK(now.why(days(1)) == Why::no_window_left);
}

TEST_CASE("while one is open none is asked") {
  Case now;
  for (const auto state : {RefillState::asking, RefillState::pending, RefillState::in_progress}) {
    now.refills = {refill_of(state, ended + days(7))};
    CHECK(now.at(ended + days(20)) == RefillDecision{Why::already_open, std::nullopt, ended + days(90)});
  }
}

TEST_CASE("an unknown one counts as open for gap, and is never sent again for the same moment") {
  Case now;
  now.refills = {refill_of(RefillState::unknown, ended + days(7))};
  CHECK(now.at(ended + days(7) + 25h - 1ms) ==
        RefillDecision{Why::already_open, ended + days(7) + 25h, ended + days(90)});
  CHECK(now.why(days(7) + 25h) == Why::waiting_for_schedule);
  CHECK(now.why(days(14)) == Why::due);
}

TEST_CASE("no more are accepted than the policy allows, whoever asked") {
  Case now;
  now.policy.max_per_order = 2;
  now.refills = {refill_of(RefillState::rejected, ended - days(3)),
                 refill_of(RefillState::refused, ended + days(1))};
  CHECK(now.why(days(8)) == Why::due);
  now.refills.push_back(refill_of(RefillState::completed, ended + days(2)));
  CHECK(now.why(days(8)) == Why::asks_used_up);
  now.policy.max_per_order = 0;
  now.refills.clear();
  CHECK(now.why(days(8)) == Why::asks_used_up);
}

TEST_CASE("between two asks lies the gap, from whichever was asked last") {
  Case now;
  now.refills = {refill_of(RefillState::completed, ended + days(7) - 1h)};  // by a person
  CHECK(now.at(ended + days(7)) == RefillDecision{Why::gap, ended + days(8), ended + days(90)});
  CHECK(now.why(days(8)) == Why::due);
}

TEST_CASE("a refusal only postpones: by the time the panel states, else by the gap") {
  Case now;
  const auto asked = ended + days(7);
  now.refills = {refused(RefusalClass::cooldown, asked, asked + 9h + 3min)};
  CHECK(now.at(asked + 9h) == RefillDecision{Why::cooldown, asked + 9h + 3min, ended + days(90)});
  CHECK(now.why(days(7) + 9h + 3min) == Why::due);
  for (const auto refusal : {RefusalClass::cooldown, RefusalClass::too_early, RefusalClass::unknown,
                             RefusalClass::expired, RefusalClass::not_offered, RefusalClass::auth}) {
    now.refills = {refused(refusal, asked)};
    CHECK(now.at(asked + 24h) == RefillDecision{Why::gap, asked + 25h, ended + days(90)});
    CHECK(now.why(days(7) + 25h) == Why::due);
  }
  now.refills = {refused(RefusalClass::cooldown, asked, ended + days(90))};
  CHECK(now.why(days(8)) == Why::no_window_left);
}

TEST_CASE("three refusals use a moment up, but a rejected key is none") {
  Case now;
  for (int i = 0; i < 3; ++i)
    now.refills.push_back(refused(RefusalClass::unknown, ended + days(7) + i * 25h));
  CHECK(now.at(ended + days(12)).next == ended + days(14));
  CHECK(now.why(days(14)) == Why::due);
  now.refills[1].refusal = RefusalClass::auth;
  CHECK(now.why(days(12)) == Why::due);
}

TEST_CASE("a guarantee ends with the second refusal that says so, a day or more after the first") {
  Case now;
  now.refills = {refused(RefusalClass::not_offered, ended + days(7)),
                 refused(RefusalClass::expired, ended + days(8) - 1ms)};
  CHECK(now.why(days(20)) == Why::due);
  now.refills.push_back(refused(RefusalClass::not_offered, ended + days(8)));
  CHECK(now.at(ended + days(20)) == RefillDecision{Why::refused_for_good, std::nullopt, ended + days(90)});
  now.refills.push_back(refill_of(RefillState::completed, ended + days(9)));  // a person asked all the same
  CHECK(now.why(days(20)) == Why::due);
  now.refills.pop_back();
  now.refills[1] = refill_of(RefillState::completed, ended + days(8) - 1h);  // it did accept one between
  CHECK(now.why(days(20)) == Why::due);
}

TEST_CASE("other refusals between the two do not save a guarantee") {
  Case now;
  now.refills = {refused(RefusalClass::expired, ended + days(7)),
                 refused(RefusalClass::unknown, ended + days(14)),
                 refused(RefusalClass::expired, ended + days(29))};
  CHECK(now.why(days(31)) == Why::refused_for_good);
}

TEST_CASE("one that never reached the panel is asked again soon, then less and less soon") {
  Case now;
  now.refills = {refill_of(RefillState::failed, ended + days(7))};
  CHECK(now.at(ended + days(7) + 9min) ==
        RefillDecision{Why::gap, ended + days(7) + 10min, ended + days(90)});
  CHECK(now.why(days(7) + 10min) == Why::due);
  now.refills.push_back(refill_of(RefillState::failed, ended + days(7) + 10min));
  CHECK(now.at(ended + days(7) + 20min).next == ended + days(7) + 30min);
  for (int i = 0; i < 40; ++i) now.refills.push_back(refill_of(RefillState::failed, ended + days(8)));
  CHECK(now.at(ended + days(8)).next == ended + days(8) + 25h);
}

TEST_CASE("a reported count without a drop skips the ask it was reported for") {
  Case now;
  now.reported = CountReport{4572, ended + days(6)};
  CHECK(now.at(ended + days(8)) == RefillDecision{Why::no_drop_reported, ended + days(14), ended + days(90)});
  CHECK(now.why(days(14)) == Why::due);  // the count is too old for that one
  now.reported = CountReport{4572, ended + days(8)};
  CHECK(now.why(days(14)) == Why::no_drop_reported);
  now.reported = CountReport{4500, ended + days(15)};
  CHECK(now.why(days(15)) == Why::due);
  now.reported = CountReport{4572, ended - 1h};
  CHECK(now.why(days(8)) == Why::due);
}

TEST_CASE("a count nobody can judge skips nothing") {
  Case now;
  now.reported = CountReport{4572, ended + days(6)};
  now.order.start_count.reset();
  CHECK(now.why(days(8)) == Why::due);
  now.order.start_count = 3572;
  now.order.remains.reset();
  CHECK(now.why(days(8)) == Why::due);
}

TEST_CASE("with drop, a reported drop is asked about once, and nothing else is") {
  Case now;
  now.policy.mode = RefillAuto::drop;
  CHECK(now.why(days(8)) == Why::no_drop_reported);
  now.reported = CountReport{4523, ended + days(2)};
  CHECK(now.why(days(2)) == Why::no_drop_reported);
  now.reported = CountReport{4522, ended + days(2)};
  CHECK(now.why(days(2)) == Why::due);
  now.refills = {refill_of(RefillState::completed, ended + days(2))};  // it ended an hour later
  CHECK(now.why(days(5)) == Why::no_drop_reported);
  now.reported = CountReport{4522, ended + days(2) + 1h};
  CHECK(now.why(days(5)) == Why::no_drop_reported);
  now.reported = CountReport{4522, ended + days(2) + 1h + 1ms};
  CHECK(now.why(days(5)) == Why::due);
  now.reported = CountReport{1, ended - 1ms};
  now.refills.clear();
  CHECK(now.why(days(5)) == Why::no_drop_reported);
}

TEST_CASE("with drop, three refusals end the asking about one report") {
  Case now;
  now.policy.mode = RefillAuto::drop;
  now.reported = CountReport{0, ended + days(2)};
  now.refills = {refused(RefusalClass::unknown, ended + days(2)),
                 refused(RefusalClass::unknown, ended + days(4))};
  CHECK(now.why(days(6)) == Why::due);
  now.refills.push_back(refused(RefusalClass::unknown, ended + days(6)));
  CHECK(now.why(days(8)) == Why::no_drop_reported);
  now.reported->at = ended + days(7);
  CHECK(now.why(days(8)) == Why::due);
}

TEST_CASE("a hold, a rest and a panel that is down put off what is due, and only that") {
  Case now;
  now.climate = {false, ended + days(9), ended + days(10)};
  CHECK(now.why(days(3)) == Why::waiting_for_schedule);
  CHECK(now.at(ended + days(8)) == RefillDecision{Why::held, ended + days(10), ended + days(90)});
  now.climate.held_until = ended + days(7);
  CHECK(now.at(ended + days(8)) == RefillDecision{Why::resting, ended + days(9), ended + days(90)});
  CHECK(now.at(ended + days(9)) == RefillDecision{Why::panel_down, std::nullopt, ended + days(90)});
  now.climate.panel_up = true;
  CHECK(now.why(days(9)) == Why::due);
}

TEST_CASE("an order the panel takes up again and ends later has a new window and a new schedule") {
  Case now;
  now.refills = {refill_of(RefillState::completed, ended + days(7))};
  now.order.ended_at = ended + days(20);
  CHECK(now.at(ended + days(21)).next == ended + days(27));
  CHECK(now.why(days(27)) == Why::due);
}

TEST_CASE("for a person only what the panel would say counts") {
  Case now;
  now.policy.mode = RefillAuto::off;
  now.order.seen_statuses = 0;
  now.climate = {true, ended + days(90), ended + days(90)};
  CHECK(now.person(1h) == Why::due);
  CHECK(now.person(1h, false) == Why::panel_down);
  CHECK(now.person(days(90)) == Why::window_ended);
  now.has_section = false;
  CHECK(now.person(1h) == Why::due);
  now.refills = {refill_of(RefillState::pending, ended)};
  CHECK(now.person(1h) == Why::already_open);
  now.refills = {refill_of(RefillState::completed, ended)};
  CHECK(now.person(2h) == Why::gap);
  now.refills.clear();
  now.order.refill_offered = false;
  CHECK(now.person(1h) == Why::not_offered);
}

TEST_CASE("a service's own section comes before its panel's") {
  PanelPolicy panel;
  CHECK(refill_policy_for(panel, ServiceId("1")) == nullptr);
  panel.refill_services["1"].gap = 1h;
  CHECK(refill_policy_for(panel, ServiceId("1"))->gap == Milliseconds(1h));
  CHECK(refill_policy_for(panel, ServiceId("2")) == nullptr);
  CHECK(refill_policy_for(panel, std::nullopt) == nullptr);
  panel.refill.emplace().gap = 2h;
  CHECK(refill_policy_for(panel, ServiceId("1"))->gap == Milliseconds(1h));
  CHECK(refill_policy_for(panel, ServiceId("2"))->gap == Milliseconds(2h));
  CHECK(refill_policy_for(panel, std::nullopt)->gap == Milliseconds(2h));
}

TEST_CASE("every reason has a name that reads back, and a sentence of its own") {
  std::set<std::string_view> names;
  std::set<std::string_view> sentences;
  for (const auto reason : all_refill_reasons) {
    CHECK(refill_reason_from_text(to_text(reason)) == reason);
    names.insert(to_text(reason));
    sentences.insert(explain(reason));
  }
  CHECK(names.size() == all_refill_reasons.size());
  CHECK(sentences.size() == all_refill_reasons.size());
  CHECK(sentences.count("") == 0);
  CHECK_FALSE(refill_reason_from_text("Due").has_value());
}

TEST_CASE("ten refusals in a row rest a panel's automatic refills for a day") {
  RefusalStreak streak;
  for (int i = 0; i < 9; ++i) {
    const auto step = after_answer(streak, RefillState::refused, ended);
    CHECK_FALSE(step.begins_to_rest);
    streak = step.after;
  }
  CHECK(after_answer(streak, RefillState::failed, ended).after == streak);
  CHECK(after_answer(streak, RefillState::unknown, ended).after == streak);
  CHECK(after_answer(streak, RefillState::pending, ended).after == RefusalStreak{});
  auto step = after_answer(streak, RefillState::refused, ended + 1h);
  CHECK(step.begins_to_rest);
  CHECK(step.after == RefusalStreak{0, ended + 25h});
  for (int i = 0; i < 30; ++i) {  // the others of the same request
    step = after_answer(step.after, RefillState::refused, ended + 1h);
    CHECK_FALSE(step.begins_to_rest);
  }
  CHECK(step.after == RefusalStreak{0, ended + 25h});
  CHECK(after_answer(step.after, RefillState::refused, ended + 25h).after == RefusalStreak{1, std::nullopt});
}

TEST_CASE("the streak is found again in what is written") {
  std::vector<Refill> asked = {refill_of(RefillState::completed, ended)};
  for (int i = 0; i < 10; ++i) asked.push_back(refused(RefusalClass::unknown, ended + days(1)));
  CHECK(streak_of(asked) == RefusalStreak{0, ended + days(2)});
  asked.push_back(refill_of(RefillState::pending, ended + days(3)));
  CHECK(streak_of(asked) == RefusalStreak{});
  asked.push_back(refused(RefusalClass::cooldown, ended + days(4)));
  CHECK(streak_of(asked) == RefusalStreak{1, std::nullopt});
  CHECK(streak_of({}) == RefusalStreak{});
}

TEST_CASE("a drop is a count below what was delivered by the policy's share of it") {
  const auto judge = [](std::int64_t count, std::int64_t per_mille = 50) {
    const auto verdict = judge_count(3572, 1000, count, per_mille);
    REQUIRE(verdict.has_value());
    return *verdict;
  };
  CHECK_FALSE(judge(9999).is_drop);
  CHECK(judge(9999).missing == 0);
  CHECK_FALSE(judge(4572).is_drop);
  CHECK_FALSE(judge(4523).is_drop);
  CHECK(judge(4522).is_drop);
  CHECK(judge(4522).missing == 50);
  CHECK(judge(4522).expected == 4572);
  CHECK(judge(0).is_drop);
  CHECK(judge(4571, 1).is_drop);
  CHECK_FALSE(judge(4572, 0).is_drop);
  CHECK_FALSE(judge_count(std::nullopt, 1000, 1, 50).has_value());
  CHECK_FALSE(judge_count(3572, std::nullopt, 1, 50).has_value());
  CHECK_FALSE(judge_count(-5, 1000, 1, 50).has_value());
  CHECK_FALSE(judge_count(3572, 0, 1, 50).has_value());
  CHECK_FALSE(judge_count(INT64_MAX, 1000, 1, 50).has_value());
  CHECK_FALSE(judge_count(0, INT64_MAX, 1, 50).has_value());
}

TEST_CASE("a drop is said once, and again after a refill") {
  const auto order = completed_order();
  const auto said = [&](std::int64_t count, std::optional<CountReport> before,
                        std::vector<Refill> refills = {}) {
    return drop_event(order, count, before, refills, 50);
  };
  const auto event = said(4000, std::nullopt);
  REQUIRE(event.has_value());
  CHECK(event->type == EventType::order_drop_detected);
  CHECK(event->order == OrderId("23501"));
  const std::vector<std::pair<std::string, EventValue>> last(event->data.end() - 3, event->data.end());
  CHECK(last == std::vector<std::pair<std::string, EventValue>>{{"count", std::int64_t{4000}},
                                                                {"expected", std::int64_t{4572}},
                                                                {"missing", std::int64_t{572}}});
  CHECK_FALSE(said(4572, std::nullopt).has_value());
  CHECK(said(4000, CountReport{4572, ended}).has_value());
  CHECK_FALSE(said(3900, CountReport{4000, ended}).has_value());
  CHECK(said(3900, CountReport{4000, ended}, {refill_of(RefillState::completed, ended + 1h)}).has_value());
  CHECK_FALSE(
      said(3900, CountReport{4000, ended}, {refill_of(RefillState::completed, ended - 1h)}).has_value());
  auto running = order;
  running.status = OrderStatus::in_progress;
  CHECK_FALSE(drop_event(running, 0, std::nullopt, {}, 50).has_value());
}

}  // namespace smm::rules::refill_test
