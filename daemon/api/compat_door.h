#pragma once

#include "api/api.h"
#include "api/problem.h"
#include "platform/http_server.h"

#include <tl/expected.hpp>

#include <optional>
#include <string>

// Who may ask our own /api/v2, and about which panel.
namespace smm::api {

// /api/v2 and /panels/{name}/api/v2, with or without a slash at the end.
[[nodiscard]] bool is_compat_path(std::string_view path);

// The socket `compat` may be offered on loopback TCP, where web pages can reach it under a name of their own:
// there Host must be localhost, 127.0.0.1 or [::1], with any port.
[[nodiscard]] bool is_local_host(std::string_view host);

// The panel a key opens. `named`: the panel the path names. On `compat` only a compat_token opens anything;
// on `api` a named panel needs no key, and else the panel's own key does as well. The error is a sentence for
// the client; which key would have done, or how near this one came, neither it nor its time tells.
[[nodiscard]] tl::expected<PanelName, std::string> panel_for(const Policy& policy, std::string_view listener,
                                                             const std::optional<std::string>& named,
                                                             const std::string& key);

}  // namespace smm::api
