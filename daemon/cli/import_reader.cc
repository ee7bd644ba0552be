#include "cli/import_reader.h"

#include "cli/phrases.h"
#include "domain/text.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>

namespace smm::cli {
namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
constexpr std::string_view blank = " \t\r\n\v\f";  // what trim() takes off
constexpr std::size_t longest_import_line = std::size_t{1} << 20;

bool ends_with(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

// The one that stands in the first line; a comma where none does.
char separator_of(std::string_view header) {
  for (const char c : {',', ';', '\t'}) {
    if (header.find(c) != std::string_view::npos) return c;
  }
  return ',';
}

// Whether a first line names columns: one of them must be "id".
bool is_header(std::string_view line) {
  bool found = false;
  CsvReader reader(
      [&](CsvRecord&& record) {
        found = std::any_of(record.fields.begin(), record.fields.end(),
                            [](const std::string& name) { return lower_case(trim(name)) == "id"; });
      },
      separator_of(line));
  reader.feed(line);
  reader.finish();
  return found;
}

}  // namespace

std::optional<FileFormat> file_format_from_text(std::string_view text) {
  if (text == "csv") return FileFormat::csv;
  if (text == "ndjson") return FileFormat::ndjson;
  if (text == "ids") return FileFormat::ids;
  return std::nullopt;
}

FileFormat file_format_of(std::string_view file_name) {
  const auto name = lower_case(file_name);
  if (ends_with(name, ".csv")) return FileFormat::csv;
  if (ends_with(name, ".ndjson") || ends_with(name, ".jsonl")) return FileFormat::ndjson;
  return FileFormat::unknown;
}

ImportReader::ImportReader(FileFormat format, std::string panel, Timestamp now, LineTaker taker)
    : format_(format), panel_(std::move(panel)), now_(now), taker_(std::move(taker)) {}

void ImportReader::feed(std::string_view bytes) {
  if (!trouble_.empty()) return;
  if (!begun_) {
    pending_ += bytes;
    // The first line tells what it is.
    const auto text = std::string_view(pending_);
    const auto word = text.find_first_not_of(blank, text.substr(0, 3) == byte_order_mark ? 3 : 0);
    const bool is_there = word != std::string_view::npos && text.find('\n', word) != std::string_view::npos;
    if (!is_there && pending_.size() < longest_import_line) return;
    begin();
    return;
  }
  if (csv_) {
    csv_->feed(bytes);
  } else {
    feed_lines(bytes);
  }
}

void ImportReader::begin() {
  begun_ = true;
  auto text = std::exchange(pending_, {});
  if (std::string_view(text).substr(0, 3) == byte_order_mark) text.erase(0, 3);
  const auto word = text.find_first_not_of(blank);
  if (word == std::string::npos) return;
  const auto first_line = std::string_view(text).substr(word, text.find('\n', word) - word);
  if (format_ == FileFormat::unknown) guess_format(first_line);
  if (!trouble_.empty()) return;
  if (format_ == FileFormat::csv) {
    csv_.emplace([this](CsvRecord&& record) { take_record(std::move(record)); }, separator_of(first_line));
  }
  feed(text);
}

void ImportReader::guess_format(std::string_view first_line) {
  const auto line = trim(first_line);
  const auto first = line.substr(0, line.find_first_of(" \t"));
  if (line.front() == '{') {
    format_ = FileFormat::ndjson;
  } else if (line.front() == '[') {
    trouble_ = "is one JSON array; write an object a line: jq -c '.[]' FILE | smm-tracker import -";
  } else if (is_header(line)) {
    format_ = FileFormat::csv;
  } else if (line.front() == '#' || is_valid_id(first) || order_key_from_text(first)) {
    format_ = FileFormat::ids;
  } else {
    trouble_ = "begins with " + quotation(line) +
               ", which names no column \"id\", is no JSON object and no id; the first line of CSV names the "
               "columns, "
               "as in panel,id,service,quantity,ref";
  }
}

void ImportReader::feed_lines(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto end = bytes.find('\n');
    if (!too_long_) pending_ += bytes.substr(0, end);
    if (pending_.size() > longest_import_line) {
      too_long_ = true;
      pending_.clear();
      taker_.refuse(line_ + 1, "is longer than 1 MiB");
    }
    if (end == std::string_view::npos) return;
    bytes.remove_prefix(end + 1);
    ++line_;
    const auto line = std::exchange(pending_, {});
    if (!std::exchange(too_long_, false)) take_line(line);
  }
}

