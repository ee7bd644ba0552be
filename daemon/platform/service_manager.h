#pragma once

#include "platform/event_loop.h"

#include <string>
#include <string_view>
#include <vector>

// The service manager's side: sd_notify and socket activation. All of it does nothing outside a service, and
// a service manager that cannot be reached, or does not read what it is told, is no error.
namespace smm::platform {

void notify_ready(std::string_view status);
void notify_status(std::string_view status);  // for `systemctl status`; made one line of
void notify_stopping();
void notify_reloading();

// If the service manager asked for it (WATCHDOG_USEC), feeds its watchdog from the loop, twice in each of its
// times: a loop that hangs is noticed. Never waits.
class Watchdog {
 public:
  explicit Watchdog(EventLoop& loop);
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;
  [[nodiscard]] bool is_wanted() const { return every_.count() > 0; }

 private:
  void feed();
  Milliseconds every_{0};
  Timer timer_;
};

struct ActivatedSocket {
  int fd = -1;       // listening stream socket, close-on-exec, non-blocking; the caller's to close
  std::string name;  // FileDescriptorName=
};
// The sockets handed over at start, once; the environment variables are removed. Throws std::runtime_error
// when something else than a listening stream socket was handed over.
[[nodiscard]] std::vector<ActivatedSocket> take_activated_sockets();

// Binds and listens on a Unix stream socket (close-on-exec, non-blocking; the caller's to close), mode 0660
// whatever the umask, replacing a stale socket file (one nobody listens on; the caller holds the instance
// lock). Anything else at the path stays as it is. Throws std::system_error naming the path: EADDRINUSE when
// somebody listens there or the file is no socket, ENAMETOOLONG …
[[nodiscard]] int listen_unix(const std::string& path);

}  // namespace smm::platform
