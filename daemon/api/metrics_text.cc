#include "api/metrics_text.h"

#include <cstdlib>

namespace smm::api {
namespace {

void append_label_value(std::string& to, std::string_view value) {
  for (const char c : value) {
    if (c == '\n') {
      to += "\\n";
      continue;
    }
    if (c == '"' || c == '\\') to += '\\';
    to += c;
  }
}

}  // namespace

void MetricsText::family(std::string_view name, std::string_view type, std::string_view help) {
  name_ = "smm_tracker_";
  name_ += name;
  text_.append("# HELP ").append(name_).append(" ").append(help).append("\n");
  text_.append("# TYPE ").append(name_).append(" ").append(type).append("\n");
}

void MetricsText::sample(const Labels& labels, std::int64_t value) {
  write(labels, std::to_string(value));
}

void MetricsText::sample_seconds(const Labels& labels, std::int64_t milliseconds) {
  const auto thousandths = std::to_string(1000 + std::abs(milliseconds % 1000)).substr(1);
  write(labels, std::to_string(milliseconds / 1000) + "." + thousandths);
}

void MetricsText::write(const Labels& labels, std::string_view value) {
  text_ += name_;
  char before = '{';
  for (const auto& [name, text] : labels) {
    text_ += before;
    text_.append(name).append("=\"");
    append_label_value(text_, text);
    text_ += '"';
    before = ',';
  }
  if (!labels.empty()) text_ += '}';
  text_.append(" ").append(value).append("\n");
}

}  // namespace smm::api
