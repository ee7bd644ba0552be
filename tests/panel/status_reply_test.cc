#include "reading.h"

#include <chrono>
#include <set>

// The shapes of a reply to many ids or one: what is matched to what, and what is ignored.
namespace smm::panel::testing::status_reply_test {
namespace {

std::string keyed(std::initializer_list<std::pair<const char*, std::string_view>> orders) {
  std::string body = "{";
  for (const auto& [id, json] : orders) {
    if (body.size() > 1) body += ',';
    body += "\"" + std::string(id) + "\":" + std::string(json);
  }
  return body + "}";
}

TEST_CASE("a string under an id is an error for that id alone") {
  const auto reading =
      read_batch(keyed({{"1", partial}, {"99", R"("Incorrect order ID")"}}), ids({"1", "99"}));
  CHECK(seen(reading, "1").status == OrderStatus::partial);
  const auto error = id_error(reading, "99");
  CHECK(error.id == OrderId("99"));
  CHECK(error.words == "Incorrect order ID");
  CHECK(error.unknown_id);
}

TEST_CASE("an id missing from the reply has no entry, as one that is null, false, empty text or []") {
  CHECK(read_batch(keyed({{"2", partial}}), ids({"1", "2", "3"})).orders.size() == 1);
  for (const std::string_view nothing : {"null", "false", "\"\"", "[]"}) {
    CAPTURE(nothing);
    const auto reading = read_batch(keyed({{"1", nothing}, {"2", partial}}), ids({"1", "2"}));
    CHECK(reading.find("1") == nullptr);
    CHECK(seen(reading, "2").remains == 157);
  }
}

TEST_CASE("an extra id that nobody asked for is ignored, whatever is under it") {
  const auto reading = read_batch(
      keyed({{"5", in_progress}, {"1", partial}, {"6", R"("Incorrect order ID")"}, {"7", "[1,{}]"}}),
      ids({"1"}));
  CHECK(reading.orders.size() == 1);
  CHECK(seen(reading, "1").status == OrderStatus::partial);
  const auto only_strangers = read_batch(keyed({{"5", in_progress}}), ids({"1", "2"}));
  CHECK_FALSE(only_strangers.error);
  CHECK(only_strangers.orders.empty());
}

TEST_CASE("reordered keys are matched by id") {
  const auto reading =
      read_batch(keyed({{"100", in_progress}, {"3", partial}, {"20", in_progress}, {"1", partial}}),
                 ids({"1", "3", "20", "100"}));
  CHECK(reading.orders.size() == 4);
  CHECK(seen(reading, "1").status == OrderStatus::partial);
  CHECK(seen(reading, "3").status == OrderStatus::partial);
  CHECK(seen(reading, "20").status == OrderStatus::in_progress);
  CHECK(seen(reading, "100").status == OrderStatus::in_progress);
}

TEST_CASE("a batch of many in any order gives each id exactly its own object") {
  std::vector<OrderId> asked;
  asked.reserve(100);
  for (int i = 0; i < 100; ++i) asked.emplace_back(std::to_string(1000 + i * 7));
  std::string body = "{";
  for (int i = 0; i < 100; ++i) {
    const int k = (i * 37) % 100;
    if (i > 0) body += ',';
    body += "\"" + asked.at(static_cast<std::size_t>(k)).text() +
            "\":{\"status\":\"Pending\",\"remains\":" + std::to_string(k) + "}";
  }
  body += '}';
  const auto reading = read_batch(body, asked);
  REQUIRE(reading.orders.size() == 100);
  for (int i = 0; i < 100; ++i) {
    CHECK(seen(reading, asked.at(static_cast<std::size_t>(i)).text()).remains == i);
  }
}

TEST_CASE("an array-shaped batch is matched by the order each element names") {
  const auto reading = read_batch(
      R"([{"order":2,"status":"Pending","remains":"5"},{"order":"1","status":"Completed"},
          {"order":9,"status":"Partial"},{"order":3,"error":"Incorrect order ID"}])",
      ids({"1", "2", "3"}));
  CHECK(reading.orders.size() == 3);
  CHECK(seen(reading, "1").status == OrderStatus::completed);
  CHECK(seen(reading, "2").remains == 5);
  CHECK(id_error(reading, "3").unknown_id);
}

