#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <ctime>

// LD_PRELOAD: CLOCK_REALTIME goes so many seconds ahead as the file named by CLOCK_SHIFT_FILE says.
namespace {

long shift_seconds() {
  const char* path = std::getenv("CLOCK_SHIFT_FILE");
  if (path == nullptr) return 0;
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  std::array<char, 32> text{};
  const auto size = read(fd, text.data(), text.size() - 1);
  close(fd);
  return size > 0 ? std::strtol(text.data(), nullptr, 10) : 0;
}

}  // namespace

extern "C" int clock_gettime(clockid_t clock, timespec* time) noexcept {
  const auto result = static_cast<int>(syscall(SYS_clock_gettime, clock, time));
  if (result == 0 && clock == CLOCK_REALTIME) time->tv_sec += shift_seconds();
  return result;
}
