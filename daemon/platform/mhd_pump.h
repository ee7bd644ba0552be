#pragma once

#include "platform/event_loop.h"

#include <deque>
#include <functional>
#include <memory>

struct MHD_Daemon;

// Keeps one libmicrohttpd daemon running on the event loop, and user code out of its frames.
namespace smm::platform {

struct StopMhdDaemon {
  void operator()(MHD_Daemon* daemon) const;
};
using OwnMhdDaemon = std::unique_ptr<MHD_Daemon, StopMhdDaemon>;

class MhdPump {
 public:
  // The daemon: started with MHD_USE_EPOLL and without a thread of its own. When the pump and with it the
  // daemon goes, no connection may be suspended any more.
  MhdPump(EventLoop& loop, OwnMhdDaemon daemon);
  MhdPump(const MhdPump&) = delete;
  MhdPump& operator=(const MhdPump&) = delete;

  [[nodiscard]] MHD_Daemon* daemon() const { return daemon_.get(); }
  [[nodiscard]] EventLoop& loop() const { return loop_; }

  // From now on every answer closes its connection.
  void close_after_answers() { closing_ = true; }
  [[nodiscard]] bool closes_after_answers() const { return closing_; }

  // Runs the library in the next turn. Needed after everything that changes something for it from outside: a
  // connection added, resumed or shut down.
  void soon();
  // User code: runs outside the library, in order, one a turn. It may destroy the pump.
  void later(std::function<void()> task);

 private:
  void run();
  void run_task();
  [[nodiscard]] bool wants_to_go_on() const;
  void wait();

  EventLoop& loop_;
  OwnMhdDaemon daemon_;
  bool closing_ = false;
  std::deque<std::function<void()>> tasks_;
  Timer timeout_;
  Deferred again_;
  Deferred task_turn_;
  IoWatch ready_;  // the last: it goes before the library closes what it watches
};

}  // namespace smm::platform
