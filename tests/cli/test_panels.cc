#include "child.h"
#include "fake_daemon.h"

#include <doctest/doctest.h>

using namespace smm::test;

namespace {

std::string panel(const std::string& name, const std::string& state, const std::string& more = "") {
  return R"({"name":")" + name + R"(","url":"https://panel.example/api/v2","state":")" + state +
         R"(","paused":false,"since":"2026-11-21T08:00:00.000Z","resting_until":null,)"
         R"("last_success_at":"2026-11-21T09:00:00.000Z","last_error":null,)"
         R"("orders":{"total":12,"stalled":1,"lost":0,"by_status":{"in_progress":3,"pending":1,"completed":8}},)"
         R"("due":2,"lag_seconds":0.4,"in_flight":0,"batch_size":100,"requests":40,"ids_asked":3900,)"
         R"("requests_per_minute":30,"max_in_flight":1,"balance":"100.84292","currency":"USD")" +
         more + "}";
}

std::string status(const std::string& panels, const std::string& webhooks, bool ready = true) {
  return R"({"version":"0.1.0","started_at":"2026-11-21T07:00:00.000Z","ready":)" +
         std::string(ready ? "true" : "false") + R"(,"reasons":)" +
         (ready ? "[]" : R"(["database: disk full"])") +
         R"(,"orders":{"total":12,"active":4,"ended":8,"stalled":1,"lost":0,"by_status":{}},"panels":[)" +
         panels + R"(],"webhooks":[)" + webhooks +
         R"(],"events":{"oldest":1,"newest":88121},"database":{"bytes":13000000,"writable":true}})";
}

const std::string dead_webhook =
    R"({"name":"shop","url":"https://shop.example/***","paused":false,"disabled":true,"disabled_reason":"410 Gone",)"
    R"("pending":3,"dead":2,"oldest_pending_at":null,"last_delivered_at":null,"resting_until":null,)"
    R"("last_error":{"at":"2026-11-21T09:00:00.000Z","words":"HTTP 410"}})";

}  // namespace

TEST_CASE("status is the daemon, its panels and its webhooks at a glance") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer(json(status(panel("p1", "up"), "")));
  const auto outcome = run(room.path("api.sock"), {"status"});
  CHECK(outcome.exit == 0);
  CHECK(
      outcome.out ==
      "smm-tracker 0.1.0  ready  since 2026-11-21T07:00:00.000Z\n"
      "orders    12 tracked, 4 active, 8 ended, 1 stalled\n"
      "events    1 to 88121\n"
      "database  12.4 MiB\n"
      "\n"
      "PANEL  STATE  ACTIVE  ORDERS  STALLED  DUE  LAG  LAST SUCCESS                    BALANCE  LAST ERROR\n"
      "p1     up          4      12        1    2   0s  2026-11-21T09:00:00.000Z  100.84292 USD  -\n");
  CHECK(daemon.request(0).target == "/v1/status");
}

TEST_CASE("a panel that has never answered is not called up") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  auto silent = panel("p1", "up");
  const std::string success = R"("2026-11-21T09:00:00.000Z")";
  silent.replace(silent.find(success), success.size(), "null");
  daemon.will_answer(json(status(silent, "")));
  const auto outcome = run(room.path("api.sock"), {"status"});
  CHECK_MESSAGE(outcome.out.find("\np1     no answer yet  ") != std::string::npos, outcome.out);
}

TEST_CASE("status of a daemon that has no panel yet says how it gets one, and that is no trouble") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer(json(status("", "")));
  const auto outcome = run(room.path("api.sock"), {"status"});
  CHECK(outcome.exit == 0);
  CHECK(outcome.out.find("\nNo panel is followed yet. Describe one in the configuration, usually\n"
                         "/etc/smm-tracker/smm-tracker.toml; then: smm-tracker reload\n") !=
        std::string::npos);
  daemon.will_answer(json(status("", "")));
  CHECK(run(room.path("api.sock"), {"status", "--check"}).exit == 0);
}

TEST_CASE("status --check is silent and 0 when nothing needs a person") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer(json(status(panel("p1", "limited"), "")));
  const auto outcome = run(room.path("api.sock"), {"status", "--check"});
  CHECK(outcome.exit == 0);
  CHECK(outcome.out.empty());
}

