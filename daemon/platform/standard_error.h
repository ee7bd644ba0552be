#pragma once

#include <string_view>

namespace smm::platform {

// Writes to standard error without ever waiting for its reader: a pipe that is full, or a terminal that was
// stopped, must not hold up whoever has something to say. `line` ends with a line break. False: there is no
// room now, and not all of it was written; what was begun is ended before the next line. A reader that is
// gone is no trouble: nothing is written then, and it is true. Allocates nothing.
[[nodiscard]] bool write_to_standard_error(std::string_view line);

}  // namespace smm::platform
