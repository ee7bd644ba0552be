#include "practice-panel/server.h"
#include "practice-panel/webhook_receiver.h"
#include "tracker_process.h"

#include <doctest/doctest.h>

namespace smm::test::following_test {

namespace practice = smm::practice;

namespace {

std::string webhook_section(const std::string& url) {
  return "[webhook.shop]\nurl = \"" + url +
         "\"\nsecret_file = \"keys/shop\"\nnetwork = \"local\"\nrate = 0\nevents = [\"*\"]\n";
}

}  // namespace

TEST_CASE("one order, one panel, one webhook, one query: followed from Pending to Completed") {
  practice::PracticeServer server;
  auto& panel = server.add_panel();
  panel.script_order(
      "7001", 1000,
      {{practice::Ms(1000),
        {.status = "In progress", .charge = "0.27819", .start_count = "3572", .remains = "157"}},
       {practice::Ms(2000), {.status = "Completed", .remains = "0"}}});
  practice::ReceiverOptions receiving;
  receiving.secrets = {webhook_secret};
  practice::WebhookReceiver receiver(receiving);

  TrackerProcess tracker;
  tracker.add_file("keys/shop", webhook_secret);
  REQUIRE_MESSAGE(tracker.start({.config = fast_polling() + panel_section("p1", server.api_url("p1")) +
                                           webhook_section(receiver.url())}),
                  tracker.log());
  const auto tracked = tracker.post(
      "/v1/orders", Json{{"panel", "p1"}, {"id", "7001"}, {"quantity", 1000}, {"ref", "shop-991"}});
  REQUIRE_MESSAGE(tracked.status == 201, tracked.body);
  CHECK(tracked.json()["status"] == "new");

  const auto status = [&] { return tracker.get("/v1/orders/p1/7001").json()["status"].get<std::string>(); };
  REQUIRE(eventually([&] { return status() == "pending"; }));
  server.advance(practice::Ms(1000));
  REQUIRE(eventually([&] { return status() == "in_progress"; }));
  server.advance(practice::Ms(1000));
  const auto ended = tracker.get("/v1/orders/p1/7001?wait=20s&until=ended").json();
  CHECK(ended["status"] == "completed");
  CHECK(ended["delivered"] == 1000);
  CHECK(ended["charge"] == "0.27819");
  CHECK(ended["start_count"] == 3572);

  const auto history = tracker.get("/v1/orders/p1/7001/history").json()["items"];
  REQUIRE(history.size() == 3);
  CHECK(history[0]["status"] == "pending");
  CHECK(history[1]["remains"] == 157);
  CHECK(history[2]["status_text"] == "Completed");

  // tracked, three changes of status: four events, four webhooks, each verified.
  REQUIRE(receiver.wait_for(4));
  for (const auto& webhook : receiver.received())
    CHECK(webhook.verdict == practice::SignatureVerdict::verified);
  CHECK(tracker.stop().code == 0);
}

}  // namespace smm::test::following_test
