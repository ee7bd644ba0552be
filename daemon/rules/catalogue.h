#pragma once

#include "domain/event.h"
#include "domain/service.h"

#include <map>
#include <optional>
#include <span>
#include <vector>

// What changed in a panel's catalogue from one list to the next.
//
// * The first catalogue of a panel changes nothing and makes no events.
// * added: an id never seen before; returned: one that had been removed; removed: one no longer listed;
//   changed: one field, each by itself, in the order name, type, category, rate, min, max, refill, cancel,
//   dripfeed; also of a service that returned. Rates are compared by value ("0.90" is "0.9"), everything else
//   as it is written; a field the panel no longer says has become unknown, which is a change. The panel's own
//   order of the list is none.
// * Each change makes one event: service.added (with returned), service.removed, or service.changed with
//   field, before and after; all with the number of open orders it concerns.
// * Of an id listed twice the first counts.
// * A list that lacks more than half of the services offered until now is doubtful: panels answer with half
//   a list, or none, while they work on it, and nobody should be told that a thousand services are gone when
//   they are not. It changes nothing until the panel has said so twice, ten minutes apart at least, and every
//   list between them was doubtful too; then it is believed.
namespace smm::rules {

inline constexpr Milliseconds doubt_before_belief = std::chrono::minutes(10);

struct CatalogueDiff {
  std::vector<ServiceChange> changes;  // in the list's order, then those removed, in `before`'s order
  std::vector<EventDraft> events;      // of the changes
  // Set when the list is doubtful and not believed: keep nothing of it, and hand this back with the next
  // list. In memory is enough: a restart only delays the belief.
  std::optional<Timestamp> doubted_since;
};

// `before`: all entries, removed ones too; empty for the first catalogue. `list`: as `distinct` gives it.
// `open_orders`: tracked orders that have not ended, by service.
[[nodiscard]] CatalogueDiff diff_catalogue(const PanelName& panel, std::span<const CatalogueEntry> before,
                                           std::span<const Service> list,
                                           const std::map<ServiceId, std::int64_t>& open_orders,
                                           std::optional<Timestamp> doubted_since, Timestamp now);

// The list without what it says twice; order kept.
[[nodiscard]] std::vector<Service> distinct(std::vector<Service> list);

}  // namespace smm::rules
