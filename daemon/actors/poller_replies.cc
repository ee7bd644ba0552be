#include "actors/message_ids.h"
#include "actors/note.h"
#include "actors/poller.h"
#include "domain/text.h"
#include "rules/refill.h"
#include "rules/transition.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

// The second half of a poller: what comes back, what it means, and what is written.
namespace smm::actors {
namespace {

constexpr std::size_t most_unknown_words = 100;

}  // namespace

std::optional<PanelLine::Verdict> Poller::answered(BatchAt at, const platform::HttpOutcome& outcome) {
  auto batch = std::move(*at);
  batches_.erase(at);
  if (!outcome) return failed(batch, to_error(outcome.error()));
  return read_status(batch, {outcome->status, outcome->body});
}

std::optional<PanelLine::Verdict> Poller::read_status(Batch& batch, const panel::Reply& reply) {
  for (const auto slot : batch.slots) book_.fetch(slot);
  const auto context = line_.context();
  const auto entries = batch.single ? reader_.read_single(reply, batch.ids.front(), context)
                                    : reader_.read_batch(reply, batch.ids, context);
  if (!entries) return failed(batch, entries.error());
  follow_clock();
  const auto now = world_.loop.now();
  tl::expected<Findings, panel::Error> findings;
  const bool known = world_.storage.write([&] {
    findings = judge(batch, *entries, now);
    if (findings) world_.store.record(findings->changes, now);
  });
  if (known && !findings) return failed(batch, findings.error());
  if (!known) {
    // Not committed, so not believed: the digests stay as they were and the panel is asked again.
    return_slots(batch);
    answer_waiting(batch.waiting, Refusal{Refusal::Why::storage, {}});
    return std::nullopt;
  }
  commit(batch, *entries, *findings, now);
  answer_each(batch, *findings);
  return Verdict{};
}

// What the whole reply means, before any of it is written. Broken JSON in one entry breaks the whole reply:
// half a reply is not believed.
tl::expected<Poller::Findings, panel::Error> Poller::judge(const Batch& batch,
                                                           const std::vector<panel::Entry>& entries,
                                                           Timestamp now) {
  Findings findings;
  findings.answered.resize(batch.ids.size(), false);
  for (const auto& entry : entries) {
    const auto slot = batch.slots[entry.asked];
    const auto known = book_.at(slot).digest;
    if (entry.digest == known && known != 0) {
      findings.answered[entry.asked] = true;
      ++findings.reported;
      judge_unchanged(slot, findings, now);
    } else {
      judge_entry(entry, slot, batch.ids[entry.asked], findings, now);
    }
  }
  if (findings.unreadable && findings.reported == 0) return tl::unexpected(std::move(*findings.unreadable));
  if (auto trouble = judge_forgotten(batch, findings)) {
    if (findings.reported == 0) return tl::unexpected(std::move(*trouble));
    line_.note(std::move(*trouble));
    findings.not_known.clear();
  } else {
    std::move(findings.strangers.begin(), findings.strangers.end(), std::back_inserter(findings.changes));
  }
  return findings;
}

// Whether the panel's saying that it does not know orders is its own trouble. A reply about one order tells
// nothing by itself: then those that came in a row are looked at as if they were one.
std::optional<panel::Error> Poller::judge_forgotten(const Batch& batch, const Findings& findings) {
  auto forgotten = findings.forgotten;
  auto asked = batch.ids.size();
  if (findings.reported > 0) {
    forgotten_in_a_row_.clear();
  } else if (asked == 1 && forgotten == 1) {
    forgotten_in_a_row_.insert(book_.at(batch.slots.front()).row);
    forgotten = asked = forgotten_in_a_row_.size();
  }
  if (!rules::is_panel_trouble(forgotten, asked)) return std::nullopt;
  return panel::Error{panel::ErrorKind::said_no, "it says that it does not know " +
                                                     std::to_string(forgotten) + " of " +
                                                     std::to_string(asked) + " orders"};
}

// An unknown refill counts as open for the `gap` of the section that counts for the order.
rules::Surroundings Poller::surroundings_of(const Order& order, Timestamp now) {
  const auto* section = rules::refill_policy_for(policy_, order.service);
  auto around =
      world_.store.surroundings_of(order, now, section == nullptr ? RefillPolicy().gap : section->gap);
  around.clock_believed = world_.clock.believed();
  around.clock_steps = world_.clock.steps();
  return around;
}

void Poller::judge_unchanged(Slot slot, Findings& findings, Timestamp now) {
  const auto& asked = book_.at(slot);
  const bool time_tells = asked.tell_ms != 0 && asked.tell_ms <= to_millis(now);
  if (!time_tells || !asked.live) return;
  const auto order = world_.store.find_row(asked.row);
  if (!order) return;
  auto change = rules::unchanged(*order, policy_.poll, surroundings_of(*order, now), now);
  if (change) {
    findings.changes.push_back(std::move(*change));
  } else {
    book_.tell_at(slot, time_may_tell(*order, now));
  }
}

void Poller::judge_entry(const panel::Entry& entry, Slot slot, const OrderId& id, Findings& findings,
                         Timestamp now) {
  auto seen = reader_.observe(entry, id, line_.context());
  if (!seen) {
    // Not to be read: no answer about this order, and no reason to doubt the others.
    findings.refused.emplace(entry.asked, seen.error());
    findings.unreadable = std::move(seen.error());
    return;
  }
  const auto& asked = book_.at(slot);
  const auto order = asked.live ? world_.store.find_row(asked.row) : std::nullopt;
  if (!order) return;  // untracked while it was asked about
  if (const auto* refusal = std::get_if<panel::IdError>(&*seen)) {
    findings.refused.emplace(entry.asked, panel::Error{panel::ErrorKind::said_no, refusal->words});
    if (!refusal->unknown_id) return;
    // An order that ended is forgotten by many panels, and one never seen may be a typing error: no sign of
    // trouble.
    if (!has_ended(order->status) && order->status != OrderStatus::unasked && !order->lost)
      ++findings.forgotten;
    findings.not_known.push_back(slot);
    if (auto change =
            rules::not_known(*order, policy_.poll, surroundings_of(*order, now), asked.not_known + 1, now))
      findings.strangers.push_back(std::move(*change));
    return;
  }
  findings.answered[entry.asked] = true;
  ++findings.reported;
  auto change = judge_seen(*order, std::get<Observation>(*seen), now);
  if (change) findings.changes.push_back(std::move(*change));
}

std::optional<rules::Change> Poller::judge_seen(const Order& order, Observation& seen, Timestamp now) {
  if (!seen.status && !seen.status_text.empty()) say_unknown_word(seen);
  if (!seen.currency && !policy_.currency.empty()) seen.currency = policy_.currency;
  return rules::transition(order, seen, policy_.poll, surroundings_of(order, now), now);
}

std::vector<bool> Poller::take_up(const std::vector<Observation>& seen) {
  std::vector<bool> taken(seen.size(), false);
  if (!policy_.track_on_sight) return taken;
  std::vector<store::TrackRequest> requests;
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < seen.size(); ++i) {
    store::TrackRequest request;
    request.key = {policy_.name, seen[i].id};
    request.quiet = true;
    std::optional<Order> known;
    if (!world_.storage.read([&] { known = world_.store.find(request.key); }))
      return std::vector<bool>(seen.size(), false);
    if (known && known->untracked) continue;
    if (known && known->revision > 0) {  // polled meanwhile: nobody knows which of the two is the newer
      taken[i] = true;
      continue;
    }
    requests.push_back(std::move(request));
    places.push_back(i);
  }
  follow_clock();
  const auto now = world_.loop.now();
  std::vector<store::Tracked> tracked;
  if (!world_.storage.write([&] { tracked = world_.store.track(requests, now); })) return taken;
  std::vector<rules::Change> changes;
  std::map<std::int64_t, Order> changed;
  const bool written = world_.storage.write([&] {
    for (std::size_t i = 0; i < places.size(); ++i) {
      auto observation = seen[places[i]];
      auto change = judge_seen(tracked[i].order, observation, now);
      if (change) changes.push_back(std::move(*change));
    }
    world_.store.record(changes, now);
  });
  if (written) {
    for (const auto& change : changes) changed.emplace(change.after.row, change.after);
  }
  for (std::size_t i = 0; i < places.size(); ++i) {
    taken[places[i]] = written;
    const auto after = changed.find(tracked[i].order.row);
    const auto& order = after == changed.end() ? tracked[i].order : after->second;
    track(order);
    const auto slot = book_.find(order.row);
    if (written && slot && !book_.at(*slot).out) book_.heard(*slot, now);
  }
  if (!written) return taken;
  for (const auto& change : changes) {
    if (changed_) changed_(change.after);
    follow_children(change);
  }
  return taken;
}

