#include "platform/http_target.h"

#include <doctest/doctest.h>

using namespace smm::platform;
using Query = std::vector<std::pair<std::string, std::string>>;

TEST_CASE("a query keeps its order and its repeated keys") {
  const auto target = parse_target("/v1/orders?state=active&panel=p1&state=ended");
  CHECK(target.path == "/v1/orders");
  CHECK(target.query == Query{{"state", "active"}, {"panel", "p1"}, {"state", "ended"}});
}

TEST_CASE("escapes are decoded, a plus is a space in the query only") {
  const auto target = parse_target("/a+b%2Fc%20d?q=a+b%2Bc&na%6De=%c3%bc");
  CHECK(target.path == "/a+b/c d");
  CHECK(target.query == Query{{"q", "a b+c"}, {"name", "\xc3\xbc"}});
}

TEST_CASE("what is no escape stays as it is") {
  const auto target = parse_target("/%zz%4?a=%&b=%g1&c=%1&d=100%25");
  CHECK(target.path == "/%zz%4");
  CHECK(target.query == Query{{"a", "%"}, {"b", "%g1"}, {"c", "%1"}, {"d", "100%"}});
}

TEST_CASE("an escaped NUL does not end the text") {
  CHECK(parse_target("/a%00b").path == std::string("/a\0b", 4));
}

TEST_CASE("keys without a value, empty pieces and further marks are taken as they come") {
  CHECK(parse_target("").path.empty());
  CHECK(parse_target("/x?").query.empty());
  CHECK(parse_target("/x?&&").query.empty());
  CHECK(parse_target("/x?follow&since=&=v&e=1=2&u=a?b").query ==
        Query{{"follow", ""}, {"since", ""}, {"", "v"}, {"e", "1=2"}, {"u", "a?b"}});
}
