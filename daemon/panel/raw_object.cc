#include "panel/observation.h"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <system_error>
#include <vector>

namespace smm::panel {
namespace {

constexpr std::string_view left_out = "[left out]";
constexpr std::size_t max_number = 64;  // digits worth keeping, as in Money

// `text` is clean: no control characters, valid UTF-8.
void append_text(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  out += '"';
}

// Many readers of JSON refuse a whole document for one number that no double holds, such as 1e999.
bool is_held(std::string_view number) {
  double value = 0;
  return std::from_chars(number.data(), number.data() + number.size(), value).ec == std::errc();
}

class Writer {
 public:
  explicit Writer(const Context& context) : context_(context) {}

  // Stops soon after `out` passed max_raw: it will be left out anyway.
  void write(std::string& out, const Node& node) const {
    if (out.size() > max_raw) return;
    switch (node.kind) {
      case Node::Kind::null:
        out += "null";
        return;
      case Node::Kind::boolean:
        out += node.text;
        return;
      case Node::Kind::number:
        write_number(out, node.text);
        return;
      case Node::Kind::text:
        append_text(out, clean(node.text, context_));
        return;
      case Node::Kind::array:
      case Node::Kind::object:
        write_container(out, node);
        return;
    }
  }

 private:
  void write_number(std::string& out, std::string_view number) const {
    if (number.size() > max_number) {
      append_text(out, left_out);
      return;
    }
    auto kept = clean(number, context_);
    if (kept == number && is_held(number)) {
      out += kept;
    } else {
      append_text(out, kept);
    }
  }

  void write_container(std::string& out, const Node& node) const {
    const bool is_object = node.kind == Node::Kind::object;
    out += is_object ? '{' : '[';
    bool first = true;
    for (const auto& child : node.children) {
      if (out.size() > max_raw) break;
      if (!first) out += ',';
      first = false;
      if (is_object) {
        append_text(out, clean(child.key, context_));
        out += ':';
      }
      write(out, child);
    }
    out += is_object ? '}' : ']';
  }

  const Context& context_;
};

struct Part {
  std::string key;  // with its quotes and colon
  std::string value;
};

std::size_t size_of(const std::vector<Part>& parts) {
  std::size_t size = 2;
  for (const auto& part : parts) size += part.key.size() + part.value.size() + 1;
  return size;
}

std::string quoted(std::string_view text) {
  std::string out;
  append_text(out, text);
  return out;
}

void fit(std::vector<Part>& parts) {
  auto size = size_of(parts);
  const auto marker = quoted(left_out);
  while (size > max_raw) {
    const auto longest = std::max_element(parts.begin(), parts.end(), [](const Part& a, const Part& b) {
      return a.value.size() < b.value.size();
    });
    if (longest->value.size() <= marker.size()) break;
    size -= longest->value.size() - marker.size();
    longest->value = marker;
  }
  if (size <= max_raw) return;
  constexpr std::size_t room_for_count = 32;
  std::size_t dropped = 0;
  for (; size + room_for_count > max_raw && !parts.empty(); ++dropped) {
    size -= parts.back().key.size() + parts.back().value.size() + 1;
    parts.pop_back();
  }
  parts.push_back({marker + ":", std::to_string(dropped)});
}

}  // namespace

std::string to_raw(const Node& object, const Context& context) {
  const Writer writer(context);
  std::vector<Part> parts;
  parts.reserve(object.children.size());
  for (const auto& child : object.children) {
    auto& part = parts.emplace_back();
    part.key = quoted(clean(child.key, context)) + ":";
    writer.write(part.value, child);
  }
  fit(parts);
  std::string raw = "{";
  for (const auto& part : parts) {
    if (raw.size() > 1) raw += ',';
    raw += part.key;
    raw += part.value;
  }
  raw += '}';
  return raw;
}

}  // namespace smm::panel