void Poller::follow_children(const rules::Change& change) {
  for (const auto& child : change.new_children) {
    if (std::find(children_.begin(), children_.end(), child) == children_.end()) children_.push_back(child);
  }
  take_up_children();
}

// What cannot be read now is taken up by wake().
void Poller::take_up_children() {
  while (!children_.empty()) {
    std::optional<Order> order;
    if (!world_.storage.read([&] { order = world_.store.find({policy_.name, children_.front()}); })) return;
    children_.pop_front();
    if (order) track(*order);
  }
}

// After the commit: the digests are believed, the schedule follows, children are taken up.
void Poller::commit(const Batch& batch, const std::vector<panel::Entry>& entries, const Findings& findings,
                    Timestamp now) {
  for (const auto& change : findings.changes) {
    if (const auto slot = book_.find(change.after.row)) {
      const auto facts = rules::facts_of(change.after, world_.clock.steps(), now);
      book_.changed(*slot, facts, time_may_tell(change.after, now));
    }
    if (changed_) changed_(change.after);
  }
  for (const auto slot : findings.not_known) book_.not_known(slot);
  for (const auto& entry : entries) {
    if (findings.answered[entry.asked]) book_.answered(batch.slots[entry.asked], entry.digest, now);
  }
  for (std::size_t i = 0; i < findings.answered.size(); ++i) {
    if (!findings.answered[i]) book_.not_answered(batch.slots[i], now);
  }
  if (!batch.asked_for) learn_cut(batch, entries);
  for (const auto& change : findings.changes) follow_children(change);
}

