#include "actors/asking_kinds.h"

#include "panel/refusal.h"
#include "panel/request.h"
#include "rules/refill_state.h"
#include "store/purchases.h"

namespace smm::actors {
namespace {

EventValue text_or_null(const std::string& text) {
  return text.empty() ? EventValue() : EventValue(text);
}

template <class Yes>
tl::expected<panel::Answers<Yes>, panel::Error> as_answers(
    tl::expected<panel::Said<Yes>, panel::Error> said) {
  if (!said) return tl::unexpected(std::move(said.error()));
  panel::Answers<Yes> answers;
  if (const auto* refused = std::get_if<panel::Refused>(&*said)) answers.whole = *refused;
  answers.each.push_back(std::move(*said));
  return answers;
}

EventType refill_event_type(RefillState state) {
  switch (state) {
    case RefillState::asking:
    case RefillState::unknown:
      return EventType::refill_unknown;
    case RefillState::failed:
    case RefillState::refused:
      return EventType::refill_refused;
    case RefillState::pending:
    case RefillState::in_progress:
    case RefillState::completed:
    case RefillState::rejected:
    case RefillState::canceled:
    case RefillState::error:
    case RefillState::expired:
      return EventType::refill_requested;
  }
  return EventType::refill_unknown;
}

EventType cancel_event_type(CancelState state) {
  switch (state) {
    case CancelState::asking:
    case CancelState::unknown:
      return EventType::cancel_unknown;
    case CancelState::failed:
    case CancelState::refused:
      return EventType::cancel_refused;
    case CancelState::requested:
    case CancelState::done:
    case CancelState::in_vain:
      return EventType::cancel_requested;
  }
  return EventType::cancel_unknown;
}

}  // namespace

void add_order_words(EventDraft& event, const Order& order) {
  event.data.emplace_back("ref", order.ref ? EventValue(*order.ref) : EventValue());
  event.data.emplace_back("labels", order.labels);
}

std::string RefillKind::form(const Secret& key, std::span<const OrderId> ids, bool) {
  return panel::refill_form(key, ids);
}

bool RefillKind::is_batch_form(std::size_t ids, bool) {
  return ids > 1;
}

tl::expected<panel::Answers<panel::RefillAccepted>, panel::Error> RefillKind::read(
    const panel::Reply& reply, std::span<const OrderId> asked, const panel::Context& context) {
  if (asked.size() == 1) return as_answers(panel::read_refill(reply, asked.front(), context));
  return panel::read_refills(reply, asked, context);
}

std::vector<std::int64_t> RefillKind::intend(store::Store& store, std::span<const Refill> records,
                                             Timestamp now) {
  return store.purchases().intend_refills(records, now);
}

void RefillKind::judge(Refill& refill, const panel::Said<Yes>& said, Timestamp now) {
  if (const auto* accepted = std::get_if<panel::RefillAccepted>(&said)) {
    refill.state = RefillState::pending;
    refill.upstream = accepted->upstream;
    refill.accepted_at = now;
    refill.changed_at = now;
    refill.words.clear();
  } else if (const auto* refused = std::get_if<panel::Refused>(&said)) {
    refill.state = RefillState::refused;
    refill.words = refused->words;
    refill.refusal = refused->kind == panel::ErrorKind::key_rejected ? RefusalClass::auth
                                                                     : panel::sort_refusal(refused->words);
    if (const auto wait = panel::stated_wait(refused->words)) refill.not_before = now + *wait;
    refill.changed_at = now;
    refill.ended_at = now;
  } else {
    lose(refill, "the panel's reply says nothing about this order", now);
  }
}

void RefillKind::lose(Refill& refill, std::string_view words, Timestamp now) {
  refill.state = RefillState::unknown;
  refill.words = words.substr(0, panel::longest_words);
  refill.changed_at = now;
}

void RefillKind::fail(Refill& refill, std::string_view words, Timestamp now) {
  refill.state = RefillState::failed;
  refill.words = words.substr(0, panel::longest_words);
  refill.changed_at = now;
  refill.ended_at = now;
}

void RefillKind::settle(store::Store& store, const Rows& rows, Timestamp now) {
  std::vector<store::RefillChange> changes;
  changes.reserve(rows.size());
  for (const auto& [refill, order] : rows) {
    auto event = rules::refill_event(refill_event_type(refill.state), refill);
    add_order_words(event, *order);
    changes.push_back({refill, {std::move(event)}});
  }
  store.purchases().settle_refills(changes, now);
}

std::string CancelKind::form(const Secret& key, std::span<const OrderId> ids, bool single) {
  return single ? panel::single_cancel_form(key, ids.front()) : panel::cancel_form(key, ids);
}

bool CancelKind::is_batch_form(std::size_t, bool single) {
  return !single;
}

tl::expected<panel::Answers<panel::CancelAccepted>, panel::Error> CancelKind::read(
    const panel::Reply& reply, std::span<const OrderId> asked, const panel::Context& context) {
  if (asked.size() == 1) return as_answers(panel::read_cancel(reply, asked.front(), context));
  return panel::read_cancels(reply, asked, context);
}

std::vector<std::int64_t> CancelKind::intend(store::Store& store, std::span<const Cancel> records,
                                             Timestamp now) {
  return store.purchases().intend_cancels(records, now);
}

void CancelKind::judge(Cancel& cancel, const panel::Said<Yes>& said, Timestamp now) {
  cancel.answered_at = now;
  if (std::holds_alternative<panel::CancelAccepted>(said)) {
    cancel.state = CancelState::requested;
    cancel.words.clear();
  } else if (const auto* refused = std::get_if<panel::Refused>(&said)) {
    cancel.state = CancelState::refused;
    cancel.words = refused->words;
    cancel.ended_at = now;
  } else {
    lose(cancel, "the panel's reply says nothing about this order", now);
  }
}

void CancelKind::lose(Cancel& cancel, std::string_view words, Timestamp now) {
  cancel.state = CancelState::unknown;
  cancel.words = words.substr(0, panel::longest_words);
  cancel.answered_at = now;
}

void CancelKind::fail(Cancel& cancel, std::string_view words, Timestamp now) {
  cancel.state = CancelState::failed;
  cancel.words = words.substr(0, panel::longest_words);
  cancel.answered_at = now;
  cancel.ended_at = now;
}

void CancelKind::settle(store::Store& store, const Rows& rows, Timestamp now) {
  std::vector<store::CancelChange> changes;
  changes.reserve(rows.size());
  for (const auto& [cancel, order] : rows) {
    EventDraft event;
    event.type = cancel_event_type(cancel.state);
    event.panel = cancel.order.panel;
    event.order = cancel.order.id;
    event.data = {{"cancel", cancel.id},
                  {"state", std::string(to_text(cancel.state))},
                  {"cause", std::string(to_text(cancel.cause))},
                  {"words", text_or_null(cancel.words)}};
    add_order_words(event, *order);
    changes.push_back({cancel, {std::move(event)}});
  }
  store.purchases().settle_cancels(changes, now);
}

}  // namespace smm::actors
