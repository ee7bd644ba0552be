#pragma once

#include "domain/time.h"

#include <string>
#include <utility>
#include <vector>

namespace smm::cli {

// What a figure was, from each moment until the next one.
using Course = std::vector<std::pair<Timestamp, double>>;

// Its course over time in up to `width` characters, "█▆▃▁": each is the figure at the end of an equal part of
// the time. In any order; nothing for fewer than two points.
[[nodiscard]] std::string sparkline(Course course, int width);

}  // namespace smm::cli
