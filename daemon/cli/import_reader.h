#pragma once

#include "cli/csv.h"
#include "cli/order_fields.h"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace smm::cli {

enum class FileFormat : unsigned char { unknown, csv, ndjson, ids };
// "csv", "ndjson", "ids"
[[nodiscard]] std::optional<FileFormat> file_format_from_text(std::string_view text);
// By how the file's name ends: .csv, .ndjson or .jsonl.
[[nodiscard]] FileFormat file_format_of(std::string_view file_name);

// What is to be done with the lines of a file of orders.
struct LineTaker {
  std::function<void(std::size_t line, ImportOrder&&)> take;
  std::function<void(std::size_t line, const std::string& complaint)> refuse;
};

// Reads orders from text that comes in pieces: CSV with the names of the columns in its first line, one JSON
// object a line, or one id a line (PANEL/ID, or the id alone where `panel` is said). Which of them it is
// shows in the first line, where `format` is unknown. A byte order mark, empty lines and CR LF are no matter.
class ImportReader {
 public:
  ImportReader(FileFormat format, std::string panel, Timestamp now, LineTaker taker);

  // Why none of it can be read; empty as long as it can. After a complaint nothing more is taken.
  [[nodiscard]] const std::string& trouble() const { return trouble_; }
  void feed(std::string_view bytes);
  void finish();

 private:
  void begin();
  void guess_format(std::string_view first_line);
  void feed_lines(std::string_view bytes);
  void take_line(std::string_view line);
  void take_object(std::string_view line);
  void take_id(std::string_view line);
  void take_record(CsvRecord&& record);
  void refuse(const CsvRecord& record, const std::string& complaint);
  void take_header(const CsvRecord& record);

  FileFormat format_;
  std::string panel_;
  Timestamp now_;
  LineTaker taker_;
  std::string trouble_;
  bool begun_ = false;
  std::string pending_;  // the beginning of the file, then the unfinished line
  std::size_t line_ = 0;
  bool too_long_ = false;  // the unfinished line has been complained of
  std::optional<CsvReader> csv_;
  std::vector<std::string> columns_;
};

}  // namespace smm::cli
