#pragma once

#include "cli/json.h"
#include "domain/ids.h"

#include <tl/expected.hpp>

#include <string>
#include <string_view>
#include <vector>

// The fields of an order in files: what `export` writes and `import` reads.
namespace smm::cli {

// The columns of CSV, in their order.
[[nodiscard]] const std::vector<std::string_view>& export_columns();
// The line under them that tells of one order, with its line break.
[[nodiscard]] std::string csv_line(const Json& order);

// What tracking an order takes, in the words of POST /v1/orders.
[[nodiscard]] const std::vector<std::string_view>& import_fields();
// An empty text when `name` may stand in a file that is imported, else what is wrong with it. `what` is
// "column" or "field".
[[nodiscard]] std::string unless_known(std::string_view name, std::string_view what);

struct ImportOrder {
  OrderKey key;
  std::string body;  // an object for POST /v1/orders
};
// From the fields of one line: JSON of any kind, or the text of CSV, where empty is absent. `panel` is taken
// when the line names none. What else an export tells of an order is left out. The error says what is wrong.
[[nodiscard]] tl::expected<ImportOrder, std::string> import_order(const Json& fields,
                                                                  const std::string& panel, Timestamp now);

}  // namespace smm::cli
