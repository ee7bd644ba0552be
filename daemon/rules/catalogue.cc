#include "rules/catalogue.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>

namespace smm::rules {
namespace {

struct Field {
  std::string_view name;
  std::optional<std::string> value;  // nothing = unknown
};

std::optional<std::string> text_of(const std::optional<std::int64_t>& number) {
  return number ? std::optional(std::to_string(*number)) : std::nullopt;
}
std::optional<std::string> text_of(const std::optional<bool>& flag) {
  return flag ? std::optional(std::string(*flag ? "true" : "false")) : std::nullopt;
}

std::array<Field, 9> fields_of(const Service& service) {
  return {{{"name", service.name},
           {"type", service.type},
           {"category", service.category},
           {"rate", service.rate ? std::optional(service.rate->text()) : std::nullopt},
           {"min", text_of(service.min)},
           {"max", text_of(service.max)},
           {"refill", text_of(service.refill)},
           {"cancel", text_of(service.cancel)},
           {"dripfeed", text_of(service.dripfeed)}}};
}

EventValue value_or_null(const std::optional<std::string>& text) {
  return text ? EventValue(*text) : EventValue();
}

template <class T>
EventValue value_or_null(const std::optional<T>& value) {
  return value ? EventValue(*value) : EventValue();
}

EventValue money_or_null(const std::optional<Money>& amount) {
  return amount ? EventValue(amount->text()) : EventValue();
}

// Writes changes and their events.
class Scribe {
 public:
  Scribe(const PanelName& panel, const std::map<ServiceId, std::int64_t>& open_orders, Timestamp now)
      : panel_(panel), open_orders_(open_orders), now_(now) {}

  void added(const Service& service, ServiceChangeKind kind) {
    note(service, kind);
    auto& event = start(EventType::service_added, service);
    event.data.emplace_back("category", service.category);
    event.data.emplace_back("type", service.type);
    event.data.emplace_back("rate", money_or_null(service.rate));
    event.data.emplace_back("min", value_or_null(service.min));
    event.data.emplace_back("max", value_or_null(service.max));
    event.data.emplace_back("refill", value_or_null(service.refill));
    event.data.emplace_back("cancel", value_or_null(service.cancel));
    event.data.emplace_back("returned", kind == ServiceChangeKind::returned);
    finish(event, service);
  }

  void removed(const Service& service) {
    note(service, ServiceChangeKind::removed);
    auto& event = start(EventType::service_removed, service);
    event.data.emplace_back("rate", money_or_null(service.rate));
    finish(event, service);
  }

  void changed(const Service& before, const Service& after) {
    if (before == after) return;  // by value for the rate
    const auto old_fields = fields_of(before);
    auto new_fields = fields_of(after);
    for (std::size_t i = 0; i < new_fields.size(); ++i) {
      const bool is_same = old_fields[i].name == "rate" ? before.rate == after.rate
                                                        : old_fields[i].value == new_fields[i].value;
      if (is_same) continue;
      auto& change = note(after, ServiceChangeKind::changed);
      change.field = new_fields[i].name;
      change.before = old_fields[i].value;
      change.after = std::move(new_fields[i].value);
      auto& event = start(EventType::service_changed, after);
      event.data.emplace_back("field", change.field);
      event.data.emplace_back("before", value_or_null(change.before));
      event.data.emplace_back("after", value_or_null(change.after));
      finish(event, after);
    }
  }

  CatalogueDiff result() && { return std::move(diff_); }

 private:
  [[nodiscard]] std::int64_t open_orders_of(const Service& service) const {
    const auto found = open_orders_.find(service.id);
    return found == open_orders_.end() ? 0 : found->second;
  }

  ServiceChange& note(const Service& service, ServiceChangeKind kind) {
    auto& change = diff_.changes.emplace_back();
    change.service = service.id;
    change.kind = kind;
    change.open_orders = open_orders_of(service);
    change.at = now_;
    return change;
  }

  EventDraft& start(EventType type, const Service& service) {
    auto& event = diff_.events.emplace_back();
    event.type = type;
    event.panel = panel_;
    event.data.emplace_back("service", service.id.text());
    event.data.emplace_back("name", service.name);
    return event;
  }

  void finish(EventDraft& event, const Service& service) const {
    event.data.emplace_back("open_orders", open_orders_of(service));
  }

  const PanelName& panel_;
  const std::map<ServiceId, std::int64_t>& open_orders_;
  Timestamp now_;
  CatalogueDiff diff_;
};

// More than half of what was offered is not in the list.
bool is_doubtful(std::span<const CatalogueEntry> before, const std::unordered_set<ServiceId>& listed) {
  std::size_t offered = 0;
  std::size_t missing = 0;
  for (const auto& entry : before) {
    if (entry.removed_at) continue;
    ++offered;
    if (!listed.contains(entry.service.id)) ++missing;
  }
  return missing * 2 > offered;
}

}  // namespace

CatalogueDiff diff_catalogue(const PanelName& panel, std::span<const CatalogueEntry> before,
                             std::span<const Service> list,
                             const std::map<ServiceId, std::int64_t>& open_orders,
                             std::optional<Timestamp> doubted_since, Timestamp now) {
  if (before.empty()) return {};
  std::unordered_set<ServiceId> listed;
  for (const auto& service : list) listed.insert(service.id);
  if (is_doubtful(before, listed)) {
    const auto since = std::min(doubted_since.value_or(now), now);
    if (!doubted_since || now - since < doubt_before_belief) {
      CatalogueDiff doubt;
      doubt.doubted_since = since;
      return doubt;
    }
  }
  std::unordered_map<ServiceId, const CatalogueEntry*> known;
  for (const auto& entry : before) known.emplace(entry.service.id, &entry);
  Scribe scribe(panel, open_orders, now);
  for (const auto& service : list) {
    const auto found = known.find(service.id);
    if (found == known.end()) {
      scribe.added(service, ServiceChangeKind::added);
      continue;
    }
    const auto& entry = *found->second;
    if (entry.removed_at) scribe.added(service, ServiceChangeKind::returned);
    scribe.changed(entry.service, service);
  }
  for (const auto& entry : before) {
    if (!entry.removed_at && !listed.contains(entry.service.id)) scribe.removed(entry.service);
  }
  return std::move(scribe).result();
}

std::vector<Service> distinct(std::vector<Service> list) {
  std::unordered_set<ServiceId> seen;
  std::erase_if(list, [&](const Service& service) { return !seen.insert(service.id).second; });
  return list;
}

}  // namespace smm::rules
