#include "journal.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <fstream>

namespace smm::test {

JournalEntry read_entry(const std::string& datagram) {
  JournalEntry entry;
  std::size_t at = 0;
  while (at < datagram.size()) {
    const auto end = std::min(datagram.find('\n', at), datagram.size());
    const auto line = datagram.substr(at, end - at);
    at = end + 1;
    const auto equals = line.find('=');
    if (equals != std::string::npos) {
      entry[line.substr(0, equals)] = line.substr(equals + 1);
      continue;
    }
    // With line breaks in it: the length in 64 bits, the bytes, a line break.
    std::uint64_t length = 0;
    if (at + sizeof length > datagram.size()) break;
    std::memcpy(&length, datagram.data() + at, sizeof length);
    at += sizeof length;
    entry[line] = datagram.substr(at, length);
    at += length + 1;
  }
  return entry;
}

std::map<std::string, std::string> Journal::environment(TrackerProcess& tracker) {
  tracker.add_file("log", "");
  struct stat log {};
  stat((tracker.directory() / "log").c_str(), &log);
  return {{"JOURNAL_STREAM", std::to_string(log.st_dev) + ":" + std::to_string(log.st_ino)}};
}

Journal::Journal() {
  const auto place = directory_.path() / "systemd" / "journal";
  std::filesystem::create_directories(place);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, (place / "socket").c_str(), sizeof address.sun_path - 1);
  // Of the enclave's network: a line that finds no room is dropped.
  std::ofstream("/proc/sys/net/unix/max_dgram_qlen") << most_waiting;
  fd_ = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  const auto* any = static_cast<const sockaddr*>(static_cast<const void*>(&address));
  if (bind(fd_, any, sizeof address) != 0 || !enclave_.cover("/run", directory_.path())) return;
  thread_ = std::thread([this] { receive(); });
}

Journal::~Journal() {
  stop_ = true;
  if (thread_.joinable()) thread_.join();
  if (fd_ >= 0) close(fd_);
}

void Journal::close_down() {
  std::filesystem::remove(directory_.path() / "systemd" / "journal" / "socket");
}

void Journal::receive() {
  std::string room(std::size_t{256} << 10, '\0');
  while (!stop_) {
    pollfd waiting{fd_, static_cast<short>(held_ ? 0 : POLLIN), 0};
    if (poll(&waiting, 1, 20) <= 0) continue;
    const auto got = recv(fd_, room.data(), room.size(), 0);
    if (got <= 0) continue;
    const std::lock_guard lock(mutex_);
    datagrams_.push_back(room.substr(0, static_cast<std::size_t>(got)));
  }
}

std::string Journal::bytes() const {
  const std::lock_guard lock(mutex_);
  std::string all;
  for (const auto& datagram : datagrams_) all += datagram;
  return all;
}

std::vector<JournalEntry> Journal::entries() const {
  const std::lock_guard lock(mutex_);
  std::vector<JournalEntry> read;
  read.reserve(datagrams_.size());
  for (const auto& datagram : datagrams_) read.push_back(read_entry(datagram));
  return read;
}

std::vector<JournalEntry> Journal::with(const JournalEntry& fields) const {
  auto found = entries();
  std::erase_if(found, [&](const JournalEntry& entry) {
    return !std::all_of(fields.begin(), fields.end(), [&](const auto& field) {
      const auto here = entry.find(field.first);
      return here != entry.end() && here->second == field.second;
    });
  });
  return found;
}

}  // namespace smm::test
