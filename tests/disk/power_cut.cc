#include "power_disk.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdarg>
#include <mutex>
#include <string>
#include <utility>

// Loaded before the C library of a program under test: a disk whose power goes. Before the POWER_STEP-th
// change or sync of what lies below the directory POWER_ROOT (absolute, without links) the program is killed,
// and what it had not synced by then is kept, dropped or torn, as the seed POWER_SEED has it:
//
//   bytes    a write, or a cut of a file's length, is safe once the file has been synced. Until then each
//            of its sectors, of 512 bytes or of 4 KiB, is new, or old, or new up to some byte, by itself and
//            in any order; where a file grew, its new length may come without the bytes.
//   names    what creates, removes or renames a file (or makes a directory) is safe once the directory has
//            been synced. Until then it may be undone, with whatever came later to the same file or the same
//            name.
//
// A program that syncs what it must finds nothing missing; see POSIX' fsync(), and
// sqlite.org/atomiccommit.html, "Hardware Assumptions". POWER_SYNCHRONOUS (NORMAL, OFF) is put in the place
// of FULL in SQLite's setting of that name. To the file POWER_LOG goes a line about the cut. Without
// POWER_STEP nothing is counted. What a program left that ended before its power went is taken to have
// reached the disk.
namespace {

using smm::test::Change;
using smm::test::number_of;
using smm::test::parent_of;
using smm::test::PowerDisk;
using smm::test::read_at;
using smm::test::setting;
using smm::test::size_of;

template <class Function>
Function original(const char* name) {
  return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

using Lock = std::lock_guard<std::recursive_mutex>;

template <class Write>
ssize_t write_through(int fd, const void* data, size_t size, off64_t at, Write write) {
  auto& disk = PowerDisk::only();
  const Lock lock(disk.mutex());
  auto* file = disk.file_of(fd);
  if (file == nullptr) return write();
  disk.step("write", disk.path_of(fd));
  Change change{true, at, read_at(file->fd, at, size), {}, size_of(file->fd), 0};
  const auto written = write();
  if (written <= 0) return written;
  change.after.assign(static_cast<const char*>(data), static_cast<std::size_t>(written));
  change.before.resize(std::min(change.before.size(), change.after.size()));
  change.size_after = size_of(file->fd);
  file->unsynced.push_back(std::move(change));
  return written;
}

template <class Sync>
int sync_through(int fd, Sync sync) {
  auto& disk = PowerDisk::only();
  const Lock lock(disk.mutex());
  struct stat found {};
  const bool is_directory = fstat(fd, &found) == 0 && S_ISDIR(found.st_mode);
  const auto path = disk.path_of(fd);
  auto* file = is_directory ? nullptr : disk.file_of(fd);
  if (file == nullptr && !(is_directory && disk.is_ours(path + "/"))) return sync();
  disk.step("sync", path);
  const int result = sync();
  if (result != 0) return result;
  if (is_directory) {
    disk.synced_names(path);
  } else {
    file->unsynced.clear();
  }
  return result;
}

template <class Open>
int open_through(const char* path, int flags, Open open) {
  auto& disk = PowerDisk::only();
  const Lock lock(disk.mutex());
  if ((flags & (O_CREAT | O_TRUNC)) == 0 || !disk.is_ours(path)) return open();
  const bool is_new = number_of(path) == 0;
  const auto size = is_new ? 0 : size_of(disk.hold(path).fd);
  if (is_new || ((flags & O_TRUNC) != 0 && size > 0)) disk.step(is_new ? "create" : "empty", path);
  Change change{false, 0, {}, {}, size, 0};
  if (!is_new && (flags & O_TRUNC) != 0)
    change.before = read_at(disk.hold(path).fd, 0, static_cast<std::size_t>(size));
  const int fd = open();
  if (fd < 0) return fd;
  auto& file = disk.hold(path);
  if (is_new) disk.named(parent_of(path), {{path, 0, number_of(path)}});
  if (!change.before.empty()) file.unsynced.push_back(std::move(change));
  return fd;
}

template <class Remove>
int remove_through(const char* path, Remove remove) {
  auto& disk = PowerDisk::only();
  const Lock lock(disk.mutex());
  if (!disk.is_ours(path) || number_of(path) == 0) return remove();
  disk.step("remove", path);
  const auto before = disk.hold_if_there(path);
  const int result = remove();
  if (result == 0) disk.named(parent_of(path), {{path, before, 0}});
  return result;
}

int truncate_through(int fd, off64_t size, int (*real)(int, off64_t)) {
  auto& disk = PowerDisk::only();
  const Lock lock(disk.mutex());
  auto* file = disk.file_of(fd);
  if (file == nullptr) return real(fd, size);
  disk.step("truncate", disk.path_of(fd));
  const auto size_before = size_of(file->fd);
  Change change{false, size, {}, {}, size_before, size};
  if (size < size_before)
    change.before = read_at(file->fd, size, static_cast<std::size_t>(size_before - size));
  const int result = real(fd, size);
  if (result == 0) file->unsynced.push_back(std::move(change));
  return result;
}

}  // namespace

extern "C" ssize_t pwrite64(int fd, const void* data, size_t size, off64_t at) {
  static const auto real = original<ssize_t (*)(int, const void*, size_t, off64_t)>("pwrite64");
  return write_through(fd, data, size, at, [&] { return real(fd, data, size, at); });
}

extern "C" ssize_t write(int fd, const void* data, size_t size) {
  static const auto real = original<ssize_t (*)(int, const void*, size_t)>("write");
  return write_through(fd, data, size, lseek(fd, 0, SEEK_CUR), [&] { return real(fd, data, size); });
}

extern "C" int ftruncate64(int fd, off64_t size) noexcept {
  static const auto real = original<int (*)(int, off64_t)>("ftruncate64");
  return truncate_through(fd, size, real);
}

extern "C" int ftruncate(int fd, off_t size) noexcept {
  static const auto real = original<int (*)(int, off64_t)>("ftruncate64");
  return truncate_through(fd, size, real);
}

extern "C" int fsync(int fd) {
  static const auto real = original<int (*)(int)>("fsync");
  return sync_through(fd, [&] { return real(fd); });
}

extern "C" int fdatasync(int fd) {
  static const auto real = original<int (*)(int)>("fdatasync");
  return sync_through(fd, [&] { return real(fd); });
}

extern "C" int open64(const char* path, int flags, ...) {
  static const auto real = original<int (*)(const char*, int, mode_t)>("open64");
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  return open_through(path, flags, [&] { return real(path, flags, mode); });
}

extern "C" int open(const char* path, int flags, ...) {
  static const auto real = original<int (*)(const char*, int, mode_t)>("open");
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  return open_through(path, flags, [&] { return real(path, flags, mode); });
}

extern "C" int unlink(const char* path) noexcept {
  static const auto real = original<int (*)(const char*)>("unlink");
  return remove_through(path, [&] { return real(path); });
}

extern "C" int remove(const char* path) noexcept {
  static const auto real = original<int (*)(const char*)>("remove");
  return remove_through(path, [&] { return real(path); });
}

extern "C" int rename(const char* from, const char* to) noexcept {
  static const auto real = original<int (*)(const char*, const char*)>("rename");
  auto& disk = PowerDisk::only();
  const Lock lock(disk.mutex());
  if (!disk.is_ours(to)) return real(from, to);
  disk.step("rename", to);
  const auto moved = disk.hold_if_there(from);
  const auto covered = disk.hold_if_there(to);
  const int result = real(from, to);
  if (result == 0) disk.named(parent_of(to), {{from, moved, 0}, {to, covered, moved}});
  return result;
}

extern "C" int mkdir(const char* path, mode_t mode) noexcept {
  static const auto real = original<int (*)(const char*, mode_t)>("mkdir");
  auto& disk = PowerDisk::only();
  const Lock lock(disk.mutex());
  if (!disk.is_ours(path) || number_of(path) != 0) return real(path, mode);
  disk.step("make the directory", path);
  const int result = real(path, mode);
  if (result == 0) disk.named(parent_of(path), {{path, 0, number_of(path)}});
  return result;
}

// SQLite's, for the one setting.
extern "C" int sqlite3_exec(void* database, const char* sql, int (*each)(void*, int, char**, char**),
                            void* context, char** error) {
  static const auto real =
      original<int (*)(void*, const char*, int (*)(void*, int, char**, char**), void*, char**)>(
          "sqlite3_exec");
  std::string text = sql == nullptr ? "" : sql;
  const std::string full = "synchronous = FULL";
  const auto at = text.find(full);
  const std::string instead = setting("POWER_SYNCHRONOUS");
  if (at == std::string::npos || instead.empty()) return real(database, sql, each, context, error);
  return real(database, text.replace(at, full.size(), "synchronous = " + instead).c_str(), each, context,
              error);
}
