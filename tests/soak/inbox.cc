#include "inbox.h"

#include "webhook_hours_world.h"

#include <functional>

namespace smm::test::soak {
namespace {

// Answers of which a daemon that ends may not have kept anything: two it waits for, and two it was about to
// write down.
constexpr std::size_t most_unknown = 4;
// An event that has been failing for so long holds up the next ones of its order no more.
constexpr std::int64_t patience_s = std::int64_t{30} * 60;

practice::ReceiverOptions options_for(
    const std::function<std::optional<practice::ReceiverAnswer>(const practice::ReceivedWebhook&)>& choose) {
  auto options = of_any_time();
  options.choose = choose;
  return options;
}

std::int64_t seconds_of(std::chrono::system_clock::time_point time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

}  // namespace

std::size_t digest_of_body(std::string_view body) {
  return std::hash<std::string_view>()(body.substr(0, body.find_last_not_of('\n') + 1));
}

std::size_t digest_of_line(std::string_view line) {
  // {"seq":7,"type":… is {"type":… with the number first.
  std::string body = "{";
  body += line.substr(line.find(',') + 1);
  return digest_of_body(body);
}

Inbox::Inbox(Plan plan, const std::string& elsewhere, unsigned seed)
    : plan_(std::move(plan)),
      random_(seed),
      elsewhere_(elsewhere),
      receiver_(options_for([this](const practice::ReceivedWebhook& webhook) { return answer(webhook); })) {}

std::string Inbox::section() const {
  Hook hook{plan_.name, receiver_.url()};
  const auto listed = [](const std::set<std::string>& words) {
    std::string list;
    for (const auto& word : words) list += (list.empty() ? "\"" : ", \"") + word + "\"";
    return "[" + list + "]";
  };
  hook.more = "events = " + (plan_.types.empty() ? "[\"*\"]" : listed(plan_.types)) +
              "\npanels = " + listed(plan_.panels) + "\n";
  return test::section(hook);
}

bool Inbox::wants(const std::string& type, const std::string& panel) const {
  return plan_.panels.count(panel) > 0 && (plan_.types.empty() || plan_.types.count(type) > 0);
}

bool Inbox::next_life() {
  const bool is_over = receiver_.wait_until_left(std::chrono::seconds(60));
  receiver_.clear();  // nothing is kept twice
  be_forgotten();
  return is_over;
}

void Inbox::be_forgotten() {
  const std::lock_guard lock(mutex_);
  for (const auto seq : latest_) letters_[seq].may_repeat = true;
  latest_.clear();
}

void Inbox::shut() {
  receiver_.stop();
  (void)next_life();  // answers under way were broken off
}

void Inbox::open() {
  receiver_.start();
}

Faults Inbox::faults() const {
  const std::lock_guard lock(mutex_);
  return faults_;
}

std::map<std::int64_t, Inbox::Letter> Inbox::letters() const {
  const std::lock_guard lock(mutex_);
  return {letters_.begin(), letters_.end()};
}

std::size_t Inbox::posts() const {
  const std::lock_guard lock(mutex_);
  return posts_;
}

std::optional<practice::ReceiverAnswer> Inbox::answer(const practice::ReceivedWebhook& webhook) {
  const std::lock_guard lock(mutex_);
  std::uniform_real_distribution<double> draw(0, 1);
  const bool is_trouble = !is_fair_ && draw(random_) < plan_.trouble;
  take(webhook, !is_trouble);
  if (!is_trouble) return std::nullopt;
  return draw_trouble();
}

practice::ReceiverAnswer Inbox::draw_trouble() {
  switch (random_() % 7) {
    case 0:
      return {.status = 503};
    case 1:
      return {.delivery = practice::Delivery::close};
    case 2:
      return {.delivery = practice::Delivery::reset};
    case 3:
      return {.delay = practice::Ms(random_() % 60)};
    case 4:
      return {.status = 429, .headers = {{"Retry-After", "600"}}};
    case 5:
      return {.status = 302, .headers = {{"Location", elsewhere_}}};
    default:
      return {.status = 500};
  }
}

void Inbox::take(const practice::ReceivedWebhook& webhook, bool was_taken) {
  ++posts_;
  if (webhook.verdict != practice::SignatureVerdict::verified)
    fault("webhook " + webhook.id + " does not verify");
  const auto body = Json::parse(webhook.body, nullptr, false);
  if (body.is_discarded()) return fault("webhook " + webhook.id + " is no JSON");
  const auto seq = body["data"]["seq"].get<std::int64_t>();
  const auto digest = digest_of_body(webhook.body);
  const auto now = std::stoll(practice::find_header(webhook.headers, "webhook-timestamp").value_or("0"));
  auto& letter = letters_[seq];
  const auto name = "the webhook of event " + std::to_string(seq);
  if (letter.times == 0) {
    letter.id = webhook.id;
    letter.body = digest;
    const auto& data = body["data"];
    if (data.contains("order") && data["order"].is_string())
      check_sequence(data.value("panel", "") + "/" + data["order"].get<std::string>(), seq, now,
                     seconds_of(moment_of(body["timestamp"])));
  } else {
    if (letter.id != webhook.id) fault(name + " came under two ids");
    if (letter.body != digest) fault(name + " came with two bodies");
    if (letter.was_taken && !letter.may_repeat) fault(name + " came again after it was taken");
  }
  letter.was_taken = was_taken;
  letter.may_repeat = false;
  ++letter.times;
  if (!was_taken) return;
  latest_.push_back(seq);
  if (latest_.size() > most_unknown) latest_.pop_front();
}

void Inbox::check_sequence(const std::string& order, std::int64_t seq, std::int64_t at,
                           std::int64_t happened) {
  auto& arrived = by_order_[order];
  for (const auto& other : arrived) {
    // The later one was sent before this: it may, when this had been failing for half an hour.
    if (other.seq > seq && other.at - happened < patience_s)
      fault("event " + std::to_string(other.seq) + " of " + order + " overtook " + std::to_string(seq));
  }
  arrived.push_back({seq, at});
}

void Inbox::fault(const std::string& what) {
  faults_.add(plan_.name + ": " + what);
}

}  // namespace smm::test::soak
