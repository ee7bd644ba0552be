#include "panel/request.h"

namespace smm::panel {
namespace {

// https://url.spec.whatwg.org/#concept-urlencoded-serializer: alphanumerics and `*-._` stand for themselves,
// a space is `+`, every other byte %XX.
void append_encoded(std::string& out, std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  for (const char c : text) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                       c == '*' || c == '-' || c == '.' || c == '_';
    if (plain) {
      out += c;
    } else if (c == ' ') {
      out += '+';
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += '%';
      out += digits[byte >> 4U];
      out += digits[byte & 0xFU];
    }
  }
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
  if (!out.empty()) out += '&';
  append_encoded(out, name);
  out += '=';
  append_encoded(out, value);
}

std::string begin_form(const Secret& key, std::string_view action) {
  std::string out;
  append_field(out, "key", key.reveal());
  append_field(out, "action", action);
  return out;
}

}  // namespace

std::string form(const Secret& key, std::string_view action, std::span<const Field> fields) {
  auto out = begin_form(key, action);
  for (const auto& [name, value] : fields) append_field(out, name, value);
  return out;
}

std::string status_form(const Secret& key, std::span<const OrderId> ids) {
  auto out = begin_form(key, "status");
  out += "&orders=";
  bool first = true;
  for (const auto& id : ids) {
    if (!first) append_encoded(out, ",");
    first = false;
    append_encoded(out, id.text());
  }
  return out;
}

std::string single_status_form(const Secret& key, const OrderId& id) {
  auto out = begin_form(key, "status");
  append_field(out, "order", id.text());
  return out;
}

std::string balance_form(const Secret& key) {
  return begin_form(key, "balance");
}

}  // namespace smm::panel
