#pragma once

#include <string_view>

namespace smm::config {

// The documented configuration, every value its default but for those that have none.
inline constexpr std::string_view documented = R"toml(
[database]
path = "tracker.db"            # relative to the state directory

[api]                          # used when no sockets are handed over by systemd
socket = "api.sock"            # mode 0660
read_only_socket = "ro.sock"   # mode 0660
compat_socket = "compat.sock"  # mode 0660

[poll]                         # any of these also per panel: [panel.NAME.poll]
fastest = "1m"
moving = "10m"
slowest = "30m"
settle = "48h"
stalled_after = "24h"
lost_after = "24h"

[retention]
history = "400d"
events = "180d"
progress = "3d"
deliveries = "7d"

[panel.p1]
url = "https://panel.example/api/v2"
key_file = "keys/p1"
requests_per_minute = 30
max_in_flight = 1
timeout = "30s"
place_timeout = "120s"
proxy = "http://127.0.0.1:3128"
currency = "USD"
compat_token_file = "keys/p1.local"
track_on_sight = true

[panel.p1.balance]
every = "10m"
low = "20.00"

[panel.p1.services]
every = "1h"

[panel.p1.refill]
auto = "schedule"
ask_after = ["7d", "14d", "29d", "59d", "89d", "179d", "364d"]
gap = "25h"
window = "service"
default_window = "30d"
partial = false
drop = "5%"
max_per_order = 5

[panel.p1.refill.service.1]
auto = "off"

[webhook.shop]
url = "https://shop.example/hooks/smm"
secret_file = "keys/shop.whsec"
events = ["order.status_changed", "refill.*"]
panels = ["p1"]
network = "public"
proxy = "http://127.0.0.1:3128"
headers = { "X-Env" = "prod" }
rate = 20
)toml";

}  // namespace smm::config
