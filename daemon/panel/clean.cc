#include "domain/text.h"
#include "panel/reply.h"

#include <algorithm>
#include <limits>

namespace smm::panel {
namespace {

constexpr std::string_view mask = "[key]";

}  // namespace

// The key is masked before control characters go, as it was sent, and after, in case only they kept its parts
// asunder; and before the text is cut, so that no part of it is left at the end.
std::string clean(std::string_view text, const Context& context, std::size_t limit) {
  const bool is_plain = std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7F; });
  if (is_plain) {
    auto masked = mask_secret(std::string(text), context.key, mask);
    if (masked.size() > limit) masked.resize(limit);
    return masked;
  }
  constexpr auto unlimited = std::numeric_limits<std::size_t>::max();
  auto kept = strip_controls(mask_secret(to_valid_utf8(text), context.key, mask), unlimited);
  kept = mask_secret(std::move(kept), context.key, mask);
  return kept.size() <= limit ? kept : strip_controls(kept, limit);
}

}  // namespace smm::panel
