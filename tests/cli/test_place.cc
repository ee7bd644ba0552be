#include "child.h"
#include "fake_daemon.h"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <fstream>

using namespace smm::test;
using Json = nlohmann::ordered_json;

namespace {

const std::string placed =
    R"({"placement":{"id":7,"panel":"p1","state":"accepted","sent":"yes","order":"23501"},)"
    R"("order":{"panel":"p1","id":"23501","status":"new"}})";

const std::vector<std::string> simple = {
    "place",      "p1",  "--service", "1",     "--link", "https://e.example/p",
    "--quantity", "100", "--yes",     "--key", "k-1"};

std::vector<std::string> with(std::vector<std::string> arguments, const std::vector<std::string>& more) {
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

// The body that `place p1 --yes --key k …` sends.
Json sent_for(const std::vector<std::string>& arguments, const std::string& input = "") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer(json(201, placed));
  const auto outcome =
      run(room.path("api.sock"), with({"place", "p1", "--yes", "--key", "k"}, arguments), input);
  CAPTURE(outcome.err);
  CHECK(outcome.exit == 0);
  REQUIRE(daemon.seen().size() == 1);
  return Json::parse(daemon.request(0).body);
}

}  // namespace

TEST_CASE("place sends one request with the key, the fields, ref and labels") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer(json(201, placed));
  const auto outcome = run(room.path("api.sock"),
                           with(simple, {"--ref", "shop-991", "--label", "customer=42", "--label", "x=a=b"}));
  CHECK(outcome.exit == 0);
  CHECK(outcome.out == "placed  p1/23501  new\n");
  CHECK(outcome.err.empty());
  const auto seen = daemon.seen();
  REQUIRE(seen.size() == 1);
  CHECK(seen[0].method == "POST");
  CHECK(seen[0].target == "/v1/panels/p1/orders");
  CHECK(seen[0].headers.at("idempotency-key") == "k-1");
  CHECK(seen[0].headers.at("content-type") == "application/json");
  CHECK(seen[0].body == R"({"service":"1","link":"https://e.example/p","quantity":"100","ref":"shop-991",)"
                        R"("labels":{"customer":"42","x":"a=b"}})");
}

TEST_CASE("every field of the fifteen types of order has its option") {
  CHECK(sent_for({"--service", "1", "--link", "l", "--quantity", "9", "--runs", "3", "--interval", "60"}) ==
        Json::parse(R"({"service":"1","link":"l","quantity":"9","runs":"3","interval":"60"})"));
  CHECK(sent_for({"--service", "2", "--link", "l", "--quantity", "9", "--keywords", "a", "--keywords",
                  "b"}) == Json::parse(R"({"service":"2","link":"l","quantity":"9","keywords":"a\nb"})"));
  CHECK(
      sent_for({"--service", "3", "--link", "l", "--quantity", "9", "--usernames", "u", "--hashtags", "h"}) ==
      Json::parse(R"({"service":"3","link":"l","quantity":"9","usernames":"u","hashtags":"h"})"));
  CHECK(sent_for({"--service", "4", "--link", "l", "--quantity", "9", "--hashtag", "h", "--media", "m"}) ==
        Json::parse(R"({"service":"4","link":"l","quantity":"9","hashtag":"h","media":"m"})"));
  CHECK(sent_for({"--service", "5", "--username", "u", "--min", "1", "--max", "2", "--posts", "0",
                  "--old-posts", "5", "--delay", "33", "--expiry", "31/12/2026"}) ==
        Json::parse(R"({"service":"5","username":"u","min":"1","max":"2","posts":"0","old_posts":"5",)"
                    R"("delay":"33","expiry":"31/12/2026"})"));
  CHECK(sent_for({"--service", "6", "--link", "l", "--quantity", "9", "--answer_number", "2", "--groups", "g",
                  "--groups", "h"}) ==
        Json::parse(R"({"service":"6","link":"l","quantity":"9","answer_number":"2","groups":"g\nh"})"));
  CHECK(
      sent_for({"--service", "7", "--link", "l", "--username", "u", "--comments", "nice, \"very\" nice",
                "--comments", "-5 of 5"}) ==
      Json::parse(R"({"service":"7","link":"l","username":"u","comments":"nice, \"very\" nice\n-5 of 5"})"));
}

TEST_CASE("nothing that is said is dropped or changed on the way") {
  CHECK(sent_for({"--service", "1", "--link", "", "--quantity", "0100", "--posts", "0", "--field",
                  "country=", "--field", "speed=a=b", "--field", "drip feed=1"}) ==
        Json::parse(R"({"service":"1","link":"","quantity":"0100","posts":"0","country":"","speed":"a=b",)"
                    R"("drip feed":"1"})"));
}

