#include "platform/database_files.h"

#include "platform/database.h"
#include "platform/database_error.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <system_error>

namespace smm::platform {
namespace {

constexpr off64_t synced_at_a_time = off64_t{4} << 20;

[[noreturn]] void fail(const std::filesystem::path& path, const char* what, int error) {
  const auto kind = error == ENOSPC ? DatabaseErrorKind::full : DatabaseErrorKind::io;
  throw DatabaseError(kind, path.string() + what + " (" + std::generic_category().message(error) + ")");
}

}  // namespace

// SQLite would make the file by its own mode and the umask. The log takes the mode of the file.
void make_private_file(const std::filesystem::path& path) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) {
    if (errno == EEXIST) return;
    fail(path, ": cannot be made", errno);
  }
  fchmod(fd, 0600);
  close(fd);
}

sqlite3* open_connection(const std::filesystem::path& path, int flags) {
  sqlite3* handle = nullptr;
  const int result =
      sqlite3_open_v2(path.c_str(), &handle, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nullptr);
  if (result == SQLITE_OK) return handle;
  try {
    throw_database_error(handle, result, path.string());
  } catch (const DatabaseError&) {
    sqlite3_close(handle);
    throw;
  }
}

void remove_database(const std::filesystem::path& path) {
  std::error_code ignored;
  for (const auto* end : {"", "-journal", "-wal", "-shm"})
    std::filesystem::remove(path.string() + end, ignored);
}

void sync_file(const std::filesystem::path& path, const std::atomic<bool>& gives_up) {
  const int fd = open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0) fail(path, ": cannot be opened", errno);
  struct stat found {};
  fstat(fd, &found);
  // Piece by piece: who commits to the same disk meanwhile waits for a piece, not for all of it.
  for (off64_t at = 0; at < found.st_size && !gives_up; at += synced_at_a_time) {
    sync_file_range(fd, at, synced_at_a_time,
                    SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER);
  }
  const int result = gives_up ? 0 : fsync(fd);
  const int error = errno;
  close(fd);
  if (result != 0) fail(path, ": does not reach the disk", error);
}

void sync_directory_of(const std::filesystem::path& path) {
  const auto parent = path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
  const int fd = open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;
  fsync(fd);
  close(fd);
}

}  // namespace smm::platform
