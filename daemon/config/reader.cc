#include "config/reader.h"

#include "config/suggest.h"

#include <algorithm>

namespace smm::config {
namespace {

std::string_view name_of(Kind kind) {
  switch (kind) {
    case Kind::table:
      return "a table";
    case Kind::list:
      return "a list";
    case Kind::text:
      return "text";
    case Kind::integer:
      return "a whole number";
    case Kind::real:
      return "a number with a fraction";
    case Kind::boolean:
      return "true or false";
    case Kind::date:
      return "a date or time";
  }
  return "";
}

bool has_controls(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) { return (c >= 0 && c < ' ') || c == '\x7f'; });
}

bool contains(const std::vector<std::string>& keys, std::string_view key) {
  return std::find(keys.begin(), keys.end(), key) != keys.end();
}

}  // namespace

const Entry* Section::find(std::string_view key) const {
  const auto found = std::find_if(table_.entries.begin(), table_.entries.end(),
                                  [&](const Entry& entry) { return entry.key == key; });
  return found == table_.entries.end() ? nullptr : &*found;
}

bool Section::is_written() const {
  return !table_.implicit || std::any_of(table_.entries.begin(), table_.entries.end(),
                                         [](const Entry& entry) { return entry.value.kind != Kind::table; });
}

bool Section::has(std::string_view key) const {
  return find(key) != nullptr;
}

const Entry* Section::take(std::string_view key) {
  if (!contains(asked_, key)) asked_.emplace_back(key);
  return find(key);
}

void Section::complain(const Node& value, std::string_view key, std::string what) {
  complaints_.complain(value.at, dotted(where_, key), std::move(what));
}

void Section::complain_of_key(const Entry& entry, std::string what) {
  complaints_.complain(entry.at, dotted(where_, entry.key), std::move(what));
}

void Section::warn(const Entry& entry, std::string what) {
  complaints_.warn(entry.value.at, dotted(where_, entry.key), std::move(what));
}

void Section::complain_of_kind(const Node& value, std::string_view key, std::string_view wanted) {
  complain(value, key, "must be " + std::string(wanted) + ", not " + std::string(name_of(value.kind)));
}

std::optional<std::string> Section::text_of(const Entry& entry, const Node& value) {
  if (value.kind != Kind::text) {
    complain_of_kind(value, entry.key, "text in quotes");
  } else if (value.text.empty()) {
    complain(value, entry.key, "must not be empty");
  } else if (has_controls(value.text)) {
    complain(value, entry.key, "must not contain line breaks or other control characters");
  } else {
    return value.text;
  }
  return std::nullopt;
}

std::optional<Milliseconds> Section::duration_of(const Entry& entry, const Node& value, Milliseconds least,
                                                 Milliseconds most) {
  if (value.kind != Kind::text) {
    complain_of_kind(value, entry.key, "a duration in quotes, like \"30s\"");
    return std::nullopt;
  }
  const auto duration = duration_from_text(value.text);
  if (!duration) {
    complain(value, entry.key, "must be a duration like \"500ms\", \"30s\", \"10m\", \"24h\" or \"7d\"");
  } else if (*duration < least) {
    complain(value, entry.key, "must be at least " + smm::to_text(least));
  } else if (*duration > most) {
    complain(value, entry.key, "must be at most " + smm::to_text(most));
  } else {
    return duration;
  }
  return std::nullopt;
}

const std::vector<Node>* Section::list_of(const Entry& entry, std::string_view of_what) {
  if (entry.value.kind != Kind::list) {
    complain_of_kind(entry.value, entry.key, "a list of " + std::string(of_what));
  } else if (entry.value.items.empty()) {
    complain(entry, "must not be an empty list");
  } else {
    return &entry.value.items;
  }
  return nullptr;
}

bool Section::read_text(std::string_view key, std::string& into) {
  const auto* entry = take(key);
  if (entry == nullptr) return false;
  auto text = text_of(*entry, entry->value);
  if (text) into = std::move(*text);
  return text.has_value();
}

bool Section::read_flag(std::string_view key, bool& into) {
  const auto* entry = take(key);
  if (entry == nullptr) return false;
  if (entry->value.kind != Kind::boolean) {
    complain_of_kind(entry->value, key, "true or false");
    return false;
  }
  into = entry->value.flag;
  return true;
}

bool Section::read_count(std::string_view key, std::int64_t& into, std::int64_t least, std::int64_t most) {
  const auto* entry = take(key);
  if (entry == nullptr) return false;
  if (entry->value.kind != Kind::integer) {
    complain_of_kind(entry->value, key, "a whole number");
    return false;
  }
  if (entry->value.integer < least || entry->value.integer > most) {
    complain(*entry, "must be from " + std::to_string(least) + " to " + std::to_string(most));
    return false;
  }
  into = entry->value.integer;
  return true;
}

bool Section::read_duration(std::string_view key, Milliseconds& into, Milliseconds least, Milliseconds most) {
  const auto* entry = take(key);
  if (entry == nullptr) return false;
  const auto duration = duration_of(*entry, entry->value, least, most);
  if (duration) into = *duration;
  return duration.has_value();
}

std::optional<std::size_t> Section::read_word(std::string_view key,
                                              const std::vector<std::string_view>& words) {
  const auto* entry = take(key);
  if (entry == nullptr) return std::nullopt;
  const auto text = text_of(*entry, entry->value);
  if (!text) return std::nullopt;
  const auto found = std::find(words.begin(), words.end(), *text);
  if (found != words.end()) return static_cast<std::size_t>(found - words.begin());
  std::string allowed;
  for (const auto word : words) {
    if (!allowed.empty()) allowed += word == words.back() ? " or " : ", ";
    allowed.append("\"").append(word).append("\"");
  }
  complain(*entry, "must be " + allowed + did_you_mean(*text, words));
  return std::nullopt;
}

Section Section::section_of(const Entry& entry) const {
  return {entry.value, entry.at, dotted(where_, entry.key), complaints_};
}

std::optional<Section> Section::take_section(std::string_view key) {
  const auto* entry = take(key);
  if (entry == nullptr) return std::nullopt;
  if (entry->value.kind == Kind::table) return section_of(*entry);
  complain_of_kind(entry->value, key, "a table, [" + dotted(where_, key) + "]");
  return std::nullopt;
}

std::vector<std::pair<const Entry*, Section>> Section::take_named_sections() {
  std::vector<std::pair<const Entry*, Section>> sections;
  for (const auto& entry : take_all()) {
    if (entry.value.kind == Kind::table) {
      sections.emplace_back(&entry, section_of(entry));
    } else {
      complain_of_kind(entry.value, entry.key, "a table, [" + dotted(where_, "NAME") + "]");
    }
  }
  return sections;
}

const std::vector<Entry>& Section::take_all() {
  all_taken_ = true;
  return table_.entries;
}

void Section::refuse(std::string_view key, std::string_view why) {
  refused_.emplace_back(key);
  if (const auto* entry = find(key)) complain_of_key(*entry, "unknown key: " + std::string(why));
}

void Section::finish() {
  if (all_taken_) return;
  const std::vector<std::string_view> known(asked_.begin(), asked_.end());
  for (const auto& entry : table_.entries) {
    if (contains(asked_, entry.key) || contains(refused_, entry.key)) continue;
    const bool table = entry.value.kind == Kind::table;
    complain_of_key(entry, (table ? "unknown section" : "unknown key") + did_you_mean(entry.key, known));
  }
}

}  // namespace smm::config
