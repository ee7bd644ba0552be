#include "api/multipart.h"

#include "domain/text.h"

#include <algorithm>
#include <optional>

namespace smm::api {
namespace {

constexpr std::size_t longest_boundary = 256;  // RFC 2046 §5.1.1 allows 70
constexpr std::size_t longest_head = 8192;     // of a part

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool is_same(std::string_view text, std::string_view lower_case) {
  return std::equal(text.begin(), text.end(), lower_case.begin(), lower_case.end(),
                    [](char one, char other) { return lower(one) == other; });
}

std::string_view until(std::string_view text, char end) {
  return text.substr(0, std::min(text.find(end), text.size()));
}

// A quoted value up to its closing quote, which is taken off `rest`. Browsers write a quote in a name as %22,
// libraries as \".
std::string quoted(std::string_view& rest) {
  std::string value;
  std::size_t at = 1;
  while (at < rest.size() && rest[at] != '"') {
    const bool escaped =
        rest[at] == '\\' && at + 1 < rest.size() && (rest[at + 1] == '"' || rest[at + 1] == '\\');
    if (escaped) ++at;
    value += rest[at++];
  }
  rest.remove_prefix(std::min(at + 1, rest.size()));
  for (auto quote = value.find("%22"); quote != std::string::npos; quote = value.find("%22", quote + 1))
    value.replace(quote, 3, "\"");
  return value;
}

// A parameter of a header's value: `form-data; name="x"; filename="y"`.
std::optional<std::string> parameter(std::string_view value, std::string_view wanted) {
  value.remove_prefix(until(value, ';').size());
  while (!value.empty()) {
    value.remove_prefix(1);  // the semicolon
    const auto name_end = std::min(value.find_first_of("=;"), value.size());
    const auto name = trim(value.substr(0, name_end));
    value.remove_prefix(name_end);
    std::string text;
    if (!value.empty() && value.front() == '=') {
      value.remove_prefix(1);
      value.remove_prefix(std::min(value.find_first_not_of(" \t"), value.size()));
      if (!value.empty() && value.front() == '"') {
        text = quoted(value);
        value.remove_prefix(until(value, ';').size());
      } else {
        const auto plain = until(value, ';');
        text = trim(plain);
        value.remove_prefix(plain.size());
      }
    }
    if (is_same(name, wanted)) return text;
  }
  return std::nullopt;
}

// The name that a part's head gives it.
std::optional<std::string> name_of(std::string_view head) {
  while (!head.empty()) {
    const auto line = until(head, '\n');
    head.remove_prefix(std::min(line.size() + 1, head.size()));
    const auto name = until(line, ':');
    if (name.size() == line.size() || !is_same(trim(name), "content-disposition")) continue;
    return parameter(line.substr(name.size() + 1), "name");
  }
  return std::nullopt;
}

// Where a part's head ends: the first empty line.
struct HeadEnd {
  std::size_t head = 0;  // its size
  std::size_t content = 0;
};
std::optional<HeadEnd> end_of_head(std::string_view part) {
  const auto limited = part.substr(0, longest_head);
  if (limited.substr(0, 2) == "\r\n") return HeadEnd{0, 2};
  if (const auto at = limited.find("\r\n\r\n"); at != std::string_view::npos) return HeadEnd{at, at + 4};
  if (const auto at = limited.find("\n\n"); at != std::string_view::npos) return HeadEnd{at, at + 2};
  return std::nullopt;
}

}  // namespace

tl::expected<std::vector<std::pair<std::string, std::string>>, std::string> read_multipart(
    std::string_view content_type, std::string_view body, std::size_t most_parts) {
  const auto fault = [](const char* words) { return tl::unexpected(std::string(words)); };
  const auto boundary = parameter(content_type, "boundary").value_or("");
  if (boundary.empty() || boundary.size() > longest_boundary)
    return fault("the body is multipart/form-data without a boundary");
  std::vector<std::pair<std::string, std::string>> fields;
  const auto delimiter = "--" + boundary;
  // The first delimiter begins the body, but for a preamble; the others begin a line.
  auto at = body.substr(0, delimiter.size()) == delimiter ? 0 : body.find("\n" + delimiter);
  if (at == std::string_view::npos) return fault("the body does not hold the boundary its type names");
  at = body.find(delimiter, at);
  for (;;) {
    body.remove_prefix(at + delimiter.size());
    if (body.substr(0, 2) == "--") return fields;
    const auto line_end = body.find('\n');  // white space may follow the boundary
    if (line_end == std::string_view::npos || !trim(body.substr(0, line_end)).empty())
      return fault("the body's boundaries are broken");
    body.remove_prefix(line_end + 1);
    at = body.find("\n" + delimiter);
    if (at == std::string_view::npos) return fault("the body ends before its last boundary");
    auto part = body.substr(0, at);
    if (!part.empty() && part.back() == '\r') part.remove_suffix(1);
    ++at;
    const auto head = end_of_head(part);
    auto name = head ? name_of(part.substr(0, head->head)) : std::nullopt;
    if (!name) return fault("a part of the body has no name");
    if (fields.size() >= most_parts) return fault("the body holds more than 10000 fields");
    fields.emplace_back(std::move(*name), std::string(part.substr(head->content)));
  }
}

}  // namespace smm::api
