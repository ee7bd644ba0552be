#include "api/compat_body.h"

#include <doctest/doctest.h>

using namespace smm;
using namespace smm::api;

namespace {

using All = CompatFields::All;

platform::HttpServerRequest request(const std::string& type, const std::string& body) {
  platform::HttpServerRequest made;
  made.method = "POST";
  made.path = "/api/v2";
  if (!type.empty()) made.headers = {{"content-type", type}};
  made.body = body;
  return made;
}

All read(const std::string& type, const std::string& body) {
  const auto fields = read_compat_fields(request(type, body));
  return fields ? fields->all() : All{{"error", fields.error()}};
}

std::string fault(const std::string& type, const std::string& body) {
  const auto fields = read_compat_fields(request(type, body));
  return fields ? "" : fields.error();
}

CompatIds ids(All all) {
  return CompatFields(std::move(all)).ids("orders", "order");
}

constexpr const char* form = "application/x-www-form-urlencoded";

}  // namespace

TEST_CASE("a form is read as PHP reads it") {
  CHECK(read(form, "key=k&action=add&posts=0&empty=&bare&a%5B%5D=1&a[]=2&text=%C3%BC+x%0D%0Ay%26") ==
        All{{"key", "k"},
            {"action", "add"},
            {"posts", "0"},
            {"empty", ""},
            {"bare", ""},
            {"a[]", "1"},
            {"a[]", "2"},
            {"text", "\xc3\xbc x\r\ny&"}});
  CHECK(read("Application/X-WWW-Form-Urlencoded; charset=UTF-8", "a=1") == All{{"a", "1"}});
}

TEST_CASE("a body without a type, or with another, is read by its looks") {
  CHECK(read("", "key=k&order=5") == All{{"key", "k"}, {"order", "5"}});
  CHECK(read("text/plain", "key=k") == All{{"key", "k"}});
  CHECK(read("", R"( {"order": 5})") == All{{"order", "5"}});
  CHECK(read(form, R"({"order":5})") == All{{"order", "5"}});
  CHECK(read("", "").empty());
  CHECK(read("application/json", " \r\n").empty());
}

TEST_CASE("JSON keeps digits as they are written; lists are lines, null is left out") {
  CHECK(
      read(
          "application/json; charset=utf-8",
          R"({"key":"k","order":23501,"rate":1.50,"big":123456789012345678901,"e":1e3,"yes":true,"no":false,)"
          R"("none":null,"comments":["a","b\nc",3,null],"empty":[],"zero":0})") ==
      All{{"key", "k"},
          {"order", "23501"},
          {"rate", "1.50"},
          {"big", "123456789012345678901"},
          {"e", "1e3"},
          {"yes", "1"},
          {"no", "0"},
          {"comments", "a\nb\nc\n3"},
          {"empty", ""},
          {"zero", "0"}});
  CHECK(read("application/vnd.api+json", R"({"a":{"b":1,"c":[{"d":"x"},[1,2]]}})") ==
        All{{"a[b]", "1"}, {"a[c][0][d]", "x"}, {"a[c][1]", "1\n2"}});
}

TEST_CASE("multipart bodies are read, whoever writes them") {
  const std::string requests =
      "--b0undary\r\nContent-Disposition: form-data; name=\"key\"\r\n\r\nk\r\n"
      "--b0undary\r\nContent-Disposition: form-data; name=\"comments\"\r\n\r\none\r\ntwo\r\n\r\n"
      "--b0undary\r\nContent-Disposition: form-data; name=\"empty\"\r\n\r\n\r\n"
      "--b0undary--\r\n";
  const All all{{"key", "k"}, {"comments", "one\r\ntwo\r\n"}, {"empty", ""}};
  CHECK(read("multipart/form-data; boundary=b0undary", requests) == all);
  CHECK(read("Multipart/Form-Data; charset=utf-8; Boundary=\"b0undary\"",
             "preamble\r\n" + requests + "rest") == all);
  CHECK(
      read("multipart/form-data; boundary=x",
           "--x\nContent-Type: text/plain; charset=utf-8\nCONTENT-DISPOSITION: form-data; filename=\"f\\\"; "
           "name=\"; name=\"a%22b\\\"\"\n\nv\n--x--") == All{{"a\"b\"", "v"}});
  CHECK(read("multipart/form-data; boundary=x", "--x--").empty());
  CHECK(read("multipart/form-data; boundary=-",
             "---\r\ncontent-disposition: form-data; name=n\r\n\r\n--\r\n-----") == All{{"n", "--"}});
}

