#include "cli/sparkline.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace smm::cli {
namespace {

constexpr std::array<const char*, 8> heights = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};

const char* height_of(double value, double least, double most) {
  if (!(most > least)) return heights[heights.size() / 2];
  const auto share = std::clamp((value - least) / (most - least), 0.0, 1.0);
  return heights.at(static_cast<std::size_t>(std::lround(share * (heights.size() - 1))));
}

}  // namespace

std::string sparkline(Course course, int width) {
  const auto unusable = [](const auto& point) { return !std::isfinite(point.second); };
  course.erase(std::remove_if(course.begin(), course.end(), unusable), course.end());
  if (course.size() < 2 || width < 2) return {};
  const auto earlier = [](const auto& a, const auto& b) { return a.first < b.first; };
  std::stable_sort(course.begin(), course.end(), earlier);
  const auto lower = [](const auto& a, const auto& b) { return a.second < b.second; };
  const auto [least, most] = std::minmax_element(course.begin(), course.end(), lower);
  const auto begin = course.front().first;
  const auto whole = course.back().first - begin;
  std::string text = height_of(course.front().second, least->second, most->second);
  std::size_t at = 0;
  for (int part = 1; part < width; ++part) {
    const auto end = begin + whole * part / (width - 1);
    while (at + 1 < course.size() && course[at + 1].first <= end) ++at;
    text += height_of(course[at].second, least->second, most->second);
  }
  return text;
}

}  // namespace smm::cli
