#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace smm::panel {

// A 64-bit digest for telling whether bytes are those of last time: eight at a time, multiplied to 128 bits
// and folded, the length mixed in. Not cryptographic, and it need not be: two replies of one order agree by
// chance once in 2^64, and who can choose the bytes is the panel, which could as well repeat the old ones.
// Held in memory only; another version may compute another.
[[nodiscard]] inline std::uint64_t digest_of(std::string_view bytes) {
  __extension__ using Wide = unsigned __int128;
  const auto mix = [](std::uint64_t a, std::uint64_t b) {
    const auto product = static_cast<Wide>(a) * b;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64U);
  };
  // Odd constants with as many ones as zeros, from the binary digits of √2, √3 and √5.
  constexpr std::uint64_t root2 = 0x6A09E667F3BCC909;
  constexpr std::uint64_t root3 = 0xBB67AE8584CAA73B;
  constexpr std::uint64_t root5 = 0x3C6EF372FE94F82B;
  const auto word = [](const char* at) {
    std::uint64_t value = 0;
    std::memcpy(&value, at, sizeof(value));
    return value;
  };
  const char* at = bytes.data();
  std::size_t left = bytes.size();
  std::uint64_t state = root2 ^ left;
  for (; left >= 16; left -= 16, at += 16) state = mix(word(at) ^ root3, word(at + 8) ^ state);
  std::array<char, 16> tail{};
  if (left > 0) std::memcpy(tail.data(), at, left);
  state = mix(word(tail.data()) ^ root5, word(tail.data() + 8) ^ state);
  return mix(state ^ root3, root5 ^ bytes.size());
}

}  // namespace smm::panel
