#include "purchase_reading.h"

namespace smm::panel::testing::refill_reply_test {
namespace {

const std::vector<OrderId> three = ids({"1", "2", "3"});

TEST_CASE("a single refill is accepted with the id the panel gives it, be it number, string or text") {
  CHECK(refill(R"({"refill":"1"})") == "yes 1");
  CHECK(refill(R"({"refill":1})") == "yes 1");
  CHECK(refill(R"({"refill":4711})", "23501") == "yes 4711");
  CHECK(refill(R"({"refill":"ref_12"})") == "yes ref_12");
  CHECK(refill(R"({"status":"success","refill":"5"})") == "yes 5");
  CHECK(refill(R"({"refill":"5","status":"Pending"})") == "yes 5");
  CHECK(refill(R"({"order":1,"refill":5})") == "yes 5");
  CHECK(refill(R"([{"order":1,"refill":5}])") == "yes 5");
  CHECK(refill(R"([{"refill":5}])") == "yes 5");
  CHECK(refill(R"({"data":{"refill":5}})") == "yes 5");
  CHECK(refill(R"({"status":true,"data":{"id":"77"}})") == "yes 77");
  CHECK(refill(R"({"refill":{"id":"77","status":"Pending"}})") == "yes 77");
  CHECK(refill(R"({"refill_id":"77","error":null})") == "yes 77");
  CHECK(refill(R"({"1":{"refill":77}})") == "yes 77");
  CHECK(refill(R"({"1":77})") == "yes 77");
}

TEST_CASE("a yes without an id is accepted without one") {
  for (const std::string_view body :
       {R"({"refill":true})", R"({"refill":"true"})", R"({"refill":"success"})", R"({"refill":"Pending"})",
        R"({"refill":{"status":"Pending"}})", R"({"status":"success"})", R"({"ok":"true"})",
        R"({"success":true,"message":"Refill requested"})", R"({"status":"success","data":[]})",
        R"({"status":"success","id":"1"})", R"({"message":"Refill request accepted"})",
        R"({"status":"success","data":null})"}) {
    CAPTURE(body);
    CHECK(refill(body) == "yes");
  }
}

TEST_CASE("a single refusal keeps the panel's words, however it is wrapped") {
  for (const std::string_view body :
       {R"({"error":"Incorrect order ID"})", R"({"refill":{"error":"Incorrect order ID"}})",
        R"({"error":"Incorrect order ID","status":"104"})", R"({"errors":["Incorrect order ID"]})",
        R"({"status":"error","message":"Incorrect order ID"})", R"({"refill":"Incorrect order ID"})",
        R"({"error":true,"message":"Incorrect order ID"})", R"("Incorrect order ID")",
        R"(["Incorrect order ID"])", R"([{"order":1,"error":"Incorrect order ID"}])",
        R"([{"order":1,"refill":{"error":"Incorrect order ID"}}])",
        R"({"status":"success","data":{"error":"Incorrect order ID"}})", R"({"1":"Incorrect order ID"})",
        R"({"refill":false,"message":"Incorrect order ID","error":"Incorrect order ID"})",
        R"({"status":"success","message":"Incorrect order ID"})"}) {
    CAPTURE(body);
    CHECK(refill(body) == "no said-no: Incorrect order ID");
  }
  const auto no = read_refill({200, R"({"error":"Order not found."})"}, OrderId("1"), context());
  REQUIRE(no);
  CHECK(std::get<Refused>(*no).unknown_id);
  CHECK(refill(R"({"error":"Invalid API key"})") == "no key-rejected: Invalid API key");
  CHECK(refill(R"({"error":"Later"})", "1", 429) == "no rate-limited: Later");
  CHECK(refill(R"({"message":"Refill will be available in 9 hours 3 minutes"})").substr(0, 10) ==
        "no said-no");
}

TEST_CASE("false and 0 say no where a yes would stand, null and nothing say nothing") {
  for (const auto* value : {"false", "0", R"("0")", R"("false")", R"("error")", R"("Rejected")"}) {
    CAPTURE(value);
    CHECK(refill(R"({"refill":)" + std::string(value) + "}").substr(0, 10) == "no said-no");
  }
  for (const auto* value : {"null", R"("")", "[]", "{}", "-1", "1.5", R"("Whatever")", "[1,2]"}) {
    CAPTURE(value);
    CHECK(refills(R"([{"order":1,"refill":)" + std::string(value) + "}]", ids({"1"})) == "-");
  }
}

TEST_CASE("codes and words are no refill's id") {
  for (const auto* value : {R"("ERR_104")", R"("Error404")", R"("HTTP500")", R"("not_found_1")"}) {
    CAPTURE(value);
    CHECK(refill(R"({"refill":)" + std::string(value) + "}").substr(0, 3) != "yes");
  }
}

TEST_CASE("a batch says of each order what became of it") {
  CHECK(refills(R"([{"order":1,"refill":11},{"order":2,"refill":"12"},{"order":3,"refill":"ref_13"}])",
                three) == "yes 11 | yes 12 | yes ref_13");
  CHECK(refills(R"([{"order":3,"refill":{"error":"Incorrect order ID"}},{"order":"1","refill":1}])", three) ==
        "yes 1 | - | no said-no: Incorrect order ID");
  CHECK(refills(R"([{"order":2,"error":"Refill is not available"},{"order":1,"refill":1}])", three) ==
        "yes 1 | no said-no: Refill is not available | -");
  CHECK(refills(R"({"1":{"refill":11},"2":{"refill":{"error":"No"}},"3":{"error":"Nope"}})", three) ==
        "yes 11 | no said-no: No | no said-no: Nope");
  CHECK(refills(R"({"1":11,"2":"Incorrect order ID","3":null})", three) ==
        "yes 11 | no said-no: Incorrect order ID | -");
  CHECK(refills(R"({"status":"success","data":[{"order":2,"refill":5}]})", three) == "- | yes 5 | -");
  CHECK(refills(R"({"refill":[{"order":2,"refill":5}]})", three) == "- | yes 5 | -");
  CHECK(refills(R"({"orders":{"2":{"refill":5}}})", three) == "- | yes 5 | -");
  CHECK(refills(R"({"order":2,"refill":5})", three) == "- | yes 5 | -");
  CHECK(refills("[]", three) == "- | - | -");
  CHECK(refills("{}", three) == "- | - | -");
  CHECK(refills(R"({"status":"success","data":[]})", three) == "- | - | -");
}

TEST_CASE("orders that nobody asked about are ignored") {
  CHECK(refills(R"([{"order":999,"refill":9},{"order":1,"refill":1}])", three) == "yes 1 | - | -");
  CHECK(refills(R"({"999":{"refill":9}})", three) == "- | - | -");
  CHECK(refill(R"({"order":999,"refill":9})") == "-");
  CHECK(refill(R"([{"order":999,"refill":9}])") == "-");
  CHECK(refill(R"({"status":"success","999":{"refill":9}})") == "-");
}

TEST_CASE("an object keyed by position is read by the orders it names") {
  CHECK(refills(R"({"1":{"order":2,"refill":12},"2":{"order":3,"refill":13},"0":{"order":1,"refill":11}})",
                three) == "yes 11 | yes 12 | yes 13");
}

TEST_CASE("an order said twice the same stands, said twice differently the reply is malformed") {
  CHECK(refills(R"([{"order":1,"refill":1},{"order":"1","refill":"1"}])", three) == "yes 1 | - | -");
  CHECK(refills(R"([{"order":1,"refill":1},{"order":1,"refill":2}])", three) == "doubt malformed");
  CHECK(refills(R"([{"order":1,"refill":1},{"order":1,"error":"No"}])", three) == "doubt malformed");
  CHECK(refills(R"({"1":11,"1":12})", three) == "doubt malformed");
  CHECK(refills(R"([{"order":1,"refill":1,"refill":2}])", three) == "doubt malformed");
}

TEST_CASE("a yes and a no about one order are in doubt") {
  CHECK(refills(R"([{"order":1,"refill":1,"error":"No"},{"order":2,"refill":2}])", three) == "- | yes 2 | -");
  CHECK(refill(R"({"refill":"5","error":"Not possible"})") == "doubt wrong-shape");
  CHECK(refills(R"({"error":"Some failed","1":{"refill":1}})", three) == "doubt wrong-shape");
}

TEST_CASE("a no around a yes is in doubt, for who knows what was done") {
  CHECK(refills(R"({"error":"Some failed","data":[{"order":1,"refill":1}]})", three) == "doubt wrong-shape");
  CHECK(refills(R"({"status":"fail","refills":{"1":5}})", three) == "doubt wrong-shape");
  CHECK(refill(R"({"success":false,"data":{"refill":"5"}})") == "doubt wrong-shape");
  CHECK(refills(R"({"error":"None worked","data":[{"order":1,"refill":{"error":"No"}}]})", ids({"1"})) ==
        "whole: no said-no: None worked");
}

TEST_CASE("errors that name their orders are about these alone") {
  CHECK(refills(R"({"errors":{"1":"Incorrect order ID"}})", three) ==
        "no said-no: Incorrect order ID | - | -");
  CHECK(refills(R"({"errors":[{"order":2,"error":"No"}],"data":[]})", three) == "- | no said-no: No | -");
  CHECK(refills(R"({"errors":{"1":"Not yet done"},"3":{"refill":7}})", three) ==
        "no said-no: Not yet done | - | yes 7");
}

TEST_CASE("words that tell of a deed are no refusal, and not enough for a yes") {
  CHECK(refills(R"({"1":"Refill created","2":"Order not refilled","3":"Refill created successfully"})",
                three) == "- | no said-no: Order not refilled | yes");
  CHECK(cancels(R"({"1":"Order canceled","2":"Order already canceled"})", ids({"1", "2"})) ==
        "- | no said-no: Order already canceled");
  CHECK(cancel(R"({"success":"Cancel request sent"})") == "yes");
  CHECK(cancel(R"({"success":"Incorrect order ID"})") == "doubt wrong-shape");
}

TEST_CASE("an error for the whole batch refuses every order of it") {
  CHECK(refills(R"({"error":"Invalid API key"})", ids({"1", "2"})) ==
        "whole: no key-rejected: Invalid API key | no key-rejected: Invalid API key");
  CHECK(refills(R"({"error":"Slow down"})", ids({"1"})) == "whole: no rate-limited: Slow down");
  CHECK(refills(R"({"error":"Maintenance"})", ids({"1"}), 503) == "whole: no said-no: Maintenance");
  CHECK(refills(R"({"error":"Nothing works","1":{"error":"No"}})", ids({"1"})) ==
        "whole: no said-no: Nothing works");
}

TEST_CASE("a panel that knows no batches says so, and did nothing") {
  for (const std::string_view body :
       {R"({"error":"Order not found.","status":"104"})", R"({"error":"Incorrect order ID"})",
        R"({"error":"Order ID is required"})", R"("Incorrect order ID")",
        R"({"error":"Too many IDs in one request, the limit is 10"})"}) {
    CAPTURE(body);
    const auto answers = read_refills({200, body}, three, context());
    REQUIRE(answers);
    REQUIRE(answers->whole);
    CHECK(answers->whole->kind == ErrorKind::batch_refused);
    CHECK(answers->each.size() == 3);
  }
}

TEST_CASE("a yes that does not say of which order, to a question about several, is in doubt") {
  for (const std::string_view body :
       {R"({"refill":"1"})", R"({"status":"success"})", R"({"ok":"true"})", R"([{"refill":1},{"refill":2}])",
        R"({"message":"Refill requests accepted"})", R"("Refills accepted")", R"([1,2,3])", "[1]"}) {
    CAPTURE(body);
    CHECK(refills(body, three).substr(0, 17) == "doubt wrong-shape");
  }
}

TEST_CASE("what is no answer is in doubt, and a page never refuses") {
  CHECK(refill("") == "doubt empty");
  CHECK(refill("null") == "doubt wrong-shape");
  CHECK(refill("<html></html>", "1", 502) == "doubt http-error");
  CHECK(refill("<html></html>", "1", 429) == "doubt rate-limited");
  CHECK(refill(R"({"refill":"1"})", "1", 302) == "doubt redirected");
  CHECK(refill(R"({"status":"success"})", "1", 500) == "doubt http-error");
  CHECK(refill(R"({"message":"Server Error"})", "1", 500) == "doubt http-error");
  CHECK(refill(R"({"message":"It is late"})") == "doubt wrong-shape");
  CHECK(refill(R"({"message":"It is late"})", "1", 400) == "no said-no: It is late");
  CHECK(refill(R"({"refill":"1"})", "1", 500) == "yes 1");
  CHECK(refills("[]", three, 500) == "doubt http-error");
  CHECK(refill(R"({"id":77})") == "doubt wrong-shape");
}

}  // namespace
}  // namespace smm::panel::testing::refill_reply_test
