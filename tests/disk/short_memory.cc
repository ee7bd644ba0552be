#include "disk/short_memory.h"

#include <sqlite3.h>

namespace smm::test {
namespace {

sqlite3_mem_methods memory;

}  // namespace

Strike& memory_strike() {
  static Strike strike;
  return strike;
}

// Its own pools would give what malloc() does not.
void install_short_memory() {
  sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 0, 0);
  sqlite3_config(SQLITE_CONFIG_GETMALLOC, &memory);
  static auto short_memory = memory;
  short_memory.xMalloc = [](int size) { return memory_strike().comes() ? nullptr : memory.xMalloc(size); };
  short_memory.xRealloc = [](void* at, int size) {
    return memory_strike().comes() ? nullptr : memory.xRealloc(at, size);
  };
  sqlite3_config(SQLITE_CONFIG_MALLOC, &short_memory);
}

}  // namespace smm::test
