#include "cli/table.h"

#include "domain/text.h"

#include <algorithm>
#include <clocale>
#include <cwchar>
#include <sstream>
#include <utility>

namespace smm::cli {
namespace {

constexpr int gap = 2;          // between columns
constexpr int least_room = 16;  // columns in which sentences can be read
constexpr std::string_view ellipsis = "…";

std::size_t character_length(char first) {
  const auto lead = static_cast<unsigned char>(first);
  return lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
}

int character_width(std::string_view bytes) {
  if (bytes.size() == 1) return 1;
  auto code = static_cast<unsigned>(static_cast<unsigned char>(bytes.front())) & (0x7FU >> bytes.size());
  for (const char byte : bytes.substr(1)) code = (code << 6) | (static_cast<unsigned char>(byte) & 0x3FU);
  const int width = ::wcwidth(static_cast<wchar_t>(code));
  return width < 0 ? 1 : width;  // unknown to this system: most likely an ordinary one
}

std::string harmless(std::string_view text) {
  return escape_controls(to_valid_utf8(text));
}

// The width a whole table takes; columns that are left out take none.
int total(const std::vector<int>& widths) {
  int sum = -gap;
  for (const int width : widths) sum += width < 0 ? 0 : width + gap;
  return std::max(0, sum);
}

}  // namespace

void use_utf8() {
  if (std::setlocale(LC_CTYPE, "C.UTF-8") == nullptr) std::setlocale(LC_CTYPE, "");
}

int display_width(std::string_view text) {
  int width = 0;
  while (!text.empty()) {
    const auto character = text.substr(0, character_length(text.front()));
    width += character_width(character);
    text.remove_prefix(character.size());
  }
  return width;
}

std::string fit(std::string_view text, int width) {
  if (display_width(text) <= width) return std::string(text);
  std::string kept;
  int used = 0;
  while (!text.empty()) {
    const auto character = text.substr(0, character_length(text.front()));
    used += character_width(character);
    if (used > width - 1) break;
    kept += character;
    text.remove_prefix(character.size());
  }
  return width > 0 ? kept + std::string(ellipsis) : std::string();
}

std::string padded(std::string_view text, int width) {
  const int missing = std::max(0, width - display_width(text));
  return std::string(text) + std::string(static_cast<std::size_t>(missing), ' ');
}

Table::Table(std::vector<Column> columns) : columns_(std::move(columns)), natural_(columns_.size(), 0) {
  for (std::size_t i = 0; i < columns_.size(); ++i) natural_[i] = display_width(columns_[i].title);
}

void Table::add(std::vector<Cell> cells) {
  cells.resize(columns_.size());
  for (auto& cell : cells) {
    cell.text = cell.text.empty() ? "-" : harmless(cell.text);
  }
  rows_.push_back(std::move(cells));
}

// Shrinks what may shrink, then leaves columns out by rank, until the rest fits.
void Table::measure(const View& view) {
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      natural_[i] = std::max(natural_[i], display_width(row[i].text));
    }
  }
  widths_ = natural_;
  if (view.width <= 0) return;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    const auto is_nothing = [i](const auto& row) { return row[i].text == "-"; };
    if (columns_[i].if_any && std::all_of(rows_.begin(), rows_.end(), is_nothing)) widths_[i] = -1;
  }
  const auto slack = [&](std::size_t i) {
    return widths_[i] < 0 || columns_[i].least == 0 ? 0 : std::max(0, widths_[i] - columns_[i].least);
  };
  for (;;) {
    int spare = 0;
    for (std::size_t i = 0; i < columns_.size(); ++i) spare += slack(i);
    if (total(widths_) - spare <= view.width) break;
    std::size_t last = 0;
    for (std::size_t i = 1; i < columns_.size(); ++i) {
      const bool later = widths_[last] < 0 || columns_[i].rank >= columns_[last].rank;
      if (widths_[i] >= 0 && later) last = i;
    }
    if (columns_[last].rank == 0) break;
    widths_[last] = -1;
  }
  while (total(widths_) > view.width) {
    std::size_t widest = columns_.size();
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      if (slack(i) > 0 && (widest == columns_.size() || widths_[i] > widths_[widest])) widest = i;
    }
    if (widest == columns_.size()) break;
    --widths_[widest];
  }
}

std::string Table::line(const std::vector<Cell>& cells, const View& view) const {
  std::string text;
  int used = 0;
  std::string blanks;  // owed before the next cell, so that no line ends in blanks
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (widths_[i] < 0) continue;
    if (used > 0) blanks.append(gap, ' '), used += gap;
    const int room = view.width > 0 ? std::min(widths_[i], view.width - used) : widths_[i];
    if (room <= 0) break;
    const auto shown = fit(cells[i].text, room);
    const auto padding = static_cast<std::size_t>(std::max(0, room - display_width(shown)));
    if (columns_[i].number) blanks.append(padding, ' ');
    if (!shown.empty()) text += std::exchange(blanks, {}) + paint(shown, cells[i].style, view);
    if (!columns_[i].number) blanks.append(padding, ' ');
    used += room;
  }
  return text + '\n';
}

std::string Table::take(const View& view) {
  measure(view);
  std::string text;
  if (!titled_) {
    std::vector<Cell> titles;
    for (const auto& column : columns_) titles.push_back({column.title, Style::strong});
    text += line(titles, view);
    titled_ = true;
  }
  for (const auto& row : rows_) text += line(row, view);
  rows_.clear();
  return text;
}

std::string broken_into_lines(const std::string& text, int indent, int width) {
  std::istringstream words(text);
  std::string lines;
  int used = 0;
  for (std::string word; words >> word;) {
    const int columns = display_width(word);
    if (used > 0 && used + 1 + columns > width) {
      lines += "\n" + std::string(static_cast<std::size_t>(indent), ' ');
      used = 0;
    }
    if (used > 0) lines += ' ', ++used;
    lines += word;
    used += columns;
  }
  return lines;
}

void Sheet::add(std::string name, const std::string& text, Style style) {
  if (!text.empty()) entries_.push_back({std::move(name), {harmless(text), style}});
}

std::string Sheet::text(const View& view) const {
  int widest = 0;
  for (const auto& entry : entries_) widest = std::max(widest, display_width(entry.name));
  std::string text;
  for (const auto& [name, cell] : entries_) {
    // The blanks are painted like the name; nobody sees them.
    text += paint(padded(name, widest + gap), Style::quiet, view);
    const int room = view.width - widest - gap;
    const bool breaks = view.width > 0 && room >= least_room && display_width(cell.text) > room;
    text += paint(breaks ? broken_into_lines(cell.text, widest + gap, room) : cell.text, cell.style, view);
    text += '\n';
  }
  return text;
}

}  // namespace smm::cli