TEST_CASE("status --check names what needs a person, with what to do, and exits 1") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  const std::string error =
      R"(,"last_error":{"at":"2026-11-21T09:00:00.000Z","kind":"k","words":"Invalid API key"})";
  daemon.will_answer(json(status(
      R"({"name":"p1","state":"key_rejected","orders":{"lost":2})" + error + "}," + panel("p2", "down"),
      dead_webhook, false)));
  const auto outcome = run(room.path("api.sock"), {"status", "--check"});
  CHECK(outcome.exit == 1);
  CHECK(outcome.out ==
        "not ready: database: disk full\n"
        "panel p1: refuses its key (Invalid API key); put the right one into its key file, then smm-tracker "
        "reload\n"
        "panel p1: does not know 2 orders any more; ask its support, or smm-tracker untrack\n"
        "panel p2: down since 2026-11-21T08:00:00.000Z; try smm-tracker panels test p2\n"
        "webhook shop: disabled (410 Gone)\n"
        "webhook shop: 2 undeliverable; see smm-tracker deliveries --state dead --webhook shop\n");
}

TEST_CASE("panels lists them, and panels show tells all about one") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer(json(R"({"items":[)" + panel("p1", "up") + R"(],"next":null})"));
  daemon.will_answer(json(panel("p1", "down", R"(,"resting_until":"2026-11-21T09:05:00.000Z")")));
  CHECK(run(room.path("api.sock"), {"panels"}).out.find("p1     up          4      12") != std::string::npos);
  CHECK(daemon.request(0).target == "/v1/panels");
  const auto out = run(room.path("api.sock"), {"panels", "show", "p1"}).out;
  CHECK(out.find("state         down since 2026-11-21T08:00:00.000Z\n") != std::string::npos);
  CHECK(out.find("orders        12, 3 in_progress, 1 pending, 8 completed\n") != std::string::npos);
  CHECK(out.find("pace          30 requests a minute, 100 orders each\n") != std::string::npos);
  CHECK(daemon.request(1).target == "/v1/panels/p1");
}

TEST_CASE("panels test tells the balance, or the panel's words with exit code 5") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer(json(R"({"ok":true,"balance":"100.84292","currency":"USD","took_ms":12})"));
  daemon.will_answer(
      json(R"({"ok":false,"error":{"kind":"key-rejected","words":"Invalid API key"},"took_ms":9})"));
  auto outcome = run(room.path("api.sock"), {"panels", "test", "p1"});
  CHECK(outcome.exit == 0);
  CHECK(outcome.out == "p1  ok  balance 100.84292 USD, 12 ms\n");
  outcome = run(room.path("api.sock"), {"panels", "test", "p1", "--json"});
  CHECK(outcome.exit == 5);
  CHECK(outcome.out.find("\"ok\":false") != std::string::npos);
  CHECK(outcome.err == "smm-tracker: panel p1: key-rejected: Invalid API key\n");
  CHECK(daemon.request(0).method == "POST");
  CHECK(daemon.request(0).target == "/v1/panels/p1/test");
}

TEST_CASE("panels pause and resume say how the panel is afterwards") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer(json(R"({"name":"p1","state":"up","paused":true})"));
  daemon.will_answer(json(R"({"name":"p1","state":"up","paused":false})"));
  daemon.will_answer(problem(404, "panel-unknown", "there is no panel p9"));
  CHECK(run(room.path("api.sock"), {"panels", "pause", "p1"}).out == "p1  paused\n");
  CHECK(run(room.path("api.sock"), {"panels", "resume", "p1"}).out == "p1  up\n");
  CHECK(run(room.path("api.sock"), {"panels", "resume", "p9"}).exit == 3);
  CHECK(daemon.request(0).target == "/v1/panels/p1/pause");
  CHECK(daemon.request(1).target == "/v1/panels/p1/resume");
}

TEST_CASE("a low balance needs a person, and shows in status and panels") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  const std::string low = R"(,"balance_low":true,"refills":{"auto":"schedule","open":3,)"
                          R"("resting_until":"2026-11-22T08:00:00.000Z"})";
  daemon.will_answer(json(status(panel("p1", "up", low), "")));
  daemon.will_answer(json(panel("p1", "up", low)));
  const auto outcome = run(room.path("api.sock"), {"status", "--check"});
  CHECK(outcome.exit == 1);
  CHECK(outcome.out == "panel p1: the balance is low (100.84292 USD); see smm-tracker balance p1\n");
  const auto out = run(room.path("api.sock"), {"panels", "show", "p1"}).out;
  CHECK(out.find("balance       100.84292 USD, low\n") != std::string::npos);
  CHECK(out.find("refills       automatic: schedule, 3 open\n") != std::string::npos);
  CHECK(out.find("refills rest  2026-11-22T08:00:00.000Z\n") != std::string::npos);
}
