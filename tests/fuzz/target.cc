#include "target.h"

#include "domain/text.h"

#include <algorithm>

namespace smm::fuzz {
namespace {

std::vector<Target>& registered() {
  static std::vector<Target> all;
  return all;
}

}  // namespace

const std::vector<Target>& targets() {
  return registered();
}

Registration::Registration(std::string_view name, void (*run)(std::string_view)) {
  auto& all = registered();
  const auto place =
      std::find_if(all.begin(), all.end(), [&](const auto& other) { return name < other.name; });
  all.insert(place, {name, run});
}

void require_fit(std::string_view text, std::size_t limit, std::string_view key) {
  require(text.size() <= limit, "a text that is kept or shown is longer than it may be", text);
  require(to_valid_utf8(text) == text, "a text that is kept or shown is not UTF-8", text);
  require(strip_controls(text, text.size()) == text, "a text that is kept or shown has control characters",
          text);
  if (!key.empty())
    require(mask_secret(std::string(text), key, "[key]") == text, "the key is in what is kept or shown",
            text);
}

std::uint8_t Front::byte() {
  if (rest_.empty()) return 0;
  const auto first = static_cast<std::uint8_t>(rest_.front());
  rest_.remove_prefix(1);
  return first;
}

std::string_view Front::line() {
  const auto end = std::min(rest_.find('\n'), rest_.size());
  const auto line = rest_.substr(0, end);
  rest_.remove_prefix(std::min(end + 1, rest_.size()));
  return line;
}

}  // namespace smm::fuzz
