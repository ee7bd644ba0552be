#include "api/json_body.h"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <string>

namespace smm::test::json_body_test {

TEST_CASE("a body with a NUL in it is not JSON, whatever stands before and behind it") {
  for (const auto* front : {"{\"id\":\"1\"}", "[1]", "", "5"}) {
    for (const auto* rest : {"", "x", "{\"id\":\"2\"}"}) {
      const auto body = std::string(front) + '\0' + rest;
      const auto read = api::parse_body(body);
      REQUIRE_FALSE(read.has_value());
      CHECK(read.error().code == "bad-json");
      CHECK(read.error().status == 400);
    }
  }
  CHECK(api::parse_body("{\"id\":\"1\"}").has_value());
}

}  // namespace smm::test::json_body_test
