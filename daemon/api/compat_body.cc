#include "api/compat_body.h"

#include "api/multipart.h"
#include "domain/text.h"
#include "panel/json_tree.h"
#include "platform/http_target.h"

#include <algorithm>
#include <set>

namespace smm::api {
namespace {

using panel::Node;
using All = CompatFields::All;
template <class T>
using Read = tl::expected<T, std::string>;

constexpr std::size_t most_fields = 10'000;
constexpr std::size_t most_bytes = std::size_t{8} << 20U;  // of names and values, once a body is taken apart
constexpr std::string_view too_many_fields = "the body holds more than 10000 fields";

std::string lower_case(std::string_view text) {
  std::string out(text);
  for (auto& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

bool is_plain(const Node& node) {
  return !node.is_container();
}

// Of a plain value; nothing for null.
std::optional<std::string> text_of(const Node& node) {
  switch (node.kind) {
    case Node::Kind::text:
    case Node::Kind::number:
      return node.text;
    case Node::Kind::boolean:
      return std::string(node.text == "true" ? "1" : "0");
    case Node::Kind::null:
    case Node::Kind::array:
    case Node::Kind::object:
      break;
  }
  return std::nullopt;
}

std::string lines_of(const Node& list) {
  std::string lines;
  bool is_first = true;
  for (const auto& item : list.children) {
    const auto text = text_of(item);
    if (!text) continue;
    if (!is_first) lines += '\n';
    is_first = false;
    lines += *text;
  }
  return lines;
}

// Names grow with every level, so their bytes are counted too.
class Flattener {
 public:
  All all;

  // False: it becomes more than it may be.
  bool add(const std::string& name, const Node& node) {
    if (is_plain(node)) {
      const auto text = text_of(node);
      return !text || put(name, *text);
    }
    const bool is_list = node.kind == Node::Kind::array;
    if (is_list && std::all_of(node.children.begin(), node.children.end(), is_plain))
      return put(name, lines_of(node));
    std::size_t index = 0;
    return std::all_of(node.children.begin(), node.children.end(), [&](const Node& child) {
      return add(name + "[" + (is_list ? std::to_string(index++) : child.key) + "]", child);
    });
  }

 private:
  bool put(const std::string& name, const std::string& value) {
    bytes_ += name.size() + value.size();
    if (bytes_ > most_bytes || all.size() >= most_fields) return false;
    all.emplace_back(name, value);
    return true;
  }

  std::size_t bytes_ = 0;
};

Read<All> read_json(std::string_view body) {
  panel::TreeParser parser;
  const auto document = parser.parse(body);
  if (!document) return tl::unexpected(std::string("the body is not JSON, or nested too deep"));
  if (document->kind != Node::Kind::object)
    return tl::unexpected(std::string("the body must be a JSON object"));
  Flattener fields;
  for (const auto& child : document->children) {
    if (!fields.add(child.key, child)) return tl::unexpected(std::string(too_many_fields));
  }
  return std::move(fields.all);
}

Read<All> read_form(std::string_view body) {
  const auto pieces = static_cast<std::size_t>(std::count(body.begin(), body.end(), '&')) + 1;
  if (pieces > most_fields) return tl::unexpected(std::string(too_many_fields));
  return platform::parse_target("?" + std::string(body)).query;
}

// A body that begins with `{` is JSON whatever its type says: no form does, and `curl -d '{…}'` and others
// call it one.
bool looks_like_json(std::string_view body) {
  return trim(body).substr(0, 1) == "{";
}

Read<All> read_body_fields(const platform::HttpServerRequest& request) {
  const auto content_type = request.header("content-type");
  const auto type = lower_case(trim(content_type.substr(0, content_type.find(';'))));
  if (type == "multipart/form-data") return read_multipart(content_type, request.body, most_fields);
  const bool is_json = type == "application/json" || type == "text/json" ||
                       (type.size() > 5 && type.substr(type.size() - 5) == "+json");
  if (trim(request.body).empty()) return All();
  if (is_json || looks_like_json(request.body)) return read_json(request.body);
  return read_form(request.body);
}

// Whether a field's name is `name`, or PHP's `name[…]`.
bool is_named(std::string_view field, std::string_view name) {
  return field.substr(0, name.size()) == name && (field.size() == name.size() || field[name.size()] == '[');
}

CompatIds gather(const All& all, std::string_view name) {
  constexpr std::string_view separators = ", \t\r\n";
  CompatIds found;
  std::set<std::string_view> seen;
  std::size_t fields = 0;
  for (const auto& [field, value] : all) {
    if (!is_named(field, name)) continue;
    found.batch = found.batch || ++fields > 1 || field.size() > name.size();
    std::string_view rest = trim(value);
    found.batch = found.batch || rest.find_first_of(separators) != std::string_view::npos;
    while (!rest.empty()) {
      const auto end = std::min(rest.find_first_of(separators), rest.size());
      const auto id = rest.substr(0, end);
      rest.remove_prefix(std::min(end + 1, rest.size()));
      if (!id.empty() && seen.insert(id).second) found.ids.emplace_back(id);
    }
  }
  return found;
}

}  // namespace

std::optional<std::string> CompatFields::last(std::string_view name) const {
  const auto found =
      std::find_if(all_.rbegin(), all_.rend(), [&](const auto& field) { return field.first == name; });
  return found == all_.rend() ? std::nullopt : std::optional(found->second);
}

CompatIds CompatFields::ids(std::string_view many, std::string_view one) const {
  auto found = gather(all_, many);
  if (found.ids.empty()) return gather(all_, one);
  found.batch = true;
  return found;
}

tl::expected<CompatFields, std::string> read_compat_fields(const platform::HttpServerRequest& request) {
  auto body = read_body_fields(request);
  if (!body) return tl::unexpected(std::move(body.error()));
  All all = request.query;
  all.insert(all.end(), std::make_move_iterator(body->begin()), std::make_move_iterator(body->end()));
  return CompatFields(std::move(all));
}

}  // namespace smm::api
