#include <dlfcn.h>
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>

// Loaded before the C library of a program under test: ends it with SIGKILL just before the KILL_STEP-th time
// it renames a file or waits for the disk (fsync). Files whose names end as one of REFUSE_RENAME (end:end)
// stay where they are; what comes to a name that begins as TAKE_AWAY is gone at once, as if somebody had
// moved it. Waiting for the disk takes as long for a file whose name ends as HOLD_SYNC as there is the file
// that HOLD_WHILE names; that it has begun says an empty one beside it, ".held".
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

std::string name_of(int fd) {
  std::array<char, 4096> name{};
  const auto length = readlink(("/proc/self/fd/" + std::to_string(fd)).c_str(), name.data(), name.size());
  return {name.data(), length < 0 ? 0 : static_cast<std::size_t>(length)};
}

void hold(int fd) {
  const char* end = std::getenv("HOLD_SYNC");
  const char* file = std::getenv("HOLD_WHILE");
  if (end == nullptr || file == nullptr || access(file, F_OK) != 0 || !name_of(fd).ends_with(end)) return;
  close(open((std::string(file) + ".held").c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
  while (access(file, F_OK) == 0) usleep(1000);
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
  hold(fd);
  return real(fd);
}
