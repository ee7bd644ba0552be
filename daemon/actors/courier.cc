#include "actors/courier.h"

#include "domain/text.h"
#include "platform/standard_webhooks.h"
#include "rules/retry.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <numeric>
#include <utility>

namespace smm::actors {
namespace {

constexpr std::size_t connections_an_endpoint = 2;
constexpr std::size_t connections_in_all = 16;
constexpr auto attempt_timeout = std::chrono::seconds(15);
constexpr std::size_t most_read = 64 * 1024;
constexpr std::size_t most_kept = 4 * 1024;
constexpr auto longest_wait = std::chrono::seconds(60);
constexpr long gone = 410;

bool is_success(long status) {
  return status >= 200 && status < 300;
}

store::Subscription subscription_of(const WebhookPolicy& policy) {
  return {policy.name, policy.events, policy.panels};
}

}  // namespace

WebhookLane::WebhookLane(World world, Courier& courier, WebhookPolicy policy)
    : world_(world),
      courier_(courier),
      policy_(std::move(policy)),
      random_(std::random_device{}()),
      soon_(world_.loop, [this] { turn(); }),
      timer_(world_.loop, [this] { turn(); }) {}

void WebhookLane::set_policy(WebhookPolicy policy) {
  policy_ = std::move(policy);
  hint();
}

void WebhookLane::hint() {
  soon_.schedule();
}

void WebhookLane::set_held(bool held) {
  held_ = held;
  if (!held_) rest_until_ = Timestamp();
  hint();
}

std::optional<Timestamp> WebhookLane::resting_until() const {
  return rest_until_ > world_.loop.now() ? std::optional(rest_until_) : std::nullopt;
}

// One commit settles what finished and writes the attempt rows of what goes out next; only then is it sent.
void WebhookLane::turn() {
  const auto now = world_.loop.now();
  auto next = next_to_go(now);
  const bool settles = !finished_.empty();
  if (!finished_.empty() || !next.empty()) {
    std::vector<std::int64_t> starting;
    starting.reserve(next.size());
    for (const auto& delivery : next) starting.push_back(delivery.id);
    std::vector<std::int64_t> attempts;
    const bool written =
        world_.storage.write([&] { attempts = world_.store.settle_and_begin(finished_, starting, now); });
    if (!written) {
      timer_.arm(longest_wait);  // the end of the trouble is hinted, too
      return;
    }
    finished_.clear();
    for (std::size_t i = 0; i < next.size(); ++i) send(std::move(next[i]), attempts[i], now);
  }
  if (retired_) {
    const auto reason = *retired_;
    if (world_.storage.write([&] { world_.store.disable_webhook(policy_.name, reason, now); }))
      retired_.reset();
  }
  if (held_) return;
  auto wake = world_.store.next_delivery_at(policy_.name);
  if (!wake || sending_.size() >= connections_an_endpoint || courier_.room() == 0) return;
  // A delivery that waits for an older one of its order is due and cannot go: that one's end is noticed here,
  // so beside it a slow look is enough. What was just settled may have freed its order.
  const auto earliest = std::max({*wake, rest_until_, tokens_at_});
  const auto blocked = settles || !next.empty() ? Milliseconds(0) : Milliseconds(1000);
  const auto wait = earliest > now ? earliest - now : blocked;
  timer_.arm(std::min<Milliseconds>(wait, longest_wait));
}

std::vector<store::DueDelivery> WebhookLane::next_to_go(Timestamp now) {
  if (held_ || !world_.storage.writable() || rest_until_ > now) return {};
  const auto own = connections_an_endpoint - std::min(connections_an_endpoint, sending_.size());
  const auto free = std::min({own, courier_.room(), allowed_by_rate(now)});
  if (free == 0) return {};
  std::vector<std::int64_t> busy;
  std::vector<std::int64_t> busy_orders;
  const auto in_use = [&](std::int64_t delivery, const std::optional<std::int64_t>& order) {
    busy.push_back(delivery);
    if (order) busy_orders.push_back(*order);
  };
  for (const auto& sending : sending_) in_use(sending.delivery.id, sending.delivery.order_row);
  // What finished is settled in the very commit that begins the next: it is not due again, but its order is
  // free.
  for (const auto& result : finished_) busy.push_back(result.delivery);
  auto next = world_.store.due_deliveries(policy_.name, now, free, busy, busy_orders);
  if (policy_.rate > 0 && !next.empty()) {
    const auto spacing = Milliseconds(1000 / policy_.rate);
    tokens_at_ =
        std::max(tokens_at_, now - std::chrono::seconds(1)) + spacing * static_cast<int>(next.size());
  }
  return next;
}

// A second's worth of the rate may go at once after a pause.
std::size_t WebhookLane::allowed_by_rate(Timestamp now) {
  if (policy_.rate == 0) return connections_an_endpoint;
  const auto spacing = Milliseconds(std::max<std::int64_t>(1, 1000 / policy_.rate));
  const auto since = std::max(tokens_at_, now - std::chrono::seconds(1));
  if (since > now) return 0;
  return static_cast<std::size_t>((now - since) / spacing) + 1;
}

void WebhookLane::send(store::DueDelivery delivery, std::int64_t attempt, Timestamp now) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
  std::string signatures;
  for (const auto& secret : policy_.secrets) {
    if (!signatures.empty()) signatures += ' ';
    signatures += platform::webhook_signature(secret.reveal(), delivery.event_id, seconds, delivery.body);
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
  const auto at = sending_.insert(sending_.end(), Sending{attempt, std::move(delivery), {}});
  at->transfer = world_.http.start(
      std::move(request), [this, at](const platform::HttpOutcome& outcome) { finished(at, outcome); });
}

void WebhookLane::finished(SendingAt at, const platform::HttpOutcome& outcome) {
  const auto sending = std::move(*at);
  sending_.erase(at);
  const auto now = world_.loop.now();
  store::AttemptResult result;
  result.attempt = sending.attempt;
  result.delivery = sending.delivery.id;
  judge(result, sending.delivery, outcome, now);
  finished_.push_back(std::move(result));
  soon_.schedule();
  courier_.hint_all();
}

// Any 2xx is success, whatever its body does; everything else uses up a try.
void WebhookLane::judge(store::AttemptResult& result, const store::DueDelivery& delivery,
                        const platform::HttpOutcome& outcome, Timestamp now) {
  result.http_status = outcome ? outcome->status : outcome.error().status;
  if (outcome) {
    result.response = to_valid_utf8(outcome->body.substr(0, most_kept));
  } else {
    result.error = outcome.error().detail;
    if (outcome.error().kind == platform::TransportErrorKind::refused_address &&
        policy_.network == WebhookNetwork::only_public) {
      result.error += " (network = \"local\" in [webhook." + policy_.name.text() +
                      "] allows loopback and private addresses)";
    }
  }
  if (is_success(result.http_status)) {
    result.state = store::DeliveryState::delivered;
    result.outcome = "delivered";
    last_error_.reset();
    return;
  }
  if (outcome) result.error = "it answered " + std::to_string(outcome->status);
  result.outcome = outcome ? "refused" : "failed";
  last_error_ = LastError{now, result.error};
  std::optional<Milliseconds> retry_after;
  if (outcome) retry_after = rules::read_retry_after(outcome->header("retry-after"), now);
  if (retry_after) rest_until_ = std::max(rest_until_, now + *retry_after);
  const auto jitter = std::uniform_real_distribution<double>(0.0, 1.0)(random_);
  const auto delay = rules::retry_delay(delivery.tries + 1, jitter, retry_after);
  if (result.http_status == gone) {
    result.state = store::DeliveryState::dead;
    retire(result.error);
  } else if (delay) {
    result.next_try_at = now + *delay;
  } else {
    result.state = store::DeliveryState::dead;
    spdlog::error("webhook {}: event {} is given up after {} tries: {}", policy_.name.text(),
                  delivery.event_id, delivery.tries + 1, escape_controls(result.error));
  }
}

void WebhookLane::retire(const std::string& reason) {
  held_ = true;
  retired_ = reason;
  spdlog::error("webhook {}: disabled, since it answered 410 Gone; nothing more is sent there",
                policy_.name.text());
}

Courier::Courier(World world, CommitFeed& feed)
    : world_(world), news_(feed.subscribe([this](const store::Committed& committed) {
        if (committed.deliveries) hint_all();
      })) {}

void Courier::apply(const std::vector<WebhookPolicy>& webhooks) {
  std::vector<store::Subscription> subscriptions;
  std::map<WebhookName, std::unique_ptr<WebhookLane>> lanes;
  for (const auto& policy : webhooks) {
    subscriptions.push_back(subscription_of(policy));
    auto known = lanes_.find(policy.name);
    if (known != lanes_.end()) {
      known->second->set_policy(policy);
      lanes.emplace(policy.name, std::move(known->second));
    } else {
      lanes.emplace(policy.name, std::make_unique<WebhookLane>(world_, *this, policy));
    }
  }
  lanes_ = std::move(lanes);
  world_.store.subscribe(std::move(subscriptions));
  for (const auto& record : world_.store.webhooks()) {
    if (auto* lane = find(record.name)) lane->set_held(record.paused || record.disabled);
  }
  hint_all();
}

WebhookLane* Courier::find(const WebhookName& name) {
  const auto lane = lanes_.find(name);
  return lane == lanes_.end() ? nullptr : lane->second.get();
}

void Courier::hint_all() {
  for (const auto& [name, lane] : lanes_) lane->hint();
}

std::size_t Courier::room() const {
  const auto used =
      std::accumulate(lanes_.begin(), lanes_.end(), std::size_t{0},
                      [](std::size_t sum, const auto& lane) { return sum + lane.second->in_flight(); });
  return connections_in_all - std::min(connections_in_all, used);
}

}  // namespace smm::actors
