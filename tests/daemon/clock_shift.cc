#include <dlfcn.h>
#include <fcntl.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <ctime>

// Loaded before the C library of a program under test: moves its wall clock and its time since boot by the
// two numbers of seconds in the file that CLOCK_SHIFT names. Waits the kernel makes are as long as ever, but
// sd-event finds its timers due once its clock says so.
namespace {

struct Shift {
  long wall = 0;
  long boot = 0;
};

Shift read_shift() {
  Shift shift;
  const char* file = std::getenv("CLOCK_SHIFT");
  if (file == nullptr) return shift;
  const int fd = open(file, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return shift;
  char text[64] = {};
  if (read(fd, text, sizeof text - 1) > 0) {
    char* rest = nullptr;
    shift.wall = std::strtol(text, &rest, 10);
    shift.boot = std::strtol(rest, nullptr, 10);
  }
  close(fd);
  return shift;
}

}  // namespace

extern "C" int clock_gettime(clockid_t clock, timespec* time) noexcept {
  using Original = int (*)(clockid_t, timespec*);
  static const auto original = reinterpret_cast<Original>(dlsym(RTLD_NEXT, "clock_gettime"));
  const int result = original(clock, time);
  if (clock == CLOCK_REALTIME) time->tv_sec += read_shift().wall;
  if (clock == CLOCK_BOOTTIME) time->tv_sec += read_shift().boot;
  return result;
}

extern "C" time_t time(time_t* into) noexcept {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  if (into != nullptr) *into = now.tv_sec;
  return now.tv_sec;
}

// The kernel's timers know nothing of the shift. (Those of sd-event are all by the time since boot.)
extern "C" int timerfd_settime(int fd, int flags, const itimerspec* wanted, itimerspec* old) noexcept {
  using Original = int (*)(int, int, const itimerspec*, itimerspec*);
  static const auto original = reinterpret_cast<Original>(dlsym(RTLD_NEXT, "timerfd_settime"));
  itimerspec moved = *wanted;
  const bool is_set = moved.it_value.tv_sec != 0 || moved.it_value.tv_nsec != 0;
  if (is_set && (flags & TFD_TIMER_ABSTIME) != 0) {
    moved.it_value.tv_sec -= read_shift().boot;
    if (moved.it_value.tv_sec < 0) moved.it_value = {0, 1};
  }
  return original(fd, flags, &moved, old);
}
