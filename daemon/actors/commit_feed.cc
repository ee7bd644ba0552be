#include "actors/commit_feed.h"

#include <algorithm>
#include <utility>

namespace smm::actors {

CommitFeed::CommitFeed(platform::EventLoop& loop, store::Store& store)
    : later_(loop, [this] { announce(); }) {
  store.on_commit([this](const store::Committed& committed) {
    collected_.last_seq = std::max(collected_.last_seq, committed.last_seq);
    collected_.events.insert(collected_.events.end(), committed.events.begin(), committed.events.end());
    collected_.orders.insert(collected_.orders.end(), committed.orders.begin(), committed.orders.end());
    collected_.webhooks.insert(committed.webhooks.begin(), committed.webhooks.end());
    later_.schedule();
  });
}

CommitFeed::Subscription CommitFeed::subscribe(Listener listener) {
  Subscription subscription;
  subscription.feed_ = this;
  subscription.at_ = listeners_.insert(listeners_.end(), std::move(listener));
  return subscription;
}

// A listener may end its own or another's subscription: an ended one is emptied at once and swept out after
// the round.
void CommitFeed::announce() {
  const auto committed = std::exchange(collected_, {});
  announcing_ = true;
  for (auto& listener : listeners_) {
    if (!listener) continue;
    const auto call = listener;
    call(committed);
  }
  announcing_ = false;
  listeners_.remove_if([](const Listener& listener) { return !listener; });
}

CommitFeed::Subscription::Subscription(Subscription&& other) noexcept
    : feed_(std::exchange(other.feed_, nullptr)), at_(other.at_) {}

CommitFeed::Subscription& CommitFeed::Subscription::operator=(Subscription&& other) noexcept {
  std::swap(feed_, other.feed_);
  std::swap(at_, other.at_);
  return *this;
}

CommitFeed::Subscription::~Subscription() {
  if (feed_ == nullptr) return;
  if (feed_->announcing_) {
    *at_ = nullptr;
  } else {
    feed_->listeners_.erase(at_);
  }
}

}  // namespace smm::actors
