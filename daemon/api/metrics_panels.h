#pragma once

#include "api/api.h"
#include "api/metrics_text.h"

namespace smm::api {

// The families of panels, their orders and what is asked of them.
void write_panels(House& house, MetricsText& text);

}  // namespace smm::api
