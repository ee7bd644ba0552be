#pragma once

#include "domain/service.h"
#include "panel/reply.h"

#include <cstddef>
#include <vector>

// A reply to `action=services`: the panel's catalogue, in its order.
namespace smm::panel {

inline constexpr std::size_t max_services = 100'000;  // a longer list is no catalogue

// Taken are an array of rows, or an object of rows (PHP's array with gaps), plain or wrapped in `services`,
// `data` and the like. The whole reply is checked before anything of it is believed.
//
//   id        `service`, `service_id` or `id`, a number or a text; a row without a valid one is left out.
//             Of two rows with one id the first stands.
//   texts     name, type, category (also an object with a `name`): cleaned, at most 1 KiB each; empty where
//             there is none.
//   numbers   rate (exact), min, max: numbers or texts; anything else is unknown.
//   flags     refill, cancel, dripfeed (or drip_feed): true/false, 1/0, "1"/"0", "true"/"false", "yes"/"no";
//             absent, null, "" and anything else is unknown, not false.
//
// The Error for a panel that says no, for a body without a list, for a list without a usable row (also an
// empty one: it would take every service away), for more than max_services, and for a row that says a field
// twice (malformed).
[[nodiscard]] tl::expected<std::vector<Service>, Error> read_services(const Reply& reply,
                                                                      const Context& context);

}  // namespace smm::panel
