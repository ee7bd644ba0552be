#pragma once

#include <string>

namespace CLI {  // NOLINT(readability-identifier-naming): the library's name
class App;
}

namespace smm::cli {

// The help of the program or of one command: what it does, how it is written, its options, examples.
[[nodiscard]] std::string help_text(const CLI::App& command, const std::string& full_name);

}  // namespace smm::cli