TEST_CASE("what is broken is refused with a reason") {
  CHECK(fault("application/json", "{") == "the body is not JSON, or nested too deep");
  CHECK(fault("application/json", R"({"a":1}x)") == "the body is not JSON, or nested too deep");
  CHECK(fault("application/json", "[1]") == "the body must be a JSON object");
  CHECK(fault("application/json", "key=k&order=5") != "");
  CHECK(fault(form, "{\"a\":") != "");
  CHECK(fault("application/json", std::string("{\"a\":\"\xff\"}")) != "");
  CHECK(fault("application/json", "{\"a\":" + std::string(100, '[') + std::string(100, ']') + "}") != "");
  CHECK(fault("multipart/form-data", "--x--") == "the body is multipart/form-data without a boundary");
  CHECK(fault("multipart/form-data; boundary=y", "--x--") ==
        "the body does not hold the boundary its type names");
  CHECK(fault("multipart/form-data; boundary=x", "--x\r\n\r\nv\r\n--x--") ==
        "a part of the body has no name");
  CHECK(fault("multipart/form-data; boundary=x",
              "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nv") ==
        "the body ends before its last boundary");
  CHECK(fault("multipart/form-data; boundary=x", "--xy\r\n") == "the body's boundaries are broken");
}

TEST_CASE("no body becomes more than it may be") {
  std::string many;
  for (int i = 0; i < 10'001; ++i) many += "a&";
  CHECK(fault(form, many) == "the body holds more than 10000 fields");
  // A long name over many short values.
  std::string bomb = "{\"" + std::string(100'000, 'n') + "\":[{\"a\":1}";
  for (int i = 0; i < 5000; ++i) bomb += ",{\"a\":1}";
  CHECK(fault("application/json", bomb + "]}") == "the body holds more than 10000 fields");
}

TEST_CASE("ids come as a comma list, as a list, under one name or the other") {
  CHECK(ids({{"order", "5"}}).ids == std::vector<std::string>{"5"});
  CHECK_FALSE(ids({{"order", "5"}}).batch);
  const std::vector<std::string> three{"1", "2", "3"};
  const std::vector<All> lists = {{{"orders", "1,2,3"}},
                                  {{"order", "1,2, 3,1"}},
                                  {{"orders", "1\n2\n3"}},
                                  {{"orders[]", "1"}, {"orders[]", "2"}, {"orders[]", "3"}},
                                  {{"orders[0]", "1"}, {"orders[1]", "2,3"}},
                                  {{"orders", "1"}, {"orders", "2"}, {"orders", "3"}},
                                  {{"order", "9"}, {"orders", "1,2,3"}}};
  for (const auto& list : lists) {
    CHECK(ids(list).ids == three);
    CHECK(ids(list).batch);
  }
  CHECK(ids({{"orders", "5"}}).batch);
  CHECK(ids({{"order[]", "5"}}).batch);
  CHECK_FALSE(ids({{"order", " 5 "}, {"orders", ""}}).batch);
  CHECK(ids({{"orders", ""}, {"ordersx", "1"}}).ids.empty());
}

TEST_CASE("parameters in the URL count too, those in the body come after them") {
  auto both = request(form, "action=status&order=5");
  both.query = {{"key", "k"}, {"action", "balance"}};
  const auto fields = read_compat_fields(both);
  REQUIRE(fields);
  CHECK(fields->last("key") == "k");
  CHECK(fields->last("action") == "status");
}