void ImportReader::finish() {
  if (!begun_ && !pending_.empty()) begin();
  if (!trouble_.empty()) return;
  if (csv_) {
    csv_->finish();
    if (columns_.empty() && trouble_.empty()) trouble_ = "holds no line with the names of columns";
  } else if (!pending_.empty()) {
    feed_lines("\n");
  }
}

void ImportReader::take_line(std::string_view line) {
  const auto text = trim(line);
  if (text.empty()) return;
  if (format_ == FileFormat::ids) {
    take_id(text);
  } else {
    take_object(text);
  }
}

void ImportReader::take_object(std::string_view line) {
  const auto object = parse_json(line);
  if (!object) return taker_.refuse(line_, "is not JSON: " + quotation(line));
  if (!object->is_object()) return taker_.refuse(line_, "is no JSON object: " + quotation(line));
  auto order = import_order(*object, panel_, now_);
  if (!order) return taker_.refuse(line_, order.error());
  taker_.take(line_, std::move(*order));
}

void ImportReader::take_id(std::string_view line) {
  if (line.front() == '#') return;
  Json fields = {{"id", line}};
  if (const auto key = order_key_from_text(line))
    fields = {{"panel", key->panel.text()}, {"id", key->id.text()}};
  if (to_valid_utf8(line) != line) return taker_.refuse(line_, quotation(line) + " is not UTF-8");
  auto order = import_order(fields, panel_, now_);
  if (!order) return taker_.refuse(line_, order.error());
  taker_.take(line_, std::move(*order));
}

void ImportReader::take_header(const CsvRecord& record) {
  std::set<std::string> seen;
  for (const auto& field : record.fields) {
    auto name = std::string(trim(field));
    // A label keeps its letters.
    constexpr std::string_view label = "label.";
    const auto folded = lower_case(name);
    name = folded.rfind(label, 0) == 0 ? std::string(label) + name.substr(label.size()) : folded;
    auto complaint = unless_known(name, "column");
    if (complaint.empty() && !seen.insert(name).second)
      complaint = "column " + quotation(name) + " stands there twice";
    if (!complaint.empty()) trouble_ += (trouble_.empty() ? "" : "; ") + complaint;
    columns_.push_back(std::move(name));
  }
  if (trouble_.empty() && seen.count("id") == 0) trouble_ = "has no column \"id\"";
  if (trouble_.empty() && seen.count("panel") == 0 && panel_.empty()) {
    trouble_ = "has no column \"panel\"; --panel NAME says it for all";
  }
}

// A quote that is not closed takes the lines behind it along: who reads of the first is told.
void ImportReader::refuse(const CsvRecord& record, const std::string& complaint) {
  const bool is_long = record.last_line > record.line;
  taker_.refuse(record.line,
                complaint + (is_long ? "; a quote is open to line " + std::to_string(record.last_line) : ""));
}

void ImportReader::take_record(CsvRecord&& record) {
  if (!trouble_.empty()) return;
  if (columns_.empty()) {
    if (record.complaint.empty()) return take_header(record);
    trouble_ = "the first line, which names the columns: " + record.complaint;
    return;
  }
  if (!record.complaint.empty()) return refuse(record, record.complaint);
  if (record.fields.size() != columns_.size()) {
    return refuse(record, "has " + std::to_string(record.fields.size()) +
                              " fields, where the first line names " + std::to_string(columns_.size()) +
                              " columns");
  }
  Json fields = Json::object();
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (to_valid_utf8(record.fields[i]) != record.fields[i]) {
      return refuse(record, escape_controls(to_valid_utf8(columns_[i])) + " " + quotation(record.fields[i]) +
                                " is not UTF-8");
    }
    fields[columns_[i]] = std::move(record.fields[i]);
  }
  auto order = import_order(fields, panel_, now_);
  if (!order) return refuse(record, order.error());
  taker_.take(record.line, std::move(*order));
}

}  // namespace smm::cli
