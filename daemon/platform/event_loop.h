#pragma once

#include "domain/time.h"

#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>

struct sd_event;
struct sd_event_source;

// sd-event, and nothing but sd-event. One thread; every callback below runs from run(), never inside another
// callback. A callback may throw: its source is not switched off, the loop ends and run() rethrows what it
// threw. Sources belong to whoever made them and must not outlive the loop; destroying one cancels it, also
// from within its own callback.
namespace smm::platform {

class EventLoop {
 public:
  EventLoop();
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  // Runs until stop(); rethrows the first exception a callback let out.
  void run();
  // One turn: waits at most `timeout` for something to do (nothing: for as long as it takes) and does it.
  // False once stop() was called.
  bool run_once(std::optional<Milliseconds> timeout);
  void stop();

  // The wall clock, for what is stored and shown.
  [[nodiscard]] Timestamp now() const;
  // Milliseconds that only go forward, for waits.
  [[nodiscard]] static std::int64_t monotonic_ms();

  // If the service manager asked for it (WATCHDOG_USEC), feeds its watchdog from this loop: a loop that hangs
  // is noticed. Returns whether it was asked for.
  bool enable_watchdog();

  [[nodiscard]] sd_event* handle() const { return event_; }
  // For callbacks on C edges: runs `action`, keeps what it throws for run().
  void guarded(const std::function<void()>& action) noexcept;

 private:
  sd_event* event_ = nullptr;
  std::exception_ptr failure_;
  bool stopped_ = false;
};

// What all sources are: a library handle that is switched off and freed in time.
class Source {
 public:
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;

 protected:
  Source(EventLoop& loop, std::function<void()> action);
  ~Source();
  static int trampoline(void* self) noexcept;

  EventLoop& loop_;
  sd_event_source* source_ = nullptr;

 private:
  std::shared_ptr<std::function<void()>> action_;  // kept alive by the trampoline while it runs
};

// A relative one-shot timer. Waits longer than 60 s wake up early and wait again by themselves, so that a
// suspended machine is late by a minute at most.
class Timer : private Source {
 public:
  Timer(EventLoop& loop, std::function<void()> action);
  // Fires once, `delay` from now (at once when it is not positive); replaces an earlier arming.
  void arm(Milliseconds delay);
  void disarm();
  [[nodiscard]] bool armed() const { return due_ms_ != 0; }

 private:
  void fire();
  void arm_source();
  std::function<void()> when_due_;
  std::int64_t due_ms_ = 0;  // monotonic; 0 = not armed
};

// Runs its action once in the next turn, however often it was asked for: the way out of a library's frame.
class Deferred : private Source {
 public:
  Deferred(EventLoop& loop, std::function<void()> action);
  void schedule();
};

// A file descriptor (not owned). `events` are EPOLLIN, EPOLLOUT, EPOLLRDHUP …; the callback is told which
// came.
class IoWatch : private Source {
 public:
  IoWatch(EventLoop& loop, int fd, std::uint32_t events, std::function<void(std::uint32_t)> action);
  void set_events(std::uint32_t events);

 private:
  std::uint32_t revents_ = 0;
  friend struct IoWatchEdge;
};

// A signal, blocked for the whole process and delivered here.
class SignalWatch : private Source {
 public:
  SignalWatch(EventLoop& loop, int signal, std::function<void()> action);
};

}  // namespace smm::platform
