#include "purchase_reading.h"

namespace smm::panel::testing::cancel_reply_test {
namespace {

const std::vector<OrderId> two = ids({"9", "2"});

TEST_CASE("a batch of cancels says of each order whether it was asked for") {
  CHECK(cancels(R"([{"order":9,"cancel":{"error":"Incorrect order ID"}},{"order":2,"cancel":1}])", two) ==
        "no said-no: Incorrect order ID | yes");
  CHECK(cancels(R"([{"order":"2","cancel":"1"},{"order":9,"cancel":true}])", two) == "yes | yes");
  CHECK(cancels(R"([{"order":9,"error":"Order is already completed"},{"order":2,"cancel":1}])", two) ==
        "no said-no: Order is already completed | yes");
  CHECK(cancels(R"({"9":{"cancel":1},"2":{"cancel":{"error":"No"}}})", two) == "yes | no said-no: No");
  CHECK(cancels(R"({"9":1,"2":"Incorrect order ID"})", two) == "yes | no said-no: Incorrect order ID");
  CHECK(cancels(R"({"9":{"status":"success"},"2":{"error":"No"}})", two) == "yes | no said-no: No");
  CHECK(cancels(R"([{"order":9,"status":"success"},{"order":2,"status":"error","message":"Late"}])", two) ==
        "yes | no said-no: Late");
  CHECK(cancels(R"({"status":"success","data":[{"order":9,"cancel":1}]})", two) == "yes | -");
  CHECK(cancels(R"({"cancels":[{"order":2,"cancel":1}]})", two) == "- | yes");
  CHECK(cancels("[]", two) == "- | -");
}

TEST_CASE("a cancel of one order is accepted in every shape panels were seen to use") {
  for (const std::string_view body : {R"([{"order":1,"cancel":1}])",
                                      R"([{"order":"1","cancel":"1"}])",
                                      R"({"cancel":1})",
                                      R"({"cancel":"1"})",
                                      R"({"cancel":true})",
                                      R"({"ok":"true"})",
                                      R"({"ok":true})",
                                      R"({"status":"success"})",
                                      R"({"success":1})",
                                      R"({"1":{"cancel":1}})",
                                      R"({"1":1})",
                                      R"({"order":1,"cancel":1})",
                                      R"([{"cancel":1}])",
                                      R"({"data":{"cancel":1}})",
                                      R"({"cancel":"Cancel request sent"})",
                                      R"({"status":"success","message":"Cancellation requested"})",
                                      R"({"cancel":4711})",
                                      R"({"cancel":"Canceled"})",
                                      R"({"cancel":"success"})",
                                      R"({"order":1,"cancel":1,"status":"Canceled"})"}) {
    CAPTURE(body);
    CHECK(cancel(body) == "yes");
    CHECK(cancels(body, ids({"1"})) == "yes");
  }
}

TEST_CASE("false and 0 say no where a yes would stand, null and nothing say nothing") {
  for (const auto* value : {"false", "0", R"("0")", R"("false")", R"("no")", R"("Rejected")"}) {
    CAPTURE(value);
    CHECK(cancels(R"([{"order":2,"cancel":)" + std::string(value) + "}]", two).substr(0, 14) ==
          "- | no said-no");
  }
  for (const auto* value : {"null", R"("")", "[]", "{}", "-1", "1.5", R"("Completed")", R"("Whatever")"}) {
    CAPTURE(value);
    CHECK(cancels(R"([{"order":2,"cancel":)" + std::string(value) + "}]", two) == "- | -");
  }
}

TEST_CASE("a refused cancel keeps the panel's words") {
  for (const std::string_view body :
       {R"({"error":"Cancel is not available"})", R"({"cancel":{"error":"Cancel is not available"}})",
        R"({"cancel":"Cancel is not available"})", R"([{"order":1,"error":"Cancel is not available"}])",
        R"({"status":"error","message":"Cancel is not available"})", R"({"1":"Cancel is not available"})",
        R"({"ok":false,"message":"Cancel is not available"})",
        R"({"ok":"false","error":"Cancel is not available"})"}) {
    CAPTURE(body);
    CHECK(cancel(body) == "no said-no: Cancel is not available");
  }
}

TEST_CASE("a panel that does not know orders= is asked with order= next") {
  const auto answers = read_cancels({200, R"({"error":"Incorrect order ID"})"}, ids({"1"}), context());
  REQUIRE(answers);
  REQUIRE(answers->whole);
  CHECK(answers->whole->kind == ErrorKind::batch_refused);
  CHECK(answers->whole->unknown_id);
  CHECK(cancel(R"({"error":"Incorrect order ID"})") == "no said-no: Incorrect order ID");
}

TEST_CASE("a yes that does not say of which order, and whatever is no answer, is in doubt") {
  CHECK(cancels(R"({"cancel":1})", two) == "doubt wrong-shape");
  CHECK(cancels(R"({"ok":"true"})", two) == "doubt wrong-shape");
  CHECK(cancels(R"([{"order":9,"cancel":1},{"order":9,"cancel":0}])", two) == "doubt malformed");
  CHECK(cancel(R"({"cancel":1,"error":"No"})") == "doubt wrong-shape");
  CHECK(cancel(R"({"cancel":1,"cancel":0})") == "doubt malformed");
  CHECK(cancel("") == "doubt empty");
  CHECK(cancel("<html></html>") == "doubt not-json");
  CHECK(cancel(R"({"order":999,"cancel":1})") == "-");
  CHECK(cancel(R"({"ok":"true"})", "1", 500) == "doubt http-error");
}

}  // namespace
}  // namespace smm::panel::testing::cancel_reply_test
