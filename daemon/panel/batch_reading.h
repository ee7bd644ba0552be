#pragma once

#include "panel/verdict.h"

#include <optional>
#include <span>
#include <string_view>
#include <vector>

// The reply to a refill, a refill_status or a cancel, sorted by the ids that were asked.
namespace smm::panel {

enum class Question : std::uint8_t { single, batch };

struct Verdicts {
  std::vector<Verdict> each;   // per asked id
  std::optional<Error> whole;  // the panel's no to the whole request; `each` is then empty
};

// The Error when it cannot be known what the panel said.
[[nodiscard]] tl::expected<Verdicts, Error> read_verdicts(const Reply& reply,
                                                          std::span<const std::string_view> asked,
                                                          Action action, Question question,
                                                          const Context& context);

}  // namespace smm::panel
