#include "platform/journal.h"

#include <endian.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>

namespace smm::platform {
namespace {

constexpr std::string_view journal_socket = "/run/systemd/journal/socket";
// What waits to be read counts against the sender's room; the kernel grants less where it allows less.
constexpr int room_for_entries = 8 << 20;

int open_sender() {
  const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd >= 0) static_cast<void>(setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room_for_entries, sizeof(int)));
  return fd;
}

// A value with line breaks is told by its length.
void append(std::string& entry, std::string_view name, std::string_view value) {
  entry += name;
  if (value.find('\n') == std::string_view::npos) {
    entry += '=';
  } else {
    const std::uint64_t length = htole64(value.size());
    std::array<char, sizeof length> bytes{};
    std::memcpy(bytes.data(), &length, sizeof length);
    entry += '\n';
    entry.append(bytes.data(), bytes.size());
  }
  entry += value;
  entry += '\n';
}

bool is_lack_of_room(int error) {
  return error == EAGAIN || error == EWOULDBLOCK || error == ENOBUFS || error == ENOMEM || error == EMSGSIZE;
}

}  // namespace

bool journal_reads_errors() {
  const char* stream = std::getenv("JOURNAL_STREAM");
  struct stat errors {};
  if (stream == nullptr || fstat(STDERR_FILENO, &errors) != 0) return false;
  return std::to_string(errors.st_dev) + ":" + std::to_string(errors.st_ino) == stream;
}

JournalAnswer send_to_journal(const std::vector<JournalField>& fields) {
  static const int sender = open_sender();  // for as long as there is something to say
  std::string entry;
  for (const auto& [name, value] : fields) append(entry, name, value);
  // Addressed anew each time: a journal that was started again is another socket.
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, journal_socket.data(), journal_socket.size());
  const auto* any = static_cast<const sockaddr*>(static_cast<const void*>(&address));
  if (sendto(sender, entry.data(), entry.size(), MSG_NOSIGNAL, any, sizeof address) >= 0) {
    return JournalAnswer::taken;
  }
  return is_lack_of_room(errno) ? JournalAnswer::full : JournalAnswer::absent;
}

}  // namespace smm::platform
