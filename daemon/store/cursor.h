#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Where a list goes on. A cursor is `KIND.part.part…`: the kind ties it to one list in one order, the parts
// are the position of the last item seen. It needs no escaping in a URL; its readers know it only as opaque.
namespace smm::store {

// Numbers in decimal, texts in hex.
[[nodiscard]] std::string cursor_text(std::string_view kind, const std::vector<std::int64_t>& numbers,
                                      std::string_view text = {});

struct CursorParts {
  std::vector<std::int64_t> numbers;
  std::string text;
};

// Nothing when it is damaged or of another kind, or does not hold exactly `count` numbers.
[[nodiscard]] std::optional<CursorParts> read_cursor(std::string_view cursor, std::string_view kind,
                                                     std::size_t count);

// What a reader is told of such a cursor.
inline constexpr std::string_view foreign_cursor = "the cursor does not belong to this list";

}  // namespace smm::store
