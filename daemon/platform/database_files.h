#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>

struct sqlite3;

// The files databases are made of. For this wrapper and what stands beside it.
namespace smm::platform {

// Makes an empty file, mode 0600 whatever the umask, unless something of that name is there. Throws
// DatabaseError.
void make_private_file(const std::filesystem::path& path);

// Without mutexes: one connection is one thread's at a time. `flags` beside those, SQLITE_OPEN_READWRITE or
// SQLITE_OPEN_READONLY. The file is there. Throws DatabaseError.
[[nodiscard]] sqlite3* open_connection(const std::filesystem::path& path, int flags);

// The file, and what SQLite keeps beside it, as far as they are there and can be removed.
void remove_database(const std::filesystem::path& path);

// Bytes a copy leaves on a disk, so that the database itself can go on.
inline constexpr std::int64_t room_to_leave = std::int64_t{16} << 20;

// Waits until the disk has it, or somebody gives up, which it looks for now and then. Throws DatabaseError.
void sync_file(const std::filesystem::path& path, const std::atomic<bool>& gives_up = false);
// The names in the directory of this file; as far as the system lets.
void sync_directory_of(const std::filesystem::path& path);

}  // namespace smm::platform
