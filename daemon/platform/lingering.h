#pragma once

#include "platform/event_loop.h"
#include "platform/socket_fd.h"

#include <cstdint>
#include <list>
#include <memory>

namespace smm::platform {

// Connections that were answered before their request was read to the end. Closed at once, with bytes unread,
// they would break under the client's hands, and many clients then never look at the answer: so what still
// comes is read and thrown away, for two seconds at most and of so many connections at a time, until the
// client has left. Internal to the server.
class Lingering {
 public:
  explicit Lingering(EventLoop& loop);
  // Keeps its own descriptor of the connection, which the owner of `fd` may close any time. Without room, or
  // descriptors, does nothing.
  void add(int fd);

 private:
  struct Leaver {
    OwnFd fd;
    std::int64_t until_ms;  // monotonic
    std::unique_ptr<IoWatch> watch{};
  };
  void drain(std::list<Leaver>::iterator leaver);
  void cut_late_ones();

  EventLoop& loop_;
  std::list<Leaver> leavers_;  // the oldest first
  Timer timer_;
};

}  // namespace smm::platform
