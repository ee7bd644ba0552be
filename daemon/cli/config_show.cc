#include "cli/config_show.h"

#include "cli/phrases.h"
#include "cli/table.h"
#include "domain/text.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>

namespace smm::cli {
namespace {

// A basic string of TOML, every control character spelled out.
std::string quoted(const std::string& text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '"' || c == '\\') escaped += '\\';
    escaped += c;
  }
  std::string safe;
  // \u202e is TOML's own spelling; \n and \t are, too, and only \x1b is not.
  const auto harmless = escape_controls(to_valid_utf8(escaped));
  for (std::size_t i = 0; i < harmless.size(); ++i) {
    if (harmless[i] == '\\' && i + 1 < harmless.size() &&
        (harmless[i + 1] == '\\' || harmless[i + 1] == '"')) {
      safe.append(harmless, i, 2);
      ++i;
    } else if (harmless[i] == '\\' && i + 1 < harmless.size() && harmless[i + 1] == 'x') {
      safe += "\\u00";
      ++i;
    } else {
      safe += harmless[i];
    }
  }
  return "\"" + safe + "\"";
}

std::string key_text(const std::string& key) {
  const bool bare = !key.empty() && std::all_of(key.begin(), key.end(), [](char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-';
  });
  return bare ? key : quoted(key);
}

std::string scalar(const Json& value) {
  return value.is_string() ? quoted(value.get<std::string>()) : words(value);
}

// On one line where it fits, else one with as many as fit on each.
std::string list_text(const Json& items, int before, const View& view) {
  std::string line = "[";
  for (const auto& item : items) line += (line.size() > 1 ? ", " : "") + scalar(item);
  line += "]";
  if (view.width <= 0 || before + display_width(line) <= view.width) return line;
  std::string text = "[";
  std::string row;
  for (const auto& item : items) {
    const auto next = scalar(item) + ",";
    if (row.empty() || display_width(row) + 1 + display_width(next) > view.width) {
      text += row + "\n";
      row = "  " + next;
    } else {
      row += " " + next;
    }
  }
  return text + row + "\n]";
}

class Writer {
 public:
  explicit Writer(const View& view) : view_(view) {}

  void section(const std::string& name, const Json& values) {
    if (!values.is_object()) return;
    std::string body;
    for (const auto& [key, value] : values.items()) {
      if (value.is_null() || value.is_object()) continue;
      const auto start = key_text(key) + " = ";
      body +=
          start + (value.is_array() ? list_text(value, display_width(start), view_) : scalar(value)) + "\n";
    }
    if (!body.empty()) text_ += "\n" + paint("[" + name + "]", Style::strong, view_) + "\n" + body;
    for (const auto& [key, value] : values.items()) section(name + "." + key_text(key), value);
  }

  void remark(const std::string& words) { text_ += paint("# " + words, Style::quiet, view_) + "\n"; }
  void gap() { text_ += "\n"; }
  [[nodiscard]] std::string take() { return std::move(text_); }

 private:
  View view_;
  std::string text_;
};

}  // namespace

std::string config_as_toml(const Json& config, const View& view) {
  Writer writer(view);
  writer.remark(escape_controls(words(config, "file")));
  writer.remark("in force since " + point_in_time(moment(config, "in_force_since"), view) +
                "; *** is hidden");
  writer.remark("state " + escape_controls(words(config, "state_directory")) + ", sockets " +
                escape_controls(words(config, "runtime_directory")));
  if (config.is_object()) {
    for (const auto& [key, value] : config.items()) {
      if (key != "panel" && key != "webhook") {
        writer.section(key_text(key), value);
        continue;
      }
      if (value.empty()) {
        writer.gap();
        writer.remark("no [" + key + ".NAME]");
      } else if (value.is_object()) {
        for (const auto& [name, each] : value.items()) writer.section(key + "." + key_text(name), each);
      }
    }
  }
  return writer.take();
}

}  // namespace smm::cli
