#pragma once

#include "domain/ids.h"
#include "domain/money.h"
#include "domain/time.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace smm {

// A row of a panel's catalogue, as its last `services` reply had it. What it does not say is unknown.
struct Service {
  ServiceId id;
  std::string name;
  std::string type;
  std::string category;
  std::optional<Money> rate;  // per 1000, or per order for packages
  std::optional<std::int64_t> min;
  std::optional<std::int64_t> max;
  std::optional<bool> refill;
  std::optional<bool> cancel;
  std::optional<bool> dripfeed;

  bool operator==(const Service&) const = default;
};

// A service as the catalogue keeps it.
struct CatalogueEntry {
  Service service;
  Timestamp first_seen_at;
  Timestamp changed_at;
  std::optional<Timestamp> removed_at;  // no longer in the panel's list
};

enum class ServiceChangeKind : std::uint8_t { added, removed, returned, changed };
[[nodiscard]] std::string_view to_text(ServiceChangeKind kind);
[[nodiscard]] std::optional<ServiceChangeKind> service_change_kind_from_text(std::string_view text);

// One thing that changed. With `changed`, `field` says what: name, type, category, rate, min, max, refill,
// cancel or dripfeed.
struct ServiceChange {
  ServiceId service;
  ServiceChangeKind kind = ServiceChangeKind::changed;
  std::string field;
  std::optional<std::string> before;  // nothing = unknown
  std::optional<std::string> after;
  std::int64_t open_orders = 0;  // tracked orders of that service which had not ended
  Timestamp at;
};

struct BalancePoint {
  Timestamp at;
  Money balance;
  std::string currency;  // empty = unknown
};

}  // namespace smm
