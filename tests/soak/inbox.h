#pragma once

#include "faults.h"
#include "practice-panel/webhook_receiver.h"

#include <atomic>
#include <cstdint>
#include <deque>
#include <map>
#include <random>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

namespace smm::test::soak {

namespace practice = smm::practice;

// A receiver of webhooks that fails now and then, and keeps of each what is needed to hold it against the
// event log.
class Inbox {
 public:
  struct Plan {
    std::string name;
    double trouble = 0;              // the chance of each POST not to be taken
    std::set<std::string> panels{};  // whose events it is sent
    std::set<std::string> types{};   // which; empty: every one
    bool is_always_there = true;     // else it comes and goes with the configuration
  };
  struct Letter {
    std::string id;
    std::size_t body = 0;     // a digest
    bool was_taken = false;   // the last time it came, and the answer went out whole
    bool may_repeat = false;  // the daemon need not know that
    std::size_t times = 0;
  };

  // What it sends elsewhere should never arrive there.
  Inbox(Plan plan, const std::string& elsewhere, unsigned seed);

  [[nodiscard]] const Plan& plan() const { return plan_; }
  [[nodiscard]] std::string section() const;  // of the configuration; its secret's file is keys/shop
  [[nodiscard]] bool wants(const std::string& type, const std::string& panel) const;

  // The daemon ended: what it was answered last, on its two connections, it need not know. False when they do
  // not end.
  [[nodiscard]] bool next_life();
  // It left the configuration, or is back: what was under way then comes again.
  void be_forgotten();
  // Nobody listens, or somebody does again.
  void shut();
  void open();
  void be_fair() { is_fair_ = true; }

  // What may not be: foreign signatures, two bodies of one webhook, one that came again after it was taken,
  // an order's events out of their order for no good reason.
  [[nodiscard]] Faults faults() const;
  [[nodiscard]] std::map<std::int64_t, Letter> letters() const;  // by event
  [[nodiscard]] std::size_t posts() const;

 private:
  std::optional<practice::ReceiverAnswer> answer(const practice::ReceivedWebhook& webhook);
  practice::ReceiverAnswer draw_trouble();
  void take(const practice::ReceivedWebhook& webhook, bool was_taken);
  void check_sequence(const std::string& order, std::int64_t seq, std::int64_t at, std::int64_t happened);
  void fault(const std::string& what);

  struct Arrived {
    std::int64_t seq;
    std::int64_t at;  // s, of the daemon's clock
  };

  Plan plan_;
  mutable std::mutex mutex_;
  std::mt19937 random_;
  std::unordered_map<std::int64_t, Letter> letters_;
  std::unordered_map<std::string, std::vector<Arrived>> by_order_;
  Faults faults_;
  std::string elsewhere_;
  std::deque<std::int64_t> latest_;  // letters that were taken
  std::size_t posts_ = 0;
  std::atomic<bool> is_fair_ = false;
  practice::WebhookReceiver receiver_;
};

// The digest of a webhook's body, and of the same event's line in the log.
[[nodiscard]] std::size_t digest_of_body(std::string_view body);
[[nodiscard]] std::size_t digest_of_line(std::string_view line);

}  // namespace smm::test::soak
