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

std::string shown(const Json& value) {
  if (value.is_null()) return {};
  return value.is_string() ? value.get<std::string>() : value.dump();
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
  return {folded(shown(point["status_text"])), number(shown(point["charge"])),
          number(shown(point["remains"])), number(shown(point["start_count"]))};
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
  std::size_t next = 0;
  for (const auto& [reading, may_be_lost] : told) {
    if (next > 0 && reading_of(history[next - 1]) == reading) continue;
    if (next < history.size() && reading_of(history[next]) == reading) {
      ++next;
    } else if (!may_be_lost) {
      return "told " + to_text(reading) + " but history has " +
             (next < history.size() ? to_text(reading_of(history[next])) : std::string("nothing")) +
             " at point " + std::to_string(next);
    }
  }
  if (next == history.size()) return {};
  return "history has " + to_text(reading_of(history[next])) + " at point " + std::to_string(next) +
         ", never told";
}

}  // namespace smm::test
