#pragma once

#include "platform/database.h"
#include "store/panels.h"
#include "store/store.h"

#include <cstdint>
#include <set>
#include <string>
#include <vector>

namespace smm::store {

// An OrderQuery's conditions, asked of a row that has the columns of order_rows.h. All but `q`.
class OrderFilter {
 public:
  OrderFilter(const OrderQuery& query, Panels& panels);  // the query must outlive it

  [[nodiscard]] bool lets_pass(const platform::Statement& row) const;
  // The panels asked for that exist; with none asked for, empty, and is_hopeless() is false.
  [[nodiscard]] const std::set<std::int64_t>& panels() const { return panels_; }
  // Only panels nobody has heard of are asked for.
  [[nodiscard]] bool is_hopeless() const { return !query_.panels.empty() && panels_.empty(); }

 private:
  [[nodiscard]] bool has_labels(const platform::Statement& row) const;

  const OrderQuery& query_;
  std::set<std::int64_t> panels_;
  std::vector<std::string> label_fragments_;
};

// When an order last changed, or was tracked if it never has: what lists sorted by change go by.
[[nodiscard]] std::int64_t change_key(const platform::Statement& row);
[[nodiscard]] std::int64_t placing_key(const platform::Statement& row);

}  // namespace smm::store
