#pragma once

#include "practice-panel/webhook_receiver.h"

#include <condition_variable>
#include <cstddef>
#include <limits>
#include <mutex>
#include <utility>

namespace smm::test {

// An endpoint that answers as many webhooks as the test permits. What comes beyond that is received, and
// waits for its answer; the daemon waits for 15 s.
class RationedReceiver {
 public:
  RationedReceiver(practice::ReceiverOptions options, std::size_t permitted)
      : permitted_(permitted), receiver_(rationed(std::move(options))) {}
  // The receiver joins the threads that wait here.
  ~RationedReceiver() { permit_all(); }
  RationedReceiver(const RationedReceiver&) = delete;
  RationedReceiver& operator=(const RationedReceiver&) = delete;

  practice::WebhookReceiver& operator*() { return receiver_; }
  practice::WebhookReceiver* operator->() { return &receiver_; }

  // So many from the beginning on.
  void permit(std::size_t in_all) {
    const std::lock_guard lock(mutex_);
    permitted_ = in_all;
    changed_.notify_all();
  }
  void permit_all() { permit(std::numeric_limits<std::size_t>::max()); }

 private:
  practice::ReceiverOptions rationed(practice::ReceiverOptions options) {
    options.on_webhook = [this](const practice::ReceivedWebhook&) { wait_for_permit(); };
    return options;
  }
  void wait_for_permit() {
    std::unique_lock lock(mutex_);
    const auto number = ++arrived_;
    changed_.wait(lock, [&] { return number <= permitted_; });
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t arrived_ = 0;
  std::size_t permitted_;
  practice::WebhookReceiver receiver_;
};

}  // namespace smm::test
