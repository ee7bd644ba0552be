#include "platform/mhd_pump.h"

#include <microhttpd.h>
#include <sys/epoll.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace smm::platform {
namespace {

// The library does a part of the work at a time (a buffer full of each connection). So many parts in one
// turn, then everybody else on the loop has theirs.
constexpr int parts_a_turn = 8;

constexpr unsigned long long longest_wait_ms = 3'600'000;

int epoll_fd(MHD_Daemon* daemon) {
  const auto* info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD);
  if (info == nullptr) throw std::logic_error("libmicrohttpd runs without epoll");
  return info->epoll_fd;
}

}  // namespace

void StopMhdDaemon::operator()(MHD_Daemon* daemon) const {
  MHD_stop_daemon(daemon);
}

MhdPump::MhdPump(EventLoop& loop, OwnMhdDaemon daemon)
    : loop_(loop),
      daemon_(std::move(daemon)),
      timeout_(loop, [this] { run(); }),
      again_(loop, [this] { run(); }),
      task_turn_(loop, [this] { run_task(); }),
      ready_(loop, epoll_fd(daemon_.get()), EPOLLIN, [this](std::uint32_t) { run(); }) {}

void MhdPump::soon() {
  again_.schedule();
}

void MhdPump::later(std::function<void()> task) {
  tasks_.push_back(std::move(task));
  task_turn_.schedule();
}

// Data the library has read but not worked off raises no event on its epoll fd; only its timeout of 0 tells
// of it.
bool MhdPump::wants_to_go_on() const {
  unsigned long long milliseconds = 0;
  return MHD_get_timeout(daemon_.get(), &milliseconds) == MHD_YES && milliseconds == 0;
}

void MhdPump::run() {
  for (int part = 0; part < parts_a_turn; ++part) {
    MHD_run(daemon_.get());
    // What is decided about a request that has come in comes first, and run_task() calls back here.
    if (!tasks_.empty() || !wants_to_go_on()) break;
  }
  wait();
  // Here, outside the library, and not in a turn of its own behind all that is waiting for theirs.
  run_task();
}

void MhdPump::wait() {
  unsigned long long milliseconds = 0;
  if (MHD_get_timeout(daemon_.get(), &milliseconds) != MHD_YES) {
    timeout_.disarm();
  } else if (milliseconds > 0) {
    timeout_.arm(Milliseconds(std::min(milliseconds, longest_wait_ms)));
  } else if (tasks_.empty()) {
    again_.schedule();
  }
}

void MhdPump::run_task() {
  if (tasks_.empty()) return;
  const auto task = std::move(tasks_.front());
  tasks_.pop_front();
  if (tasks_.empty()) {
    again_.schedule();
  } else {
    task_turn_.schedule();
  }
  task();  // the last thing here: it may destroy the pump
}

}  // namespace smm::platform
