#include "practice-panel/quirk_set.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>

// Quirks of the shape of a whole JSON reply. Each says whether it changed something.

namespace smm::practice {
namespace {

using nlohmann::ordered_json;

struct Shape {
  ordered_json& reply;
  const ReplyContext& context;
  const Quirk& quirk;

  std::string parameter_or(std::string_view otherwise) const {
    return quirk.parameter.empty() ? std::string(otherwise) : quirk.parameter;
  }
  bool is_status_batch() const { return context.action == "status" && context.batch && reply.is_object(); }
};

struct ReplyQuirk {
  std::string_view name;
  std::string_view about;
  bool (*apply)(const Shape&);
};

constexpr std::string_view stranger = "999999999";

bool array_shaped(const Shape& shape) {
  if (!shape.is_status_batch() || shape.reply.contains("error")) return false;
  auto array = ordered_json::array();
  for (const auto& [id, object] : shape.reply.items()) {
    ordered_json element{{"order", id_json(id)}};
    if (object.is_object()) element.update(object);
    if (object.is_string()) element["error"] = object;
    array.push_back(std::move(element));
  }
  shape.reply = std::move(array);
  return true;
}

bool extra_id(const Shape& shape) {
  const auto id = shape.parameter_or(stranger);
  if (shape.is_status_batch()) {
    shape.reply[id] = {{"charge", "1.44219"},
                       {"start_count", "234"},
                       {"status", "Completed"},
                       {"remains", "0"},
                       {"currency", "USD"}};
    return true;
  }
  if (!shape.reply.is_array() || shape.context.action == "services") return false;
  const bool status = shape.context.action == "refill_status";
  ordered_json element{{status ? "refill" : "order", id_json(id)}};
  if (status) element["status"] = "Completed";
  if (!status) element[shape.context.action] = 1;
  shape.reply.push_back(std::move(element));
  return true;
}

bool reorder(const Shape& shape) {
  const auto turn = [&shape](auto& container) {
    std::reverse(container.begin(), container.end());
    const auto by = static_cast<std::ptrdiff_t>(mix(shape.context.request) % container.size());
    if (container.size() > 2) std::rotate(container.begin(), container.begin() + by, container.end());
  };
  if (shape.reply.size() < 2) return false;
  if (shape.reply.is_array()) {
    turn(shape.reply.get_ref<ordered_json::array_t&>());
    return true;
  }
  if (!shape.reply.is_object()) return false;
  // The pairs of an ordered object have constant keys, so they are taken out and put back.
  std::vector<std::pair<std::string, ordered_json>> pairs;
  for (auto& [key, value] : shape.reply.items()) pairs.emplace_back(key, value);
  turn(pairs);
  shape.reply = ordered_json::object();
  for (auto& [key, value] : pairs) shape.reply[key] = std::move(value);
  return true;
}

bool empty_array(const Shape& shape) {
  shape.reply = ordered_json::array();
  return true;
}

// [{order, refill}] to {"ID": {refill}}.
bool object_keyed(const Shape& shape) {
  if (!shape.reply.is_array() || shape.context.action == "services") return false;
  const std::string name = shape.context.action == "refill_status" ? "refill" : "order";
  auto object = ordered_json::object();
  for (auto& element : shape.reply) {
    const auto id = element[name].is_string() ? element[name].get<std::string>() : element[name].dump();
    element.erase(name);
    object[id] = element;
  }
  shape.reply = std::move(object);
  return true;
}

// {order, refill:{error}} to {order, error}.
bool flat_errors(const Shape& shape) {
  bool changed = false;
  if (!shape.reply.is_array()) return false;
  for (auto& element : shape.reply) {
    for (const char* field : {"refill", "cancel", "status"}) {
      if (!element.contains(field) || !element[field].is_object()) continue;
      const auto error = element[field].value("error", ordered_json());
      element.erase(field);
      element["error"] = error;
      changed = true;
    }
  }
  return changed;
}

// {error} to the sentence itself where the yes would stand.
bool sentence_errors(const Shape& shape) {
  const auto& field = shape.context.action;
  if (field != "refill" && field != "cancel") return false;
  if (shape.reply.is_object() && shape.reply.contains("error")) {
    shape.reply = ordered_json{{field, shape.reply["error"]}};
    return true;
  }
  bool changed = false;
  if (!shape.reply.is_array()) return false;
  for (auto& element : shape.reply) {
    if (!element.contains(field) || !element[field].is_object()) continue;
    element[field] = element[field].value("error", ordered_json());
    changed = true;
  }
  return changed;
}

// {error} to {refill:{error}}, as if a batch had been asked.
bool nested_errors(const Shape& shape) {
  if (!shape.reply.is_object() || !shape.reply.contains("error")) return false;
  const auto field = shape.context.action == "refill_status" ? std::string("status") : shape.context.action;
  shape.reply = ordered_json{{field, shape.reply}};
  return true;
}

bool replace_cancel(const Shape& shape, ordered_json with) {
  if (shape.context.action != "cancel" || !shape.reply.is_array() || shape.reply.size() != 1) return false;
  if (shape.reply[0].value("cancel", ordered_json()) != 1) return false;
  shape.reply = std::move(with);
  return true;
}

bool cancel_array(const Shape& shape) {
  if (shape.context.action != "cancel" || !shape.reply.is_object() || shape.context.asked.empty())
    return false;
  shape.reply = ordered_json::array({{{"order", id_json(shape.context.asked[0])}, {"cancel", 1}}});
  return true;
}

template <class Change>
bool change_flags(const Shape& shape, const Change& change) {
  if (shape.context.action != "services" || !shape.reply.is_array()) return false;
  for (auto& service : shape.reply)
    for (const char* flag : {"refill", "cancel"}) change(service, flag);
  return true;
}

bool wrap_services(const Shape& shape) {
  if (shape.context.action != "services" || !shape.reply.is_array()) return false;
  shape.reply = ordered_json{{shape.parameter_or("services"), shape.reply}};
  return true;
}

bool number_services(const Shape& shape) {
  if (shape.context.action != "services" || !shape.reply.is_array()) return false;
  for (auto& service : shape.reply) {
    for (const char* field : {"rate", "min", "max"})
      if (service[field].is_string()) service[field] = ordered_json::parse(service[field].get<std::string>());
    if (service["service"].is_number()) service["service"] = service["service"].dump();
  }
  return true;
}

bool success_with_status(const Shape& shape) {
  if (!shape.reply.is_object() || shape.context.action == "status" || shape.reply.contains("error"))
    return false;
  if (shape.context.action == "refill_status") return false;
  shape.reply["status"] = shape.parameter_or("success");
  return true;
}

bool wrap_success(const Shape& shape) {
  shape.reply = ordered_json{{"status", shape.parameter_or("success")}, {"data", shape.reply}};
  return true;
}

// Adds the key to every error text in the reply that the order stage did not see.
bool echo_key(const Shape& shape) {
  auto& reply = shape.reply;
  if (reply.is_object() && reply.contains("error") && reply["error"].is_string()) {
    reply["error"] = reply["error"].get<std::string>() + " (key " + shape.context.key + ")";
    return true;
  }
  bool changed = false;
  if (reply.is_structured())
    for (auto& inner : reply) changed = echo_key({inner, shape.context, shape.quirk}) || changed;
  return changed;
}

constexpr auto reply_quirks = std::to_array<ReplyQuirk>({
    {"array-shaped-batch", "a status batch as an array of {order, …}", array_shaped},
    {"extra-id", "an id nobody asked for; parameter: the id", extra_id},
    {"reordered-keys", "ids, elements or fields in another order", reorder},
    {"empty-array", "[] for whatever was asked", empty_array},
    {"object-keyed-refill-and-cancel", "a refill or cancel batch as an object keyed by id", object_keyed},
    {"flat-errors", "{order, error} in a refill or cancel batch", flat_errors},
    {"sentence-errors", "{refill:\"the error\"}, {order, refill:\"the error\"}", sentence_errors},
    {"nested-errors", "{refill:{error}} for a single call", nested_errors},
    {"cancel-single-object", "a cancel of one order is {cancel:1}",
     [](const Shape& shape) {
       return replace_cancel(shape, {{"cancel", 1}});
     }},
    {"cancel-ok-true", "a cancel of one order is {ok:\"true\"}",
     [](const Shape& shape) {
       return replace_cancel(shape, {{"ok", "true"}});
     }},
    {"cancel-one-element-array", "a single cancel is answered as a batch", cancel_array},
    {"wrapped-services", "services under the parameter (default services)", wrap_services},
    {"service-flags-numeric", "refill and cancel as 0 and 1",
     [](const Shape& shape) {
       return change_flags(
           shape, [](auto& service, const char* flag) { service[flag] = service[flag] == true ? 1 : 0; });
     }},
    {"service-flags-string", "refill and cancel as \"0\" and \"1\"",
     [](const Shape& shape) {
       return change_flags(
           shape, [](auto& service, const char* flag) { service[flag] = service[flag] == true ? "1" : "0"; });
     }},
    {"service-flags-absent", "no refill and cancel",
     [](const Shape& shape) {
       return change_flags(shape, [](auto& service, const char* flag) { service.erase(flag); });
     }},
    {"service-numbers", "rate, min and max as numbers, service as a string", number_services},
    {"success-with-status", "a success that also has a status (parameter, default success)",
     success_with_status},
    {"wrapped-success", "{status:success, data:REPLY}", wrap_success},
    {"key-echo-in-errors", "the key stands in every error text", echo_key},
});

}  // namespace

std::vector<QuirkKind> reply_quirk_kinds() {
  std::vector<QuirkKind> kinds;
  kinds.reserve(reply_quirks.size());
  for (const auto& quirk : reply_quirks) kinds.push_back({quirk.name, QuirkStage::reply, quirk.about});
  return kinds;
}

void apply_reply_quirks(ordered_json& reply, const ReplyContext& context, RequestQuirks& quirks) {
  for (const auto* quirk : quirks.drawn(QuirkStage::reply)) {
    const auto* found = std::find_if(reply_quirks.begin(), reply_quirks.end(),
                                     [quirk](const auto& entry) { return entry.name == quirk->name; });
    if (found->apply({reply, context, *quirk})) quirks.mark_used(*quirk);
  }
}

}  // namespace smm::practice
