#include "faulty_vfs.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <string_view>

// Loaded into a program under test: its SQLite's disk fails as the file that FAULT_SWITCH names says, for as
// long as there is such a file ("write sync FULL", see fault_from_text()). With FAULT_SWITCH_MEMORY=none it
// keeps no pages in memory between two uses, so that whatever is asked for has to be read.
namespace {

std::array<char, 64> known{};
std::size_t known_size = 0;

void look() {
  const int error_before = errno;
  const char* file = std::getenv("FAULT_SWITCH");
  const int fd = file == nullptr ? -1 : open(file, O_RDONLY | O_CLOEXEC);
  std::array<char, 64> text{};
  const auto length = fd < 0 ? 0 : read(fd, text.data(), text.size());
  if (fd >= 0) close(fd);
  errno = error_before;
  const auto size = static_cast<std::size_t>(length < 0 ? 0 : length);
  if (std::string_view(text.data(), size) == std::string_view(known.data(), known_size)) return;
  known = text;
  known_size = size;
  smm::test::arm(smm::test::fault_from_text({known.data(), known_size}));
}

// SQLite's own cache of pages, whose size is nothing, whatever is asked for.
sqlite3_pcache_methods2 cache{};
void (*usual_size)(sqlite3_pcache*, int) = nullptr;

void keep_no_pages() {
  if (sqlite3_config(SQLITE_CONFIG_GETPCACHE2, &cache) != SQLITE_OK) std::abort();
  usual_size = cache.xCachesize;
  cache.xCachesize = [](sqlite3_pcache* of, int) { usual_size(of, 0); };
  if (sqlite3_config(SQLITE_CONFIG_PCACHE2, &cache) != SQLITE_OK) std::abort();
}

__attribute__((constructor)) void install() {
  const char* memory = std::getenv("FAULT_SWITCH_MEMORY");
  if (memory != nullptr && std::string_view(memory) == "none") keep_no_pages();
  smm::test::install_faulty_vfs(&look);
}

}  // namespace
