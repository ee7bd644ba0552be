#pragma once

#include "practice-panel/http_server.h"
#include "practice-panel/signature.h"

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace smm::practice {

struct ReceivedWebhook {
  std::chrono::system_clock::time_point at;
  std::chrono::steady_clock::time_point arrived;
  std::uint64_t connection = 0;
  std::string method;
  std::string path;
  Headers headers;
  std::string body;
  std::string id;  // webhook-id, "" when it has none
  SignatureVerdict verdict = SignatureVerdict::header_missing;
  int answered = 0;                     // the status of the answer
  Delivery delivery = Delivery::whole;  // how it went out
};

// How one webhook is answered.
struct ReceiverAnswer {
  int status = 200;
  Headers headers{};  // Retry-After, Location …
  std::string body{};
  Delivery delivery = Delivery::whole;
  Ms delay{0};
  Ms drip_pause{10};
};

struct ReceiverOptions {
  std::uint16_t port = 0;
  std::vector<std::string> secrets{};  // "whsec_…"; a webhook verifies when one of them fits
  // How old or early a timestamp may be; nothing: not looked at.
  std::optional<std::chrono::seconds> tolerance = std::chrono::minutes{5};
  // Called for each webhook from a connection's thread, before it is answered.
  std::function<void(const ReceivedWebhook&)> on_webhook{};
  // How this one is answered; nothing: as answer_next and answer_always say. Called from connections'
  // threads, one at a time.
  std::function<std::optional<ReceiverAnswer>(const ReceivedWebhook&)> choose{};
};

// An endpoint for webhooks on 127.0.0.1, any path, any method. A webhook is recorded before it is answered.
// Thread-safe; what is handed out is a copy.
class WebhookReceiver {
 public:
  // Throws std::runtime_error when the port cannot be had, std::invalid_argument for a secret that is none.
  explicit WebhookReceiver(ReceiverOptions options = {});
  ~WebhookReceiver();
  WebhookReceiver(const WebhookReceiver&) = delete;
  WebhookReceiver& operator=(const WebhookReceiver&) = delete;

  std::uint16_t port() const { return port_; }
  std::string url() const;  // http://127.0.0.1:PORT/hook

  // The next `count` webhooks are answered so; calls queue up. After them, answer_always holds (200 at
  // first).
  void answer_next(const ReceiverAnswer& answer, unsigned count = 1);
  void answer_always(const ReceiverAnswer& answer);
  void set_secrets(std::vector<std::string> secrets);

  std::vector<ReceivedWebhook> received() const;
  std::size_t count() const;
  // Waits until at least that many webhooks were received since the start or clear(); false at the timeout.
  bool wait_for(std::size_t count, Ms timeout = std::chrono::seconds(30)) const;
  // Forgets what was received, not how to answer.
  void clear();

  // Between stop and start connections are refused; both keep the port. Not thread-safe.
  void stop();
  void start();
  // As of HttpServer: what a program that was killed had sent is received then.
  bool wait_until_left(Ms patience) const { return http_ == nullptr || http_->wait_until_left(patience); }

 private:
  HttpReply handle(const HttpRequest& request);
  ReceiverAnswer next_answer(const ReceivedWebhook& webhook);  // with the mutex held

  ReceiverOptions options_;
  mutable std::mutex mutex_;
  mutable std::condition_variable arrived_;
  std::vector<ReceivedWebhook> received_;
  std::deque<std::pair<ReceiverAnswer, unsigned>> script_;
  ReceiverAnswer always_;
  std::unique_ptr<HttpServer> http_;
  std::uint16_t port_;
};

}  // namespace smm::practice
