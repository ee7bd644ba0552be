#include "actors/message_ids.h"
#include "actors/note.h"
#include "actors/panel_line.h"
#include "panel/request.h"

#include <utility>

// The second half of a line: what answers say of the panel's health, and how it is tried.
namespace smm::actors {

panel::Error to_error(const platform::TransportError& failure) {
  using Kind = platform::TransportErrorKind;
  switch (failure.kind) {
    case Kind::timeout:
      return {panel::ErrorKind::timeout, failure.detail};
    case Kind::too_large:
      return {panel::ErrorKind::too_large, failure.detail};
    case Kind::bad_url:
    case Kind::dns:
    case Kind::refused_address:
    case Kind::connect:
    case Kind::tls:
      return {panel::ErrorKind::unreachable, failure.detail};
    case Kind::not_resent:
    case Kind::broken_off:
    case Kind::other:
      return {panel::ErrorKind::broken_off, failure.detail};
  }
  return {panel::ErrorKind::broken_off, failure.detail};
}

PanelLine::Verdict verdict_of(const panel::Error& error) {
  auto outcome = rules::RequestOutcome::failed;
  if (error.kind == panel::ErrorKind::rate_limited) outcome = rules::RequestOutcome::rate_limited;
  if (error.kind == panel::ErrorKind::key_rejected) outcome = rules::RequestOutcome::key_rejected;
  return {outcome, error};
}

PanelLine::Verdict verdict_of_refusal(const panel::Error& refusal) {
  const bool about_us =
      refusal.kind == panel::ErrorKind::rate_limited || refusal.kind == panel::ErrorKind::key_rejected;
  return about_us ? verdict_of(refusal) : PanelLine::Verdict{};
}

std::optional<PanelLine::Verdict> verdict_of_errand(const panel::Error& error) {
  switch (error.kind) {
    case panel::ErrorKind::rate_limited:
    case panel::ErrorKind::key_rejected:
    case panel::ErrorKind::timeout:
    case panel::ErrorKind::unreachable:
    case panel::ErrorKind::broken_off:
      return verdict_of(error);
    case panel::ErrorKind::empty:
    case panel::ErrorKind::not_json:
    case panel::ErrorKind::truncated:
    case panel::ErrorKind::malformed:
    case panel::ErrorKind::wrong_shape:
    case panel::ErrorKind::redirected:
    case panel::ErrorKind::http_error:
    case panel::ErrorKind::batch_refused:
    case panel::ErrorKind::said_no:
    case panel::ErrorKind::too_large:
      return std::nullopt;
  }
  return std::nullopt;
}

void PanelLine::test(TestDone done) {
  if (tests_) {
    tests_->done.push_back(std::move(done));
    return;
  }
  tests_ = std::make_shared<WaitingTests>();
  tests_->done.push_back(std::move(done));
  ask_for_test(tests_, false);
}

void PanelLine::examine(TestDone done) {
  const auto waiting = std::make_shared<WaitingTests>();
  waiting->done.push_back(std::move(done));
  ask_for_test(waiting, true);
}

void PanelLine::ask_for_test(const std::shared_ptr<WaitingTests>& waiting, bool closely) {
  Question question;
  question.rank = Rank::person;
  question.send_by = send_by();
  question.prepare = [this, waiting, closely]() -> std::optional<Outgoing> {
    if (tests_ == waiting) tests_.reset();
    Outgoing outgoing{panel::balance_form(policy_.key)};
    outgoing.closely = closely;
    return outgoing;
  };
  question.answered = [this, waiting](const platform::HttpOutcome& outcome, Milliseconds took) {
    return test_answered(*waiting, outcome, took);
  };
  question.dropped = [this, waiting](Drop drop) {
    if (tests_ == waiting) tests_.reset();
    const auto why = drop == Drop::busy ? Refusal::Why::busy : Refusal::Why::ending;
    for (const auto& each : waiting->done) each({tl::unexpected(Refusal{why, {}}), Milliseconds(0)});
  };
  ask(std::move(question));
}

std::optional<PanelLine::Verdict> PanelLine::test_answered(const WaitingTests& waiting,
                                                           const platform::HttpOutcome& outcome,
                                                           Milliseconds took) {
  const auto read = [&]() -> tl::expected<panel::Balance, panel::Error> {
    if (!outcome) return tl::unexpected(to_error(outcome.error()));
    return panel::read_balance({outcome->status, outcome->body}, context());
  };
  const auto balance = read();
  if (balance && balance_seen_) balance_seen_(*balance);
  for (const auto& each : waiting.done) {
    if (balance) {
      each({*balance, took, &outcome});
    } else {
      each({tl::unexpected(Refusal{Refusal::Why::panel, balance.error()}), took, &outcome});
    }
  }
  return balance ? Verdict{} : verdict_of(balance.error());
}

// A rejected key is tried with a balance call.
void PanelLine::send_probe(Timestamp now) {
  Call call;
  call.kind = Kind::probe;
  call.answered = [this](const platform::HttpOutcome& outcome, Milliseconds took) {
    return test_answered({}, outcome, took);
  };
  call.dropped = [](Drop) {};
  call.started = now;
  send(std::move(call), {panel::balance_form(policy_.key)});
}

std::optional<PanelLine::Verdict> PanelLine::good_errand() const {
  if (has_polls_ && probing()) return std::nullopt;
  return Verdict{};
}

void PanelLine::step_health(const Verdict& verdict, std::optional<Milliseconds> retry_after) {
  const auto now = world_.loop.now();
  const bool is_good = verdict.outcome == rules::RequestOutcome::good;
  if (is_good) {
    last_success_at_ = now;
  } else {
    note(verdict.error);
  }
  const auto step =
      rules::after_request(health_, verdict.outcome, retry_after, policy_.poll.slowest, now, jitter());
  if (step.after.state == health_.state) {
    health_ = step.after;
    return;
  }
  const auto words = is_good ? std::string() : verdict.error.words;
  const auto kind = is_good ? std::string() : std::string(panel::to_text(verdict.error.kind));
  std::vector<EventDraft> events;
  const auto say = [&](EventType type) {
    EventDraft draft{type, policy_.name, std::nullopt, std::nullopt, {}};
    if (!is_good) draft.data = {{"reason", kind}, {"words", words}};
    events.push_back(std::move(draft));
  };
  if (step.went_down) say(EventType::panel_down);
  if (step.key_rejected) say(EventType::panel_key_rejected);
  if (step.came_up) say(EventType::panel_up);
  const bool kept = keep(
      [&](store::PanelRecord& record) {
        record.state = std::string(rules::to_text(step.after.state));
        record.state_since = step.after.since;
        record.last_error = words;
        record.last_error_at = is_good ? std::nullopt : std::optional(now);
        record.last_success_at = last_success_at_;
      },
      events);
  if (!kept) {
    // The panel's state is what was told: the next answer tries again to change it.
    const auto told = std::exchange(health_, step.after);
    health_.state = told.state;
    health_.since = told.since;
    return;
  }
  health_ = step.after;
}

void PanelLine::say_errors(const Repeated::Said& said) const {
  const auto name = "panel " + policy_.name.text() + ": ";
  Note line{Level::warning, message_ids::panel_errors, {{"SMM_PANEL", policy_.name.text()}}};
  if (said.phase == Repeated::Phase::over) {
    line.level = Level::info;
    line.message_id = message_ids::panel_quiet;
    return actors::note(line, name + "no errors for 10 min");
  }
  line.fields.emplace_back("SMM_ERROR", said.kind);
  auto words = said.kind;
  if (!said.words.empty()) words += ": " + spoken(said.words, {policy_.url, policy_.proxy});
  if (said.phase == Repeated::Phase::first) return actors::note(line, name + words);
  const auto count = std::to_string(said.count);
  line.fields.emplace_back("SMM_COUNT", count);
  actors::note(line, name + count + " more in the last 10 min, the last: " + words);
}

}  // namespace smm::actors
