#include "child.h"
#include "fake_daemon.h"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

using namespace smm::test;
using Json = nlohmann::ordered_json;

namespace {

const std::string pending =
    R"({"id":12,"panel":"p1","order":"23501","state":"pending","cause":"manual","words":null})";

std::string asked(const std::string& order, const std::string& noun = "refill",
                  const std::string& state = "pending") {
  return R"({"order":")" + order + R"(","status":201,")" + noun + R"(":{"id":1)" + order.substr(3) +
         R"(,"panel":"p1","order":")" + order.substr(3) + R"(","state":")" + state + R"(","words":null}})";
}

std::string refused(const std::string& order, const std::string& sent, const std::string& detail) {
  return R"({"order":")" + order +
         R"(","status":502,"problem":{"status":502,"code":"upstream-error","detail":")" + detail +
         R"(","sent":")" + sent + R"(","refill":44}})";
}

std::string looked(const std::string& order, bool ask, const std::string& explain,
                   const std::string& noun = "refill") {
  return R"({"order":")" + order + R"(","status":200,")" + noun + R"(":{"order":")" + order + R"(","ask":)" +
         (ask ? "true" : "false") + R"(,"reason":"gap","explain":")" + explain +
         R"(","next_ask_at":"2026-11-22T08:00:00.000Z","window_ends_at":null}})";
}

std::string items(const std::vector<std::string>& all) {
  std::string text = R"({"items":[)";
  for (const auto& item : all) text += (text.back() == '[' ? "" : ",") + item;
  return text + "]}";
}

Launch at_terminal(const Room& room, const std::vector<std::string>& arguments) {
  Launch launch;
  launch.arguments = arguments;
  launch.environment = {{"SMM_TRACKER_SOCKET", room.path("api.sock")}, {"TERM", "xterm"}, {"NO_COLOR", "1"}};
  launch.columns = 80;
  launch.typing = true;
  return launch;
}

}  // namespace

TEST_CASE("one refill is one request for one order, and its answer one line") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer(json(201, pending));
  auto outcome = run(room.path("api.sock"), {"refill", "p1/23501", "--yes"});
  CHECK(outcome.exit == 0);
  CHECK(outcome.out == "p1/23501  pending  refill 12\n");
  CHECK(outcome.err.empty());
  REQUIRE(daemon.seen().size() == 1);
  CHECK(daemon.request(0).method == "POST");
  CHECK(daemon.request(0).target == "/v1/orders/p1/23501/refill");
  CHECK(daemon.request(0).body.empty());
  outcome = run(room.path("api.sock"), {"refill", "p1/23501", "--yes", "--json"});
  CHECK(outcome.out == pending + "\n");
}

TEST_CASE("one cancel likewise") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer(json(201, R"({"id":4,"order":"23501","state":"requested","words":"on its\u001b way"})"));
  CHECK(run(room.path("api.sock"), {"cancel", "p1/23501", "--yes"}).out ==
        "p1/23501  requested  cancel 4  on its\\x1b way\n");
  CHECK(daemon.request(0).target == "/v1/orders/p1/23501/cancel");
}

TEST_CASE("each failure of a refill says whether the panel got it, and where to look") {
  struct Kind {
    Answer answer;
    int exit;
    std::string says;
  };
  const std::string look =
      "; it may have been sent: look at smm-tracker refills --order p1/23501 before asking again";
  const std::vector<Kind> kinds = {
      {problem(502, "upstream-error", "refill will be available in 9 hours",
               R"(,"kind":"refused","refusal":"cooldown","refill":12,"sent":"yes")"),
       5, "Sent, and the panel refused: refill will be available in 9 hours"},
      {problem(502, "upstream-error", "connection refused", R"(,"refill":12,"sent":"no")"), 5,
       "Not sent: connection refused"},
      {problem(504, "upstream-ambiguous", "no answer", R"(,"refill":12,"sent":"unknown")"), 5,
       "Nobody knows whether the panel got it: no answer; do not repeat it; see smm-tracker refills show 12"},
      {problem(503, "panel-busy", "p1 is busy", R"(,"sent":"no")"), 5,
       "Not sent: p1 is busy; try again in a moment"},
      {problem(409, "conflict", "a refill is on its way right now"), 1, "a refill is on its way right now"},
      {problem(404, "order-not-found", "p1 has no order 23501 here"), 3, "p1 has no order 23501 here"},
      {problem(403, "read-only-socket", "GET only"), 4,
       "GET only; use api.sock, which members of group smm-tracker may"},
      {raw(""), 1,
       "SOCKET: the daemon hung up before its answer was complete; whether it did what was asked is not "
       "known "
       "(journalctl -u smm-tracker may say why)" +
           look},
      {json("{}"), 1,
       "SOCKET: answered HTTP 200 with something else than was asked for; is it smm-tracker's socket?" +
           look},
      {json("no json"), 1,
       "SOCKET: answered HTTP 200 with something that is not JSON; is it smm-tracker's socket?" + look},
  };
  for (const auto& kind : kinds) {
    CAPTURE(kind.says);
    const Room room;
    FakeDaemon daemon(room.path("api.sock"));
    daemon.will_answer(kind.answer);
    auto outcome = run(room.path("api.sock"), {"refill", "p1/23501", "--yes"});
    const auto socket = room.path("api.sock");
    const auto at = outcome.err.find(socket);
    if (at != std::string::npos) outcome.err.replace(at, socket.size(), "SOCKET");
    CHECK(outcome.exit == kind.exit);
    CHECK(outcome.out.empty());
    CHECK(outcome.err == "smm-tracker: " + kind.says + "\n");
    CHECK(daemon.seen().size() == 1);
  }
}

