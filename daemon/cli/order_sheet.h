#pragma once

#include "cli/json.h"
#include "cli/terminal.h"

#include <string>

namespace smm::cli {

// All that is known of an order, one thing a line. `course`: a sparkline of what remains, where there is one.
[[nodiscard]] std::string order_sheet(const Json& order, const View& view, const std::string& course = {});

}  // namespace smm::cli
