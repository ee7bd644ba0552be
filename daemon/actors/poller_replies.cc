#include "actors/poller.h"
#include "domain/text.h"
#include "panel/request.h"
#include "rules/retry.h"
#include "rules/transition.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <iterator>
#include <utility>

// The second half of a poller: what comes back, what it means, and what is written.
namespace smm::actors {
namespace {

constexpr std::size_t most_unknown_words = 100;

panel::Error to_error(const platform::TransportError& failure) {
  using Kind = platform::TransportErrorKind;
  switch (failure.kind) {
    case Kind::timeout:
      return {panel::ErrorKind::timeout, failure.detail};
    case Kind::too_large:
      return {panel::ErrorKind::too_large, failure.detail};
    case Kind::not_resent:
    case Kind::broken_off:
      return {panel::ErrorKind::broken_off, failure.detail};
    case Kind::bad_url:
    case Kind::dns:
    case Kind::refused_address:
    case Kind::connect:
    case Kind::tls:
      return {panel::ErrorKind::unreachable, failure.detail};
    case Kind::other:
      return {panel::ErrorKind::broken_off, failure.detail};
  }
  return {panel::ErrorKind::broken_off, failure.detail};
}

rules::RequestOutcome outcome_of(panel::ErrorKind kind) {
  if (kind == panel::ErrorKind::rate_limited) return rules::RequestOutcome::rate_limited;
  if (kind == panel::ErrorKind::key_rejected) return rules::RequestOutcome::key_rejected;
  return rules::RequestOutcome::failed;
}

}  // namespace

void Poller::finished(CallAt at, platform::HttpOutcome outcome) {
  Call call = std::move(*at);
  calls_.erase(at);
  const auto now = world_.loop.now();
  if (!outcome) {
    failed(call, to_error(outcome.error()), std::nullopt);
  } else {
    const auto retry_after = rules::read_retry_after(outcome->header("retry-after"), now);
    const panel::Reply reply{outcome->status, outcome->body};
    if (call.purpose == Purpose::balance_probe || call.purpose == Purpose::balance_test) {
      balance_reply(call, panel::read_balance(reply, context()), retry_after);
    } else {
      status_reply(call, reply, retry_after);
    }
  }
  turn_soon(world_.loop.now());
}

void Poller::balance_reply(Call& call, const tl::expected<panel::Balance, panel::Error>& balance,
                           std::optional<Milliseconds> retry_after) {
  if (!balance) {
    failed(call, balance.error(), retry_after);
    return;
  }
  last_success_at_ = world_.loop.now();
  step_health(rules::RequestOutcome::good, std::nullopt, nullptr);
  const auto took = world_.loop.now() - call.started;
  for (const auto& waiting : call.tests) waiting.done({*balance, took});
}

void Poller::status_reply(Call& call, const panel::Reply& reply, std::optional<Milliseconds> retry_after) {
  const bool single = call.purpose == Purpose::asked_for ? call.ids.size() == 1 : batch_size_ == 1;
  const auto entries = single && call.ids.size() == 1
                           ? reader_.read_single(reply, call.ids.front(), context())
                           : reader_.read_batch(reply, call.ids, context());
  if (!entries) {
    failed(call, entries.error(), retry_after);
    return;
  }
  const auto now = world_.loop.now();
  const auto verdict = judge(call, *entries, now);
  if (!verdict) {
    failed(call, verdict.error(), retry_after);
    return;
  }
  if (!world_.storage.write([&] { world_.store.record(verdict->changes, now); })) {
    // Not committed, so not believed: the digests stay as they were and the panel is asked again.
    return_slots(call);
    answer_waiting(call, Refusal{Refusal::Why::storage, {}});
    return;
  }
  commit(call, *entries, *verdict, now);
  last_success_at_ = now;
  step_health(rules::RequestOutcome::good, std::nullopt, nullptr);
  answer_waiting(call, std::nullopt);
}

// What the whole reply means, before any of it is written. Broken JSON in one entry breaks the whole reply:
// half a reply is not believed.
tl::expected<Poller::Verdict, panel::Error> Poller::judge(const Call& call,
                                                          const std::vector<panel::Entry>& entries,
                                                          Timestamp now) {
  Verdict verdict;
  verdict.answered.resize(call.ids.size(), false);
  for (const auto& entry : entries) {
    const auto& slot = book_.at(call.slots[entry.asked]);
    if (entry.digest == slot.digest && slot.digest != 0) {
      verdict.answered[entry.asked] = true;
      ++verdict.reported;
      judge_unchanged(slot, verdict, now);
    } else {
      judge_entry(entry, slot, call.ids[entry.asked], verdict, now);
    }
  }
  if (verdict.unreadable && verdict.reported == 0) return tl::unexpected(std::move(*verdict.unreadable));
  if (auto trouble = judge_forgotten(call, verdict)) {
    if (verdict.reported == 0) return tl::unexpected(std::move(*trouble));
    last_error_ = std::move(*trouble);
    last_error_at_ = now;
  } else {
    std::move(verdict.strangers.begin(), verdict.strangers.end(), std::back_inserter(verdict.changes));
  }
  return verdict;
}

// Whether the panel's saying that it does not know orders is its own trouble. A reply about one order tells
// nothing by itself: then those that came in a row are looked at as if they were one.
std::optional<panel::Error> Poller::judge_forgotten(const Call& call, const Verdict& verdict) {
  auto forgotten = verdict.forgotten;
  auto asked = call.ids.size();
  if (verdict.reported > 0) {
    forgotten_in_a_row_.clear();
  } else if (asked == 1 && forgotten == 1) {
    forgotten_in_a_row_.insert(book_.at(call.slots.front()).row);
    forgotten = asked = forgotten_in_a_row_.size();
  }
  if (!rules::is_panel_trouble(forgotten, asked)) return std::nullopt;
  return panel::Error{panel::ErrorKind::said_no, "it says that it does not know " +
                                                     std::to_string(forgotten) + " of " +
                                                     std::to_string(asked) + " orders"};
}

void Poller::judge_unchanged(const PollSlot& slot, Verdict& verdict, Timestamp now) {
  const bool time_tells = slot.tell_ms != 0 && slot.tell_ms <= to_millis(now);
  if (!time_tells || !slot.live) return;
  const auto order = world_.store.find_row(slot.row);
  if (!order) return;
  auto change = rules::unchanged(*order, policy_.poll, world_.store.surroundings_of(*order, now), now);
  if (change) verdict.changes.push_back(std::move(*change));
}

void Poller::judge_entry(const panel::Entry& entry, const PollSlot& slot, const OrderId& id, Verdict& verdict,
                         Timestamp now) {
  auto seen = reader_.observe(entry, id, context());
  if (!seen) {
    // Not to be read: no answer about this order, and no reason to doubt the others.
    verdict.unreadable = std::move(seen.error());
    return;
  }
  const auto order = slot.live ? world_.store.find_row(slot.row) : std::nullopt;
  if (!order) return;  // untracked while it was asked about
  if (const auto* refusal = std::get_if<panel::IdError>(&*seen)) {
    if (!refusal->unknown_id) return;
    // An order that ended is forgotten by many panels, and one never seen may be a typing error: no sign of
    // trouble.
    if (!order->ended_at && order->status != OrderStatus::unasked && !order->lost) ++verdict.forgotten;
    if (auto change = rules::not_known(*order, policy_.poll, now))
      verdict.strangers.push_back(std::move(*change));
    return;
  }
  verdict.answered[entry.asked] = true;
  ++verdict.reported;
  auto& observation = std::get<Observation>(*seen);
  if (!observation.status && !observation.status_text.empty()) say_unknown_word(observation);
  if (!observation.currency && !policy_.currency.empty()) observation.currency = policy_.currency;
  auto change =
      rules::transition(*order, observation, policy_.poll, world_.store.surroundings_of(*order, now), now);
  if (change) verdict.changes.push_back(std::move(*change));
}

// After the commit: the digests are believed, the schedule follows, children are taken up.
void Poller::commit(const Call& call, const std::vector<panel::Entry>& entries, const Verdict& verdict,
                    Timestamp now) {
  for (const auto& change : verdict.changes) {
    if (const auto slot = book_.find(change.after.row)) book_.changed(*slot, change.after);
  }
  for (const auto& entry : entries) {
    if (verdict.answered[entry.asked]) book_.answered(call.slots[entry.asked], entry.digest, now);
  }
  for (std::size_t i = 0; i < verdict.answered.size(); ++i) {
    if (!verdict.answered[i]) book_.not_answered(call.slots[i], now);
  }
  if (call.purpose == Purpose::polling) learn_cut(call, entries);
  for (const auto& change : verdict.changes) {
    for (const auto& child : change.new_children) {
      if (const auto order = world_.store.find({policy_.name, child})) track(*order);
    }
  }
}

// A panel that silently answers only the first N ids: seen twice in a row with the same N, batches carry N
// from now on.
void Poller::learn_cut(const Call& call, const std::vector<panel::Entry>& entries) {
  const auto count = entries.size();
  const bool stops_short = count > 0 && count + 1 < call.ids.size() &&
                           std::all_of(entries.begin(), entries.end(),
                                       [&](const panel::Entry& entry) { return entry.asked < count; });
  if (!stops_short) {
    suspected_cut_ = 0;
    return;
  }
  if (suspected_cut_ == count && call.ids.size() > count) {
    batch_size_ = count;
    batch_learnt_ = world_.loop.now();
    spdlog::info("panel {}: answers only {} orders a request; batches carry as many for a day",
                 policy_.name.text(), count);
  }
  suspected_cut_ = count;
}

void Poller::failed(Call& call, const panel::Error& error, std::optional<Milliseconds> retry_after) {
  return_slots(call);
  // Even one id in the form of a batch may be too much for a panel that knows none: then only single calls
  // are left.
  const bool about_the_batch = error.kind == panel::ErrorKind::batch_refused && batch_size_ > 1;
  if (about_the_batch) {
    batch_size_ = std::min(batch_size_, rules::smaller_batch(call.ids.size()));
    batch_learnt_ = world_.loop.now();
    spdlog::info("panel {}: refuses {} orders in one request ({}); trying {}", policy_.name.text(),
                 call.ids.size(), error.words, batch_size_);
  } else {
    last_error_at_ = world_.loop.now();
    last_error_ = error;
    step_health(outcome_of(error.kind), retry_after, &error);
  }
  answer_waiting(call, Refusal{Refusal::Why::panel, error});
}

void Poller::return_slots(Call& call) {
  for (const auto slot : call.slots) book_.put_back(slot, world_.loop.now());
}

void Poller::answer_waiting(Call& call, const std::optional<Refusal>& refusal) {
  for (const auto& waiting : call.waiting) waiting.done(refusal);
  if (!refusal) return;
  const auto took = world_.loop.now() - call.started;
  for (const auto& waiting : call.tests) waiting.done({tl::unexpected(*refusal), took});
}

void Poller::step_health(rules::RequestOutcome outcome, std::optional<Milliseconds> retry_after,
                         const panel::Error* error) {
  const auto now = world_.loop.now();
  const auto step = rules::after_request(health_, outcome, retry_after, policy_.poll.slowest, now, jitter());
  const bool other_state = step.after.state != health_.state;
  health_ = step.after;
  if (!other_state) return;
  const auto words = error == nullptr ? std::string() : error->words;
  const auto kind = error == nullptr ? std::string() : std::string(panel::to_text(error->kind));
  std::vector<EventDraft> events;
  const auto say = [&](EventType type) {
    EventDraft draft{type, policy_.name, std::nullopt, std::nullopt, {}};
    if (error != nullptr) draft.data = {{"reason", kind}, {"words", words}};
    events.push_back(std::move(draft));
  };
  if (step.went_down) say(EventType::panel_down);
  if (step.key_rejected) say(EventType::panel_key_rejected);
  if (step.came_up) say(EventType::panel_up);
  if (outcome == rules::RequestOutcome::good) {
    spdlog::info("panel {}: up", policy_.name.text());
  } else {
    spdlog::warn("panel {}: {} ({}: {}); asked again {}", policy_.name.text(), rules::to_text(health_.state),
                 kind, escape_controls(words), to_rfc3339(health_.rest_until));
  }
  auto record = world_.store.panel(policy_.name);
  record.state = std::string(rules::to_text(health_.state));
  record.state_since = health_.since;
  record.last_error = words;
  record.last_error_at = error == nullptr ? std::nullopt : std::optional(now);
  world_.storage.write([&] { world_.store.save_panel(record, events, now); });
}

void Poller::say_unknown_word(const Observation& seen) {
  if (unknown_words_.size() >= most_unknown_words) return;
  if (!unknown_words_.insert(fold_status_word(seen.status_text)).second) return;
  spdlog::warn(
      "panel {}: order {} has the status \"{}\", which nobody here knows: its state stays as it was. If you "
      "know what "
      "it means, say so under [panel.{}.status_words]",
      policy_.name.text(), seen.id.text(), escape_controls(seen.status_text), policy_.name.text());
}

}  // namespace smm::actors
