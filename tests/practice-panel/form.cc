#include "practice-panel/form.h"

#include <algorithm>
#include <cctype>

namespace smm::practice {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string decode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int high = text[i] == '%' && i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = high >= 0 ? hex_digit(text[i + 2]) : -1;
    if (low >= 0) {
      out += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      out += text[i] == '+' ? ' ' : text[i];
    }
  }
  return out;
}

Form parse_urlencoded(std::string_view body) {
  Form form;
  while (!body.empty()) {
    const auto end = std::min(body.find('&'), body.size());
    const auto pair = body.substr(0, end);
    const auto equals = std::min(pair.find('='), pair.size());
    if (!pair.empty())
      form.fields.emplace_back(decode(pair.substr(0, equals)),
                               decode(pair.substr(std::min(equals + 1, pair.size()))));
    body.remove_prefix(std::min(end + 1, body.size()));
  }
  return form;
}

// The value of `name="…"` in a header, or nothing.
std::optional<std::string> quoted_parameter(std::string_view header, std::string_view name) {
  const auto at = header.find(std::string(name) + "=\"");
  if (at == std::string_view::npos) return std::nullopt;
  const auto start = at + name.size() + 2;
  const auto end = header.find('"', start);
  if (end == std::string_view::npos) return std::nullopt;
  return std::string(header.substr(start, end - start));
}

Form parse_multipart(std::string_view boundary, std::string_view body) {
  Form form;
  const std::string mark = "--" + std::string(boundary);
  auto at = body.find(mark);
  while (at != std::string_view::npos) {
    const auto start = at + mark.size();
    const auto next = body.find("\r\n" + mark, start);
    if (next == std::string_view::npos) break;
    const auto part = body.substr(start, next - start);
    const auto blank = part.find("\r\n\r\n");
    if (blank != std::string_view::npos) {
      if (auto name = quoted_parameter(part.substr(0, blank), " name"))
        form.fields.emplace_back(std::move(*name), std::string(part.substr(blank + 4)));
    }
    at = next + 2;
  }
  return form;
}

}  // namespace

std::optional<std::string> Form::get(std::string_view name) const {
  const auto found =
      std::find_if(fields.rbegin(), fields.rend(), [name](const auto& field) { return field.first == name; });
  if (found == fields.rend()) return std::nullopt;
  return found->second;
}

std::optional<std::string> Form::filled(std::string_view name) const {
  auto value = get(name);
  if (value && value->empty()) value.reset();
  return value;
}

Form parse_form(std::string_view content_type, std::string_view body) {
  const auto at = content_type.find("boundary=");
  if (to_lower(content_type).starts_with("multipart/form-data") && at != std::string_view::npos) {
    auto boundary = content_type.substr(at + 9);
    boundary = boundary.substr(0, boundary.find(';'));
    if (boundary.size() >= 2 && boundary.front() == '"') boundary = boundary.substr(1, boundary.size() - 2);
    return parse_multipart(boundary, body);
  }
  return parse_urlencoded(body);
}

std::vector<std::string> split_commas(std::string_view list) {
  std::vector<std::string> out;
  while (!list.empty()) {
    const auto end = std::min(list.find(','), list.size());
    auto item = list.substr(0, end);
    while (!item.empty() && item.front() == ' ') item.remove_prefix(1);
    while (!item.empty() && item.back() == ' ') item.remove_suffix(1);
    if (!item.empty()) out.emplace_back(item);
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return out;
}

long count_lines(std::string_view list) {
  long lines = 0;
  bool inside = false;
  for (const char c : list) {
    const bool part_of_line = c != '\n' && c != '\r';
    if (part_of_line && !inside) ++lines;
    inside = part_of_line;
  }
  return lines;
}

std::string to_lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

}  // namespace smm::practice
