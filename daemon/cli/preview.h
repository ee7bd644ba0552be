#pragma once

#include "cli/add_fields.h"
#include "cli/json.h"
#include "cli/terminal.h"

#include <string>

// What placing an order would come to, as the daemon answers a dry run.
namespace smm::cli {

// All about it, one thing a line: the order, its cost and how that is computed, the balance before and after,
// and what is wrong.
[[nodiscard]] std::string preview_sheet(const std::string& panel, const Fields& fields, const Json& preview,
                                        const View& view);

[[nodiscard]] bool has_complaints(const Json& preview);

}  // namespace smm::cli
