#pragma once

#include "domain/ids.h"
#include "panel/digest.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace smm::panel {

// Finds the ids of a reply among those asked. Panels mostly answer in the order asked, so the next one is
// tried first; the first that is not it pays for a hash table over all. Keeps its memory from reply to reply.
class AskedIds {
 public:
  // `asked` must outlive the use. Of an id that is asked twice only one index is ever found.
  void begin(std::span<const OrderId> asked) {
    asked_ = asked;
    next_ = 0;
    has_table_ = false;
    said_.assign(asked.size(), false);
  }

  [[nodiscard]] std::optional<std::size_t> find(std::string_view id) {
    if (next_ < asked_.size() && asked_[next_].text() == id) return next_++;
    if (!has_table_) build_table();
    for (auto slot = digest_of(id) & mask_;; slot = (slot + 1) & mask_) {
      const auto entry = table_[slot];
      if (entry == 0) return std::nullopt;
      if (asked_[entry - 1].text() == id) {
        next_ = entry;
        return entry - 1;
      }
    }
  }

  // Whether the id at `index` was said before; it is now.
  [[nodiscard]] bool say(std::size_t index) {
    const bool before = said_[index];
    said_[index] = true;
    return before;
  }

 private:
  void build_table() {
    std::size_t size = 16;
    while (size < asked_.size() * 2) size *= 2;
    mask_ = size - 1;
    table_.assign(size, 0);
    for (std::uint32_t i = 0; i < asked_.size(); ++i) {
      auto slot = digest_of(asked_[i].text()) & mask_;
      while (table_[slot] != 0) slot = (slot + 1) & mask_;
      table_[slot] = i + 1;
    }
    has_table_ = true;
  }

  std::span<const OrderId> asked_;
  std::size_t next_ = 0;
  std::vector<bool> said_;
  std::vector<std::uint32_t> table_;  // index + 1; 0 = free
  std::size_t mask_ = 0;
  bool has_table_ = false;
};

}  // namespace smm::panel
