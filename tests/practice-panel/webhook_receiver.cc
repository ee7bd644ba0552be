#include "practice-panel/webhook_receiver.h"

#include <utility>

namespace smm::practice {

WebhookReceiver::WebhookReceiver(ReceiverOptions options)
    : options_(std::move(options)), port_(options_.port) {
  for (const auto& secret : options_.secrets) sign_webhook(secret, "", "", "");
  start();
}

WebhookReceiver::~WebhookReceiver() {
  stop();
}

std::string WebhookReceiver::url() const {
  return "http://127.0.0.1:" + std::to_string(port_) + "/hook";
}

void WebhookReceiver::answer_next(const ReceiverAnswer& answer, unsigned count) {
  const std::lock_guard lock(mutex_);
  if (count > 0) script_.emplace_back(answer, count);
}

void WebhookReceiver::answer_always(const ReceiverAnswer& answer) {
  const std::lock_guard lock(mutex_);
  always_ = answer;
}

void WebhookReceiver::set_secrets(std::vector<std::string> secrets) {
  const std::lock_guard lock(mutex_);
  options_.secrets = std::move(secrets);
}

std::vector<ReceivedWebhook> WebhookReceiver::received() const {
  const std::lock_guard lock(mutex_);
  return received_;
}

std::size_t WebhookReceiver::count() const {
  const std::lock_guard lock(mutex_);
  return received_.size();
}

bool WebhookReceiver::wait_for(std::size_t count, Ms timeout) const {
  std::unique_lock lock(mutex_);
  return arrived_.wait_for(lock, timeout, [this, count] { return received_.size() >= count; });
}

void WebhookReceiver::clear() {
  const std::lock_guard lock(mutex_);
  received_.clear();
}

void WebhookReceiver::stop() {
  http_.reset();
}

void WebhookReceiver::start() {
  if (http_) return;
  http_ = std::make_unique<HttpServer>(port_, [this](const HttpRequest& request) { return handle(request); });
  port_ = http_->port();
}

ReceiverAnswer WebhookReceiver::next_answer(const ReceivedWebhook& webhook) {
  if (options_.choose) {
    if (auto chosen = options_.choose(webhook)) return *std::move(chosen);
  }
  auto answer = script_.empty() ? always_ : script_.front().first;
  if (!script_.empty() && --script_.front().second == 0) script_.pop_front();
  return answer;
}

HttpReply WebhookReceiver::handle(const HttpRequest& request) {
  ReceivedWebhook webhook;
  webhook.at = std::chrono::system_clock::now();
  webhook.arrived = std::chrono::steady_clock::now();
  webhook.connection = request.connection;
  webhook.method = request.method;
  webhook.path = request.path;
  webhook.headers = request.headers;
  webhook.body = request.body;
  webhook.id = find_header(request.headers, "webhook-id").value_or("");
  ReceiverAnswer answer;
  {
    const std::lock_guard lock(mutex_);
    webhook.verdict =
        check_webhook(options_.secrets, request.headers, request.body, webhook.at, options_.tolerance);
    answer = next_answer(webhook);
    webhook.answered = answer.status;
    webhook.delivery = answer.delivery;
    received_.push_back(webhook);
  }
  // Before the call, which may hold the answer back until the test has seen what came.
  arrived_.notify_all();
  if (options_.on_webhook) options_.on_webhook(webhook);
  HttpReply reply;
  reply.status = answer.status;
  reply.headers = answer.headers;
  reply.body = answer.body;
  reply.delivery = answer.delivery;
  reply.delay = answer.delay;
  reply.drip_pause = answer.drip_pause;
  return reply;
}

}  // namespace smm::practice
