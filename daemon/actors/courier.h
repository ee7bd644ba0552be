#pragma once

#include "actors/commit_feed.h"
#include "actors/endpoint_secrets.h"
#include "actors/poller.h"
#include "actors/repeated.h"
#include "domain/policy.h"
#include "platform/event_loop.h"
#include "platform/http_client.h"
#include "rules/breaker.h"
#include "store/store.h"

#include <cstdint>
#include <deque>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace smm::actors {

class Courier;

// The deliveries to one webhook endpoint. An attempt's row is committed before it is sent and completed
// after; an attempt is at most one POST on the wire. What goes wrong with this endpoint costs this lane only:
// one connection is its own, and only the second is shared with others. Its rate and its rests go by the
// clock that only goes forward.
class WebhookLane {
 public:
  WebhookLane(World world, Courier& courier, WebhookPolicy policy);
  ~WebhookLane();  // transfers under way are cancelled and stay attempts without an end
  WebhookLane(const WebhookLane&) = delete;
  WebhookLane& operator=(const WebhookLane&) = delete;

  // True: it is somewhere else now, and nothing that was found of it holds any more.
  bool set_policy(WebhookPolicy policy);
  // What the endpoint's row says of pauses and rests.
  void heed(const store::WebhookRecord& record);
  // Something may be due: looks in the next turn.
  void hint();
  void pause();   // by a person, who has written it down
  void resume();  // likewise; also ends a rest, and that it is disabled

  // What a lane leaves to be written by somebody else.
  struct Legacy {
    WebhookName name;
    std::vector<store::AttemptResult> finished;
  };
  // Cancels what is under way. The lane may only be destroyed then.
  [[nodiscard]] Legacy leave();
  void move_clock(Milliseconds by);

  [[nodiscard]] const WebhookPolicy& policy() const { return policy_; }
  [[nodiscard]] std::optional<Timestamp> resting_until() const;
  struct LastError {
    Timestamp at;
    std::string words;
  };
  [[nodiscard]] const std::optional<LastError>& last_error() const { return last_error_; }
  // The attempts that ended since the program began, by what came of them.
  struct Tally {
    std::int64_t delivered = 0;
    std::int64_t refused = 0;  // it answered, but for 410
    std::int64_t failed = 0;   // no answer
    std::int64_t gone = 0;     // it answered 410
  };
  [[nodiscard]] const Tally& tally() const { return tally_; }
  // While it is taken to be down: since when, and when it is asked next.
  struct Down {
    Timestamp since;
    Timestamp next_probe_at;
  };
  [[nodiscard]] std::optional<Down> down() const;

 private:
  friend class Courier;
  struct Sending {
    std::int64_t attempt = 0;
    store::DueDelivery delivery;
    EndpointSecrets secrets;  // that it was sent with
    bool is_probe = false;    // uses up no try
    int address = 0;          // which one it went to, see address_
    platform::Transfer transfer;
  };
  using SendingAt = std::list<Sending>::iterator;

  void turn();
  void move_on(Timestamp now);
  void look_again(bool moved, Timestamp now);
  std::vector<store::DueDelivery> next_to_go(Timestamp now);
  std::vector<store::DueDelivery> next_probe(Timestamp now, const std::vector<std::int64_t>& busy);
  std::optional<store::DueDelivery> probe_but(const std::vector<std::int64_t>& busy, Timestamp now);
  void heed_breaker(const store::AttemptResult& result, const Sending& sending);
  void forget_trouble();  // it is no longer taken to be down
  [[nodiscard]] bool is_held() const { return paused_ || gone_; }
  [[nodiscard]] std::size_t usable_connections() const;
  [[nodiscard]] std::size_t free_connections() const;
  [[nodiscard]] std::size_t rate() const { return static_cast<std::size_t>(policy_.rate); }
  [[nodiscard]] std::size_t allowed_by_rate() const;
  [[nodiscard]] std::int64_t rate_opens_at() const;
  [[nodiscard]] std::vector<std::int64_t> busy_orders() const;
  void use_up_rate(std::size_t count);
  void send(store::DueDelivery delivery, std::int64_t attempt, Timestamp now);
  void finished(SendingAt at, const platform::HttpOutcome& outcome);
  void judge(store::AttemptResult& result, const Sending& sending, const platform::HttpOutcome& outcome,
             Timestamp now);
  void put_off(store::AttemptResult& result, const Sending& sending, const platform::HttpOutcome& outcome,
               Timestamp now);
  [[nodiscard]] std::string words_of(const Sending& sending, const platform::HttpOutcome& outcome) const;
  void say_errors(const Repeated::Said& said) const;
  void say_dead(const Repeated::Said& said) const;
  void retire();
  void rest(Milliseconds time);

