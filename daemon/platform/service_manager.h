#pragma once

#include <string>
#include <string_view>
#include <vector>

// The service manager's side: sd_notify and socket activation. All of it does nothing outside a service.
namespace smm::platform {

void notify_ready(std::string_view status);
void notify_status(std::string_view status);  // one line for `systemctl status`
void notify_stopping();
void notify_reloading();

struct ActivatedSocket {
  int fd = -1;       // listening, close-on-exec; the caller's to close
  std::string name;  // FileDescriptorName=
};
// The sockets handed over at start, once; the environment variables are removed.
[[nodiscard]] std::vector<ActivatedSocket> take_activated_sockets();

// Binds and listens on a Unix stream socket, mode 0660, replacing a stale socket file (one nobody listens on;
// the caller holds the instance lock). Throws std::system_error naming the path.
[[nodiscard]] int listen_unix(const std::string& path);

}  // namespace smm::platform
