#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

// The vocabulary of refill windows in services' names: English, Spanish, Portuguese, Indonesian, Vietnamese,
// Turkish, Russian and Arabic, in lower case, and signs. Internal to their reading.
namespace smm::rules {

enum class NameWord : std::uint8_t {
  refill,        // or guarantee, warranty, ♻
  no,            // no, non, without
  no_mark,       // ❌
  no_refill,     // in one word
  lifetime,      // or ∞
  filler,        // may stand between a word for refills and its length of time
  owner_before,  // a length of time right after it is its own: delivery
  owner_after,   // a length of time right before it is its own
  other_unit,    // what a number that is no number of days may count: hours, k, %
  offered,       // what refills are not, after "refill not"
};
[[nodiscard]] bool means(std::string_view text, NameWord meaning);

// 1 for "days", 30 for "month"; nothing for other words.
[[nodiscard]] std::optional<int> days_of_unit(std::string_view text);

// Whether panels sell refills for this many days.
[[nodiscard]] bool is_sold(int days);

}  // namespace smm::rules
