#include "child.h"
#include "fake_daemon.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace smm::test::export_command {
namespace {

const std::string order =
    R"({"panel":"p1","id":"23501","service":"1","service_name":"Followers, \"fast\"","link":"https://e.example/1",)"
    R"("quantity":1000,"status":"in_progress","status_text":"In progress","start_count":null,"remains":157,)"
    R"("delivered":843,"charge":"0.27819","currency":"USD","ref":null,"labels":{"customer":"42"},"parent":null,)"
    R"("children":[],"revision":7,"ended":false,"settled":false,"stalled":true,"lost":false,)"
    R"("placed_at":"2026-11-21T08:00:00.000Z","tracked_at":"2026-11-21T08:00:01.000Z","changed_at":null,)"
    R"("ended_at":null,"polled_at":null,"rate_at_placing":"0.90"})";

std::string page(const std::string& items, const std::string& next = "") {
  return R"({"items":[)" + items + R"(],"next":)" + (next.empty() ? "null" : "\"" + next + "\"") + "}";
}

std::string contents(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

struct Stage {
  Stage() { daemon.will_answer(json(R"({"version":"1"})")); }
  Outcome run_it(const std::vector<std::string>& arguments) {
    auto all = arguments;
    all.insert(all.begin(), "export");
    return run(room.path("api.sock"), all);
  }
  Room room;
  FakeDaemon daemon{room.path("api.sock")};
};

}  // namespace

TEST_CASE("export writes JSON line by line, page after page, oldest first") {
  Stage stage;
  stage.daemon.will_answer(json(page(order, "c1")));
  stage.daemon.will_answer(json(page("", "c2")));  // a filter without an index may find nothing for a while
  stage.daemon.will_answer(json(page(R"({"panel":"p1","id":"2"})")));
  const auto outcome =
      stage.run_it({"--panel", "p1", "--label", "a=b", "--updated-after", "2026-11-21T08:00:00Z"});
  CHECK(outcome.exit == 0);
  CHECK(outcome.out == order + "\n" + R"({"panel":"p1","id":"2"})" + "\n");
  const std::string query =
      "/v1/"
      "orders?panel=p1&label.a=b&updated_after=2026-11-21T08%3A00%3A00.000Z&sort=tracked&order=asc&limit="
      "1000";
  CHECK(stage.daemon.request(1).target == query);
  CHECK(stage.daemon.request(2).target == query + "&cursor=c1");
  CHECK(stage.daemon.request(3).target == query + "&cursor=c2");
}

TEST_CASE("export writes CSV with quotes where they are needed and nothing for what is unknown") {
  Stage stage;
  stage.daemon.will_answer(json(page(order)));
  CHECK(stage.run_it({"--status", "in_progress", "--format", "csv"}).out ==
        "panel,id,service,link,quantity,ref,labels,placed_at,ended_at,status,status_text,start_count,remains,"
        "delivered,"
        "charge,currency,service_name,kind,rate_at_placing,parent,revision,ended,settled,stalled,lost,"
        "tracked_at,"
        "changed_at,"
        "polled_at\n"
        "p1,23501,1,https://e.example/"
        "1,1000,,\"{\"\"customer\"\":\"\"42\"\"}\",2026-11-21T08:00:00.000Z,,in_progress,"
        "In progress,,157,843,0.27819,USD,\"Followers, \"\"fast\"\"\",,0.90,,7,false,false,true,false,"
        "2026-11-21T08:00:01.000Z,,\n");
}

TEST_CASE("export puts a file in its place when all is written, with the rights it had") {
  Stage stage;
  stage.daemon.will_answer(json(R"({"orders":{"total":1}})"));
  stage.daemon.will_answer(json(page(order)));
  const auto file = stage.room.path("orders.csv");
  std::ofstream(file) << "old";
  ::chmod(file.c_str(), 0604);
  std::filesystem::create_symlink("orders.csv", stage.room.path("link.csv"));
  const auto outcome = stage.run_it({stage.room.path("link.csv")});
  CHECK(outcome.out == "exported 1 order to " + stage.room.path("link.csv") + "\n");
  CHECK(contents(file).find("\np1,23501,1,") != std::string::npos);
  CHECK(std::filesystem::is_symlink(stage.room.path("link.csv")));
  struct stat about {};
  REQUIRE(::stat(file.c_str(), &about) == 0);
  CHECK((about.st_mode & 0777U) == 0604U);
}

TEST_CASE("export onto a link to a file that is not there makes the file") {
  Stage stage;
  stage.daemon.will_answer(json(R"({"orders":{"total":1}})"));
  stage.daemon.will_answer(json(page(order)));
  std::filesystem::create_directory(stage.room.path("kept"));
  std::filesystem::create_symlink("kept/orders.csv", stage.room.path("second"));
  std::filesystem::create_symlink("second", stage.room.path("link.csv"));
  CHECK(stage.run_it({stage.room.path("link.csv")}).exit == 0);
  CHECK(std::filesystem::is_symlink(stage.room.path("link.csv")));
  CHECK(std::filesystem::is_symlink(stage.room.path("second")));
  CHECK(contents(stage.room.path("kept/orders.csv")).find("\np1,23501,1,") != std::string::npos);
  std::filesystem::create_symlink("round.csv", stage.room.path("round.csv"));
  const auto round = stage.run_it({stage.room.path("round.csv")});
  CHECK(round.exit == 1);
  CHECK(std::filesystem::is_symlink(stage.room.path("round.csv")));
}

