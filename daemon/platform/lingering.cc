#include "platform/lingering.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <iterator>

namespace smm::platform {
namespace {

constexpr std::size_t most_leavers = 16;
constexpr Milliseconds patience = std::chrono::seconds(2);
constexpr int reads_a_turn = 16;

}  // namespace

Lingering::Lingering(EventLoop& loop) : loop_(loop), timer_(loop, [this] { cut_late_ones(); }) {}

void Lingering::add(int fd) {
  if (leavers_.size() >= most_leavers) return;
  OwnFd own(fcntl(fd, F_DUPFD_CLOEXEC, 0));
  if (own.get() < 0) return;
  leavers_.push_back({std::move(own), EventLoop::monotonic_ms() + patience.count()});
  const auto leaver = std::prev(leavers_.end());
  leaver->watch = std::make_unique<IoWatch>(loop_, leaver->fd.get(), EPOLLIN,
                                            [this, leaver](std::uint32_t) { drain(leaver); });
  timer_.arm_within(patience);
}

void Lingering::drain(std::list<Leaver>::iterator leaver) {
  std::array<char, 64 * 1024> waste;  // NOLINT(cppcoreguidelines-pro-type-member-init): nobody reads it
  for (int i = 0; i < reads_a_turn; ++i) {
    const auto size = recv(leaver->fd.get(), waste.data(), waste.size(), MSG_DONTWAIT);
    if (size > 0 || (size < 0 && errno == EINTR)) continue;
    if (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
    leavers_.erase(leaver);  // it has left
    return;
  }
}

void Lingering::cut_late_ones() {
  const auto now = EventLoop::monotonic_ms();
  while (!leavers_.empty() && leavers_.front().until_ms <= now) leavers_.pop_front();
  if (!leavers_.empty()) timer_.arm(Milliseconds(leavers_.front().until_ms - now));
}

}  // namespace smm::platform
