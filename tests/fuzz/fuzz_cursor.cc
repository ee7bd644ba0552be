#include "domain/text.h"
#include "platform/database.h"
#include "scratch.h"
#include "store/cursor.h"
#include "store/purchases.h"
#include "store/store.h"
#include "target.h"

#include <algorithm>
#include <array>

// Cursors of lists: whatever is accepted as one is a place in its list, the same each time.

namespace smm::fuzz::cursor_fuzz {
namespace {

constexpr auto noon = 1'795'000'000'000;

// A database with a few rows in every list, some of them of one moment.
class Shelf {
 public:
  Shelf()
      : database_({files_.path() / "tracker.db", store::application_id, store::migrations()}),
        store(database_) {
    std::vector<store::TrackRequest> orders;
    for (int i = 0; i < 12; ++i) {
      store::TrackRequest order;
      order.key = {PanelName(i % 3 == 0 ? "p2" : "p1"), OrderId("ord_" + std::to_string(i))};
      if (i % 2 == 0) order.placed_at = from_millis(noon - i / 4);
      orders.push_back(order);
    }
    std::vector<Refill> refills;
    for (const auto& tracked : store.track(orders, from_millis(noon))) {
      Refill refill;
      refill.order = tracked.order.key;
      refill.order_row = tracked.order.row;
      refills.push_back(refill);
    }
    store.purchases().intend_refills(refills, from_millis(noon));
    for (int i = 0; i < 7; ++i) {
      Placement placement;
      placement.panel = PanelName("p1");
      placement.fields = {{"service", "1"}, {"link", std::to_string(i)}};
      store.purchases().intend_placement(placement, from_millis(noon + i / 3));
    }
  }

 private:
  Scratch files_;
  platform::Database database_;

 public:
  store::Store store;
};

store::Store& shelf() {
  static Shelf it;
  return it.store;
}

struct Page {
  std::vector<std::string> items;
  std::optional<std::string> next;
  bool operator==(const Page&) const = default;
};
using Read = std::optional<Page> (*)(const std::string& cursor, std::size_t limit);

template <store::OrderSort sort, bool descending>
std::optional<Page> read_orders(const std::string& cursor, std::size_t limit) {
  store::OrderQuery query;
  query.sort = sort;
  query.descending = descending;
  query.cursor = cursor;
  query.limit = limit;
  const auto found = shelf().orders(query);
  if (!found) return std::nullopt;
  Page page{{}, found->next};
  for (const auto& order : found->items) page.items.push_back(to_text(order.key));
  return page;
}

template <class Query, class Get>
std::optional<Page> read_numbered(const std::string& cursor, std::size_t limit, Get get) {
  Query query;
  query.cursor = cursor;
  query.limit = limit;
  const auto found = get(query);
  if (!found) return std::nullopt;
  Page page{{}, found->next};
  for (const auto& item : found->items) page.items.push_back(std::to_string(item.id));
  return page;
}
std::optional<Page> read_refills(const std::string& cursor, std::size_t limit) {
  return read_numbered<store::RefillQuery>(cursor, limit,
                                           [](const auto& it) { return shelf().purchases().refills(it); });
}
std::optional<Page> read_placements(const std::string& cursor, std::size_t limit) {
  return read_numbered<store::PlacementQuery>(
      cursor, limit, [](const auto& it) { return shelf().purchases().placements(it); });
}

// A stretch of the whole list, and its `next` leads to what comes right after it.
void check_list(Read read, const std::string& cursor, std::size_t limit) {
  const auto page = read(cursor, limit);
  if (!page) return;
  require(read(cursor, limit) == page, "a cursor leads somewhere else the second time", cursor);
  const auto whole = read("", 1000);
  require(whole && !whole->next && page->items.size() <= limit, "a page is longer than it may be");
  const auto& all = whole->items;
  const auto begin = std::search(all.begin(), all.end(), page->items.begin(), page->items.end());
  require(page->items.empty() || begin != all.end(), "a page is no stretch of its list", cursor);
  require(page->next.has_value() || page->items.empty() || page->items.back() == all.back(),
          "a list ends too soon", cursor);
  if (!page->next || page->items.empty()) return;
  const auto more = read(*page->next, 1000);
  require(more.has_value(), "a cursor that was given is refused", *page->next);
  const std::vector<std::string> rest(begin + static_cast<std::ptrdiff_t>(page->items.size()), all.end());
  require(more->items == rest, "a list goes on somewhere else", *page->next);
}

void check_text(const std::string& cursor, std::string_view kind, std::size_t count) {
  const auto parts = store::read_cursor(cursor, kind, count);
  if (!parts) return;
  require(parts->numbers.size() == count, "a cursor has other parts");
  const auto written = store::cursor_text(kind, parts->numbers, parts->text);
  const auto again = store::read_cursor(written, kind, count);
  require(again && again->numbers == parts->numbers && again->text == parts->text,
          "a cursor reads as another", written);
}

void run(std::string_view input) {
  using store::OrderSort;
  constexpr std::array<Read, 8> lists = {read_orders<OrderSort::tracked, true>,
                                         read_orders<OrderSort::tracked, false>,
                                         read_orders<OrderSort::changed, true>,
                                         read_orders<OrderSort::changed, false>,
                                         read_orders<OrderSort::placed, true>,
                                         read_orders<OrderSort::placed, false>,
                                         read_refills,
                                         read_placements};
  Front front(input);
  const auto choice = front.byte();
  const std::string cursor(front.rest());
  check_list(lists.at(choice % lists.size()), cursor, 1 + choice / 64U);
  const auto kind = cursor.substr(0, cursor.find('.'));
  for (const std::size_t count : {0U, 1U, 2U}) check_text(cursor, kind, count);
  // Nobody's cursor but the list's own is taken.
  const auto foreign = "x" + cursor;
  for (const auto read : lists) require(!read(foreign, 1).has_value(), "a foreign cursor is taken", foreign);
}

const Registration here("cursor", run);

}  // namespace
}  // namespace smm::fuzz::cursor_fuzz
