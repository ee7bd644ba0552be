#include "domain/status.h"

#include <doctest/doctest.h>

#include <map>
#include <set>
#include <string>
#include <vector>

namespace smm::status_test {

TEST_CASE("every word seen in the field names its state, in any spelling") {
  const std::map<std::string, OrderStatus> words = {
      {"Pending", OrderStatus::pending},         {"Processing", OrderStatus::processing},
      {"In progress", OrderStatus::in_progress}, {"Completed", OrderStatus::completed},
      {"Partial", OrderStatus::partial},         {"Canceled", OrderStatus::canceled},
      {"Refunded", OrderStatus::refunded},       {"Inprogress", OrderStatus::in_progress},
      {"In-progress", OrderStatus::in_progress}, {"in_progress", OrderStatus::in_progress},
      {"Cancelled", OrderStatus::canceled},      {"Fail", OrderStatus::failed},
      {"Failed", OrderStatus::failed},           {"Error", OrderStatus::failed},
      {"Awaiting", OrderStatus::pending},        {"Running", OrderStatus::in_progress},
      {"Refund", OrderStatus::refunded},         {"Active", OrderStatus::active},
      {"Paused", OrderStatus::paused},           {"Expired", OrderStatus::expired},
  };
  for (const auto& [word, status] : words) {
    std::string upper;
    std::string lower;
    for (const char c : word) {
      upper += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
      lower += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
    for (const auto& spelling :
         {word, upper, lower, " " + word + " ", word.substr(0, 2) + "_" + word.substr(2),
          word.substr(0, 2) + "-" + word.substr(2)}) {
      CAPTURE(spelling);
      CHECK(status_from_panel_word(spelling) == status);
    }
  }
}

TEST_CASE("a word nobody knows, a number, or no word names no state") {
  for (const std::string word : {"", " ", "Frozen", "Complet", "Completedd", "0", "1", "5", "104", "new",
                                 "null", "Завершён", "Completed!", "Not completed", "success", "done"}) {
    CAPTURE(word);
    CHECK_FALSE(status_from_panel_word(word).has_value());
  }
}

TEST_CASE("success and done are told apart, for the reader of the object to judge") {
  for (const auto* word : {"success", "Success", "SUCCESS", "done", "Done"}) CHECK(means_done(word));
  for (const auto* word : {"", "completed", "successful", "undone", "true"}) CHECK_FALSE(means_done(word));
}

TEST_CASE("two spellings of one word fold to one, two words do not") {
  CHECK(fold_status_word("In progress") == fold_status_word("IN_PRO-GRESS"));
  CHECK(fold_status_word("Cancelled") == fold_status_word("canceled"));
  CHECK(fold_status_word("Running") != fold_status_word("In progress"));
  CHECK(fold_status_word("Fail") != fold_status_word("Failed"));
  CHECK(fold_status_word("ЗАВЕРШЁН") == "ЗАВЕРШЁН");
  CHECK(fold_status_word(" _-\t").empty());
}

TEST_CASE("the names of the states are those of the contract, and read back") {
  std::set<std::string> names;
  for (const auto status : all_order_statuses) {
    CHECK(order_status_from_text(to_text(status)) == status);
    names.emplace(to_text(status));
  }
  CHECK(names == std::set<std::string>{"new", "pending", "processing", "in_progress", "completed", "partial",
                                       "canceled", "refunded", "failed", "active", "paused", "expired"});
  for (const auto* text : {"", "New", "In progress", "cancelled", "unasked"}) {
    CHECK_FALSE(order_status_from_text(text).has_value());
  }
}

TEST_CASE("ended are completed, partial, canceled, refunded, failed and expired, and no others") {
  const std::set ended = {OrderStatus::completed, OrderStatus::partial, OrderStatus::canceled,
                          OrderStatus::refunded,  OrderStatus::failed,  OrderStatus::expired};
  for (const auto status : all_order_statuses) CHECK(has_ended(status) == (ended.count(status) == 1));
}

}  // namespace smm::status_test
