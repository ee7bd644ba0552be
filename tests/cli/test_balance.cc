#include "child.h"
#include "cli/sparkline.h"
#include "fake_daemon.h"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <limits>

using namespace smm::test;

namespace {

std::string balance(const std::string& amount, bool low, const std::string& history = "",
                    const std::string& next = "null") {
  return R"({"balance":)" + amount +
         R"(,"currency":"USD","since":"2026-11-21T07:00:00.000Z","checked_at":"2026-11-21T08:00:00.000Z","low":)" +
         (low ? "true" : "false") + R"(,"threshold":"20.00","days_left":12.34,"history":{"items":[)" +
         history + R"(],"next":)" + next + "}}";
}

std::string point(const std::string& at, const std::string& amount) {
  return R"({"at":"2026-11-)" + at + R"(T08:00:00.000Z","balance":")" + amount + R"(","currency":"USD"})";
}

smm::Timestamp after(int seconds) {
  return smm::from_millis(1'000'000) + std::chrono::seconds(seconds);
}

}  // namespace

TEST_CASE("balance of a panel tells what is left, whether that is low and how long it will do") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer(json(balance(R"("100.84292")", false)));
  daemon.will_answer(json(balance(R"("9.5")", true)));
  daemon.will_answer(json(R"({"balance":null,"currency":null,"low":false,"threshold":null,"days_left":null,)"
                          R"("history":{"items":[],"next":null}})"));
  CHECK(run(room.path("api.sock"), {"balance", "p1"}).out ==
        "panel      p1\n"
        "balance    100.84292 USD\n"
        "low        no, not below 20.00 USD\n"
        "days left  12 at the present rate of spending\n"
        "since      2026-11-21T07:00:00.000Z\n"
        "checked    2026-11-21T08:00:00.000Z\n");
  CHECK(run(room.path("api.sock"), {"balance", "p1"}).out.find("low        yes, below 20.00 USD\n") !=
        std::string::npos);
  CHECK(run(room.path("api.sock"), {"balance", "p1"}).out == "panel    p1\nbalance  unknown\n");
  CHECK(daemon.request(0).target == "/v1/panels/p1/balance?limit=1");
}

TEST_CASE("balance --history draws and lists how it went, page after page") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer(json(balance(R"("1")", false, point("21", "1"), R"("c")")));
  daemon.will_answer(json(balance(R"("1")", false, point("19", "8.5") + "," + point("20", "4"))));
  const auto outcome = run(room.path("api.sock"), {"balance", "p1", "--history", "--limit", "3"});
  CHECK(outcome.exit == 0);
  CHECK(outcome.out.find("\n███████") != std::string::npos);
  CHECK(outcome.out.find("▁\n\nAT                        BALANCE\n"
                         "2026-11-21T08:00:00.000Z    1 USD\n"
                         "2026-11-19T08:00:00.000Z  8.5 USD\n"
                         "2026-11-20T08:00:00.000Z    4 USD\n") != std::string::npos);
  CHECK(daemon.request(0).target == "/v1/panels/p1/balance?limit=3");
  CHECK(daemon.request(1).target == "/v1/panels/p1/balance?limit=2&cursor=c");
}

TEST_CASE("balance --json is the daemon's document, with the whole history in it") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  const auto one = balance(R"("1")", false, point("21", "1"), R"("c")");
  daemon.will_answer(json(one));
  CHECK(run(room.path("api.sock"), {"balance", "p1", "--json"}).out == one + "\n");
  daemon.will_answer(json(one));
  daemon.will_answer(json(balance(R"("1")", false, point("20", "4"))));
  run(room.path("api.sock"), {"version"});  // takes the answer that would be repeated
  const auto all = nlohmann::json::parse(
      run(room.path("api.sock"), {"balance", "p1", "--history", "--all", "--json"}).out);
  CHECK(all["history"]["items"].size() == 2);
  CHECK(all["history"]["next"].is_null());
}

TEST_CASE("balance without a name is all panels, and one that fails costs only itself") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  const std::string panels = R"({"items":[{"name":"p1"},{"name":"p2"},{"name":"p3"}],"next":null})";
  daemon.will_answer(json(panels));
  daemon.will_answer(json(balance(R"("100.84292")", false)));
  daemon.will_answer(problem(500, "internal", "disk on fire"));
  daemon.will_answer(json(balance(R"("9.5")", true)));
  const auto outcome = run(room.path("api.sock"), {"balance"});
  CHECK(outcome.exit == 6);
  CHECK(outcome.out ==
        "PANEL        BALANCE  LOW  DAYS LEFT  CHECKED\n"
        "p1     100.84292 USD  no          12  2026-11-21T08:00:00.000Z\n"
        "p3           9.5 USD  yes         12  2026-11-21T08:00:00.000Z\n");
  CHECK(outcome.err == "smm-tracker: panel p2: disk on fire\n");
  CHECK(daemon.request(0).target == "/v1/panels");
  CHECK(daemon.request(2).target == "/v1/panels/p2/balance?limit=1");
}

TEST_CASE("a sparkline shows the figure at the end of each part of the time") {
  using smm::cli::sparkline;
  CHECK(sparkline({{after(0), 0}, {after(10), 7}}, 2) == "▁█");
  CHECK(sparkline({{after(0), 1000}, {after(1), 900}, {after(10), 0}}, 5) == "█▇▇▇▁");
  CHECK(sparkline({{after(10), 0}, {after(0), 7}}, 3) == "██▁");
  CHECK(sparkline({{after(0), 5}, {after(10), 5}}, 3) == "▅▅▅");
  CHECK(sparkline({{after(0), 5}, {after(0), 6}}, 2) == "▁█");
}

TEST_CASE("a sparkline of nothing much is none") {
  using smm::cli::sparkline;
  CHECK(sparkline({}, 8).empty());
  CHECK(sparkline({{after(0), 5}}, 8).empty());
  CHECK(sparkline({{after(0), 5}, {after(1), 6}}, 1).empty());
  CHECK(sparkline({{after(0), 5}, {after(1), std::numeric_limits<double>::quiet_NaN()}}, 8).empty());
}
