#include "reading.h"

// One order's object: every way a figure, a word or a kind was seen to be written.
namespace smm::panel::testing::observation_test {
namespace {

TEST_CASE("start_count null, empty, missing and Unknown are absent, not zero") {
  for (const std::string_view field :
       {R"("start_count":null)", R"("start_count":"")", R"("start_count":"Unknown")", R"("start_count":" ")",
        R"("start_count":false)", R"("start_count":[])", R"("start_count":"N/A")", R"("x":1)"}) {
    CAPTURE(field);
    const auto order = seen_object(R"({"status":"Pending",)" + std::string(field) + "}");
    CHECK_FALSE(order.start_count);
    CHECK(order.status == OrderStatus::pending);
  }
  CHECK(seen_object(R"({"status":"Pending","start_count":"0"})").start_count == 0);
  CHECK(seen_object(R"({"status":"Pending","start_count":0})").start_count == 0);
}

TEST_CASE("start_counter stands for start_count where that says nothing") {
  CHECK(seen_object(R"({"status":"Pending","start_counter":"12"})").start_count == 12);
  CHECK(seen_object(R"({"status":"Pending","start_count":null,"start_counter":12})").start_count == 12);
  CHECK(seen_object(R"({"status":"Pending","start_count":"7","start_counter":12})").start_count == 7);
}

TEST_CASE("remains empty is absent, -5 is minus five, Unknown is absent") {
  CHECK_FALSE(seen_object(R"({"status":"Pending","remains":""})").remains);
  CHECK(seen_object(R"({"status":"Pending","remains":"-5"})").remains == -5);
  CHECK(seen_object(R"({"status":"Pending","remains":-5})").remains == -5);
  CHECK_FALSE(seen_object(R"({"status":"Pending","remains":"Unknown"})").remains);
}

TEST_CASE("remains larger than any quantity is kept as it is") {
  CHECK(seen_object(R"({"status":"Pending","remains":"9999999999"})").remains == 9'999'999'999);
}

TEST_CASE("a count is a whole number, however it is written") {
  const auto remains = [](const std::string& json) {
    return seen_object(R"({"status":"Pending","remains":)" + json + "}").remains;
  };
  for (const auto* json :
       {"157", "\"157\"", "157.0", "\"157.00\"", "1.57e2", "\"1.57E+2\"", "\" 157 \"", "1570e-1"}) {
    CAPTURE(json);
    CHECK(remains(json) == 157);
  }
  CHECK(remains("\"1,570\"") == 1570);
  CHECK(remains("\"1,234,567\"") == 1'234'567);
  for (const auto* json : {"157.5", "\"157.5\"", "\"1,57\"", "\"1,2345\"", "\"157 left\"", "true", "{}",
                           "\"0x10\"", "99999999999999999999", "\"1e400\"", "\",1\"", "\"1,,000\""}) {
    CAPTURE(json);
    CHECK_FALSE(remains(json));
  }
}

TEST_CASE("numeric charge keeps the digits the panel wrote, never a double's") {
  const auto charge = [](const std::string& json) -> std::string {
    const auto order = seen_object(R"({"status":"Pending","charge":)" + json + "}");
    return order.charge ? order.charge->text() : "absent";
  };
  CHECK(charge("0.27819") == "0.27819");
  CHECK(charge("5400") == "5400");
  CHECK(charge("0.10") == "0.10");
  CHECK(charge("\"0.2781900\"") == "0.2781900");
  CHECK(charge("0.1000000000000000055511151231257827") == "0.1000000000000000055511151231257827");
  CHECK(charge("1.5e-3") == "0.0015");
  CHECK(charge("\"1,234.56\"") == "1234.56");
  CHECK(charge("\"1,234\"") == "absent");
  CHECK(charge("\"0,27\"") == "absent");
  CHECK(charge("\"$1\"") == "absent");
  CHECK(charge("null") == "absent");
  CHECK(charge("\"\"") == "absent");
}

TEST_CASE("missing currency is absent, a foreign one is kept, nonsense is not") {
  const auto currency = [](const std::string& json) -> std::string {
    return seen_object(R"({"status":"Pending","currency":)" + json + "}").currency.value_or("absent");
  };
  CHECK_FALSE(seen_object(R"({"status":"Pending"})").currency);
  for (const auto* code : {"USD", "RUB", "VND", "UZS", "USDT", "$", "₽"})
    CHECK(currency("\"" + std::string(code) + "\"") == code);
  CHECK(currency("\" USD\\n\"") == "USD");
  for (const auto* json : {"null", "\"\"", "5", "\"12\"", "\"a currency with a long name\"", "\"<b>\"",
                           "\"U\\\"D\"", "\"k3y-S3cret\\/0123456789abcdef\""}) {
    CAPTURE(json);
    CHECK(currency(json) == "absent");
  }
}

TEST_CASE("a status word is read in any case and spelling and kept as written, snake_case too") {
  const auto check = [](const std::string& word, OrderStatus status) {
    CAPTURE(word);
    const auto order = seen_object(R"({"status":")" + word + R"("})");
    CHECK(order.status == status);
    CHECK(order.status_text == word);
  };
  check("in_progress", OrderStatus::in_progress);
  check("In-Progress", OrderStatus::in_progress);
  check("INPROGRESS", OrderStatus::in_progress);
  check("Cancelled", OrderStatus::canceled);
  check("Refund", OrderStatus::refunded);
  check("Awaiting", OrderStatus::pending);
  CHECK(seen_object(R"({"status":" Partial\n"})").status == OrderStatus::partial);
}

TEST_CASE("a numeric status is unknown unless the configuration maps it") {
  for (const std::string_view json : {R"({"status":3,"remains":1})", R"({"status":"3","remains":1})"}) {
    const auto order = seen_object(json);
    CHECK_FALSE(order.status);
    CHECK(order.status_text == "3");
    Context mapped = context();
    mapped.status_words = {{"3", OrderStatus::completed}};
    CHECK(seen_object(json, mapped).status == OrderStatus::completed);
    CHECK(seen_object(json, mapped).status_text == "3");
    CHECK(seen(read_single(R"({"status":3})", "1", 200, mapped), "1").status == OrderStatus::completed);
  }
}

TEST_CASE("the configuration's own words go before everybody's") {
  Context mapped = context();
  mapped.status_words = {{"inqueue", OrderStatus::pending}, {"completed", OrderStatus::partial}};
  CHECK(seen_object(R"({"status":"In Queue"})", mapped).status == OrderStatus::pending);
  CHECK(seen_object(R"({"status":"Completed"})", mapped).status == OrderStatus::partial);
}

TEST_CASE("an unknown status is no state, and its text is kept") {
  const auto order = seen_object(R"({"status":"Teleporting","remains":"4"})");
  CHECK_FALSE(order.status);
  CHECK(order.status_text == "Teleporting");
  CHECK(order.remains == 4);
  const auto none = seen_object(R"({"remains":"4"})");
  CHECK_FALSE(none.status);
  CHECK(none.status_text.empty());
}

TEST_CASE("success and done mean completed only beside charge, remains or start count") {
  CHECK(seen_object(R"({"status":"success","charge":"0.1"})").status == OrderStatus::completed);
  CHECK(seen_object(R"({"status":"Done","remains":0})").status == OrderStatus::completed);
  CHECK(seen_object(R"({"status":"done","start_counter":"5"})").status == OrderStatus::completed);
  CHECK(seen(read_single(R"({"status":"success","charge":"0.1"})"), "1").status == OrderStatus::completed);
  CHECK(entry_error(read_batch(R"({"1":{"status":"success","charge":null}})", ids({"1"})), "1") ==
        ErrorKind::wrong_shape);
}

TEST_CASE("a subscription is told by its fields or its words, and its orders are children") {
  for (const auto* expiry : {"true", "null", "\"2026-12-31\""}) {
    const auto body = R"({"status":"Active","expiry":)" + std::string(expiry) +
                      R"(,"posts":"10","orders":["379041",379042]})";
    const auto order = seen(read_single(body), "1");
    CHECK(order.kind == OrderKind::subscription);
    CHECK(order.status == OrderStatus::active);
    CHECK(order.children == ids({"379041", "379042"}));
    CHECK(seen_object(body).children == order.children);
  }
  CHECK(seen_object(R"({"status":"Paused"})").kind == OrderKind::subscription);
  CHECK(seen_object(R"({"status":"Expired"})").status == OrderStatus::expired);
  CHECK(seen_object(R"({"status":"Completed","posts":"3"})").kind == OrderKind::subscription);
  CHECK(seen_object(R"({"status":"Completed","posts":null,"expiry":null})").kind == OrderKind::ordinary);
}

TEST_CASE("a drip-feed is told by its runs, with its own shape or an ordinary one") {
  const auto order = seen(read_single(R"({"status":"In progress","runs":"3","orders":[]})"), "1");
  CHECK(order.kind == OrderKind::drip_feed);
  CHECK(order.runs == 3);
  CHECK(order.children.empty());
  const auto ordinary =
      seen_object(R"({"charge":"1","status":"In progress","remains":"3000","runs":3,"currency":"USD"})");
  CHECK(ordinary.kind == OrderKind::drip_feed);
  CHECK(ordinary.remains == 3000);
  for (const auto* runs : {"0", "null", "\"\"", "-1"}) {
    const auto none = seen_object(R"({"status":"Pending","runs":)" + std::string(runs) + "}");
    CHECK(none.kind == OrderKind::ordinary);
    CHECK_FALSE(none.runs);
  }
}

TEST_CASE("children are valid ids, once each, and never the order itself") {
  const auto order = seen_object(
      R"({"status":"Active","orders":["5","5",5,"1","bad id","",null,{"order":"6"},{"id":7},"k3y-S3cret/0123456789abcdef",true,"ref_9"]})");
  CHECK(order.children == ids({"5", "6", "7", "ref_9"}));
  const std::string_view keyed = R"({"status":"Active","orders":{"0":"8","1":"9"}})";
  CHECK(seen_object(keyed).children == ids({"8", "9"}));
  CHECK(seen(read_single(keyed), "1").children == ids({"8", "9"}));
}

TEST_CASE("a field that the object says twice leaves open which was meant") {
  CHECK(entry_error(read_batch(R"({"1":{"status":"Partial","status":"Completed"}})", ids({"1"})), "1") ==
        ErrorKind::malformed);
  CHECK(entry_error(read_batch(R"({"1":{"status":"Partial","remains":1,"rem\u0061ins":2}})", ids({"1"})),
                    "1") == ErrorKind::malformed);
}

TEST_CASE("raw is the whole object, minified, with numbers as written") {
  CHECK(seen_object("{ \"status\" : \"Partial\",\n\"charge\": 0.270, \"x\": [1, {\"y\": null}, true, "
                    "\"a\\/b\\u0041\"] }")
            .raw == R"({"status":"Partial","charge":0.270,"x":[1,{"y":null},true,"a/bA"]})");
  CHECK(seen_object(R"({"status":"Partial","q":"say \"hi\" \\ bye"})").raw ==
        R"({"status":"Partial","q":"say \"hi\" \\ bye"})");
}

TEST_CASE("a number that no double holds is kept as text in raw, so that every reader takes the whole") {
  CHECK(seen_object(R"({"status":"Partial","x":2e0765588139,"y":[-1e999,1e-9,123456789012345678901]})").raw ==
        R"({"status":"Partial","x":"2e0765588139","y":["-1e999",1e-9,123456789012345678901]})");
}

TEST_CASE("raw is bounded: the longest fields are left out and said to be, the rest stays") {
  const std::string field(1000, 'f');
  std::string list = "[";
  for (int i = 0; i < 3000; ++i) list += (i > 0 ? ",\"" : "\"") + std::to_string(100'000 + i) + "\"";
  list += "]";
  const auto order =
      seen_object(R"({"status":"Active","orders":)" + list + R"(,"note":")" + field + R"(","posts":"5"})");
  CHECK(order.raw == R"({"status":"Active","orders":"[left out]","note":")" + field + R"(","posts":"5"})");
  CHECK(order.children.size() == 3000);
  std::string many = R"({"status":"Completed")";
  for (int i = 0; i < 3000; ++i) many += ",\"field" + std::to_string(i) + "\":1";
  const auto crowded = seen_object(many + "}");
  CHECK(crowded.raw.size() <= 16 * 1024);
  CHECK(crowded.raw.substr(0, 45) == R"({"status":"Completed","field0":1,"field1":1,")");
  const auto marker = crowded.raw.rfind(R"("[left out]":)");
  REQUIRE(marker != std::string::npos);
  CHECK(std::stoi(crowded.raw.substr(marker + 13)) > 1000);
  // It is JSON still: it reads back as an order.
  CHECK(seen_object(crowded.raw).status == OrderStatus::completed);
}

}  // namespace
}  // namespace smm::panel::testing::observation_test
