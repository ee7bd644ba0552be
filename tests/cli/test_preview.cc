#include "child.h"
#include "fake_daemon.h"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <fstream>
#include <iterator>

using namespace smm::test;
using Json = nlohmann::ordered_json;

namespace {

const std::string placed_answer =
    R"({"placement":{"id":7,"panel":"p1","state":"accepted","sent":"yes","order":"23501"},)"
    R"("order":{"panel":"p1","id":"23501","status":"new"}})";

std::string preview(const std::string& cost, const std::string& more = "",
                    const std::string& balance = "100.8") {
  return R"({"type":"Default","cost":)" + cost + R"(,"balance":{"balance":")" + balance +
         R"(","currency":"USD","at":"2026-11-21T08:00:00.000Z"},)"
         R"("service":{"service":"1","name":"Followers","type":"Default","rate":"0.90","removed_at":null},)"
         R"("complaints":[)" +
         more + "]}";
}

std::string exactly(const std::string& amount) {
  return R"({"kind":"exact","amount":")" + amount + R"(","currency":"USD"})";
}

// The sheet that `place p1 --service 1 … --dry-run` shows.
Outcome look(const std::string& answer, const std::vector<std::string>& arguments) {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer(json(answer));
  std::vector<std::string> all = {"place", "p1", "--service", "1", "--dry-run", "--key", "k"};
  all.insert(all.end(), arguments.begin(), arguments.end());
  return run(room.path("api.sock"), all);
}

Launch at_terminal(const Room& room, const std::vector<std::string>& arguments) {
  Launch launch;
  launch.arguments = arguments;
  launch.environment = {{"SMM_TRACKER_SOCKET", room.path("api.sock")}, {"TERM", "xterm"}, {"NO_COLOR", "1"}};
  launch.columns = 80;
  launch.typing = true;
  return launch;
}

const std::vector<std::string> hundred = {
    "place", "p1", "--service", "1", "--link", "https://e.example/p", "--quantity", "100", "--key", "k"};

}  // namespace

TEST_CASE("a dry run shows the order, what it costs and how, and the balance before and after") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer(json(preview(exactly("0.27"))));
  auto arguments = hundred;
  for (const auto* more : {"--runs", "3", "--interval", "60", "--dry-run"}) arguments.emplace_back(more);
  const auto outcome = run(room.path("api.sock"), arguments);
  CHECK(outcome.exit == 0);
  CHECK(outcome.err.empty());
  CHECK(outcome.out ==
        "panel       p1\n"
        "service     1 Followers\n"
        "type        Default\n"
        "link        https://e.example/p\n"
        "quantity    100\n"
        "runs        3\n"
        "interval    60\n"
        "cost        0.27 USD (0.90 per 1000 × 100 × 3 runs)\n"
        "balance     100.8 USD (2026-11-21T08:00:00.000Z)\n"
        "afterwards  100.53 USD\n");
  REQUIRE(daemon.seen().size() == 1);
  CHECK(daemon.request(0).target == "/v1/panels/p1/orders");
  CHECK(daemon.request(0).headers.at("idempotency-key") == "k");
  CHECK(Json::parse(daemon.request(0).body) ==
        Json::parse(R"({"service":"1","link":"https://e.example/p","quantity":"100","runs":"3",)"
                    R"("interval":"60","dry_run":true})"));
}

TEST_CASE("each kind of cost is told as what it is") {
  const auto says = [](const std::string& cost, const std::vector<std::string>& arguments,
                       const std::string& line) {
    CAPTURE(line);
    const auto outcome = look(preview(cost), arguments);
    CAPTURE(outcome.out);
    CHECK(has(outcome.out, "cost        " + line + "\n"));
  };
  says(exactly("0.0018"), {"--comments", "a", "--comments", "", "--comments", "b"},
       "0.0018 USD (0.90 per 1000 × 2 lines)");
  says(R"({"kind":"once","amount":"0.90","currency":"USD"})", {}, "0.90 USD (the rate once, 0.90)");
  says(R"({"kind":"up_to","amount":"4.5","currency":"USD"})",
       {"--min", "10", "--max", "500", "--posts", "8", "--old-posts", "2"},
       "up to 4.5 USD (0.90 per 1000 × 500 × 10 posts)");
  // A sum that comes out otherwise is not claimed.
  says(exactly("0.08"), {"--quantity", "100"}, "0.08 USD (0.90 per 1000)");
}

TEST_CASE("a cost without an amount leaves the balance as it is") {
  for (const auto* kind : {"no_upper_limit", "unknown"}) {
    const auto out =
        look(preview(R"({"kind":")" + std::string(kind) + R"(","amount":null,"currency":null})"), {}).out;
    CHECK(has(out, kind == std::string("unknown") ? "cost     unknown" : "cost     no upper limit"));
    CHECK(has(out, "balance  100.8 USD"));
    CHECK(!has(out, "afterwards"));
  }
}

TEST_CASE("a balance that will not do is called so, to the last digit") {
  CHECK(has(look(preview(exactly("0.09"), "", "0.0899999"), {"--quantity", "100"}).out,
            "afterwards  -0.0000001 USD: not enough\n"));
  CHECK(has(look(preview(exactly("0.09"), "", "0.09"), {"--quantity", "100"}).out, "afterwards  0 USD\n"));
}

