#pragma once

#include "cli/failure.h"
#include "cli/json.h"

#include <string>
#include <string_view>

namespace smm::cli {

// What an answer outside 2xx means: RFC 9457 problems by their code, everything else by its HTTP status.
// `socket` is the path that answered.
[[nodiscard]] Failure failure_from_problem(long status, std::string_view body, std::string_view socket);

// The same of a problem that stands inside an answer, as in the results of many orders at once.
[[nodiscard]] Failure failure_from_problem(long status, const Json& problem);

// What a problem says went wrong, without advice of ours.
[[nodiscard]] std::string sentence_of(const Json& problem, long status);

// The answer was a success in HTTP and no JSON.
[[nodiscard]] Failure not_json(long status, std::string_view socket);
// The same, and JSON of another kind than was asked for.
[[nodiscard]] Failure not_understood(long status, std::string_view socket);

}  // namespace smm::cli
