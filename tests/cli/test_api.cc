#include "child.h"
#include "fake_daemon.h"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <fstream>
#include <string>

namespace smm::test::api_command {
namespace {

using Json = nlohmann::json;

struct Stage {
  Outcome api(const std::vector<std::string>& arguments, const std::string& input = "") {
    auto all = arguments;
    all.insert(all.begin(), "api");
    return run(room.path("api.sock"), all, input);
  }
  Room room;
  FakeDaemon daemon{room.path("api.sock")};
};

}  // namespace

TEST_CASE("api prints the answer byte for byte") {
  Stage stage;
  stage.daemon.will_answer(json("{ \"a\" : 1.50 }"));
  CHECK(stage.api({"v1/status?x=1"}).out == "{ \"a\" : 1.50 }");
  CHECK(stage.daemon.request(0).target == "/v1/status?x=1");
  CHECK(stage.daemon.request(0).method == "GET");
}

TEST_CASE("api puts fields into the query of a method without a body and into the body of any other") {
  Stage stage;
  stage.daemon.will_answer(json("{}"));
  CHECK(stage.api({"GET", "/v1/orders?limit=5", "-f", "q=a b&c", "-F", "stalled=1"}).exit == 0);
  CHECK(stage.daemon.request(0).target == "/v1/orders?limit=5&q=a%20b%26c&stalled=1");
  CHECK(stage
            .api({"/v1/orders", "-f", "panel=p1", "-f", "id=23501", "-F", "quantity=1000", "-F", "quiet=true",
                  "-F", "ref=null", "-F", "link=no number", "-f", "labels[a]=1", "-f", "labels[b]=x=y"})
            .exit == 0);
  CHECK(stage.daemon.request(1).method == "POST");
  CHECK(stage.daemon.request(1).headers.at("content-type") == "application/json");
  CHECK(
      Json::parse(stage.daemon.request(1).body) ==
      Json::parse(R"({"panel":"p1","id":"23501","quantity":1000,"quiet":true,"ref":null,"link":"no number",)"
                  R"("labels":{"a":"1","b":"x=y"}})"));
  CHECK(stage.api({"POST", "/v1/refills", "-f", "orders[]=p1/1", "-f", "orders[]=p1/2"}).exit == 0);
  CHECK(stage.daemon.request(2).body == R"({"orders":["p1/1","p1/2"]})");
  CHECK(stage.api({"DELETE", "/v1/orders/p1/1", "-f", "purge=1"}).exit == 0);
  CHECK(stage.daemon.request(3).method == "DELETE");
  CHECK(stage.daemon.request(3).target == "/v1/orders/p1/1?purge=1");
  CHECK(stage.daemon.request(3).body.empty());
}

TEST_CASE("api sends a body from a file or from standard input as it is, and headers") {
  Stage stage;
  stage.daemon.will_answer(json("{}"));
  std::ofstream(stage.room.path("body")) << "[ 1 ]\n";
  CHECK(stage.api({"PATCH", "/v1/x", "--input", stage.room.path("body"), "-H", "Idempotency-Key: k"}).exit ==
        0);
  CHECK(stage.daemon.request(0).method == "PATCH");
  CHECK(stage.daemon.request(0).body == "[ 1 ]\n");
  CHECK(stage.daemon.request(0).headers.at("idempotency-key") == "k");
  CHECK(stage.api({"POST", "/v1/x", "--input", "-"}, "{}").exit == 0);
  CHECK(stage.daemon.request(1).body == "{}");
}

TEST_CASE("api prints a problem, says what it means and exits as other commands do") {
  Stage stage;
  stage.daemon.will_answer(problem(404, "order-not-found", "order p1/1 is not tracked here"));
  const auto outcome = stage.api({"/v1/orders/p1/1"});
  CHECK(outcome.exit == 3);
  CHECK(Json::parse(outcome.out)["code"] == "order-not-found");
  CHECK(outcome.err == "smm-tracker: order p1/1 is not tracked here\n");
}

TEST_CASE("api -i prints the status line and the headers first") {
  Stage stage;
  stage.daemon.will_answer(json("{}"));
  CHECK(stage.api({"-i", "/v1/version"}).out ==
        "HTTP/1.1 200 Whatever\nContent-Type: application/json\nContent-Length: 2\n\n{}");
}

TEST_CASE("api passes a stream on as it comes") {
  Stage stage;
  auto lines = stream({"{\"seq\":1}\n", "{\"seq\":2}\n"});
  stage.daemon.will_answer(lines);
  Launch launch;
  launch.arguments = {"api", "/v1/events?follow=1"};
  launch.environment = {{"SMM_TRACKER_SOCKET", stage.room.path("api.sock")}};
  Child child(launch);
  CHECK(child.shows("{\"seq\":1}\n"));
  CHECK(child.out().find("\"seq\":2") == std::string::npos);
  stage.daemon.proceed();
  stage.daemon.proceed();
  CHECK(child.shows("{\"seq\":2}\n"));
}

TEST_CASE("api --paginate makes one document of all pages") {
  Stage stage;
  stage.daemon.will_answer(json(R"({"items":[1,2],"next":"c"})"));
  stage.daemon.will_answer(json(R"({"items":[],"next":"d"})"));
  stage.daemon.will_answer(json(R"({"items":[3],"next":null})"));
  CHECK(stage.api({"--paginate", "/v1/orders?limit=2"}).out == "{\"items\":[1,2,3],\"next\":null}\n");
  CHECK(stage.daemon.request(2).target == "/v1/orders?limit=2&cursor=d");
}

TEST_CASE("on a terminal api makes control characters harmless") {
  Stage stage;
  stage.daemon.will_answer(
      json("{\"a\":\"\xC2\x9B"
           "31m\"}"));
  Launch launch;
  launch.arguments = {"api", "/v1/x"};
  launch.environment = {{"SMM_TRACKER_SOCKET", stage.room.path("api.sock")}, {"TERM", "xterm"}};
  launch.columns = 80;
  CHECK(run(launch).out == "{\"a\":\"\\u009b31m\"}\n");
}

TEST_CASE("api refuses what is no request, and sends nothing") {
  Stage stage;
  for (const auto& arguments : std::vector<std::vector<std::string>>{{"fetch", "/v1/x"},
                                                                     {"/v1/a b"},
                                                                     {""},
                                                                     {"GET", ""},
                                                                     {"DELETE", "/v1/x", "--input", "-"},
                                                                     {"/v1/x", "-f", "novalue"},
                                                                     {"/v1/x", "-f", "a[b=1"},
                                                                     {"/v1/x", "-f", "a=1", "-f", "a[b]=1"},
                                                                     {"/v1/x", "-f", "a=1", "--input", "-"},
                                                                     {"GET", "/v1/x", "--input", "-"},
                                                                     {"/v1/x", "-H", "none"}}) {
    CAPTURE(arguments.back());
    const auto outcome = stage.api(arguments);
    CHECK(outcome.exit == 2);
    CHECK(outcome.err.find("; see smm-tracker api --help\n") != std::string::npos);
  }
  CHECK(stage.daemon.seen().empty());
}

}  // namespace smm::test::api_command
