#pragma once

#include <string>
#include <string_view>

namespace smm::panel {

// fold_words, with typographic apostrophes and no-break spaces as the plain ones.
[[nodiscard]] std::string fold_refusal(std::string_view words);

}  // namespace smm::panel
