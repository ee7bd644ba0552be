#include "api/wait_room.h"

#include "api/attempt.h"

#include <algorithm>

namespace smm::api {
namespace {

constexpr std::ptrdiff_t most_guests = 64;  // of each socket

}  // namespace

WaitRoom::WaitRoom(House& house)
    : house_(house),
      sweep_later_(house.loop, [this] { sweep(); }),
      news_(house.feed.subscribe([this](const store::Committed& committed) {
        for (auto at = waiting_.begin(); at != waiting_.end(); ++at) call(at, Call::news, committed);
      })) {}

bool WaitRoom::enter(const ExchangePtr& exchange, Milliseconds patience, Guest guest) {
  const auto& listener = exchange->request().listener;
  const auto there = std::count_if(waiting_.begin(), waiting_.end(), [&](const Waiting& other) {
    return !other.left && other.listener == listener;
  });
  if (there >= most_guests) {
    exchange->refuse({503,
                      "too-many-waiting",
                      "64 requests are waiting on this socket already; ask again without wait= or follow=",
                      {},
                      {}});
    return false;
  }
  const auto at =
      waiting_.insert(waiting_.end(), {listener, exchange, std::move(guest), patience, nullptr, false});
  at->timer = std::make_unique<platform::Timer>(house_.loop, [this, at] { call(at, Call::time_over, {}); });
  at->timer->arm(patience);
  exchange->responder().on_gone([this, at] {
    at->left = true;
    sweep_later_.schedule();
  });
  return true;
}

void WaitRoom::leave(const ExchangePtr& exchange) {
  for (auto& waiting : waiting_) {
    if (waiting.exchange == exchange) waiting.left = true;
  }
  sweep_later_.schedule();
}

void WaitRoom::clear() {
  for (auto at = waiting_.begin(); at != waiting_.end(); ++at) call(at, Call::draining, {});
}

void WaitRoom::call(WaitingAt at, Call reason, const store::Committed& news) {
  if (at->left) return;
  bool is_done = true;
  attempt(house_, at->exchange, [&] { is_done = at->guest(reason, news); });
  if (is_done) {
    at->left = true;
    sweep_later_.schedule();
  } else if (reason == Call::time_over) {
    at->timer->arm(at->patience);
  }
}

// Guests leave when nobody is being called: a guest is never destroyed from within his own call.
void WaitRoom::sweep() {
  waiting_.remove_if([](const Waiting& waiting) { return waiting.left; });
}

}  // namespace smm::api
