#include "compat_world.h"
#include "socket_proxy.h"
#include "stage.h"

#include <doctest/doctest.h>

#include <string>
#include <utility>

// A PHP class as panels hand them out, with its URL and its key changed and nothing else.

using namespace smm::test;

namespace {

void replace_once(std::string& text, const std::string& what, const std::string& with) {
  const auto at = text.find(what);
  REQUIRE(at != std::string::npos);
  text.replace(at, what.size(), with);
  REQUIRE(text.find(what) == std::string::npos);
}

// What a shop with that class reads when it uses every action.
Outcome shop_with(const std::string& url, const std::string& key, const std::string& completed,
                  const std::string& running) {
  const ScratchDirectory scratch;
  const std::string folder = SMM_EXAMPLE_CLIENTS;
  auto text = read_file(folder + "/panel_client.php");
  replace_once(text, "https://panel.example/api/v2", url);
  replace_once(text, "YOUR-API-KEY", key);
  write_file(scratch.path() / "client.php", text);
  Launch launch;
  launch.program = "/usr/bin/env";
  launch.arguments = {"php",
                      "-d",
                      "display_errors=stderr",
                      folder + "/panel_client_run.php",
                      scratch.path() / "client.php",
                      completed,
                      running};
  return run(launch);
}

// The orders it is told of.
void prepare(practice::PracticePanel& panel) {
  panel.put_order("7001", {.quantity = 1000, .ending = practice::Ending::completed});
  panel.set_order("7001",
                  {.status = "Completed", .charge = "0.27819", .start_count = "3572", .remains = "0"});
  panel.script_order("7002", 1000, {{practice::Ms(0), {.status = "In progress", .remains = "157"}}});
}

// What it reads, at a panel or at whatever stands for one.
constexpr const char* read_by_the_shop =
    R"(["services",true,1,"Followers","Default","First Category","0.90","50","10000",true,true]
["order",true]
["drip-feed",true]
["comments",true]
["subscription",true]
["refused","Quantity less than minimal 50"]
["status","Completed","0.27819","3572","0","USD"]
["new order","Pending"]
["multiStatus","Completed","157","Incorrect order ID"]
["refill",true]
["multiRefill",7002,true,999999999,"Incorrect order ID"]
["refillStatus","Pending"]
["multiRefillStatus","Pending","Refill not found"]
["cancel",999999999,"Incorrect order ID",7002,1]
["balance",true,"USD"]
)";

}  // namespace

TEST_CASE("a PHP class with only URL and key changed does everything at a panel") {
  practice::PracticeServer server;
  prepare(server.add_panel());
  const auto outcome = shop_with(server.api_url("p1"), practice_key, "7001", "7002");
  CHECK(outcome.exit == 0);
  CHECK(outcome.err.empty());
  CHECK(outcome.out == read_by_the_shop);
}

TEST_CASE("a PHP class with only URL and key changed works against the proxy") {
  CompatWorld world;
  prepare(world.panel);
  REQUIRE_MESSAGE(world.start(), world.tracker.log());
  const SocketProxy proxy(SocketProxy::command(SMM_UNITS), world.tracker.socket("compat.sock"));
  const auto outcome = shop_with(proxy.url(), compat_token, "7001", "7002");
  CHECK(outcome.exit == 0);
  CHECK(outcome.err.empty());
  CHECK(outcome.out == read_by_the_shop);
}
