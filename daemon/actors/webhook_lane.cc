#include "actors/courier.h"
#include "actors/message_ids.h"
#include "actors/note.h"
#include "platform/standard_webhooks.h"
#include "rules/retry.h"

#include <algorithm>
#include <utility>

namespace smm::actors {
namespace {

constexpr std::size_t connections_an_endpoint = 2;
constexpr auto attempt_timeout = std::chrono::seconds(15);
constexpr std::size_t most_read = 64 * 1024;
constexpr std::size_t most_kept = 4 * 1024;
constexpr std::size_t longest_error = 1024;
constexpr std::int64_t rate_span_ms = 1000;
constexpr long gone = 410;

bool is_success(long status) {
  return status >= 200 && status < 300;
}

bool is_redirect(long status) {
  return status >= 300 && status < 400;
}

std::int64_t forward_ms() {
  return platform::EventLoop::monotonic_ms();
}

}  // namespace

void move_times(std::vector<store::AttemptResult>& results, Milliseconds by) {
  for (auto& result : results) {
    if (result.next_try_at) *result.next_try_at += by;
    if (result.rest_until) *result.rest_until += by;
  }
}

WebhookLane::WebhookLane(World world, Courier& courier, WebhookPolicy policy)
    : world_(world),
      courier_(courier),
      policy_(std::move(policy)),
      secrets_(policy_),
      errors_(world_.loop, [this](const Repeated::Said& said) { say_errors(said); }),
      dead_(world_.loop, [this](const Repeated::Said& said) { say_dead(said); }),
      random_(std::random_device{}()),
      soon_(world_.loop, [this] { turn(); }),
      timer_(world_.loop, [this] { turn(); }) {}

WebhookLane::~WebhookLane() {
  courier_.forget(*this);
  if (sending_.size() == connections_an_endpoint) courier_.give_second_back();
}

bool WebhookLane::set_policy(WebhookPolicy policy) {
  const bool is_elsewhere =
      policy.url != policy_.url || policy.network != policy_.network || policy.proxy != policy_.proxy;
  if (is_elsewhere) {
    ++address_;
    forget_trouble();
    last_error_.reset();
  }
  policy_ = std::move(policy);
  secrets_ = EndpointSecrets(policy_);
  hint();
  return is_elsewhere;
}

void WebhookLane::heed(const store::WebhookRecord& record) {
  paused_ = record.paused;
  gone_ = record.disabled || std::any_of(finished_.begin(), finished_.end(),
                                         [](const store::AttemptResult& result) { return result.is_gone; });
  const auto now = world_.loop.now();
  if (record.rest_until && *record.rest_until > now) rest(*record.rest_until - now);
  hint();
}

// What was found of an address that a person says is well, or that is another one now.
void WebhookLane::forget_trouble() {
  breaker_.reset();
  probed_.clear();
  rest_until_ = 0;
  for (auto& result : finished_) result.rest_until.reset();
}

void WebhookLane::hint() {
  soon_.schedule();
}

void WebhookLane::pause() {
  paused_ = true;
}

void WebhookLane::resume() {
  paused_ = false;
  gone_ = false;
  forget_trouble();
  for (auto& result : finished_) result.is_gone = false;
  hint();
}

WebhookLane::Legacy WebhookLane::leave() {
  paused_ = true;
  if (sending_.size() == connections_an_endpoint) courier_.give_second_back();
  sending_.clear();
  return {policy_.name, std::exchange(finished_, {})};
}

void WebhookLane::move_clock(Milliseconds by) {
  move_times(finished_, by);
  for (auto& sending : sending_) sending.delivery.due_at += by;
}

std::optional<Timestamp> WebhookLane::resting_until() const {
  const auto left = rest_until_ - forward_ms();
  return left > 0 ? std::optional(world_.loop.now() + Milliseconds(left)) : std::nullopt;
}

std::optional<WebhookLane::Down> WebhookLane::down() const {
  if (!breaker_.is_open()) return std::nullopt;
  const auto now = world_.loop.now();
  const Milliseconds since_now(down_since_ - forward_ms());
  const Milliseconds until_probe(std::max<std::int64_t>(0, breaker_.probe_at()->count() - forward_ms()));
  return Down{now + since_now, now + until_probe};
}

// One commit settles what finished and writes the attempt rows of what goes out next; only then is it sent.
void WebhookLane::turn() {
  const auto now = world_.loop.now();
  courier_.look_at_clock(now);
  const bool done = world_.storage.write([&] { move_on(now); });
  if (!done) timer_.arm(longest_wait);  // the end of the trouble is hinted, too
  courier_.offer_second();
}

void WebhookLane::move_on(Timestamp now) {
  auto next = next_to_go(now);
  const bool moved = !finished_.empty() || !next.empty();
  if (moved) {
    std::vector<std::int64_t> starting;
    starting.reserve(next.size());
    for (const auto& delivery : next) starting.push_back(delivery.id);
    const auto attempts = world_.store.settle_and_begin(finished_, starting, now);
    finished_.clear();
    use_up_rate(next.size());
    for (std::size_t i = 0; i < next.size(); ++i) send(std::move(next[i]), attempts[i], now);
  }
  look_again(moved, now);
}

// Sees to it that there is a turn when something may be sent that could not be now.
void WebhookLane::look_again(bool moved, Timestamp now) {
  if (is_held() || sending_.size() >= usable_connections()) return;
  if (free_connections() == 0) return courier_.wait_for_second(*this);
  const auto wake = world_.store.next_delivery_at(policy_.name, busy_orders());
  if (!wake) return;
  const auto forward = forward_ms();
  const auto something = breaker_.is_open() ? *breaker_.probe_at() - Milliseconds(forward) : *wake - now;
  const Milliseconds wait = std::max<Milliseconds>(
      {something, Milliseconds(rest_until_ - forward), Milliseconds(rate_opens_at() - forward)});
  // What is due and could not go waits for something this lane is told of, so a slow look is enough; what was
  // just settled may have freed its order.
  const Milliseconds blocked(moved ? 0 : 1000);
  timer_.arm(wait.count() > 0 ? std::min<Milliseconds>(wait, longest_wait) : blocked);
}

std::vector<store::DueDelivery> WebhookLane::next_to_go(Timestamp now) {
  if (is_held() || !courier_.caught_up() || !world_.storage.writable() || rest_until_ > forward_ms())
    return {};
  const auto free = std::min(free_connections(), allowed_by_rate());
  if (free == 0) return {};
  std::vector<std::int64_t> busy;
  for (const auto& sending : sending_) busy.push_back(sending.delivery.id);
  // What finished is settled in the very commit that begins the next: it is not due again, but its order is
  // free.
  for (const auto& result : finished_) busy.push_back(result.delivery);
  if (breaker_.is_open()) return next_probe(now, busy);
  return world_.store.due_deliveries(policy_.name, now, free, busy, busy_orders());
}

// Another delivery each time, so that one the endpoint cannot stomach does not keep it from being found up.
std::vector<store::DueDelivery> WebhookLane::next_probe(Timestamp now,
                                                        const std::vector<std::int64_t>& busy) {
  if (!sending_.empty() || breaker_.probe_at()->count() > forward_ms()) return {};
  auto others = busy;
  others.insert(others.end(), probed_.begin(), probed_.end());
  auto next = probe_but(others, now);
  if (!next && !probed_.empty()) {
    probed_.clear();
    next = probe_but(busy, now);
  }
  if (!next) return {};
  probed_.insert(next->id);
  return {std::move(*next)};
}

// What is due; or else what waits for its next try, perhaps for hours: it is tried before, and waits on if in
// vain.
std::optional<store::DueDelivery> WebhookLane::probe_but(const std::vector<std::int64_t>& busy,
                                                         Timestamp now) {
  auto due = world_.store.due_deliveries(policy_.name, now, 1, busy, {});
  if (!due.empty()) return std::move(due.front());
  return world_.store.waiting_delivery(policy_.name, now, busy);
}

std::vector<std::int64_t> WebhookLane::busy_orders() const {
  std::vector<std::int64_t> orders;
  for (const auto& sending : sending_) {
    if (sending.delivery.order_row) orders.push_back(*sending.delivery.order_row);
  }
  return orders;
}

std::size_t WebhookLane::usable_connections() const {
  return breaker_.one_at_a_time() ? 1 : connections_an_endpoint;
}

std::size_t WebhookLane::free_connections() const {
  const std::size_t usable = courier_.has_second() ? usable_connections() : 1;
  return usable - std::min(usable, sending_.size());
}

// So many may go now that with them no second holds more than the rate.
std::size_t WebhookLane::allowed_by_rate() const {
  if (policy_.rate == 0) return connections_an_endpoint;
  const auto recent = std::upper_bound(sent_at_.begin(), sent_at_.end(), forward_ms() - rate_span_ms);
  const auto used = static_cast<std::size_t>(sent_at_.end() - recent);
  return std::max(used, rate()) - used;
}

void WebhookLane::use_up_rate(std::size_t count) {
  if (policy_.rate == 0) return;
  const auto now = forward_ms();
  while (!sent_at_.empty() && sent_at_.front() <= now - rate_span_ms) sent_at_.pop_front();
  sent_at_.insert(sent_at_.end(), count, now);
}

// When the rate lets the next one go, on the forward clock.
std::int64_t WebhookLane::rate_opens_at() const {
  if (policy_.rate == 0 || sent_at_.size() < rate()) return 0;
  return sent_at_[sent_at_.size() - rate()] + rate_span_ms;
}

void WebhookLane::send(store::DueDelivery delivery, std::int64_t attempt, Timestamp now) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
  auto secrets = secrets_;
  std::string signatures;
  for (const auto& secret : policy_.secrets) {
    if (!signatures.empty()) signatures += ' ';
    const auto signature =
        platform::webhook_signature(secret.reveal(), delivery.event_id, seconds, delivery.body);
    secrets.add_signature(signature);
    signatures += signature;
  }
  platform::HttpRequest request;
  request.url = policy_.url;
  request.headers = policy_.headers;
  request.headers.emplace_back("Content-Type", "application/json");
  request.headers.emplace_back("webhook-id", delivery.event_id);
  request.headers.emplace_back("webhook-timestamp", std::to_string(seconds));
  request.headers.emplace_back("webhook-signature", std::move(signatures));
  request.body = delivery.body;
  request.timeout = attempt_timeout;
  request.max_body = most_read;
  request.cut_body = true;
  request.accept_compressed = false;
  request.proxy = policy_.proxy;
  request.send_once = true;
  request.addresses = policy_.network == WebhookNetwork::local ? platform::AddressPolicy::local
                                                               : platform::AddressPolicy::only_public;
  const auto at = sending_.insert(
      sending_.end(),
      Sending{attempt, std::move(delivery), std::move(secrets), breaker_.is_open(), address_, {}});
  if (sending_.size() == connections_an_endpoint) courier_.take_second();
  at->transfer = world_.http.start(
      std::move(request), [this, at](const platform::HttpOutcome& outcome) { finished(at, outcome); });
}

