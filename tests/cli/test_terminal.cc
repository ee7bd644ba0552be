#include "child.h"
#include "cli/table.h"
#include "domain/time.h"
#include "fake_daemon.h"

#include <doctest/doctest.h>

#include <csignal>
#include <sstream>

using namespace smm::test;

namespace {

std::string ago(std::chrono::milliseconds time) {
  const auto now = std::chrono::time_point_cast<smm::Milliseconds>(std::chrono::system_clock::now());
  return smm::to_rfc3339(now - time);
}

std::string order(const std::string& id, const std::string& status = "in_progress") {
  return R"({"panel":"p1","id":")" + id + R"(","status":")" + status +
         R"(","service_name":"Followers 🔥 high quality","quantity":1000,"delivered":843,"charge":"0.27819",)"
         R"("currency":"USD","ref":"shop-991-with-a-long-name","changed_at":")" +
         ago(std::chrono::minutes(3) + std::chrono::seconds(20)) + R"("})";
}

std::string list_of(const std::string& items) {
  return R"({"items":[)" + items + R"(],"next":null})";
}

Launch on_terminal(const Room& room, const std::vector<std::string>& arguments, int columns) {
  Launch launch;
  launch.arguments = arguments;
  launch.environment = {{"SMM_TRACKER_SOCKET", room.path("api.sock")}, {"TERM", "xterm-256color"}};
  launch.columns = columns;
  return launch;
}

// Without what colours it.
std::string plain(const std::string& text) {
  std::string without;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\x1b')
      i = text.find('m', i);
    else
      without += text[i];
  }
  return without;
}

}  // namespace

TEST_CASE("on a terminal times are short and lines end at its width") {
  smm::cli::use_utf8();
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer(json(list_of(order("23501") + "," + order("23502", "completed"))));
  for (const int columns : {200, 100, 80, 60, 40, 20, 5, 1}) {
    CAPTURE(columns);
    const auto outcome = run(on_terminal(room, {"list"}, columns));
    CHECK(outcome.exit == 0);
    std::istringstream lines(plain(outcome.out));
    int count = 0;
    for (std::string line; std::getline(lines, line); ++count)
      CHECK(smm::cli::display_width(line) <= columns);
    CHECK(count == 3);
  }
  CHECK(plain(run(on_terminal(room, {"list"}, 200)).out).find("3m ago") != std::string::npos);
}

TEST_CASE("forty columns show what matters most") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer(json(list_of(order("23501"))));
  CHECK(plain(run(on_terminal(room, {"list"}, 40)).out) ==
        "ORDER     STATUS       PROGRESS  CHANGED\n"
        "p1/23501  in_progress  843/1000  3m ago\n");
}

TEST_CASE("eighty columns shorten what is long") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer(json(list_of(order("23501"))));
  CHECK(plain(run(on_terminal(room, {"list"}, 80)).out) ==
        "ORDER     STATUS       PROGRESS       CHARGE  CHANGED  REF          SERVICE\n"
        "p1/23501  in_progress  843/1000  0.27819 USD  3m ago   shop-991-w…  Followers …\n");
}

TEST_CASE("colour is for terminals that have it and people who want it") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer(json(list_of(order("1", "completed"))));
  auto launch = on_terminal(room, {"list"}, 80);
  CHECK(run(launch).out.find("\x1b[32mcompleted\x1b[0m") != std::string::npos);
  launch.environment["NO_COLOR"] = "1";
  CHECK(run(launch).out.find('\x1b') == std::string::npos);
  launch.environment.erase("NO_COLOR");
  launch.environment["TERM"] = "dumb";
  CHECK(run(launch).out.find('\x1b') == std::string::npos);
  launch.environment.erase("TERM");
  CHECK(run(launch).out.find('\x1b') == std::string::npos);
  launch.environment["TERM"] = "xterm";
  launch.columns = 0;
  CHECK(run(launch).out.find('\x1b') == std::string::npos);
}

