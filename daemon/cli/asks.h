#pragma once

#include "cli/json.h"
#include "cli/table.h"
#include "cli/terminal.h"

#include <string>
#include <vector>

// How refills and cancels, and what the rule of automatic refills says of orders, are shown.
namespace smm::cli {

// Of refills and cancels alike.
[[nodiscard]] Cell ask_state(const Json& ask);
[[nodiscard]] Table ask_table();
[[nodiscard]] std::vector<Cell> ask_row(const Json& ask, const View& view);
// `noun` is refill or cancel.
[[nodiscard]] std::string ask_sheet(const std::string& noun, const Json& ask, const View& view);

// What would happen now, and why.
[[nodiscard]] Table eligibility_table();
[[nodiscard]] std::vector<Cell> eligibility_row(const Json& eligibility, const View& view);
[[nodiscard]] std::string eligibility_sheet(const Json& eligibility, const View& view);

}  // namespace smm::cli
