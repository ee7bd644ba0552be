#include "domain/order.h"

#include <doctest/doctest.h>

#include <cstdint>

namespace smm::order_test {
namespace {

Order order_of(std::optional<std::int64_t> quantity, std::optional<std::int64_t> remains,
               std::optional<std::int64_t> runs = std::nullopt) {
  Order order;
  order.quantity = quantity;
  order.remains = remains;
  order.runs = runs;
  return order;
}

}  // namespace

TEST_CASE("delivered is quantity times runs less what remains, and never below nothing") {
  CHECK(delivered(order_of(1000, 157)) == 843);
  CHECK(delivered(order_of(1000, 0)) == 1000);
  CHECK(delivered(order_of(100, 150, 3)) == 150);
  CHECK(delivered(order_of(100, 5000)) == 0);
}

TEST_CASE("delivered is unknown when quantity or remains is, or no number holds it") {
  CHECK_FALSE(delivered(order_of(std::nullopt, 5)).has_value());
  CHECK_FALSE(delivered(order_of(5, std::nullopt)).has_value());
  CHECK_FALSE(delivered(order_of(INT64_MAX, 0, 2)).has_value());
  CHECK_FALSE(delivered(order_of(INT64_MAX, -1)).has_value());
}

TEST_CASE("the kind of an order reads back as it was written") {
  for (const auto kind : {OrderKind::ordinary, OrderKind::subscription, OrderKind::drip_feed}) {
    CHECK(order_kind_from_text(to_text(kind)) == kind);
  }
  CHECK(to_text(OrderKind::drip_feed) == "drip_feed");
  CHECK_FALSE(order_kind_from_text("drip-feed").has_value());
}

TEST_CASE("an order begins unasked, with nothing known of it") {
  const Order order;
  CHECK(order.status == OrderStatus::unasked);
  CHECK(order.revision == 0);
  CHECK(order.seen_statuses == 0);
  CHECK_FALSE(order.changed_at.has_value());
}

}  // namespace smm::order_test
