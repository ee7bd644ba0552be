#include "store/json.h"

#include <nlohmann/json.hpp>

#include <variant>

namespace smm::store {
namespace {

using Json = nlohmann::ordered_json;

std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

struct ToJson {
  Json operator()(std::monostate) const { return nullptr; }
  Json operator()(bool flag) const { return flag; }
  Json operator()(std::int64_t count) const { return count; }
  Json operator()(const std::string& text) const { return text; }
  Json operator()(const Labels& labels) const {
    auto object = Json::object();
    for (const auto& [name, value] : labels) object.emplace(name, value);
    return object;
  }
};

}  // namespace

std::string event_body(const EventDraft& draft, std::int64_t seq, Timestamp at) {
  auto data = Json::object();
  data.emplace("seq", seq);
  if (!draft.panel.empty()) data.emplace("panel", draft.panel.text());
  if (draft.order) data.emplace("order", draft.order->text());
  for (const auto& [name, value] : draft.data) data.emplace(name, std::visit(ToJson{}, value));
  auto body = Json::object();
  body.emplace("type", to_text(draft.type));
  body.emplace("timestamp", to_rfc3339(at));
  body.emplace("data", std::move(data));
  return dump(body);
}

std::string labels_text(const Labels& labels) {
  return dump(ToJson{}(labels));
}

Labels labels_from_text(std::string_view text) {
  Labels labels;
  const auto json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return labels;
  for (const auto& [name, value] : json.items()) {
    if (value.is_string()) labels.emplace(name, value.get<std::string>());
  }
  return labels;
}

std::string fields_text(const PlacementFields& fields) {
  auto array = Json::array();
  for (const auto& [name, value] : fields) array.push_back(Json::array({name, value}));
  return dump(array);
}

PlacementFields fields_from_text(std::string_view text) {
  PlacementFields fields;
  for (const auto& field : Json::parse(text)) {
    fields.emplace_back(field.at(0).get<std::string>(), field.at(1).get<std::string>());
  }
  return fields;
}

std::string label_fragment(const std::string& name, const std::string& value) {
  return dump(Json(name)) + ":" + dump(Json(value));
}

}  // namespace smm::store
