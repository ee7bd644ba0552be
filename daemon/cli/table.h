#pragma once

#include "cli/terminal.h"

#include <string>
#include <string_view>
#include <vector>

namespace smm::cli {

// Makes wcwidth() know every character; once, at the start of the program.
void use_utf8();

// Columns a terminal gives to `text`: wide characters two, combining ones none. `text` must be valid UTF-8.
[[nodiscard]] int display_width(std::string_view text);

// `text`, or as much of it as goes into `width` columns with "…" at the end.
[[nodiscard]] std::string fit(std::string_view text, int width);

// `text` with blanks behind it up to `width` columns.
[[nodiscard]] std::string padded(std::string_view text, int width);

struct Column {
  std::string title;
  bool number = false;  // right-aligned
  int rank = 0;         // where there is no room for all the highest goes first; 0 always stays
  int least = 0;        // may shrink down to this many columns; 0 = not at all
  bool if_any = false;  // on a terminal only when it has something to show
};

struct Cell {
  std::string text;
  Style style = Style::plain;
};

// Rows under titles, aligned by display width. Text is made harmless for a terminal here. On a terminal every
// line fits into its width; elsewhere nothing is cut or left out.
class Table {
 public:
  explicit Table(std::vector<Column> columns);

  // One cell for each column, in their order; an empty text is shown as "-".
  void add(std::vector<Cell> cells);
  [[nodiscard]] bool empty() const { return rows_.empty(); }

  // The lines of all rows added since the last take(); before the first ones, the titles. Columns keep at
  // least the width they had.
  [[nodiscard]] std::string take(const View& view);

 private:
  void measure(const View& view);
  [[nodiscard]] std::string line(const std::vector<Cell>& cells, const View& view) const;

  std::vector<Column> columns_;
  std::vector<std::vector<Cell>> rows_;
  std::vector<int> natural_;  // widths with everything shown whole
  std::vector<int> widths_;   // as shown; negative = left out
  bool titled_ = false;
};

// `text` broken between words into lines of `width` columns, each but the first behind `indent` blanks. A
// word that is longer stays whole, so that it can be copied.
[[nodiscard]] std::string broken_into_lines(const std::string& text, int indent, int width);

// Names and what belongs to them, one a line and never cut:
//   charge   0.27819 USD
// On a terminal what is longer than a line goes on below itself.
class Sheet {
 public:
  // Left out when `text` is empty.
  void add(std::string name, const std::string& text, Style style = Style::plain);
  [[nodiscard]] std::string text(const View& view) const;

 private:
  struct Entry {
    std::string name;
    Cell cell;
  };
  std::vector<Entry> entries_;
};

}  // namespace smm::cli
