#include "config/document.h"

#include <toml++/toml.h>

#include <algorithm>

namespace smm::config {
namespace {

Position begin_of(const toml::source_region& region) {
  return {region.begin.line, region.begin.column};
}

bool same_region(const toml::source_region& left, const toml::source_region& right) {
  return left.begin == right.begin && left.end == right.end;
}

// toml++ does not tell which tables were only implied, but it gives them the region of what implied them: the
// header of the table below, or the part of the dotted key.
bool is_implicit(const toml::table& table, const toml::key& key) {
  if (begin_of(table.source()) == begin_of(key.source())) return true;
  return std::any_of(table.begin(), table.end(), [&](const auto& child) {
    return child.second.is_table() && same_region(child.second.source(), table.source());
  });
}

Node node_of(const toml::node& value);

void take_entries(const toml::table& table, Node& node) {
  node.entries.reserve(table.size());
  for (const auto& [key, value] : table) {
    Entry entry{std::string(key.str()), begin_of(key.source()), node_of(value)};
    if (const auto* child = value.as_table()) entry.value.implicit = is_implicit(*child, key);
    node.entries.push_back(std::move(entry));
  }
  std::sort(node.entries.begin(), node.entries.end(),
            [](const Entry& left, const Entry& right) { return left.at < right.at; });
}

Node node_of(const toml::node& value) {
  Node node;
  node.at = begin_of(value.source());
  switch (value.type()) {
    case toml::node_type::none:
    case toml::node_type::table:
      take_entries(*value.as_table(), node);
      break;
    case toml::node_type::array:
      node.kind = Kind::list;
      for (const auto& item : *value.as_array()) node.items.push_back(node_of(item));
      break;
    case toml::node_type::string:
      node.kind = Kind::text;
      node.text = value.as_string()->get();
      break;
    case toml::node_type::integer:
      node.kind = Kind::integer;
      node.integer = value.as_integer()->get();
      break;
    case toml::node_type::floating_point:
      node.kind = Kind::real;
      break;
    case toml::node_type::boolean:
      node.kind = Kind::boolean;
      node.flag = value.as_boolean()->get();
      break;
    case toml::node_type::date:
    case toml::node_type::time:
    case toml::node_type::date_time:
      node.kind = Kind::date;
      break;
  }
  return node;
}

// toml++ quotes a number that is too large whole; what stands in the file may be private.
std::string without_values(std::string_view description) {
  if (description.find("not representable") != std::string_view::npos) return "number out of range";
  return std::string(description);
}

}  // namespace

tl::expected<Node, SyntaxError> parse_document(std::string_view text) {
  try {
    return node_of(toml::parse(text));
  } catch (const toml::parse_error& error) {
    return tl::unexpected(SyntaxError{begin_of(error.source()), without_values(error.description())});
  }
}

}  // namespace smm::config