TEST_CASE("an export that fails or is interrupted leaves the file as it was and nothing beside it") {
  for (const bool interrupted : {false, true}) {
    CAPTURE(interrupted);
    Stage stage;
    stage.daemon.will_answer(json(R"({"orders":{"total":2000}})"));
    stage.daemon.will_answer(json(page(order, "c1")));
    stage.daemon.will_answer(interrupted ? Answer{{"", ""}} : problem(500, "internal", "it broke"));
    const auto file = stage.room.path("orders.csv");
    std::ofstream(file) << "old";
    Launch launch;
    launch.arguments = {"export", file};
    launch.environment = {{"SMM_TRACKER_SOCKET", stage.room.path("api.sock")}};
    Child child(launch);
    REQUIRE(stage.daemon.was_asked(4));
    if (interrupted) child.signal(SIGINT);
    const auto outcome = child.finish();
    CHECK(outcome.exit == (interrupted ? 130 : 1));
    CHECK(outcome.err == "smm-tracker: " + std::string(interrupted ? "interrupted" : "it broke") + ": " +
                             file + " is as it was\n");
    CHECK(contents(file) == "old");
    std::size_t files = 0;
    for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(stage.room.path("")))
      ++files;
    CHECK(files == 2);  // the socket and the file
  }
}

TEST_CASE("export --history asks for the history of each order and writes it with the order") {
  Stage stage;
  stage.daemon.will_answer(json(R"({"orders":{"total":2}})"));
  stage.daemon.will_answer(json(page(R"({"panel":"p1","id":"1"},{"panel":"p1","id":"2"})")));
  stage.daemon.will_answer(json(page(R"({"status":"pending"})", "h")));
  stage.daemon.will_answer(json(page(R"({"status":"completed"})")));
  stage.daemon.will_answer(problem(404, "order-not-found", "purged"));
  CHECK(stage.run_it({"--history"}).out ==
        R"({"panel":"p1","id":"1","history":[{"status":"pending"},{"status":"completed"}]})"
        "\n");
  CHECK(stage.daemon.request(4).target == "/v1/orders/p1/1/history?limit=1000&cursor=h");
}

TEST_CASE("export waits for a daemon that goes away in between and goes on where it was") {
  Stage stage;
  stage.daemon.will_answer(json(page(order, "c1")));
  stage.daemon.will_answer({{}, true});
  stage.daemon.will_answer(json(page(R"({"panel":"p1","id":"2"})")));
  const auto outcome = stage.run_it({"--stalled"});
  CHECK(outcome.exit == 0);
  CHECK(outcome.out == order + "\n" + R"({"panel":"p1","id":"2"})" + "\n");
  CHECK(stage.daemon.request(3).target == stage.daemon.request(2).target);
}

TEST_CASE("export refuses what it cannot write, before anything is touched") {
  Stage stage;
  CHECK(stage.run_it({stage.room.path("orders.txt")}).err.find("--format csv or --format ndjson") !=
        std::string::npos);
  CHECK(stage.run_it({"--history", "--format", "csv"}).exit == 2);
  CHECK(stage.run_it({stage.room.path("none/orders.csv")}).err.find("No such file or directory") !=
        std::string::npos);
  const Room empty;
  CHECK(run(empty.path("api.sock"), {"export", empty.path("o.csv")}).exit == 7);
  CHECK_FALSE(std::filesystem::exists(empty.path("o.csv")));
}

TEST_CASE("export --json tells of the file it has written") {
  Stage stage;
  stage.daemon.will_answer(json(page(order)));
  const auto file = stage.room.path("o.ndjson");
  CHECK(stage.run_it({"--json", "--stalled", file}).out ==
        R"({"orders":1,"file":")" + file + R"(","format":"ndjson"})" + "\n");
}

TEST_CASE("the reader of an export may leave") {
  Stage stage;
  stage.daemon.will_answer(json(page(order, "c1")));
  stage.daemon.will_answer(json(page(order, "c2")));
  stage.daemon.will_answer({{"", ""}});
  Launch launch;
  launch.arguments = {"export", "--stalled"};
  launch.environment = {{"SMM_TRACKER_SOCKET", stage.room.path("api.sock")}};
  Child child(launch);
  REQUIRE(child.shows("23501"));
  child.close_out();
  REQUIRE(stage.daemon.was_asked(3));
  child.signal(SIGINT);
  CHECK(child.finish().err.find("cannot write") == std::string::npos);
}

}  // namespace smm::test::export_command
