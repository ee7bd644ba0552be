#include <dlfcn.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>

// Loaded before the C library of a program under test: ends it with SIGKILL just before the KILL_STEP-th time
// it renames a file or waits for the disk (fsync). Files whose names end as one of REFUSE_RENAME (end:end)
// stay where they are; what comes to a name that begins as TAKE_AWAY is gone at once, as if somebody had
// moved it.
namespace {

void count() {
  static int done = 0;
  const char* last = std::getenv("KILL_STEP");
  if (last != nullptr && ++done == std::atoi(last)) kill(getpid(), SIGKILL);
}

bool is_refused(const std::string& path) {
  const char* ends = std::getenv("REFUSE_RENAME");
  std::string left = ends == nullptr ? "" : ends;
  while (!left.empty()) {
    const auto end = left.substr(0, left.find(':'));
    if (path.ends_with(end)) return true;
    left.erase(0, end.size() + 1);
  }
  return false;
}

bool is_taken_away(const std::string& path) {
  const char* begin = std::getenv("TAKE_AWAY");
  return begin != nullptr && path.rfind(begin, path.rfind('/') + 1) == path.rfind('/') + 1;
}

}  // namespace

extern "C" int rename(const char* from, const char* to) {
  static const auto real = reinterpret_cast<int (*)(const char*, const char*)>(dlsym(RTLD_NEXT, "rename"));
  count();
  if (is_refused(from)) {
    errno = EPERM;
    return -1;
  }
  const int result = real(from, to);
  if (result == 0 && is_taken_away(to)) unlink(to);
  return result;
}

extern "C" int fsync(int fd) {
  static const auto real = reinterpret_cast<int (*)(int)>(dlsym(RTLD_NEXT, "fsync"));
  count();
  return real(fd);
}