void WebhookLane::finished(SendingAt at, const platform::HttpOutcome& outcome) {
  if (sending_.size() == connections_an_endpoint) courier_.give_second_back();
  const auto sending = std::move(*at);
  sending_.erase(at);
  const auto now = world_.loop.now();
  courier_.look_at_clock(now);
  store::AttemptResult result;
  result.attempt = sending.attempt;
  result.delivery = sending.delivery.id;
  judge(result, sending, outcome, now);
  heed_breaker(result, sending);
  finished_.push_back(std::move(result));
  soon_.schedule();
}

void WebhookLane::heed_breaker(const store::AttemptResult& result, const Sending& sending) {
  if (sending.address != address_) return;
  const Milliseconds forward(forward_ms());
  if (!rules::is_endpoint_trouble(result.http_status)) {
    if (!breaker_.saw_answer()) return;
    probed_.clear();
    note({Level::notice, message_ids::webhook_back, {{"SMM_WEBHOOK", policy_.name.text()}}},
         "webhook " + policy_.name.text() + ": is back after " +
             std::to_string((forward.count() - down_since_) / 1000) + " s");
    return;
  }
  const auto jitter = std::uniform_real_distribution<double>(0.0, 1.0)(random_);
  if (sending.is_probe && breaker_.is_open()) return breaker_.saw_failed_probe(forward, jitter);
  if (!breaker_.saw_trouble(forward, jitter)) return;
  down_since_ = forward.count();
  note({Level::warning,
        message_ids::webhook_down,
        {{"SMM_WEBHOOK", policy_.name.text()},
         {"SMM_ERROR", spoken(result.error, {policy_.url, policy_.proxy})}}},
       "webhook " + policy_.name.text() + ": is taken to be down (" +
           spoken(result.error, {policy_.url, policy_.proxy}) + "); only probes are sent until it answers");
}

