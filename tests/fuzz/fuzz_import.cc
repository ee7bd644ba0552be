#include "cli/csv.h"
#include "cli/import_reader.h"
#include "cli/json.h"
#include "domain/text.h"
#include "target.h"

#include <nlohmann/json.hpp>

#include <algorithm>

// Files of orders. The first byte says what the file calls itself, and in pieces of what size it is read.

namespace smm::fuzz::import_fuzz {
namespace {

using cli::FileFormat;

struct Taken {
  std::vector<std::string> lines;
  std::string trouble;

  bool operator==(const Taken&) const = default;
};

void check_order(const cli::ImportOrder& order) {
  require(is_valid_name(order.key.panel.text()) && is_valid_id(order.key.id.text()),
          "an order has no valid key", to_text(order.key));
  const auto json = cli::parse_json(order.body);
  require(json && json->is_object(), "an order is no JSON object", order.body);
  require(
      cli::words(*json, "panel") == order.key.panel.text() && cli::words(*json, "id") == order.key.id.text(),
      "an order names another than its key", order.body);
  for (const auto& [name, value] : json->items()) {
    const auto& fields = cli::import_fields();
    require(name == "quiet" || std::find(fields.begin(), fields.end(), name) != fields.end(),
            "an order has a field nobody takes", name);
  }
}

Taken read(std::string_view text, FileFormat format, std::size_t piece) {
  Taken taken;
  // What is thrown here would pass through the reader, and is none of its own.
  std::vector<cli::ImportOrder> orders;
  cli::ImportReader reader(
      format, "p1", from_millis(1'795'000'000'000),
      {[&](std::size_t line, cli::ImportOrder&& order) {
         taken.lines.push_back(std::to_string(line) + " " + to_text(order.key) + " " + order.body);
         orders.push_back(std::move(order));
       },
       [&](std::size_t line, const std::string& complaint) {
         taken.lines.push_back(std::to_string(line) + " ! " + complaint);
       }});
  for (; !text.empty(); text.remove_prefix(std::min(piece, text.size()))) reader.feed(text.substr(0, piece));
  reader.finish();
  taken.trouble = reader.trouble();
  for (const auto& order : orders) check_order(order);
  return taken;
}

void check_csv(std::string_view text) {
  std::vector<std::string> fields;
  cli::CsvReader reader([&](cli::CsvRecord&& record) {
    for (auto& field : record.fields) fields.push_back(record.complaint.empty() ? std::move(field) : "");
  });
  reader.feed("a," + cli::csv_field(text) + ",b\n");
  reader.finish();
  require(fields == std::vector<std::string>{"a", std::string(text), "b"}, "a field of CSV reads as another",
          text);
}

void run(std::string_view input) {
  Front front(input);
  const auto choice = front.byte();
  const auto text = front.rest();
  const auto format = static_cast<FileFormat>(choice % 4);
  const auto whole = read(text, format, text.size() + 1);
  require(read(text, format, 1 + choice / 4U) == whole, "a file read in pieces is another");
  require_fit(whole.trouble, 1 << 16);
  for (const auto& line : whole.lines) {
    if (line.find(" ! ") != std::string::npos && line.find('{') > line.find(" ! "))
      require_fit(line, std::size_t{2} << 20);
  }
  if (text.size() < 100'000) check_csv(text);
}

const Registration here("import", run);

}  // namespace
}  // namespace smm::fuzz::import_fuzz
