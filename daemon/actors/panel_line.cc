#include "actors/panel_line.h"

#include "panel/request.h"
#include "rules/retry.h"

#include <algorithm>
#include <utility>

namespace smm::actors {
namespace {

// What a person asks for is sent within this time or not at all.
constexpr auto patience = std::chrono::seconds(10);
constexpr auto scheduling_slack = std::chrono::seconds(2);
// Of what people ask for, so much may be under way at once: one that may be repeated, and, since an answer to
// one of these may take minutes, several that may not.
constexpr std::size_t most_person = 1;
constexpr std::size_t most_once = 8;

}  // namespace

PanelLine::PanelLine(World world, const PanelPolicy& policy)
    : world_(world),
      policy_(policy),
      errors_(world_.loop, [this](const Repeated::Said& said) { say_errors(said); }),
      random_(std::random_device{}()),
      timer_(world_.loop, [this] { turn(); }) {}

// Whoever waits is told that nothing will come.
PanelLine::~PanelLine() {
  close();
}

void PanelLine::close() {
  drain();
  auto calls = std::exchange(calls_, {});
  for (auto& call : calls) {
    call.transfer.cancel();
    traffic_.count(call.action, "cut");
    call.dropped(Drop::cut);
  }
}

void PanelLine::start(PollSource source, std::function<void(Milliseconds step)> clock_set_back) {
  const auto now = world_.loop.now();
  const auto record = world_.store.panel(policy_.name);
  paused_ = record.paused;
  // A start tries again at once, whatever was before; what was said of the state is not said twice.
  health_ = {};
  health_.state = rules::panel_state_from_text(record.state).value_or(rules::PanelState::up);
  health_.since = record.state_since == Timestamp() ? now : record.state_since;
  health_.rest_until = now;
  last_success_at_ = record.last_success_at;
  source_ = std::move(source);
  clock_set_back_ = std::move(clock_set_back);
  turn_soon(now);
}

void PanelLine::set_policy(const PanelPolicy& policy) {
  const bool elsewhere =
      policy.url != policy_.url || policy.key != policy_.key || policy.proxy != policy_.proxy;
  policy_ = policy;
  if (elsewhere) cut_repeatable();
  // A key that was rejected may be another one now.
  if (health_.state == rules::PanelState::key_rejected) health_ = rules::rested(health_, world_.loop.now());
  turn_soon(world_.loop.now());
}

void PanelLine::ask(Question question) {
  if (draining_) {
    question.dropped(Drop::ending);
    return;
  }
  auto& queue = question.rank == Rank::person ? persons_ : errands_;
  queue.push_back(std::move(question));
  turn_soon(world_.loop.now());
}

void PanelLine::drain() {
  draining_ = true;
  auto waiting = std::exchange(persons_, {});
  std::move(errands_.begin(), errands_.end(), std::back_inserter(waiting));
  errands_.clear();
  for (const auto& question : waiting) question.dropped(Drop::ending);
  cut_repeatable();
}

void PanelLine::remember() {
  keep([this](store::PanelRecord& record) { record.last_success_at = last_success_at_; }, {});
}

// False: the storage would not.
bool PanelLine::keep(const std::function<void(store::PanelRecord&)>& change,
                     std::span<const EventDraft> events) {
  return world_.storage.write([&] {
    auto record = world_.store.panel(policy_.name);
    const auto before = record;
    change(record);
    if (!events.empty() || !(record == before)) world_.store.save_panel(record, events, world_.loop.now());
  });
}

void PanelLine::cut_repeatable() {
  std::list<Call> cut;
  for (auto at = calls_.begin(); at != calls_.end();) {
    const auto call = at++;
    if (!call->once) cut.splice(cut.end(), calls_, call);
  }
  for (auto& call : cut) {
    call.transfer.cancel();
    traffic_.count(call.action, "cut");
    call.dropped(Drop::cut);
  }
}

Timestamp PanelLine::send_by() const {
  return world_.loop.now() + patience;
}

bool PanelLine::pause() {
  return set_paused(true);
}

bool PanelLine::resume() {
  if (!set_paused(false)) return false;
  const auto now = world_.loop.now();
  health_ = rules::rested(health_, now);
  turn_soon(now);
  return true;
}

bool PanelLine::set_paused(bool paused) {
  if (!keep([paused](store::PanelRecord& record) { record.paused = paused; }, {})) return false;
  paused_ = paused;
  return true;
}

void PanelLine::note(panel::Error error) {
  noted_ = error.kind;
  errors_.happened(answered_action_ + ": " + std::string(panel::to_text(error.kind)), error.words);
  last_error_ = std::move(error);
  last_error_at_ = world_.loop.now();
}

PanelLine::View PanelLine::view() const {
  return {health_,     paused_,       last_success_at_, last_error_at_,
          last_error_, calls_.size(), requests_,        ids_asked_};
}

panel::Context PanelLine::context() const {
  const auto& key = answering_ == nullptr ? policy_.key : answering_->key;
  return {key.reveal(), policy_.status_words};
}

double PanelLine::jitter() {
  return std::uniform_real_distribution<double>(0.0, 1.0)(random_);
}

// Arms the timer for `when`, or leaves it if it fires sooner. Never waits so long that a step of the wall
// clock goes unnoticed.
void PanelLine::turn_soon(Timestamp when) {
  if (!source_) return;
  const auto now = world_.loop.now();
  timer_.arm_within(std::clamp(when, now, now + longest_wait) - now);
}

// Due times are wall clock. When it was set back, what was due in the old time must not wait for the new time
// to get there.
void PanelLine::notice_clock_step(Timestamp now) {
  if (now + scheduling_slack < last_turn_) {
    const auto step = now - last_turn_;
    clock_set_back_(step);
    last_sent_ = std::min(last_sent_, now);
    health_.rest_until += step;
    for (auto* queue : {&persons_, &errands_}) {
      for (auto& question : *queue) {
        if (question.send_by) *question.send_by += step;
      }
    }
  }
  last_turn_ = now;
}

// While a panel is not known to be well, one request at a time is sent to find out.
bool PanelLine::probing() const {
  return rules::how_to_ask(health_.state) != rules::Asking::freely || health_.failures > 0;
}

std::size_t PanelLine::count(Kind kind, bool once) const {
  return static_cast<std::size_t>(std::count_if(calls_.begin(), calls_.end(), [&](const Call& call) {
    return call.kind == kind && call.once == once;
  }));
}

// Sends what may be sent now and arms the timer for the moment when that may change by itself. Replies, new
// orders and people come here by turn_soon().
void PanelLine::turn() {
  const auto now = world_.loop.now();
  notice_clock_step(now);
  drop_expired(now);
  while (!draining_) {
    const auto slot = rules::next_slot(last_sent_, policy_.requests_per_minute);
    if (slot > now) {
      turn_soon(std::min(slot, first_deadline()));
      return;
    }
    if (send_person(now)) continue;
    if (!send_business(now)) return;
  }
}

void PanelLine::drop_expired(Timestamp now) {
  std::vector<Question> dropped;
  for (auto* queue : {&persons_, &errands_}) {
    const auto keeps = [&](const Question& question) { return !question.send_by || *question.send_by > now; };
    const auto first = std::stable_partition(queue->begin(), queue->end(), keeps);
    std::move(first, queue->end(), std::back_inserter(dropped));
    queue->erase(first, queue->end());
  }
  for (const auto& question : dropped) question.dropped(Drop::busy);
}

// When the first of those who wait gives up; far away if nobody waits.
Timestamp PanelLine::first_deadline() const {
  auto first = Timestamp::max();
  for (const auto* queue : {&persons_, &errands_}) {
    for (const auto& question : *queue) {
      if (question.send_by) first = std::min(first, *question.send_by);
    }
  }
  return first;
}

// On connections of their own, beside polling. False when there is nothing to send.
bool PanelLine::send_person(Timestamp now) {
  if (send_first(persons_, Kind::person, now)) return true;
  turn_soon(first_deadline());
  return false;
}

bool PanelLine::has_room(const Question& question) const {
  if (question.rank == Rank::errand) return true;  // business as a whole has its limit
  return count(Kind::person, question.once) < (question.once ? most_once : most_person);
}

// The first question of the queue that still wants to be asked.
bool PanelLine::send_first(std::deque<Question>& queue, Kind kind, Timestamp now) {
  for (;;) {
    const auto first =
        std::find_if(queue.begin(), queue.end(), [this](const Question& each) { return has_room(each); });
    if (first == queue.end()) return false;
    auto question = std::move(*first);
    queue.erase(first);
    auto outgoing = question.prepare();
    if (!outgoing) continue;
    Call call;
    call.kind = kind;
    call.once = question.once;
    call.started = now;
    call.answered = std::move(question.answered);
    call.dropped = std::move(question.dropped);
    send(std::move(call), std::move(*outgoing));
    return true;
  }
}

bool PanelLine::send_business(Timestamp now) {
  if (paused_ || !world_.storage.writable()) return false;
  const auto limit = probing() ? 1 : static_cast<std::size_t>(policy_.max_in_flight);
  const auto people = count(Kind::person, false) + count(Kind::person, true);
  if (calls_.size() - people >= limit) return false;
  if (health_.rest_until > now) {
    turn_soon(health_.rest_until);
    return false;
  }
  if (rules::how_to_ask(health_.state) == rules::Asking::balance_only) {
    send_probe(now);
    return true;
  }
  if (send_first(errands_, Kind::errand, now)) return true;
  auto poll = source_(now);
  has_polls_ = poll.outgoing || poll.again;
  if (!poll.outgoing) {
    if (poll.again) turn_soon(*poll.again);
    return false;
  }
  Call call;
  call.answered = std::move(poll.answered);
  call.dropped = std::move(poll.dropped);
  call.started = now;
  send(std::move(call), std::move(*poll.outgoing));
  return true;
}

void PanelLine::send(Call call, Outgoing outgoing) {
  platform::HttpRequest request;
  request.url = policy_.url;
  request.headers = {{"Content-Type", "application/x-www-form-urlencoded"}, {"Accept", "application/json"}};
  call.action = panel::action_of(outgoing.form);
  request.body = std::move(outgoing.form);
  request.timeout = call.once ? policy_.place_timeout : policy_.timeout;
  request.max_body = outgoing.largest_reply;
  request.proxy = policy_.proxy;
  request.send_once = call.once;
  request.fresh_connection = call.once || outgoing.closely;
  request.wants_details = outgoing.closely;
  call.key = policy_.key;
  call.sent_ms = platform::EventLoop::monotonic_ms();
  last_sent_ = call.started;
  ++requests_;
  ids_asked_ += static_cast<std::int64_t>(outgoing.ids);
  const auto at = calls_.insert(calls_.end(), std::move(call));
  at->transfer = world_.http.start(
      std::move(request), [this, at](const platform::HttpOutcome& outcome) { finished(at, outcome); });
}

void PanelLine::finished(CallAt at, const platform::HttpOutcome& outcome) {
  const Call call = std::move(*at);
  calls_.erase(at);
  const auto now = world_.loop.now();
  answering_ = &call;
  noted_.reset();
  answered_action_ = call.action;
  const auto verdict = call.answered(outcome, now - call.started);
  answering_ = nullptr;
  count_answer(call, outcome, verdict);
  if (verdict) {
    std::optional<Milliseconds> retry_after;
    if (outcome) retry_after = rules::read_retry_after(outcome->header("retry-after"), now);
    step_health(*verdict, retry_after);
  }
  turn_soon(world_.loop.now());
}

// "ok", or what was wrong with the answer, also where that says nothing of the panel's health.
void PanelLine::count_answer(const Call& call, const platform::HttpOutcome& outcome,
                             const std::optional<Verdict>& verdict) {
  std::string result = "ok";
  if (!outcome) {
    result = panel::to_text(to_error(outcome.error()).kind);
  } else if (verdict && verdict->outcome != rules::RequestOutcome::good) {
    result = panel::to_text(verdict->error.kind);
  } else if (noted_) {
    result = panel::to_text(*noted_);
  }
  traffic_.add(call.action, result, Milliseconds(platform::EventLoop::monotonic_ms() - call.sent_ms));
}

}  // namespace smm::actors
