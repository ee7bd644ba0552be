#pragma once

#include "platform/database.h"
#include "store/order_filter.h"
#include "store/panels.h"
#include "store/store.h"

#include <cstdint>
#include <string>
#include <vector>

namespace smm::store {

// Orders whose id or ref is `q` or begins with it, by index: first the ids, panel by panel, each in the order
// of its text (so the whole id comes before longer ones), then the refs likewise. Other conditions hold too;
// the query's sort does not.
class OrderSearch {
 public:
  OrderSearch(platform::Database& database, Panels& panels);

  [[nodiscard]] tl::expected<OrderPage, std::string> read(const OrderQuery& query, const OrderFilter& filter);

 private:
  // In the ids of a panel (its row) or, with panel 0, in the refs: behind this text and row.
  struct Position {
    std::int64_t panel = 0;
    std::int64_t row = 0;
    std::string text;
  };
  struct Search {
    const OrderQuery& query;
    const OrderFilter& filter;
    std::int64_t left = 0;  // rows that may still be looked at
    OrderPage page;
    Position at;
    [[nodiscard]] bool is_over() const { return left == 0 || page.items.size() == query.limit; }
  };
  [[nodiscard]] std::vector<std::int64_t> panels_for(const OrderFilter& filter);
  void search_ids(Search& search);
  void search_refs(Search& search);

  Panels& panels_;
  platform::Statement ids_;
  platform::Statement refs_;
};

}  // namespace smm::store
