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
  std::optional<std::string> next;
};
struct ServiceChangePage {
  std::vector<ServiceChange> items;  // newest first
  std::optional<std::string> next;
};
struct BalancePage {
  std::vector<BalancePoint> items;  // newest first
  std::optional<std::string> next;
};

class Catalogue {
 public:
  virtual ~Catalogue() = default;

  // The panel's whole list, in its order, and what the rules found changed since `services_of`. Services not
  // in the list are marked removed. Orders that name a service now seen for the first time get its facts
  // (Order::refill_offered …) as `facts` says. One transaction.
  struct OrderFacts {
    std::optional<bool> refill_offered;
    std::optional<Milliseconds> refill_window;
    std::optional<bool> cancel_offered;
  };
  virtual void save_services(const PanelName& panel, std::span<const Service> list,
                             std::span<const ServiceChange> changes,
                             const std::map<ServiceId, OrderFacts>& facts, std::span<const EventDraft> events,
                             Timestamp now) = 0;
  [[nodiscard]] virtual std::optional<Timestamp> services_seen_at(const PanelName& panel) = 0;
  [[nodiscard]] virtual std::vector<CatalogueEntry> services_of(
      const PanelName& panel) = 0;  // all, removed too
  [[nodiscard]] virtual std::optional<CatalogueEntry> service(const PanelName& panel,
                                                              const ServiceId& id) = 0;
  [[nodiscard]] virtual tl::expected<ServicePage, std::string> services(const PanelName& panel,
                                                                        const ServiceQuery& query) = 0;
  [[nodiscard]] virtual tl::expected<ServiceChangePage, std::string> service_changes(
      const PanelName& panel, std::size_t limit, const std::string& cursor) = 0;
  // Tracked orders that have not ended, by service.
  [[nodiscard]] virtual std::map<ServiceId, std::int64_t> open_orders(const PanelName& panel) = 0;

  // A point of the balance's history is written when the amount or the currency is another. `low`: whether it
  // has been said to be low.
  virtual void save_balance(const PanelName& panel, const BalancePoint& point, bool low,
                            std::span<const EventDraft> events, Timestamp now) = 0;
  struct LastBalance {
    BalancePoint point;    // since when it stands
    Timestamp checked_at;  // in memory only after the first point: a check that finds the same writes nothing
    bool low = false;
  };
  [[nodiscard]] virtual std::optional<LastBalance> last_balance(const PanelName& panel) = 0;
  [[nodiscard]] virtual tl::expected<BalancePage, std::string> balances(const PanelName& panel,
                                                                        std::size_t limit,
                                                                        const std::string& cursor) = 0;
};

}  // namespace smm::store
