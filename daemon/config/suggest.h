#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace smm::config {

// ` (did you mean "interval"?)` for the candidate nearest to `word`; empty when none is near: at most one
// insertion, deletion, substitution or swap of neighbours for every three characters, one at least.
[[nodiscard]] std::string did_you_mean(std::string_view word,
                                       const std::vector<std::string_view>& candidates);

}  // namespace smm::config
