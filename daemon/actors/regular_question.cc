#include "actors/regular_question.h"

#include <algorithm>
#include <utility>

namespace smm::actors {
namespace {

constexpr Milliseconds first_retry = std::chrono::minutes(1);
constexpr Milliseconds longest_spread = std::chrono::minutes(1);
constexpr int most_doublings = 16;
constexpr auto fresh_for = std::chrono::seconds(10);

}  // namespace

RegularQuestion::RegularQuestion(World world, PanelLine& line, Subject subject)
    : world_(world),
      line_(line),
      subject_(std::move(subject)),
      timer_(world_.loop, [this] { ask(PanelLine::Rank::errand); }) {}

void RegularQuestion::start(bool is_known, Milliseconds every) {
  every_ = every;
  const auto spread = is_known ? std::min(every, longest_spread) : Milliseconds(0);
  timer_.arm(std::chrono::duration_cast<Milliseconds>(spread * line_.jitter()));
}

void RegularQuestion::set_every(Milliseconds every) {
  every_ = every;
  ask_within(every_);
}

void RegularQuestion::ask_within(Milliseconds delay) {
  if (errand_waits_ || under_way_) return;  // its answer arms the timer
  timer_.arm_within(delay);
}

void RegularQuestion::ask_now(Done done) {
  const auto now = world_.loop.now();
  if (last_ && last_->at <= now && now - last_->at < fresh_for) return done(last_->refusal);
  waiting_.push_back(std::move(done));
  if (!under_way_ && !person_waits_) ask(PanelLine::Rank::person);
}

void RegularQuestion::ask(PanelLine::Rank rank) {
  auto& waits = rank == PanelLine::Rank::person ? person_waits_ : errand_waits_;
  if (waits) return;
  waits = true;
  PanelLine::Question question;
  question.rank = rank;
  if (rank == PanelLine::Rank::person) question.send_by = line_.send_by();
  question.prepare = [this, rank] { return prepare(rank); };
  question.answered = [this](const platform::HttpOutcome& outcome, Milliseconds) {
    return answered(outcome);
  };
  question.dropped = [this, rank](PanelLine::Drop drop) { dropped(rank, drop); };
  line_.ask(std::move(question));
}

// One of the two may be under way already: then its answer is that of both.
std::optional<PanelLine::Outgoing> RegularQuestion::prepare(PanelLine::Rank rank) {
  (rank == PanelLine::Rank::person ? person_waits_ : errand_waits_) = false;
  const bool is_answered = rank == PanelLine::Rank::errand && timer_.armed();  // while it waited
  if (under_way_ || is_answered) return std::nullopt;
  under_way_ = true;
  return subject_.form();
}

std::optional<PanelLine::Verdict> RegularQuestion::answered(const platform::HttpOutcome& outcome) {
  under_way_ = false;
  if (!outcome) {
    const auto error = to_error(outcome.error());
    finish(Refusal{Refusal::Why::panel, error});
    return verdict_of_errand(error);
  }
  const auto refusal = subject_.take({outcome->status, outcome->body});
  finish(refusal);
  if (!refusal) return line_.good_errand();
  if (refusal->why != Refusal::Why::panel) return std::nullopt;
  auto verdict = verdict_of_errand(refusal->error);
  if (!verdict) line_.note(refusal->error);
  return verdict;
}

void RegularQuestion::dropped(PanelLine::Rank rank, PanelLine::Drop drop) {
  if (drop == PanelLine::Drop::cut) {  // it was under way; with another key or URL it is asked again
    under_way_ = false;
    timer_.arm(Milliseconds(0));
  } else {
    (rank == PanelLine::Rank::person ? person_waits_ : errand_waits_) = false;
    if (under_way_ && drop == PanelLine::Drop::busy) return;  // who waits gets the answer that is coming
  }
  const auto why = drop == PanelLine::Drop::busy ? Refusal::Why::busy : Refusal::Why::ending;
  for (const auto& done : std::exchange(waiting_, {})) done(Refusal{why, {}});
}

void RegularQuestion::finish(const std::optional<Refusal>& refusal) {
  failures_ = refusal ? std::min(failures_ + 1, most_doublings) : 0;
  last_ = Last{world_.loop.now(), refusal};
  timer_.arm(refusal ? std::min(every_, first_retry * (1 << (failures_ - 1))) : every_);
  for (const auto& done : std::exchange(waiting_, {})) done(refusal);
}

}  // namespace smm::actors
