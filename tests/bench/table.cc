#include "table.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace smm::bench {
namespace {

// Three digits that count, and thousands in full.
std::string shown(double value) {
  char text[32];
  const int decimals = value == 0 || std::abs(value) >= 100 ? 0
                       : std::abs(value) >= 10              ? 1
                       : std::abs(value) >= 1               ? 2
                                                            : 3;
  std::snprintf(text, sizeof text, "%.*f", decimals, value);
  return text;
}

std::vector<double> ratios_of(const Row& row) {
  if (row.floor.empty()) return row.ours;
  std::vector<double> ratios;
  for (std::size_t i = 0; i < row.ours.size(); ++i) {
    ratios.push_back(row.ours[i] / row.floor[std::min(i, row.floor.size() - 1)]);
  }
  return ratios;
}

bool is_met(const Row& row, double judged) {
  if (row.at_most && judged > *row.at_most) return false;
  return !row.at_least || judged >= *row.at_least;
}

std::string limit_of(const Row& row) {
  if (row.at_most) return "<= " + shown(*row.at_most);
  if (row.at_least) return ">= " + shown(*row.at_least);
  return "";
}

}  // namespace

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values.empty() ? 0 : values[values.size() / 2];
}

std::vector<std::string> Table::print() const {
  std::vector<std::string> missed;
  std::printf("%-35s %7s %7s %5s %11s %7s\n", "", "ours", "floor", "ratio", "spread", "limit");
  for (const auto& row : rows_) {
    if (row.ours.empty()) {
      std::printf("%s\n", row.what.c_str());
      continue;
    }
    const auto judged = ratios_of(row);
    const auto [least, most] = std::minmax_element(judged.begin(), judged.end());
    const bool met = is_met(row, median(judged));
    if (!met) missed.push_back(row.what);
    const bool compares = !row.floor.empty();
    const auto spread = judged.size() > 1 ? shown(*least) + "-" + shown(*most) : "";
    std::printf("%-35s %7s %7s %5s %11s %7s%s\n", row.what.c_str(), shown(median(row.ours)).c_str(),
                compares ? shown(median(row.floor)).c_str() : "",
                compares ? shown(median(judged)).c_str() : "", spread.c_str(), limit_of(row).c_str(),
                met ? "" : " NO");
  }
  return missed;
}

void plot(const std::string& title, const std::vector<Point>& points) {
  if (points.empty()) return;
  constexpr int steps_a_decade = 4;
  const auto level = [](double value) {
    return static_cast<int>(std::lround(std::log10(value) * steps_a_decade));
  };
  int top = level(points.front().value);
  int bottom = top;
  for (const auto& point : points) {
    top = std::max(top, level(point.value));
    bottom = std::min(bottom, level(point.value));
  }
  bottom -= 2;
  std::printf("\n%s\n", title.c_str());
  for (int at = top; at > bottom; --at) {
    std::printf("%9s |", shown(std::pow(10.0, static_cast<double>(at) / steps_a_decade)).c_str());
    for (const auto& point : points) std::printf("   %-9s", level(point.value) >= at ? "#####" : "");
    std::printf("\n");
  }
  std::printf("%9s +%s\n%9s  ", "", std::string(points.size() * 12, '-').c_str(), "orders");
  for (const auto& point : points) std::printf("   %-9.0f", point.size);
  std::printf("\n%9s  ", "");
  for (const auto& point : points) std::printf("   %-9s", shown(point.value).c_str());
  std::printf("\n");
}

}  // namespace smm::bench
