#include "actors/refill_follower.h"

#include "actors/asking_kinds.h"
#include "panel/request.h"

#include <algorithm>
#include <memory>
#include <set>
#include <utility>

namespace smm::actors {
namespace {

constexpr Milliseconds retry_storage = std::chrono::seconds(5);

using Statuses = tl::expected<std::vector<panel::Said<panel::RefillReport>>, panel::Error>;

Statuses read_statuses(const panel::Reply& reply, const std::vector<RefillId>& asked,
                       const panel::Context& context) {
  if (asked.size() > 1) return panel::read_refill_statuses(reply, asked, context);
  auto one = panel::read_refill_status(reply, asked.front(), context);
  if (!one) return tl::unexpected(std::move(one.error()));
  return std::vector{std::move(*one)};
}

}  // namespace

RefillFollower::RefillFollower(World world, PanelLine& line, PanelPolicy policy, Ended ended)
    : world_(world),
      line_(line),
      policy_(std::move(policy)),
      ended_(std::move(ended)),
      timer_(world_.loop, [this] { turn(); }) {}

void RefillFollower::start() {
  const auto now = world_.loop.now();
  for (auto& refill : world_.store.purchases().open_refills(policy_.name)) {
    if (!is_accepted_and_open(refill.state)) continue;
    const auto interval = rules::refill_interval(refill, policy_.poll, now).value_or(Milliseconds(0));
    const auto due = now + std::chrono::duration_cast<Milliseconds>(interval * line_.jitter());
    const auto id = refill.id;
    followed_[id] = {std::move(refill), due, {}};
  }
  turn_soon(now);
}

void RefillFollower::set_policy(PanelPolicy policy) {
  if (policy.url != policy_.url || policy.key != policy_.key) batch_limit_.forget();
  policy_ = std::move(policy);
  const auto now = world_.loop.now();
  for (auto& [id, followed] : followed_) {
    const auto interval = rules::refill_interval(followed.refill, policy_.poll, now);
    if (interval) followed.due = std::min(followed.due, now + *interval);
  }
  turn_soon(now);
}

void RefillFollower::settled(const std::vector<Refill>& refills) {
  const auto now = world_.loop.now();
  for (const auto& refill : refills) {
    if (!is_accepted_and_open(refill.state)) continue;
    const auto due = next_due(refill, now);
    followed_[refill.id] = {refill, due, {}};
    turn_soon(due);
  }
}

// The wall clock may be set: never waits so long that it goes unnoticed.
void RefillFollower::turn_soon(Timestamp when) {
  const auto now = world_.loop.now();
  timer_.arm_within(std::clamp(when, now, now + longest_wait) - now);
}

void RefillFollower::turn() {
  if (followed_.empty()) return;
  const auto now = world_.loop.now();
  expire(now);
  auto next = now + longest_wait;
  for (auto& [id, followed] : followed_) {
    if (!followed.refill.upstream) continue;
    // The clock was set back: what was due in the old time must not wait for the new one to get there.
    if (followed.due > now + policy_.poll.slowest * 2) followed.due = now;
    next = std::min(next, followed.due);
  }
  if (asking_) return turn_soon(now + longest_wait);
  if (next <= now) {
    question();
    next = now + longest_wait;
  }
  turn_soon(next);
}

void RefillFollower::question() {
  asking_ = true;
  const auto batch = std::make_shared<Batch>();
  PanelLine::Question question;
  question.rank = PanelLine::Rank::errand;
  question.prepare = [this, batch] { return prepare(*batch); };
  question.answered = [this, batch](const platform::HttpOutcome& outcome, Milliseconds) {
    asking_ = false;
    auto verdict = answered(*batch, outcome);
    turn_soon(world_.loop.now());
    return verdict;
  };
  question.dropped = [this, batch](PanelLine::Drop) {
    asking_ = false;
    put_off(*batch);
  };
  line_.ask(std::move(question));
}

// Those due, the longest overdue first, and with them what is due in a moment. An id the panel gave twice
// goes once a request.
std::optional<PanelLine::Outgoing> RefillFollower::prepare(Batch& batch) {
  const auto now = world_.loop.now();
  batch_limit_.relearn(now);
  std::vector<std::pair<Timestamp, std::int64_t>> due;
  for (const auto& [id, followed] : followed_) {
    if (followed.refill.upstream && followed.due <= now + policy_.poll.fastest)
      due.emplace_back(followed.due, id);
  }
  std::sort(due.begin(), due.end());
  const bool is_read = world_.storage.read([&] { fill(batch, due); });
  if (!is_read || batch.ids.empty()) {
    batch = {};
    asking_ = false;
    turn_soon(now + (is_read ? policy_.poll.fastest : retry_storage));
    return std::nullopt;
  }
  return PanelLine::Outgoing{panel::refill_status_form(policy_.key, batch.upstream), batch.ids.size()};
}

void RefillFollower::fill(Batch& batch, const std::vector<std::pair<Timestamp, std::int64_t>>& due) {
  std::set<RefillId> taken;
  for (const auto& [at, id] : due) {
    if (batch.ids.size() >= batch_limit_.size()) break;
    auto& followed = followed_[id];
    auto refill = world_.store.purchases().refill(id);
    if (!refill || !is_accepted_and_open(refill->state)) {  // erased meanwhile
      followed_.erase(id);
      continue;
    }
    followed.refill = std::move(*refill);
    if (!taken.insert(*followed.refill.upstream).second) continue;
    batch.ids.push_back(id);
    batch.upstream.push_back(*followed.refill.upstream);
  }
}

std::optional<PanelLine::Verdict> RefillFollower::answered(const Batch& batch,
                                                           const platform::HttpOutcome& outcome) {
  if (!outcome) return failed(batch, to_error(outcome.error()));
  const auto said = read_statuses({outcome->status, outcome->body}, batch.upstream, line_.context());
  if (!said) return failed(batch, said.error());
  const auto now = world_.loop.now();
  Findings findings;
  const bool is_read = world_.storage.read([&] { findings = judge(batch, *said, now); });
  if (!is_read || !write_down(std::move(findings.changes))) {
    put_off(batch);
    return std::nullopt;
  }
  for (const auto id : batch.ids) {
    const auto at = followed_.find(id);
    if (at == followed_.end()) continue;
    at->second.doubt = findings.doubts[id];
    at->second.due = next_due(at->second.refill, now);
  }
  return line_.good_errand();
}

std::optional<PanelLine::Verdict> RefillFollower::failed(const Batch& batch, const panel::Error& error) {
  if (error.kind == panel::ErrorKind::batch_refused && batch.ids.size() > 1) {
    batch_limit_.learn(1, world_.loop.now());  // a panel that takes no batches
    return std::nullopt;
  }
  put_off(batch);
  auto verdict = verdict_of_errand(error);
  if (!verdict) line_.note(error);
  return verdict;
}

RefillFollower::Findings RefillFollower::judge(const Batch& batch,
                                               const std::vector<panel::Said<panel::RefillReport>>& said,
                                               Timestamp now) const {
  Findings findings;
  const auto clock = clock_view();
  for (std::size_t i = 0; i < batch.ids.size(); ++i) {
    const auto at = followed_.find(batch.ids[i]);
    if (at == followed_.end()) continue;
    auto& doubt = findings.doubts[batch.ids[i]] = at->second.doubt;
    rules::RefillAnswer answer;
    if (const auto* report = std::get_if<panel::RefillReport>(&said[i])) {
      answer.words = report->word;
    } else if (const auto* refused = std::get_if<panel::Refused>(&said[i])) {
      answer = {refused->words, true};
    } else {
      continue;
    }
    if (auto step = rules::refill_transition(at->second.refill, answer, doubt, policy_.poll, clock, now)) {
      add(findings, std::move(*step));
    }
  }
  return findings;
}

// Every event about a refill also says whose order it is about.
void RefillFollower::add(Findings& findings, rules::RefillStep step) const {
  if (const auto order = world_.store.find_row(step.after.order_row)) {
    for (auto& event : step.events) add_order_words(event, *order);
  }
  findings.changes.push_back({std::move(step.after), std::move(step.events)});
}

void RefillFollower::expire(Timestamp now) {
  Findings findings;
  const auto clock = clock_view();
  const bool is_read = world_.storage.read([&] {
    for (const auto& [id, followed] : followed_) {
      if (auto step = rules::expired_refill(followed.refill, clock, now)) add(findings, std::move(*step));
    }
  });
  if (!is_read || !write_down(std::move(findings.changes))) turn_soon(now + retry_storage);
}

rules::ClockView RefillFollower::clock_view() const {
  world_.clock.look();
  return {world_.clock.steps(), world_.clock.believed()};
}

bool RefillFollower::write_down(std::vector<store::RefillChange> changes) {
  if (changes.empty()) return true;
  const bool written =
      world_.storage.write([&] { world_.store.purchases().settle_refills(changes, world_.loop.now()); });
  if (!written) return false;
  std::vector<Refill> ended;
  for (auto& change : changes) {
    const auto at = followed_.find(change.after.id);
    if (is_accepted_and_open(change.after.state)) {
      if (at != followed_.end()) at->second.refill = std::move(change.after);
    } else {
      if (at != followed_.end()) followed_.erase(at);
      ended.push_back(std::move(change.after));
    }
  }
  if (!ended.empty()) ended_(ended);
  return true;
}

// Not answered: asked again at its pace; the line itself waits longer when the panel is not well.
void RefillFollower::put_off(const Batch& batch) {
  const auto now = world_.loop.now();
  for (const auto id : batch.ids) {
    const auto at = followed_.find(id);
    if (at != followed_.end()) at->second.due = next_due(at->second.refill, now);
  }
  turn_soon(now + policy_.poll.fastest);
}

Timestamp RefillFollower::next_due(const Refill& refill, Timestamp now) const {
  const auto interval = rules::refill_interval(refill, policy_.poll, now);
  return now + std::max(interval.value_or(policy_.poll.slowest), policy_.poll.fastest);
}

}  // namespace smm::actors
