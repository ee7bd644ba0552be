#include "panel/document.h"
#include "panel/envelope.h"
#include "panel/observation.h"
#include "panel/whole_reply.h"

#include <array>

namespace smm::panel {
namespace {

// The object in which the balance stands: the reply itself, or wrapped.
const Node* find_balance_holder(const Node& node, int depth = 0) {
  if (depth > max_wrappers) return nullptr;
  if (node.kind == Node::Kind::array)
    return node.children.size() == 1 ? find_balance_holder(node.children.front(), depth + 1) : nullptr;
  if (const auto* balance = node.find("balance"); balance != nullptr && !balance->is_container())
    return &node;
  for (const std::string_view name : {"data", "balance", "result", "response", "user"}) {
    const auto* field = node.find(name);
    if (field == nullptr || !field->is_container()) continue;
    if (const auto* holder = find_balance_holder(*field, depth + 1)) return holder;
  }
  return nullptr;
}

}  // namespace

tl::expected<Balance, Error> read_balance(const Reply& reply, const Context& context) {
  const auto node = read_whole(reply, context);
  if (!node) return tl::make_unexpected(node.error());
  if (node->kind == Node::Kind::text) return tl::make_unexpected(refusal(reply, node->text, context));
  const auto& outermost =
      node->kind == Node::Kind::array && node->children.size() == 1 ? node->children.front() : *node;
  if (const auto words = find_refusal(outermost, Place::root))
    return tl::make_unexpected(refusal(reply, *words, context));
  if (const auto* holder = find_balance_holder(outermost)) {
    if (says_twice(*holder, std::array{std::string_view("balance")}))
      return tl::make_unexpected(unreadable(reply, ErrorKind::malformed, {}, context));
    if (auto balance = read_money(holder->find("balance"), context)) {
      auto currency = read_currency(holder->find("currency"), context);
      if (!currency) currency = read_currency(outermost.find("currency"), context);
      return Balance{std::move(*balance), std::move(currency)};
    }
  }
  const auto words = message_of(outermost);
  if (!words.empty() || reply.http_status >= 400) return tl::make_unexpected(refusal(reply, words, context));
  return tl::make_unexpected(unreadable(reply, ErrorKind::wrong_shape, {}, context));
}

}  // namespace smm::panel
