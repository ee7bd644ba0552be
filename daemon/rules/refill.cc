#include "rules/refill.h"

#include <algorithm>
#include <array>
#include <chrono>

namespace smm::rules {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

constexpr Milliseconds placed_just_now = minutes(5);
constexpr Milliseconds first_failure_pause = minutes(10);
constexpr Milliseconds day = hours(24);
constexpr int refusals_of_a_moment = 3;

// The panel accepted it, whatever became of it then.
bool was_accepted(RefillState state) {
  switch (state) {
    case RefillState::pending:
    case RefillState::in_progress:
    case RefillState::completed:
    case RefillState::rejected:
    case RefillState::canceled:
    case RefillState::error:
    case RefillState::expired:
      return true;
    case RefillState::asking:
    case RefillState::failed:
    case RefillState::refused:
    case RefillState::unknown:
      return false;
  }
  return false;
}

bool may_be_accepted(RefillState state) {
  return was_accepted(state) || state == RefillState::unknown || state == RefillState::asking;
}

Timestamp answered_at(const Refill& refill) {
  return refill.changed_at.value_or(refill.asked_at);
}

// One decision. The members are what each condition looks at; `decide` asks them in the order of the
// specification.
class Judge {
 public:
  Judge(const RefillFacts& facts, const RefillPolicy& policy, Timestamp now)
      : facts_(facts), policy_(policy), now_(now) {
    if (facts.ended_at && facts.offered) decision_.window_ends_at = *facts.ended_at + window();
  }

  RefillDecision automatic(RefillAuto mode, const RefillClimate& climate) {
    if (mode == RefillAuto::off) return say(RefillReason::off);
    if (const auto reason = not_entitled(facts_.watched)) return say(*reason);
    if (const auto other = open()) return say(RefillReason::already_open, other->until);
    if (mode == RefillAuto::schedule) {
      if (auto other = not_scheduled()) return *other;
    } else if (!is_drop_unanswered()) {
      return say(RefillReason::no_drop_reported);
    }
    if (auto pause = pausing()) return *pause;
    if (climate.held_until && now_ < *climate.held_until) return say(RefillReason::held, climate.held_until);
    if (climate.rests_until && now_ < *climate.rests_until) {
      return say(RefillReason::resting, climate.rests_until);
    }
    return say(climate.panel_up ? RefillReason::due : RefillReason::panel_down);
  }

  RefillDecision by_person(bool panel_up) {
    if (const auto reason = not_entitled(true)) return say(*reason);
    if (const auto other = open()) return say(RefillReason::already_open, other->until);
    if (auto pause = pausing()) return *pause;
    return say(panel_up ? RefillReason::due : RefillReason::panel_down);
  }

 private:
  RefillDecision say(RefillReason reason, std::optional<Timestamp> next = std::nullopt) {
    decision_.reason = reason;
    decision_.next = next;
    return decision_;
  }

  [[nodiscard]] Milliseconds window() const {
    return policy_.window_from_service ? facts_.stated_window.value_or(policy_.default_window)
                                       : policy_.default_window;
  }

  // Why nothing will be asked of this order, whatever the time, as long as nothing else changes.
  [[nodiscard]] std::optional<RefillReason> not_entitled(bool watched) const {
    if (!facts_.ended_at || !has_ended(facts_.status)) return RefillReason::not_ended;
    if (facts_.status == OrderStatus::partial && !policy_.partial) return RefillReason::ended_partial;
    if (facts_.status != OrderStatus::completed && facts_.status != OrderStatus::partial) {
      return RefillReason::ended_otherwise;
    }
    if (!watched) return RefillReason::not_seen_before_end;
    if (!facts_.offered) return RefillReason::not_offered;
    if (now_ >= *facts_.ended_at + window()) return RefillReason::window_ended;
    if (is_refused_for_good()) return RefillReason::refused_for_good;
    const auto accepted = std::count_if(facts_.refills.begin(), facts_.refills.end(),
                                        [](const Refill& refill) { return was_accepted(refill.state); });
    if (accepted >= policy_.max_per_order) return RefillReason::asks_used_up;
    return std::nullopt;
  }

