#pragma once

#include <string>

namespace CLI {  // NOLINT(readability-identifier-naming): the library's name
class App;
}

namespace smm::cli {

// The help of the program or of one command: what it does, how it is written, its options, examples. What
// stands behind options and commands is broken into lines of `width` columns; 0 = not at all.
[[nodiscard]] std::string help_text(const CLI::App& command, const std::string& full_name, int width);

}  // namespace smm::cli
