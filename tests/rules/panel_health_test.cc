#include "rules/panel_health.h"

#include <doctest/doctest.h>

#include <random>
#include <vector>

namespace smm::rules::panel_health_test {
namespace {

using namespace std::chrono_literals;

const Timestamp now = from_millis(1'800'000'000'000);
constexpr Milliseconds slowest = 30min;
constexpr double almost_one = 0.999999999;

PanelHealth in_state(PanelState state, int failures = 0) {
  PanelHealth health;
  health.state = state;
  health.failures = failures;
  health.since = now - 1h;
  return health;
}

HealthStep step(const PanelHealth& before, RequestOutcome outcome,
                std::optional<Milliseconds> retry_after = std::nullopt, double jitter = almost_one) {
  return after_request(before, outcome, retry_after, slowest, now, jitter);
}

Milliseconds rest(const HealthStep& taken) {
  return taken.after.rest_until - now;
}

bool says_nothing(const HealthStep& taken) {
  return !taken.went_down && !taken.came_up && !taken.key_rejected;
}

bool is_close(Milliseconds left, Milliseconds right) {
  return std::chrono::abs(left - right) <= 1ms;
}

}  // namespace

TEST_CASE("a good reply brings a panel up and forgets the back-off") {
  for (const auto state : {PanelState::up, PanelState::limited, PanelState::down, PanelState::key_rejected}) {
    auto before = in_state(state, 7);
    before.limits = 4;
    before.rest_until = now + 20min;
    const auto taken = step(before, RequestOutcome::good);
    CHECK(taken.after.state == PanelState::up);
    CHECK(taken.after.failures == 0);
    CHECK(taken.after.limits == 0);
    CHECK(rest(taken) <= 0ms);
  }
}

TEST_CASE("a panel has come up only if it was down or its key rejected") {
  CHECK_FALSE(step(in_state(PanelState::up), RequestOutcome::good).came_up);
  CHECK_FALSE(step(in_state(PanelState::limited), RequestOutcome::good).came_up);
  CHECK(step(in_state(PanelState::down), RequestOutcome::good).came_up);
  CHECK(step(in_state(PanelState::key_rejected), RequestOutcome::good).came_up);
}

TEST_CASE("the moment of a state is kept while it lasts") {
  CHECK(step(in_state(PanelState::up), RequestOutcome::good).after.since == now - 1h);
  CHECK(step(in_state(PanelState::down, 5), RequestOutcome::failed).after.since == now - 1h);
  CHECK(step(in_state(PanelState::down, 5), RequestOutcome::good).after.since == now);
  CHECK(step(in_state(PanelState::up), RequestOutcome::rate_limited).after.since == now);
}

TEST_CASE("the third failure in a row takes a panel down, and that is said once") {
  auto health = in_state(PanelState::up);
  for (int failure = 1; failure <= 6; ++failure) {
    const auto taken = step(health, RequestOutcome::failed);
    CHECK(taken.after.failures == failure);
    CHECK(taken.after.state == (failure < 3 ? PanelState::up : PanelState::down));
    CHECK(taken.went_down == (failure == 3));
    CHECK_FALSE(taken.came_up);
    health = taken.after;
  }
}

TEST_CASE("a good reply or a limit between failures begins their count anew") {
  for (const auto between : {RequestOutcome::good, RequestOutcome::rate_limited}) {
    auto health = in_state(PanelState::up);
    for (int round = 0; round < 4; ++round) {
      health = step(health, RequestOutcome::failed).after;
      health = step(health, RequestOutcome::failed).after;
      CHECK(health.state != PanelState::down);
      health = step(health, between).after;
    }
  }
}

TEST_CASE(
    "the back-off after failures is below 5 s doubled by each before, below slowest, and at least 1 s") {
  const std::vector<Milliseconds> ceilings = {5s,   10s,  20s,   40s,   80s,   160s,
                                              320s, 640s, 1280s, 30min, 30min, 30min};
  std::mt19937 random(5);
  std::uniform_real_distribution<double> uniform(0, 1);
  for (std::size_t before = 0; before < ceilings.size(); ++before) {
    const auto health = in_state(before < 3 ? PanelState::up : PanelState::down, static_cast<int>(before));
    CHECK(is_close(rest(step(health, RequestOutcome::failed)), ceilings[before]));
    CHECK(is_close(rest(step(health, RequestOutcome::failed, std::nullopt, 0.5)), ceilings[before] / 2));
    CHECK(rest(step(health, RequestOutcome::failed, std::nullopt, 0.0)) == 1s);
    for (int round = 0; round < 500; ++round) {
      const auto taken = step(health, RequestOutcome::failed, std::nullopt, uniform(random));
      REQUIRE(rest(taken) >= 1s);
      REQUIRE(rest(taken) <= ceilings[before]);
    }
  }
  CHECK(is_close(rest(step(in_state(PanelState::down, 2'000'000'000), RequestOutcome::failed)), 30min));
}

TEST_CASE("a back-off lasts a second even where slowest is shorter") {
  CHECK(after_request(in_state(PanelState::down, 9), RequestOutcome::failed, std::nullopt, 100ms, now, 0.9)
            .after.rest_until == now + 1s);
}

TEST_CASE("a longer Retry-After wins over the back-off, up to a day") {
  const auto health = in_state(PanelState::up);
  CHECK(rest(step(health, RequestOutcome::failed, 2h)) == 2h);
  CHECK(rest(step(health, RequestOutcome::failed, 1000h)) == 24h);
  CHECK(rest(step(health, RequestOutcome::failed, 1s)) > 4s);
}

TEST_CASE("a rate limit is no failure: the panel is limited, and never down by it") {
  auto health = in_state(PanelState::up);
  for (int i = 0; i < 20; ++i) {
    const auto taken = step(health, RequestOutcome::rate_limited);
    CHECK(taken.after.state == PanelState::limited);
    CHECK(taken.after.failures == 0);
    CHECK(says_nothing(taken));
    health = taken.after;
  }
}

TEST_CASE("a panel that was down and answers with a limit has come up") {
  const auto taken = step(in_state(PanelState::down, 8), RequestOutcome::rate_limited);
  CHECK(taken.came_up);
  CHECK(taken.after.state == PanelState::limited);
  CHECK_FALSE(step(taken.after, RequestOutcome::good).came_up);
}

TEST_CASE("after a limit Retry-After counts, between a second and a day") {
  const auto health = in_state(PanelState::up);
  CHECK(rest(step(health, RequestOutcome::rate_limited, 7s)) == 7s);
  CHECK(rest(step(health, RequestOutcome::rate_limited, 0s)) == 1s);
  CHECK(rest(step(health, RequestOutcome::rate_limited, 2h)) == 2h);
  CHECK(rest(step(health, RequestOutcome::rate_limited, 48h)) == 24h);
}

TEST_CASE("after a limit without Retry-After the back-off starts from 15 s and doubles") {
  auto health = in_state(PanelState::up);
  for (const Milliseconds ceiling : {15s, 30s, 60s, 120s, 240s, 480s, 960s, 1800s, 1800s}) {
    CHECK(rest(step(health, RequestOutcome::rate_limited, std::nullopt, 0.0)) == 1s);
    const auto taken = step(health, RequestOutcome::rate_limited);
    CHECK(is_close(rest(taken), ceiling));
    health = taken.after;
  }
}

TEST_CASE("a limited panel that stops answering goes down after three failures") {
  auto health = step(in_state(PanelState::up), RequestOutcome::rate_limited).after;
  health = step(health, RequestOutcome::failed).after;
  CHECK(health.state == PanelState::limited);
  health = step(health, RequestOutcome::failed).after;
  const auto taken = step(health, RequestOutcome::failed);
  CHECK(taken.after.state == PanelState::down);
  CHECK(taken.went_down);
}

TEST_CASE("a rejected key is said once, and rests ten minutes with up to a tenth more") {
  for (const auto state : {PanelState::up, PanelState::limited, PanelState::down}) {
    const auto taken = step(in_state(state, 2), RequestOutcome::key_rejected);
    CHECK(taken.key_rejected);
    CHECK_FALSE(taken.went_down);
    CHECK(taken.after.state == PanelState::key_rejected);
    const auto again = step(taken.after, RequestOutcome::key_rejected);
    CHECK(says_nothing(again));
    CHECK(again.after.since == taken.after.since);
  }
  const auto health = in_state(PanelState::key_rejected);
  CHECK(rest(step(health, RequestOutcome::key_rejected, std::nullopt, 0.0)) == 10min);
  CHECK(is_close(rest(step(health, RequestOutcome::key_rejected)), 11min));
  CHECK(rest(step(health, RequestOutcome::key_rejected, 1h)) == 1h);
}

TEST_CASE("a panel with a rejected key stays so whatever fails, and a good reply brings it up") {
  auto health = in_state(PanelState::key_rejected);
  for (int i = 0; i < 5; ++i) {
    for (const auto outcome : {RequestOutcome::failed, RequestOutcome::rate_limited}) {
      const auto taken = step(health, outcome);
      CHECK(taken.after.state == PanelState::key_rejected);
      CHECK(says_nothing(taken));
      CHECK(rest(taken) >= 10min);
      CHECK(rest(taken) <= 11min);
      health = taken.after;
    }
  }
  CHECK(step(health, RequestOutcome::good).came_up);
}

TEST_CASE("down or limited, the next request is a single probe; with a rejected key a balance call") {
  CHECK(how_to_ask(PanelState::up) == Asking::freely);
  CHECK(how_to_ask(PanelState::limited) == Asking::one_probe);
  CHECK(how_to_ask(PanelState::down) == Asking::one_probe);
  CHECK(how_to_ask(PanelState::key_rejected) == Asking::balance_only);
}

TEST_CASE("a reload or a resume ends the rest but not the state") {
  auto before = in_state(PanelState::key_rejected);
  before.rest_until = now + 9min;
  const auto after = rested(before, now);
  CHECK(after.rest_until == now);
  CHECK(after.state == PanelState::key_rejected);
  CHECK(after.since == before.since);
  before.rest_until = now - 1h;
  CHECK(rested(before, now).rest_until == now - 1h);
}

TEST_CASE("over any course of events down, key_rejected and up alternate as they are said") {
  std::mt19937 random(77);
  for (int course = 0; course < 300; ++course) {
    auto health = in_state(PanelState::up);
    bool is_gone = false;  // what somebody who reads only the events believes
    auto time = now;
    for (int i = 0; i < 100; ++i) {
      const auto outcome = static_cast<RequestOutcome>(random() % 4);
      const auto taken = after_request(health, outcome, std::nullopt, slowest, time, 0.3);
      REQUIRE_FALSE((taken.came_up && !is_gone));
      REQUIRE_FALSE((taken.went_down && is_gone));
      if (taken.went_down || taken.key_rejected) is_gone = true;
      if (taken.came_up) is_gone = false;
      const bool rests =
          taken.after.state == PanelState::down || taken.after.state == PanelState::key_rejected;
      REQUIRE(rests == is_gone);
      REQUIRE(taken.after.rest_until >= time);
      health = taken.after;
      time += 1min;
    }
  }
}

TEST_CASE("most of five or more orders unknown in one reply is the panel's trouble") {
  CHECK(is_panel_trouble(5, 5));
  CHECK(is_panel_trouble(51, 100));
  CHECK_FALSE(is_panel_trouble(50, 100));
  CHECK_FALSE(is_panel_trouble(4, 4));
  CHECK_FALSE(is_panel_trouble(0, 0));
  CHECK(is_panel_trouble(6, 11));
  CHECK_FALSE(is_panel_trouble(5, 11));
}

TEST_CASE("requests are spaced evenly, never above the rate") {
  CHECK(next_slot(now, 30) == now + 2s);
  CHECK(next_slot(now, 1) == now + 1min);
  CHECK(next_slot(now, 7) == now + 8572ms);
  CHECK(next_slot(now, 0) == now);
  CHECK(next_slot(now, 60'000) == now + 1ms);
  CHECK(next_slot(now, INT64_MAX) == now + 1ms);
  for (std::int64_t rate = 1; rate < 2000; ++rate) {
    REQUIRE(rate * (next_slot(now, rate) - now).count() >= 60'000);
    REQUIRE(rate * ((next_slot(now, rate) - now).count() - 1) < 60'000);
  }
}

TEST_CASE("a refused batch is halved down to single calls") {
  CHECK(smaller_batch(100) == 50);
  CHECK(smaller_batch(50) == 25);
  CHECK(smaller_batch(25) == 12);
  CHECK(smaller_batch(3) == 1);
  CHECK(smaller_batch(2) == 1);
  CHECK(smaller_batch(1) == 1);
  CHECK(smaller_batch(0) == 1);
}

TEST_CASE("states and outcomes read back as they were written") {
  for (const auto state : {PanelState::up, PanelState::limited, PanelState::down, PanelState::key_rejected})
    CHECK(panel_state_from_text(to_text(state)) == state);
  for (const auto outcome : {RequestOutcome::good, RequestOutcome::failed, RequestOutcome::rate_limited,
                             RequestOutcome::key_rejected})
    CHECK(request_outcome_from_text(to_text(outcome)) == outcome);
  CHECK(to_text(PanelState::key_rejected) == "key_rejected");
  CHECK_FALSE(panel_state_from_text("key-rejected").has_value());
  CHECK_FALSE(request_outcome_from_text("").has_value());
}

}  // namespace smm::rules::panel_health_test