  [[nodiscard]] bool is_refused_for_good() const {
    const Refill* first = nullptr;
    bool twice = false;
    for (const auto& refill : facts_.refills) {
      if (was_accepted(refill.state)) {
        first = nullptr;
        twice = false;
      }
      const bool says_never =
          refill.state == RefillState::refused &&
          (refill.refusal == RefusalClass::expired || refill.refusal == RefusalClass::not_offered);
      if (!says_never) continue;
      if (first == nullptr) first = &refill;
      twice = twice || answered_at(refill) - answered_at(*first) >= day;
    }
    return twice;
  }

  // One is open, or may be; in doubt, until a known moment.
  struct Open {
    std::optional<Timestamp> until;
  };
  [[nodiscard]] std::optional<Open> open() const {
    std::optional<Open> found;
    for (const auto& refill : facts_.refills) {
      if (refill.state == RefillState::asking || is_accepted_and_open(refill.state)) return Open{};
      const auto until = refill.asked_at + policy_.gap;
      if (refill.state != RefillState::unknown || now_ >= until) continue;
      if (!found || *found->until < until) found = Open{until};
    }
    return found;
  }

  [[nodiscard]] Timestamp moment(std::size_t index) const {
    return *facts_.ended_at + policy_.ask_after[index];
  }

  [[nodiscard]] bool is_in_window(Timestamp time) const { return time < *facts_.ended_at + window(); }

  [[nodiscard]] bool is_refused_often_since(Timestamp since) const {
    return std::count_if(facts_.refills.begin(), facts_.refills.end(), [&](const Refill& refill) {
             return refill.state == RefillState::refused && refill.refusal != RefusalClass::auth &&
                    refill.asked_at >= since;
           }) >= refusals_of_a_moment;
  }

  [[nodiscard]] bool is_used(Timestamp since) const {
    return is_refused_often_since(since) ||
           std::any_of(facts_.refills.begin(), facts_.refills.end(), [&](const Refill& refill) {
             return may_be_accepted(refill.state) && refill.asked_at >= since;
           });
  }

  // The latest reported count says that there is no drop, and was reported since then.
  [[nodiscard]] bool is_whole_since(Timestamp since) const {
    if (!facts_.reported || facts_.reported->at <= since) return false;
    const auto verdict =
        judge_count(facts_.start_count, facts_.delivered, facts_.reported->count, policy_.drop_per_mille);
    return verdict && !verdict->is_drop;
  }

  // The end of the last pause, of which `pausing` speaks while it lasts.
  struct Pause {
    RefillReason reason = RefillReason::gap;
    Timestamp until;
  };
  [[nodiscard]] std::optional<Pause> last_pause() const {
    std::optional<Pause> pause;
    Milliseconds failure_pause = first_failure_pause;
    for (const auto& refill : facts_.refills) {
      if (refill.state == RefillState::failed) {
        const auto until = refill.asked_at + std::min(failure_pause, policy_.gap);
        failure_pause = std::min(2 * failure_pause, policy_.gap);
        if (!pause || pause->until < until) pause = Pause{RefillReason::gap, until};
        continue;
      }
      failure_pause = first_failure_pause;
      if (refill.state == RefillState::refused && refill.not_before) {
        pause = Pause{RefillReason::cooldown, *refill.not_before};
      } else {
        const auto last = std::max(refill.asked_at, refill.accepted_at.value_or(refill.asked_at));
        pause = Pause{RefillReason::gap, last + policy_.gap};
      }
    }
    return pause;
  }

  std::optional<RefillDecision> pausing() {
    const auto pause = last_pause();
    if (!pause || now_ >= pause->until) return std::nullopt;
    if (!is_in_window(pause->until)) return say(RefillReason::no_window_left);
    return say(pause->reason, pause->until);
  }

