#include "wire_world.h"

#include <algorithm>

namespace smm::test::webhooks_test {

namespace {

double between(const practice::ReceivedWebhook& first, const practice::ReceivedWebhook& second) {
  return std::chrono::duration<double>(second.arrived - first.arrived).count();
}

// The daemon names no longer wait than that after the first attempt; once the next has begun it names none.
void check_wait(const Json& delivery, double longest) {
  CAPTURE(delivery.dump());
  if (delivery["attempts"].size() > 1) return;
  const auto ended = seconds_of(delivery["attempts"][0]["ended_at"].get<std::string>());
  CHECK(seconds_of(delivery["next_try_at"].get<std::string>()) - ended <= longest + 0.01);
}

}  // namespace

TEST_CASE("a refused webhook comes again after 5 s (± 20 %): same id, same bytes, newer timestamp") {
  practice::WebhookReceiver receiver(verifying());
  receiver.answer_next({.status = 500, .body = "out of order"});
  const WebhookWorld world({{"shop", receiver.url()}});
  world.make_event("1");
  check_wait(world.delivery("shop", 1), 6);
  REQUIRE(receiver.wait_for(2));
  const auto received = receiver.received();
  CHECK(received[0].id.rfind("evt_", 0) == 0);
  CHECK(received[0].id == received[1].id);
  CHECK(received[0].body == received[1].body);
  const auto stamp = [](const practice::ReceivedWebhook& webhook) {
    for (const auto& [name, value] : webhook.headers) {
      if (name == "webhook-timestamp" || name == "Webhook-Timestamp") return std::stoll(value);
    }
    return 0LL;
  };
  CHECK(stamp(received[0]) > 1'700'000'000);
  CHECK(stamp(received[1]) > stamp(received[0]));
  CHECK(received[1].verdict == practice::SignatureVerdict::verified);
  CHECK(between(received[0], received[1]) >= 3.9);

  const auto delivery = world.delivery("shop", 2);
  CHECK(delivery["state"] == "delivered");
  const auto& attempts = delivery["attempts"];
  CHECK(attempts[0]["outcome"] == "refused");
  CHECK(attempts[0]["http_status"] == 500);
  CHECK(attempts[0]["response"] == "out of order");
  CHECK(attempts[0]["error"].get<std::string>().find("500") != std::string::npos);
  CHECK(attempts[1]["outcome"] == "delivered");
  CHECK(attempts[1]["http_status"] == 200);
  // Not the second wait of the schedule, 24 to 36 s.
  CHECK(seconds_of(attempts[1]["started_at"].get<std::string>()) -
            seconds_of(attempts[0]["ended_at"].get<std::string>()) <
        24);
}

TEST_CASE("Retry-After is obeyed, also for what comes after") {
  practice::WebhookReceiver receiver(verifying());
  receiver.answer_next({.status = 503, .headers = {{"Retry-After", "8"}}});
  const WebhookWorld world({{"shop", receiver.url()}});
  world.make_event("1");
  REQUIRE(receiver.wait_for(1));
  const auto refused = world.delivery("shop", 1);
  CHECK(refused["attempts"][0]["http_status"] == 503);
  check_wait(refused, 8);
  world.make_event("2");
  REQUIRE(receiver.wait_for(3));
  const auto received = receiver.received();
  CHECK(between(received[0], received[1]) >= 7.9);
  CHECK(between(received[0], received[2]) >= 7.9);
}

TEST_CASE("a redirect is not followed and has failed") {
  practice::WebhookReceiver elsewhere(verifying());
  practice::WebhookReceiver receiver(verifying());
  receiver.answer_always({.status = 302, .headers = {{"Location", elsewhere.url()}}});
  const WebhookWorld world({{"shop", receiver.url()}});
  world.make_event("1");
  const auto delivery = world.delivery("shop", 1);
  CHECK(delivery["state"] == "pending");
  CHECK_FALSE(delivery["next_try_at"].is_null());
  CHECK(delivery["attempts"][0]["http_status"] == 302);
  CHECK(delivery["attempts"][0]["outcome"] == "refused");
  CHECK(elsewhere.count() == 0);
}

TEST_CASE("410 disables an endpoint and says so; the others go on") {
  practice::WebhookReceiver gone(verifying());
  practice::WebhookReceiver other(verifying());
  gone.answer_always({.status = 410});
  const WebhookWorld world(
      {{"gone", gone.url()}, {"other", other.url(), "events = [\"order.tracked\", \"webhook.disabled\"]\n"}});
  world.make_event("1");
  REQUIRE(gone.wait_for(1));
  REQUIRE_MESSAGE(eventually([&] { return world.webhook("gone")["disabled"] == true; }), world.tracker.log());
  CHECK(world.webhook("gone")["disabled_reason"].get<std::string>().find("410") != std::string::npos);
  CHECK(world.webhook("other")["disabled"] == false);
  CHECK(world.delivery("gone", 1)["state"] == "dead");
  const auto metrics = world.tracker.get("/metrics").body;
  for (const auto* line : {"smm_tracker_webhook_disabled{webhook=\"gone\"} 1\n",
                           "smm_tracker_webhook_disabled{webhook=\"other\"} 0\n",
                           "smm_tracker_webhook_deliveries_total{webhook=\"gone\",result=\"gone\"} 1\n"})
    CHECK_MESSAGE(metrics.find(line) != std::string::npos, metrics);
  CHECK(world.tracker.log().find("webhook gone: disabled, since it answered 410 Gone") != std::string::npos);
  world.make_event("2");
  REQUIRE(other.wait_for(3));  // two orders, and what became of the neighbour
  const auto received = other.received();
  CHECK(std::count_if(received.begin(), received.end(), [](const practice::ReceivedWebhook& webhook) {
          return Json::parse(webhook.body)["type"] == "webhook.disabled";
        }) == 1);
  CHECK(gone.count() == 1);
  const auto events = world.tracker.all_events();
  CHECK(std::count_if(events.begin(), events.end(), [](const Json& event) {
          return event["type"] == "webhook.disabled" && event["data"]["webhook"] == "gone";
        }) == 1);
}

TEST_CASE("an endpoint that hangs delays no other") {
  practice::WebhookReceiver hanging(verifying());
  practice::WebhookReceiver healthy(verifying());
  hanging.answer_always({.delivery = practice::Delivery::hang});
  const WebhookWorld world({{"hanging", hanging.url()}, {"healthy", healthy.url()}});
  std::vector<std::string> ids;
  for (int i = 1; i <= 50; ++i) ids.push_back(std::to_string(i));
  REQUIRE(world.tracker.track("p1", ids) == 50);
  const bool all = healthy.wait_for(50);
  CHECK_MESSAGE(all, healthy.count());
  // Not one of its attempts has ended, which each takes 15 s.
  for (const auto& item : world.tracker.all_items("/v1/deliveries?webhook=hanging"))
    CHECK(item["tries"] == 0);
  CHECK(hanging.wait_for(2));
  CHECK(hanging.count() == 2);  // its two connections, and nobody else's
}

TEST_CASE("while a secret is changed both signatures are there, and each verifies") {
  practice::WebhookReceiver old_one(verifying({webhook_secret}));
  practice::WebhookReceiver new_one(verifying({next_secret}));
  const std::string both = "[\"keys/next\", \"keys/shop\"]";
  const WebhookWorld world(
      {{"old", old_one.url(), {}, "local", both}, {"new", new_one.url(), {}, "local", both}});
  world.make_event("1");
  REQUIRE(old_one.wait_for(1));
  REQUIRE(new_one.wait_for(1));
  CHECK(old_one.received()[0].verdict == practice::SignatureVerdict::verified);
  CHECK(new_one.received()[0].verdict == practice::SignatureVerdict::verified);
}

TEST_CASE("an address that is not public is refused unless it was allowed, and the refusal names the key") {
  practice::WebhookReceiver receiver(verifying());
  const auto url = "https://127.0.0.1:" + std::to_string(receiver.port()) + "/hook";
  const WebhookWorld world({{"shop", url, {}, "public"}});
  world.make_event("1");
  const auto attempt = world.delivery("shop", 1)["attempts"][0];
  CHECK(attempt["outcome"] == "failed");
  CHECK(attempt["http_status"].is_null());
  const auto error = attempt["error"].get<std::string>();
  CHECK_MESSAGE(error.find("127.0.0.1 is not a public address") != std::string::npos, error);
  CHECK_MESSAGE(error.find("network = \"local\" in [webhook.shop]") != std::string::npos, error);
  CHECK(receiver.count() == 0);
}

}  // namespace smm::test::webhooks_test
