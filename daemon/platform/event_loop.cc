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

constexpr std::int64_t longest_wait_ms = 60'000;

int checked(int result, const char* what) {
  if (result < 0) throw std::system_error(-result, std::generic_category(), what);
  return result;
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
  if (!stopped_) {
    const auto wait =
        timeout ? static_cast<std::uint64_t>(std::max<std::int64_t>(timeout->count(), 0)) * 1000 : UINT64_MAX;
    checked(sd_event_run(event_, wait), "sd_event_run");
  }
  if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
  return !stopped_;
}

void EventLoop::stop() {
  stopped_ = true;
}

Timestamp EventLoop::now() const {
  return std::chrono::floor<Milliseconds>(std::chrono::system_clock::now());
}

std::int64_t EventLoop::monotonic_ms() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return std::int64_t{time.tv_sec} * 1000 + time.tv_nsec / 1'000'000;
}

bool EventLoop::enable_watchdog() {
  return checked(sd_event_set_watchdog(event_, 1), "sd_event_set_watchdog") > 0;
}

void EventLoop::guarded(const std::function<void()>& action) noexcept {
  try {
    action();
  } catch (...) {
    if (!failure_) failure_ = std::current_exception();
    stopped_ = true;
  }
}

Source::Source(EventLoop& loop, std::function<void()> action)
    : loop_(loop), action_(std::make_shared<std::function<void()>>(std::move(action))) {}

Source::~Source() {
  if (source_ != nullptr) {
    sd_event_source_set_enabled(source_, SD_EVENT_OFF);
    sd_event_source_unref(source_);
  }
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
    : Source(loop, [this] { fire(); }), when_due_(std::move(action)) {}

void Timer::arm(Milliseconds delay) {
  due_ms_ = EventLoop::monotonic_ms() + std::max<std::int64_t>(delay.count(), 0);
  arm_source();
}

void Timer::disarm() {
  due_ms_ = 0;
  if (source_ != nullptr) checked(sd_event_source_set_enabled(source_, SD_EVENT_OFF), "disarm timer");
}

void Timer::arm_source() {
  const auto wait = std::clamp<std::int64_t>(due_ms_ - EventLoop::monotonic_ms(), 0, longest_wait_ms);
  const auto at = static_cast<std::uint64_t>(EventLoop::monotonic_ms() + wait) * 1000;
  if (source_ == nullptr) {
    const auto edge = [](sd_event_source* /*source*/, std::uint64_t /*usec*/, void* self) {
      return trampoline(static_cast<Source*>(static_cast<Timer*>(self)));
    };
    checked(sd_event_add_time(loop_.handle(), &source_, CLOCK_MONOTONIC, at, 1000, edge, this),
            "sd_event_add_time");
  } else {
    checked(sd_event_source_set_time(source_, at), "arm timer");
  }
  checked(sd_event_source_set_enabled(source_, SD_EVENT_ONESHOT), "arm timer");
}

void Timer::fire() {
  if (due_ms_ == 0) return;
  if (EventLoop::monotonic_ms() < due_ms_) {
    arm_source();
    return;
  }
  due_ms_ = 0;
  const auto action = when_due_;  // the action may destroy the timer
  action();
}

Deferred::Deferred(EventLoop& loop, std::function<void()> action) : Source(loop, std::move(action)) {
  const auto edge = [](sd_event_source* /*source*/, void* self) {
    return trampoline(static_cast<Source*>(static_cast<Deferred*>(self)));
  };
  checked(sd_event_add_defer(loop_.handle(), &source_, edge, this), "sd_event_add_defer");
  checked(sd_event_source_set_enabled(source_, SD_EVENT_OFF), "sd_event_add_defer");
}

void Deferred::schedule() {
  checked(sd_event_source_set_enabled(source_, SD_EVENT_ONESHOT), "schedule");
}

IoWatch::IoWatch(EventLoop& loop, int fd, std::uint32_t events, std::function<void(std::uint32_t)> action)
    : Source(loop, [this, action = std::move(action)] { action(revents_); }) {
  checked(sd_event_add_io(loop_.handle(), &source_, fd, events, &IoWatchEdge::on_io, this),
          "sd_event_add_io");
}

void IoWatch::set_events(std::uint32_t events) {
  checked(sd_event_source_set_io_events(source_, events), "set_io_events");
}

SignalWatch::SignalWatch(EventLoop& loop, int signal, std::function<void()> action)
    : Source(loop, std::move(action)) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, signal);
  checked(-sigprocmask(SIG_BLOCK, &set, nullptr), "sigprocmask");
  const auto edge = [](sd_event_source* /*source*/, const signalfd_siginfo* /*info*/, void* self) {
    return trampoline(static_cast<Source*>(static_cast<SignalWatch*>(self)));
  };
  checked(sd_event_add_signal(loop_.handle(), &source_, signal, edge, this), "sd_event_add_signal");
}

}  // namespace smm::platform
