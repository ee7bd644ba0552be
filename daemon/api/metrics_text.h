#pragma once

#include "domain/money.h"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace smm::api {

// The text format of Prometheus, version 0.0.4: families of samples, each with its help and type.
class MetricsText {
 public:
  using Labels = std::vector<std::pair<std::string_view, std::string_view>>;

  // Begins a family, whose name begins with smm_tracker_. `type` is counter, gauge or histogram; `help` is
  // one line.
  void family(std::string_view name, std::string_view type, std::string_view help);
  // One whose name is everybody's, as process_open_fds.
  void common_family(std::string_view name, std::string_view type, std::string_view help);
  // Of the family begun last. A label's value may be any text.
  void sample(const Labels& labels, std::int64_t value);
  // A decimal number as text.
  void sample(const Labels& labels, const Money& value) { write("", labels, value.text()); }
  // `counts` by span, each by itself and one more than there are `bounds`; in milliseconds, shown in seconds.
  void histogram(const Labels& labels, std::span<const std::int64_t> bounds_ms,
                 std::span<const std::int64_t> counts, std::int64_t sum_ms);
  // A moment or a time, in seconds.
  void sample_seconds(const Labels& labels, std::int64_t milliseconds);

  [[nodiscard]] std::string take() { return std::move(text_); }

 private:
  void write(std::string_view suffix, const Labels& labels, std::string_view value);

  std::string name_;
  std::string text_;
};

}  // namespace smm::api
