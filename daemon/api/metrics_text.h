#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace smm::api {

// The text format of Prometheus, version 0.0.4: families of samples, each with its help and type.
class MetricsText {
 public:
  using Labels = std::vector<std::pair<std::string_view, std::string_view>>;

  // Begins a family. `type` is counter or gauge; `help` is one line.
  void family(std::string_view name, std::string_view type, std::string_view help);
  // Of the family begun last. A label's value may be any text.
  void sample(const Labels& labels, std::int64_t value);
  // A moment, in seconds.
  void sample_seconds(const Labels& labels, std::int64_t milliseconds);

  [[nodiscard]] std::string take() { return std::move(text_); }

 private:
  void write(const Labels& labels, std::string_view value);

  std::string name_;
  std::string text_;
};

}  // namespace smm::api
