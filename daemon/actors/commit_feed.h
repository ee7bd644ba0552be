#pragma once

#include "platform/event_loop.h"
#include "store/store.h"

#include <functional>
#include <list>

namespace smm::actors {

// Tells whoever waits (streams, wait=, webhooks) that something was committed: once a turn, never from within
// the verb that committed. A hint; the rows are the truth.
class CommitFeed {
 public:
  using Listener = std::function<void(const store::Committed&)>;

  CommitFeed(platform::EventLoop& loop, store::Store& store);
  CommitFeed(const CommitFeed&) = delete;
  CommitFeed& operator=(const CommitFeed&) = delete;

  // A listener for as long as the subscription lives; it must not outlive the feed.
  class Subscription {
   public:
    Subscription() = default;
    Subscription(Subscription&& other) noexcept;
    Subscription& operator=(Subscription&& other) noexcept;
    ~Subscription();

   private:
    friend class CommitFeed;
    CommitFeed* feed_ = nullptr;
    std::list<Listener>::iterator at_;
  };
  [[nodiscard]] Subscription subscribe(Listener listener);

 private:
  void announce();

  std::list<Listener> listeners_;
  store::Committed collected_;
  bool announcing_ = false;
  platform::Deferred later_;
};

}  // namespace smm::actors
