#pragma once

#include "cli/failure.h"

#include <tl/expected.hpp>

#include <string>
#include <utility>
#include <vector>

namespace CLI {  // NOLINT(readability-identifier-naming): the library's name
class App;
}

namespace smm::cli {

// The fields of an order as panels know them, each with its value, in the order of the options. Nothing that
// was said is dropped: `--posts 0` and `--link ""` are fields.
using Fields = std::vector<std::pair<std::string, std::string>>;

// The options of `place` that become fields: those of all fifteen types of order, and any other by --field.
class AddFields {
 public:
  // Must outlive the parsing.
  void add_to(CLI::App& command);

  // The fields; files named for lists are read now, "-" is standard input.
  [[nodiscard]] tl::expected<Fields, Failure> read() const;

 private:
  struct Said {
    std::string field;
    std::string value;  // or the name of a file
    bool in_file = false;
  };
  std::vector<Said> said_;
};

}  // namespace smm::cli
