#include "actors/poller.h"

#include "panel/request.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace smm::actors {
namespace {

// A batch size that was learnt is forgotten: panels get mended.
constexpr std::size_t count_to = 10'000;
constexpr std::size_t orders_a_page = 10'000;

}  // namespace

Poller::Poller(World world, PanelLine& line, PanelPolicy policy)
    : world_(world), line_(line), policy_(std::move(policy)), book_(policy_.poll) {}

void Poller::start() {
  follow_clock();
  const auto now = world_.loop.now();
  std::int64_t after = 0;
  for (;;) {
    const auto entries = world_.store.poll_entries(policy_.name, policy_.poll, after, orders_a_page,
                                                   world_.clock.steps(), now);
    if (entries.empty()) break;
    for (const auto& entry : entries) book_.put(entry, now, line_.jitter());
    after = entries.back().row;
  }
  line_.start([this](Timestamp at) { return next_poll(at); },
              [this](Milliseconds step) { book_.shift(step); });
}

void Poller::set_policy(PanelPolicy policy) {
  const bool elsewhere = policy.url != policy_.url || policy.key != policy_.key;
  if (elsewhere) {
    batch_limit_.forget();
    suspected_cut_ = 0;
    forgotten_in_a_row_.clear();
  }
  if (elsewhere || policy.status_words != policy_.status_words || policy.currency != policy_.currency)
    book_.forget_digests();
  policy_ = std::move(policy);
  book_.set_policy(policy_.poll);
  unknown_words_.clear();
  line_.wake();
}

void Poller::track(const Order& order) {
  if (order.untracked) {
    book_.forget(order.row);
    return;
  }
  follow_clock();
  const auto now = world_.loop.now();
  const store::PollEntry entry{order.row, order.key.id, order.kind,
                               rules::facts_of(order, world_.clock.steps(), now), time_may_tell(order, now)};
  book_.put(entry, now, 1.0);
  line_.wake();
}

void Poller::forget(std::int64_t row) {
  book_.forget(row);
}

Poller::Times Poller::times(std::int64_t row) const {
  const auto slot = book_.find(row);
  if (!slot || !book_.at(*slot).live) return {};
  const auto& order = book_.at(*slot);
  Times times;
  if (order.answered_ms != 0) times.polled_at = from_millis(order.answered_ms);
  const bool asks =
      rules::due_after(order.facts(), policy_.poll, world_.loop.now()).pace != rules::Pace::never;
  if (asks && !line_.paused())
    times.next_poll_at = std::max(from_millis(order.due_ms), line_.health().rest_until);
  return times;
}

Poller::View Poller::view() const {
  const auto now = world_.loop.now();
  return {book_.size(), book_.due(now, count_to), book_.lag(now), batch_limit_.size()};
}

void Poller::poll_now(std::int64_t row, PollDone done) {
  asked_for_.push_back({row, line_.send_by(), std::move(done)});
  // One question carries all who wait by the time it leaves.
  if (asked_for_.size() == 1) ask_for_people();
}

void Poller::want(std::int64_t row) {
  const auto slot = book_.find(row);
  if (slot && book_.want(*slot, world_.loop.now())) line_.wake();
}

void Poller::ask_for_people() {
  PanelLine::Question question;
  question.rank = PanelLine::Rank::person;
  question.send_by = asked_for_.front().deadline;
  const auto at = std::make_shared<std::optional<BatchAt>>();
  question.prepare = [this, at] { return prepare_asked_for(*at); };
  question.answered = [this, at](const platform::HttpOutcome& outcome, Milliseconds) {
    return answered(**at, outcome);
  };
  question.dropped = [this, at](PanelLine::Drop drop) {
    if (*at) {
      dropped(**at, drop);
    } else {
      drop_asked_for(drop);
    }
  };
  line_.ask(std::move(question));
}

