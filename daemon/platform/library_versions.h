#pragma once

#include <string>
#include <utility>
#include <vector>

namespace smm::platform {

// The versions of the libraries this process runs with (not those it was built with), by name.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> library_versions();

}  // namespace smm::platform