// Any 2xx is success, whatever its body does; everything else uses up a try, but for a probe that finds the
// endpoint in trouble still.
void WebhookLane::judge(store::AttemptResult& result, const Sending& sending,
                        const platform::HttpOutcome& outcome, Timestamp now) {
  result.http_status = outcome ? outcome->status : outcome.error().status;
  if (outcome) {
    result.response = sending.secrets.masked(outcome->body, outcome->body_cut, most_kept);
  } else {
    result.error = words_of(sending, outcome);
  }
  if (is_success(result.http_status)) {
    result.state = store::DeliveryState::delivered;
    result.outcome = "delivered";
    last_error_.reset();
    ++tally_.delivered;
    return;
  }
  const bool is_answer = result.http_status != 0;
  result.outcome = is_answer ? "refused" : "failed";
  ++(result.http_status == gone ? tally_.gone : is_answer ? tally_.refused : tally_.failed);
  result.error = words_of(sending, outcome);
  const bool is_here = sending.address == address_;
  if (is_here) last_error_ = LastError{now, result.error};
  errors_.happened(is_answer ? std::to_string(result.http_status) : result.outcome, result.error);
  // What an address says that is none of its own any more holds for that one event.
  if (result.http_status == gone && is_here) {
    result.state = store::DeliveryState::dead;
    result.is_gone = true;
    retire();
  } else {
    put_off(result, sending, outcome, now);
  }
}

