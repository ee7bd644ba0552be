#include <dlfcn.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>

// Loaded before the C library of a program under test: ends it with SIGKILL just before the KILL_STEP-th time
// it renames a file or waits for the disk (fsync).
namespace {

void count() {
  static int done = 0;
  const char* last = std::getenv("KILL_STEP");
  if (last != nullptr && ++done == std::atoi(last)) kill(getpid(), SIGKILL);
}

}  // namespace

extern "C" int rename(const char* from, const char* to) {
  static const auto real = reinterpret_cast<int (*)(const char*, const char*)>(dlsym(RTLD_NEXT, "rename"));
  count();
  return real(from, to);
}

extern "C" int fsync(int fd) {
  static const auto real = reinterpret_cast<int (*)(int)>(dlsym(RTLD_NEXT, "fsync"));
  count();
  return real(fd);
}