TEST_CASE("several refills are one request, each order once, with a row of its own") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer(json(items({asked("p1/1"), refused("p2/9", "yes", "needs completed")})));
  const auto outcome = run(room.path("api.sock"), {"refill", "p1/1", "p2/9", "p1/1", "--yes"});
  CHECK(outcome.exit == 6);
  CHECK(outcome.out ==
        "ORDER  RESULT   ID  PANEL'S WORDS\n"
        "p1/1   pending  11  -\n"
        "p2/9   refused  44  needs completed\n");
  CHECK(outcome.err == "smm-tracker: p2/9: Sent, and the panel refused: needs completed\n");
  REQUIRE(daemon.seen().size() == 1);
  CHECK(daemon.request(0).method == "POST");
  CHECK(daemon.request(0).target == "/v1/refills");
  CHECK(daemon.request(0).body == R"({"orders":["p1/1","p2/9"],"dry_run":false})");
}

TEST_CASE("several cancels go to their own address") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer(
      json(items({asked("p1/1", "cancel", "requested"), asked("p1/2", "cancel", "requested")})));
  const auto outcome = run(room.path("api.sock"), {"cancel", "-", "--yes"}, "p1/1\n# no\np1/2\n");
  CHECK(outcome.exit == 0);
  CHECK(outcome.out ==
        "ORDER  RESULT     ID  PANEL'S WORDS\n"
        "p1/1   requested  11  -\n"
        "p1/2   requested  12  -\n");
  CHECK(daemon.request(0).target == "/v1/cancels");
}

TEST_CASE("when all are refused alike the exit code is the panel's") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer(json(items({refused("p1/1", "unknown", "x"), refused("p1/2", "no", "y")})));
  const auto outcome = run(room.path("api.sock"), {"refill", "p1/1", "p1/2", "--yes"});
  CHECK(outcome.exit == 5);
  CHECK(has(outcome.out, "p1/1   unknown   44  x\np1/2   not sent  44  y\n"));
  CHECK(has(outcome.err,
            "p1/1: Nobody knows whether the panel got it: x; do not repeat it; see smm-tracker refills "
            "show 44\n"));
  CHECK(has(outcome.err, "p1/2: Not sent: y\n"));
}

TEST_CASE("thousands go in requests of a thousand, as one document, and a lost answer stops the rest") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  std::string input;
  std::vector<std::string> first;
  first.reserve(1000);
  for (int i = 0; i < 2500; ++i) input += "p1/" + std::to_string(i) + "\n";
  for (int i = 0; i < 1000; ++i) first.push_back(asked("p1/" + std::to_string(i)));
  daemon.will_answer(json(items(first)));
  daemon.will_answer(raw(""));
  const auto outcome = run(room.path("api.sock"), {"refill", "-", "--yes", "--json"}, input);
  CHECK(outcome.exit == 6);
  CHECK(Json::parse(outcome.out)["items"].size() == 1000);
  CHECK(has(outcome.err, "; it may have been sent: look at smm-tracker refills before asking again\n"));
  CHECK(has(outcome.err, "smm-tracker: 500 orders not tried\n"));
  const auto seen = daemon.seen();
  REQUIRE(seen.size() == 2);
  CHECK(Json::parse(seen[0].body)["orders"].size() == 1000);
  CHECK(Json::parse(seen[1].body)["orders"].front() == "p1/1000");
}

