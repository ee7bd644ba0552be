#include "actors/poller.h"

#include "panel/request.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace smm::actors {
namespace {

// What a person asks for is sent within this time or not at all.
constexpr auto patience = std::chrono::seconds(10);
// A batch size that was learnt is forgotten: panels get mended.
constexpr auto relearn_after = std::chrono::hours(24);
constexpr auto longest_wait = std::chrono::seconds(60);
constexpr auto clock_slack = std::chrono::seconds(2);
constexpr std::size_t largest_reply = std::size_t{4} << 20;
constexpr std::size_t count_to = 10'000;
constexpr std::size_t page = 10'000;

}  // namespace

Poller::Poller(World world, PanelPolicy policy)
    : world_(world),
      policy_(std::move(policy)),
      book_(policy_.poll),
      batch_size_(panel::max_batch),
      random_(std::random_device{}()),
      timer_(world_.loop, [this] { turn(); }) {}

// Whoever waits is told that nothing will come.
Poller::~Poller() {
  Call waiting;
  for (auto& call : calls_) {
    std::move(call.waiting.begin(), call.waiting.end(), std::back_inserter(waiting.waiting));
    std::move(call.tests.begin(), call.tests.end(), std::back_inserter(waiting.tests));
  }
  std::move(asked_for_.begin(), asked_for_.end(), std::back_inserter(waiting.waiting));
  std::move(tests_.begin(), tests_.end(), std::back_inserter(waiting.tests));
  answer_waiting(waiting, Refusal{Refusal::Why::ending, {}});
}

void Poller::start() {
  const auto now = world_.loop.now();
  const auto record = world_.store.panel(policy_.name);
  paused_ = record.paused;
  const auto state = rules::panel_state_from_text(record.state).value_or(rules::PanelState::up);
  // A start tries again at once, whatever was before; what was said of the state is not said twice.
  health_ = {};
  health_.state = state;
  health_.since = record.state_since == Timestamp() ? now : record.state_since;
  health_.rest_until = now;
  std::int64_t after = 0;
  for (;;) {
    const auto entries = world_.store.poll_entries(policy_.name, policy_.poll, after, page);
    if (entries.empty()) break;
    for (const auto& entry : entries) book_.put(entry, now, jitter());
    after = entries.back().row;
  }
  started_ = true;
  turn_soon(now);
}

void Poller::set_policy(PanelPolicy policy) {
  if (policy.status_words != policy_.status_words || policy.currency != policy_.currency)
    book_.forget_digests();
  policy_ = std::move(policy);
  book_.set_policy(policy_.poll);
  unknown_words_.clear();
  // A key that was rejected may be another one now.
  if (health_.state == rules::PanelState::key_rejected) health_ = rules::rested(health_, world_.loop.now());
  turn_soon(world_.loop.now());
}

void Poller::track(const Order& order) {
  if (order.untracked) {
    book_.forget(order.row);
    return;
  }
  const auto now = world_.loop.now();
  const store::PollEntry entry{order.row, order.key.id, order.kind, rules::facts_of(order),
                               rules::time_may_tell(order, policy_.poll)};
  book_.put(entry, now, 1.0);
  turn_soon(now);
}

void Poller::forget(std::int64_t row) {
  book_.forget(row);
}

void Poller::poll_now(std::int64_t row, PollDone done) {
  const auto now = world_.loop.now();
  asked_for_.push_back({row, now + patience, std::move(done)});
  turn_soon(now);
}

void Poller::test(TestDone done) {
  const auto now = world_.loop.now();
  tests_.push_back({now + patience, std::move(done)});
  turn_soon(now);
}

void Poller::pause() {
  paused_ = true;
  auto record = world_.store.panel(policy_.name);
  record.paused = true;
  world_.storage.write([&] { world_.store.save_panel(record, {}, world_.loop.now()); });
}

void Poller::resume() {
  paused_ = false;
  const auto now = world_.loop.now();
  auto record = world_.store.panel(policy_.name);
  record.paused = false;
  world_.storage.write([&] { world_.store.save_panel(record, {}, now); });
  health_ = rules::rested(health_, now);
  turn_soon(now);
}

