#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

// The orders the benchmark is about: their numbers, and what the panel says of each.
namespace smm::bench {

inline constexpr std::size_t first_order = 23'500'000;

inline std::string lean_id(std::size_t index) {
  return std::to_string(first_order + index);
}

// What stands under an order's id; `changes`: how often it changed.
inline void append_lean_order(std::string& out, std::uint32_t changes) {
  out += R"({"charge":"0.27819","start_count":"3572","status":"In progress","remains":")";
  auto left = 999'999 - changes % 900'000;
  char digits[6];
  for (int i = 5; i >= 0; --i, left /= 10) digits[i] = static_cast<char>('0' + left % 10);
  out.append(digits, sizeof digits).append(R"(","currency":"USD"})");
}

}  // namespace smm::bench