std::string WebhookLane::words_of(const Sending& sending, const platform::HttpOutcome& outcome) const {
  const auto status = outcome ? outcome->status : outcome.error().status;
  auto answer = "it answered " + std::to_string(status);
  if (is_redirect(status)) return answer + "; redirects are not followed";
  if (outcome) return answer;
  auto words = sending.secrets.masked(outcome.error().detail, false, longest_error);
  if (status != 0) return answer + "; " + words;
  if (outcome.error().local_would_do && policy_.network == WebhookNetwork::only_public) {
    words += " (network = \"local\" in [webhook." + policy_.name.text() +
             "] allows loopback and private addresses)";
  }
  return words;
}

void WebhookLane::put_off(store::AttemptResult& result, const Sending& sending,
                          const platform::HttpOutcome& outcome, Timestamp now) {
  constexpr std::string_view name = "retry-after";
  const auto asked = outcome ? outcome->header(name) : outcome.error().header(name);
  const auto retry_after = rules::read_retry_after(asked, now);
  if (retry_after && sending.address == address_) {
    rest(*retry_after);
    result.rest_until = now + *retry_after;
  }
  if (sending.is_probe && rules::is_endpoint_trouble(result.http_status)) {
    result.used_a_try = false;
    result.next_try_at = sending.delivery.due_at;  // it keeps its place
    return;
  }
  const auto jitter = std::uniform_real_distribution<double>(0.0, 1.0)(random_);
  const auto tries = sending.delivery.tries + 1;
  if (const auto delay = rules::retry_delay(tries, jitter, retry_after)) {
    result.next_try_at = now + *delay;
    return;
  }
  result.state = store::DeliveryState::dead;
  dead_.happened("dead", "event " + sending.delivery.event_id + " is given up after " +
                             std::to_string(tries) + " tries: " + result.error);
}

void WebhookLane::rest(Milliseconds time) {
  const auto most = Milliseconds(rules::longest_retry_after);
  rest_until_ = std::max(rest_until_, forward_ms() + std::min(time, most).count());
}

void WebhookLane::say_errors(const Repeated::Said& said) const {
  if (said.phase == Repeated::Phase::over) return;
  const auto name = "webhook " + policy_.name.text() + ": ";
  const auto words = spoken(said.words, {policy_.url, policy_.proxy});
  Note line{Level::warning,
            message_ids::webhook_errors,
            {{"SMM_WEBHOOK", policy_.name.text()}, {"SMM_ERROR", words}}};
  if (said.phase == Repeated::Phase::first) return note(line, name + words);
  line.fields.emplace_back("SMM_COUNT", std::to_string(said.count));
  note(line,
       name + std::to_string(said.count) + " more attempts failed in the last 10 min, the last: " + words);
}

void WebhookLane::say_dead(const Repeated::Said& said) const {
  if (said.phase == Repeated::Phase::over) return;
  const auto name = "webhook " + policy_.name.text() + ": ";
  Note line{Level::error, message_ids::delivery_dead, {{"SMM_WEBHOOK", policy_.name.text()}}};
  if (said.phase == Repeated::Phase::first)
    return note(line, name + spoken(said.words, {policy_.url, policy_.proxy}));
  line.fields.emplace_back("SMM_COUNT", std::to_string(said.count));
  note(line, name + std::to_string(said.count) + " more events were given up in the last 10 min");
}

// What is under way may say so, too.
void WebhookLane::retire() {
  gone_ = true;
}

}  // namespace smm::actors
