#include <dlfcn.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>

// Loaded before the C library of a program under test: moves its wall clock and its time since boot by the
// two numbers of seconds in the file that CLOCK_SHIFT names. Waits the kernel makes are as long as ever, but
// sd-event finds its timers due once its clock says so.
//
// The clocks move only while the program's event loop sleeps, as those of a machine that is suspended: else
// one may be moved between two looks at it, so that a request that was just made is too old before it is
// sent, or between a look at the one and a look at the other, so that they seem to disagree.
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

// Of the thread of the event loop, and of others since they began.
thread_local Shift when_last_asleep = read_shift();

template <class Wait>
int sleeping(bool sleeps, const Wait& wait) {
  const int result = wait();
  const int error = errno;
  if (sleeps) when_last_asleep = read_shift();
  errno = error;
  return result;
}

}  // namespace

extern "C" int epoll_wait(int epoll, epoll_event* events, int most, int timeout) {
  using Original = int (*)(int, epoll_event*, int, int);
  static const auto original = reinterpret_cast<Original>(dlsym(RTLD_NEXT, "epoll_wait"));
  return sleeping(timeout != 0, [&] { return original(epoll, events, most, timeout); });
}

extern "C" int epoll_pwait2(int epoll, epoll_event* events, int most, const timespec* timeout,
                            const sigset_t* signals) {
  using Original = int (*)(int, epoll_event*, int, const timespec*, const sigset_t*);
  static const auto original = reinterpret_cast<Original>(dlsym(RTLD_NEXT, "epoll_pwait2"));
  const bool sleeps = timeout == nullptr || timeout->tv_sec != 0 || timeout->tv_nsec != 0;
  return sleeping(sleeps, [&] { return original(epoll, events, most, timeout, signals); });
}

extern "C" int clock_gettime(clockid_t clock, timespec* time) noexcept {
  using Original = int (*)(clockid_t, timespec*);
  static const auto original = reinterpret_cast<Original>(dlsym(RTLD_NEXT, "clock_gettime"));
  const int result = original(clock, time);
  if (clock == CLOCK_REALTIME) time->tv_sec += when_last_asleep.wall;
  if (clock == CLOCK_BOOTTIME) time->tv_sec += when_last_asleep.boot;
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
    moved.it_value.tv_sec -= when_last_asleep.boot;
    if (moved.it_value.tv_sec < 0) moved.it_value = {0, 1};
  }
  return original(fd, flags, &moved, old);
}
