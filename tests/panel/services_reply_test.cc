#include "panel/services_reply.h"

#include "reading.h"

namespace smm::panel::testing::services_reply_test {
namespace {

std::vector<Service> services(std::string_view body, long http_status = 200,
                              const Context& with = context()) {
  auto list = read_services({http_status, body}, with);
  REQUIRE_MESSAGE(list, (list ? "" : list.error().words));
  return std::move(*list);
}

Service row(const std::string& fields) {
  const auto list = services("[{\"service\":1" + (fields.empty() ? "" : "," + fields) + "}]");
  REQUIRE(list.size() == 1);
  return list.front();
}

ErrorKind services_error(std::string_view body, long http_status = 200) {
  const auto list = read_services({http_status, body}, context());
  REQUIRE_FALSE(list);
  return list.error().kind;
}

TEST_CASE("a service's id is a number or a text, under any of its names") {
  for (const std::string_view json :
       {R"({"service":17})", R"({"service":"17"})", R"({"service":" 17 "})", R"({"service_id":17})",
        R"({"id":"17"})", R"({"id":"x9","service":17})"}) {
    CAPTURE(json);
    CHECK(services("[" + std::string(json) + "]").front().id == ServiceId("17"));
  }
  CHECK(services(R"([{"service":"svc_A1"}])").front().id == ServiceId("svc_A1"));
}

TEST_CASE("rate, min and max are exact, be they numbers or strings; anything else is unknown") {
  const auto strings = row(R"("rate":"0.90","min":"50","max":"10000")");
  CHECK(strings.rate->text() == "0.90");
  CHECK(strings.min == 50);
  CHECK(strings.max == 10000);
  const auto numbers = row(R"("rate":0.900,"min":50,"max":1e4)");
  CHECK(numbers.rate->text() == "0.900");
  CHECK(numbers.min == 50);
  CHECK(numbers.max == 10000);
  const auto odd = row(R"("rate":"free","min":null,"max":[])");
  CHECK_FALSE(odd.rate);
  CHECK_FALSE(odd.min);
  CHECK_FALSE(odd.max);
  CHECK(row(R"("max":"1,000,000")").max == 1'000'000);
}

TEST_CASE("a flag is true, false or unknown, and an absent one is not false") {
  for (const auto* yes : {"true", "1", R"("1")", R"("true")", R"("True")", R"("yes")"}) {
    CAPTURE(yes);
    const auto service = row(R"("refill":)" + std::string(yes) + R"(,"cancel":)" + yes);
    CHECK(service.refill == true);
    CHECK(service.cancel == true);
  }
  for (const auto* no : {"false", "0", R"("0")", R"("false")", R"("no")"}) {
    CAPTURE(no);
    CHECK(row(R"("refill":)" + std::string(no)).refill == false);
    CHECK(row(R"("dripfeed":)" + std::string(no)).dripfeed == false);
  }
  for (const auto* unknown : {"null", R"("")", "[]", "{}", "30", R"("maybe")"}) {
    CAPTURE(unknown);
    CHECK_FALSE(row(R"("refill":)" + std::string(unknown)).refill);
  }
  CHECK_FALSE(row("").refill);
  CHECK_FALSE(row("").cancel);
  CHECK_FALSE(row("").dripfeed);
  CHECK(row(R"("drip_feed":true)").dripfeed == true);
  CHECK(row(R"("drip_feed":0,"dripfeed":true)").dripfeed.has_value());
}

TEST_CASE("a list may be wrapped, or an object of rows as PHP writes an array with gaps") {
  const std::string rows = R"([{"service":1,"name":"A"},{"service":2,"name":"B"}])";
  for (const auto& body :
       {rows, R"({"services":)" + rows + "}", R"({"data":)" + rows + "}",
        R"({"status":"success","data":)" + rows + "}", R"({"data":{"services":)" + rows + "}}",
        R"({"data":)" + rows + R"(,"status":"success","error":false,"errors":[]})",
        std::string(R"({"0":{"service":1,"name":"A"},"5":{"service":2,"name":"B"}})"),
        std::string(R"({"services":{"0":{"service":1,"name":"A"},"5":{"service":2,"name":"B"}}})"),
        "<b>Notice</b>: x[0]<br />\n" + rows}) {
    CAPTURE(body);
    const auto list = services(body);
    REQUIRE(list.size() == 2);
    CHECK(list[0].name == "A");
    CHECK(list[1].id == ServiceId("2"));
  }
  CHECK(services(rows, 500).size() == 2);
}

TEST_CASE("rows without a usable id are left out, and of two with one id the first stands") {
  const auto list = services(
      R"([{"name":"none"},{"service":null},{"service":""},{"service":"a b"},{"service":{}},7,"x",null,[1],
          {"service":5,"name":"first"},{"service":"5","name":"second"},{"service":6}])");
  REQUIRE(list.size() == 2);
  CHECK(list[0].name == "first");
  CHECK(list[1].id == ServiceId("6"));
}

TEST_CASE("a reply without a usable row takes no service away: it is an error") {
  for (const std::string_view body : {"[]", "{}", "null", "7", R"([{"name":"x"}])", R"({"services":[]})",
                                      R"({"data":{}})", R"({"status":"success"})", "[1,2]"}) {
    CAPTURE(body);
    CHECK(services_error(body) == ErrorKind::wrong_shape);
  }
  CHECK(services_error("") == ErrorKind::empty);
  CHECK(services_error("<html></html>") == ErrorKind::not_json);
  CHECK(services_error("[]", 502) == ErrorKind::http_error);
  CHECK(services_error(R"([{"service":1}])", 302) == ErrorKind::redirected);
}

TEST_CASE("a panel that says no is heard before anything else in its reply") {
  CHECK(services_error(R"({"error":"Invalid API key"})") == ErrorKind::key_rejected);
  CHECK(services_error(R"({"error":"Rate limit exceeded"})") == ErrorKind::rate_limited);
  CHECK(services_error(R"({"services":[{"service":1}],"error":"Maintenance"})") == ErrorKind::said_no);
  CHECK(services_error(R"({"status":"error","message":"Down"})") == ErrorKind::said_no);
  CHECK(services_error(R"({"message":"Unauthenticated."})", 401) == ErrorKind::key_rejected);
  CHECK(services_error(R"("Invalid API key")") == ErrorKind::key_rejected);
  CHECK(services_error(R"({"data":{"error":"Down"}})") == ErrorKind::said_no);
}

TEST_CASE("a broken reply is believed in no part") {
  CHECK(services_error(R"([{"service":1},{"service":2)") == ErrorKind::truncated);
  CHECK(services_error(R"([{"service":1},{"service":2}]])") == ErrorKind::malformed);
  CHECK(services_error(R"([{"service":1,"x":nul}])") == ErrorKind::malformed);
  CHECK(services_error(R"([{"service":1,"name":"a","name":"b"}])") == ErrorKind::malformed);
  CHECK(services_error(R"([{"service":1,"name":"\q"}])") == ErrorKind::malformed);
}

TEST_CASE("texts are kept clean and short, with half characters replaced") {
  const auto service =
      row(R"("name":" Likes\u0007 \u202e[R30]\n","type":"Default","category":{"id":3,"name":"Insta"})");
  CHECK(service.name == "Likes [R30]");
  CHECK(service.category == "Insta");
  CHECK(row(R"("name":")" + std::string(3000, 'x') + "\"").name.size() == 1024);
  CHECK(row(R"("category":")" + std::string(3000, 'x') + "\"").category.size() == 1024);
  CHECK(row(R"("name":"cut \ud83d","type":"x")").name == "cut \xEF\xBF\xBD");
  CHECK(row("\"name\":\"bad \xFF\"").name == "bad \xEF\xBF\xBD");
  CHECK(row(R"("name":5,"type":null)").name == "5");
  CHECK(row(R"("name":5,"type":null)").type.empty());
}

