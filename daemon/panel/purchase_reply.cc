#include "panel/purchase_reply.h"

#include "panel/batch_reading.h"
#include "panel/document.h"
#include "panel/words.h"

#include <string_view>
#include <utility>

namespace smm::panel {
namespace {

template <class Id>
std::vector<std::string_view> texts_of(std::span<const Id> ids) {
  std::vector<std::string_view> texts;
  texts.reserve(ids.size());
  for (const auto& id : ids) texts.push_back(id.text());
  return texts;
}

bool says_unknown(std::string_view words, Action action) {
  return action == Action::refill_status ? says_unknown_refill(words) : says_unknown_order(words);
}

Refused refused_whole(const Error& error, Action action) {
  return {error.kind, error.words, says_unknown(error.words, action)};
}

// One id's own refusal: no code of the whole reply is about it.
Refused refused_one(std::string_view words, Action action, const Context& context) {
  auto error = refusal(Reply{}, words, context);
  if (error.kind == ErrorKind::batch_refused) error.kind = ErrorKind::said_no;
  return refused_whole(error, action);
}

void accept(RefillAccepted& yes, const Verdict& verdict, const Context& /*context*/) {
  if (!verdict.text.empty()) yes.upstream = RefillId(verdict.text);
}
void accept(CancelAccepted& /*yes*/, const Verdict& /*verdict*/, const Context& /*context*/) {}
void accept(RefillReport& yes, const Verdict& verdict, const Context& context) {
  yes.word = clean(verdict.text, context);
  yes.state = refill_state_from_panel_word(verdict.text);
}

template <class Yes>
Said<Yes> said(const Verdict& verdict, Action action, const Context& context) {
  switch (verdict.kind) {
    case Verdict::Kind::none:
      return NoAnswer{};
    case Verdict::Kind::no:
      return refused_one(verdict.text, action, context);
    case Verdict::Kind::yes:
      break;
  }
  Yes yes;
  accept(yes, verdict, context);
  return yes;
}

template <class Yes, class Id>
tl::expected<Answers<Yes>, Error> read_many(const Reply& reply, std::span<const Id> asked, Action action,
                                            Question question, const Context& context) {
  const auto verdicts = read_verdicts(reply, texts_of(asked), action, question, context);
  if (!verdicts) return tl::make_unexpected(verdicts.error());
  Answers<Yes> answers;
  if (verdicts->whole) {
    answers.whole = refused_whole(*verdicts->whole, action);
    answers.each.assign(asked.size(), *answers.whole);
    return answers;
  }
  answers.each.reserve(asked.size());
  for (const auto& verdict : verdicts->each) answers.each.push_back(said<Yes>(verdict, action, context));
  return answers;
}

template <class Yes, class Id>
tl::expected<Said<Yes>, Error> read_one(const Reply& reply, const Id& asked, Action action,
                                        const Context& context) {
  auto answers = read_many<Yes, Id>(reply, std::span(&asked, 1), action, Question::single, context);
  if (!answers) return tl::make_unexpected(std::move(answers.error()));
  return std::move(answers->each.front());
}

}  // namespace

tl::expected<Answers<RefillAccepted>, Error> read_refills(const Reply& reply, std::span<const OrderId> asked,
                                                          const Context& context) {
  return read_many<RefillAccepted>(reply, asked, Action::refill, Question::batch, context);
}

tl::expected<Answers<CancelAccepted>, Error> read_cancels(const Reply& reply, std::span<const OrderId> asked,
                                                          const Context& context) {
  return read_many<CancelAccepted>(reply, asked, Action::cancel, Question::batch, context);
}

tl::expected<Said<RefillAccepted>, Error> read_refill(const Reply& reply, const OrderId& asked,
                                                      const Context& context) {
  return read_one<RefillAccepted>(reply, asked, Action::refill, context);
}

tl::expected<Said<CancelAccepted>, Error> read_cancel(const Reply& reply, const OrderId& asked,
                                                      const Context& context) {
  return read_one<CancelAccepted>(reply, asked, Action::cancel, context);
}

tl::expected<std::vector<Said<RefillReport>>, Error> read_refill_statuses(const Reply& reply,
                                                                          std::span<const RefillId> asked,
                                                                          const Context& context) {
  auto answers = read_many<RefillReport>(reply, asked, Action::refill_status, Question::batch, context);
  if (!answers) return tl::make_unexpected(std::move(answers.error()));
  if (answers->whole) return tl::make_unexpected(Error{answers->whole->kind, answers->whole->words});
  return std::move(answers->each);
}

tl::expected<Said<RefillReport>, Error> read_refill_status(const Reply& reply, const RefillId& asked,
                                                           const Context& context) {
  auto answers = read_many<RefillReport, RefillId>(reply, std::span(&asked, 1), Action::refill_status,
                                                   Question::single, context);
  if (!answers) return tl::make_unexpected(std::move(answers.error()));
  if (answers->whole && (answers->whole->kind != ErrorKind::said_no || reply.http_status >= 500))
    return tl::make_unexpected(Error{answers->whole->kind, answers->whole->words});
  return std::move(answers->each.front());
}

}  // namespace smm::panel
