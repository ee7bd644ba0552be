#include "rules/name_words.h"

#include "domain/text.h"

#include <algorithm>

namespace smm::rules {
namespace {

// Walks valid UTF-8.
class Characters {
 public:
  explicit Characters(std::string_view text) : text_(text) {}

  [[nodiscard]] bool at_end() const { return next_ >= text_.size(); }
  char32_t take() {
    const auto lead = static_cast<unsigned char>(text_[next_++]);
    if (lead < 0x80) return lead;
    const int more = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : 1;
    char32_t code = lead & (0x3FU >> more);
    for (int i = 0; i < more && next_ < text_.size(); ++i) {
      code = (code << 6) | (static_cast<unsigned char>(text_[next_++]) & 0x3FU);
    }
    return code;
  }

 private:
  std::string_view text_;
  std::size_t next_ = 0;
};

void append(std::string& text, char32_t code) {
  const auto byte = [&](char32_t bits) { text += static_cast<char>(static_cast<unsigned char>(bits)); };
  if (code < 0x80) {
    byte(code);
  } else if (code < 0x800) {
    byte(0xC0 | (code >> 6));
    byte(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    byte(0xE0 | (code >> 12));
    byte(0x80 | ((code >> 6) & 0x3F));
    byte(0x80 | (code & 0x3F));
  } else {
    byte(0xF0 | (code >> 18));
    byte(0x80 | ((code >> 12) & 0x3F));
    byte(0x80 | ((code >> 6) & 0x3F));
    byte(0x80 | (code & 0x3F));
  }
}

// Mathematical, full-width, circled and squared letters and digits as the ones they stand for (Unicode's
// chapters 1D400, FF00, 2460 and 1F130), and Arabic digits.
char32_t plain(char32_t code) {
  if (code >= 0x1D400 && code < 0x1D6A4) {
    const auto letter = (code - 0x1D400) % 52;
    return letter < 26 ? U'a' + letter : U'a' + letter - 26;
  }
  if (code >= 0x1D7CE && code < 0x1D800) return U'0' + (code - 0x1D7CE) % 10;
  if (code >= 0xFF01 && code < 0xFF5F) return code - 0xFF01 + U'!';
  if (code >= 0x24B6 && code < 0x24EA) return U'a' + (code - 0x24B6) % 26;
  if (code >= 0x1F130 && code < 0x1F14A) return U'a' + (code - 0x1F130);
  if (code >= 0x1F170 && code < 0x1F18A) return U'a' + (code - 0x1F170);
  if (code >= 0x660 && code < 0x66A) return U'0' + (code - 0x660);
  if (code >= 0x6F0 && code < 0x6FA) return U'0' + (code - 0x6F0);
  return code;
}

// Lower case in the alphabets whose words we know: ASCII, Latin-1, Cyrillic. A Turkish dotted İ is an i.
char32_t lower(char32_t code) {
  if (code >= U'A' && code <= U'Z') return code - U'A' + U'a';
  if (code >= 0xC0 && code <= 0xDE && code != 0xD7) return code + 0x20;
  if (code >= 0x410 && code <= 0x42F) return code + 0x20;
  if (code == 0x130) return U'i';
  if (code == 0x110) return 0x111;
  return code;
}

bool is_digit(char32_t code) {
  return code >= U'0' && code <= U'9';
}

// White space, and characters that are not seen: joiners, variation selectors, the keycap's frame.
bool is_unseen(char32_t code) {
  return code <= U' ' || code == 0xA0 || (code >= 0x2000 && code <= 0x200F) || code == 0x202F ||
         code == 0x3000 || (code >= 0xFE00 && code <= 0xFE0F) || code == 0x20E3 || code == 0xFEFF;
}

bool is_space(char32_t code) {
  return code <= U' ' || code == 0xA0 || (code >= 0x2000 && code <= 0x200B) || code == 0x202F ||
         code == 0x3000;
}

// Letters outside ASCII are those of the alphabets from Latin-1 to Arabic, and Vietnamese ones; signs and
// emoji begin at U+2000.
bool is_letter(char32_t code) {
  if (code < 0x80) return (code >= U'a' && code <= U'z');
  if (code < 0xC0) return code == 0xAA || code == 0xBA;
  if (code == 0xD7 || code == 0xF7 || code == 0x60C || code == 0x61B || code == 0x66A) return false;
  return code < 0x2000 || (code >= 0x3040 && code < 0xFB00);
}

bool is_wall(char32_t code) {
  constexpr std::u32string_view walls = U"|[](){},;/\\<>\u3010\u3011\u300C\u300D\u2758\u2502\u2503\u060C";
  return walls.find(code) != std::u32string_view::npos;
}

PieceKind kind_of(char32_t code) {
  if (is_digit(code)) return PieceKind::number;
  if (is_letter(code)) return PieceKind::word;
  return is_wall(code) ? PieceKind::wall : PieceKind::mark;
}

// "1.5" and "1,000" are one number, though not one of days.
void join_decimals(std::vector<Piece>& pieces) {
  for (std::size_t i = 2; i < pieces.size();) {
    const auto& point = pieces[i - 1];
    const bool joined =
        pieces[i].kind == PieceKind::number && pieces[i].glued && point.glued &&
        (point.text == "." || point.text == ",") &&
        (pieces[i - 2].kind == PieceKind::number || pieces[i - 2].kind == PieceKind::not_whole);
    if (!joined) {
      ++i;
      continue;
    }
    pieces[i - 2].kind = PieceKind::not_whole;
    pieces.erase(pieces.begin() + static_cast<std::ptrdiff_t>(i) - 1,
                 pieces.begin() + static_cast<std::ptrdiff_t>(i) + 1);
  }
}

}  // namespace

std::vector<Piece> pieces_of(std::string_view name) {
  const auto valid = to_valid_utf8(name);
  std::vector<Piece> pieces;
  bool glued = false;
  for (Characters characters(valid); !characters.at_end();) {
    const auto code = lower(plain(characters.take()));
    if (is_unseen(code)) {
      glued = glued && !is_space(code);
      continue;
    }
    const auto kind = kind_of(code);
    const bool goes_on = glued && !pieces.empty() && pieces.back().kind == kind &&
                         (kind == PieceKind::word || kind == PieceKind::number);
    if (!goes_on) pieces.push_back({kind, {}, glued});
    append(pieces.back().text, code);
    glued = true;
  }
  join_decimals(pieces);
  for (auto& piece : pieces) {
    if (piece.kind == PieceKind::number && piece.text.size() > 4) piece.kind = PieceKind::not_whole;
  }
  return pieces;
}

}  // namespace smm::rules
