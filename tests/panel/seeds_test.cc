#include "reading.h"

// The literal examples of the five published pages, with the white space they are published with.
namespace smm::panel::testing {
namespace {

TEST_CASE("the pages' example of one status reads as published") {
  const auto order = seen(read_single(R"({
    "charge": "0.27819",
    "start_count": "3572",
    "status": "Partial",
    "remains": "157",
    "currency": "USD"
})"),
                          "1");
  CHECK(order.id == OrderId("1"));
  CHECK(order.status == OrderStatus::partial);
  CHECK(order.status_text == "Partial");
  REQUIRE(order.charge);
  CHECK(order.charge->text() == "0.27819");
  CHECK(order.start_count == 3572);
  CHECK(order.remains == 157);
  CHECK(order.currency == "USD");
  CHECK_FALSE(order.runs);
  CHECK(order.kind == OrderKind::ordinary);
  CHECK(order.children.empty());
  CHECK(order.raw == partial);
}

constexpr std::string_view batch_example = R"({
    "1": {
        "charge": "0.27819",
        "start_count": "3572",
        "status": "Partial",
        "remains": "157",
        "currency": "USD"
    },
    "10": {
        "error": "Incorrect order ID"
    },
    "100": {
        "charge": "1.44219",
        "start_count": "234",
        "status": "In progress",
        "remains": "10",
        "currency": "USD"
    }
})";

TEST_CASE("the pages' example of many statuses gives two orders and an error for one id") {
  const auto reading = read_batch(batch_example, ids({"1", "10", "100"}));
  CHECK(reading.orders.size() == 3);
  CHECK(seen(reading, "1").status == OrderStatus::partial);
  const auto error = id_error(reading, "10");
  CHECK(error.words == "Incorrect order ID");
  CHECK(error.unknown_id);
  const auto last = seen(reading, "100");
  CHECK(last.status == OrderStatus::in_progress);
  CHECK(last.status_text == "In progress");
  CHECK(last.charge->text() == "1.44219");
  CHECK(last.start_count == 234);
  CHECK(last.remains == 10);
}

TEST_CASE("the pages' example of a balance reads as published") {
  const auto balance =
      read_balance({200, "{\n    \"balance\": \"100.84292\",\n    \"currency\": \"USD\"\n}"}, context());
  REQUIRE(balance);
  CHECK(balance->balance.text() == "100.84292");
  CHECK(balance->currency == "USD");
}

}  // namespace
}  // namespace smm::panel::testing