TEST_CASE("on a terminal an event of today has no date, and its line ends at the width") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  const std::string data = R"(","data":{"panel":"p1","order":"1","previous_status":"new","status":"pending",)"
                           R"("remains":1000,"ref":"a-long-name-for-an-order-of-somebody"}})"
                           "\n";
  const auto now = ago(std::chrono::milliseconds(0));
  daemon.will_answer(
      stream({R"({"seq":1,"type":"order.status_changed","timestamp":"2026-01-02T03:04:05.678Z)" + data +
              R"({"seq":2,"type":"order.status_changed","timestamp":")" + now + data}));
  const auto outcome = run(on_terminal(room, {"events"}, 80));
  CHECK(plain(outcome.out) ==
        "2026-01-02 03:04:05Z  order.status_changed  p1/1          new → pending remains…\n" +
            now.substr(11, 8) + "Z  order.status_changed  p1/1          new → pending remains=1000 ref=a…\n");
}

TEST_CASE("JSON on a terminal stays JSON and cannot command it") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer(
      json("{\n \"ref\": \"a\xC2\x9B"
           "2J\x7F \xE2\x80\xAE é 🔥\"}"));
  CHECK(run(on_terminal(room, {"show", "p1/1", "--json"}, 80)).out ==
        "{\n \"ref\": \"a\\u009b2J\\u007f \\u202e é 🔥\"}\n");
}

TEST_CASE("a person is told that there are more, and what to do with nothing") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer(json(R"({"items":[)" + order("1") + R"(],"next":"x"})"));
  daemon.will_answer(json(list_of("")));
  CHECK(run(on_terminal(room, {"list", "--limit", "1"}, 80)).err ==
        "smm-tracker: there are more; --limit N shows more of them, --all everything\n");
  CHECK(run(on_terminal(room, {"list"}, 80)).out == "no orders; smm-tracker track PANEL/ID follows one\n");
}

TEST_CASE("watch draws again in place, waits for a daemon that went away, and leaves the screen as it was") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer(json(list_of(order("1"))));
  daemon.will_answer(raw(""));
  daemon.will_answer(json(list_of(order("1", "completed"))));
  Child child(on_terminal(room, {"list", "--watch"}, 80));
  CHECK(child.shows("in_progress"));
  CHECK(child.out().find("\x1b[?1049h") == 0);
  // A new size is drawn for at once; otherwise this would take two seconds each.
  child.resize(79, 24);
  child.signal(SIGWINCH);
  CHECK(child.shows("hung up before"));
  child.signal(SIGWINCH);
  CHECK(child.shows("completed"));
  child.signal(SIGINT);
  const auto outcome = child.finish();
  CHECK(outcome.exit == 130);
  CHECK(outcome.err.empty());
  const std::string back = "\x1b[?25h\x1b[?1049l";
  CHECK(outcome.out.substr(outcome.out.size() - back.size()) == back);
}

TEST_CASE("watch shows no more lines than the screen has") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  std::string items = order("0");
  for (int i = 1; i < 30; ++i) items += "," + order(std::to_string(i));
  daemon.will_answer(json(list_of(items)));
  auto launch = on_terminal(room, {"list", "--watch"}, 80);
  launch.rows = 10;
  Child child(launch);
  CHECK(child.shows("… 23 more lines"));
  CHECK(child.out().find("p1/6 ") != std::string::npos);
  CHECK(child.out().find("p1/7 ") == std::string::npos);
  child.signal(SIGINT);
  CHECK(child.finish().exit == 130);
}

TEST_CASE("watch in a pipe prints what changed, and only then") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  const auto same = list_of(R"({"panel":"p1","id":"1","status":"new"})");
  daemon.will_answer(json(same));
  daemon.will_answer(json(same));
  daemon.will_answer(json(list_of("")));
  Child child({{"list", "--watch", "--json"}, {{"SMM_TRACKER_SOCKET", room.path("api.sock")}}});
  CHECK(child.shows(list_of("")));
  CHECK(child.out() == same + "\n" + list_of("") + "\n");
  child.signal(SIGINT);
  CHECK(child.finish().exit == 130);
}

TEST_CASE("watch of a daemon that does not run is an error at once") {
  const Room room;
  const auto outcome = run(on_terminal(room, {"status", "--watch"}, 80));
  CHECK(outcome.exit == 7);
  CHECK(outcome.out.empty());
}