Poller::Times Poller::times(std::int64_t row) const {
  const auto slot = book_.find(row);
  if (!slot || !book_.at(*slot).live) return {};
  const auto& order = book_.at(*slot);
  Times times;
  if (order.answered_ms != 0) times.polled_at = from_millis(order.answered_ms);
  const bool asks = rules::due_after(order.facts, policy_.poll, world_.loop.now()).pace != rules::Pace::never;
  if (asks && !paused_) times.next_poll_at = std::max(from_millis(order.due_ms), health_.rest_until);
  return times;
}

Poller::View Poller::view() const {
  const auto now = world_.loop.now();
  View view;
  view.health = health_;
  view.paused = paused_;
  view.last_success_at = last_success_at_;
  view.last_error_at = last_error_at_;
  if (last_error_at_) {
    view.last_error_kind = panel::to_text(last_error_.kind);
    view.last_error_words = last_error_.words;
  }
  view.orders = book_.size();
  view.due = book_.due(now, count_to);
  view.lag = book_.lag(now);
  view.in_flight = calls_.size();
  view.batch_size = batch_size_;
  view.requests = requests_;
  view.ids_asked = ids_asked_;
  return view;
}

double Poller::jitter() {
  return std::uniform_real_distribution<double>(0.0, 1.0)(random_);
}

panel::Context Poller::context() const {
  return {policy_.key.reveal(), policy_.status_words};
}

// Arms the timer for `when`, or leaves it if it fires sooner. Never waits so long that a step of the wall
// clock goes unnoticed.
void Poller::turn_soon(Timestamp when) {
  if (!started_) return;
  const auto now = world_.loop.now();
  when = std::min(when, now + longest_wait);
  if (timer_.armed() && wake_at_ <= when) return;
  wake_at_ = when;
  timer_.arm(std::max(when - now, Milliseconds(0)));
}

// Due times are wall clock. When it was set back, what was due in the old time must not wait for the new time
// to get there.
void Poller::notice_clock_step(Timestamp now) {
  if (now + clock_slack < last_turn_) {
    const auto step = now - last_turn_;
    book_.shift(step);
    last_sent_ = std::min(last_sent_, now);
    health_.rest_until += step;
  }
  last_turn_ = now;
}

// While a panel is not known to be well, one request at a time is sent to find out.
bool Poller::probing() const {
  return rules::how_to_ask(health_.state) != rules::Asking::freely || health_.failures > 0;
}

std::size_t Poller::polls_in_flight() const {
  return static_cast<std::size_t>(std::count_if(calls_.begin(), calls_.end(), [](const Call& call) {
    return call.purpose == Purpose::polling || call.purpose == Purpose::balance_probe;
  }));
}

// Sends what may be sent now and arms the timer for the moment when that may change by itself. Replies, new
// orders and people come here by turn_soon().
void Poller::turn() {
  const auto now = world_.loop.now();
  notice_clock_step(now);
  drop_expired(now);
  if (batch_size_ < panel::max_batch && now - batch_learnt_ > relearn_after) batch_size_ = panel::max_batch;
  for (;;) {
    const auto slot = rules::next_slot(last_sent_, policy_.requests_per_minute);
    if (slot > now) {
      turn_soon(std::min(slot, first_deadline()));
      return;
    }
    if (send_asked_for(now)) continue;
    if (!send_poll(now)) return;
  }
}

void Poller::drop_expired(Timestamp now) {
  const auto expired = [&](const auto& waiting) { return waiting.deadline <= now; };
  Call dropped;
  while (!asked_for_.empty() && expired(asked_for_.front())) {
    dropped.waiting.push_back(std::move(asked_for_.front()));
    asked_for_.pop_front();
  }
  while (!tests_.empty() && expired(tests_.front())) {
    dropped.tests.push_back(std::move(tests_.front()));
    tests_.pop_front();
  }
  if (!dropped.waiting.empty() || !dropped.tests.empty())
    answer_waiting(dropped, Refusal{Refusal::Why::busy, {}});
}

// When the first of those who wait gives up; far away if nobody waits.
Timestamp Poller::first_deadline() const {
  auto first = Timestamp::max();
  if (!asked_for_.empty()) first = asked_for_.front().deadline;
  if (!tests_.empty()) first = std::min(first, tests_.front().deadline);
  return first;
}

