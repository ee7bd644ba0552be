#pragma once

#include "cli/failure.h"
#include "cli/json.h"
#include "cli/session.h"

#include <string>

// What a panel is asked once and nobody may repeat blindly: an order, a refill, a cancel.
namespace smm::cli {

// What the panel is asked may take its `place_timeout`, which the user chooses, and the turns before it.
inline constexpr Milliseconds errand_time = std::chrono::minutes(15);
inline constexpr Milliseconds errands_time = std::chrono::hours(2);  // for up to 1000 at once

// Where to learn what became of it.
struct Errand {
  std::string record;      // its name in the daemon's answers and problems: placement, refill, cancel
  std::string look;        // the command that shows the record; its number is added when known
  std::string look_wider;  // the command that lists them
  std::string again;       // how to ask again without doing it twice; empty when that cannot be
};

// The same failure, saying first whether the panel got it: "Not sent: …", "Sent, and the panel refused: …",
// "Nobody knows whether the panel got it: …".
[[nodiscard]] Failure with_consequence(Failure failure, const Errand& errand);

// The same of what goes before it and sends the panel nothing.
[[nodiscard]] Failure not_sent(Failure failure);

// In a word, for tables: "not sent", "refused", "unknown", "failed". `problem` may be null.
[[nodiscard]] Cell consequence(const Json& problem);

}  // namespace smm::cli