  // Nothing when a moment of the schedule is open.
  std::optional<RefillDecision> not_scheduled() {
    const auto& asks = policy_.ask_after;
    const auto coming = std::find_if(asks.begin(), asks.end(),
                                     [&](Milliseconds after) { return *facts_.ended_at + after > now_; });
    const auto next = static_cast<std::size_t>(coming - asks.begin());
    std::optional<Timestamp> next_moment;
    if (next < asks.size()) {
      const auto pause = last_pause();
      next_moment = std::max(moment(next), pause ? pause->until : moment(next));
      if (!is_in_window(*next_moment)) next_moment.reset();
    }
    if (next == 0 || is_used(moment(next - 1))) {
      return say(next_moment ? RefillReason::waiting_for_schedule : RefillReason::no_window_left,
                 next_moment);
    }
    if (is_whole_since(next > 1 ? moment(next - 2) : *facts_.ended_at)) {
      return say(RefillReason::no_drop_reported, next_moment);
    }
    return std::nullopt;
  }

  // A drop was reported and has not been asked about.
  [[nodiscard]] bool is_drop_unanswered() const {
    if (!facts_.reported || facts_.reported->at <= *facts_.ended_at) return false;
    const auto verdict =
        judge_count(facts_.start_count, facts_.delivered, facts_.reported->count, policy_.drop_per_mille);
    if (!verdict || !verdict->is_drop || is_refused_often_since(facts_.reported->at)) return false;
    return std::none_of(facts_.refills.begin(), facts_.refills.end(), [&](const Refill& refill) {
      return may_be_accepted(refill.state) &&
             refill.ended_at.value_or(refill.asked_at) >= facts_.reported->at;
    });
  }

  const RefillFacts& facts_;
  const RefillPolicy& policy_;
  Timestamp now_;
  RefillDecision decision_;
};

}  // namespace

std::string_view to_text(RefillReason reason) {
  switch (reason) {
    case RefillReason::due:
      return "due";
    case RefillReason::off:
      return "off";
    case RefillReason::not_ended:
      return "not_ended";
    case RefillReason::ended_partial:
      return "ended_partial";
    case RefillReason::ended_otherwise:
      return "ended_otherwise";
    case RefillReason::not_seen_before_end:
      return "not_seen_before_end";
    case RefillReason::not_offered:
      return "not_offered";
    case RefillReason::window_ended:
      return "window_ended";
    case RefillReason::refused_for_good:
      return "refused_for_good";
    case RefillReason::asks_used_up:
      return "asks_used_up";
    case RefillReason::already_open:
      return "already_open";
    case RefillReason::no_window_left:
      return "no_window_left";
    case RefillReason::waiting_for_schedule:
      return "waiting_for_schedule";
    case RefillReason::no_drop_reported:
      return "no_drop_reported";
    case RefillReason::cooldown:
      return "cooldown";
    case RefillReason::gap:
      return "gap";
    case RefillReason::held:
      return "held";
    case RefillReason::resting:
      return "resting";
    case RefillReason::panel_down:
      return "panel_down";
  }
  return "off";
}

std::optional<RefillReason> refill_reason_from_text(std::string_view text) {
  for (const auto reason : all_refill_reasons) {
    if (to_text(reason) == text) return reason;
  }
  return std::nullopt;
}

