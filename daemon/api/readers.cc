#include "api/readers.h"

#include "api/json_body.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>

namespace smm::api {
namespace {

constexpr std::size_t most_labels = 32;
constexpr std::size_t longest_label = 256;

bool is_label_name(std::string_view name) {
  return !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           c == '.' || c == '-';
  });
}

std::string listed(const std::set<std::string, std::less<>>& names) {
  std::string list;
  for (const auto& name : names) list += (list.empty() ? "" : ", ") + name;
  return list;
}

}  // namespace

std::vector<std::string> QueryReader::texts(std::string_view key) {
  asked_.emplace(key);
  std::vector<std::string> values;
  for (const auto& [name, value] : query_) {
    if (name == key) values.push_back(value);
  }
  return values;
}

std::optional<std::string> QueryReader::text(std::string_view key) {
  auto values = texts(key);
  if (values.empty()) return std::nullopt;
  if (values.size() > 1) wrong(key, "is given more than once");
  return std::move(values.front());
}

std::optional<bool> QueryReader::flag(std::string_view key) {
  const auto value = text(key);
  if (!value) return std::nullopt;
  if (*value == "1" || *value == "true" || value->empty()) return true;
  if (*value == "0" || *value == "false") return false;
  wrong(key, "must be 1 or 0");
  return std::nullopt;
}

std::int64_t QueryReader::count(std::string_view key, std::int64_t least, std::int64_t most,
                                std::int64_t otherwise) {
  const auto value = text(key);
  if (!value) return otherwise;
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(value->data(), value->data() + value->size(), number);
  if (error == std::errc() && end == value->data() + value->size() && number >= least && number <= most)
    return number;
  wrong(key, "must be a whole number from " + std::to_string(least) + " to " + std::to_string(most));
  return otherwise;
}

std::optional<Timestamp> QueryReader::time(std::string_view key) {
  const auto value = text(key);
  if (!value) return std::nullopt;
  const auto time = from_rfc3339(*value);
  if (!time) wrong(key, "must be a time such as 2026-11-21T08:00:00.000Z");
  return time;
}

std::size_t QueryReader::limit() {
  return static_cast<std::size_t>(count("limit", 1, 1000, 100));
}

std::optional<Milliseconds> QueryReader::wait() {
  constexpr auto most = std::chrono::minutes(10);
  const auto value = text("wait");
  if (!value) return std::nullopt;
  const auto duration = duration_from_text(*value);
  if (duration && *duration <= most) return duration;
  wrong("wait", "must be a duration such as 30s, at most " + to_text(most));
  return std::nullopt;
}

std::vector<std::pair<std::string, std::string>> QueryReader::with_prefix(std::string_view prefix) {
  prefixes_.emplace_back(prefix);
  std::vector<std::pair<std::string, std::string>> found;
  for (const auto& [name, value] : query_) {
    if (name.size() > prefix.size() && name.compare(0, prefix.size(), prefix) == 0) {
      found.emplace_back(name.substr(prefix.size()), value);
    }
  }
  return found;
}

std::optional<Problem> QueryReader::finish() const {
  for (const auto& [name, value] : query_) {
    const bool known =
        asked_.count(name) > 0 ||
        std::any_of(prefixes_.begin(), prefixes_.end(), [&name = name](const std::string& prefix) {
          return name.size() > prefix.size() && name.compare(0, prefix.size(), prefix) == 0;
        });
    if (known) continue;
    auto known_keys = listed(asked_);
    for (const auto& prefix : prefixes_) known_keys += ", " + prefix + "NAME";
    if (known_keys.empty()) known_keys = "none";
    auto detail = "unknown query parameter \"" + name + "\"; it takes ";
    return Problem{400, "unknown-parameter", detail.append(known_keys), {}, {}};
  }
  if (!errors_.empty()) return validation_failed(errors_);
  return std::nullopt;
}

ObjectReader::ObjectReader(const nlohmann::json& object, std::vector<FieldError>& errors, std::string where)
    : object_(object), errors_(errors), where_(std::move(where)) {}

const nlohmann::json* ObjectReader::find(const char* key) {
  asked_.insert(key);
  const auto found = object_.find(key);
  return found == object_.end() || found->is_null() ? nullptr : &*found;
}

bool ObjectReader::has(const char* key) const {
  return object_.contains(key);
}

