#pragma once

#include "domain/event.h"
#include "domain/service.h"

#include <tl/expected.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

// What a panel offers, what changed in it, and what is left on the account.
namespace smm::store {

struct ServiceQuery {
  std::optional<std::string> q;  // in name, category or id; ASCII letter case does not count
  bool removed = false;          // also those no longer offered
  std::size_t limit = 100;
  std::string cursor;
};
struct ServicePage {
  std::vector<CatalogueEntry> items;  // by the panel's own order, those no longer offered last
  std::optional<std::string> next;    // a page may be short, even empty, and still have a next
};
struct ServiceChangePage {
  std::vector<ServiceChange> items;  // newest first
  std::optional<std::string> next;
};
struct BalancePage {
  std::vector<BalancePoint> items;  // newest first
  std::optional<std::string> next;
};

class Balances;
class EventLog;
class Panels;
class Services;
class Writer;

class Catalogue {
 public:
  Catalogue(Writer& writer, Panels& panels, EventLog& events, Services& services, Balances& balances);

  // What is judged of a service; orders get it when they are first seen with the service, and keep it.
  // Without refill_offered nothing is known yet, and no order gets it.
  struct OrderFacts {
    std::optional<bool> refill_offered;
    std::optional<Milliseconds> refill_window;
    std::optional<bool> cancel_offered;

    bool operator==(const OrderFacts&) const = default;
  };
  // The panel's whole list, in its order (of an id that stands in it twice the first counts), and what the
  // rules found changed since `services_of`. Services not in the list are marked removed. `facts` are kept
  // with the services they name, the others keep theirs. Orders that were waiting for them are given theirs,
  // at most so many that it stays short: go on with give_facts(). One transaction; a list that brings nothing
  // new writes nothing.
  void save_services(const PanelName& panel, std::span<const Service> list,
                     std::span<const ServiceChange> changes, const std::map<ServiceId, OrderFacts>& facts,
                     std::span<const EventDraft> events, Timestamp now);
  // The panel said again, word for word, what was saved last. Writes nothing.
  void saw_services(const PanelName& panel, Timestamp now) { services_seen_at_[panel] = now; }
  // Gives orders of this panel that name a service known by now their facts: so many; fewer than `limit`:
  // that was all. Those orders are in the notice of the commit.
  std::size_t give_facts(const PanelName& panel, std::size_t limit, Timestamp now);
  // When the list was last saved; after a restart, when it last brought something new. Nothing: never.
  [[nodiscard]] std::optional<Timestamp> services_seen_at(const PanelName& panel);
  // All, also removed ones, in the order of ServicePage.
  [[nodiscard]] std::vector<CatalogueEntry> services_of(const PanelName& panel);
  [[nodiscard]] std::optional<CatalogueEntry> service(const PanelName& panel, const ServiceId& id);
  [[nodiscard]] tl::expected<ServicePage, std::string> services(const PanelName& panel,
                                                                const ServiceQuery& query);
  [[nodiscard]] tl::expected<ServiceChangePage, std::string> service_changes(const PanelName& panel,
                                                                             std::size_t limit,
                                                                             const std::string& cursor);
  // Tracked orders that have not ended, by service.
  [[nodiscard]] std::map<ServiceId, std::int64_t> open_orders(const PanelName& panel);

  // A point of the balance's history is written when the amount or the currency is another. `low`: whether it
  // has been said to be low (also PanelRecord::balance_low).
  void save_balance(const PanelName& panel, const BalancePoint& point, bool low,
                    std::span<const EventDraft> events, Timestamp now);
  struct LastBalance {
    BalancePoint point;    // since when it stands
    Timestamp checked_at;  // in memory only after the first point: a check that finds the same writes nothing
    bool low = false;
  };
  [[nodiscard]] std::optional<LastBalance> last_balance(const PanelName& panel);
  [[nodiscard]] tl::expected<BalancePage, std::string> balances(const PanelName& panel, std::size_t limit,
                                                                const std::string& cursor);

 private:
  Writer& writer_;
  Panels& panels_;
  EventLog& events_;
  Services& services_;
  Balances& balances_;
  // What was seen since the start, also where it brought nothing new.
  std::map<PanelName, Timestamp> services_seen_at_;
  std::map<PanelName, Timestamp> balance_checked_at_;
};

}  // namespace smm::store