TEST_CASE("on a terminal show draws what remained") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer(json(order("1")));
  daemon.will_answer(json(list_of(R"({"at":"2026-11-21T08:00:00.000Z","remains":1000},)"
                                  R"({"at":"2026-11-21T08:05:00.000Z","remains":0})")));
  const auto out = plain(run(on_terminal(room, {"show", "p1/1"}, 80)).out);
  CHECK(out.find("remains   ██████") != std::string::npos);
  CHECK(daemon.request(1).target == "/v1/orders/p1/1/history?limit=1000");
}

TEST_CASE(
    "where the locale has no UTF-8 a terminal gets ASCII of the same width, and a pipe what it always gets") {
  const auto history = json(list_of(R"({"at":"2026-11-21T08:00:00.000Z","remains":1000},)"
                                    R"({"at":"2026-11-21T08:05:00.000Z","remains":0})"));
  for (const auto* locale : {"C", "de_DE.ISO-8859-1", "C.UTF-8"}) {
    CAPTURE(locale);
    const Room room;
    FakeDaemon daemon(room.path("api.sock"));
    daemon.will_answer(json(order("1")));
    daemon.will_answer(history);
    auto launch = on_terminal(room, {"show", "p1/1"}, 80);
    launch.environment["LANG"] = locale;
    const auto out = plain(run(launch).out);
    CAPTURE(out);
    const bool ascii = std::string(locale) != "C.UTF-8";
    CHECK((out.find("remains   ###") != std::string::npos) == ascii);
    CHECK((out.find("remains   ███") != std::string::npos) == !ascii);
    CHECK((out.find("Followers ? high quality") != std::string::npos) == ascii);
  }
}

TEST_CASE("on a terminal a sheet breaks long sentences between words, below where they began") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer(json(R"({"name":"p1","state":"down","last_error":{"at":"2026-11-21T08:00:00.000Z",)"
                          R"("kind":"http-error","words":"HTTP 500, the reply is an HTML page"}})"));
  const auto out = plain(run(on_terminal(room, {"panels", "show", "p1"}, 40)).out);
  std::istringstream lines(out);
  for (std::string line; std::getline(lines, line);) CHECK(smm::cli::display_width(line) <= 40);
  CHECK(out.find("\n            the reply is an HTML page\n") != std::string::npos);
}

TEST_CASE("a panel's last error is seen in eighty columns, and no column is kept for none") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  const std::string figures =
      R"("orders":{"total":123456,"stalled":0,"by_status":{"pending":123456}},"due":10,)"
      R"("lag_seconds":1,"balance":"100.84292","currency":"USD","last_success_at":")" +
      ago(std::chrono::minutes(3)) + "\"";
  const auto fine = R"({"name":"p1","state":"up","last_error":null,)" + figures + "}";
  const auto bad = R"({"name":"p2","state":"down","last_error":{"at":")" + ago(std::chrono::minutes(2)) +
                   R"(","words":"HTTP 500"},)" + figures + "}";
  daemon.will_answer(json(list_of(fine + "," + bad)));
  CHECK(plain(run(on_terminal(room, {"panels"}, 80)).out).find("2m ago: HTTP 500") != std::string::npos);
  CHECK(plain(run(on_terminal(room, {"panels"}, 40)).out).find("2m ago: HTTP 500") != std::string::npos);
  FakeDaemon other(room.path("other.sock"));
  other.will_answer(json(list_of(fine)));
  CHECK(run(on_terminal(room, {"panels", "--socket", room.path("other.sock")}, 80)).out.find("LAST ERROR") ==
        std::string::npos);
}

TEST_CASE("help fits a narrow terminal") {
  const Room room;
  for (const int columns : {40, 80}) {
    for (const auto* command : {"list", "place", "api", "import"}) {
      CAPTURE(command);
      const auto out = run(on_terminal(room, {command, "--help"}, columns)).out;
      std::istringstream lines(out.substr(0, out.find("\nExamples:")));
      for (std::string line; std::getline(lines, line);) CHECK(smm::cli::display_width(line) <= columns);
    }
  }
}