void ObjectReader::wrong(const char* key, std::string detail) {
  errors_.push_back({where_ + key, std::move(detail)});
}

std::optional<std::string> ObjectReader::text(const char* key, std::size_t longest) {
  const auto* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (!value->is_string()) {
    wrong(key, "must be text");
    return std::nullopt;
  }
  auto text = value->get<std::string>();
  if (text.size() <= longest) return text;
  wrong(key, "is longer than " + std::to_string(longest) + " bytes");
  return std::nullopt;
}

std::optional<std::string> ObjectReader::id(const char* key) {
  const auto* value = find(key);
  if (value == nullptr) return std::nullopt;
  std::string text;
  if (value->is_number_unsigned()) {
    text = std::to_string(value->get<std::uint64_t>());
  } else if (value->is_string()) {
    text = value->get<std::string>();
  }
  if (is_valid_id(text)) return text;
  wrong(key, "must be an id: 1 to 64 of A-Z a-z 0-9 _ . : -");
  return std::nullopt;
}

std::optional<std::int64_t> ObjectReader::count(const char* key) {
  const auto* value = find(key);
  if (value == nullptr) return std::nullopt;
  constexpr std::uint64_t most = INT64_MAX;
  if (value->is_number_unsigned() && value->get<std::uint64_t>() <= most) return value->get<std::int64_t>();
  wrong(key, "must be a whole number, 0 or more");
  return std::nullopt;
}

std::optional<Timestamp> ObjectReader::time(const char* key) {
  const auto* value = find(key);
  if (value == nullptr) return std::nullopt;
  const auto time = value->is_string() ? from_rfc3339(value->get<std::string>()) : std::nullopt;
  if (!time) wrong(key, "must be a time such as 2026-11-21T08:00:00.000Z");
  return time;
}

std::optional<bool> ObjectReader::flag(const char* key) {
  const auto* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (value->is_boolean()) return value->get<bool>();
  wrong(key, "must be true or false");
  return std::nullopt;
}

std::optional<Labels> ObjectReader::labels(const char* key) {
  const auto* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (!value->is_object() || value->size() > most_labels) {
    wrong(key, "must be an object of at most " + std::to_string(most_labels) + " texts");
    return std::nullopt;
  }
  Labels labels;
  for (const auto& [name, text] : value->items()) {
    const bool fits =
        is_label_name(name) && text.is_string() && text.get_ref<const std::string&>().size() <= longest_label;
    if (!fits) {
      wrong(key,
            "\"" + name +
                "\": a label is named by 1 to 64 of A-Z a-z 0-9 _ . - and holds text of at most 256 bytes");
      return std::nullopt;
    }
    labels.emplace(name, text.get<std::string>());
  }
  return labels;
}

void ObjectReader::finish() {
  for (const auto& [name, value] : object_.items()) {
    if (asked_.count(name) > 0) continue;
    std::string known;
    for (const auto& key : asked_) known += (known.empty() ? "" : ", ") + key;
    errors_.push_back({where_ + name, "unknown field; known are " + known});
  }
}

std::optional<std::int64_t> row_number(const std::string& text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < 1) return std::nullopt;
  return number;
}

std::optional<Problem> cursor_problem(store::Store& store, std::int64_t since) {
  const auto span = store.event_span();
  if (since != 0 && span.oldest > 0 && since < span.oldest - 1) {
    return Problem{410,
                   "cursor-expired",
                   "events up to " + std::to_string(span.oldest - 1) + " are no longer kept",
                   {},
                   {{"oldest", span.oldest}}};
  }
  if (since > span.newest) {
    return Problem{410,
                   "cursor-expired",
                   "the newest event is " + std::to_string(span.newest) + ", before your cursor",
                   {},
                   {{"newest", span.newest}}};
  }
  if (const auto newest = store.newest_before_gap(since)) {
    return Problem{410,
                   "cursor-expired",
                   "the database was restored, and your cursor lies behind what the copy held; the newest "
                   "event before it is " +
                       std::to_string(*newest),
                   {},
                   {{"newest", *newest}}};
  }
  return std::nullopt;
}

std::optional<nlohmann::json> read_body(const ExchangePtr& exchange) {
  auto body = parse_body(exchange->request().body);
  if (body) return std::move(*body);
  exchange->refuse(body.error());
  return std::nullopt;
}

}  // namespace smm::api
