#include "readings.h"

#include <cctype>
#include <map>

namespace smm::test {
namespace {

std::string folded(const std::string& text) {
  std::string result;
  for (const char c : text) {
    if (c != '_' && c != '-' && c != ' ')
      result += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return result;
}

// Decimal text without zeros that do not count; empty for what is no number.
std::string number(const std::string& text) {
  const bool numeric = !text.empty() && text.find_first_not_of("0123456789.-") == std::string::npos;
  if (!numeric) return {};
  auto plain = text;
  if (plain.find('.') != std::string::npos) {
    plain.erase(plain.find_last_not_of('0') + 1);
    if (plain.back() == '.') plain.pop_back();
  }
  return plain;
}

}  // namespace

Reading reading_of(const practice::ToldState& told) {
  return {folded(told.status.value_or("")), number(told.charge.value_or("")),
          number(told.remains.value_or("")), number(told.start_count.value_or(""))};
}

Reading reading_of(const practice::OrderState& state) {
  return {folded(state.status), number(state.charge), number(state.remains), number(state.start_count)};
}

Reading reading_of(const Json& point) {
  return {folded(text_of(point["status_text"])), number(text_of(point["charge"])),
          number(text_of(point["remains"])), number(text_of(point["start_count"]))};
}

std::string to_text(const Reading& reading) {
  return "{" + reading.status_text + " charge " + reading.charge + " remains " + reading.remains + " start " +
         reading.start_count + "}";
}

std::set<std::uint64_t> doubtful(const std::vector<practice::LedgerEntry>& entries,
                                 const std::vector<std::size_t>& kills) {
  std::set<std::uint64_t> numbers;
  for (const auto kill : kills) {
    std::map<std::string, std::uint64_t> last;
    for (const auto& entry : entries) {
      if (entry.number > kill) break;
      if (entry.answer && !entry.answer->told.empty()) last[entry.request.panel] = entry.number;
    }
    for (const auto& [panel, number] : last) numbers.insert(number);
  }
  return numbers;
}

std::string first_difference(const std::vector<ToldReading>& told, const std::vector<Json>& history) {
  std::vector<Reading> points;
  points.reserve(history.size());
  for (const auto& point : history) points.push_back(reading_of(point));
  const auto shown_point = [&](std::size_t at) {
    return (at < points.size() ? to_text(points[at]) : std::string("nothing")) + " at point " +
           std::to_string(at);
  };
  // Up to where the history may have come: of what was perhaps lost and looks like the next point both are
  // possible.
  std::set<std::size_t> reached = {0};
  for (const auto& [reading, may_be_lost] : told) {
    std::set<std::size_t> next;
    for (const auto at : reached) {
      const bool changes_nothing = at > 0 && points[at - 1] == reading;
      if (changes_nothing || may_be_lost) next.insert(at);
      if (!changes_nothing && at < points.size() && points[at] == reading) next.insert(at + 1);
    }
    if (next.empty())
      return "told " + to_text(reading) + " but history has " + shown_point(*reached.rbegin());
    reached = std::move(next);
  }
  if (reached.count(points.size()) > 0) return {};
  return "history has " + shown_point(*reached.rbegin()) + ", never told";
}

}  // namespace smm::test
