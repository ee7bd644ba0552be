#include "store/catalogue.h"

#include "store/balances.h"
#include "store/events.h"
#include "store/panels.h"
#include "store/services.h"
#include "store/writer.h"

#include <algorithm>

namespace smm::store {
namespace {

// Orders that get their facts in the transaction of a list: some 20 ms more.
constexpr std::size_t facts_given_at_once = 2000;

void append(EventLog& log, std::span<const EventDraft> events, Work& work) {
  for (const auto& draft : events) log.append(draft, {}, work);
}

}  // namespace

Catalogue::Catalogue(Writer& writer, Panels& panels, EventLog& events, Services& services, Balances& balances)
    : writer_(writer), panels_(panels), events_(events), services_(services), balances_(balances) {}

void Catalogue::save_services(const PanelName& panel, std::span<const Service> list,
                              std::span<const ServiceChange> changes,
                              const std::map<ServiceId, OrderFacts>& facts,
                              std::span<const EventDraft> events, Timestamp now) {
  writer_.write(now, [&](Work& work) {
    const auto row = panels_.find_or_make(panel);
    const bool written = services_.save(row, list, facts, now);
    services_.write_changes(row, changes);
    if (written || !panels_.services_seen_at(row)) panels_.set_services_seen_at(row, now);
    services_.give_facts(row, facts_given_at_once, work);
    append(events_, events, work);
    return true;
  });
  services_seen_at_[panel] = now;
}

std::size_t Catalogue::give_facts(const PanelName& panel, std::size_t limit, Timestamp now) {
  return writer_.write(now, [&](Work& work) -> std::size_t {
    const auto row = panels_.find(panel);
    return row ? services_.give_facts(*row, limit, work) : 0;
  });
}

std::optional<Timestamp> Catalogue::services_seen_at(const PanelName& panel) {
  if (const auto seen = services_seen_at_.find(panel); seen != services_seen_at_.end()) return seen->second;
  const auto row = panels_.find(panel);
  if (!row) return std::nullopt;
  return panels_.services_seen_at(*row);
}

std::vector<CatalogueEntry> Catalogue::services_of(const PanelName& panel) {
  const auto row = panels_.find(panel);
  if (!row) return {};
  return services_.all(*row);
}

std::optional<CatalogueEntry> Catalogue::service(const PanelName& panel, const ServiceId& id) {
  const auto row = panels_.find(panel);
  if (!row) return std::nullopt;
  return services_.find(*row, id);
}

tl::expected<ServicePage, std::string> Catalogue::services(const PanelName& panel,
                                                           const ServiceQuery& query) {
  // Of a panel nobody has heard of there are none; the cursor is looked at all the same.
  return services_.list(panels_.find(panel).value_or(0), query);
}

tl::expected<ServiceChangePage, std::string> Catalogue::service_changes(const PanelName& panel,
                                                                        std::size_t limit,
                                                                        const std::string& cursor) {
  return services_.changes(panels_.find(panel), limit, cursor);
}

std::map<ServiceId, std::int64_t> Catalogue::open_orders(const PanelName& panel) {
  const auto row = panels_.find(panel);
  if (!row) return {};
  return services_.open_orders(*row);
}

void Catalogue::save_balance(const PanelName& panel, const BalancePoint& point, bool low,
                             std::span<const EventDraft> events, Timestamp now) {
  writer_.write(now, [&](Work& work) {
    const auto row = panels_.find_or_make(panel);
    balances_.save(row, point);
    panels_.set_balance_low(row, low);
    append(events_, events, work);
    return true;
  });
  balance_checked_at_[panel] = now;
}

std::optional<Catalogue::LastBalance> Catalogue::last_balance(const PanelName& panel) {
  const auto row = panels_.find(panel);
  if (!row) return std::nullopt;
  auto point = balances_.last(*row);
  if (!point) return std::nullopt;
  const auto checked = balance_checked_at_.find(panel);
  const auto checked_at = checked == balance_checked_at_.end() ? point->at : checked->second;
  return LastBalance{std::move(*point), checked_at, panels_.record(panel).balance_low};
}

tl::expected<BalancePage, std::string> Catalogue::balances(const PanelName& panel, std::size_t limit,
                                                           const std::string& cursor) {
  return balances_.list(panels_.find(panel), limit, cursor);
}

}  // namespace smm::store
