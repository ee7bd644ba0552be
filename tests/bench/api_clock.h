#pragma once

#include "tracker_process.h"

#include <cstddef>

namespace smm::bench {

// Reads one order after the other, on one kept connection to api.sock; the time in microseconds that 99 of a
// hundred answers do not pass.
[[nodiscard]] double get_order_p99_us(const test::TrackerProcess& tracker, std::size_t orders);

}  // namespace smm::bench
