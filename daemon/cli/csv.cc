#include "cli/csv.h"

#include <utility>

namespace smm::cli {

void CsvReader::feed(std::string_view bytes) {
  for (const char c : bytes) take(c);
}

void CsvReader::take(char c) {
  if (state_ != State::broken) raw_ += c;
  if (c == '\n') ++line_;
  switch (state_) {
    case State::quoted:
      if (c == '"') {
        state_ = State::quote_in_quoted;
      } else {
        field_ += c;
      }
      break;
    case State::quote_in_quoted:
      if (c == '"') {
        field_ += c;
        state_ = State::quoted;
      } else if (c == separator_ || c == '\n') {
        take_outside_quotes(c);
      } else if (c != '\r') {
        break_off("after a closing quote comes more text; a quote within quotes is written twice");
      }
      break;
    case State::field_begins:
      if (c == '"') {
        state_ = State::quoted;
        break;
      }
      state_ = State::plain;
      [[fallthrough]];
    case State::plain:
      take_outside_quotes(c);
      break;
    case State::broken:
      if (c == '\n') end_record();
      break;
  }
  if (raw_.size() > longest_record) give_up("a record of more than 1 MiB is none; is a quote left open?");
}

void CsvReader::take_outside_quotes(char c) {
  if (c == separator_) {
    end_field();
  } else if (c == '\n') {
    end_record();
  } else if (c == '"') {
    break_off("a quote stands within a field that does not begin with one");
  } else {
    field_ += c;
  }
}

void CsvReader::end_field() {
  record_.fields.push_back(std::exchange(field_, {}));
  state_ = State::field_begins;
}

void CsvReader::end_record() {
  // What is outside quotes may end in CR LF.
  const bool quoted = state_ == State::quote_in_quoted;
  if (!quoted && !field_.empty() && field_.back() == '\r') field_.pop_back();
  end_field();
  const bool is_empty_line = record_.fields.size() == 1 && record_.fields.front().empty() && !quoted;
  auto record = std::exchange(record_, {line_, {}, {}});
  const bool at_a_line_end = !raw_.empty() && raw_.back() == '\n';
  record.last_line = !record.complaint.empty() ? record.line : line_ - (at_a_line_end ? 1 : 0);
  raw_.clear();
  const bool is_said = record.line == 0;
  if (!is_said && (!is_empty_line || !record.complaint.empty())) each_(std::move(record));
}

// The rest of the line cannot be read. A record of several lines has most likely a quote left open in its
// first: the others are read for themselves.
void CsvReader::break_off(const char* complaint) {
  if (raw_.find('\n') != std::string::npos) return give_up(complaint);
  record_.complaint = complaint;
  state_ = State::broken;
}

// Complains of the record, and reads again from the line after its first. The lines between its first
// and its last have an even number of quotes each: read for themselves none of them runs on, and nothing is
// read three times.
void CsvReader::give_up(const std::string& complaint) {
  const auto raw = std::exchange(raw_, {});
  const auto first_line = record_.line;
  const auto first_end = raw.find('\n');
  field_.clear();
  each_({first_line, {}, complaint, first_line});
  if (first_end == std::string::npos) {
    // The line is not over: the rest of it belongs to what was complained of.
    record_ = {0, {}, complaint};
    state_ = State::broken;
    return;
  }
  state_ = State::field_begins;
  line_ = first_line + 1;
  record_ = {line_, {}, {}};
  feed(std::string_view(raw).substr(first_end + 1));
}

void CsvReader::finish() {
  while (state_ == State::quoted) {
    const auto first_end = raw_.find('\n');
    give_up("a quote is opened here and never closed");
    if (first_end == std::string::npos) return;
  }
  if (!raw_.empty()) end_record();
}

std::string csv_field(std::string_view text) {
  const bool blank_at_an_end = !text.empty() && (text.front() == ' ' || text.back() == ' ' ||
                                                 text.front() == '\t' || text.back() == '\t');
  if (!blank_at_an_end && text.find_first_of(",\"\r\n;") == std::string_view::npos) return std::string(text);
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

}  // namespace smm::cli
