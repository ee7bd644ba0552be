#pragma once

#include <cstdint>
#include <string>
#include <string_view>

// SQLite's files on a disk that fails when it is told to: a VFS over the system's own, for a test in the same
// process or (fault_switch.cc) for a program under test. It has no shared memory: a log beside a database
// needs locking_mode=EXCLUSIVE, as in sqlite.org/wal.html, "Use of WAL without shared-memory".
namespace smm::test {

// What SQLite asks of a file, as bits.
enum Ask : unsigned {
  ask_read = 1,
  ask_write = 2,
  ask_sync = 4,
  ask_truncate = 8,
  ask_size = 16,
  ask_open = 32,
  ask_remove = 64,
  ask_anything = 127
};

struct Fault {
  unsigned asks = ask_anything;  // which of them fail
  int code = 0;    // what SQLite is told (SQLITE_FULL …); 0: bytes that were read are spoilt instead
  int spared = 0;  // so many of them go well before
  bool is_lasting = false;  // until it is taken away; else it strikes once
};

// Becomes the VFS every connection opened from now on has. `look`, if any, is called before each ask, and may
// arm or disarm.
void install_faulty_vfs(void (*look)() = nullptr);
void arm(const Fault& fault);
void disarm();
// How often it has struck since it was armed last.
[[nodiscard]] int times_struck();
// How often it could have, those spared and those struck together.
[[nodiscard]] int times_asked();

// "write sync FULL": which asks (or "anything"), and what they come to: a name of SQLite's without "SQLITE_",
// or "spoilt". Asks none: no fault.
[[nodiscard]] Fault fault_from_text(std::string_view text);

}  // namespace smm::test