TEST_CASE("lists come from files and standard input, without what belongs to the file") {
  const Room room;
  std::ofstream(room.path("comments")) << "\xEF\xBB\xBFone\r\n\r\nzwei \xC3\xBC\r\n\n";
  CHECK(sent_for({"--service", "1", "--comments-file", room.path("comments")})["comments"] ==
        "one\n\nzwei \xC3\xBC");
  CHECK(sent_for({"--service", "1", "--usernames-file", "-"}, "a\nb\n")["usernames"] == "a\nb");
}

TEST_CASE("wrong fields are refused before anything is sent") {
  const Room room;
  std::ofstream(room.path("empty")) << "\n\n";
  std::ofstream(room.path("latin")) << "caf\xE9\n";
  struct Refusal {
    std::vector<std::string> arguments;
    std::string says;
  };
  const std::vector<Refusal> refusals = {
      {{"--link", "l"}, "--service is required"},
      {{"--service", "1", "--quantity", "many"}, "\"many\" is not a whole number"},
      {{"--service", "1", "--posts", "-1"}, "\"-1\" is not a whole number"},
      {{"--service", "1", "--field", "quantity"}, "\"quantity\" is not a field; write NAME=VALUE"},
      {{"--service", "1", "--field", "key=x"}, "key is added by the daemon"},
      {{"--service", "1", "--field", "ref=x"}, "there are --ref, --label and --dry-run"},
      {{"--service", "1", "--link", "a", "--field", "link=b"}, "link: was said twice"},
      {{"--service", "1", "--comments", "a", "--comments-file", "-"}, "comments: was said twice"},
      {{"--service", "1", "--comments-file", "-", "--groups-file", "-"},
       "standard input can be read only once"},
      {{"--service", "1", "--comments-file", room.path("none")}, "No such file or directory"},
      {{"--service", "1", "--comments-file", room.path("")}, "cannot be read"},
      {{"--service", "1", "--comments-file", room.path("empty")}, "is empty"},
      {{"--service", "1", "--comments-file", room.path("latin")}, "is not UTF-8"},
      {{"--service", "1", "--key", "schlüssel"}, "1 to 255 printable ASCII"},
      {{"--service", "1", "--key", ""}, "1 to 255 printable ASCII"},
      {{"--service", "1", "--dry-run"}, "excludes"},
  };
  for (const auto& refusal : refusals) {
    CAPTURE(refusal.says);
    const auto outcome = run("/nonexistent/api.sock", with({"place", "p1", "--yes"}, refusal.arguments));
    CAPTURE(outcome.err);
    CHECK(outcome.exit == 2);
    CHECK(outcome.out.empty());
    CHECK(has(outcome.err, refusal.says));
  }
}

TEST_CASE("where there is no terminal to ask on, place wants --yes and sends nothing") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  const auto outcome = run(room.path("api.sock"), {"place", "p1", "--service", "1", "--link", "l"}, "y\n");
  CHECK(outcome.exit == 2);
  CHECK(outcome.err ==
        "smm-tracker: nothing was sent: there is no terminal to ask on first; --yes does it without asking, "
        "--dry-run only looks\n");
  CHECK(daemon.seen().empty());
}

TEST_CASE("without --key a random one is made, told before it is sent, and never twice the same") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer(json(201, placed));
  const std::vector<std::string> arguments = {"place", "p1", "--service", "1", "--link", "l", "--yes"};
  const auto outcome = run(room.path("api.sock"), arguments);
  run(room.path("api.sock"), arguments);
  const auto key = daemon.request(0).headers.at("idempotency-key");
  CHECK(key.size() == 32);
  CHECK(key.find_first_not_of("0123456789abcdef") == std::string::npos);
  CHECK(daemon.request(1).headers.at("idempotency-key") != key);
  CHECK(outcome.out == "placed  p1/23501  new\n");
  CHECK(outcome.err == "smm-tracker: the key of this order is " + key +
                           "; if no answer comes, the same command with --key " + key +
                           " places nothing twice\n");
}

TEST_CASE("place --json prints the daemon's document") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer(json(201, placed));
  CHECK(run(room.path("api.sock"), with(simple, {"--json"})).out == placed + "\n");
}

