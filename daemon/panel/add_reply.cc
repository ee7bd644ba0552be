#include "panel/document.h"
#include "panel/envelope.h"
#include "panel/purchase_reply.h"
#include "panel/verdict.h"
#include "panel/whole_reply.h"
#include "panel/words.h"

#include <algorithm>
#include <array>

namespace smm::panel {
namespace {

using AddAnswer = tl::expected<std::variant<OrderId, Refused>, Error>;

constexpr std::array<std::string_view, 9> judged_fields = {"order",  "order_id", "orderId", "id",     "error",
                                                           "errors", "status",   "success", "message"};
constexpr std::array<std::string_view, 6> wrappers = {"data",     "result", "results",
                                                      "response", "order",  "orders"};

// All that a reply says, from its outermost object inwards.
struct Gathered {
  std::optional<std::string> id;
  std::optional<std::string> no;
  std::string message;
  bool went_well = false;
  bool is_unclear = false;  // a field twice, two ids, several orders, or something of no known shape
};

void take_id(Gathered& said, const Node* field, const Context& context) {
  if (field == nullptr) return;
  auto id = read_given_id(*field, context);
  if (!id) return;
  if (said.id && *said.id != *id) said.is_unclear = true;
  said.id = std::move(id);
}

void gather(Gathered& said, const Node& node, const Context& context, int depth) {
  if (node.kind == Node::Kind::array) {
    // An order alone in a list; an empty list is PHP's empty object.
    if (node.children.size() > 1) said.is_unclear = true;
    if (node.children.size() == 1 && depth < max_wrappers)
      gather(said, node.children.front(), context, depth + 1);
    return;
  }
  if (node.kind != Node::Kind::object) {
    said.is_unclear = said.is_unclear || node.kind != Node::Kind::text;
    if (node.kind == Node::Kind::text) said.message = node.text;
    return;
  }
  if (says_twice(node, judged_fields)) said.is_unclear = true;
  if (!said.no) said.no = find_no(node, Action::cancel);
  if (said.message.empty()) said.message = message_of(node);
  said.went_well = said.went_well || marks_success(node);
  for (const std::string_view name : {"order", "order_id", "orderId"})
    take_id(said, node.find(name), context);
  // `id` may number the request as well: it counts where nothing else is named.
  if (!said.id) take_id(said, node.find("id"), context);
  for (const auto name : wrappers) {
    const auto* field = node.find(name);
    if (field == nullptr || !field->is_container()) continue;
    const bool lists_ids = name.substr(0, 5) == "order" && field->kind == Node::Kind::array &&
                           field->children.size() == 1 && !field->children.front().is_container();
    if (lists_ids) {
      take_id(said, &field->children.front(), context);
    } else if (depth >= max_wrappers) {
      said.is_unclear = true;
    } else {
      gather(said, *field, context, depth + 1);
    }
  }
}

AddAnswer in_doubt(ErrorKind kind, const char* why) {
  return tl::make_unexpected(Error{kind, why});
}

Refused refused(const Reply& reply, std::string_view words, const Context& context) {
  auto error = refusal(reply, words, context);
  // There is no batch of adds.
  if (error.kind == ErrorKind::batch_refused) error.kind = ErrorKind::said_no;
  return {error.kind, std::move(error.words), false};
}

}  // namespace

AddAnswer read_add(const Reply& reply, const Context& context) {
  const auto node = read_whole(reply, context);
  if (!node) return tl::make_unexpected(node.error());
  Gathered said;
  gather(said, *node, context, 0);
  if (said.is_unclear) return in_doubt(ErrorKind::malformed, "the reply is ambiguous about the order");
  if (said.id && said.no) return in_doubt(ErrorKind::wrong_shape, "the reply has an order's id and an error");
  if (said.id) return OrderId(std::move(*said.id));
  if (said.no) return refused(reply, *said.no, context);
  // Words without a mark: with a client error's code they are its reason, with a server error's they are a
  // crash's; without either they are believed when they leave no doubt.
  const bool client_error = reply.http_status >= 400 && reply.http_status < 500;
  const bool plain = reply.http_status < 400 && !said.went_well && says_no_plainly(said.message);
  if (!said.message.empty() && (client_error || plain)) return refused(reply, said.message, context);
  return tl::make_unexpected(unreadable(reply, ErrorKind::wrong_shape, {}, context));
}

}  // namespace smm::panel