TEST_CASE("amounts in two currencies are not subtracted, and what is unknown is called unknown") {
  CHECK(!has(look(preview(R"({"kind":"exact","amount":"0.09","currency":"EUR"})"), {}).out, "afterwards"));
  const auto out =
      look(R"({"type":null,"cost":{"kind":"unknown"},"balance":null,"service":null,"complaints":[]})", {})
          .out;
  CHECK(has(out, "service  1, unknown to the catalogue\n"));
  CHECK(has(out, "type     unknown\n"));
  CHECK(has(out, "balance  unknown\n"));
}

TEST_CASE("a dry run with complaints shows them and exits 2") {
  const auto outcome = look(preview(exactly("0.0009"), R"({"at":"quantity","detail":"must be at least 50"})"),
                            {"--quantity", "1"});
  CHECK(outcome.exit == 2);
  CHECK(has(outcome.out, "wrong       quantity: must be at least 50\n"));
  const auto document = preview(exactly("1"), R"({"at":"link","detail":"is required"})");
  const auto as_json = look(document, {"--json"});
  CHECK(as_json.exit == 2);
  CHECK(as_json.out == document + "\n");
}

TEST_CASE("a dry run that fails sent nothing, and says so once") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer(raw(""));
  daemon.will_answer(problem(404, "panel-unknown", "there is no panel p1", R"(,"sent":"no")"));
  auto arguments = hundred;
  arguments.emplace_back("--dry-run");
  auto outcome = run(room.path("api.sock"), arguments);
  CHECK(outcome.exit == 1);
  CHECK(outcome.err ==
        "smm-tracker: Not sent: " + room.path("api.sock") +
            ": the daemon hung up before its answer was complete (journalctl -u smm-tracker may say "
            "why)\n");
  outcome = run(room.path("api.sock"), arguments);
  CHECK(outcome.exit == 3);
  CHECK(outcome.err == "smm-tracker: Not sent: there is no panel p1\n");
}

TEST_CASE("on a terminal the order is shown and placed only after a yes") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer(json(preview(exactly("0.09"))));
  daemon.will_answer(json(201, placed_answer));
  Child child(at_terminal(room, hundred));
  CHECK(child.shows("Place it? [y/N] "));
  CHECK(has(child.out(), "cost        0.09 USD (0.90 per 1000 × 100)\n"));
  CHECK(has(child.out(), "afterwards  100.71 USD\n"));
  CHECK(daemon.seen().size() == 1);
  child.type("y\n");
  const auto outcome = child.finish();
  CHECK(outcome.exit == 0);
  CHECK(has(outcome.out, "placed  p1/23501  new\n"));
  const auto seen = daemon.seen();
  REQUIRE(seen.size() == 2);
  CHECK(Json::parse(seen[0].body)["dry_run"] == true);
  CHECK(seen[0].headers.at("idempotency-key") == "k");
  CHECK(!Json::parse(seen[1].body).contains("dry_run"));
  CHECK(seen[1].headers.at("idempotency-key") == "k");
}

TEST_CASE("everything but a yes places nothing") {
  for (const auto* answer : {"n\n", "\n", "yep\n", "Y y\n"}) {
    CAPTURE(answer);
    const Room room;
    FakeDaemon daemon(room.path("api.sock"));
    daemon.will_answer(json(preview(exactly("0.09"))));
    Child child(at_terminal(room, hundred));
    CHECK(child.shows("Place it? [y/N] "));
    child.type(answer);
    const auto outcome = child.finish();
    CHECK(outcome.exit == 1);
    CHECK(has(outcome.out, "smm-tracker: nothing was sent\n"));
    CHECK(daemon.seen().size() == 1);
  }
}

TEST_CASE("a preview that fails is the end of it, unasked") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer(problem(422, "validation-failed", "no such service", R"(,"sent":"no")"));
  Child child(at_terminal(room, hundred));
  const auto outcome = child.finish();
  CHECK(outcome.exit == 2);
  CHECK(outcome.out == "smm-tracker: Not sent: no such service\n");
  CHECK(daemon.seen().size() == 1);
}

TEST_CASE("the question is asked on the terminal also when the answer goes to a file") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer(json(preview(exactly("0.09"))));
  daemon.will_answer(json(201, placed_answer));
  std::ofstream(room.path("answer")) << "";
  auto launch = at_terminal(room, hundred);
  launch.arguments.emplace_back("--json");
  launch.output_file = room.path("answer");
  Child child(launch);
  CHECK(child.shows("Place it? [y/N] "));
  child.type("yes\n");
  const auto outcome = child.finish();
  CHECK(outcome.exit == 0);
  CHECK(!has(outcome.out, "placement"));
  std::ifstream file(room.path("answer"));
  CHECK(std::string(std::istreambuf_iterator<char>(file), {}) == placed_answer + "\n");
}

TEST_CASE("what a panel calls its services cannot command the terminal that asks") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer(
      json(R"({"type":"a\u001b[2J","cost":{"kind":"unknown"},"balance":null,"service":)"
           R"({"name":"x\u001b]0;evil\u0007"},"complaints":[{"at":"\u001bc","detail":"\u009b"}]})"));
  Child child(at_terminal(room, hundred));
  CHECK(child.shows("Place it? [y/N] "));
  CHECK(!has(child.out(), "\x1b"));
  CHECK(!has(child.out(), "\xC2\x9B"));
  child.type("\n");
  CHECK(child.finish().exit == 1);
}