TEST_CASE("an answer about another number of orders is not believed") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer(json(items({asked("p1/1")})));
  const auto outcome = run(room.path("api.sock"), {"refill", "p1/1", "p1/2", "--yes"});
  CHECK(outcome.exit == 1);
  CHECK(outcome.out.empty());
  CHECK(has(outcome.err, "it may have been sent"));
}

TEST_CASE("a line that is no order is named, and the others are asked for") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer(json(items({asked("p1/1")})));
  const auto outcome = run(room.path("api.sock"), {"refill", "-", "--yes"}, "p1/1\nnonsense\n");
  CHECK(outcome.exit == 6);
  CHECK(has(outcome.err, "line 2: \"nonsense\" is not an order"));
  CHECK(has(outcome.out, "p1/1   pending"));
}

TEST_CASE("a dry run of one order explains, and asks the panel nothing") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer(json(R"({"order":"p1/1","ask":false,"reason":"gap","explain":"the last one is 3 h old",)"
                          R"("next_ask_at":"2026-11-22T08:00:00.000Z","window_ends_at":null})"));
  const auto outcome = run(room.path("api.sock"), {"refill", "p1/1", "--dry-run"});
  CHECK(outcome.exit == 0);
  CHECK(outcome.out ==
        "order    p1/1\n"
        "ask now  no (gap)\n"
        "because  the last one is 3 h old\n"
        "next     2026-11-22T08:00:00.000Z\n");
  CHECK(daemon.request(0).target == "/v1/orders/p1/1/refill");
  CHECK(daemon.request(0).body == R"({"dry_run":true})");
}

TEST_CASE("a dry run of several is a table, whether their verdict stands in the item or within") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer(json(items(
      {looked("p1/1", true, "due"), R"({"order":"p1/2","status":200,"ask":false,"explain":"window closed"})",
       R"({"order":"p1/3","status":404,"problem":{"detail":"p1 has no order 3 here"}})"})));
  const auto outcome = run(room.path("api.sock"), {"refill", "p1/1", "p1/2", "p1/3", "--dry-run"});
  CHECK(outcome.exit == 6);
  CHECK(outcome.out ==
        "ORDER  ASK  NEXT                      WINDOW ENDS  WHY\n"
        "p1/1   yes  2026-11-22T08:00:00.000Z  -            due\n"
        "p1/2   no   -                         -            window closed\n"
        "p1/3   no   -                         -            p1 has no order 3 here\n");
  CHECK(daemon.request(0).body == R"({"orders":["p1/1","p1/2","p1/3"],"dry_run":true})");
}

TEST_CASE("on a terminal the verdict is shown and a yes is waited for") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer(json(items({looked("p1/23501", false, "the last one is 3 h old")})));
  daemon.will_answer(json(201, pending));
  Child child(at_terminal(room, {"refill", "p1/23501"}));
  CHECK(child.shows("Ask for a refill of p1/23501? [y/N] "));
  CHECK(has(child.out(), "the last one is 3 h old\n"));
  CHECK(daemon.request(0).body == R"({"orders":["p1/23501"],"dry_run":true})");
  CHECK(daemon.seen().size() == 1);
  child.type("y\n");
  CHECK(child.finish().exit == 0);
  CHECK(daemon.request(1).target == "/v1/orders/p1/23501/refill");
}

TEST_CASE("a no to many cancels sends none, and only the first few were shown") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  std::vector<std::string> arguments = {"cancel"};
  std::vector<std::string> verdicts;
  for (int i = 10; i < 35; ++i) arguments.push_back("p1/" + std::to_string(i));
  for (int i = 10; i < 30; ++i)
    verdicts.push_back(looked("p1/" + std::to_string(i), true, "may be canceled", "cancel"));
  daemon.will_answer(json(items(verdicts)));
  Child child(at_terminal(room, arguments));
  CHECK(child.shows("Cancel 25 orders? [y/N] "));
  CHECK(has(child.out(), "p1/29 "));
  CHECK(has(child.out(), "… and 5 more orders\n"));
  child.type("n\n");
  const auto outcome = child.finish();
  CHECK(outcome.exit == 1);
  CHECK(has(outcome.out, "nothing was sent"));
  CHECK(daemon.seen().size() == 1);
}

