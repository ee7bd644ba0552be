#pragma once

#include <optional>
#include <string>
#include <vector>

// The table the benchmark prints: a line a figure, beside what a bare program costs in the same run.
namespace smm::bench {

struct Row {
  std::string what;           // at most 35 columns, its unit at the end
  std::vector<double> ours;   // one a round
  std::vector<double> floor;  // one a round, or one for all; empty: there is no bare program to compare with
  // What is judged: the ratio to the floor, or our figure where there is none. At most one of them.
  std::optional<double> at_most{};
  std::optional<double> at_least{};
};

[[nodiscard]] double median(std::vector<double> values);

class Table {
 public:
  void add(Row row) { rows_.push_back(std::move(row)); }
  void head(std::string title) { rows_.push_back({std::move(title), {}, {}}); }
  // Prints it; the names of the rows that are not met.
  std::vector<std::string> print() const;

 private:
  std::vector<Row> rows_;
};

// Figures over sizes, both scales in powers of ten: columns of `#` over the sizes.
struct Point {
  double size = 0;
  double value = 0;
};
void plot(const std::string& title, const std::vector<Point>& points);

}  // namespace smm::bench
