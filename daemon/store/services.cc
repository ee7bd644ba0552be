#include "store/services.h"

#include "store/newest_first.h"
#include "store/order_rows.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace smm::store {
namespace {

using platform::Reading;

constexpr std::string_view service_columns = R"sql(
  id, name, type, category, rate, min, max, refill, cancel, dripfeed, first_seen_at, changed_at, removed_at, position,
  refill_offered, refill_window, cancel_offered
)sql";

std::string select_services(std::string_view where) {
  return "SELECT " + std::string(service_columns) + " FROM service " + std::string(where);
}

CatalogueEntry load(const platform::Statement& row) {
  CatalogueEntry entry;
  auto& service = entry.service;
  service.id = ServiceId(row.view(0));
  service.name = row.text(1);
  service.type = row.text(2);
  service.category = row.text(3);
  service.rate = optional_money(row, 4);
  service.min = row.optional_integer(5);
  service.max = row.optional_integer(6);
  service.refill = optional_flag(row, 7);
  service.cancel = optional_flag(row, 8);
  service.dripfeed = optional_flag(row, 9);
  entry.first_seen_at = from_millis(row.integer(10));
  entry.changed_at = from_millis(row.integer(11));
  entry.removed_at = optional_time(row, 12);
  return entry;
}

// `first` is the column of refill_offered.
Catalogue::OrderFacts load_facts(const platform::Statement& row, int first) {
  return {optional_flag(row, first), optional_duration(row, first + 1), optional_flag(row, first + 2)};
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool holds(const std::string& text, const std::string& part) {
  return std::search(text.begin(), text.end(), part.begin(), part.end(),
                     [](char a, char b) { return lower(a) == lower(b); }) != text.end();
}

bool is_wanted(const Service& service, const ServiceQuery& query) {
  return !query.q || holds(service.name, *query.q) || holds(service.category, *query.q) ||
         holds(service.id.text(), *query.q);
}

// Rows of the catalogue looked at in one call: as many as large panels have.
constexpr std::int64_t services_at_once = 10'000;

}  // namespace

