#pragma once

#include "cli/json.h"
#include "cli/table.h"

#include <string>

// What GET /v1/status says, for people.
namespace smm::cli {

[[nodiscard]] std::string overview(const Json& status, const View& view);

// One line for each trouble that does not go away by itself, with what to do about it; empty when there is
// none.
[[nodiscard]] std::string needs_a_person(const Json& status, const View& view);

// Tables of the API's panels and webhooks; `items` is a JSON array.
[[nodiscard]] Table panel_table();
[[nodiscard]] std::vector<Cell> panel_row(const Json& panel, const View& view);
[[nodiscard]] Table webhook_table();
[[nodiscard]] std::vector<Cell> webhook_row(const Json& webhook, const View& view);

}  // namespace smm::cli
