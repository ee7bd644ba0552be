#pragma once

#include "cli/json.h"
#include "cli/terminal.h"

#include <string>

namespace smm::cli {

// What GET /v1/config answers, written as the file it stands for: sections and keys in the daemon's order,
// keys without a value left out. It is TOML the daemon would read again, but for what is hidden (***).
[[nodiscard]] std::string config_as_toml(const Json& config, const View& view);

}  // namespace smm::cli
