#pragma once

#include "actors/commit_feed.h"
#include "api/api.h"
#include "api/exchange.h"
#include "platform/event_loop.h"

#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace smm::api {

// Where requests wait for something to be committed: an order's change, a batch of events, a stream's next
// line. At most 64 of each socket wait at a time.
class WaitRoom {
 public:
  // What a guest does when news came, when his time is over, and when the program stops. True: he is done and
  // leaves. One who cannot read what he needs is refused and leaves, too.
  enum class Call : std::uint8_t { news, time_over, draining };
  using Guest = std::function<bool(Call, const store::Committed&)>;

  explicit WaitRoom(House& house);
  WaitRoom(const WaitRoom&) = delete;
  WaitRoom& operator=(const WaitRoom&) = delete;

  // Lets the exchange wait; refuses it with 503 when the room is full. `patience` until time_over; a guest
  // who stays then is called again after as long. A client that leaves is seen out by itself. False: it was
  // refused.
  bool enter(const ExchangePtr& exchange, Milliseconds patience, Guest guest);
  // A guest who was answered elsewhere than in his call leaves.
  void leave(const ExchangePtr& exchange);
  // Everybody is told that the program stops, and leaves.
  void clear();
  [[nodiscard]] std::size_t guests() const { return waiting_.size(); }

 private:
  struct Waiting {
    std::string listener;
    ExchangePtr exchange;
    Guest guest;
    Milliseconds patience{0};
    std::unique_ptr<platform::Timer> timer;
    bool left = false;
  };
  using WaitingAt = std::list<Waiting>::iterator;

  void call(WaitingAt at, Call reason, const store::Committed& news);
  void sweep();

  House& house_;
  std::list<Waiting> waiting_;
  platform::Deferred sweep_later_;
  actors::CommitFeed::Subscription news_;
};

}  // namespace smm::api