TEST_CASE("an array whose elements name no orders is not guessed at") {
  CHECK(error_of(read_batch(R"([{"status":"Pending"},{"status":"Completed"}])", ids({"1", "2"}))) ==
        ErrorKind::wrong_shape);
  CHECK(error_of(read_batch("[1,2]", ids({"1", "2"}))) == ErrorKind::wrong_shape);
}

TEST_CASE("an array of one object without an id answers a question about one order") {
  CHECK(seen(read_single("[" + std::string(partial) + "]"), "1").remains == 157);
}

TEST_CASE("[] and {} are answers that speak of nobody") {
  for (const std::string_view body : {"[]", "{}", " [ ] ", "{ }", R"({"data":[]})", R"({"orders":[]})",
                                      R"({"status":"success","data":{}})"}) {
    CAPTURE(body);
    const auto reading = read_batch(body, ids({"1", "2"}));
    CHECK_FALSE(reading.error);
    CHECK(reading.orders.empty());
  }
}

TEST_CASE("an id said twice is malformed, also when one of the two is escaped or null") {
  const auto asked = ids({"1", "2"});
  CHECK(error_of(read_batch(keyed({{"1", partial}, {"1", in_progress}}), asked)) == ErrorKind::malformed);
  CHECK(error_of(read_batch(keyed({{"1", partial}, {"\\u0031", in_progress}}), asked)) ==
        ErrorKind::malformed);
  CHECK(error_of(read_batch(keyed({{"1", "null"}, {"2", partial}, {"1", partial}}), asked)) ==
        ErrorKind::malformed);
  CHECK(error_of(read_batch(R"([{"order":1,"status":"Pending"},{"order":"1","status":"Completed"}])",
                            asked)) == ErrorKind::malformed);
}

TEST_CASE("text ids are matched as text") {
  const auto reading = read_batch(keyed({{"ord_01HG9X", partial}, {"A:b.c-d", in_progress}}),
                                  ids({"ord_01HG9X", "A:b.c-d", "ord_01hg9x"}));
  CHECK(reading.orders.size() == 2);
  CHECK(seen(reading, "ord_01HG9X").status == OrderStatus::partial);
}

TEST_CASE("an answer wrapped in data, orders or the like is unwrapped") {
  const auto inner = keyed({{"1", partial}, {"2", in_progress}});
  for (const auto& body :
       {R"({"status":"success","data":)" + inner + "}", R"({"data":)" + inner + "}",
        R"({"orders":)" + inner + "}", R"({"success":true,"message":"OK","result":)" + inner + "}",
        R"({"status":"success","data":{"orders":)" + inner + "}}", R"({"error":null,"data":)" + inner + "}",
        R"({"error":false,"errors":[],"data":)" + inner + "}",
        std::string(R"({"data":[{"order":1,"status":"Partial"},{"order":2,"status":"In progress"}]})")}) {
    CAPTURE(body);
    const auto reading = read_batch(body, ids({"1", "2"}));
    CHECK(reading.orders.size() == 2);
    CHECK(seen(reading, "1").status == OrderStatus::partial);
    CHECK(seen(reading, "2").status == OrderStatus::in_progress);
  }
  CHECK(seen(read_single(R"({"status":"success","data":)" + std::string(partial) + "}"), "1").remains == 157);
  CHECK(seen(read_single(R"({"status":"success","order":)" + std::string(partial) + "}"), "1").remains ==
        157);
}

