#include "purchase_reading.h"

// An add is done, refused, or in doubt; it is never guessed which.
namespace smm::panel::testing::add_reply_test {
namespace {

TEST_CASE("an order's id in the reply means the order was placed, whatever the id looks like") {
  CHECK(add(R"({"order":23501})") == "order 23501");
  CHECK(add(R"({"order":"23501"})") == "order 23501");
  CHECK(add(R"({"order":" 23501 "})") == "order 23501");
  CHECK(add(R"({"order":"ord_01HG9X5Z"})") == "order ord_01HG9X5Z");
  CHECK(add(R"({"order":"ord_abcdef"})") == "order ord_abcdef");
  CHECK(add(R"({"order":"65f0-11aa"})") == "order 65f0-11aa");
  CHECK(add(R"({"order":18446744073709551617})") == "order 18446744073709551617");
}

TEST_CASE("an id is found under its other names and in wrappers") {
  for (const std::string_view body :
       {R"({"status":"success","order":23501})", R"({"order":23501,"status":"Pending","charge":"0.9"})",
        R"({"error":false,"order":23501})", R"({"error":"","errors":[],"order":"23501"})",
        R"({"success":true,"order_id":23501})", R"({"status":true,"data":{"id":"23501","price":"1"}})",
        R"({"status":"success","data":{"order":23501}})", R"({"result":{"order":"23501"}})",
        R"({"data":{"order":{"id":23501}}})", R"({"order":{"id":23501,"status":"Pending"}})",
        R"([{"order":23501}])", R"({"orders":[23501]})", R"({"orders":[{"order":23501}]})",
        R"({"id":"request-7","order":23501})", R"({"data":[{"order":23501}],"message":"Order placed"})",
        "<br />\n<b>Notice</b>: x[0] in <b>y</b><br />\n{\"order\":23501}", "\xEF\xBB\xBF{\"order\":23501}",
        R"({"order":23501,"error":null,"message":"Order created"})"}) {
    CAPTURE(body);
    CHECK(add(body) == "order 23501");
  }
}

TEST_CASE("an id counts whatever the HTTP code, but a redirect is never read") {
  for (const long status : {200L, 201L, 400L, 403L, 429L, 500L, 502L}) {
    CAPTURE(status);
    CHECK(add(R"({"order":23501})", status) == "order 23501");
  }
  CHECK(add(R"({"order":23501})", 302) == "doubt redirected");
}

TEST_CASE("what stands where an id would and is none, is no id and no refusal either") {
  for (const auto* value :
       {"0",       "null",  "false",          "true",    R"("")",      R"("0")",    R"("000")",       "-1",
        R"("-5")", "1.5",   R"("1.5")",       "1e3",     R"("error")", R"("null")", R"("Not_Found")", "[]",
        "{}",      "[1,2]", R"("two words")", R"("a/b")"}) {
    CAPTURE(value);
    CHECK(add(R"({"order":)" + std::string(value) + "}").substr(0, 5) == "doubt");
  }
  CHECK(add(R"({"order":")" + std::string(65, '1') + R"("})") == "doubt wrong-shape");
  CHECK(add("23501") == "doubt wrong-shape");
  CHECK(add(R"("23501")") == "doubt wrong-shape");
  CHECK(add("[23501]") == "doubt malformed");
}

TEST_CASE("a JSON error is a refusal in the panel's words, whatever the HTTP code") {
  for (const long status : {200L, 400L, 402L, 404L, 422L, 500L, 503L}) {
    CAPTURE(status);
    CHECK(add(R"({"error":"Not enough funds on balance"})", status) ==
          "no said-no: Not enough funds on balance");
  }
  CHECK(add(R"({"error":"Invalid API key"})") == "no key-rejected: Invalid API key");
  CHECK(add(R"({"error":"Rate limit exceeded"})") == "no rate-limited: Rate limit exceeded");
  CHECK(add(R"({"error":"Try it again"})", 429) == "no rate-limited: Try it again");
  CHECK(add(R"({"error":"Maximum 100 orders a link"})") == "no said-no: Maximum 100 orders a link");
}

TEST_CASE("every way to say no is a refusal") {
  for (const std::string_view body :
       {R"({"error":"Incorrect link"})", R"({"status":"error","message":"Incorrect link"})",
        R"({"errors":["Incorrect link"]})", R"({"errors":{"link":["Incorrect link"]}})",
        R"({"error":true,"message":"Incorrect link"})", R"({"success":false,"message":"Incorrect link"})",
        R"({"status":"fail","message":"Incorrect link","order":null})",
        R"({"error":"Incorrect link","order":0})", R"({"status":false,"data":{"msg":"Incorrect link"}})",
        R"({"status":0,"message":"Incorrect link"})", R"({"data":{"error":"Incorrect link"}})",
        R"({"status":"success","data":{"error":"Incorrect link"}})", R"([{"error":"Incorrect link"}])",
        R"({"order":{"error":"Incorrect link"}})", R"({"error":"Incorrect link","status":"104"})",
        R"({"message":"Incorrect link"})", R"("Incorrect link")"}) {
    CAPTURE(body);
    CHECK(add(body) == "no said-no: Incorrect link");
  }
  CHECK(add(R"({"message":"The link field is odd."})", 422) == "no said-no: The link field is odd.");
  CHECK(add(R"({"error":true})").substr(0, 10) == "no said-no");
  CHECK(add(R"({"error":true})", 500) == "no http-error: HTTP 500");
}

TEST_CASE("a reply with both an id and an error is in doubt") {
  CHECK(add(R"({"order":23501,"error":"Not enough funds"})") == "doubt wrong-shape");
  CHECK(add(R"({"status":"error","order":23501})") == "doubt wrong-shape");
  CHECK(add(R"({"success":false,"data":{"order":23501}})") == "doubt wrong-shape");
  CHECK(add(R"({"error":"x","data":{"id":5}})") == "doubt wrong-shape");
}

TEST_CASE("two ids, two orders or a field said twice leave open which was meant") {
  CHECK(add(R"({"order":1,"order":2})") == "doubt malformed");
  CHECK(add(R"({"order":1,"order":1})") == "doubt malformed");
  CHECK(add(R"({"order":1,"order_id":2})") == "doubt malformed");
  CHECK(add(R"({"order":1,"data":{"order":2}})") == "doubt malformed");
  CHECK(add(R"([{"order":1},{"order":2}])") == "doubt malformed");
  CHECK(add(R"({"orders":[1,2]})") == "doubt malformed");
}

TEST_CASE("everything else is in doubt, and says what it was") {
  CHECK(add("") == "doubt empty");
  CHECK(add("null") == "doubt wrong-shape");
  CHECK(add("{}") == "doubt wrong-shape");
  CHECK(add("[]") == "doubt wrong-shape");
  CHECK(add(R"({"status":"success"})") == "doubt wrong-shape");
  CHECK(add(R"({"status":"success","message":"Incorrect, but done"})") == "doubt wrong-shape");
  CHECK(add(R"({"message":"Order created, but the link is invalid"})") == "doubt wrong-shape");
  CHECK(add(R"({"message":"Order placed"})") == "doubt wrong-shape");
  CHECK(add("<html><body>502</body></html>") == "doubt not-json");
  CHECK(add("<html><body>502</body></html>", 502) == "doubt http-error");
  CHECK(add("<html></html>", 429) == "doubt rate-limited");
  CHECK(add("Invalid API key") == "doubt key-rejected");
  CHECK(add("", 401) == "doubt key-rejected");
  CHECK(add(R"({"order":235)") == "doubt truncated");
  CHECK(add(R"({"order":23501}})") == "doubt malformed");
  CHECK(add(R"({"order":23501}{"order":2})") == "doubt malformed");
}

TEST_CASE("a server that crashed with a message may have placed the order before") {
  CHECK(add(R"({"message":"Server Error"})", 500) == "doubt http-error");
  CHECK(add(R"({"message":"Bad Gateway"})", 502) == "doubt http-error");
  CHECK(add(R"("Invalid request")", 500) == "doubt http-error");
  CHECK(add(R"({"message":"Unauthenticated."})", 401) == "no key-rejected: Unauthenticated.");
}

TEST_CASE("the panel's own key is no order") {
  const Context numeric{"20261121104", {}};
  CHECK(add(R"({"order":20261121104})", 200, numeric) == "doubt wrong-shape");
  CHECK(add(R"({"order":"7"})", 200, numeric) == "order 7");
}

TEST_CASE("of every strict prefix of a good reply none is read as done") {
  for (const std::string body :
       {R"({"order":23501})", R"({"order": "23501"})", R"([{"order":23501}])",
        R"({"status":"success","data":{"order":23501,"charge":"0.9"}})",
        "Notice: x[0]\n{\"order\":23501,\"note\":{\"order\":{\"id\":5}}}", R"({"orders":[{"order":23501}]})",
        R"({"note":[{"order":1}],"order":23501})"}) {
    CAPTURE(body);
    REQUIRE(add(body) == "order 23501");
    for (std::size_t size = 0; size < body.size(); ++size) {
      CAPTURE(size);
      CHECK(add(std::string_view(body).substr(0, size)).substr(0, 5) == "doubt");
    }
  }
}

}  // namespace
}  // namespace smm::panel::testing::add_reply_test
