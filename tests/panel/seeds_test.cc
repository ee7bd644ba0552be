#include "panel/services_reply.h"
#include "purchase_reading.h"

// The literal examples of the five published pages, with the white space they are published with.
namespace smm::panel::testing::seeds_test {
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

TEST_CASE("the pages' example of services reads as published") {
  const auto list = read_services({200, R"([
    {
        "service": 1,
        "name": "Followers",
        "type": "Default",
        "category": "First Category",
        "rate": "0.90",
        "min": "50",
        "max": "10000",
        "refill": true,
        "cancel": true
    },
    {
        "service": 2,
        "name": "Comments",
        "type": "Custom Comments",
        "category": "Second Category",
        "rate": "8",
        "min": "10",
        "max": "1500",
        "refill": false,
        "cancel": true
    }
])"},
                                  context());
  REQUIRE(list);
  const Service followers{ServiceId("1"), "Followers", "Default", "First Category", Money::parse("0.90"), 50,
                          10000,          true,        true,      std::nullopt};
  const Service comments{
      ServiceId("2"), "Comments", "Custom Comments", "Second Category", Money::parse("8"), 10, 1500,
      false,          true,       std::nullopt};
  CHECK(*list == std::vector{followers, comments});
}

TEST_CASE("the pages' example of an add reads as published") {
  CHECK(add("{\n    \"order\": 23501\n}") == "order 23501");
}

TEST_CASE("the pages' example of a refill reads as published") {
  CHECK(refill("{\n    \"refill\": \"1\"\n}", "23501") == "yes 1");
}

TEST_CASE("the pages' example of many refills gives two refill ids and a refusal") {
  CHECK(refills(R"([
    {
        "order": 1,
        "refill": 1
    },
    {
        "order": 2,
        "refill": 2
    },
    {
        "order": 3,
        "refill": {
            "error": "Incorrect order ID"
        }
    }
])",
                ids({"1", "2", "3"})) == "yes 1 | yes 2 | no said-no: Incorrect order ID");
}

TEST_CASE("the pages' example of a refill's status reads as published") {
  CHECK(report("{\n    \"status\": \"Completed\"\n}") == "Completed = completed");
}

TEST_CASE("the pages' example of many refill statuses gives two states and a refusal") {
  CHECK(reports(R"([
    {
        "refill": 1,
        "status": "Completed"
    },
    {
        "refill": 2,
        "status": "Rejected"
    },
    {
        "refill": 3,
        "status": {
            "error": "Refill not found"
        }
    }
])",
                refill_ids({"1", "2", "3"})) ==
        "Completed = completed | Rejected = rejected | no said-no: Refill not found");
}

TEST_CASE("the pages' example of cancels gives a refusal and a yes") {
  CHECK(cancels(R"([
    {
        "order": 9,
        "cancel": {
            "error": "Incorrect order ID"
        }
    },
    {
        "order": 2,
        "cancel": 1
    }
])",
                ids({"9", "2"})) == "no said-no: Incorrect order ID | yes");
}

}  // namespace
}  // namespace smm::panel::testing::seeds_test
