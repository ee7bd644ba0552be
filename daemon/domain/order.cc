#include "domain/order.h"

#include <algorithm>

namespace smm {

std::string_view to_text(OrderKind kind) {
  switch (kind) {
    case OrderKind::ordinary:
      return "ordinary";
    case OrderKind::subscription:
      return "subscription";
    case OrderKind::drip_feed:
      return "drip_feed";
  }
  return "ordinary";
}

std::optional<OrderKind> order_kind_from_text(std::string_view text) {
  for (const auto kind : {OrderKind::ordinary, OrderKind::subscription, OrderKind::drip_feed}) {
    if (to_text(kind) == text) return kind;
  }
  return std::nullopt;
}

std::optional<std::int64_t> delivered(const Order& order) {
  if (!order.quantity || !order.remains) return std::nullopt;
  std::int64_t ordered = 0;
  std::int64_t done = 0;
  if (__builtin_mul_overflow(*order.quantity, order.runs.value_or(1), &ordered) ||
      __builtin_sub_overflow(ordered, *order.remains, &done)) {
    return std::nullopt;
  }
  return std::max<std::int64_t>(done, 0);
}

}  // namespace smm
