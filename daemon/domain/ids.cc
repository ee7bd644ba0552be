#include "domain/ids.h"

#include "domain/text.h"

#include <algorithm>

namespace smm {
namespace {

bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}
bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}

}  // namespace

bool is_valid_id(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
    return is_digit(c) || is_lower(c) || is_upper(c) || c == '_' || c == '.' || c == ':' || c == '-';
  });
}

bool is_valid_name(std::string_view text) {
  return !text.empty() && text.size() <= 32 && (is_digit(text.front()) || is_lower(text.front())) &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return is_digit(c) || is_lower(c) || c == '_' || c == '-'; });
}

std::string to_text(const OrderKey& key) {
  return key.panel.text() + "/" + key.id.text();
}

std::optional<OrderKey> order_key_from_text(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const auto panel = text.substr(0, slash);
  const auto id = text.substr(slash + 1);
  if (!is_valid_name(panel) || !is_valid_id(id)) return std::nullopt;
  return OrderKey{PanelName(panel), OrderId(id)};
}

}  // namespace smm