TEST_CASE("each failure of place says whether the panel got it, and what to do") {
  struct Kind {
    Answer answer;
    int exit;
    std::string says;
  };
  const std::string again =
      "; to learn it, and place nothing twice, say the same command again with --key k-1";
  const std::vector<Kind> kinds = {
      {problem(422, "validation-failed", "1 field is wrong",
               R"(,"sent":"no","errors":[{"at":"quantity","detail":"must be at least 50"}])"),
       2, "Not sent: 1 field is wrong; quantity: must be at least 50"},
      {problem(503, "panel-busy", "p1 is busy", R"(,"sent":"no")"), 5,
       "Not sent: p1 is busy; try again in a moment"},
      {problem(502, "upstream-error", "connection refused", R"(,"sent":"no","placement":7)"), 5,
       "Not sent: connection refused"},
      {problem(409, "idempotency-mismatch", "the key stands for another order", R"(,"sent":"no")"), 1,
       "Not sent: the key stands for another order"},
      {problem(502, "upstream-error", "Not enough funds", R"(,"sent":"yes","placement":7)"), 5,
       "Sent, and the panel refused: Not enough funds"},
      {problem(504, "upstream-ambiguous", "no answer", R"(,"sent":"unknown","placement":7)"), 5,
       "Nobody knows whether the panel got it: no answer; do not repeat it; see smm-tracker placements show "
       "7"},
      {problem(504, "upstream-ambiguous", "no answer", R"(,"sent":"unknown")"), 5,
       "Nobody knows whether the panel got it: no answer; do not repeat it; see smm-tracker placements "
       "--panel p1"},
      {problem(404, "panel-unknown", "there is no panel p1"), 3, "there is no panel p1"},
      {problem(503, "draining", "stopping", R"(,"sent":"no")"), 7,
       "Not sent: stopping; the daemon is stopping (systemctl status smm-tracker)"},
      {problem(500, "internal", "disk on fire"), 1, "disk on fire" + again},
      {raw(""), 1,
       "SOCKET: the daemon hung up before its answer was complete; whether it did what was asked is not "
       "known "
       "(journalctl -u smm-tracker may say why)" +
           again},
      {json("<html>"), 1,
       "SOCKET: answered HTTP 200 with something that is not JSON; is it smm-tracker's socket?" + again},
      {raw("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 6\r\n\r\n<html>"), 5,
       "SOCKET: answered HTTP 502 without saying why; is it smm-tracker's socket?" + again},
  };
  for (const auto& kind : kinds) {
    CAPTURE(kind.says);
    const Room room;
    FakeDaemon daemon(room.path("api.sock"));
    daemon.will_answer(kind.answer);
    auto outcome = run(room.path("api.sock"), simple);
    CHECK(outcome.exit == kind.exit);
    CHECK(outcome.out.empty());
    const auto socket = room.path("api.sock");
    const auto at = outcome.err.find(socket);
    if (at != std::string::npos) outcome.err.replace(at, socket.size(), "SOCKET");
    CHECK(outcome.err == "smm-tracker: " + kind.says + "\n");
    CHECK(daemon.seen().size() == 1);
  }
}

TEST_CASE("an answer that names no order is no success") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer(json(201, "{}"));
  const auto outcome = run(room.path("api.sock"), simple);
  CHECK(outcome.exit == 1);
  CHECK(outcome.out.empty());
  CHECK(has(outcome.err, "something else than was asked for"));
  CHECK(has(outcome.err, "say the same command again with --key k-1\n"));
  daemon.will_answer(json(201, R"({"placement":{"panel":"p1","order":"9"},"order":null})"));
  run(room.path("api.sock"), simple);
  CHECK(run(room.path("api.sock"), simple).out == "placed  p1/9\n");
}

TEST_CASE("a daemon that is not there got nothing, and one that is silent is asked again by the same key") {
  const Room room;
  const auto absent = run(room.path("api.sock"), simple);
  CHECK(absent.exit == 7);
  CHECK(has(absent.err, "smm-tracker: Not sent: " + room.path("api.sock") + ": no such socket"));
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer({{"HTTP/1.1 201 Created\r\n", "never sent"}});
  const std::string words =
      "the daemon did not answer in time; whether it did what was asked is not known; to learn it, and place "
      "nothing twice, say the same command again with --key ";
  // A program that is kept from the CPU for all its time sends no key: the next has more.
  bool is_told = false;
  for (const char* most : {"100ms", "1s", "10s"}) {
    if (is_told) break;
    const auto silent =
        run(room.path("api.sock"), with({"place", "p1", "--service", "1", "--yes"}, {"--max-time", most}));
    CHECK(silent.exit == 124);
    CAPTURE(silent.err);
    CHECK(has(silent.err, words));
    for (const auto& each : daemon.seen()) {
      if (has(silent.err, words + each.headers.at("idempotency-key") + "\n")) is_told = true;
    }
  }
  CHECK(is_told);
}

TEST_CASE("a key that a shell would take apart is told in quotes") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer(raw(""));
  const auto outcome =
      run(room.path("api.sock"), {"place", "p1", "--service", "1", "--yes", "--key", "it's $HOME"});
  CHECK(daemon.request(0).headers.at("idempotency-key") == "it's $HOME");
  CHECK(has(outcome.err, "again with --key 'it'\\''s $HOME'\n"));
}
