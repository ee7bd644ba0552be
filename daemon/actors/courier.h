#pragma once

#include "actors/commit_feed.h"
#include "actors/poller.h"
#include "domain/policy.h"
#include "platform/event_loop.h"
#include "platform/http_client.h"
#include "store/store.h"

#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace smm::actors {

class Courier;

// The deliveries to one webhook endpoint. An attempt's row is committed before it is sent and completed
// after; an attempt is at most one POST on the wire. What goes wrong with this endpoint costs this lane only.
class WebhookLane {
 public:
  WebhookLane(World world, Courier& courier, WebhookPolicy policy);
  WebhookLane(const WebhookLane&) = delete;
  WebhookLane& operator=(const WebhookLane&) = delete;

  void set_policy(WebhookPolicy policy);
  // Something may be due: looks in the next turn.
  void hint();
  void set_held(bool held);  // paused by a person, or disabled by its own 410

  [[nodiscard]] const WebhookPolicy& policy() const { return policy_; }
  [[nodiscard]] std::size_t in_flight() const { return sending_.size(); }
  [[nodiscard]] std::optional<Timestamp> resting_until() const;
  struct LastError {
    Timestamp at;
    std::string words;
  };
  [[nodiscard]] const std::optional<LastError>& last_error() const { return last_error_; }

 private:
  struct Sending {
    std::int64_t attempt = 0;
    store::DueDelivery delivery;
    platform::Transfer transfer;
  };
  using SendingAt = std::list<Sending>::iterator;

  void turn();
  std::vector<store::DueDelivery> next_to_go(Timestamp now);
  [[nodiscard]] std::size_t allowed_by_rate(Timestamp now);
  void send(store::DueDelivery delivery, std::int64_t attempt, Timestamp now);
  void finished(SendingAt at, const platform::HttpOutcome& outcome);
  void judge(store::AttemptResult& result, const store::DueDelivery& delivery,
             const platform::HttpOutcome& outcome, Timestamp now);
  void retire(const std::string& reason);

  World world_;
  Courier& courier_;
  WebhookPolicy policy_;
  bool held_ = false;
  std::list<Sending> sending_;
  std::vector<store::AttemptResult> finished_;  // not settled yet
  std::optional<std::string> retired_;          // it answered 410; to be written
  Timestamp rest_until_;                        // Retry-After holds the whole endpoint
  Timestamp tokens_at_;                         // when the rate's next token is there
  std::optional<LastError> last_error_;
  std::mt19937_64 random_;
  platform::Deferred soon_;
  platform::Timer timer_;
};

// All endpoints' lanes, and what they share: sixteen connections in all.
class Courier {
 public:
  Courier(World world, CommitFeed& feed);
  Courier(const Courier&) = delete;
  Courier& operator=(const Courier&) = delete;

  // Endpoints come, go and change; who may get what is fixed when an event is written, so this also tells the
  // store.
  void apply(const std::vector<WebhookPolicy>& webhooks);
  [[nodiscard]] WebhookLane* find(const WebhookName& name);
  void hint_all();
  // Ends all lanes; transfers under way are cancelled and stay attempts without an end.
  void stop() { lanes_.clear(); }

  [[nodiscard]] std::size_t room() const;  // connections not in use

 private:
  World world_;
  std::map<WebhookName, std::unique_ptr<WebhookLane>> lanes_;
  CommitFeed::Subscription news_;
};

}  // namespace smm::actors
