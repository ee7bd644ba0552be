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
// callback. A callback may throw: its source is not switched off, run() ends and rethrows what it threw, and
// may be called again. Sources belong to whoever made them and must not outlive the loop; destroying one
// cancels it, also from within its own callback or another's. Sources that are ready are served in the order
// they became so, each once before any is served twice; only signals overtake.
namespace smm::platform {

class EventLoop {
 public:
  EventLoop();
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  // Runs until stop(); rethrows the first exception a callback let out.
  void run();
  // One turn: waits at most `timeout` for something to do (nothing: for as long as it takes) and calls at
  // most one callback. Rethrows as run() does. False once stop() was called.
  bool run_once(std::optional<Milliseconds> timeout);
  void stop();  // for good: nothing is dispatched any more

  // The wall clock, for what is stored and shown.
  [[nodiscard]] Timestamp now() const;
  // Milliseconds that only go forward and count a suspended machine's sleep (CLOCK_BOOTTIME), for waits.
  [[nodiscard]] static std::int64_t monotonic_ms();

  [[nodiscard]] sd_event* handle() const { return event_; }
  // For callbacks on C edges: runs `action`, keeps what it throws for run(), which rethrows it before it
  // waits again. Of several the first is kept.
  template <typename Action>
  void guarded(const Action& action) noexcept {
    try {
      action();
    } catch (...) {
      keep_current_exception();
    }
  }

 private:
  void keep_current_exception() noexcept;
  void rethrow_failure();
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

// A relative one-shot timer; the time a suspended machine sleeps counts. It is never early, and about a
// millisecond late at most while the loop is idle. It knows nothing of the wall clock: who waits for a wall
// clock time arms it for 60 s at most and decides again.
class Timer : private Source {
 public:
  Timer(EventLoop& loop, std::function<void()> action);
  ~Timer();
  // Fires once, `delay` from now (in the next turn when it is not positive; at most a hundred years);
  // replaces an earlier arming.
  void arm(Milliseconds delay);
  // The same, unless it fires sooner than that already: it is the time that passes which counts, wherever the
  // wall clock is set meanwhile.
  void arm_within(Milliseconds delay);
  void disarm();
  [[nodiscard]] bool armed() const { return armed_; }  // no longer while its action runs

 private:
  void arm_for(std::uint64_t due_us);
  void arm_for_next_turn();

  bool armed_ = false;
  std::uint64_t due_us_ = 0;  // while armed; 0: the next turn
  // What the next turn runs: a timer of no delay would cost the kernel three calls.
  sd_event_source* soon_ = nullptr;
};

// Runs its action once in a following turn, however often it was asked for: the way out of a library's frame.
// Asked for within its own action, it runs once more.
class Deferred : private Source {
 public:
  Deferred(EventLoop& loop, std::function<void()> action);
  void schedule();
};

// A file descriptor, not owned: destroy the watch before closing it. `events` are EPOLLIN, EPOLLOUT,
// EPOLLRDHUP …, level-triggered; the callback is told which came, EPOLLHUP and EPOLLERR unasked for. With no
// events at all nothing is watched, not even those two.
class IoWatch : private Source {
 public:
  IoWatch(EventLoop& loop, int fd, std::uint32_t events, std::function<void(std::uint32_t)> action);
  void set_events(std::uint32_t events);

 private:
  std::uint32_t revents_ = 0;
  friend struct IoWatchEdge;
};

// A signal, delivered here before anything else that is ready. It is blocked in this thread and those it
// starts later (so make it before any thread) and stays blocked afterwards.
class SignalWatch : private Source {
 public:
  SignalWatch(EventLoop& loop, int signal, std::function<void()> action);
};

}  // namespace smm::platform