TEST_CASE("an order nobody knows is not even asked about") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer(problem(404, "order-not-found", "p1 has no order 1 here"));
  Child child(at_terminal(room, {"refill", "p1/1"}));
  const auto outcome = child.finish();
  CHECK(outcome.exit == 3);
  CHECK(outcome.out == "smm-tracker: Not sent: p1 has no order 1 here\n");
}

TEST_CASE("refill and cancel want --yes where there is no terminal, and orders everywhere") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  for (const auto& arguments :
       std::vector<std::vector<std::string>>{{"refill", "p1/1"},
                                             {"cancel", "-"},
                                             {"refill", "--eligible"},
                                             {"refill", "--yes"},
                                             {"refill", "p1/1", "--eligible", "--yes"},
                                             {"refill", "p1/1", "--panel", "p1", "--yes"},
                                             {"cancel", "p1/1", "--yes", "--dry-run"},
                                             {"cancel", "--eligible", "--yes"},
                                             {"refill", "23501", "--yes"}}) {
    CAPTURE(arguments.back());
    const auto outcome = run(room.path("api.sock"), arguments, "p1/1\n");
    CHECK(outcome.exit == 2);
    CHECK(outcome.out.empty());
    CHECK(has(outcome.err, "smm-tracker: "));
  }
  CHECK(daemon.seen().empty());
}

TEST_CASE("--eligible asks for those, and only those, for which it is time") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  const std::string no = R"({"order":"p1/2","ask":false,"explain":"too early"})";
  const std::string yes = R"({"order":"p1/1","ask":true,"explain":"due"})";
  const std::string other = R"({"order":"p1/3","ask":true,"explain":"due"})";
  daemon.will_answer(json(R"({"items":[)" + no + "," + yes + R"(],"next":"x"})"));
  daemon.will_answer(json(R"({"items":[)" + other + R"(],"next":null})"));
  daemon.will_answer(json(items({asked("p1/1"), asked("p1/3")})));
  const auto outcome = run(room.path("api.sock"), {"refill", "--eligible", "--panel", "p1", "--yes"});
  CHECK(outcome.exit == 0);
  CHECK(has(outcome.out, "p1/1   pending  11  -\np1/3   pending  13  -\n"));
  const auto seen = daemon.seen();
  REQUIRE(seen.size() == 3);
  CHECK(seen[0].target == "/v1/refills/eligible?panel=p1&limit=1000");
  CHECK(seen[1].target == "/v1/refills/eligible?panel=p1&limit=1000&cursor=x");
  CHECK(seen[2].target == "/v1/refills");
  CHECK(seen[2].body == R"({"orders":["p1/1","p1/3"],"dry_run":false})");
}

TEST_CASE("--eligible --dry-run shows whom it would ask for, and --eligible without any asks nobody") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  const std::string yes = R"({"order":"p1/1","ask":true,"explain":"due"})";
  daemon.will_answer(json(R"({"items":[)" + yes + R"(],"next":null})"));
  daemon.will_answer(json(R"({"items":[)" + yes + R"(],"next":null})"));
  daemon.will_answer(json(R"({"items":[{"order":"p1/2","ask":false}],"next":null})"));
  CHECK(run(room.path("api.sock"), {"refill", "--eligible", "--dry-run"}).out ==
        "ORDER  ASK  NEXT  WINDOW ENDS  WHY\np1/1   yes  -     -            due\n");
  CHECK(run(room.path("api.sock"), {"refill", "--eligible", "--dry-run", "--json"}).out ==
        R"({"items":[)" + yes + "],\"next\":null}\n");
  const auto none = run(room.path("api.sock"), {"refill", "--eligible", "--yes"});
  CHECK(none.exit == 0);
  CHECK(none.out == "no order would be asked for now; smm-tracker refills eligible says why\n");
  CHECK(run(room.path("api.sock"), {"refill", "--eligible", "--yes", "--json"}).out == "{\"items\":[]}\n");
  for (const auto& request : daemon.seen()) CHECK(request.method == "GET");
}

TEST_CASE("--eligible on a terminal shows them and waits for a yes") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer(json(R"({"items":[{"order":"p1/1","ask":true,"explain":"due"}],"next":null})"));
  Child child(at_terminal(room, {"refill", "--eligible"}));
  CHECK(child.shows("Ask for a refill of p1/1? [y/N] "));
  child.type("\n");
  CHECK(child.finish().exit == 1);
  CHECK(daemon.seen().size() == 1);
}
