#include "clock_shift.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <ctime>

// Loaded before the C library of a program under test: moves its wall clock and its time since boot as the
// file says that CLOCK_SHIFT names. The kernel's own waits are as long as ever, but sd-event finds its timers
// due once its clock says so.
//
// The clocks move only while the program's event loop sleeps, as those of a machine that is suspended: else
// one may be moved between two looks at it, so that a request that was just made is too old before it is
// sent, or between a look at the one and a look at the other, so that they seem to disagree. A loop that
// sleeps is woken for it, with nothing to do.
namespace {

using smm::test::ClockShift;
using smm::test::SharedClockShift;

constexpr std::int64_t slice_us = 10'000;  // of a sleep, between two looks

SharedClockShift* map_shared() {
  const char* file = std::getenv("CLOCK_SHIFT");
  const int fd = file == nullptr ? -1 : open(file, O_RDWR | O_CLOEXEC);
  if (fd < 0) return nullptr;
  void* memory = mmap(nullptr, sizeof(SharedClockShift), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close(fd);
  return memory == MAP_FAILED ? nullptr : static_cast<SharedClockShift*>(memory);
}

SharedClockShift* shared() {
  static SharedClockShift* const the_shared = map_shared();
  return the_shared;
}

ClockShift wanted() {
  return shared() == nullptr ? ClockShift{} : shared()->wanted.load();
}

// Of the thread of the event loop, and of others since they began.
thread_local ClockShift taken = wanted();

// True: the clocks move by it.
bool take() {
  const auto before = taken;
  taken = wanted();
  if (shared() != nullptr) shared()->taken = taken;
  return taken != before;
}

template <class Function>
Function next(const char* name) {
  return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

std::int64_t now_us() {
  using Original = int (*)(clockid_t, timespec*);
  static const auto original = next<Original>("clock_gettime");
  timespec time{};
  original(CLOCK_MONOTONIC, &time);
  return std::int64_t{time.tv_sec} * 1'000'000 + time.tv_nsec / 1000;
}

// `wait` takes a number of microseconds. A negative time is for ever.
template <class Wait>
int sleep_in_slices(std::int64_t time_us, const Wait& wait) {
  if (time_us == 0) return wait(0);
  const auto until = now_us() + time_us;
  for (;;) {
    const auto left = time_us < 0 ? slice_us : std::max<std::int64_t>(0, until - now_us());
    const int result = wait(taken != wanted() ? 0 : std::min(slice_us, left));
    const int error = errno;
    const bool moved = take();
    errno = error;
    if (result != 0 || moved || (time_us >= 0 && now_us() >= until)) return result;
  }
}

}  // namespace

extern "C" int epoll_wait(int epoll, epoll_event* events, int most, int timeout) {
  using Original = int (*)(int, epoll_event*, int, int);
  static const auto original = next<Original>("epoll_wait");
  return sleep_in_slices(std::int64_t{timeout} * 1000, [&](std::int64_t time_us) {
    return original(epoll, events, most, static_cast<int>((time_us + 999) / 1000));
  });
}

extern "C" int epoll_pwait2(int epoll, epoll_event* events, int most, const timespec* timeout,
                            const sigset_t* signals) {
  using Original = int (*)(int, epoll_event*, int, const timespec*, const sigset_t*);
  static const auto original = next<Original>("epoll_pwait2");
  // After a day at the latest it looks again.
  const auto time_us = timeout == nullptr ? -1
                                          : std::min<std::int64_t>(timeout->tv_sec, 86'400) * 1'000'000 +
                                                (timeout->tv_nsec + 999) / 1000;
  return sleep_in_slices(time_us, [&](std::int64_t left_us) {
    const timespec left{static_cast<std::time_t>(left_us / 1'000'000), (left_us % 1'000'000) * 1000};
    return original(epoll, events, most, &left, signals);
  });
}

extern "C" int clock_gettime(clockid_t clock, timespec* time) noexcept {
  using Original = int (*)(clockid_t, timespec*);
  static const auto original = next<Original>("clock_gettime");
  const int result = original(clock, time);
  if (clock == CLOCK_REALTIME) time->tv_sec += taken.wall;
  if (clock == CLOCK_BOOTTIME) time->tv_sec += taken.boot;
  return result;
}

extern "C" time_t time(time_t* into) noexcept {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  if (into != nullptr) *into = now.tv_sec;
  return now.tv_sec;
}

// The kernel's timers know nothing of the shift. (Those of sd-event are all by the time since boot.)
extern "C" int timerfd_settime(int fd, int flags, const itimerspec* wanted_time, itimerspec* old) noexcept {
  using Original = int (*)(int, int, const itimerspec*, itimerspec*);
  static const auto original = next<Original>("timerfd_settime");
  itimerspec moved = *wanted_time;
  const bool is_set = moved.it_value.tv_sec != 0 || moved.it_value.tv_nsec != 0;
  if (is_set && (flags & TFD_TIMER_ABSTIME) != 0) {
    moved.it_value.tv_sec -= taken.boot;
    if (moved.it_value.tv_sec < 0) moved.it_value = {0, 1};
  }
  return original(fd, flags, &moved, old);
}
