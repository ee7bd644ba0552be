#include "reading.h"

namespace smm::panel::testing::balance_test {
namespace {

std::string balance_text(std::string_view body, long http_status = 200) {
  const auto balance = read_balance({http_status, body}, context());
  REQUIRE_MESSAGE(balance, (balance ? "" : balance.error().words));
  return balance->balance.text() + " " + balance->currency.value_or("-");
}

ErrorKind balance_error(std::string_view body, long http_status = 200) {
  const auto balance = read_balance({http_status, body}, context());
  REQUIRE_FALSE(balance);
  return balance.error().kind;
}

TEST_CASE("a balance is exact, as text or number, with or without its currency") {
  CHECK(balance_text(R"({"balance":"100.84292","currency":"USD"})") == "100.84292 USD");
  CHECK(balance_text(R"({"balance":100.842920,"currency":"RUB"})") == "100.842920 RUB");
  CHECK(balance_text(R"({"balance":"0"})") == "0 -");
  CHECK(balance_text(R"({"balance":"-3.5","currency":null})") == "-3.5 -");
  CHECK(balance_text(R"({"balance":"1,234.50","currency":"USD"})") == "1234.50 USD");
}

TEST_CASE("a balance may be wrapped, stand behind a notice, or come with a failure's code") {
  CHECK(balance_text(R"({"status":"success","balance":"5","currency":"USD"})") == "5 USD");
  CHECK(balance_text(R"({"status":"success","data":{"balance":"5","currency":"USD"}})") == "5 USD");
  CHECK(balance_text(R"({"data":{"balance":"5"},"currency":"USD"})") == "5 USD");
  CHECK(balance_text(R"([{"balance":"5","currency":"USD"}])") == "5 USD");
  CHECK(balance_text("Notice: x[0]\n{\"balance\":\"5\",\"currency\":\"USD\"}") == "5 USD");
  CHECK(balance_text(R"({"balance":"5","currency":"USD"})", 500) == "5 USD");
}

TEST_CASE("a balance that is none is the wrong shape") {
  for (const std::string_view body :
       {R"({"balance":null})", R"({"balance":""})", R"({"balance":"lots"})", R"({"balance":[]})", "{}", "[]",
        "null", R"({"balance":"12abc"})", R"({"charge":"1"})"}) {
    CAPTURE(body);
    CHECK(balance_error(body) == ErrorKind::wrong_shape);
  }
}

TEST_CASE("a refused balance says why") {
  CHECK(balance_error(R"({"error":"Invalid API key"})") == ErrorKind::key_rejected);
  CHECK(balance_error(R"({"error":"Account suspended","balance":"0"})") == ErrorKind::key_rejected);
  CHECK(balance_error(R"({"error":"Rate limit exceeded"})") == ErrorKind::rate_limited);
  CHECK(balance_error(R"({"status":"error","message":"Down"})") == ErrorKind::said_no);
  CHECK(balance_error(R"({"message":"Unauthenticated."})", 401) == ErrorKind::key_rejected);
  CHECK(balance_error("Invalid API key") == ErrorKind::key_rejected);
  CHECK(balance_error(R"("Invalid API key")") == ErrorKind::key_rejected);
  CHECK(balance_error("{}", 401) == ErrorKind::key_rejected);
  CHECK(balance_error("", 429) == ErrorKind::rate_limited);
  CHECK(balance_error("") == ErrorKind::empty);
  CHECK(balance_error("<html></html>") == ErrorKind::not_json);
}

TEST_CASE("a balance cut off at any byte is an error") {
  const std::string body = R"({"balance":"100.84292","currency":"USD"})";
  for (std::size_t size = 0; size < body.size(); ++size) {
    CAPTURE(size);
    CHECK(balance_error(std::string_view(body).substr(0, size)) ==
          (size == 0 ? ErrorKind::empty : ErrorKind::truncated));
  }
}

TEST_CASE("a balance said twice, or followed by anything, is malformed") {
  CHECK(balance_error(R"({"balance":"1","balance":"2"})") == ErrorKind::malformed);
  CHECK(balance_error(R"({"balance":"1"}{)") == ErrorKind::malformed);
}

}  // namespace
}  // namespace smm::panel::testing::balance_test
