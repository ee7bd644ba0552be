#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

// A service's name in pieces. Internal to the reading of refill windows.
namespace smm::rules {

enum class PieceKind : std::uint8_t {
  word,       // letters, in lower case and plain alphabet
  number,     // whole
  not_whole,  // a number with a decimal point or comma, or of more than four digits
  mark,       // any other visible sign: punctuation, emoji, ♻, ∞ (text holds it)
  wall,       // | [ ] ( ) { } , ; and the like: what divides a name into parts
};

struct Piece {
  PieceKind kind = PieceKind::mark;
  std::string text;
  bool glued = false;  // nothing stood between it and the piece before

  [[nodiscard]] bool is_word(std::string_view word) const { return kind == PieceKind::word && text == word; }
};

// Spaces and variation selectors vanish; everything else is a piece.
[[nodiscard]] std::vector<Piece> pieces_of(std::string_view name);

}  // namespace smm::rules
