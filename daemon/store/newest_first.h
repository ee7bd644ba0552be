#pragma once

#include "platform/database.h"
#include "store/cursor.h"

#include <tl/expected.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace smm::store {

// Whether it is one of those asked for; everything is when none is.
template <class Value>
[[nodiscard]] bool is_one_of(const std::vector<Value>& wanted, const Value& value) {
  return wanted.empty() || std::find(wanted.begin(), wanted.end(), value) != wanted.end();
}

// A list of numbered rows, the newest first: the walks of one or a few index ranges put together. Each looks
// at a bounded number of rows whether they are wanted or not, and the page says where to go on.
template <class Item>
class NewestFirst {
 public:
  // `kind` ties the cursor to this list. The error: what is wrong with the cursor.
  static tl::expected<NewestFirst, std::string> begin(std::string_view kind, std::size_t limit,
                                                      const std::string& cursor) {
    NewestFirst list(kind, limit);
    if (cursor.empty()) return list;
    const auto parts = read_cursor(cursor, kind, 1);
    if (!parts || !parts->text.empty()) return tl::unexpected(std::string(foreign_cursor));
    list.from_ = parts->numbers.at(0);
    return list;
  }

  // `rows` gives rows with numbers below ?1, at most ?2 of them, the highest first; column 0 is the number.
  // What else it needs is bound.
  template <class IsWanted, class Load>
  void walk(platform::Statement& rows, IsWanted is_wanted, Load load) {
    const platform::Reading reading(rows);
    rows.bind(1, from_).bind(2, scan_bound);
    std::size_t kept = 0;
    std::int64_t looked_at = 0;
    std::int64_t number = 0;
    while (kept <= limit_ && rows.step()) {
      ++looked_at;
      number = rows.integer(0);
      if (!is_wanted(rows)) continue;
      found_.emplace_back(number, load(rows));
      ++kept;
    }
    if (kept > limit_ || looked_at == scan_bound) stopped_at_ = std::max(stopped_at_, std::optional(number));
  }

  // The walks in one order, up to where the first of them stopped: beyond that one of its rows might belong.
  template <class Page>
  [[nodiscard]] Page page() {
    std::sort(found_.begin(), found_.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
    Page page;
    auto next = stopped_at_;
    std::int64_t last = 0;
    for (auto& [number, item] : found_) {
      if (stopped_at_ && number < *stopped_at_) break;
      if (page.items.size() == limit_) {
        next = last;
        break;
      }
      last = number;
      page.items.push_back(std::move(item));
    }
    if (next) page.next = cursor_text(kind_, {*next});
    return page;
  }

 private:
  static constexpr std::int64_t scan_bound = 10'000;

  NewestFirst(std::string_view kind, std::size_t limit) : kind_(kind), limit_(limit) {}

  std::string kind_;
  std::size_t limit_;
  std::int64_t from_ = std::numeric_limits<std::int64_t>::max();
  std::vector<std::pair<std::int64_t, Item>> found_;
  std::optional<std::int64_t> stopped_at_;
};

}  // namespace smm::store
