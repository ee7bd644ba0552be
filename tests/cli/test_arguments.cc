#include "child.h"
#include "fake_daemon.h"

#include <doctest/doctest.h>

using namespace smm::test;

namespace {

// Nobody may be asked for a usage error to be one.
Outcome offline(const std::vector<std::string>& arguments) {
  return run("/nonexistent/api.sock", arguments);
}

}  // namespace

TEST_CASE("without arguments the help goes to standard error and the exit code is 2") {
  const auto outcome = offline({});
  CHECK(outcome.exit == 2);
  CHECK(outcome.out.empty());
  CHECK(has(outcome.err, "Usage: smm-tracker COMMAND"));
  CHECK(has(outcome.err, "untrack"));
}

TEST_CASE("help that is asked for goes to standard output and exits 0") {
  const auto outcome = offline({"--help"});
  CHECK(outcome.exit == 0);
  CHECK(has(outcome.out, "Usage: smm-tracker COMMAND"));
  CHECK(outcome.err.empty());
}

TEST_CASE("every command has help with an example and the common options") {
  for (const auto* command : {"status",
                              "list",
                              "show",
                              "history",
                              "track",
                              "untrack",
                              "poll",
                              "wait",
                              "events",
                              "panels",
                              "webhooks",
                              "deliveries",
                              "reload",
                              "config check",
                              "metrics",
                              "version",
                              "place",
                              "placements",
                              "placements show",
                              "placements resolve",
                              "refill",
                              "refills",
                              "refills show",
                              "refills eligible",
                              "cancel",
                              "cancels",
                              "cancels show",
                              "services",
                              "balance",
                              "count",
                              "panels show",
                              "panels test",
                              "panels pause",
                              "panels resume",
                              "deliveries show",
                              "deliveries retry",
                              "deliveries replay",
                              "webhooks test",
                              "webhooks pause",
                              "webhooks resume"}) {
    CAPTURE(command);
    const std::string name = command;
    const auto blank = name.find(' ');
    std::vector<std::string> arguments = {name.substr(0, blank)};
    if (blank != std::string::npos) arguments.push_back(name.substr(blank + 1));
    arguments.emplace_back("--help");
    const auto outcome = offline(arguments);
    CHECK(outcome.exit == 0);
    CHECK(has(outcome.out, "Usage: smm-tracker " + name));
    CHECK(has(outcome.out, "Examples:\n  smm-tracker " + name));
    CHECK(has(outcome.out, "--socket PATH"));
  }
}

TEST_CASE("the own version is told without a daemon") {
  const auto outcome = offline({"--version"});
  CHECK(outcome.exit == 0);
  CHECK(outcome.out == "smm-tracker " SMM_VERSION "\n");
}

TEST_CASE("a command that does not exist is refused, with the one that was meant") {
  CHECK(offline({"stauts"}).err ==
        "smm-tracker: unknown command \"stauts\" (did you mean \"status\"?); see smm-tracker --help\n");
  CHECK(has(offline({"panels", "shwo", "p1"}).err, "unknown command \"shwo\" (did you mean \"show\"?)"));
  CHECK(has(offline({"list", "--pannel=p1"}).err,
            "unknown option \"--pannel=p1\" (did you mean \"--panel\"?)"));
  CHECK(has(offline({"\x1b[31mred"}).err, "unknown command \"\\x1b[31mred\";"));
  const auto outcome = offline({"wibble"});
  CHECK(outcome.exit == 2);
  CHECK(outcome.out.empty());
  CHECK(!has(outcome.err, "did you mean"));
}

TEST_CASE("wrong arguments are refused before anything is sent, each with what would be right") {
  struct Refusal {
    std::vector<std::string> arguments;
    std::string says;
  };
  const std::vector<Refusal> refusals = {
      {{"show"}, "ORDER is required"},
      {{"show", "23501"}, "\"23501\" is not an order; write PANEL/ID, as in p1/23501"},
      {{"show", "P1/23501"}, "is not an order"},
      {{"show", "p1/2", "p1/3"}, "what is \"p1/3\"?"},
      {{"track", "p1/1", "p1/2 3"}, "\"p1/2 3\" is not an order"},
      {{"track", "p1/1", "--label", "customer"}, "\"customer\" is not a label; write KEY=VALUE"},
      {{"track", "p1/1", "--quantity", "-5"}, "not a number"},
      {{"track", "p1/1", "--placed-at", "yesterday"}, "\"yesterday\" is not a time"},
      {{"track", "p1/1", "--ref", "\xff"}, "is not UTF-8"},
      {{"list", "--status", "done"}, "\"done\" is no status; there are new, pending,"},
      {{"list", "--limit", "0"}, "not a number from 1"},
      {{"list", "--limit", "10", "--all"}, "--limit excludes --all"},
      {{"list", "--sort", "size"}, "use tracked, changed or placed"},
      {{"list", "--desc", "--asc"}, "excludes"},
      {{"wait", "p1/1", "--until", "friday"}, "use change, ended or settled"},
      {{"wait", "p1/1", "--timeout", "10"}, "\"10\" is not a duration"},
      {{"events", "--types", "order.exploded"}, "is no kind of event"},
      {{"events", "--since", "-1"}, "not the number of an event"},
      {{"deliveries", "--state", "lost"}, "use pending, delivered, dead or canceled"},
      {{"deliveries", "show", "x"}, "not a number"},
      {{"deliveries", "replay", "shop"}, "--since"},
      {{"deliveries", "replay", "shop", "--since", "noon"}, "write 88121, 2026-11-21T08:00:00Z or 2h"},
      {{"panels", "test"}, "NAME is required"},
      {{"status", "--max-time", "soon"}, "\"soon\" is not a time; write 30s or 5m"},
  };
  for (const auto& refusal : refusals) {
    CAPTURE(refusal.says);
    const auto outcome = offline(refusal.arguments);
    CAPTURE(outcome.err);
    CHECK(outcome.exit == 2);
    CHECK(outcome.out.empty());
    CHECK(has(outcome.err, refusal.says));
    CHECK(outcome.err.find('\n') == outcome.err.size() - 1);
  }
}

TEST_CASE("common options stand before or after the command") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer(json(R"({"items":[],"next":null})"));
  const auto socket = room.path("api.sock");
  CHECK(offline({"--json", "--socket", socket, "webhooks"}).out == "{\"items\":[],\"next\":null}\n");
  CHECK(offline({"webhooks", "--json", "--socket", socket}).out == "{\"items\":[],\"next\":null}\n");
}