  World world_;
  Courier& courier_;
  WebhookPolicy policy_;
  EndpointSecrets secrets_;
  bool paused_ = false;
  bool gone_ = false;          // it answered 410: disabled, or to be with what finished
  bool wants_second_ = false;  // stands in the courier's line for a second connection
  std::list<Sending> sending_;
  std::vector<store::AttemptResult> finished_;  // not settled yet
  int address_ = 0;                             // counts up when a reload leads elsewhere
  // On the loop's forward clock, in ms:
  std::int64_t rest_until_ = 0;       // Retry-After holds the whole endpoint
  std::deque<std::int64_t> sent_at_;  // what was sent within the last second, while there is a rate
  rules::Breaker breaker_;
  std::int64_t down_since_ = 0;    // while the breaker is open
  std::set<std::int64_t> probed_;  // with these already: the next probe takes another
  Repeated errors_;
  Repeated dead_;
  std::optional<LastError> last_error_;
  Tally tally_;
  std::mt19937_64 random_;
  platform::Deferred soon_;
  platform::Timer timer_;
};

// By a step of the clock, in what is not settled yet.
void move_times(std::vector<store::AttemptResult>& results, Milliseconds by);

// All endpoints' lanes, and what they share: sixteen connections in all, of which each endpoint has one of
// its own (so more than sixteen have one each), and the rest are second ones. What must be written before
// anything may be sent (attempts that nobody completes any more, subscriptions) waits here while the storage
// takes nothing.
class Courier {
 public:
  Courier(World world, CommitFeed& feed);
  Courier(const Courier&) = delete;
  Courier& operator=(const Courier&) = delete;

  // Endpoints come, go and change; who may get what is fixed when an event is written, so this also tells the
  // store. The first time it also ends the attempts that were open when the program ended.
  void apply(const std::vector<WebhookPolicy>& webhooks);
  [[nodiscard]] WebhookLane* find(const WebhookName& name);
  // A pause survives a restart; a resume ends a pause, a rest and a disablement. False: the storage would
  // not, and nothing changed.
  bool set_paused(const WebhookName& name, bool paused);
  // To be called before a delivery is put off or let go by the time of the wall clock: if that was set since
  // the last look, what waits does so for as long as it would have.
  void look_at_clock(Timestamp now);
  // The storage takes writes again: makes up for what it refused, then goes on.
  void go_on();
  // Ends all lanes; what finished is settled, transfers under way are cancelled and interrupted.
  void stop();
  // Ends all lanes and writes nothing.
  void drop() { lanes_.clear(); }

 private:
  friend class WebhookLane;
  // Nothing is left to be written before something is sent.
  [[nodiscard]] bool caught_up() const;
  void catch_up();
  void end_old_attempts(Timestamp now);
  void write_legacies(Timestamp now);
  void subscribe();
  bool notice_clock_step(Timestamp now);
  void mend_waits(Timestamp now);
  void end_rest(const WebhookName& name);

  // The second connections.
  [[nodiscard]] bool has_second() const;
  void take_second() { ++seconds_; }
  void give_second_back();
  void wait_for_second(WebhookLane& lane);
  void offer_second();
  void forget(WebhookLane& lane);

  World world_;
  bool stopping_ = false;
  bool started_ = false;         // what was open at the start is ended
  std::int64_t clock_ahead_ms_;  // the wall clock, of the forward one, when last looked
  const Milliseconds behind_;    // the clock was found so far behind what is stored: at most 0
  Milliseconds clock_moved_{0};  // that the store does not know of yet
  std::deque<WebhookLane::Legacy> legacies_;
  std::optional<std::vector<store::Subscription>> subscriptions_;  // to be told
  std::size_t seconds_ = 0;                                        // in use
  std::deque<WebhookLane*> line_;  // who has more to send and no second connection
  std::map<WebhookName, std::unique_ptr<WebhookLane>> lanes_;
  CommitFeed::Subscription news_;
};

}  // namespace smm::actors
