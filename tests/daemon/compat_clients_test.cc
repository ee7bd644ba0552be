#include "compat_world.h"
#include "raw_connection.h"

#include <sstream>

namespace smm::test::compat_clients_test {

// Programs written for panels, talking to the drop-in as their libraries do: the very bytes they send.

namespace {

RawAnswer say(const CompatWorld& world, const std::string& bytes, const std::string& socket = "compat.sock") {
  const RawConnection client(world.tracker.socket(socket));
  client.say(bytes);
  return read_answer(client.hear_all());
}

// The class panels hand out: curl with a field list it joins and escapes itself, one form for every action.
std::string php_class(const std::string& fields) {
  return post_bytes("/api/v2",
                    "User-Agent: Mozilla/4.0 (compatible; MSIE 5.01; Windows NT 5.0)\r\nAccept: */*\r\n"
                    "Content-Type: application/x-www-form-urlencoded\r\n",
                    "key=" + std::string(compat_token) + "&" + fields, "127.0.0.1:8723");
}

// PHP's CURLOPT_POSTFIELDS given an array: multipart.
std::string php_array(const std::vector<std::pair<std::string, std::string>>& fields) {
  const std::string boundary = "------------------------d74496d66958873e";
  std::string body;
  for (const auto& [name, value] : fields) {
    body.append("--").append(boundary).append("\r\nContent-Disposition: form-data; name=\"").append(name);
    body.append("\"\r\n\r\n").append(value).append("\r\n");
  }
  body += "--" + boundary + "--\r\n";
  return post_bytes("/api/v2",
                    "Accept: */*\r\nContent-Type: multipart/form-data; boundary=" + boundary + "\r\n", body);
}

std::string axios(const Json& body) {
  return post_bytes("/api/v2",
                    "Accept: application/json, text/plain, */*\r\nContent-Type: application/json\r\n"
                    "User-Agent: axios/1.6.8\r\nAccept-Encoding: gzip, compress, deflate, br\r\n",
                    body.dump());
}

}  // namespace

TEST_CASE("a class with form bodies: every action") {
  CompatWorld world;
  world.panel.set_order("7001", {.status = "Completed", .remains = "0"});
  REQUIRE_MESSAGE(world.start(), world.tracker.log());
  CHECK(Json::parse(say(world, php_class("action=services")).body)[0]["service"] == 1);
  CHECK(say(world, php_class("action=balance")).body == R"({"balance":"100.84292","currency":"USD"})");
  CHECK(say(world,
            php_class(
                "action=add&service=1&link=http%3A%2F%2Fexample.com%2Ftest&quantity=100&runs=2&interval=5"))
            .body == R"({"order":23501})");
  CHECK(say(world, php_class("action=add&service=2&link=http%3A%2F%2Fexample.com%2Ftest&comments=good+pic%0D%"
                             "0Agreat+photo%0Agreat+photo%0Agreat+photo%0Agreat+photo%0Agreat+photo%0Agreat+"
                             "photo%0Agreat+photo%0Agreat+photo%0Agreat+photo"))
            .body.find("{\"order\":") == 0);
  CHECK(say(world, php_class("action=add&service=10&username=username&min=100&max=110&posts=0&delay=30&"
                             "expiry=11%2F11%2F2027"))
            .body.find("{\"order\":") == 0);
  const auto subscription = world.asked("add").back().request.form;
  CHECK(subscription.get("posts") == "0");
  CHECK(subscription.get("expiry") == "11/11/2027");
  CHECK(Json::parse(say(world, php_class("action=status&order=23501")).body)["status"].is_string());
  const auto several = Json::parse(say(world, php_class("action=status&orders=23501%2C7001%2C404")).body);
  CHECK(several["7001"]["status"] == "Completed");
  CHECK(several["404"]["error"] == "Incorrect order ID");
  CHECK(say(world, php_class("action=refill&order=7001")).body == R"({"refill":"1"})");
  CHECK(Json::parse(say(world, php_class("action=refill&orders=7001%2C404")).body)[1] ==
        Json{{"order", 404}, {"refill", {{"error", "Incorrect order ID"}}}});
  CHECK(say(world, php_class("action=refill_status&refill=1")).body == R"({"status":"Pending"})");
  CHECK(Json::parse(say(world, php_class("action=refill_status&refills=1%2C2")).body)[1]["status"]["error"] ==
        "Refill not found");
  CHECK(Json::parse(say(world, php_class("action=cancel&orders=23501%2C404")).body)[0] ==
        Json{{"order", 23501}, {"cancel", 1}});
}

TEST_CASE("the same class giving curl an array") {
  CompatWorld world;
  world.panel.seed_orders(1, 7);
  REQUIRE_MESSAGE(world.start(), world.tracker.log());
  const auto status =
      say(world, php_array({{"key", compat_token}, {"action", "status"}, {"order", "23501"}}));
  CHECK(Json::parse(status.body)["currency"] == "USD");
  const auto added = say(world, php_array({{"key", compat_token},
                                           {"action", "add"},
                                           {"service", "2"},
                                           {"link", "https://e.com"},
                                           {"comments", "a\r\nb\nc\nd\ne\nf\ng\nh\ni\nj"}}));
  CHECK(added.body == R"({"order":23502})");
  CHECK(world.asked("add").front().request.form.get("comments") == "a\r\nb\nc\nd\ne\nf\ng\nh\ni\nj");
}

TEST_CASE("an axios client: JSON, numbers as numbers, lists as lists") {
  CompatWorld world;
  world.panel.seed_orders(3, 7);
  REQUIRE_MESSAGE(world.start(), world.tracker.log());
  const auto added = say(world, axios({{"key", compat_token},
                                       {"action", "add"},
                                       {"service", 1},
                                       {"link", "https://e.com/\xc3\xbc"},
                                       {"quantity", 100},
                                       {"posts", 0},
                                       {"dripfeed", false},
                                       {"note", nullptr}}));
  CHECK(added.body == R"({"order":23504})");
  const auto form = world.asked("add").front().request.form;
  CHECK(form.get("quantity") == "100");
  CHECK(form.get("posts") == "0");
  CHECK(form.get("link") == "https://e.com/\xc3\xbc");
  CHECK(form.get("dripfeed") == "0");
  CHECK_FALSE(form.get("note").has_value());
  const auto comments =
      say(world, axios({{"key", compat_token},
                        {"action", "add"},
                        {"service", 2},
                        {"link", "x"},
                        {"comments", Json::array({"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"})}}));
  CHECK(comments.body == R"({"order":23505})");
  CHECK(world.asked("add").back().request.form.get("comments") == "a\nb\nc\nd\ne\nf\ng\nh\ni\nj");
  for (const auto* action : {"status", "orders", "multi_status", "multi-status", "statuses"}) {
    CAPTURE(action);
    const auto answer = say(
        world, axios({{"key", compat_token}, {"action", action}, {"orders", Json::array({23501, "23502"})}}));
    const auto json = Json::parse(answer.body);
    CHECK(json.size() == 2);
    CHECK(json["23502"]["currency"] == "USD");
  }
}

TEST_CASE("an SDK that posts to the path with a slash and puts a comma list into `order`") {
  CompatWorld world;
  for (const auto* id : {"7001", "7002"}) world.panel.set_order(id, {.status = "Completed", .remains = "0"});
  REQUIRE_MESSAGE(world.start(), world.tracker.log());
  const auto post = [&](const std::string& fields) {
    return say(world, post_bytes("/api/v2/", "Content-Type: application/x-www-form-urlencoded\r\n",
                                 "key=" + std::string(compat_token) + "&" + fields))
        .body;
  };
  CHECK(Json::parse(post("action=status&order=7001,7002"))["7002"]["status"] == "Completed");
  CHECK(post("action=refill&order=7001,7002") == R"([{"order":7001,"refill":1},{"order":7002,"refill":2}])");
  CHECK(Json::parse(post("action=refill_status&refill=1,2"))[1] ==
        Json{{"refill", 2}, {"status", "Pending"}});
}

TEST_CASE("a sync job that asks with action=orders for one order gets it under its id") {
  CompatWorld world;
  world.panel.seed_orders(1, 7);
  REQUIRE_MESSAGE(world.start(), world.tracker.log());
  CHECK(Json::parse(say(world, php_class("action=orders&orders=23501")).body)["23501"]["currency"] == "USD");
  CHECK(Json::parse(say(world, php_class("action=statuses&order=23501")).body)["23501"]["currency"] == "USD");
}

TEST_CASE("Python's requests: repeated names, chunks, and parameters in the URL") {
  CompatWorld world;
  world.panel.seed_orders(2, 7);
  REQUIRE_MESSAGE(world.start(), world.tracker.log());
  CHECK(Json::parse(say(world, php_class("action=status&orders=23501&orders=23502")).body).size() == 2);
  CHECK(
      Json::parse(say(world, php_class("action=status&orders%5B%5D=23501&orders%5B%5D=23502")).body).size() ==
      2);
  const auto body = "action=status&order=23501";
  const auto in_url = say(world, post_bytes("/api/v2?key=" + std::string(compat_token),
                                            "Content-Type: application/x-www-form-urlencoded\r\n", body));
  CHECK(Json::parse(in_url.body)["currency"] == "USD");
  const std::string chunked =
      "POST /api/v2 HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n";
  const std::string all = "key=" + std::string(compat_token) + "&action=balance";
  std::ostringstream pieces;
  pieces << std::hex << 16 << "\r\n" << all.substr(0, 16) << "\r\n" << all.size() - 16 << "\r\n";
  CHECK(say(world, chunked + pieces.str() + all.substr(16) + "\r\n0\r\n\r\n").body ==
        R"({"balance":"100.84292","currency":"USD"})");
}

}  // namespace smm::test::compat_clients_test
