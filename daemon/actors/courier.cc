#include "actors/courier.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

namespace smm::actors {
namespace {

constexpr std::size_t most_seconds = 16;
// A wall clock that is only corrected goes back by less.
constexpr auto clock_slack = std::chrono::seconds(1);

std::int64_t clock_ahead(Timestamp now) {
  return to_millis(now) - platform::EventLoop::monotonic_ms();
}

store::Subscription subscription_of(const WebhookPolicy& policy) {
  return {policy.name, policy.events, policy.panels};
}

}  // namespace

Courier::Courier(World world, CommitFeed& feed)
    : world_(world),
      clock_ahead_ms_(clock_ahead(world.loop.now())),
      news_(feed.subscribe([this](const store::Committed& committed) {
        for (const auto& name : committed.webhooks) {
          if (auto* lane = find(name)) lane->hint();
        }
      })) {}

void Courier::apply(const std::vector<WebhookPolicy>& webhooks) {
  std::vector<store::Subscription> subscriptions;
  std::map<WebhookName, std::unique_ptr<WebhookLane>> lanes;
  for (const auto& policy : webhooks) {
    subscriptions.push_back(subscription_of(policy));
    auto known = lanes_.find(policy.name);
    if (known != lanes_.end()) {
      known->second->set_policy(policy);
      lanes.emplace(policy.name, std::move(known->second));
    } else {
      lanes.emplace(policy.name, std::make_unique<WebhookLane>(world_, *this, policy));
    }
  }
  lanes_.swap(lanes);
  for (const auto& [name, lane] : lanes) {
    if (lane) legacies_.push_back(lane->leave());
  }
  subscriptions_ = std::move(subscriptions);
  go_on();
}

WebhookLane* Courier::find(const WebhookName& name) {
  const auto lane = lanes_.find(name);
  return lane == lanes_.end() ? nullptr : lane->second.get();
}

bool Courier::set_paused(const WebhookName& name, bool paused) {
  auto* lane = find(name);
  if (lane == nullptr) return false;
  const auto now = world_.loop.now();
  if (!world_.storage.write([&] { world_.store.set_webhook_paused(name, paused, now); })) return false;
  if (paused) {
    lane->pause();
  } else {
    lane->resume();
  }
  return true;
}

void Courier::go_on() {
  if (stopping_) return;
  catch_up();
  for (const auto& [name, lane] : lanes_) lane->hint();
}

void Courier::stop() {
  stopping_ = true;
  auto lanes = std::exchange(lanes_, {});
  for (const auto& [name, lane] : lanes) legacies_.push_back(lane->leave());
  catch_up();
}

bool Courier::caught_up() const {
  return started_ && legacies_.empty() && set_back_.count() == 0 && !subscriptions_;
}

// Each step is written by itself; the first that the storage refuses ends it, and go_on() comes back to it.
void Courier::catch_up() {
  const auto now = world_.loop.now();
  auto& storage = world_.storage;
  end_old_attempts(now);
  if (started_ && set_back_.count() > 0) {
    if (storage.write([&] { world_.store.mend_waits(set_back_, now); })) set_back_ = Milliseconds(0);
  }
  if (started_ && set_back_.count() == 0) write_legacies(now);
  if (started_ && legacies_.empty()) subscribe();
}

void Courier::end_old_attempts(Timestamp now) {
  if (started_) return;
  std::int64_t interrupted = 0;
  started_ = world_.storage.write([&] {
    interrupted = world_.store.interrupt_open_attempts(now);
    world_.store.mend_waits(Milliseconds(0), now);
  });
  if (interrupted == 0) return;
  spdlog::info("{} webhook attempts were under way when the program ended; they are made again", interrupted);
}

void Courier::write_legacies(Timestamp now) {
  auto& storage = world_.storage;
  while (!legacies_.empty()) {
    const auto& legacy = legacies_.front();
    if (!storage.write([&] { world_.store.leave_webhook(legacy.name, legacy.finished, now); })) return;
    legacies_.pop_front();
  }
}

void Courier::subscribe() {
  if (!subscriptions_) return;
  if (!world_.storage.write([&] { world_.store.subscribe(*subscriptions_); })) return;
  subscriptions_.reset();
  for (const auto& record : world_.store.webhooks()) {
    if (auto* lane = find(record.name)) lane->heed(record);
  }
}

// What is stored is the wall clock's time: a clock set back would make every wait longer by the step.
void Courier::notice_clock_step(Timestamp now) {
  const auto ahead = clock_ahead(now);
  const Milliseconds step(std::exchange(clock_ahead_ms_, ahead) - ahead);
  if (step < clock_slack) return;
  spdlog::info("the clock was set back by {} s; webhooks wait no longer for it", step.count() / 1000);
  set_back_ += step;
  for (const auto& [name, lane] : lanes_) lane->set_clock_back(step);
  for (auto& legacy : legacies_) {
    for (auto& result : legacy.finished) {
      if (result.next_try_at) *result.next_try_at -= step;
    }
  }
  go_on();
}

bool Courier::has_second() const {
  return seconds_ < most_seconds;
}

void Courier::give_second_back() {
  --seconds_;
  offer_second();
}

void Courier::wait_for_second(WebhookLane& lane) {
  if (std::exchange(lane.wants_second_, true)) return;
  line_.push_back(&lane);
}

// One at a time: who does not take it offers it to the next at the end of his turn.
void Courier::offer_second() {
  if (!has_second() || line_.empty()) return;
  auto* lane = line_.front();
  line_.pop_front();
  lane->wants_second_ = false;
  lane->hint();
}

void Courier::forget(WebhookLane& lane) {
  if (lane.wants_second_) line_.erase(std::find(line_.begin(), line_.end(), &lane));
}

}  // namespace smm::actors
