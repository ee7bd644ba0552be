#pragma once

#include "practice-panel/panel.h"
#include "practice-panel/quirks.h"

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace smm::practice {

// A command line that cannot be followed; the text says which part and why.
class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct ProgramOptions {
  struct Panel {
    PanelOptions options;
    std::size_t orders = 0;
    std::uint64_t seed = 1;
  };

  bool help = false;
  std::uint16_t port = 0;
  std::vector<Panel> panels;
  double speed = 1;
  std::string ledger_file;
  std::vector<std::pair<std::string, Quirk>> quirks;  // by panel
  std::optional<std::uint16_t> receiver_port;
  std::string secret_file;
  std::string receiver_log;
};

// Throws UsageError. Without --panel there is one, p1 with the key "practice-key".
ProgramOptions parse_arguments(const std::vector<std::string>& arguments);
std::string help_text();

}  // namespace smm::practice
