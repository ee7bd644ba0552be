#pragma once

#include "api/api.h"
#include "domain/policy.h"

#include <nlohmann/json_fwd.hpp>

namespace smm::api {

// The configuration in force as it may be shown to whoever may read orders: sections and keys as in the file,
// everything the file leaves out filled in. Of secrets there is only where they were read from; header
// values, user info of URLs and the paths and queries of webhooks are ***.
[[nodiscard]] nlohmann::ordered_json shown_config(const Policy& policy, const InForce& in_force);

}  // namespace smm::api