// As many as a batch holds. Who waits for an order that is being asked about right now waits for that reply.
std::optional<PanelLine::Outgoing> Poller::prepare_asked_for(std::optional<BatchAt>& at) {
  Batch batch;
  batch.asked_for = true;
  std::vector<Waiting> in_vain;
  std::size_t taken = 0;
  for (; taken < asked_for_.size() && batch.slots.size() < batch_limit_.size(); ++taken) {
    auto& waiting = asked_for_[taken];
    const auto slot = book_.find(waiting.row);
    if (!slot || !book_.at(*slot).live) {  // untracked meanwhile
      in_vain.push_back(std::move(waiting));
      continue;
    }
    if (join(waiting, *slot)) continue;
    const bool again = std::find(batch.slots.begin(), batch.slots.end(), *slot) != batch.slots.end();
    if (!again) batch.slots.push_back(*slot);
    batch.waiting.push_back(std::move(waiting));
  }
  asked_for_.erase(asked_for_.begin(), asked_for_.begin() + static_cast<std::ptrdiff_t>(taken));
  if (!asked_for_.empty()) ask_for_people();
  answer_waiting(in_vain,
                 Refusal{Refusal::Why::panel, {panel::ErrorKind::said_no, "the order is not tracked"}});
  if (batch.slots.empty()) return std::nullopt;
  for (const auto slot : batch.slots) {
    book_.take_out(slot);
    batch.ids.push_back(book_.id_of(slot));
  }
  at = batches_.insert(batches_.end(), std::move(batch));
  (*at)->single = (*at)->ids.size() == 1;
  return outgoing_of(**at);
}

// The first of those who wait has waited in vain, and perhaps others with it.
void Poller::drop_asked_for(PanelLine::Drop drop) {
  const auto now = world_.loop.now();
  const bool all = drop != PanelLine::Drop::busy;
  const auto keeps = [&](const Waiting& waiting) { return !all && waiting.deadline > now; };
  const auto first = std::stable_partition(asked_for_.begin(), asked_for_.end(), keeps);
  std::vector<Waiting> dropped(std::make_move_iterator(first), std::make_move_iterator(asked_for_.end()));
  asked_for_.erase(first, asked_for_.end());
  if (!asked_for_.empty()) ask_for_people();
  answer_waiting(dropped, Refusal{all ? Refusal::Why::ending : Refusal::Why::busy, {}});
}

// An order that is being asked about right now is not asked twice.
bool Poller::join(Waiting& waiting, Slot slot) {
  for (auto& batch : batches_) {
    if (std::find(batch.slots.begin(), batch.slots.end(), slot) == batch.slots.end()) continue;
    batch.waiting.push_back(std::move(waiting));
    return true;
  }
  return false;
}

void Poller::follow_clock() {
  world_.clock.look();
  const auto& moved = world_.clock.moved();
  if (moved.steps == clock_steps_) return;
  book_.clock_stepped(moved.by - clock_moved_);
  clock_steps_ = moved.steps;
  clock_moved_ = moved.by;
}

std::optional<Timestamp> Poller::time_may_tell(const Order& order, Timestamp now) const {
  return rules::time_may_tell(order, policy_.poll, world_.clock.steps(), now);
}

PanelLine::Poll Poller::next_poll(Timestamp now) {
  follow_clock();
  batch_limit_.relearn(now);
  std::size_t out = 0;
  for (const auto& batch : batches_) out += batch.slots.size();
  auto taken = book_.take(batch_limit_.size(), now, out);
  PanelLine::Poll poll;
  if (taken.slots.empty()) {
    poll.again = taken.decide_again;
    return poll;
  }
  Batch batch;
  batch.slots = std::move(taken.slots);
  batch.ids.reserve(batch.slots.size());
  for (const auto slot : batch.slots) batch.ids.push_back(book_.id_of(slot));
  batch.single = batch_limit_.is_single();
  const auto at = batches_.insert(batches_.end(), std::move(batch));
  poll.outgoing = outgoing_of(*at);
  poll.answered = [this, at](const platform::HttpOutcome& outcome, Milliseconds) {
    return answered(at, outcome);
  };
  poll.dropped = [this, at](PanelLine::Drop drop) { dropped(at, drop); };
  return poll;
}

PanelLine::Outgoing Poller::outgoing_of(const Batch& batch) const {
  return {batch.single ? panel::single_status_form(policy_.key, batch.ids.front())
                       : panel::status_form(policy_.key, batch.ids),
          batch.ids.size()};
}

// The line will bring no answer.
void Poller::dropped(BatchAt at, PanelLine::Drop) {
  const auto batch = std::move(*at);
  batches_.erase(at);
  return_slots(batch);
  answer_waiting(batch.waiting, Refusal{Refusal::Why::ending, {}});
}

}  // namespace smm::actors
