#pragma once

#include "panel/json_tree.h"
#include "panel/reply.h"

// A reply of moderate size, taken in whole.
namespace smm::panel {

// The document in a reply as a tree, every part of it checked. The Error for a redirect, and for a body
// without a whole document, says why there is none. The root is a text, an array or an object.
[[nodiscard]] tl::expected<Node, Error> read_whole(const Reply& reply, const Context& context);

}  // namespace smm::panel
