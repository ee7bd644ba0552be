#pragma once

#include "config/config.h"

#include <string>

namespace smm::cli {

// As the daemon would read the file, but without being the daemon.
[[nodiscard]] config::Places offline_places(const std::string& file);

}  // namespace smm::cli
