#include "platform/event_loop.h"

#include <sys/signalfd.h>
#include <systemd/sd-event.h>

#include <algorithm>
#include <csignal>
#include <ctime>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

namespace smm::platform {
namespace {

// Not CLOCK_MONOTONIC, which stands still while the machine is suspended.
constexpr clockid_t wait_clock = CLOCK_BOOTTIME;
constexpr std::uint64_t timer_accuracy_us = 1000;
constexpr Milliseconds longest_delay = std::chrono::hours(24 * 36525);

std::uint64_t wait_clock_us() {
  timespec time{};
  clock_gettime(wait_clock, &time);
  return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000 +
         static_cast<std::uint64_t>(time.tv_nsec) / 1000;
}

int checked(int result, const char* what) {
  if (result < 0) throw std::system_error(-result, std::generic_category(), what);
  return result;
}

std::uint64_t due_after(Milliseconds delay) {
  const auto wait = std::clamp(delay, Milliseconds(0), longest_delay);
  // +1: the clock was read rounded down, and a library told "early" may not ask again.
  return wait_clock_us() + static_cast<std::uint64_t>(wait.count()) * 1000 + 1;
}

}  // namespace

EventLoop::EventLoop() {
  checked(sd_event_new(&event_), "sd_event_new");
}

EventLoop::~EventLoop() {
  sd_event_unref(event_);
}

void EventLoop::run() {
  while (run_once(std::nullopt)) {
  }
}

bool EventLoop::run_once(std::optional<Milliseconds> timeout) {
  rethrow_failure();  // of a C edge entered outside a turn
  if (stopped_) return false;
  const auto wait =
      timeout ? static_cast<std::uint64_t>(std::max<std::int64_t>(timeout->count(), 0)) * 1000 : UINT64_MAX;
  checked(sd_event_run(event_, wait), "sd_event_run");
  rethrow_failure();
  return !stopped_;
}

void EventLoop::stop() {
  stopped_ = true;
}

Timestamp EventLoop::now() const {
  return std::chrono::floor<Milliseconds>(std::chrono::system_clock::now());
}

std::int64_t EventLoop::monotonic_ms() {
  return static_cast<std::int64_t>(wait_clock_us() / 1000);
}

void EventLoop::keep_current_exception() noexcept {
  if (!failure_) failure_ = std::current_exception();
}

void EventLoop::rethrow_failure() {
  if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
}

Source::Source(EventLoop& loop, std::function<void()> action)
    : loop_(loop), action_(std::make_shared<std::function<void()>>(std::move(action))) {}

Source::~Source() {
  sd_event_source_disable_unref(source_);
}

// sd-event silently switches off a source whose callback returns < 0, so this always returns 0; and the
// callback may destroy its own source, so nothing of `self` is touched after the action.
int Source::trampoline(void* self) noexcept {
  auto* source = static_cast<Source*>(self);
  const auto action = source->action_;
  source->loop_.guarded(*action);
  return 0;
}

struct IoWatchEdge {
  static int on_io(sd_event_source* /*source*/, int /*fd*/, std::uint32_t revents, void* self) {
    auto* watch = static_cast<IoWatch*>(self);
    watch->revents_ = revents;
    return IoWatch::trampoline(static_cast<Source*>(watch));
  }
};

Timer::Timer(EventLoop& loop, std::function<void()> action)
    : Source(loop, [this, action = std::move(action)] {
        armed_ = false;
        action();  // may destroy the timer
      }) {
  const auto edge = [](sd_event_source* /*source*/, std::uint64_t /*usec*/, void* self) {
    return trampoline(static_cast<Source*>(static_cast<Timer*>(self)));
  };
  checked(sd_event_add_time(loop_.handle(), &source_, wait_clock, UINT64_MAX, timer_accuracy_us, edge, this),
          "sd_event_add_time");
  checked(sd_event_source_set_enabled(source_, SD_EVENT_OFF), "sd_event_add_time");
}

Timer::~Timer() {
  sd_event_source_disable_unref(soon_);
}

void Timer::arm(Milliseconds delay) {
  if (delay > Milliseconds(0)) {
    arm_for(due_after(delay));
  } else {
    arm_for_next_turn();
  }
}

void Timer::arm_within(Milliseconds delay) {
  if (delay <= Milliseconds(0)) {
    if (!armed_ || due_us_ != 0) arm_for_next_turn();
    return;
  }
  const auto due = due_after(delay);
  if (!armed_ || due < due_us_) arm_for(due);
}

void Timer::arm_for(std::uint64_t due_us) {
  soon_ = sd_event_source_disable_unref(soon_);
  checked(sd_event_source_set_time(source_, due_us), "arm timer");
  checked(sd_event_source_set_enabled(source_, SD_EVENT_ONESHOT), "arm timer");
  armed_ = true;
  due_us_ = due_us;
}

// A new source each time, as of Deferred.
void Timer::arm_for_next_turn() {
  disarm();
  const auto edge = [](sd_event_source* /*source*/, void* self) {
    return trampoline(static_cast<Source*>(static_cast<Timer*>(self)));
  };
  checked(sd_event_add_defer(loop_.handle(), &soon_, edge, this), "arm timer");
  armed_ = true;
  due_us_ = 0;
}

void Timer::disarm() {
  soon_ = sd_event_source_disable_unref(soon_);
  checked(sd_event_source_set_enabled(source_, SD_EVENT_OFF), "disarm timer");
  armed_ = false;
}

Deferred::Deferred(EventLoop& loop, std::function<void()> action) : Source(loop, std::move(action)) {}

// A new source each time: sd-event lets the older of two ready sources go first, and counts the age of a
// deferred source from its making. One that is used again, by an action that works in slices, would always
// be the oldest, and nothing else would ever have its turn.
void Deferred::schedule() {
  if (source_ != nullptr && sd_event_source_get_enabled(source_, nullptr) > 0) return;
  source_ = sd_event_source_disable_unref(source_);
  const auto edge = [](sd_event_source* /*source*/, void* self) {
    return trampoline(static_cast<Source*>(static_cast<Deferred*>(self)));
  };
  checked(sd_event_add_defer(loop_.handle(), &source_, edge, this), "sd_event_add_defer");
}

IoWatch::IoWatch(EventLoop& loop, int fd, std::uint32_t events, std::function<void(std::uint32_t)> action)
    : Source(loop, [this, action = std::move(action)] { action(revents_); }) {
  checked(sd_event_add_io(loop_.handle(), &source_, fd, events, &IoWatchEdge::on_io, this),
          "sd_event_add_io");
  if (events == 0) set_events(0);
}

void IoWatch::set_events(std::uint32_t events) {
  // With no events epoll would still report, again and again, that the other side hung up.
  if (events == 0) {
    checked(sd_event_source_set_enabled(source_, SD_EVENT_OFF), "set_io_events");
    return;
  }
  checked(sd_event_source_set_io_events(source_, events), "set_io_events");
  checked(sd_event_source_set_enabled(source_, SD_EVENT_ON), "set_io_events");
}

SignalWatch::SignalWatch(EventLoop& loop, int signal, std::function<void()> action)
    : Source(loop, std::move(action)) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, signal);
  checked(-pthread_sigmask(SIG_BLOCK, &set, nullptr), "pthread_sigmask");
  const auto edge = [](sd_event_source* /*source*/, const signalfd_siginfo* /*info*/, void* self) {
    return trampoline(static_cast<Source*>(static_cast<SignalWatch*>(self)));
  };
  checked(sd_event_add_signal(loop_.handle(), &source_, signal, edge, this), "sd_event_add_signal");
  checked(sd_event_source_set_priority(source_, SD_EVENT_PRIORITY_IMPORTANT), "sd_event_add_signal");
}

}  // namespace smm::platform
