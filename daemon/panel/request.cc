#include "panel/request.h"

#include <algorithm>

namespace smm::panel {
namespace {

constexpr bool stands_for_itself(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '*' || c == '-' ||
         c == '.' || c == '_';
}

// https://url.spec.whatwg.org/#concept-urlencoded-serializer: alphanumerics and `*-._` stand for themselves,
// a space is `+`, every other byte %XX. Ids are mostly of the first kind, whole.
void append_encoded(std::string& out, std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  while (true) {
    const auto* plain_end = std::find_if_not(text.begin(), text.end(), stands_for_itself);
    out.append(text.begin(), plain_end);
    if (plain_end == text.end()) return;
    if (*plain_end == ' ') {
      out += '+';
    } else {
      const auto byte = static_cast<unsigned char>(*plain_end);
      out += '%';
      out += digits[byte >> 4U];
      out += digits[byte & 0xFU];
    }
    text.remove_prefix(static_cast<std::size_t>(plain_end - text.begin()) + 1);
  }
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
  if (!out.empty()) out += '&';
  append_encoded(out, name);
  out += '=';
  append_encoded(out, value);
}

// `name=1,2,3`
template <class Id>
void append_list(std::string& out, std::string_view name, std::span<const Id> ids) {
  constexpr std::string_view comma = "%2C";
  std::size_t size = out.size() + name.size() + 2;
  for (const auto& id : ids) size += id.text().size() + comma.size();
  out.reserve(size);  // and more, should an id have a `:`
  append_field(out, name, {});
  for (const auto& id : ids) {
    if (&id != ids.data()) out += comma;
    append_encoded(out, id.text());
  }
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

std::string_view action_of(std::string_view form) {
  constexpr std::string_view name = "&action=";  // a key has no & of its own any more
  const auto at = form.find(name);
  if (at == std::string_view::npos) return {};
  form.remove_prefix(at + name.size());
  return form.substr(0, form.find('&'));
}

std::string status_form(const Secret& key, std::span<const OrderId> ids) {
  auto out = begin_form(key, "status");
  append_list(out, "orders", ids);
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

std::string services_form(const Secret& key) {
  return begin_form(key, "services");
}

// PHP reads `key[x]` as `key` and makes `key` of ` key`, and some panels fold letter case: none of these may
// pass.
bool is_key_or_action(std::string_view name) {
  name.remove_prefix(std::min(name.find_first_not_of(" \t\r\n\v\f"), name.size()));
  std::string plain;
  for (const char c : name.substr(0, name.find_first_of(std::string_view("[\0", 2))))
    plain += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  plain.erase(plain.find_last_not_of(" \t\r\n\v\f") + 1);
  return plain == "key" || plain == "action";
}

std::string add_form(const Secret& key, const PlacementFields& fields) {
  auto out = begin_form(key, "add");
  for (const auto& [name, value] : fields) {
    if (!is_key_or_action(name)) append_field(out, name, value);
  }
  return out;
}

std::string refill_form(const Secret& key, std::span<const OrderId> ids) {
  auto out = begin_form(key, "refill");
  append_list(out, ids.size() == 1 ? "order" : "orders", ids);
  return out;
}

std::string refill_status_form(const Secret& key, std::span<const RefillId> ids) {
  auto out = begin_form(key, "refill_status");
  append_list(out, ids.size() == 1 ? "refill" : "refills", ids);
  return out;
}

std::string cancel_form(const Secret& key, std::span<const OrderId> ids) {
  auto out = begin_form(key, "cancel");
  append_list(out, "orders", ids);
  return out;
}

std::string single_cancel_form(const Secret& key, const OrderId& id) {
  auto out = begin_form(key, "cancel");
  append_field(out, "order", id.text());
  return out;
}

}  // namespace smm::panel
