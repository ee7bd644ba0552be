#include "rules/refill_state.h"

#include "domain/status.h"
#include "rules/schedule.h"

#include <algorithm>
#include <utility>

namespace smm::rules {
namespace {

constexpr int times_until_lost = 3;

Timestamp accepted_at(const Refill& refill) {
  return refill.accepted_at.value_or(refill.asked_at);
}

void enter(Refill& refill, RefillState state, Timestamp now) {
  refill.state = state;
  refill.changed_at = now;
  if (is_final(state)) refill.ended_at = now;
}

RefillStep changed(const Refill& before, RefillState state, const std::string& words, Timestamp now) {
  RefillStep step{before, {}};
  step.after.words = words;
  if (state != before.state) enter(step.after, state, now);
  step.events.push_back(refill_event(EventType::refill_status_changed, step.after, before.state));
  return step;
}

std::optional<RefillStep> not_found(const Refill& before, const std::string& words, RefillDoubt& doubt,
                                    const PollPolicy& policy, const ClockView& clock, Timestamp now) {
  auto since = placed(doubt.since.value_or(now), clock.steps, now);
  if (!doubt.since || now < since) {
    doubt = {now, 0};
    since = now;
  }
  doubt.times += 1;
  const bool is_sure = doubt.times >= times_until_lost && now - since >= policy.lost_after;
  if (!is_sure || !clock.believed) return std::nullopt;
  doubt = {};
  return changed(before, RefillState::error, words, now);
}

EventValue text_or_null(std::string_view text) {
  return text.empty() ? EventValue() : EventValue(std::string(text));
}

}  // namespace

std::optional<RefillStep> refill_transition(const Refill& before, const RefillAnswer& answer,
                                            RefillDoubt& doubt, const PollPolicy& policy,
                                            const ClockView& clock, Timestamp now) {
  if (!is_accepted_and_open(before.state)) return std::nullopt;
  if (answer.is_error) return not_found(before, answer.words, doubt, policy, clock, now);
  doubt = {};
  const auto state = refill_state_from_panel_word(answer.words);
  if (state && *state != before.state) return changed(before, *state, answer.words, now);
  if (fold_status_word(answer.words) == fold_status_word(before.words)) return std::nullopt;
  if (answer.words.empty()) return std::nullopt;
  if (!state) return changed(before, before.state, answer.words, now);
  RefillStep step{before, {}};
  step.after.words = answer.words;
  return step;
}

std::optional<RefillStep> expired_refill(const Refill& before, const ClockView& clock, Timestamp now) {
  if (!is_accepted_and_open(before.state) || !clock.believed) return std::nullopt;
  if (now - placed(accepted_at(before), clock.steps, now) < refill_patience) return std::nullopt;
  RefillStep step{before, {}};
  enter(step.after, RefillState::expired, now);
  step.events.push_back(refill_event(EventType::refill_expired, step.after, before.state));
  return step;
}

std::optional<Milliseconds> refill_interval(const Refill& refill, const PollPolicy& policy, Timestamp now) {
  if (!is_accepted_and_open(refill.state) || !refill.upstream) return std::nullopt;
  ScheduleFacts facts;
  facts.tracked_ms = to_millis(refill.asked_at);
  facts.status_changed_ms = to_millis(refill.changed_at.value_or(accepted_at(refill)));
  facts.changed_ms = facts.status_changed_ms;
  facts.status = OrderStatus::in_progress;
  return due_after(facts, policy, now).interval;
}

EventDraft refill_event(EventType type, const Refill& refill, std::optional<RefillState> previous) {
  EventDraft event;
  event.type = type;
  event.panel = refill.order.panel;
  event.order = refill.order.id;
  event.data.emplace_back("refill", refill.id);
  event.data.emplace_back("status", std::string(to_text(refill.state)));
  if (previous) event.data.emplace_back("previous_status", std::string(to_text(*previous)));
  event.data.emplace_back("cause", std::string(to_text(refill.cause)));
  event.data.emplace_back("upstream", refill.upstream ? EventValue(refill.upstream->text()) : EventValue());
  event.data.emplace_back("words", text_or_null(refill.words));
  event.data.emplace_back("refusal",
                          refill.refusal ? EventValue(std::string(to_text(*refill.refusal))) : EventValue());
  event.data.emplace_back("not_before",
                          refill.not_before ? EventValue(to_rfc3339(*refill.not_before)) : EventValue());
  return event;
}

}  // namespace smm::rules
