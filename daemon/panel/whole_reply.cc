#include "panel/whole_reply.h"

#include "domain/text.h"
#include "panel/document.h"

namespace smm::panel {

tl::expected<Node, Error> read_whole(const Reply& reply, const Context& context) {
  if (reply.http_status >= 300 && reply.http_status < 400)
    return tl::make_unexpected(unreadable(reply, ErrorKind::redirected, {}, context));
  const auto place = locate(reply.body);
  if (!place.found) return tl::make_unexpected(unreadable(reply, place.kind, place.text, context));
  TreeParser parser;
  auto node = parser.parse(to_valid_utf8(place.document));
  if (!node) return tl::make_unexpected(unreadable(reply, what_is_broken(place.document), {}, context));
  return std::move(*node);
}

}  // namespace smm::panel
