#pragma once

#include "domain/ids.h"
#include "domain/policy.h"

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// API v2 on the wire: a request's form. One POST endpoint, `key` and `action` with every call.
namespace smm::panel {

inline constexpr std::size_t max_batch = 100;  // ids a request may carry, by every panel's page

using Field = std::pair<std::string, std::string>;

// application/x-www-form-urlencoded, as the WHATWG URL standard serialises it; key first, then action, then
// `fields` in their order, none dropped (`posts=0` and `posts=` both go out).
[[nodiscard]] std::string form(const Secret& key, std::string_view action, std::span<const Field> fields);

[[nodiscard]] std::string status_form(const Secret& key, std::span<const OrderId> ids);  // orders=1,2,3
[[nodiscard]] std::string single_status_form(const Secret& key, const OrderId& id);      // order=1
[[nodiscard]] std::string balance_form(const Secret& key);

}  // namespace smm::panel
