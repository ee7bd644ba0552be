#include "reading.h"

#include <array>

// What a panel says when it says no, and what is made of a body that is none.
namespace smm::panel::testing::errors_test {
namespace {

const std::vector<OrderId> two = ids({"1", "2"});

TEST_CASE("every kind of error has a name of its own that reads back") {
  for (const auto kind :
       {ErrorKind::empty, ErrorKind::not_json, ErrorKind::truncated, ErrorKind::malformed,
        ErrorKind::wrong_shape, ErrorKind::redirected, ErrorKind::http_error, ErrorKind::rate_limited,
        ErrorKind::key_rejected, ErrorKind::batch_refused, ErrorKind::said_no, ErrorKind::too_large,
        ErrorKind::timeout, ErrorKind::unreachable, ErrorKind::broken_off}) {
    CHECK(error_kind_from_text(to_text(kind)) == kind);
  }
  CHECK(to_text(ErrorKind::not_json) == "not-json");
  CHECK_FALSE(error_kind_from_text("no such kind"));
}

TEST_CASE("nested errors under an id, however they are wrapped, are errors for that id") {
  for (const std::string_view json :
       {R"({"error":"Incorrect order ID"})", R"({"error":{"message":"Incorrect order ID"}})",
        R"({"errors":["Incorrect order ID"]})", R"({"errors":[{"message":"Incorrect order ID"}]})",
        R"({"status":"error","message":"Incorrect order ID"})",
        R"({"error":true,"message":"Incorrect order ID"})", R"({"error":1,"msg":"Incorrect order ID"})",
        R"({"success":false,"message":"Incorrect order ID"})", R"({"status":{"error":"Incorrect order ID"}})",
        R"({"message":"Incorrect order ID"})", R"({"status":"success","message":"Incorrect order ID"})",
        R"(["Incorrect order ID"])"}) {
    CAPTURE(json);
    const auto error = id_error(read_batch("{\"1\":" + std::string(json) + "}", two), "1");
    CHECK(error.words == "Incorrect order ID");
    CHECK(error.unknown_id);
  }
}

TEST_CASE("flat errors in an array are errors for the id beside them") {
  const auto error = id_error(read_batch(R"([{"order":2,"error":"Order not found"}])", two), "2");
  CHECK(error.id == OrderId("2"));
  CHECK(error.unknown_id);
}

TEST_CASE("an error with a status beside it is an error and no status") {
  const auto error = id_error(read_batch(R"({"1":{"error":"Order not found.","status":"104"}})", two), "1");
  CHECK(error.words == "Order not found.");
  const auto single = id_error(read_single(R"({"error":"Order not found.","status":"104"})"), "1");
  CHECK(single.words == "Order not found.");
  CHECK(single.unknown_id);
}

TEST_CASE("a panel without batches refuses the batch, and is not asked that way again") {
  for (const std::string_view body :
       {R"({"error":"Order not found.","status":"104"})", R"({"error":"Incorrect order ID"})",
        R"({"status":"error","message":"Invalid order ID"})", R"({"errors":[{"message":"Order not found"}]})",
        R"({"error":"Order ID is required"})", R"("Incorrect order ID")", R"(["Incorrect order ID"])",
        R"({"message":"Order not found"})", R"({"error":"Pedido no encontrado"})"}) {
    CAPTURE(body);
    CHECK(error_of(read_batch(body, two)) == ErrorKind::batch_refused);
    CHECK(error_of(read_batch(body, ids({"1"}))) == ErrorKind::batch_refused);
    CHECK(error_of(read_batch(body, two, 400)) == ErrorKind::batch_refused);
    CHECK(error_of(read_batch(body, two, 404)) == ErrorKind::batch_refused);
  }
}

TEST_CASE("a batch over the panel's limit is refused") {
  for (const std::string_view words : {"Too many orders", "max 100 orders",
                                       "Maximum 100 order ids are allowed", "You can check up to 100 orders",
                                       "Multiple orders are not supported", "Bulk status is not available"}) {
    CAPTURE(words);
    CHECK(sort_error(words, 200) == ErrorKind::batch_refused);
    CHECK(error_of(read_batch(R"({"error":")" + std::string(words) + R"("})", two)) ==
          ErrorKind::batch_refused);
  }
}

TEST_CASE("the words for one id tell an unknown order from a panel that will not say now") {
  const auto unknown = [](const std::string& words) {
    return id_error(read_batch(R"({"1":{"error":")" + words + R"("}})", two), "1").unknown_id;
  };
  for (const auto* words : {"Incorrect order ID", "Order not found", "invalid order", "Order does not exist",
                            "No such order", "ORDER_NOT_FOUND", "Wrong order id", "Unknown order",
                            "not found", "Заказ не найден", "Sipariş bulunamadı", "Pedido não encontrado",
                            "Đơn hàng không tồn tại", "Incorrect order ID for this key"}) {
    CAPTURE(words);
    CHECK(unknown(words));
  }
  for (const auto* words : {"Rate limit", "try later", "Internal error", "Invalid API key", "Order is locked",
                            "Too many requests", "Server not found", "Please wait"}) {
    CAPTURE(words);
    CHECK_FALSE(unknown(words));
  }
}

TEST_CASE("{status:error, message} for the whole reply is an error, with its words") {
  const auto reading = read_batch(R"({"status":"error","message":"Something went wrong"})", two);
  CHECK(error_of(reading) == ErrorKind::said_no);
  CHECK(reading.error->words == "Something went wrong");
  CHECK(error_of(read_single(R"({"status":"error"})")) == ErrorKind::said_no);
  CHECK(error_of(read_single(R"({"status":"fail","message":"Down"})")) == ErrorKind::said_no);
  CHECK(error_of(read_single(R"({"status":false,"msg":"Down"})")) == ErrorKind::said_no);
  CHECK(error_of(read_single(R"({"status":401,"message":"Invalid API key"})")) == ErrorKind::key_rejected);
}

TEST_CASE("{errors:[…]} is an error, with the first words in it") {
  const auto list = read_batch(R"({"errors":["Bad request","Other"]})", two);
  CHECK(error_of(list) == ErrorKind::said_no);
  CHECK(list.error->words == "Bad request");
  const auto fields = read_batch(R"({"errors":{"key":["The key field is required."]}})", two);
  CHECK(error_of(fields) == ErrorKind::key_rejected);
  CHECK(fields.error->words == "The key field is required.");
}

TEST_CASE("{error:true, message} is an error, with the message for words") {
  const auto reading = read_batch(R"({"error":true,"message":"Service unavailable"})", two);
  CHECK(error_of(reading) == ErrorKind::said_no);
  CHECK(reading.error->words == "Service unavailable");
  CHECK(error_of(read_batch(R"({"error":true})", two)) == ErrorKind::said_no);
}

TEST_CASE("an order that failed is a state, not an error") {
  CHECK(seen(read_single(R"({"status":"Error","charge":"0.1","remains":"10"})"), "1").status ==
        OrderStatus::failed);
  CHECK(
      seen(read_single(R"({"status":"Fail","charge":null,"remains":null,"start_count":null})"), "1").status ==
      OrderStatus::failed);
  CHECK(seen(read_batch(R"({"1":{"status":"Failed"}})", two), "1").status == OrderStatus::failed);
}

TEST_CASE("null is no answer") {
  CHECK(error_of(read_batch("null", two)) == ErrorKind::wrong_shape);
  CHECK(error_of(read_single("null")) == ErrorKind::wrong_shape);
  CHECK(error_of(read_single("12")) == ErrorKind::wrong_shape);
  CHECK(error_of(read_single("true")) == ErrorKind::wrong_shape);
}

TEST_CASE("an empty body is empty, also when it is blank") {
  CHECK(error_of(read_batch("", two)) == ErrorKind::empty);
  CHECK(error_of(read_single(" \r\n\t")) == ErrorKind::empty);
  CHECK(error_of(read_single("\xEF\xBB\xBF")) == ErrorKind::empty);
  CHECK(error_of(read_single("", "1", 500)) == ErrorKind::http_error);
  CHECK(error_of(read_single("", "1", 401)) == ErrorKind::key_rejected);
  CHECK(error_of(read_single("", "1", 403)) == ErrorKind::key_rejected);
  CHECK(error_of(read_single("", "1", 429)) == ErrorKind::rate_limited);
}

constexpr std::string_view page =
    "<!DOCTYPE html>\n<html><head><title>Just a moment</title><script>var x = {\"a\": [1, "
    "2]};</script></head>"
    "<body class=\"x\">Invalid API key? {\"status\":\"Completed\"}</body></html>";

TEST_CASE("an HTML page with 200 is not JSON, whatever stands in its scripts") {
  const auto reading = read_single(page);
  CHECK(error_of(reading) == ErrorKind::not_json);
  CHECK(reading.error->words == "the reply is an HTML page");
  CHECK(error_of(read_single("<html><script>x = {\"status\":\"Completed\"")) == ErrorKind::not_json);
}

TEST_CASE("an HTML page with 500 is the HTTP code's error, with 403 a gateway's") {
  const auto reading = read_single(page, "1", 500);
  CHECK(error_of(reading) == ErrorKind::http_error);
  CHECK(reading.error->words == "HTTP 500, the reply is an HTML page");
  CHECK(error_of(read_single(page, "1", 403)) == ErrorKind::http_error);
  CHECK(error_of(read_single(page, "1", 401)) == ErrorKind::key_rejected);
  CHECK(error_of(read_single(page, "1", 429)) == ErrorKind::rate_limited);
}

TEST_CASE("plain words are quoted, and believed as far as they blame key or pace") {
  const auto reading = read_single("Under maintenance");
  CHECK(error_of(reading) == ErrorKind::not_json);
  CHECK(reading.error->words == "the reply is not JSON: Under maintenance");
  CHECK(error_of(read_single("Too many requests")) == ErrorKind::rate_limited);
  CHECK(error_of(read_single("Invalid API key")) == ErrorKind::key_rejected);
  CHECK(error_of(read_single(R"("Invalid API key")")) == ErrorKind::key_rejected);
  CHECK(error_of(read_single("nul")) == ErrorKind::not_json);
}

TEST_CASE("400, 401, 403, 404 and 500 with a JSON error are what its words say") {
  const auto body = [](std::string_view words) { return R"({"error":")" + std::string(words) + R"("})"; };
  for (const long status : {200L, 400L, 401L, 403L, 404L, 500L}) {
    CAPTURE(status);
    CHECK(error_of(read_batch(body("Invalid API key"), two, status)) == ErrorKind::key_rejected);
    CHECK(error_of(read_batch(body("Rate limit exceeded"), two, status)) == ErrorKind::rate_limited);
    CHECK(error_of(read_batch(body("Max 100 orders"), two, status)) == ErrorKind::batch_refused);
    CHECK(error_of(read_batch(body("Try later"), two, status)) == ErrorKind::said_no);
  }
  CHECK(error_of(read_batch(R"({"error":true})", two, 401)) == ErrorKind::key_rejected);
  CHECK(error_of(read_batch(R"({"error":true})", two, 403)) == ErrorKind::key_rejected);
  CHECK(error_of(read_batch(R"({"error":true})", two, 500)) == ErrorKind::http_error);
  CHECK(error_of(read_batch("{}", two, 403)) == ErrorKind::key_rejected);
  CHECK(error_of(read_batch("[]", two, 502)) == ErrorKind::http_error);
}

TEST_CASE("400, 401, 403, 429 and 500 with a valid answer are read as the answer") {
  const auto body = "{\"1\":" + std::string(partial) + "}";
  for (const long status : {400L, 401L, 403L, 404L, 429L, 500L}) {
    CAPTURE(status);
    CHECK(seen(read_batch(body, two, status), "1").remains == 157);
    CHECK(seen(read_single(partial, "1", status), "1").remains == 157);
  }
}

TEST_CASE("with a failure's code a bare status word is no order") {
  CHECK(error_of(read_single(R"({"status":"Expired"})", "1", 500)) == ErrorKind::http_error);
  CHECK(error_of(read_single(R"({"code":"forbidden","message":"No","data":{"status":401}})", "1", 401)) !=
        ErrorKind::wrong_shape);
}

TEST_CASE("429 is a rate limit whatever its body says, unless it is an answer") {
  CHECK(error_of(read_batch(R"({"error":"Invalid API key"})", two, 429)) == ErrorKind::rate_limited);
  CHECK(error_of(read_batch(R"({"error":"Incorrect order ID"})", two, 429)) == ErrorKind::rate_limited);
  CHECK(error_of(read_single(R"({"error":"Incorrect order ID"})", "1", 429)) == ErrorKind::rate_limited);
  CHECK(error_of(read_batch("[]", two, 429)) == ErrorKind::rate_limited);
  CHECK(error_of(read_batch("{\"1\":{\"cha", two, 429)) == ErrorKind::rate_limited);
}

TEST_CASE("a 200 rate limit is a rate limit") {
  for (const std::string_view words :
       {"Rate limit exceeded", "rate_limit_exceeded", "Too many requests", "Too Many Attempts.",
        "API request limit reached", "Please slow down", "60 requests per minute"}) {
    CAPTURE(words);
    CHECK(sort_error(words, 200) == ErrorKind::rate_limited);
    CHECK(error_of(read_single(R"({"error":")" + std::string(words) + R"("})")) == ErrorKind::rate_limited);
  }
}

TEST_CASE("words about key or account reject the key, words about anything else do not") {
  for (const std::string_view words :
       {"Invalid API key", "Incorrect API key", "Account suspended", "Your account is blocked", "Bad key",
        "API key is missing", "api_key_invalid", "Unauthorized", "Unauthenticated.", "User is inactive",
        "Wrong token", "API key not found", "IP not allowed", "The key field is required.",
        "Access denied"}) {
    CAPTURE(words);
    CHECK(sort_error(words, 200) == ErrorKind::key_rejected);
  }
  for (const std::string_view words :
       {"Incorrect request", "Order not found", "Not enough funds", "Unknown action", "Keyboard not found",
        "Incorrect order ID for this key", "", "monkey is invalid"}) {
    CAPTURE(words);
    CHECK(sort_error(words, 200) == ErrorKind::said_no);
  }
  CHECK(sort_error("", 401) == ErrorKind::key_rejected);
  CHECK(sort_error("", 403) == ErrorKind::key_rejected);
  CHECK(sort_error("Something else", 403) == ErrorKind::said_no);
}

TEST_CASE("302 is never followed and never read, whatever its body") {
  const auto body = "{\"1\":" + std::string(partial) + "}";
  for (const long status : {301L, 302L, 303L, 307L, 308L}) {
    CHECK(error_of(read_batch(body, two, status)) == ErrorKind::redirected);
    CHECK(error_of(read_single(partial, "1", status)) == ErrorKind::redirected);
    const auto balance = read_balance({status, R"({"balance":"1"})"}, context());
    REQUIRE_FALSE(balance);
    CHECK(balance.error().kind == ErrorKind::redirected);
  }
}

TEST_CASE("a single call's refusal about the order is an entry, any other is the panel's error") {
  for (const auto* words :
       {"Incorrect order ID", "Order not found.", "This order belongs to somebody else"}) {
    CAPTURE(words);
    CHECK(id_error(read_single(R"({"error":")" + std::string(words) + R"("})"), "1").words == words);
    CHECK(id_error(read_single(R"({"status":"error","message":")" + std::string(words) + R"("})", "1", 404),
                   "1")
              .words == words);
  }
  CHECK(id_error(read_single(R"("Incorrect order ID")"), "1").unknown_id);
  CHECK(id_error(read_single(R"({"message":"Order not found"})"), "1").unknown_id);
  CHECK_FALSE(id_error(read_single(R"({"error":"This order is hidden"})"), "1").unknown_id);
  CHECK(error_of(read_single(R"({"error":"Under maintenance"})")) == ErrorKind::said_no);
  CHECK(error_of(read_single(R"({"error":"Cannot load order, database down"})", "1", 500)) ==
        ErrorKind::said_no);
}

TEST_CASE("truncated, malformed and not JSON are told apart") {
  for (const std::string_view body :
       {"{", "[", "{\"1", "{\"1\":", "{\"1\":{\"charge\":\"0.2", "[{\"order\":1}", "[{\"order\":1},",
        "{\"1\":{\"charge\":tru", "{\"1\":{\"charge\":1.", "{\"1\":\"caf\xC3"}) {
    CAPTURE(body);
    CHECK(error_of(read_batch(body, two)) == ErrorKind::truncated);
  }
  for (const std::string_view body : {"{\"1\" {}}", "{\"1\":{}} x", "{\"1\":{},}", "{\"1\":{},\"2\"}",
                                      "[{\"order\":1} {\"order\":2}]", "{}}"}) {
    CAPTURE(body);
    CHECK(error_of(read_batch(body, two)) == ErrorKind::malformed);
  }
  for (const std::string_view body : {"OK", "1;", "{main}", "nothing [here]", "<br />"}) {
    CAPTURE(body);
    CHECK(error_of(read_batch(body, two)) == ErrorKind::not_json);
  }
}

TEST_CASE("an order's object that is broken inside is malformed for that order alone") {
  for (const std::string_view broken :
       {R"({"status":"Completed","x":nul})", R"({"status":"Completed" "x":1})",
        R"({"status":"Completed","x":01})", R"({"status":"Completed",})",
        R"({"status":"Completed","x":"\q"})", R"({"status":"Completed","x":[1}]})"}) {
    CAPTURE(broken);
    const auto reading =
        read_batch("{\"1\":" + std::string(broken) + ",\"2\":" + std::string(partial) + "}", two);
    if (reading.error) continue;
    CHECK(entry_error(reading, "1") == ErrorKind::malformed);
    CHECK(seen(reading, "2").remains == 157);
  }
}

TEST_CASE("what stands under an id and reports nothing of an order is the wrong shape") {
  for (const std::string_view json :
       {"1", "true", "{}", "[1,2]", R"({"a":1})", R"({"status":"success"})", R"({"status":null})"}) {
    CAPTURE(json);
    CHECK(entry_error(read_batch("{\"1\":" + std::string(json) + "}", two), "1") == ErrorKind::wrong_shape);
  }
}

}  // namespace
}  // namespace smm::panel::testing::errors_test