// An order that is being asked about right now is not asked twice: whoever waits for it waits for that reply.
bool Poller::join(Waiting& waiting, Slot slot) {
  for (auto& call : calls_) {
    if (std::find(call.slots.begin(), call.slots.end(), slot) == call.slots.end()) continue;
    call.waiting.push_back(std::move(waiting));
    return true;
  }
  return false;
}

// What people ask for goes before polling, on a connection of its own, also to a panel that is paused or
// resting: they want to know. False when there is nothing to send.
bool Poller::send_asked_for(Timestamp now) {
  const bool under_way = std::any_of(calls_.begin(), calls_.end(), [](const Call& call) {
    return call.purpose == Purpose::asked_for || call.purpose == Purpose::balance_test;
  });
  if (under_way || (asked_for_.empty() && tests_.empty())) {
    turn_soon(first_deadline());
    return false;
  }
  Call call;
  if (!tests_.empty()) {
    call.purpose = Purpose::balance_test;
    call.tests.assign(std::make_move_iterator(tests_.begin()), std::make_move_iterator(tests_.end()));
    tests_.clear();
    send(std::move(call), panel::balance_form(policy_.key), now);
    return true;
  }
  call.purpose = Purpose::asked_for;
  while (!asked_for_.empty() && call.slots.size() < batch_size_) {
    auto waiting = std::move(asked_for_.front());
    asked_for_.pop_front();
    const auto slot = book_.find(waiting.row);
    if (slot && book_.at(*slot).live) {
      if (join(waiting, *slot)) continue;
      const bool again = std::find(call.slots.begin(), call.slots.end(), *slot) != call.slots.end();
      if (!again) call.slots.push_back(*slot);
    }
    call.waiting.push_back(std::move(waiting));
  }
  if (call.slots.empty()) {  // all joined, or untracked meanwhile
    answer_waiting(call,
                   Refusal{Refusal::Why::panel, {panel::ErrorKind::said_no, "the order is not tracked"}});
    return true;
  }
  for (const auto slot : call.slots) {
    book_.take_out(slot);
    call.ids.push_back(book_.at(slot).id);
  }
  auto form = call.ids.size() == 1 ? panel::single_status_form(policy_.key, call.ids.front())
                                   : panel::status_form(policy_.key, call.ids);
  send(std::move(call), std::move(form), now);
  return true;
}

bool Poller::send_poll(Timestamp now) {
  if (paused_ || !world_.storage.writable()) return false;
  const auto limit = probing() ? 1 : static_cast<std::size_t>(policy_.max_in_flight);
  if (polls_in_flight() >= limit) return false;
  if (health_.rest_until > now) {
    turn_soon(health_.rest_until);
    return false;
  }
  if (rules::how_to_ask(health_.state) == rules::Asking::balance_only) {
    Call probe;
    probe.purpose = Purpose::balance_probe;
    send(std::move(probe), panel::balance_form(policy_.key), now);
    return true;
  }
  std::size_t out = 0;
  for (const auto& call : calls_) out += call.slots.size();
  auto batch = book_.take(batch_size_, now, out);
  if (batch.slots.empty()) {
    if (batch.decide_again) turn_soon(*batch.decide_again);
    return false;
  }
  Call call;
  call.slots = std::move(batch.slots);
  call.ids.reserve(call.slots.size());
  for (const auto slot : call.slots) call.ids.push_back(book_.at(slot).id);
  auto form = batch_size_ == 1 ? panel::single_status_form(policy_.key, call.ids.front())
                               : panel::status_form(policy_.key, call.ids);
  send(std::move(call), std::move(form), now);
  return true;
}

void Poller::send(Call call, std::string form, Timestamp now) {
  platform::HttpRequest request;
  request.url = policy_.url;
  request.headers = {{"Content-Type", "application/x-www-form-urlencoded"}, {"Accept", "application/json"}};
  request.body = std::move(form);
  request.timeout = policy_.timeout;
  request.max_body = largest_reply;
  request.proxy = policy_.proxy;
  call.started = now;
  last_sent_ = now;
  ++requests_;
  ids_asked_ += static_cast<std::int64_t>(call.ids.size());
  const auto at = calls_.insert(calls_.end(), std::move(call));
  at->transfer = world_.http.start(
      std::move(request), [this, at](platform::HttpOutcome outcome) { finished(at, std::move(outcome)); });
}

}  // namespace smm::actors
