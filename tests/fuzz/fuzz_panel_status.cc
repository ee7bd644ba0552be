#include "panel/digest.h"
#include "panel_context.h"

#include <algorithm>
#include <set>
#include <variant>

// Replies to `status`, of one order and of many: what the readers believe, and what they must.

namespace smm::fuzz::panel_status_fuzz {
namespace {

using panel::Entry;
using panel::IdError;
using panel::StatusReader;
using Entries = tl::expected<std::vector<Entry>, panel::Error>;
using Outcome = tl::expected<std::variant<Observation, IdError>, panel::Error>;

const std::vector<OrderId> asked = {OrderId("1"), OrderId("10"), OrderId("100"), OrderId("ord_7"),
                                    OrderId("23501")};
const std::vector<OrderId> one = {OrderId("1")};

std::string in_words(const Outcome& outcome) {
  if (!outcome) return "error " + std::string(panel::to_text(outcome.error().kind)) + outcome.error().words;
  if (const auto* error = std::get_if<IdError>(&*outcome)) return "no " + error->words;
  const auto& seen = std::get<Observation>(*outcome);
  auto words = seen.status_text + "|" + (seen.status ? std::string(to_text(*seen.status)) : "?") + "|" +
               (seen.charge ? seen.charge->text() : "?") + "|" + std::to_string(seen.remains.value_or(-9)) +
               "|" + std::to_string(seen.start_count.value_or(-9)) + "|" + seen.currency.value_or("?") + "|" +
               seen.raw;
  for (const auto& child : seen.children) words += "|" + child.text();
  return words;
}

void check_observation(const Observation& seen, const OrderId& id, const Entry& entry,
                       const panel::Context& context) {
  require(seen.id == id, "an observation names another id than was asked for");
  require_fit(seen.status_text, 1024, context.key);
  require_fit(seen.raw, 16 * 1024, context.key);
  require(read_slowly(seen.raw).whole, "the object that is kept is no JSON", seen.raw);
  if (seen.currency) require_fit(*seen.currency, 16, context.key);
  if (seen.charge) {
    const auto& text = seen.charge->text();
    const auto again = Money::parse(text);
    require(again && again->text() == text, "money does not read as it is written", text);
    const bool is_plain = entry.json.find_first_of("\\,eE+") == std::string_view::npos;
    require(!is_plain || entry.json.find(text) != std::string_view::npos, "money is not the panel's own",
            text);
  }
  require(!seen.runs || *seen.runs > 0, "a drip-feed has no runs");
  std::set<std::string> children{id.text()};
  for (const auto& child : seen.children) {
    require(is_valid_id(child.text()), "a child has no valid id", child.text());
    require(children.insert(child.text()).second, "a child is named twice, or is its own parent",
            child.text());
  }
}

void check_entry(StatusReader& reader, const Entry& entry, const OrderId& id, const panel::Context& context) {
  require(entry.digest == panel::digest_of(entry.json), "a digest is not of the entry's bytes");
  const auto outcome = reader.observe(entry, id, context);
  if (!outcome) return require_fit(outcome.error(), context);
  if (const auto* error = std::get_if<IdError>(&*outcome)) {
    require(error->id == id, "an error names another id than was asked for");
    require_fit(error->words, 1024, context.key);
  } else {
    check_observation(std::get<Observation>(*outcome), id, entry, context);
  }
  require(is_read_differently(entry.json) || read_slowly(entry.json).whole,
          "an order is believed that is no JSON", entry.json);
}

// The plainest reply there is, an object of orders with their figures, is read as anybody would read it.
bool is_plain_order(const Slow& order) {
  static const std::set<std::string> fields = {"charge", "remains", "start_count", "status", "currency"};
  const auto* charge = order.find("charge");
  return order.kind == panel::Node::Kind::object && !order.says_twice() && charge != nullptr &&
         charge->kind == panel::Node::Kind::text && !charge->text.empty() && charge->text.size() <= 20 &&
         charge->text.find_first_not_of("0123456789") == std::string::npos &&
         std::all_of(order.children.begin(), order.children.end(), [](const Slow& field) {
           return fields.count(field.key) == 1 && field.kind != panel::Node::Kind::object &&
                  field.kind != panel::Node::Kind::array;
         });
}

bool is_plain_reply(const SlowReading& slow, const panel::Context& context) {
  const auto& root = slow.value;
  return slow.whole && slow.depth < 4 && root.kind == panel::Node::Kind::object && !root.says_twice() &&
         std::all_of(root.children.begin(), root.children.end(), [&](const Slow& child) {
           return std::find(asked.begin(), asked.end(), OrderId(child.key)) != asked.end() &&
                  is_plain_order(child) && child.find("charge")->text.find(context.key) == std::string::npos;
         });
}

void check_plain_reply(const panel::Reply& reply, const panel::Context& context) {
  if (reply.http_status != 200 || is_read_differently(reply.body)) return;
  const auto slow = read_slowly(trim(reply.body));
  if (!is_plain_reply(slow, context)) return;
  StatusReader reader;
  const auto entries = reader.read_batch(reply, asked, context);
  require(entries && entries->size() == slow.value.children.size(), "a plain reply is not believed",
          reply.body);
  for (std::size_t i = 0; i < entries->size(); ++i) {
    const auto& id = asked.at((*entries)[i].asked);
    const auto& said = slow.value.children[i];
    require(id.text() == said.key, "orders are not in the reply's order");
    const auto outcome = reader.observe((*entries)[i], id, context);
    require(outcome && std::holds_alternative<Observation>(*outcome), "a plain order is no observation",
            reply.body);
    const auto& seen = std::get<Observation>(*outcome);
    require(seen.charge && seen.charge->text() == said.find("charge")->text,
            "a charge is not what the panel said");
    const auto* status = said.find("status");
    const bool has_word = status != nullptr && (status->kind == panel::Node::Kind::text ||
                                                status->kind == panel::Node::Kind::number);
    require(seen.status_text == (has_word ? panel::clean(trim(status->text), context) : "") ||
                status->kind == panel::Node::Kind::number,
            "a status is not the panel's word", seen.status_text);
  }
}

void check_batch(StatusReader& reader, const panel::Reply& reply, const panel::Context& context) {
  const auto entries = reader.read_batch(reply, asked, context);
  if (!entries) return require_fit(entries.error(), context);
  require(reply.http_status < 300 || reply.http_status >= 400, "a redirect is believed");
  std::set<std::size_t> said;
  for (const auto& entry : *entries) {
    require(entry.asked < asked.size(), "an entry is of nothing that was asked for");
    require(said.insert(entry.asked).second, "an id has two entries");
    check_entry(reader, entry, asked[entry.asked], context);
  }
  // Neither can be read from less than the whole, nor from more.
  const auto again = reader.read_batch(reply, asked, context);
  require(again && again->size() == entries->size(), "the same reply reads otherwise the second time");
  require(!StatusReader().read_batch(cut_short(reply), asked, context), "a reply without its end is believed",
          reply.body);
  if (trim(reply.body).find_first_of("{[") == 0) {
    const auto more = std::string(reply.body) + "]";
    require(!StatusReader().read_batch({reply.http_status, more}, asked, context),
            "a reply with more behind its end is believed", reply.body);
  }
}

void check_single(StatusReader& reader, const panel::Reply& reply, const panel::Context& context) {
  const auto entries = reader.read_single(reply, one.front(), context);
  if (!entries) return require_fit(entries.error(), context);
  require(entries->size() <= 1, "one order has two entries");
  for (const auto& entry : *entries) check_entry(reader, entry, one.front(), context);
  const auto text = trim(reply.body);
  if (text.find_first_of("{[") == 0)
    require(!StatusReader().read_single(cut_short(reply), one.front(), context),
            "an order without its end is believed", reply.body);
}

// A reader that read others before reads as a new one does.
void check_memory(StatusReader& used, const panel::Reply& reply, const panel::Context& context) {
  StatusReader fresh;
  const auto by_used = used.read_batch(reply, asked, context);
  const auto by_fresh = fresh.read_batch(reply, asked, context);
  require(by_used.has_value() == by_fresh.has_value(), "a used reader believes otherwise than a new one",
          reply.body);
  if (!by_used)
    return require(by_used.error().words == by_fresh.error().words, "a used reader says otherwise");
  require(by_used->size() == by_fresh->size(), "a used reader finds otherwise");
  for (std::size_t i = 0; i < by_used->size(); ++i) {
    const auto& left = (*by_used)[i];
    const auto& right = (*by_fresh)[i];
    require(left.asked == right.asked && left.json == right.json, "a used reader finds others");
    require(in_words(used.observe(left, asked[left.asked], context)) ==
                in_words(fresh.observe(right, asked[left.asked], context)),
            "a used reader observes otherwise");
  }
}

void run(std::string_view input) {
  static StatusReader used;
  const auto made = panel_input(input);
  check_memory(used, made.reply, made.context);
  check_batch(used, made.reply, made.context);
  check_single(used, made.reply, made.context);
  check_plain_reply(made.reply, made.context);
}

const Registration here("panel_status", run);

}  // namespace
}  // namespace smm::fuzz::panel_status_fuzz