// A panel that silently answers only the first N ids: seen twice in a row with the same N, batches carry N
// from now on.
void Poller::learn_cut(const Batch& batch, const std::vector<panel::Entry>& entries) {
  const auto count = entries.size();
  const bool stops_short = count > 0 && count + 1 < batch.ids.size() &&
                           std::all_of(entries.begin(), entries.end(),
                                       [&](const panel::Entry& entry) { return entry.asked < count; });
  if (!stops_short) {
    suspected_cut_ = 0;
    return;
  }
  if (suspected_cut_ == count && batch.ids.size() > count) {
    batch_limit_.learn(count, world_.loop.now());
    note({Level::info, {}, {{"SMM_PANEL", policy_.name.text()}}},
         "panel " + policy_.name.text() + ": answers only " + std::to_string(count) +
             " orders a request; batches carry as many for a day");
  }
  suspected_cut_ = count;
}

std::optional<PanelLine::Verdict> Poller::failed(Batch& batch, const panel::Error& error) {
  return_slots(batch);
  answer_waiting(batch.waiting, Refusal{Refusal::Why::panel, error});
  // Even one id in the form of a batch may be too much for a panel that knows none: then only single calls
  // are left.
  if (error.kind != panel::ErrorKind::batch_refused || batch_limit_.is_single()) return verdict_of(error);
  batch_limit_.learn(std::min(batch_limit_.size(), rules::smaller_batch(batch.ids.size())),
                     world_.loop.now());
  note({Level::info, {}, {{"SMM_PANEL", policy_.name.text()}}},
       "panel " + policy_.name.text() + ": refuses " + std::to_string(batch.ids.size()) +
           " orders in one request (" + spoken(error.words, {policy_.url}) + "); trying " +
           std::to_string(batch_limit_.size()));
  return std::nullopt;
}

void Poller::return_slots(const Batch& batch) {
  for (const auto slot : batch.slots) book_.put_back(slot, world_.loop.now());
}

// Who waits is told of the own order: that it was reported, or what the panel said instead.
void Poller::answer_each(const Batch& batch, const Findings& findings) {
  for (const auto& each : batch.waiting) {
    std::optional<Refusal> refusal;
    for (std::size_t i = 0; i < batch.slots.size(); ++i) {
      if (book_.at(batch.slots[i]).row != each.row || findings.answered[i]) continue;
      const auto said = findings.refused.find(i);
      refusal = Refusal{Refusal::Why::panel,
                        said != findings.refused.end()
                            ? said->second
                            : panel::Error{panel::ErrorKind::said_no, "it left the order out of its reply"}};
    }
    each.done(refusal);
  }
}

void Poller::answer_waiting(const std::vector<Waiting>& waiting, const std::optional<Refusal>& refusal) {
  for (const auto& each : waiting) each.done(refusal);
}

void Poller::say_unknown_word(const Observation& seen) {
  if (unknown_words_.size() >= most_unknown_words) return;
  if (!unknown_words_.insert(fold_status_word(seen.status_text)).second) return;
  const auto& name = policy_.name.text();
  note({Level::warning,
        message_ids::unknown_status_word,
        {{"SMM_PANEL", name}, {"SMM_ORDER", to_text(OrderKey{policy_.name, seen.id})}}},
       "panel " + name + ": order " + seen.id.text() + " has the status \"" + spoken(seen.status_text) +
           "\", which nobody here knows: its state stays as it was. If you know what it means, say so under "
           "[panel." +
           name + ".status_words]");
}

}  // namespace smm::actors
