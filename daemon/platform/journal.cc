#include "platform/journal.h"

#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

// The line of this file that calls the library is of no use to anybody.
#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>

namespace smm::platform {
namespace {

constexpr const char* journal_socket = "/run/systemd/journal/socket";

}  // namespace

bool journal_reads_errors() {
  const char* stream = std::getenv("JOURNAL_STREAM");
  struct stat errors {};
  if (stream == nullptr || fstat(STDERR_FILENO, &errors) != 0) return false;
  return std::to_string(errors.st_dev) + ":" + std::to_string(errors.st_ino) == stream;
}

bool send_to_journal(const std::vector<JournalField>& fields) {
  // The library takes a journal that is not there for no error.
  if (access(journal_socket, W_OK) != 0) return false;
  std::vector<std::string> lines;
  lines.reserve(fields.size());
  for (const auto& [name, value] : fields) lines.push_back(std::string(name).append("=").append(value));
  std::vector<iovec> pieces;
  pieces.reserve(lines.size());
  for (auto& line : lines) pieces.push_back({line.data(), line.size()});
  return sd_journal_sendv(pieces.data(), static_cast<int>(pieces.size())) == 0;
}

}  // namespace smm::platform
