#include "platform/http_target.h"

#include <algorithm>

namespace smm::platform {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

enum class Plus { itself, space };

std::string decode(std::string_view text, Plus plus) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      const int high = hex_digit(text[i + 1]);
      const int low = hex_digit(text[i + 2]);
      if (high >= 0 && low >= 0) {
        out += static_cast<char>(high * 16 + low);
        i += 2;
        continue;
      }
    }
    out += text[i] == '+' && plus == Plus::space ? ' ' : text[i];
  }
  return out;
}

}  // namespace

HttpTarget parse_target(std::string_view target) {
  HttpTarget out;
  const auto question = std::min(target.find('?'), target.size());
  out.path = decode(target.substr(0, question), Plus::itself);
  auto rest = target.substr(std::min(question + 1, target.size()));
  while (!rest.empty()) {
    const auto end = std::min(rest.find('&'), rest.size());
    const auto piece = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (piece.empty()) continue;
    const auto equals = std::min(piece.find('='), piece.size());
    out.query.emplace_back(decode(piece.substr(0, equals), Plus::space),
                           decode(piece.substr(std::min(equals + 1, piece.size())), Plus::space));
  }
  return out;
}

}  // namespace smm::platform
