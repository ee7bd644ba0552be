#pragma once

#include "cli/failure.h"

#include <optional>
#include <string>
#include <string_view>

// What costs money, or can be asked of a panel only once, is asked for first.
namespace smm::cli {

// Whether a question can be put to somebody: standard input and standard error are terminals.
[[nodiscard]] bool somebody_is_there();

// A refusal to go on where nobody is there and neither --yes nor --dry-run was said.
[[nodiscard]] std::optional<Failure> lacks_consent(bool yes, bool dry_run);

// Puts the question on standard error, below `preview`, and reads the answer. Both without control characters
// but line breaks.
[[nodiscard]] bool is_agreed(std::string_view preview, std::string_view question);

// After a no. The exit code of it.
ExitCode leave_undone();

}  // namespace smm::cli
