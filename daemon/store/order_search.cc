#include "store/order_search.h"

#include "store/cursor.h"
#include "store/order_rows.h"

#include <algorithm>

namespace smm::store {
namespace {

using platform::Reading;

constexpr std::int64_t searched_at_once = 20'000;

// The first text, byte by byte, that does not begin with `prefix`.
std::string end_of_prefix(std::string prefix) {
  while (!prefix.empty() && static_cast<unsigned char>(prefix.back()) == 0xFF) prefix.pop_back();
  if (!prefix.empty()) prefix.back() = static_cast<char>(static_cast<unsigned char>(prefix.back()) + 1);
  return prefix;
}

bool begins_with(std::string_view text, std::string_view prefix) {
  return text.substr(0, prefix.size()) == prefix;
}

}  // namespace

OrderSearch::OrderSearch(platform::Database& database, Panels& panels)
    : panels_(panels),
      ids_(database, "search orders by id", "SELECT " + std::string(order_columns) + R"sql(
             FROM orders o INDEXED BY orders_by_id
             WHERE o.panel = ?1 AND o.id >= ?2 AND o.id < ?3 AND o.id > ?4
             ORDER BY o.id LIMIT ?5
           )sql"),
      refs_(database, "search orders by ref", "SELECT " + std::string(order_columns) + R"sql(
              FROM orders o INDEXED BY orders_by_ref
              WHERE o.ref >= ?1 AND o.ref < ?2 AND (o.ref > ?3 OR o.row > ?4)
              ORDER BY o.ref, o.row LIMIT ?5
            )sql") {}

std::vector<std::int64_t> OrderSearch::panels_for(const OrderFilter& filter) {
  std::vector<std::int64_t> panels(filter.panels().begin(), filter.panels().end());
  if (panels.empty()) {
    for (const auto& [name, row] : panels_.rows()) panels.push_back(row);
    std::sort(panels.begin(), panels.end());
  }
  return panels;
}

void OrderSearch::search_ids(Search& search) {
  const auto& q = *search.query.q;
  const Reading reading(ids_);
  ids_.bind(1, search.at.panel)
      .bind(2, q)
      .bind(3, end_of_prefix(q))
      .bind(4, search.at.text)
      .bind(5, search.left);
  while (!search.is_over() && ids_.step()) {
    --search.left;
    search.at.text = ids_.text(OrderColumn::id);
    if (ids_.integer(OrderColumn::untracked) == 0 && search.filter.lets_pass(ids_)) {
      search.page.items.push_back(read_order(ids_, panels_));
    }
  }
}

void OrderSearch::search_refs(Search& search) {
  const auto& q = *search.query.q;
  const Reading reading(refs_);
  refs_.bind(1, std::max(q, search.at.text)).bind(2, end_of_prefix(q)).bind(3, search.at.text);
  refs_.bind(4, search.at.row).bind(5, search.left);
  while (!search.is_over() && refs_.step()) {
    --search.left;
    search.at.text = refs_.text(OrderColumn::ref);
    search.at.row = refs_.integer(OrderColumn::row);
    // One whose id begins with it too has been seen.
    if (begins_with(refs_.view(OrderColumn::id), q) || refs_.integer(OrderColumn::untracked) != 0) continue;
    if (search.filter.lets_pass(refs_)) search.page.items.push_back(read_order(refs_, panels_));
  }
}

tl::expected<OrderPage, std::string> OrderSearch::read(const OrderQuery& query, const OrderFilter& filter) {
  const auto panels = panels_for(filter);
  Search search{query, filter, searched_at_once, {}, {panels.empty() ? 0 : panels.front(), 0, {}}};
  if (!query.cursor.empty()) {
    const auto parts = read_cursor(query.cursor, "q", 2);
    if (!parts) return tl::unexpected(std::string(foreign_cursor));
    search.at = {parts->numbers.at(0), parts->numbers.at(1), parts->text};
  }
  if (filter.is_hopeless()) return OrderPage{};
  for (const auto panel : panels) {
    if (search.at.panel == 0 || panel < search.at.panel) continue;
    if (panel != search.at.panel) search.at = {panel, 0, {}};
    search_ids(search);
    if (search.is_over()) break;
  }
  if (!search.is_over()) {
    if (search.at.panel != 0) search.at = {};
    search_refs(search);
  }
  if (search.is_over()) search.page.next = cursor_text("q", {search.at.panel, search.at.row}, search.at.text);
  return std::move(search.page);
}

}  // namespace smm::store
