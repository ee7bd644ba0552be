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

std::string in_seconds(std::int64_t milliseconds) {
  const auto thousandths = std::to_string(1000 + std::abs(milliseconds % 1000)).substr(1);
  return (milliseconds < 0 ? "-" : "") + std::to_string(std::abs(milliseconds / 1000)) + "." + thousandths;
}

}  // namespace

void MetricsText::family(std::string_view name, std::string_view type, std::string_view help) {
  common_family("smm_tracker_" + std::string(name), type, help);
}

void MetricsText::common_family(std::string_view name, std::string_view type, std::string_view help) {
  name_ = name;
  text_.append("# HELP ").append(name_).append(" ").append(help).append("\n");
  text_.append("# TYPE ").append(name_).append(" ").append(type).append("\n");
}

void MetricsText::sample(const Labels& labels, std::int64_t value) {
  write("", labels, std::to_string(value));
}

void MetricsText::sample_seconds(const Labels& labels, std::int64_t milliseconds) {
  write("", labels, in_seconds(milliseconds));
}

void MetricsText::histogram(const Labels& labels, std::span<const std::int64_t> bounds_ms,
                            std::span<const std::int64_t> counts, std::int64_t sum_ms) {
  auto with_bound = labels;
  with_bound.emplace_back("le", "");
  std::int64_t so_far = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    so_far += counts[i];
    const auto bound = i < bounds_ms.size() ? in_seconds(bounds_ms[i]) : std::string("+Inf");
    with_bound.back().second = bound;
    write("_bucket", with_bound, std::to_string(so_far));
  }
  write("_sum", labels, in_seconds(sum_ms));
  write("_count", labels, std::to_string(so_far));
}

void MetricsText::write(std::string_view suffix, const Labels& labels, std::string_view value) {
  text_.append(name_).append(suffix);
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
