#include "platform/standard_error.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstddef>

namespace smm::platform {
namespace {

bool has_room() {
  pollfd errors{STDERR_FILENO, POLLOUT, 0};
  return poll(&errors, 1, 0) > 0;
}

// A pipe with room at all takes PIPE_BUF bytes at once (pipe(7)); of a terminal nobody says how many.
std::size_t at_once() {
  static const bool is_terminal = isatty(STDERR_FILENO) == 1;
  return is_terminal ? 1 : PIPE_BUF;
}

bool is_gone(int error) {
  return error == EPIPE || error == EBADF || error == EIO;
}

}  // namespace

bool write_to_standard_error(std::string_view line) {
  static bool is_broken = false;  // the last line has no end yet
  if (is_broken) {
    if (!has_room()) return false;
    static_cast<void>(!write(STDERR_FILENO, "\n", 1));
    is_broken = false;
  }
  while (!line.empty()) {
    if (!has_room()) return false;
    const auto size = write(STDERR_FILENO, line.data(), std::min(line.size(), at_once()));
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return is_gone(errno);
    line.remove_prefix(static_cast<std::size_t>(size));
    is_broken = !line.empty();
  }
  return true;
}

}  // namespace smm::platform
