#include "actors/courier.h"

#include "actors/note.h"

#include <algorithm>
#include <utility>

namespace smm::actors {
namespace {

constexpr std::size_t most_connections = 16;
// A wall clock that is only kept right moves by less.
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
      behind_(std::min(Milliseconds(0), world.clock.moved().by)),
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
      if (known->second->set_policy(policy)) end_rest(policy.name);
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

// Should the storage take nothing now, it rests on until it is resumed, a day at most.
void Courier::end_rest(const WebhookName& name) {
  (void)world_.storage.write([&] { world_.store.end_webhook_rest(name, world_.loop.now()); });
}

WebhookLane* Courier::find(const WebhookName& name) {
  const auto lane = lanes_.find(name);
  return lane == lanes_.end() ? nullptr : lane->second.get();
}

bool Courier::set_paused(const WebhookName& name, bool paused) {
  auto* lane = find(name);
  if (lane == nullptr) return false;
  const auto now = world_.loop.now();
  look_at_clock(now);
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
  return started_ && legacies_.empty() && clock_moved_.count() == 0 && !subscriptions_;
}

// Each step is written by itself; the first that the storage refuses ends it, and go_on() comes back to it.
void Courier::catch_up() {
  const auto now = world_.loop.now();
  notice_clock_step(now);
  end_old_attempts(now);
  if (started_) mend_waits(now);
  if (started_ && clock_moved_.count() == 0) write_legacies(now);
  if (started_ && legacies_.empty()) subscribe();
}

void Courier::end_old_attempts(Timestamp now) {
  if (started_) return;
  std::int64_t interrupted = 0;
  started_ = world_.storage.write([&] {
    interrupted = world_.store.interrupt_open_attempts(now);
    // A clock that is ahead shows how long the program was not running, for all anybody knows.
    world_.store.mend_waits(behind_, now);
  });
  if (interrupted == 0) return;
  note({}, std::to_string(interrupted) +
               " webhook attempts were under way when the program ended; they are made again");
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
  std::vector<store::WebhookRecord> records;
  const bool written = world_.storage.write([&] {
    world_.store.subscribe(*subscriptions_);
    records = world_.store.webhooks();
  });
  if (!written) return;  // to subscribe twice is to subscribe once
  subscriptions_.reset();
  for (const auto& record : records) {
    if (auto* lane = find(record.name)) lane->heed(record);
  }
}

void Courier::mend_waits(Timestamp now) {
  if (clock_moved_.count() == 0) return;
  if (world_.storage.write([&] { world_.store.mend_waits(clock_moved_, now); })) clock_moved_ = {};
}

// What is stored is the wall clock's time. With a clock set back every wait would be longer by the step; with
// one set on every retry would go at once, and the younger events of an order pass one that has just failed.
bool Courier::notice_clock_step(Timestamp now) {
  const auto ahead = clock_ahead(now);
  const Milliseconds step(ahead - std::exchange(clock_ahead_ms_, ahead));
  if (std::chrono::abs(step) < clock_slack) return false;
  const auto by = std::chrono::round<std::chrono::seconds>(std::chrono::abs(step)).count();
  note({}, std::string("the clock was set ") + (step.count() > 0 ? "on" : "back") + " by " +
               std::to_string(by) + " s; webhooks wait neither longer nor shorter for it");
  clock_moved_ += step;
  for (const auto& [name, lane] : lanes_) lane->move_clock(step);
  for (auto& legacy : legacies_) move_times(legacy.finished, step);
  return true;
}

void Courier::look_at_clock(Timestamp now) {
  if (notice_clock_step(now)) go_on();
}

bool Courier::has_second() const {
  return lanes_.size() + seconds_ < most_connections;
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
