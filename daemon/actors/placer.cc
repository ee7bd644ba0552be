#include "actors/placer.h"

#include "actors/note.h"
#include "panel/purchase_reply.h"
#include "panel/request.h"
#include "rules/order_form.h"

#include <algorithm>
#include <utility>

namespace smm::actors {
namespace {

std::optional<std::string> field(const Placement& placement, std::string_view name) {
  for (const auto& [key, value] : placement.fields) {
    if (key == name) return value;
  }
  return std::nullopt;
}

EventValue value_of(const std::optional<std::string>& text) {
  return text ? EventValue(*text) : EventValue();
}

EventType event_type_of(PlacementState state) {
  switch (state) {
    case PlacementState::accepted:
      return EventType::place_accepted;
    case PlacementState::resolved:
      return EventType::place_resolved;
    case PlacementState::asking:
    case PlacementState::unknown:
      return EventType::place_unknown;
    case PlacementState::failed:
    case PlacementState::refused:
      return EventType::place_refused;
  }
  return EventType::place_unknown;
}

}  // namespace

store::Purchases::NewOrder new_order_of(const Placement& placement, const OrderId& id,
                                        std::optional<rules::OrderType> type) {
  store::Purchases::NewOrder order;
  auto& request = order.request;
  request.key = {placement.panel, id};
  const auto service = field(placement, "service");
  if (service && is_valid_id(*service)) request.service = ServiceId(*service);
  request.link = field(placement, "link");
  request.ref = placement.ref;
  request.labels = placement.labels;
  request.placed_at = placement.asked_at;
  const auto figures = rules::ordered_figures(placement.fields, type);
  request.quantity = figures.quantity;
  order.runs = figures.runs;
  order.interval = figures.interval;
  if (figures.runs) order.kind = OrderKind::drip_feed;
  if (type == rules::OrderType::subscriptions) order.kind = OrderKind::subscription;
  return order;
}

EventDraft place_event(EventType type, const Placement& placement) {
  EventDraft event;
  event.type = type;
  event.panel = placement.panel;
  event.order = placement.upstream;
  event.data = {{"placement", placement.id},
                {"state", std::string(to_text(placement.state))},
                {"sent", std::string(to_text(sent_of(placement.state)))},
                {"service", value_of(field(placement, "service"))},
                {"link", value_of(field(placement, "link"))},
                {"quantity", value_of(field(placement, "quantity"))},
                {"cause", std::string(to_text(placement.cause))},
                {"words", placement.words.empty() ? EventValue() : EventValue(placement.words)},
                {"ref", value_of(placement.ref)},
                {"labels", placement.labels}};
  return event;
}

Placer::Placer(World world, PanelLine& line, Poller& poller, const PanelPolicy& policy)
    : world_(world), line_(line), poller_(poller), policy_(policy), unsettled_(world.storage) {}

void Placer::settle_left_over() {
  const auto now = world_.loop.now();
  for (auto& placement : world_.store.purchases().placements_left_asking()) {
    if (placement.panel != policy_.name) continue;
    placement.state = PlacementState::unknown;
    placement.words = "the program ended before the panel's answer came";
    placement.answered_at = now;
    const auto event = place_event(EventType::place_unknown, placement);
    unsettled_.write(
        [this, placement, event, now] {
          world_.store.purchases().settle_placement(placement, std::nullopt, {&event, 1}, now);
        },
        [] {});
  }
}

void Placer::place(Order order, Done done) {
  const auto pending = std::make_shared<Pending>();
  pending->order = std::move(order);
  pending->done.push_back(std::move(done));
  under_way_.push_back(pending);
  PanelLine::Question question;
  question.rank = PanelLine::Rank::person;
  question.once = true;
  question.send_by = line_.send_by();
  question.prepare = [this, pending] { return prepare(pending); };
  question.answered = [this, pending](const platform::HttpOutcome& outcome, Milliseconds) {
    return answered(pending, outcome);
  };
  question.dropped = [this, pending](PanelLine::Drop drop) { dropped(pending, drop); };
  line_.ask(std::move(question));
}

const Placer::Order* Placer::under_way_by_key(const std::string& key) const {
  for (const auto& pending : under_way_) {
    if (pending->order.idempotency_key == key) return &pending->order;
  }
  return nullptr;
}

const Placer::Order* Placer::under_way_by_digest(const std::string& digest) const {
  for (const auto& pending : under_way_) {
    if (pending->order.digest == digest) return &pending->order;
  }
  return nullptr;
}

void Placer::join(const Order& under_way, std::function<bool()> is_client_gone, Done done) {
  for (const auto& pending : under_way_) {
    if (&pending->order != &under_way) continue;
    pending->joined.push_back(std::move(is_client_gone));
    return pending->done.push_back(std::move(done));
  }
}

// It may leave: the intent first.
std::optional<PanelLine::Outgoing> Placer::prepare(const PendingPtr& pending) {
  auto& placement = pending->placement;
  const auto& order = pending->order;
  placement.panel = policy_.name;
  placement.cause = order.asker.cause;
  placement.asked_by = order.asker.uid;
  placement.idempotency_key = order.idempotency_key;
  placement.digest = order.digest;
  placement.fields = order.fields;
  placement.ref = order.ref;
  placement.labels = order.labels;
  placement.rate = order.rate;
  placement.asked_at = world_.loop.now();
  const bool written = world_.storage.write(
      [&] { placement.id = world_.store.purchases().intend_placement(placement, placement.asked_at); });
  if (!written) {
    finish(pending, tl::unexpected(PanelLine::Refusal{PanelLine::Refusal::Why::storage, {}}));
    return std::nullopt;
  }
  return PanelLine::Outgoing{panel::add_form(policy_.key, order.fields), 1};
}

std::optional<PanelLine::Verdict> Placer::answered(const PendingPtr& pending,
                                                   const platform::HttpOutcome& outcome) {
  auto& placement = pending->placement;
  placement.answered_at = world_.loop.now();
  const auto is_gone = [](const std::function<bool()>& client) { return client && client(); };
  placement.client_left = is_gone(pending->order.is_client_gone) ||
                          std::any_of(pending->joined.begin(), pending->joined.end(), is_gone);
  std::optional<PanelLine::Verdict> verdict;
  if (!outcome) {
    placement.state = outcome.error().nothing_sent ? PlacementState::failed : PlacementState::unknown;
    placement.words = outcome.error().detail.substr(0, panel::longest_words);
    verdict = verdict_of(to_error(outcome.error()));
  } else {
    const auto said = panel::read_add({outcome->status, outcome->body}, line_.context());
    verdict = PanelLine::Verdict{};
    if (!said) {
      placement.state = PlacementState::unknown;
      placement.words = said.error().words;
      verdict = verdict_of(said.error());
    } else if (const auto* id = std::get_if<OrderId>(&*said)) {
      placement.state = PlacementState::accepted;
      placement.upstream = *id;
    } else {
      const auto& refused = std::get<panel::Refused>(*said);
      placement.state = PlacementState::refused;
      placement.words = refused.words;
      verdict = verdict_of_refusal({refused.kind, refused.words});
    }
  }
  settle(pending);
  return verdict;
}

void Placer::dropped(const PendingPtr& pending, PanelLine::Drop drop) {
  if (drop == PanelLine::Drop::cut) {
    pending->placement.state = PlacementState::unknown;
    pending->placement.words = "the program ended before the panel's answer came";
    pending->placement.answered_at = world_.loop.now();
    return settle(pending);
  }
  const auto why =
      drop == PanelLine::Drop::busy ? PanelLine::Refusal::Why::busy : PanelLine::Refusal::Why::ending;
  finish(pending, tl::unexpected(PanelLine::Refusal{why, {}}));
}

// What became of it is committed, and only then told.
void Placer::settle(const PendingPtr& pending) {
  const auto& placement = pending->placement;
  const auto now = *placement.answered_at;
  const auto tracked = std::make_shared<std::optional<store::Tracked>>();
  unsettled_.write(
      [this, pending, tracked, now] {
        const auto& row = pending->placement;
        std::optional<store::Purchases::NewOrder> order;
        if (row.upstream) order = new_order_of(row, *row.upstream, pending->order.type);
        const auto event = place_event(event_type_of(row.state), row);
        *tracked = world_.store.purchases().settle_placement(row, order, {&event, 1}, now);
      },
      [this, pending, tracked] {
        if (*tracked) poller_.track((*tracked)->order);
        finish(pending, pending->placement);
      });
  if (!unsettled_.empty() && placement.upstream) {
    const OrderKey key{policy_.name, *placement.upstream};
    note({Level::error, {}, {{"SMM_PANEL", policy_.name.text()}, {"SMM_ORDER", to_text(key)}}},
         "order " + to_text(key) + " is placed and cannot be written down yet");
  }
}

void Placer::finish(const PendingPtr& pending, const Result& result) {
  std::erase(under_way_, pending);
  for (const auto& done : pending->done) done(result);
}

}  // namespace smm::actors