Services::Services(platform::Database& database, Panels& panels)
    : panels_(panels),
      all_(database, "read the services", select_services(R"sql(
        INDEXED BY service_by_position WHERE panel = ?1 ORDER BY removed_at IS NOT NULL, position, id
      )sql")),
      find_(database, "find a service", select_services("WHERE panel = ?1 AND id = ?2")),
      page_(database, "list services", select_services(R"sql(
        INDEXED BY service_by_position
        WHERE panel = ?1 AND (removed_at IS NOT NULL) = ?2 AND position >= ?3 AND (position > ?3 OR id > ?4)
        ORDER BY position, id LIMIT ?5
      )sql")),
      insert_(database, "add a service", R"sql(
        INSERT INTO service (panel, id, position, name, type, category, rate, min, max, refill, cancel, dripfeed,
                             refill_offered, refill_window, cancel_offered, changed_at, first_seen_at)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?16)
      )sql"),
      update_(database, "change a service", R"sql(
        UPDATE service SET position = ?3, name = ?4, type = ?5, category = ?6, rate = ?7, min = ?8, max = ?9,
                           refill = ?10, cancel = ?11, dripfeed = ?12, refill_offered = ?13, refill_window = ?14,
                           cancel_offered = ?15, changed_at = ?16, removed_at = NULL
        WHERE panel = ?1 AND id = ?2
      )sql"),
      remove_(database, "take a service out of the list", R"sql(
        UPDATE service SET removed_at = ?3, changed_at = ?3 WHERE panel = ?1 AND id = ?2
      )sql"),
      facts_(database, "read what is judged of a service", R"sql(
        SELECT refill_offered, refill_window, cancel_offered FROM service WHERE panel = ?1 AND id = ?2
      )sql"),
      waiting_(database, "find orders that wait for their service", R"sql(
        SELECT o.row, o.id, s.refill_offered, s.refill_window, s.cancel_offered
        FROM service s CROSS JOIN orders o INDEXED BY orders_without_facts ON o.panel = s.panel AND o.service = s.id
        WHERE s.panel = ?1 AND s.refill_offered IS NOT NULL
          AND o.refill_offered IS NULL AND o.service IS NOT NULL
        LIMIT ?2
      )sql"),
      give_(database, "give an order the facts of its service", R"sql(
        UPDATE orders SET refill_offered = ?2, refill_window = ?3, cancel_offered = ?4 WHERE row = ?1
      )sql"),
      change_(database, "write a change of a service", R"sql(
        INSERT INTO service_change (panel, service, kind, field, before, after, open_orders, at)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
      )sql"),
      changes_(database, "list changes of services", R"sql(
        SELECT id, service, kind, field, before, after, open_orders, at
        FROM service_change INDEXED BY service_change_by_panel
        WHERE panel = ?3 AND id < ?1 ORDER BY id DESC LIMIT ?2
      )sql"),
      open_orders_(database, "count open orders by service", R"sql(
        SELECT service, count(*) FROM orders INDEXED BY orders_open_by_service
        WHERE panel = ?1 AND untracked = 0 AND status NOT IN (4, 5, 6, 7, 8, 11) AND service IS NOT NULL
        GROUP BY service
      )sql") {}

void Services::bind(platform::Statement& statement, std::int64_t panel, const Row& row) {
  const auto& service = row.entry.service;
  statement.bind(1, panel).bind(2, service.id.text()).bind(3, row.position).bind(4, service.name);
  statement.bind(5, service.type).bind(6, service.category).bind(7, optional_text(service.rate));
  statement.bind(8, service.min).bind(9, service.max).bind(10, optional_number(service.refill));
  statement.bind(11, optional_number(service.cancel)).bind(12, optional_number(service.dripfeed));
  statement.bind(13, optional_number(row.facts.refill_offered));
  statement.bind(14, optional_number(row.facts.refill_window));
  statement.bind(15, optional_number(row.facts.cancel_offered)).bind(16, to_millis(row.entry.changed_at));
}

bool Services::save_one(std::int64_t panel, const Service& service, std::int64_t position, const Facts* facts,
                        Row* known, Timestamp now) {
  Row row;
  if (known != nullptr) row = *known;
  if (facts != nullptr) row.facts = *facts;
  row.position = position;
  if (known == nullptr) {
    row.entry = {service, now, now, std::nullopt};
    bind(insert_, panel, row);
    insert_.run();
    return true;
  }
  // A rate that is only spelled otherwise ("0.90", "0.9") is the same.
  const bool is_other = !(row.entry.service == service) || row.entry.removed_at;
  if (!is_other && position == known->position && row.facts == known->facts) return false;
  if (is_other) row.entry = {service, row.entry.first_seen_at, now, std::nullopt};
  bind(update_, panel, row);
  update_.run();
  return true;
}

bool Services::save(std::int64_t panel, std::span<const Service> list,
                    const std::map<ServiceId, Facts>& facts, Timestamp now) {
  std::map<ServiceId, Row> known;
  {
    const Reading reading(all_);
    all_.bind(1, panel);
    while (all_.step()) {
      auto entry = load(all_);
      auto id = entry.service.id;
      known.emplace(std::move(id), Row{std::move(entry), all_.integer(13), load_facts(all_, 14)});
    }
  }
  bool written = false;
  std::int64_t position = 0;
  for (const auto& service : list) {
    auto [at, is_new] = known.try_emplace(service.id);
    if (at->second.is_listed) continue;
    const auto judged = facts.find(service.id);
    written = save_one(panel, service, position, judged == facts.end() ? nullptr : &judged->second,
                       is_new ? nullptr : &at->second, now) ||
              written;
    at->second.is_listed = true;
    ++position;
  }
  for (const auto& [id, row] : known) {
    if (row.is_listed || row.entry.removed_at) continue;
    remove_.bind(1, panel).bind(2, id.text()).bind(3, to_millis(now)).run();
    written = true;
  }
  return written;
}

void Services::write_changes(std::int64_t panel, std::span<const ServiceChange> changes) {
  for (const auto& change : changes) {
    change_.bind(1, panel).bind(2, change.service.text()).bind(3, static_cast<std::int64_t>(change.kind));
    change_.bind(4, change.field).bind(5, change.before).bind(6, change.after);
    change_.bind(7, change.open_orders).bind(8, to_millis(change.at)).run();
  }
}

std::size_t Services::give_facts(std::int64_t panel, std::size_t limit, Work& work) {
  struct Waiting {
    std::int64_t row = 0;
    OrderId id;
    Facts facts;
  };
  std::vector<Waiting> orders;
  {
    const Reading reading(waiting_);
    waiting_.bind(1, panel).bind(2, static_cast<std::int64_t>(limit));
    while (waiting_.step()) {
      orders.push_back({waiting_.integer(0), OrderId(waiting_.view(1)), load_facts(waiting_, 2)});
    }
  }
  for (const auto& order : orders) {
    give_.bind(1, order.row).bind(2, optional_number(order.facts.refill_offered));
    give_.bind(3, optional_number(order.facts.refill_window));
    give_.bind(4, optional_number(order.facts.cancel_offered)).run();
    work.notice.orders.push_back({panels_.name_of(panel), order.id});
  }
  return orders.size();
}

std::optional<Services::Facts> Services::facts(const PanelName& panel, const ServiceId& id) {
  const auto panel_row = panels_.find(panel);
  if (!panel_row) return std::nullopt;
  const Reading reading(facts_);
  if (!facts_.bind(1, *panel_row).bind(2, id.text()).step()) return std::nullopt;
  return load_facts(facts_, 0);
}

std::vector<CatalogueEntry> Services::all(std::int64_t panel) {
  std::vector<CatalogueEntry> entries;
  const Reading reading(all_);
  all_.bind(1, panel);
  while (all_.step()) entries.push_back(load(all_));
  return entries;
}

std::optional<CatalogueEntry> Services::find(std::int64_t panel, const ServiceId& id) {
  const Reading reading(find_);
  if (!find_.bind(1, panel).bind(2, id.text()).step()) return std::nullopt;
  return load(find_);
}

tl::expected<ServicePage, std::string> Services::list(std::int64_t panel, const ServiceQuery& query) {
  // The last one looked at: whether it is among the removed ones, its position and id.
  CursorParts at{{0, -1}, {}};
  const std::string_view kind = query.removed ? "sr" : "s";
  if (!query.cursor.empty()) {
    auto parts = read_cursor(query.cursor, kind, 2);
    if (!parts) return tl::unexpected(std::string(foreign_cursor));
    at = std::move(*parts);
  }
  ServicePage page;
  auto left = services_at_once;
  const auto is_over = [&] { return page.items.size() == query.limit || left == 0; };
  const auto walk = [&] {
    const Reading reading(page_);
    page_.bind(1, panel).bind(2, at.numbers[0]).bind(3, at.numbers[1]).bind(4, at.text).bind(5, left);
    while (!is_over() && page_.step()) {
      --left;
      auto entry = load(page_);
      at.numbers[1] = page_.integer(13);
      at.text = entry.service.id.text();
      if (is_wanted(entry.service, query)) page.items.push_back(std::move(entry));
    }
  };
  walk();
  if (query.removed && !is_over() && at.numbers[0] == 0) {
    at = {{1, -1}, {}};
    walk();
  }
  if (is_over()) page.next = cursor_text(kind, at.numbers, at.text);
  return page;
}

tl::expected<ServiceChangePage, std::string> Services::changes(std::optional<std::int64_t> panel,
                                                               std::size_t limit, const std::string& cursor) {
  auto list = NewestFirst<ServiceChange>::begin("sc", limit, cursor);
  if (!list) return tl::unexpected(list.error());
  if (!panel) return ServiceChangePage{};
  const auto load_change = [](const platform::Statement& row) {
    ServiceChange change;
    change.service = ServiceId(row.view(1));
    change.kind = static_cast<ServiceChangeKind>(row.integer(2));
    change.field = row.text(3);
    change.before = row.optional_text(4);
    change.after = row.optional_text(5);
    change.open_orders = row.integer(6);
    change.at = from_millis(row.integer(7));
    return change;
  };
  list->walk(
      changes_.bind(3, *panel), [](const platform::Statement&) { return true; }, load_change);
  return list->page<ServiceChangePage>();
}

std::map<ServiceId, std::int64_t> Services::open_orders(std::int64_t panel) {
  std::map<ServiceId, std::int64_t> counts;
  const Reading reading(open_orders_);
  open_orders_.bind(1, panel);
  while (open_orders_.step()) counts.emplace(ServiceId(open_orders_.view(0)), open_orders_.integer(1));
  return counts;
}

}  // namespace smm::store