TEST_CASE("the key leaves in no text of a service, and is no id") {
  const auto service = row(R"("name":"x )" + test_key + R"(","type":")" + test_key +
                           R"(","category":"k3y-S3cret\/0123456789abcdef")");
  CHECK(service.name == "x [key]");
  CHECK(service.type == "[key]");
  CHECK(service.category == "[key]");
  const Context numeric{"20261121104", {}};
  const auto list = services(R"([{"service":20261121104},{"service":1,"rate":20261121104}])", 200, numeric);
  REQUIRE(list.size() == 1);
  CHECK_FALSE(list.front().rate);
}

TEST_CASE("a catalogue of 5,000 rows is read whole and in order") {
  std::string body = "[";
  for (int i = 1; i <= 5000; ++i) {
    if (i > 1) body += ',';
    body += R"({"service":)" + std::to_string(i) + R"(,"name":"Instagram Followers \u267b [R30] #)" +
            std::to_string(i) + R"(","type":"Default","category":"Category )" + std::to_string(i / 40) +
            R"(","rate":"0.)" + std::to_string(100 + i) +
            R"(","min":"50","max":"10000","refill":true,"cancel":false})";
  }
  const auto list = services(body + "]");
  REQUIRE(list.size() == 5000);
  for (int i = 1; i <= 5000; ++i) {
    const auto& service = list[static_cast<std::size_t>(i - 1)];
    REQUIRE(service.id.text() == std::to_string(i));
    REQUIRE(service.rate->text() == "0." + std::to_string(100 + i));
    REQUIRE(service.category == "Category " + std::to_string(i / 40));
  }
}

TEST_CASE("more rows than any catalogue has are refused") {
  std::string body = "[";
  for (std::size_t i = 0; i <= max_services; ++i) body += "{\"service\":" + std::to_string(i) + "},";
  body.back() = ']';
  CHECK(services_error(body) == ErrorKind::wrong_shape);
}

}  // namespace
}  // namespace smm::panel::testing::services_reply_test
