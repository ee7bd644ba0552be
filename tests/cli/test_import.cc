#include "child.h"
#include "fake_daemon.h"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <csignal>
#include <fstream>
#include <string>
#include <vector>

namespace smm::test::import_command {
namespace {

using Json = nlohmann::json;

Answer panels() {
  return json(R"({"items":[{"name":"p1"},{"name":"p2"}],"next":null})");
}

Answer took(std::size_t fresh, std::size_t known = 0) {
  auto items = Json::array();
  for (std::size_t i = 0; i < fresh + known; ++i) items.push_back({{"status", i < fresh ? 201 : 200}});
  return json(Json{{"items", items}}.dump());
}

std::string file_with(const Room& room, const std::string& name, const std::string& text) {
  std::ofstream(room.path(name)) << text;
  return room.path(name);
}

struct Stage {
  Stage() { daemon.will_answer(panels()); }
  Outcome import(const std::vector<std::string>& arguments, const std::string& input = "") {
    auto all = arguments;
    all.insert(all.begin(), "import");
    return run(room.path("api.sock"), all, input);
  }
  // The array of request `number`.
  [[nodiscard]] Json sent(std::size_t number) const { return Json::parse(daemon.request(number).body); }

  Room room;
  FakeDaemon daemon{room.path("api.sock")};
};

}  // namespace

TEST_CASE("import reads CSV with its columns in any order, and everything is quiet") {
  Stage stage;
  stage.daemon.will_answer(took(1, 1));
  const auto file = file_with(stage.room, "orders.csv",
                              "\xEF\xBB\xBFquantity,ID,panel,Label.Customer,link,labels,placed_at,status\r\n"
                              "1000,23501,p1,42,\"https://e.example/?a=1,2\",\"{\"\"a\"\":\"\"b\"\"}\","
                              "2026-11-21T08:00:00+01:00,completed\r\n"
                              ",ord_7,p2,,,,,\r\n");
  const auto outcome = stage.import({file});
  CHECK(outcome.err == "");
  CHECK(outcome.exit == 0);
  CHECK(outcome.out == "1 tracked, 1 known before\n");
  CHECK(stage.daemon.request(1).target == "/v1/orders");
  CHECK(
      stage.sent(1) ==
      Json::parse(R"([{"quantity":1000,"id":"23501","panel":"p1","labels":{"Customer":"42","a":"b"},)"
                  R"("link":"https://e.example/?a=1,2","placed_at":"2026-11-21T07:00:00.000Z","quiet":true},)"
                  R"({"id":"ord_7","panel":"p2","quiet":true}])"));
}

TEST_CASE("import reads what spreadsheets separate by semicolons") {
  Stage stage;
  stage.daemon.will_answer(took(1));
  CHECK(stage.import({"-"}, "panel;id;ref\np1;1;\"a;b\"\n").exit == 0);
  CHECK(stage.sent(1) == Json::parse(R"([{"panel":"p1","id":"1","ref":"a;b","quiet":true}])"));
}

TEST_CASE("import reads JSON line by line and leaves out what only the daemon can tell") {
  Stage stage;
  stage.daemon.will_answer(took(2));
  const auto outcome = stage.import(
      {"-"},
      R"({"panel":"p1","id":23501,"ref":null,"labels":{"k":""},"status":"completed","history":[],"quiet":false})"
      "\n\n"
      R"({"panel":"p2","id":"x"})");
  CHECK(outcome.exit == 0);
  CHECK(stage.sent(1) == Json::parse(R"([{"panel":"p1","id":"23501","labels":{"k":""},"quiet":true},)"
                                     R"({"panel":"p2","id":"x","quiet":true}])"));
}

TEST_CASE("import reads a plain list of ids") {
  Stage stage;
  stage.daemon.will_answer(took(2));
  CHECK(stage.import({"--panel", "p2", "-"}, "# mine\n23501\n\np1/23502\r\n").exit == 0);
  CHECK(stage.sent(1) == Json::parse(R"([{"id":"23501","panel":"p2","quiet":true},)"
                                     R"({"panel":"p1","id":"23502","quiet":true}])"));
}

TEST_CASE("import lists every bad line with its number, and the others are taken") {
  Stage stage;
  stage.daemon.will_answer(
      json(R"({"items":[{"status":201},{"status":422,"problem":{"detail":"quantity: is odd"}}]})"));
  const auto file = file_with(stage.room, "o.csv",
                              "panel,id,quantity,placed_at\n"
                              "p1,1,,\n"
                              "p1,a b,,\n"
                              "p1,3,many,\n"
                              "p3,4,,\n"
                              "p1,5,,yesterday\n"
                              "p1,6\n"
                              "p1,\"7\"x,,\n"
                              ",8,,\n"
                              "p1,\xFF,,\n"
                              "p1,10,7,\n");
  const auto outcome = stage.import({file});
  CHECK(outcome.exit == 6);
  CHECK(outcome.out == "1 tracked, 9 lines refused\n");
  std::string expected;
  for (const auto* line :
       {":3: id \"a b\" is no id: 1 to 64 of A-Z a-z 0-9 _ . : -",
        ":4: quantity \"many\" is not a whole number",
        ":5: the configuration names no panel \"p3\" (did you mean \"p1\"?)",
        ":6: placed_at \"yesterday\" is not a time; write 2026-11-21T08:00:00Z, or with +02:00 for the zone",
        ":7: has 2 fields, where the first line names 4 columns",
        ":8: after a closing quote comes more text; a quote within quotes is written twice",
        ":9: the panel is missing; --panel NAME says it for all", ":10: id \"\xEF\xBF\xBD\" is not UTF-8",
        ":11: p1/10: quantity: is odd"}) {
    expected += "smm-tracker: " + file + line + "\n";
  }
  CHECK(outcome.err == expected);
}

TEST_CASE("a bad line whose quote takes others along says so") {
  Stage stage;
  stage.daemon.will_answer(json(R"({"items":[{"status":201}]})"));
  const auto file = file_with(
      stage.room, "o.csv", "id,panel,ref\n501,p1,\"shop\n502,p1,x\n503,p1,\",y\n504,p1,z\n505,p1,\"a\nb\",");
  const auto outcome = stage.import({file});
  CHECK(outcome.out == "1 tracked, 2 lines refused\n");
  const std::string why = "has 4 fields, where the first line names 3 columns; a quote is open to line ";
  CHECK(outcome.err ==
        "smm-tracker: " + file + ":2: " + why + "4\nsmm-tracker: " + file + ":6: " + why + "7\n");
}

TEST_CASE("import with nothing but bad lines is a usage error and sends nothing") {
  Stage stage;
  const auto outcome = stage.import({"--format", "ids", "--panel", "p1", "-"}, "a b\nc d\n");
  CHECK(outcome.exit == 2);
  CHECK(outcome.err.find("<stdin>:1: id \"a b\" is no id") != std::string::npos);
  CHECK(stage.daemon.seen().size() == 1);
}

TEST_CASE("import refuses columns nobody knows, with the one that was meant") {
  Stage stage;
  const auto outcome = stage.import({"-"}, "panel,id,quantty,colour\np1,1,2,red\n");
  CHECK(outcome.exit == 2);
  CHECK(outcome.err ==
        "smm-tracker: <stdin>: unknown column \"quantty\" (did you mean \"quantity\"?); unknown column "
        "\"colour\"; "
        "there are panel, id, service, link, quantity, ref, labels, placed_at, ended_at and label.NAME for a "
        "label of "
        "that name\n");
  CHECK(stage.daemon.seen().size() == 1);
}

TEST_CASE("import says what a file is that it cannot read") {
  Stage stage;
  CHECK(stage.import({"-"}, "[{\"panel\":\"p1\"}]\n").err.find("jq -c '.[]'") != std::string::npos);
  CHECK(stage.import({"-"}, "name,price\na,1\n").err.find("names no column \"id\"") != std::string::npos);
  CHECK(stage.import({"-"}, "id\n1\n").err.find("--panel NAME") != std::string::npos);
  const auto missing = stage.import({stage.room.path("none.csv")});
  CHECK(missing.exit == 1);
  CHECK(missing.err.find("cannot be read: No such file or directory") != std::string::npos);
  CHECK(stage.import({"/"}).err.find("Is a directory") != std::string::npos);
}

TEST_CASE("import of an empty file does nothing and says so") {
  Stage stage;
  const auto outcome = stage.import({"-"}, "");
  CHECK(outcome.exit == 0);
  CHECK(outcome.out == "0 tracked\n");
}

TEST_CASE("import of a file of nothing but form feeds does not crash") {
  Stage stage;
  const auto outcome = stage.import({"-"}, "\f\n\v \n");
  CHECK(outcome.exit == 0);
  CHECK(outcome.out == "0 tracked\n");
}

TEST_CASE("import shows the name of a column without what a terminal obeys") {
  Stage stage;
  const auto bad_value = stage.import({"--panel", "p1", "-"}, "id,label.\x1b[31m\xff\n1,\xff\n");
  CHECK(bad_value.exit == 2);
  CHECK(bad_value.err.find("is not UTF-8") != std::string::npos);
  CHECK(bad_value.err.find('\x1b') == std::string::npos);
  CHECK(bad_value.err.find('\xff') == std::string::npos);
  const auto twice = stage.import({"--panel", "p1", "-"}, "id,label.\x1b[31m,label.\x1b[31m\n1,a,b\n");
  CHECK(twice.exit == 2);
  CHECK(twice.err.find("stands there twice") != std::string::npos);
  CHECK(twice.err.find('\x1b') == std::string::npos);
}

TEST_CASE("import takes no line with a NUL in it") {
  Stage stage;
  const auto line = R"({"panel":"p1","id":"1"})" + std::string(1, '\0') + "and more\n";
  const auto outcome = stage.import({"-"}, line);
  CHECK(outcome.exit == 2);
  CHECK(outcome.err.find("<stdin>:1: ") != std::string::npos);
  CHECK(outcome.err.find("is not JSON") != std::string::npos);
}

TEST_CASE("import sends a thousand orders at a time") {
  Stage stage;
  stage.daemon.will_answer(took(1000));
  stage.daemon.will_answer(took(1000));
  stage.daemon.will_answer(took(1));
  std::string ids;
  for (int i = 0; i < 2001; ++i) ids += "p1/" + std::to_string(i) + "\n";
  const auto outcome = stage.import({"-"}, ids);
  CHECK(outcome.out == "2001 tracked\n");
  CHECK(stage.sent(1).size() == 1000);
  CHECK(stage.sent(3) == Json::parse(R"([{"panel":"p1","id":"2000","quiet":true}])"));
}

TEST_CASE("import waits for a daemon that cannot write or is stopping, and asks the same again") {
  Stage stage;
  stage.daemon.will_answer(problem(503, "storage-trouble", "nothing was changed: the disk is full"));
  stage.daemon.will_answer({{}, true});  // hangs up without a word
  stage.daemon.will_answer(took(1));
  const auto outcome = stage.import({"-"}, "p1/1\n");
  CHECK(outcome.exit == 0);
  CHECK(outcome.out == "1 tracked\n");
  CHECK(outcome.err == "smm-tracker: nothing was changed: the disk is full; trying again for up to 1m\n");
  CHECK(stage.daemon.request(1).body == stage.daemon.request(3).body);
}

TEST_CASE(
    "import gives up on a daemon that stays busy, and says how far it came and that it may be repeated") {
  Stage stage;
  stage.daemon.will_answer(took(1000));
  stage.daemon.will_answer(problem(503, "storage-trouble", "nothing was changed: the disk is full"));
  std::string ids;
  for (int i = 0; i < 1001; ++i) ids += "p1/" + std::to_string(i) + "\n";
  const auto outcome = stage.import({"--reconnect", "100ms", "-"}, ids);
  CHECK(outcome.exit == 6);
  CHECK(outcome.err.find(
            "the disk is full; 1000 orders imported, up to line 1000; to run it again is harmless") !=
        std::string::npos);
}

TEST_CASE("an interrupted import says how far it came and that it may be repeated") {
  Stage stage;
  stage.daemon.will_answer(took(1000));
  stage.daemon.will_answer({{"", ""}});  // the second one waits for a word that does not come
  std::string ids;
  for (int i = 0; i < 1500; ++i) ids += "p1/" + std::to_string(i) + "\n";
  Launch launch;
  launch.arguments = {"import", "-"};
  launch.environment = {{"SMM_TRACKER_SOCKET", stage.room.path("api.sock")}};
  launch.input = ids;
  Child child(launch);
  REQUIRE(stage.daemon.was_asked(3));
  child.signal(SIGINT);
  const auto outcome = child.finish();
  CHECK(outcome.exit == 130);
  CHECK(outcome.err ==
        "smm-tracker: interrupted: 1000 orders imported, up to line 1000; to run it again is harmless: what "
        "is known "
        "stays as it is\n");
}

TEST_CASE("--dry-run checks every line, asks which orders are known and changes nothing") {
  Stage stage;
  stage.daemon.will_answer(json(R"({"panel":"p1","id":"1"})"));
  stage.daemon.will_answer(problem(404, "order-not-found", "order p1/2 is not tracked here"));
  const auto outcome = stage.import({"--dry-run", "-"}, "p1/1\np1/2\np1/2\np9/3\n");
  CHECK(outcome.exit == 6);
  CHECK(outcome.out == "1 would be new, 2 known before, 1 line refused\n");
  for (const auto& seen : stage.daemon.seen()) CHECK(seen.method == "GET");
}

TEST_CASE("import --json prints one document with the counts and every complaint") {
  Stage stage;
  stage.daemon.will_answer(took(1));
  const auto outcome = stage.import({"--json", "-"}, "p1/1\np9/2\np9/3\n");
  const auto about_p9 = std::string("the configuration names no panel \"p9\" (did you mean \"p1\"?)");
  const Json expected = {
      {"complaints", {{{"line", 2}, {"detail", about_p9}}, {{"line", 3}, {"detail", about_p9}}}},
      {"dry_run", false},
      {"new", 1},
      {"known", 0},
      {"refused", 2}};
  CHECK(Json::parse(outcome.out) == expected);
}

TEST_CASE("import says once what is wrong with a panel, and how many lines name it") {
  Stage stage;
  stage.daemon.will_answer(took(1));
  const auto outcome = stage.import({"-"}, "p1/1\np9/2\np8/3\np9/4\np9/5\n");
  CHECK(outcome.out == "1 tracked, 4 lines refused\n");
  CHECK(outcome.err ==
        "smm-tracker: <stdin>:2: the configuration names no panel \"p9\" (did you mean \"p1\"?)\n"
        "smm-tracker: <stdin>:3: the configuration names no panel \"p8\" (did you mean \"p1\"?)\n"
        "smm-tracker: <stdin>: 2 more lines name panel \"p9\"\n");
}

TEST_CASE("import without a daemon says so before it reads") {
  const Room room;
  CHECK(run(room.path("api.sock"), {"import", "-"}, "p1/1\n").exit == 7);
  CHECK(run(room.path("api.sock"), {"import", "--json", "-"}, "p1/1\n").out.empty());
}

TEST_CASE("on a terminal import draws how far it is, and takes that away at the end") {
  Stage stage;
  stage.daemon.will_answer(took(1000));
  std::string ids;
  for (int i = 0; i < 1000; ++i) ids += "p1/" + std::to_string(i) + "\n";
  for (const int columns : {80, 40}) {
    Launch launch;
    launch.arguments = {"import", file_with(stage.room, "ids.txt", ids)};
    launch.environment = {{"SMM_TRACKER_SOCKET", stage.room.path("api.sock")}, {"TERM", "xterm"}};
    launch.columns = columns;
    launch.typing = true;
    const auto outcome = run(launch);
    CHECK(outcome.out.find("\rimporting  [") != std::string::npos);
    CHECK(outcome.out.find("1000 tracked\n") != std::string::npos);
    CHECK(outcome.out.rfind("\r\x1b[K") > outcome.out.rfind("importing"));
    break;
  }
}

}  // namespace smm::test::import_command
