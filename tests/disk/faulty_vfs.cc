#include "faulty_vfs.h"

#include <sqlite3.h>

#include <cerrno>
#include <cstring>
#include <map>
#include <mutex>
#include <new>
#include <sstream>

namespace smm::test {
namespace {

// One connection may be looked at by a thread of its own.
std::recursive_mutex mutex;
Fault armed{0};
int left_to_spare = 0;
int struck = 0;
int asked = 0;
void (*look_first)() = nullptr;

// What this ask comes to; SQLITE_OK: it goes on. `spoils` is set where only the bytes are to be spoilt.
int come_to(Ask ask, bool* spoils = nullptr) {
  const std::lock_guard lock(mutex);
  if (look_first != nullptr) look_first();
  if ((armed.asks & ask) == 0 || (armed.code == 0 && spoils == nullptr)) return SQLITE_OK;
  ++asked;
  if (left_to_spare > 0) {
    --left_to_spare;
    return SQLITE_OK;
  }
  if (!armed.is_lasting && struck > 0) return SQLITE_OK;
  ++struck;
  errno = EIO;  // what SQLite asks next
  if (armed.code == 0) *spoils = true;
  return armed.code;
}

struct File {
  sqlite3_file base;
  // The real one lies behind it.
  sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};

File& of(sqlite3_file* file) {
  return *reinterpret_cast<File*>(file);
}

sqlite3_file* real(sqlite3_file* file) {
  return of(file).real();
}

int read(sqlite3_file* file, void* into, int size, sqlite3_int64 at) {
  bool spoils = false;
  // What is shorter than any page says nothing that could not be told to be wrong.
  constexpr int smallest_page = 512;
  const int result = come_to(ask_read, size >= smallest_page ? &spoils : nullptr);
  if (result != SQLITE_OK) return result;
  const int got = real(file)->pMethods->xRead(real(file), into, size, at);
  if (spoils && got == SQLITE_OK) std::memset(into, 0xA5, static_cast<std::size_t>(size));
  return got;
}

int write(sqlite3_file* file, const void* from, int size, sqlite3_int64 at) {
  const int result = come_to(ask_write);
  return result != SQLITE_OK ? result : real(file)->pMethods->xWrite(real(file), from, size, at);
}

int truncate(sqlite3_file* file, sqlite3_int64 size) {
  const int result = come_to(ask_truncate);
  return result != SQLITE_OK ? result : real(file)->pMethods->xTruncate(real(file), size);
}

int sync(sqlite3_file* file, int flags) {
  const int result = come_to(ask_sync);
  return result != SQLITE_OK ? result : real(file)->pMethods->xSync(real(file), flags);
}

int size_of(sqlite3_file* file, sqlite3_int64* size) {
  const int result = come_to(ask_size);
  return result != SQLITE_OK ? result : real(file)->pMethods->xFileSize(real(file), size);
}

const sqlite3_io_methods* methods() {
  static const sqlite3_io_methods made = [] {
    sqlite3_io_methods all{};
    all.iVersion = 1;
    all.xClose = [](sqlite3_file* file) { return real(file)->pMethods->xClose(real(file)); };
    all.xRead = read;
    all.xWrite = write;
    all.xTruncate = truncate;
    all.xSync = sync;
    all.xFileSize = size_of;
    all.xLock = [](sqlite3_file* file, int level) { return real(file)->pMethods->xLock(real(file), level); };
    all.xUnlock = [](sqlite3_file* file, int level) {
      return real(file)->pMethods->xUnlock(real(file), level);
    };
    all.xCheckReservedLock = [](sqlite3_file* file, int* is_held) {
      return real(file)->pMethods->xCheckReservedLock(real(file), is_held);
    };
    all.xFileControl = [](sqlite3_file* file, int what, void* value) {
      return real(file)->pMethods->xFileControl(real(file), what, value);
    };
    all.xSectorSize = [](sqlite3_file* file) { return real(file)->pMethods->xSectorSize(real(file)); };
    all.xDeviceCharacteristics = [](sqlite3_file* file) {
      return real(file)->pMethods->xDeviceCharacteristics(real(file));
    };
    return all;
  }();
  return &made;
}

sqlite3_vfs* below = nullptr;

int open(sqlite3_vfs*, const char* path, sqlite3_file* file, int flags, int* flags_got) {
  auto& made = *new (file) File{};
  const int result = come_to(ask_open);
  if (result != SQLITE_OK) return result;
  const int opened = below->xOpen(below, path, made.real(), flags, flags_got);
  if (made.real()->pMethods != nullptr) made.base.pMethods = methods();
  return opened;
}

int remove(sqlite3_vfs*, const char* path, int syncs_directory) {
  const int result = come_to(ask_remove);
  return result != SQLITE_OK ? result : below->xDelete(below, path, syncs_directory);
}

}  // namespace

void install_faulty_vfs(void (*look)()) {
  look_first = look;
  static sqlite3_vfs over;
  if (below != nullptr) return;
  below = sqlite3_vfs_find(nullptr);
  over = *below;  // what is not replaced uses nothing of the files
  over.zName = "faulty";
  over.szOsFile = static_cast<int>(sizeof(File)) + below->szOsFile;
  over.xOpen = open;
  over.xDelete = remove;
  sqlite3_vfs_register(&over, 1);
}

void arm(const Fault& fault) {
  const std::lock_guard lock(mutex);
  armed = fault;
  left_to_spare = fault.spared;
  struck = 0;
  asked = 0;
}

void disarm() {
  arm(Fault{0});
}

int times_struck() {
  const std::lock_guard lock(mutex);
  return struck;
}

int times_asked() {
  const std::lock_guard lock(mutex);
  return asked;
}

Fault fault_from_text(std::string_view text) {
  static const std::map<std::string, unsigned> asks = {
      {"read", ask_read}, {"write", ask_write}, {"sync", ask_sync},     {"truncate", ask_truncate},
      {"size", ask_size}, {"open", ask_open},   {"remove", ask_remove}, {"anything", ask_anything}};
  static const std::map<std::string, int> codes = {{"FULL", SQLITE_FULL},
                                                   {"IOERR_READ", SQLITE_IOERR_READ},
                                                   {"IOERR_WRITE", SQLITE_IOERR_WRITE},
                                                   {"IOERR_FSYNC", SQLITE_IOERR_FSYNC},
                                                   {"IOERR_TRUNCATE", SQLITE_IOERR_TRUNCATE},
                                                   {"READONLY", SQLITE_READONLY},
                                                   {"CORRUPT", SQLITE_CORRUPT},
                                                   {"NOMEM", SQLITE_NOMEM},
                                                   {"spoilt", 0}};
  Fault fault{0};
  fault.is_lasting = true;
  std::istringstream words{std::string(text)};
  for (std::string word; words >> word;) {
    if (asks.count(word) > 0) fault.asks |= asks.at(word);
    if (codes.count(word) > 0) fault.code = codes.at(word);
  }
  return fault;
}

}  // namespace smm::test