std::string_view explain(RefillReason reason) {
  switch (reason) {
    case RefillReason::due:
      return "a refill is due and will be asked for";
    case RefillReason::off:
      return "refills are not asked for by themselves: there is no [refill] section for it, or it says off";
    case RefillReason::not_ended:
      return "the order has not ended";
    case RefillReason::ended_partial:
      return "the order ended Partial, and refill.partial is off";
    case RefillReason::ended_otherwise:
      return "the order ended neither Completed nor Partial";
    case RefillReason::not_seen_before_end:
      return "the order had ended when it was first seen, and nobody said when";
    case RefillReason::not_offered:
      return "its service did not offer refills when the order was first seen with it";
    case RefillReason::window_ended:
      return "the window for refills has ended";
    case RefillReason::refused_for_good:
      return "the panel said twice, a day or more apart, that there are none for it";
    case RefillReason::asks_used_up:
      return "the panel has accepted as many as refill.max_per_order allows";
    case RefillReason::already_open:
      return "one is open, or may be";
    case RefillReason::no_window_left:
      return "no further moment of the schedule lies in the window for refills";
    case RefillReason::waiting_for_schedule:
      return "the next moment of the schedule has not come";
    case RefillReason::no_drop_reported:
      return "no drop has been reported since the last ask, or the last reported count shows none";
    case RefillReason::cooldown:
      return "the panel said that it may be asked again later";
    case RefillReason::gap:
      return "the last one was asked for too short a time ago (see refill.gap)";
    case RefillReason::held:
      return "all automatic refills are held: the clock was set, or the database restored";
    case RefillReason::resting:
      return "the panel's automatic refills rest for a day after ten refusals in a row";
    case RefillReason::panel_down:
      return "the panel is down, paused, or has rejected the key";
  }
  return "";
}

RefillFacts refill_facts(const Order& order, std::span<const Refill> refills,
                         const std::optional<CountReport>& reported) {
  RefillFacts facts;
  facts.status = order.status;
  facts.ended_at = order.ended_at;
  facts.watched = order.ended_given || was_watched(order);
  facts.own_mode = order.refill_auto;
  facts.offered = order.refill_offered.value_or(false);
  facts.stated_window = order.refill_window;
  facts.start_count = order.start_count;
  facts.delivered = delivered(order);
  facts.reported = reported;
  facts.refills = refills;
  return facts;
}

void place(RefillFacts& facts, std::vector<Refill>& refills, const RefillClock& clock, Timestamp now) {
  facts.refills = refills;
  if (clock.steps.empty()) return;
  const auto by_now = [&](Timestamp then) {
    const auto moved = placed(then, clock.steps.last(clock.seen), now);
    return moved <= now ? moved : placed(then, clock.steps, now);
  };
  const auto move = [&](std::optional<Timestamp>& then) {
    if (then) then = by_now(*then);
  };
  move(facts.ended_at);
  if (facts.reported) facts.reported->at = by_now(facts.reported->at);
  for (auto& refill : refills) {
    // It lies ahead, as long after the panel's answer as ever.
    if (refill.not_before) *refill.not_before += by_now(answered_at(refill)) - answered_at(refill);
    refill.asked_at = by_now(refill.asked_at);
    move(refill.accepted_at);
    move(refill.changed_at);
    move(refill.ended_at);
  }
}

bool was_watched(const Order& order) {
  for (const auto status : all_order_statuses) {
    if (status == OrderStatus::unasked || has_ended(status)) continue;
    if ((order.seen_statuses & (std::uint32_t{1} << static_cast<unsigned>(status))) != 0) return true;
  }
  return !order.quiet && order.placed_at && *order.placed_at <= order.tracked_at &&
         order.tracked_at - *order.placed_at <= placed_just_now;
}

RefillDecision decide_refill(const RefillFacts& facts, const RefillPolicy* policy,
                             const RefillClimate& climate, Timestamp now) {
  const RefillPolicy defaults;
  const auto mode = policy == nullptr ? RefillAuto::off : facts.own_mode.value_or(policy->mode);
  return Judge(facts, policy == nullptr ? defaults : *policy, now).automatic(mode, climate);
}

RefillDecision refill_chance(const RefillFacts& facts, const RefillPolicy* policy, bool panel_up,
                             Timestamp now) {
  const RefillPolicy defaults;
  return Judge(facts, policy == nullptr ? defaults : *policy, now).by_person(panel_up);
}

const RefillPolicy* refill_policy_for(const PanelPolicy& panel, const std::optional<ServiceId>& service) {
  if (service) {
    const auto own = panel.refill_services.find(service->text());
    if (own != panel.refill_services.end()) return &own->second;
  }
  return panel.refill ? &*panel.refill : nullptr;
}

}  // namespace smm::rules
