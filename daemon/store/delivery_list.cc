#include "store/delivery_list.h"

#include "store/cursor.h"

#include <algorithm>
#include <limits>

namespace smm::store {
namespace {

using platform::Reading;

constexpr std::int64_t deliveries_at_once = 10'000;

std::string select_deliveries(std::string_view from_and_where) {
  return std::string(R"sql(
    SELECT d.id, d.webhook, d.state, d.event_seq, e.id, e.type, d.tries, d.created_at, d.next_try_at, d.ended_at,
           o.panel, o.id
    FROM )sql") +
         std::string(from_and_where);
}

constexpr std::string_view joined = R"sql(
  CROSS JOIN event e ON e.seq = d.event_seq LEFT JOIN orders o ON o.row = d.order_row
)sql";

std::string select_from(std::string_view table, std::string_view where) {
  return select_deliveries(std::string(table) + std::string(joined) + " WHERE " + std::string(where));
}

}  // namespace

DeliveryList::DeliveryList(platform::Database& database, Orders& orders, Webhooks& webhooks, Panels& panels)
    : orders_(orders),
      webhooks_(webhooks),
      panels_(panels),
      find_(database, "find a delivery", select_from("delivery d", "d.id = ?1")),
      all_(database, "list deliveries",
           select_from("delivery d NOT INDEXED", "d.id < ?1 ORDER BY d.id DESC LIMIT ?2")),
      of_order_(database, "list an order's deliveries",
                select_from("delivery d INDEXED BY delivery_line",
                            "d.order_row = ?3 AND d.id < ?1 ORDER BY d.id DESC LIMIT ?2")),
      of_state_(
          database, "list deliveries in a state",
          select_from(
              "delivery d INDEXED BY delivery_undelivered",
              "d.state = ?3 AND d.state <> 1 AND d.webhook = ?4 AND d.id < ?1 ORDER BY d.id DESC LIMIT ?2")) {
}

Delivery DeliveryList::load(const platform::Statement& row) {
  Delivery delivery;
  delivery.id = row.integer(0);
  delivery.webhook = webhooks_.name_of(row.integer(1));
  delivery.state = static_cast<DeliveryState>(row.integer(2));
  delivery.event_seq = row.integer(3);
  delivery.event_id = row.text(4);
  delivery.type = event_type_from_text(row.view(5)).value_or(EventType::webhook_test);
  delivery.tries = static_cast<int>(row.integer(6));
  delivery.created_at = from_millis(row.integer(7));
  delivery.next_try_at = optional_time(row, 8);
  delivery.ended_at = optional_time(row, 9);
  if (!row.is_null(10)) delivery.order = OrderKey{panels_.name_of(row.integer(10)), OrderId(row.view(11))};
  return delivery;
}

std::optional<Delivery> DeliveryList::find(std::int64_t id) {
  const Reading reading(find_);
  if (!find_.bind(1, id).step()) return std::nullopt;
  return load(find_);
}

bool DeliveryList::is_wanted(const platform::Statement& row, const DeliveryQuery& query) {
  if (query.state && static_cast<std::int64_t>(*query.state) != row.integer(2)) return false;
  return query.webhooks.empty() || std::find(query.webhooks.begin(), query.webhooks.end(),
                                             webhooks_.name_of(row.integer(1))) != query.webhooks.end();
}

std::optional<std::int64_t> DeliveryList::walk(platform::Statement& rows, const DeliveryQuery& query,
                                               std::int64_t bound, std::vector<Delivery>& found) {
  std::size_t kept = 0;
  std::int64_t looked_at = 0;
  std::int64_t id = 0;
  while (kept <= query.limit && rows.step()) {
    ++looked_at;
    id = rows.integer(0);
    if (!is_wanted(rows, query)) continue;
    found.push_back(load(rows));
    ++kept;
  }
  if (kept > query.limit || looked_at == bound) return id;
  return std::nullopt;
}

tl::expected<DeliveryPage, std::string> DeliveryList::read(const DeliveryQuery& query) {
  auto from = std::numeric_limits<std::int64_t>::max();
  if (!query.cursor.empty()) {
    const auto parts = read_cursor(query.cursor, "d", 1);
    if (!parts || !parts->text.empty()) return tl::unexpected(std::string(foreign_cursor));
    from = parts->numbers.at(0);
  }
  std::vector<Delivery> found;
  std::optional<std::int64_t> stopped_at;
  const auto walk_and_note = [&](platform::Statement& rows) {
    const Reading reading(rows);
    const auto stop = walk(rows.bind(1, from).bind(2, deliveries_at_once), query, deliveries_at_once, found);
    if (stop) stopped_at = std::max(stop, stopped_at);
  };
  if (query.order) {
    const auto row = orders_.row_of(*query.order);
    if (!row) return DeliveryPage{};
    walk_and_note(of_order_.bind(3, *row));
  } else if (query.state && *query.state != DeliveryState::delivered) {
    for (const auto& endpoint : webhooks_.all()) {
      walk_and_note(of_state_.bind(3, static_cast<std::int64_t>(*query.state)).bind(4, endpoint.row));
    }
  } else {
    walk_and_note(all_);
  }
  // Several queues are one list up to where the first of them stopped.
  std::sort(found.begin(), found.end(), [](const Delivery& a, const Delivery& b) { return a.id > b.id; });
  DeliveryPage page;
  auto next = stopped_at;
  for (auto& delivery : found) {
    if (stopped_at && delivery.id < *stopped_at) break;
    if (page.items.size() == query.limit) {
      next = page.items.back().id;
      break;
    }
    page.items.push_back(std::move(delivery));
  }
  if (next) page.next = cursor_text("d", {*next});
  return page;
}

}  // namespace smm::store
