#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace smm::config {

// ` (did you mean "interval"?)` for the candidate nearest to `word`. Near is at most one insertion, deletion,
// substitution or swap of neighbours for every three characters, one at least; when none is near, one that
// begins with `word` (three characters at least) will do. Empty when there is none of either.
[[nodiscard]] std::string did_you_mean(std::string_view word,
                                       const std::vector<std::string_view>& candidates);

}  // namespace smm::config
