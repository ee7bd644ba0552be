#include "actors/refiller.h"

#include "actors/message_ids.h"
#include "actors/note.h"
#include "panel/request.h"
#include "store/purchases.h"

#include <algorithm>
#include <utility>

namespace smm::actors {
namespace {

constexpr Milliseconds soon = std::chrono::seconds(1);  // what happens within it goes in one request
constexpr Milliseconds between_rounds = std::chrono::minutes(10);
constexpr Milliseconds look_again_in = std::chrono::seconds(5);
constexpr Milliseconds slice_pause{2};
constexpr std::size_t slice = 100;

}  // namespace

Refiller::Refiller(World world, PanelLine& line, Asking& asking, PanelPolicy policy)
    : world_(world), line_(line), asking_(asking), policy_(std::move(policy)), timer_(world_.loop, [this] {
        turn();
      }) {
  asking_.set_still_wanted(
      [this](const Order& order) { return decide(order).reason == rules::RefillReason::due; });
}

void Refiller::start() {
  const auto record = world_.store.panel(policy_.name);
  streak_ = {static_cast<int>(record.refill_refusals), record.refill_rest_until};
  const auto restored_at = world_.clock.restored_at();
  if (asks_at_all() && restored_at && world_.loop.now() < *restored_at + shortest_gap()) {
    note({Level::warning, message_ids::database_restored, {{"SMM_PANEL", policy_.name.text()}}},
         "panel " + policy_.name.text() +
             ": the database was restored; no refill is asked for by itself before " +
             to_rfc3339(*restored_at + shortest_gap()));
  }
  look_at_all();
}

void Refiller::set_policy(PanelPolicy policy) {
  policy_ = std::move(policy);
  look_at_all();
}

void Refiller::look_at(std::int64_t order_row) {
  if (!asks_at_all()) return;
  looks_.emplace(world_.loop.now(), order_row);
  turn_within(soon);
}

void Refiller::look_at(const Order& order) {
  if (has_ended(order.status)) look_at(order.row);
}

void Refiller::look_at_all() {
  if (!asks_at_all()) return;
  next_round_ = world_.loop.now();
  turn_within(soon);
}

void Refiller::settled(const std::vector<Refill>& refills) {
  const auto now = world_.loop.now();
  auto streak = streak_;
  bool rests = false;
  for (const auto& refill : refills) {
    if (refill.cause == Cause::automatic) {
      const auto step = rules::after_answer(streak, refill.state, now);
      streak = step.after;
      rests = rests || step.begins_to_rest;
    }
    look_at(refill.order_row);
  }
  if (rests) {
    note({Level::warning, message_ids::refills_rest, {{"SMM_PANEL", policy_.name.text()}}},
         "panel " + policy_.name.text() +
             ": it refused ten automatic refills in a row; none is asked for by itself before " +
             to_rfc3339(*streak.rests_until));
  }
  remember(streak);
}

// What the storage does not take now holds in memory, until the next change or the end of the program.
void Refiller::remember(const rules::RefusalStreak& streak) {
  if (streak == streak_) return;
  streak_ = streak;
  world_.storage.write([&] {
    auto record = world_.store.panel(policy_.name);
    record.refill_refusals = streak_.refusals;
    record.refill_rest_until = streak_.rests_until;
    world_.store.save_panel(record, {}, world_.loop.now());
  });
}

rules::RefillClimate Refiller::climate(Milliseconds gap) const {
  const bool up = line_.health().state == rules::PanelState::up && !line_.paused();
  auto held_until = world_.clock.held_until();
  const auto now = world_.loop.now();
  if (const auto restored_at = world_.clock.restored_at(); restored_at && now < *restored_at + gap) {
    held_until = std::max(held_until.value_or(now), *restored_at + gap);
  }
  return {up, rules::rest_of(streak_, now), held_until};
}

Milliseconds Refiller::shortest_gap() const {
  auto shortest = policy_.refill ? policy_.refill->gap : Milliseconds::max();
  for (const auto& [service, policy] : policy_.refill_services) shortest = std::min(shortest, policy.gap);
  return shortest == Milliseconds::max() ? RefillPolicy().gap : shortest;
}

Refiller::Grounds Refiller::grounds_of(const Order& order) const {
  auto& purchases = world_.store.purchases();
  Grounds grounds;
  grounds.refills = purchases.refills_of(order.row);
  std::optional<rules::CountReport> reported;
  if (const auto count = purchases.reported_count(order.row)) reported = {count->count, count->at};
  grounds.facts = rules::refill_facts(order, grounds.refills, reported);
  const auto& clock = world_.clock;
  rules::place(grounds.facts, grounds.refills, {clock.steps(), clock.steps_seen()}, world_.loop.now());
  return grounds;
}

rules::RefillDecision Refiller::decide(const Order& order) const {
  const auto* policy = rules::refill_policy_for(policy_, order.service);
  const auto now_holds = climate(policy == nullptr ? RefillPolicy().gap : policy->gap);
  const auto grounds = grounds_of(order);
  return rules::decide_refill(grounds.facts, policy, now_holds, world_.loop.now());
}

rules::RefillDecision Refiller::chance(const Order& order) const {
  const auto now_holds = climate();
  const auto grounds = grounds_of(order);
  return rules::refill_chance(grounds.facts, rules::refill_policy_for(policy_, order.service),
                              now_holds.panel_up, world_.loop.now());
}

bool Refiller::asks_at_all() const {
  return policy_.refill || !policy_.refill_services.empty();
}

// When to look again whether anything may be asked at all; nothing: it may now.
std::optional<Timestamp> Refiller::hindered_until() const {
  const auto now = world_.loop.now();
  const auto holds = climate();
  if (!world_.storage.writable() || !holds.panel_up) return now + look_again_in;
  if (holds.held_until && now < *holds.held_until) return *holds.held_until;
  if (holds.rests_until && now < *holds.rests_until) return *holds.rests_until;
  return std::nullopt;
}

void Refiller::turn_within(Milliseconds delay) {
  timer_.arm_within(std::min(delay, longest_wait));
}

void Refiller::turn() {
  if (!asks_at_all()) return;
  const auto now = world_.loop.now();
  if (const auto until = hindered_until()) {
    was_hindered_ = true;
    return turn_within(*until - now);
  }
  if (std::exchange(was_hindered_, false) || now >= next_round_ || next_round_ > now + between_rounds) {
    begin_round();
  }
  const bool is_read = world_.storage.read([&] {
    if (round_) {
      go_on_with_round();
    } else {
      look_at_due(now);
    }
  });
  if (!is_read) {  // a whole round brings what was taken up and not judged
    was_hindered_ = true;
    return turn_within(look_again_in);
  }
  if (round_) return turn_within(slice_pause);
  ask(1);
  const auto next = looks_.empty() ? next_round_ : std::min(next_round_, looks_.top().first);
  turn_within(std::max(next - now, soon));
}

void Refiller::begin_round() {
  looks_ = {};
  round_ = 0;
  next_round_ = world_.loop.now() + between_rounds;
}

void Refiller::go_on_with_round() {
  // How long ago an order ended says nothing: a guarantee may be for life, and its last moment unused.
  const auto page = world_.store.purchases().refill_candidates(policy_.name, Timestamp(), *round_, slice);
  const auto now = world_.loop.now();
  for (const auto& order : page.items) judge(order, now);
  round_ = page.next;
  ask(panel::max_batch);
}

void Refiller::look_at_due(Timestamp now) {
  std::vector<std::int64_t> rows;
  for (; !looks_.empty() && looks_.top().first <= now && rows.size() < slice; looks_.pop()) {
    rows.push_back(looks_.top().second);
  }
  std::sort(rows.begin(), rows.end());
  rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
  for (const auto row : rows) {
    const auto order = world_.store.find_row(row);
    if (order && !order->untracked) judge(*order, now);
  }
  const bool more = !looks_.empty() && looks_.top().first <= now;
  ask(more ? panel::max_batch : 1);
  if (more) turn_within(slice_pause);
}

void Refiller::judge(const Order& order, Timestamp now) {
  if (asking_.under_way(order.row)) return;
  const auto decision = decide(order);
  if (decision.reason != rules::RefillReason::due) {
    if (decision.next && *decision.next > now) looks_.emplace(*decision.next, order.row);
    return;
  }
  const bool again =
      std::any_of(due_.begin(), due_.end(), [&](const Order& other) { return other.row == order.row; });
  if (!again) due_.push_back(order);
}

// What is due, in full requests, and the rest of it with `least` = 1.
void Refiller::ask(std::size_t least) {
  while (!due_.empty() && due_.size() >= least) {
    const auto count = static_cast<std::ptrdiff_t>(std::min(due_.size(), panel::max_batch));
    const std::vector<Order> batch(due_.begin(), due_.begin() + count);
    due_.erase(due_.begin(), due_.begin() + count);
    Refill like;
    like.cause = Cause::automatic;
    std::vector<std::int64_t> rows;
    rows.reserve(batch.size());
    for (const auto& order : batch) rows.push_back(order.row);
    asking_.ask(
        batch, like, PanelLine::Rank::errand, [this, rows](const std::vector<Asking::Result>& results) {
          for (std::size_t i = 0; i < results.size(); ++i) {
            const bool ends = !results[i] && results[i].error().why == PanelLine::Refusal::Why::ending;
            if (!results[i] && !ends) look_at(rows[i]);
          }
        });
  }
}

}  // namespace smm::actors
