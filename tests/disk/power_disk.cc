#include "power_disk.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <set>
#include <system_error>
#include <utility>

namespace smm::test {
namespace {

// A test that goes on with half a disk would say nothing.
constexpr int gave_up = 99;

void write_at(int fd, off64_t at, std::string_view bytes) {
  if (!bytes.empty() && syscall(SYS_pwrite64, fd, bytes.data(), bytes.size(), at) < 0) _exit(gave_up);
}

void set_size(int fd, off64_t size) {
  if (syscall(SYS_ftruncate, fd, size) != 0) _exit(gave_up);
}

}  // namespace

const char* setting(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::string read_at(int fd, off64_t at, std::size_t size) {
  std::string bytes(size, '\0');
  const auto got = syscall(SYS_pread64, fd, bytes.data(), size, at);
  bytes.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
  return bytes;
}

off64_t size_of(int fd) {
  struct stat found {};
  fstat(fd, &found);
  return found.st_size;
}

std::string parent_of(const std::string& path) {
  return path.substr(0, path.rfind('/'));
}

Number number_of(const std::string& path) {
  struct stat found {};
  return lstat(path.c_str(), &found) == 0 ? found.st_ino : 0;
}

PowerDisk::PowerDisk()
    : root_(setting("POWER_ROOT")),
      last_step_(std::atol(setting("POWER_STEP"))),
      random_(static_cast<unsigned>(std::atol(setting("POWER_SEED")))) {}

PowerDisk& PowerDisk::only() {
  static auto* disk = new PowerDisk;  // outlives every thread
  return *disk;
}

bool PowerDisk::is_ours(const std::string& path) const {
  return last_step_ > 0 && !is_cut_ && path.size() > root_.size() &&
         path.compare(0, root_.size(), root_) == 0 && path[root_.size()] == '/';
}

std::string PowerDisk::path_of(int fd) const {
  char path[4096];
  const auto length =
      readlink(("/proc/self/fd/" + std::to_string(fd)).c_str(), static_cast<char*>(path), sizeof path);
  return length < 0 ? std::string() : std::string(static_cast<char*>(path), static_cast<std::size_t>(length));
}

File* PowerDisk::file_of(int fd) {
  if (last_step_ <= 0) return nullptr;
  struct stat found {};
  if (fstat(fd, &found) != 0 || !S_ISREG(found.st_mode) || (device_ != 0 && found.st_dev != device_))
    return nullptr;
  const auto known = files_.find(found.st_ino);
  if (known != files_.end()) return &known->second;
  const auto path = path_of(fd);
  // What is removed already is nobody's concern.
  if (!is_ours(path) || number_of(path) != found.st_ino) return nullptr;
  return &hold(path);
}

File& PowerDisk::hold(const std::string& path) {
  auto& file = files_[number_of(path)];
  if (file.fd < 0) {
    file.fd = static_cast<int>(syscall(SYS_openat, AT_FDCWD, path.c_str(), O_RDWR | O_CLOEXEC));
    struct stat found {};
    if (file.fd < 0 || fstat(file.fd, &found) != 0) _exit(gave_up);
    device_ = found.st_dev;
  }
  return file;
}

Number PowerDisk::hold_if_there(const std::string& path) {
  const auto number = number_of(path);
  std::error_code error;
  if (number != 0 && std::filesystem::is_regular_file(path, error)) hold(path);
  return number;
}

void PowerDisk::step(const char* what, const std::string& path) {
  if (++steps_ == last_step_) cut(what, path);
}

void PowerDisk::named(const std::string& directory, std::vector<Naming::Name> names) {
  namings_.push_back({directory, std::move(names)});
}

void PowerDisk::synced_names(const std::string& directory) {
  std::erase_if(namings_, [&](const Naming& naming) { return naming.directory == directory; });
}

void PowerDisk::cut(const char* what, const std::string& path) {
  is_cut_ = true;
  // Often all or nothing of it.
  const unsigned moods[] = {0, 0, 100, 50, 50, 90, 10};
  kept_percent_ = moods[random_() % std::size(moods)];
  sector_ = random_() % 2 == 0 ? 512 : 4096;
  for (auto& [number, file] : files_) settle_bytes(file);
  settle_names();
  tell(what, path);
  kill(getpid(), SIGKILL);
  for (;;) pause();
}

void PowerDisk::settle_bytes(File& file) {
  for (auto each = file.unsynced.rbegin(); each != file.unsynced.rend(); ++each) {
    write_at(file.fd, each->at, each->before);
    if (size_of(file.fd) != each->size_before) set_size(file.fd, each->size_before);
  }
  for (const auto& change : file.unsynced) {
    const bool is_length_kept = random_() % 4 == 0 && is_kept();
    if (change.is_write ? is_length_kept && change.size_after > size_of(file.fd) : is_kept())
      set_size(file.fd, change.size_after);
    for (std::size_t from = 0; from < change.after.size();) {
      const auto in_sector = sector_ - (static_cast<std::size_t>(change.at) + from) % sector_;
      settle_piece(file.fd, change.at + static_cast<off64_t>(from),
                   std::string_view(change.after).substr(from, in_sector));
      from += in_sector;
    }
  }
}

void PowerDisk::settle_piece(int fd, off64_t at, std::string_view piece) {
  const bool is_torn = kept_percent_ % 100 != 0 && random_() % 4 == 0;
  if (is_torn) {
    write_at(fd, at, piece.substr(0, random_() % piece.size()));
    ++torn_;
  } else if (is_kept()) {
    write_at(fd, at, piece);
    ++kept_;
  } else {
    ++dropped_;
  }
}

void PowerDisk::settle_names() {
  std::map<std::string, Number> names;
  for (auto each = namings_.rbegin(); each != namings_.rend(); ++each) {
    for (const auto& name : each->names) names[name.path] = name.before;
  }
  std::set<std::string> undone_paths;
  std::set<Number> undone_files;
  for (const auto& naming : namings_) {
    bool is_done = is_kept();
    for (const auto& name : naming.names) {
      if (undone_paths.count(name.path) + undone_files.count(name.before) + undone_files.count(name.after) >
              0 ||
          undone_paths.count(parent_of(name.path)) > 0)
        is_done = false;
    }
    for (const auto& name : naming.names) {
      if (is_done) {
        names[name.path] = name.after;
        continue;
      }
      undone_paths.insert(name.path);
      if (name.before != 0) undone_files.insert(name.before);
      if (name.after != 0) undone_files.insert(name.after);
    }
    ++(is_done ? kept_names_ : undone_names_);
  }
  for (const auto& [path, number] : names) put(path, number);
}

// Its bytes are as they shall be.
void PowerDisk::put(const std::string& path, Number number) {
  if (number_of(path) == number) return;
  std::error_code error;
  std::filesystem::remove_all(path, error);
  const auto file = files_.find(number);
  if (number == 0 || file == files_.end() || number_of(parent_of(path)) == 0) return;
  struct stat found {};
  fstat(file->second.fd, &found);
  const int fd =
      static_cast<int>(syscall(SYS_openat, AT_FDCWD, path.c_str(), O_WRONLY | O_CREAT | O_EXCL, 0600));
  if (fd < 0) _exit(gave_up);
  fchmod(fd, found.st_mode & 07777U);
  write_at(fd, 0, read_at(file->second.fd, 0, static_cast<std::size_t>(found.st_size)));
}

void PowerDisk::tell(const char* what, const std::string& path) const {
  const int fd = static_cast<int>(
      syscall(SYS_openat, AT_FDCWD, setting("POWER_LOG"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  const auto line = "power cut before step " + std::to_string(steps_) + ", " + what + " " + path +
                    ": sectors of " + std::to_string(sector_) + ", " + std::to_string(kept_) + " kept, " +
                    std::to_string(dropped_) + " dropped, " + std::to_string(torn_) + " torn; names " +
                    std::to_string(kept_names_) + " kept, " + std::to_string(undone_names_) + " undone\n";
  if (fd >= 0 && syscall(SYS_write, fd, line.data(), line.size()) < 0) return;
}

}  // namespace smm::test
