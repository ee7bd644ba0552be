#pragma once

#include "domain/ids.h"
#include "domain/placement.h"
#include "domain/policy.h"
#include "domain/refill.h"

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
[[nodiscard]] std::string services_form(const Secret& key);

// What a form made here asks for: its action.
[[nodiscard]] std::string_view action_of(std::string_view form);

// A field named `key` or `action`, in any letter case and also as PHP would name it (`key[]`, `key[0]`).
[[nodiscard]] bool is_key_or_action(std::string_view name);

// The fields in their order, none dropped and none changed. Key and action are ours: such fields are left
// out, so that nobody can make another action of an add.
[[nodiscard]] std::string add_form(const Secret& key, const PlacementFields& fields);

// For one id `order=` (`refill=`), for several `orders=` (`refills=`): whoever reads the reply reads a single
// one for one id (read_refill), a batch for several (read_refills).
[[nodiscard]] std::string refill_form(const Secret& key, std::span<const OrderId> ids);
[[nodiscard]] std::string refill_status_form(const Secret& key, std::span<const RefillId> ids);

// Always `orders=`, also for one: the pages know no other. The single form is for panels that refuse it.
[[nodiscard]] std::string cancel_form(const Secret& key, std::span<const OrderId> ids);
[[nodiscard]] std::string single_cancel_form(const Secret& key, const OrderId& id);

}  // namespace smm::panel