TEST_CASE("an order wrapped under its own id is unwrapped") {
  const auto order = seen_object(R"({"status":"success","data":)" + std::string(partial) + "}");
  CHECK(order.status == OrderStatus::partial);
  CHECK(order.status_text == "Partial");
}

TEST_CASE("a wrapper's own status word is not the order's") {
  const auto body = R"({"status":"Completed","data":)" + std::string(partial) + "}";
  CHECK(seen(read_single(body), "1").status == OrderStatus::partial);
  CHECK(seen_object(body).status == OrderStatus::partial);
}

TEST_CASE("wrapping ends: an answer four wrappers deep is not looked for") {
  const auto body = R"({"data":{"data":{"data":{"data":)" + keyed({{"1", partial}}) + "}}}}";
  CHECK(error_of(read_batch(body, ids({"1"}))) == ErrorKind::wrong_shape);
}

TEST_CASE("a success beside the orders changes nothing of them") {
  const auto body = R"({"status":"success","message":"OK","1":)" + std::string(partial) + "}";
  CHECK(seen(read_batch(body, ids({"1", "2"})), "1").status == OrderStatus::partial);
}

TEST_CASE("an error beside the orders is looked at first, and nothing is believed") {
  const auto body = R"({"1":)" + std::string(partial) + R"(,"error":"Rate limit exceeded"})";
  CHECK(error_of(read_batch(body, ids({"1"}))) == ErrorKind::rate_limited);
}

TEST_CASE("a batch of one may be answered with the bare object, a larger one may not") {
  CHECK(seen(read_batch(partial, ids({"1"})), "1").status == OrderStatus::partial);
  CHECK(error_of(read_batch(partial, ids({"1", "2"}))) == ErrorKind::batch_refused);
}

TEST_CASE("one order asked alone may be answered under its id") {
  CHECK(seen(read_single(keyed({{"23501", partial}}), "23501"), "23501").remains == 157);
  CHECK(id_error(read_single(keyed({{"23501", R"("Incorrect order ID")"}}), "23501"), "23501").unknown_id);
}

TEST_CASE("a bare object that names another order is not believed") {
  CHECK(error_of(read_single(R"({"order":2,"status":"Completed","charge":"1"})", "1")) ==
        ErrorKind::wrong_shape);
  CHECK(seen(read_single(R"({"order":1,"status":"Completed","charge":"1"})", "1"), "1").status ==
        OrderStatus::completed);
}

TEST_CASE("a bare object is an order only by figures or by a word that is surely a state") {
  CHECK(seen(read_single(R"({"status":"Completed"})"), "1").status == OrderStatus::completed);
  CHECK(seen(read_single(R"({"charge":"0.5","remains":3})"), "1").remains == 3);
  CHECK(seen(read_single(R"({"status":"Queued up","charge":"0.5"})"), "1").status_text == "Queued up");
  for (const std::string_view body :
       {R"({"status":"success"})", R"({"status":"OK"})", R"({"status":200})", R"({"status":true})",
        R"({"status":"maintenance"})", R"({"version":"1.0"})"}) {
    CAPTURE(body);
    CHECK(error_of(read_single(body)) == ErrorKind::wrong_shape);
  }
}

TEST_CASE("JSON is read whatever it is called: with a byte order mark, and with space around it") {
  const auto body = "\xEF\xBB\xBF \r\n" + keyed({{"1", partial}}) + "\n\n";
  CHECK(seen(read_batch(body, ids({"1"})), "1").remains == 157);
}

TEST_CASE("a notice before the JSON is skipped") {
  const auto json = keyed({{"1", partial}, {"2", in_progress}});
  for (const std::string notice :
       {"<br />\n<b>Notice</b>:  Undefined index: key in <b>/var/www/api.php</b> on line <b>12</b><br />\n",
        "Notice: Undefined offset: 0 in $x[0] and $y[] on line 3\n", "#0 {main}\n  thrown in x.php\n",
        "Array ( [0] => 1 )\n", "array(1) { [\"a\"]=> int(1) }\n", "[error] something\n",
        "Warning: could not parse {\"a\":1} there\n"}) {
    CAPTURE(notice);
    const auto reading = read_batch(notice + json, ids({"1", "2"}));
    CHECK(seen(reading, "1").remains == 157);
    CHECK(seen(reading, "2").remains == 10);
  }
}

