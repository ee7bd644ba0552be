#include "panel/purchase_reply.h"
#include "panel_context.h"

#include <algorithm>
#include <variant>

// Replies to what happens once only (add, refill, cancel), and to refill_status. A yes that the panel did not
// give would spend money, and a no that it did not give would spend it twice.

namespace smm::fuzz::panel_purchase_fuzz {
namespace {

using panel::Error;
using panel::Reply;

const std::vector<OrderId> orders = {OrderId("1"), OrderId("2"), OrderId("ord_3")};
const std::vector<RefillId> refills = {RefillId("1"), RefillId("2"), RefillId("ref_3")};

struct Check {
  const panel::Context& context;
  const Reply& reply;
  const std::optional<Slow>& document;

  // An id stands in the reply, is one, and is not the key.
  void given(const std::string& id) const {
    require(is_valid_id(id), "an id is given that is none", id);
    require_fit(id, 64, context.key);
    require(!document || holds_scalar(*document, id), "an id is made up", id);
  }
  void operator()(const panel::NoAnswer& /*none*/) const {}
  void operator()(const panel::CancelAccepted& /*yes*/) const {}
  void operator()(const OrderId& id) const { given(id.text()); }
  void operator()(const panel::RefillAccepted& yes) const {
    if (yes.upstream) given(yes.upstream->text());
  }
  void operator()(const panel::RefillReport& report) const { require_fit(report.word, 1024, context.key); }
  void operator()(const panel::Refused& no) const {
    require_fit(no.words, panel::longest_words, context.key);
    require(!no.words.empty(), "a panel says no and nobody says so");
  }

  template <class Yes>
  void many(const std::vector<panel::Said<Yes>>& each, std::size_t count) const {
    require(each.size() == count, "an asked id has no answer of its own");
    for (const auto& said : each) std::visit(*this, said);
  }
};

// Reads with `read`, and requires that what was believed was believed whole.
template <class Read, class Look>
void check(const panel::Context& context, const Reply& reply, Read read, Look look) {
  const auto outcome = read(reply);
  if (!outcome) return require_fit(outcome.error(), context);
  require(reply.http_status < 300 || reply.http_status >= 400, "a redirect is believed");
  require(!read(cut_short(reply)), "a reply without its end is believed", reply.body);
  const auto document = slow_document(reply.body);
  look(*outcome, Check{context, reply, document});
}

template <class Yes>
auto look_at_all(std::size_t count) {
  return [count](const panel::Answers<Yes>& answers, const Check& all) {
    all.many(answers.each, count);
    if (!answers.whole) return;
    require_fit(answers.whole->words, panel::longest_words, all.context.key);
    for (const auto& said : answers.each)
      require(std::holds_alternative<panel::Refused>(said), "a batch is refused, and one of it is not");
  };
}

void run(std::string_view input) {
  const auto made = panel_input(input);
  const auto& context = made.context;
  const auto& reply = made.reply;
  const auto look_at_one = [](const auto& said, const Check& all) { std::visit(all, said); };
  check(
      context, reply, [&](const Reply& it) { return panel::read_add(it, context); }, look_at_one);
  check(
      context, reply, [&](const Reply& it) { return panel::read_refill(it, orders[0], context); },
      look_at_one);
  check(
      context, reply, [&](const Reply& it) { return panel::read_cancel(it, orders[0], context); },
      look_at_one);
  check(
      context, reply, [&](const Reply& it) { return panel::read_refill_status(it, refills[0], context); },
      look_at_one);
  check(
      context, reply, [&](const Reply& it) { return panel::read_refills(it, orders, context); },
      look_at_all<panel::RefillAccepted>(orders.size()));
  check(
      context, reply, [&](const Reply& it) { return panel::read_cancels(it, orders, context); },
      look_at_all<panel::CancelAccepted>(orders.size()));
  check(
      context, reply, [&](const Reply& it) { return panel::read_refill_statuses(it, refills, context); },
      [](const auto& each, const Check& all) { all.many(each, refills.size()); });
}

const Registration here("panel_purchase", run);

}  // namespace
}  // namespace smm::fuzz::panel_purchase_fuzz
