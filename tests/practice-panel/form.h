#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace smm::practice {

// The fields of a form in the order they came; a name may come twice.
struct Form {
  std::vector<std::pair<std::string, std::string>> fields;

  // The last value of that name, as PHP would have it; nothing when the field was not sent (a field sent
  // empty is "").
  std::optional<std::string> get(std::string_view name) const;
  // The same, but nothing also for an empty value.
  std::optional<std::string> filled(std::string_view name) const;
};

// Reads an application/x-www-form-urlencoded or multipart/form-data body; any other type is read as the
// first. A broken escape or part is taken as it stands: the practice panel reports what it got and judges
// later.
Form parse_form(std::string_view content_type, std::string_view body);

std::vector<std::string> split_commas(std::string_view list);

// The number of entries of a list separated by \n or \r\n; empty lines do not count.
long count_lines(std::string_view list);

std::string to_lower(std::string_view text);

}  // namespace smm::practice