TEST_CASE("regression: the inner object of a reply cut off behind a notice does not pass for a reply") {
  const std::string notice = "Notice: x\n";
  const auto json = keyed({{"1", partial}});
  CHECK(error_of(read_single(notice + json.substr(0, json.size() - 1))) == ErrorKind::truncated);
  CHECK(error_of(read_single(notice + R"([{"order":1,bad},)" + std::string(partial))) ==
        ErrorKind::malformed);
  CHECK(error_of(read_single(json.substr(0, json.size() - 1))) == ErrorKind::truncated);
}

TEST_CASE("regression: what stands in an array of arrays that is cut off does not pass for a reply") {
  const std::string order = R"([{"order":1,"status":"Completed","charge":"1"}])";
  for (const std::string begin : {"[", "[[", "[1,", "[ null, ", "Notice: x\n[[", "Notice: x[0]\n[true,"}) {
    CAPTURE(begin);
    CHECK(error_of(read_single(begin + order)) == ErrorKind::truncated);
    CHECK(error_of(read_batch(begin + order, ids({"1", "2"}))) == ErrorKind::truncated);
  }
  CHECK(seen(read_single("[0] " + order), "1").status == OrderStatus::completed);
  // However many brackets there are, the body is read a few times at most.
  std::string many;
  for (int i = 0; i < 200'000; ++i) many += "[1,";
  CHECK(error_of(read_single(many + "x" + order)) == ErrorKind::not_json);
}

TEST_CASE("anything behind the JSON makes it malformed") {
  const auto json = keyed({{"1", partial}});
  for (const auto& behind : std::vector<std::string>{"}", "x", "{}", ",", "<br />Notice", "\n" + json}) {
    CAPTURE(behind);
    CHECK(error_of(read_batch(json + behind, ids({"1"}))) == ErrorKind::malformed);
  }
}

TEST_CASE("bytes that are no UTF-8 cost no more than themselves") {
  const auto bad = R"({"status":"Partial","remains":"1","note":")" + std::string("caf\xE9") + R"("})";
  const auto reading = read_batch(keyed({{"1", bad}, {"2", partial}}), ids({"1", "2"}));
  CHECK(seen(reading, "1").raw.find("caf\xEF\xBF\xBD") != std::string::npos);
  CHECK(seen(reading, "2").remains == 157);
}

TEST_CASE("half of a surrogate pair costs no more than itself") {
  const auto order =
      seen_object(R"({"status":"Partial","remains":"1","a":"x\ud83d","b":"\ude00y","c":"\ud83d\ude00"})");
  CHECK(order.raw.find("\"a\":\"x\xEF\xBF\xBD\"") != std::string::npos);
  CHECK(order.raw.find("\"b\":\"\xEF\xBF\xBDy\"") != std::string::npos);
  CHECK(order.raw.find("\"c\":\"\xF0\x9F\x98\x80\"") != std::string::npos);
}

TEST_CASE("a digest is that of the order's bytes, wherever in the reply they stand") {
  StatusReader reader;
  const auto asked = ids({"1", "2"});
  const auto digests = [&](const std::string& body) {
    const auto entries = reader.read_batch({200, body}, asked, context());
    REQUIRE(entries);
    std::vector<std::uint64_t> result(asked.size());
    for (const auto& entry : *entries) result.at(entry.asked) = entry.digest;
    return result;
  };
  const auto first = digests(keyed({{"1", partial}, {"2", in_progress}}));
  CHECK(first[0] != first[1]);
  CHECK(first ==
        digests("{\n \"2\": " + std::string(in_progress) + " ,\n \"1\": " + std::string(partial) + "\n}\n"));
  auto changed = keyed({{"1", partial}, {"2", in_progress}});
  changed.replace(changed.find("157"), 3, "158");
  CHECK(digests(changed)[0] != first[0]);
  CHECK(digests(changed)[1] == first[1]);
}

TEST_CASE("any one byte changed, added or dropped gives another digest") {
  StatusReader reader;
  const auto asked = ids({"1"});
  std::set<std::uint64_t> digests;
  std::size_t variants = 0;
  const auto add = [&](const std::string& object) {
    const auto body = keyed({{"1", object}});
    const auto entries = reader.read_batch({200, body}, asked, context());
    REQUIRE(entries);
    digests.insert(entries->at(0).digest);
    ++variants;
  };
  const std::string text(60, 'a');
  for (std::size_t i = 0; i < text.size(); ++i) {
    for (const char c : {'b', 'c'}) {
      auto changed = text;
      changed[i] = c;
      add("{\"note\":\"" + changed + "\"}");
    }
    add("{\"note\":\"" + text.substr(i) + "\"}");
  }
  CHECK(digests.size() == variants);
}

TEST_CASE("a body nested too deep is malformed, at the root and inside an order") {
  const std::string opening(200'000, '[');
  CHECK(error_of(read_batch(opening, ids({"1"}))) != ErrorKind::empty);
  CHECK(error_of(read_batch(opening + std::string(200'000, ']'), ids({"1"}))) != ErrorKind::empty);
  const auto deep =
      "{\"status\":\"Completed\",\"x\":" + std::string(5000, '[') + std::string(5000, ']') + "}";
  CHECK(entry_error(read_batch(keyed({{"1", deep}}), ids({"1"})), "1") == ErrorKind::malformed);
  std::string objects;
  for (int i = 0; i < 20'000; ++i) objects += R"({"data":)";
  CHECK(error_of(read_batch(objects + "1" + std::string(20'000, '}'), ids({"1"}))) == ErrorKind::wrong_shape);
}

TEST_CASE("an oversize body is read without harm, and the small one after it too") {
  StatusReader reader;
  const auto asked = ids({"1"});
  std::string body = "{";
  for (int i = 0; body.size() < 8'000'000; ++i)
    body += "\"s" + std::to_string(i) + "\":" + std::string(partial) + ",";
  body += "\"1\":" + std::string(in_progress) + "}";
  auto entries = reader.read_batch({200, body}, asked, context());
  REQUIRE(entries);
  CHECK(seen(observe_all(reader, entries, asked, context()), "1").remains == 10);
  const auto small = keyed({{"1", partial}});
  entries = reader.read_batch({200, small}, asked, context());
  CHECK(seen(observe_all(reader, entries, asked, context()), "1").remains == 157);
  const auto parts = "{\"status\":\"Completed\",\"x\":[0" + [] {
    std::string zeros;
    for (int i = 0; i < 100'000; ++i) zeros += ",0";
    return zeros;
  }() + "]}";
  CHECK(entry_error(read_batch(keyed({{"1", parts}}), ids({"1"})), "1") == ErrorKind::malformed);
}

TEST_CASE("a hostile run of small documents costs only a few readings") {
  std::string body = "x";
  for (int i = 0; i < 200'000; ++i) body += "{}";
  const auto begin = std::chrono::steady_clock::now();
  CHECK(error_of(read_batch(body, ids({"1"}))) == ErrorKind::malformed);
  body = "x";
  for (int i = 0; i < 200'000; ++i) body += "{ a";
  CHECK(error_of(read_batch(body, ids({"1"}))) == ErrorKind::not_json);
  // Reading it once a bracket would take minutes.
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(20));
}

TEST_CASE("no ids asked, nothing answered") {
  CHECK(read_batch(keyed({{"1", partial}}), {}).orders.empty());
}

}  // namespace
}  // namespace smm::panel::testing::status_reply_test
