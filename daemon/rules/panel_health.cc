#include "rules/panel_health.h"

#include <algorithm>
#include <cassert>
#include <chrono>

namespace smm::rules {
namespace {

using namespace std::chrono_literals;

constexpr Milliseconds first_failure_rest = 5s;
constexpr Milliseconds first_limit_rest = 15s;
constexpr Milliseconds shortest_rest = 1s;
constexpr Milliseconds longest_rest = 24h;
constexpr Milliseconds balance_pace = 10min;
constexpr int failures_until_down = 3;

Milliseconds part_of(Milliseconds whole, double share) {
  return std::chrono::duration_cast<Milliseconds>(whole * share);
}

// Full jitter below `first` doubled `times` times.
Milliseconds back_off(Milliseconds first, int times, Milliseconds slowest, double jitter) {
  const auto ceiling = std::min(slowest, first * (std::int64_t{1} << std::clamp(times, 0, 30)));
  return std::max(part_of(ceiling, jitter), shortest_rest);
}

Milliseconds rest_after_failure(const PanelHealth& before, std::optional<Milliseconds> retry_after,
                                Milliseconds slowest, double jitter) {
  const auto rest = back_off(first_failure_rest, before.failures, slowest, jitter);
  return std::max(rest, std::min(retry_after.value_or(rest), longest_rest));
}

Milliseconds rest_after_limit(const PanelHealth& before, std::optional<Milliseconds> retry_after,
                              Milliseconds slowest, double jitter) {
  if (retry_after) return std::clamp(*retry_after, shortest_rest, longest_rest);
  return back_off(first_limit_rest, before.limits, slowest, jitter);
}

Milliseconds rest_with_rejected_key(std::optional<Milliseconds> retry_after, double jitter) {
  const auto rest = balance_pace + part_of(balance_pace, jitter / 10);
  return std::max(rest, std::min(retry_after.value_or(rest), longest_rest));
}

void enter(PanelHealth& health, PanelState state, Timestamp now) {
  if (health.state != state) health.since = now;
  health.state = state;
}

int one_more(int count) {
  return std::min(count, 1'000'000) + 1;
}

}  // namespace

std::string_view to_text(PanelState state) {
  switch (state) {
    case PanelState::up:
      return "up";
    case PanelState::limited:
      return "limited";
    case PanelState::down:
      return "down";
    case PanelState::key_rejected:
      return "key_rejected";
  }
  return "up";
}

std::optional<PanelState> panel_state_from_text(std::string_view text) {
  for (const auto state : {PanelState::up, PanelState::limited, PanelState::down, PanelState::key_rejected}) {
    if (to_text(state) == text) return state;
  }
  return std::nullopt;
}

std::string_view to_text(RequestOutcome outcome) {
  switch (outcome) {
    case RequestOutcome::good:
      return "good";
    case RequestOutcome::failed:
      return "failed";
    case RequestOutcome::rate_limited:
      return "rate_limited";
    case RequestOutcome::key_rejected:
      return "key_rejected";
  }
  return "failed";
}

std::optional<RequestOutcome> request_outcome_from_text(std::string_view text) {
  for (const auto outcome : {RequestOutcome::good, RequestOutcome::failed, RequestOutcome::rate_limited,
                             RequestOutcome::key_rejected}) {
    if (to_text(outcome) == text) return outcome;
  }
  return std::nullopt;
}

HealthStep after_request(const PanelHealth& before, RequestOutcome outcome,
                         std::optional<Milliseconds> retry_after, Milliseconds slowest, Timestamp now,
                         double jitter) {
  assert(jitter >= 0 && jitter < 1);
  HealthStep step;
  auto& after = step.after = before;
  const bool was_rejected = before.state == PanelState::key_rejected;
  const bool was_gone = before.state == PanelState::down || was_rejected;

  if (outcome == RequestOutcome::good) {
    after.failures = 0;
    after.limits = 0;
    after.rest_until = now;
    enter(after, PanelState::up, now);
    step.came_up = was_gone;
    return step;
  }
  if (outcome == RequestOutcome::key_rejected || was_rejected) {
    after.failures = 0;
    after.rest_until = now + rest_with_rejected_key(retry_after, jitter);
    enter(after, PanelState::key_rejected, now);
    step.key_rejected = !was_rejected;
    return step;
  }
  if (outcome == RequestOutcome::rate_limited) {
    after.failures = 0;
    after.limits = one_more(before.limits);
    after.rest_until = now + rest_after_limit(before, retry_after, slowest, jitter);
    enter(after, PanelState::limited, now);
    step.came_up = was_gone;
    return step;
  }
  after.failures = one_more(before.failures);
  after.rest_until = now + rest_after_failure(before, retry_after, slowest, jitter);
  if (after.failures >= failures_until_down) {
    enter(after, PanelState::down, now);
    step.went_down = before.state != PanelState::down;
  }
  return step;
}

Asking how_to_ask(PanelState state) {
  switch (state) {
    case PanelState::up:
      return Asking::freely;
    case PanelState::limited:
    case PanelState::down:
      return Asking::one_probe;
    case PanelState::key_rejected:
      return Asking::balance_only;
  }
  return Asking::one_probe;
}

PanelHealth rested(const PanelHealth& before, Timestamp now) {
  auto after = before;
  after.rest_until = std::min(before.rest_until, now);
  return after;
}

bool is_panel_trouble(std::size_t unknown, std::size_t asked) {
  constexpr std::size_t least = 5;
  return unknown >= least && unknown > asked / 2;
}

Timestamp next_slot(Timestamp last, std::int64_t requests_per_minute) {
  if (requests_per_minute <= 0) return last;
  constexpr std::int64_t minute = Milliseconds(1min).count();
  const auto rate = std::min(requests_per_minute, minute);
  return last + Milliseconds((minute + rate - 1) / rate);
}

std::size_t smaller_batch(std::size_t size) {
  return std::max<std::size_t>(size / 2, 1);
}

}  // namespace smm::rules
