#include "cli/consent.h"

#include "cli/terminal.h"
#include "domain/text.h"

#include <unistd.h>

#include <iostream>

namespace smm::cli {

bool somebody_is_there() {
  return ::isatty(STDIN_FILENO) == 1 && ::isatty(STDERR_FILENO) == 1;
}

std::optional<Failure> lacks_consent(bool yes, bool dry_run) {
  if (yes || dry_run || somebody_is_there()) return std::nullopt;
  return Failure{ExitCode::usage,
                 "nothing was sent: there is no terminal to ask on first; --yes does it without asking, "
                 "--dry-run only looks",
                 {},
                 false,
                 Contact::none};
}

bool is_agreed(std::string_view preview, std::string_view question) {
  std::cerr << preview << question << " [y/N] " << std::flush;
  std::string line;
  if (!std::getline(std::cin, line)) std::cerr << '\n';
  const auto answer = trim(line);
  return answer == "y" || answer == "Y" || answer == "yes" || answer == "Yes" || answer == "YES";
}

ExitCode leave_undone() {
  say_error("nothing was sent");
  return ExitCode::failed;
}

}  // namespace smm::cli
