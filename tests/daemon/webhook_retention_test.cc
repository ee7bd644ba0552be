#include "webhook_hours_world.h"

#include <sqlite3.h>

#include <algorithm>
#include <future>

namespace smm::test::webhook_retention_test {

// What is old goes while deliveries flow; what is pending stays.

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

namespace {

const std::string tracked_only = "events = [\"order.tracked\"]\n";
const std::string a_day = "[retention]\nevents = \"1d\"\nprogress = \"1d\"\ndeliveries = \"1d\"\n";

// Of the database of a program that has ended.
std::int64_t number(const TrackerProcess& tracker, const std::string& query) {
  sqlite3* database = nullptr;
  sqlite3_stmt* statement = nullptr;
  REQUIRE(sqlite3_open((tracker.state() / "tracker.db").c_str(), &database) == SQLITE_OK);
  REQUIRE(sqlite3_prepare_v2(database, query.c_str(), -1, &statement, nullptr) == SQLITE_OK);
  REQUIRE(sqlite3_step(statement) == SQLITE_ROW);
  const auto value = sqlite3_column_int64(statement, 0);
  sqlite3_finalize(statement);
  sqlite3_close(database);
  return value;
}

}  // namespace

TEST_CASE("thousands of old events go while new ones flow, and nothing that is pending goes with them") {
  practice::WebhookReceiver shop(of_any_time());
  practice::WebhookReceiver kept(of_any_time());
  practice::WebhookReceiver gone(of_any_time());
  PickyEndpoint picky;
  picky.refuse("1", 0);
  practice::WebhookReceiver failing(picky.options());
  gone.answer_always({.status = 410});
  HoursWorld world({{"shop", shop.url(), tracked_only},
                    {"kept", kept.url(), tracked_only},
                    {"gone", gone.url(), tracked_only},
                    {"failing", failing.url(), tracked_only}},
                   a_day);
  REQUIRE(world.tracker.post("/v1/webhooks/gone/pause").status == 200);
  constexpr int over = 700;     // everybody has had them
  constexpr int waiting = 300;  // "kept" has not
  constexpr int old = over + waiting;
  world.track(ids_from(1, over));
  REQUIRE(kept.wait_for(over, seconds(60)));
  REQUIRE(eventually([&] { return world.webhook("kept")["pending"] == 0; }));
  REQUIRE(world.tracker.post("/v1/webhooks/kept/pause").status == 200);
  REQUIRE(world.tracker.post("/v1/webhooks/gone/resume").status == 200);
  REQUIRE(eventually([&] { return world.webhook("gone")["disabled"] == true; }));
  world.track(ids_from(over + 1, waiting));
  REQUIRE(shop.wait_for(old, seconds(60)));
  REQUIRE(failing.wait_for(old, seconds(60)));
  REQUIRE(eventually([&] { return world.webhook("shop")["pending"] == 0; }));
  REQUIRE(eventually([&] { return world.webhook("failing")["pending"] == 1; }));
  REQUIRE(world.deliveries("webhook=gone&state=canceled").size() >= over - 2);
  REQUIRE(world.tracker.post("/v1/panels/p1/pause").status == 200);

  // A day and an hour later all of that is old. Retention begins while more flows.
  world.clock.pass(hours(25));
  constexpr int fresh = 300;
  auto tracked =
      std::async(std::launch::async, [&] { return world.tracker.track("p1", ids_from(old + 1, fresh)); });
  milliseconds slowest{0};
  REQUIRE_MESSAGE(eventually(
                      [&] {
                        const auto began = std::chrono::steady_clock::now();
                        REQUIRE(world.tracker.get("/v1/health?level=alive").status == 200);
                        const auto took = std::chrono::steady_clock::now() - began;
                        slowest = std::max(slowest, std::chrono::duration_cast<milliseconds>(took));
                        return world.deliveries("webhook=gone").size() ==
                               1;  // its event is what "failing" waits for
                      },
                      seconds(60)),
                  world.deliveries("webhook=gone").size());
  CHECK(tracked.get() == fresh);
  CHECK(shop.wait_for(old + fresh, seconds(60)));
  CHECK(failing.wait_for(old + fresh, seconds(60)));
  MESSAGE("while old events went the slowest answer took " << slowest.count() << " ms");

  // What everybody has had is gone; what is pending waits with its body, however old.
  CHECK(world.deliveries("webhook=kept&state=delivered").empty());
  CHECK(world.deliveries("webhook=kept&state=pending").size() == waiting + fresh);
  CHECK(world.deliveries("webhook=failing&order=p1/1").size() == 1);
  kept.clear();
  REQUIRE(world.tracker.post("/v1/webhooks/kept/resume").status == 200);
  picky.refuse("", 0);
  REQUIRE(kept.wait_for(waiting + fresh, seconds(60)));
  const auto received = kept.received();
  CHECK(distinct(received).size() == waiting + fresh);
  CHECK(received.size() == waiting + fresh);
  for (const auto& webhook : received) REQUIRE(webhook.verdict == practice::SignatureVerdict::verified);
  REQUIRE(eventually([&] {
    const auto rows = world.deliveries("webhook=failing&order=p1/1&state=pending");
    if (!rows.empty() && !rows[0]["next_try_at"].is_null()) world.pass_until(rows[0]["next_try_at"]);
    return picky.taken("1").size() == 1;
  }));
  REQUIRE(eventually([&] { return world.deliveries("state=pending").empty(); }));

  // In the end nothing is left of all that.
  world.pass(hours(25));
  world.pass(minutes(2));
  REQUIRE(eventually([&] { return world.deliveries("state=delivered").empty(); }, seconds(60)));
  REQUIRE(eventually([&] {
    const auto span = world.tracker.get("/v1/status").json()["events"];
    return span["oldest"] == nullptr || span["oldest"] == 0 || span["oldest"] > span["newest"];
  }));
  REQUIRE(world.tracker.stop().code == 0);
  CHECK(number(world.tracker, "SELECT count(*) FROM event") == 0);
  CHECK(number(world.tracker, "SELECT count(*) FROM delivery") == 0);
  CHECK(number(world.tracker, "SELECT count(*) FROM attempt") == 0);
}

}  // namespace smm::test::webhook_retention_test
