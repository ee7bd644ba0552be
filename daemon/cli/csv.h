#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

// Comma-separated values as RFC 4180 has them, and as spreadsheets write them: lines may end in LF alone,
// empty lines are skipped, the separator may be another character.
namespace smm::cli {

struct CsvRecord {
  std::size_t line = 0;  // where it begins, the first is 1; a quoted field may run over several
  std::vector<std::string> fields;
  std::string complaint;  // why it cannot be read; empty when it can
  std::size_t last_line = 0;
};

// Takes the text in pieces of any size and gives whole records. One that is broken is given with a complaint,
// and reading goes on at the line after the one where it begins.
class CsvReader {
 public:
  using Each = std::function<void(CsvRecord&&)>;

  explicit CsvReader(Each each, char separator = ',') : each_(std::move(each)), separator_(separator) {}

  void feed(std::string_view bytes);
  // The end of the text.
  void finish();

  static constexpr std::size_t longest_record = std::size_t{1} << 20;

 private:
  enum class State : unsigned char { field_begins, plain, quoted, quote_in_quoted, broken };

  void take(char c);
  void take_outside_quotes(char c);
  void end_field();
  void end_record();
  void break_off(const char* complaint);
  void give_up(const std::string& complaint);

  Each each_;
  char separator_;
  State state_ = State::field_begins;
  CsvRecord record_{1, {}, {}};
  std::string field_;
  std::string raw_;  // the record so far, as it stands in the text
  std::size_t line_ = 1;
};

// A field as it is written: in quotes where it needs them.
[[nodiscard]] std::string csv_field(std::string_view text);

}  // namespace smm::cli
