#include "webhook_world.h"

#include <algorithm>

namespace smm::test::webhook_steering_test {

TEST_CASE("a test is an event of its own that only the endpoint it is for gets, whatever it subscribes to") {
  practice::WebhookReceiver receiver(verifying());
  practice::WebhookReceiver other(verifying());
  const WebhookWorld world({{"shop", receiver.url()}, {"other", other.url()}});
  const auto answer = world.tracker.post("/v1/webhooks/shop/test");
  CHECK(answer.status == 202);
  CHECK(answer.json()["webhook"] == "shop");
  CHECK(answer.json()["event"]["type"] == "webhook.test");
  REQUIRE(receiver.wait_for(1));
  const auto got = receiver.received()[0];
  CHECK(got.verdict == practice::SignatureVerdict::verified);
  CHECK(got.id == answer.json()["event"]["id"]);
  const auto body = Json::parse(got.body);
  CHECK(body["type"] == "webhook.test");
  CHECK(body["data"]["webhook"] == "shop");
  CHECK(world.delivery("shop", 1)["state"] == "delivered");
  CHECK(other.count() == 0);
  CHECK(world.tracker.post("/v1/webhooks/none/test").status == 404);
}

TEST_CASE("a dead delivery can be resent, and begins its tries anew; so can one that was delivered") {
  practice::WebhookReceiver receiver(verifying());
  receiver.answer_next({.status = 400}, 3);
  const WebhookWorld world({{"shop", receiver.url()}});
  world.make_event("1");
  const auto failed = world.failed_delivery("shop", 3);
  const auto path = "/v1/deliveries/" + failed["id"].dump() + "/retry";
  // It need not wait for its next try, 96 s at least, and keeps count.
  CHECK(world.tracker.post(path).status == 202);
  REQUIRE(receiver.wait_for(4));
  const auto delivered = world.delivery("shop", 4);
  CHECK(delivered["state"] == "delivered");
  CHECK(delivered["tries"] == 4);
  const auto again = world.tracker.post(path);
  CHECK(again.status == 202);
  CHECK(again.json()["state"] == "pending");
  CHECK(again.json()["tries"] == 0);
  REQUIRE(receiver.wait_for(5));
  const auto last = world.delivery("shop", 5);
  CHECK(last["state"] == "delivered");
  CHECK(last["attempts"].size() == 5);
  const auto all = receiver.received();
  CHECK(all[0].id == all[4].id);
  CHECK(all[0].body == all[4].body);
}

TEST_CASE("a retry that cannot go says why") {
  practice::WebhookReceiver receiver(verifying());
  receiver.answer_next({.delivery = practice::Delivery::hang});
  receiver.answer_next({.status = 410});
  WebhookWorld world({{"shop", receiver.url()}});
  world.make_event("1");
  REQUIRE(receiver.wait_for(1));
  CHECK(world.tracker.post("/v1/deliveries/1/retry").status == 409);  // under way
  CHECK(world.tracker.post("/v1/deliveries/77/retry").json()["code"] == "delivery-not-found");
  CHECK(world.tracker.post("/v1/deliveries/x/retry").status == 404);
  world.make_event("2");
  REQUIRE(eventually([&] { return world.webhook("shop")["disabled"] == true; }));
  const auto disabled = world.tracker.post("/v1/deliveries/2/retry");
  CHECK(disabled.status == 409);
  CHECK(disabled.json()["detail"].get<std::string>().find("resume it first") != std::string::npos);
  CHECK(world.tracker.post("/v1/webhooks/shop/test").status == 409);
  CHECK(world.tracker.post("/v1/webhooks/shop/resume").status == 200);
  CHECK(world.tracker.post("/v1/deliveries/2/retry").status == 202);
  CHECK(eventually([&] { return world.tracker.get("/v1/deliveries/2").json()["state"] == "delivered"; }));
  world.reload({});
  CHECK(world.tracker.post("/v1/deliveries/2/retry").status == 409);
}

TEST_CASE("a replay sends all since an event again, to one endpoint, with the same ids and bytes") {
  practice::WebhookReceiver receiver(verifying());
  practice::WebhookReceiver other(verifying());
  WebhookWorld world({{"shop", receiver.url()}, {"other", other.url()}});
  for (int i = 1; i <= 5; ++i) world.make_event(std::to_string(i));
  REQUIRE(receiver.wait_for(5));
  REQUIRE(other.wait_for(5));
  REQUIRE(eventually(
      [&] { return world.tracker.all_items("/v1/deliveries?webhook=shop&state=delivered").size() == 5; }));
  const auto seq = world.tracker.all_events()[1]["seq"];
  const auto told = world.tracker.post("/v1/deliveries/replay", Json{{"webhook", "shop"}, {"since", seq}});
  CHECK_MESSAGE(told.json()["replayed"] == 3, told.body);
  CHECK(told.json()["next"].is_null());
  REQUIRE(receiver.wait_for(8));
  const auto all = receiver.received();
  for (std::size_t i = 0; i < 3; ++i) {
    const auto& again = all[5 + i];
    const auto first =
        std::find_if(all.begin(), all.end(), [&](const auto& each) { return each.id == again.id; });
    CHECK(first - all.begin() < 5);
    CHECK(first->body == again.body);
    CHECK(again.verdict == practice::SignatureVerdict::verified);
  }
  CHECK(other.count() == 5);
}

TEST_CASE("an endpoint added today can be told of yesterday, from a moment on") {
  practice::WebhookReceiver receiver(verifying());
  WebhookWorld world({});
  world.make_event("1");
  world.make_event("2");
  world.reload({{"shop", receiver.url()}});
  const Json future = {{"webhook", "shop"}, {"since", "2100-01-01T00:00:00Z"}};
  CHECK(world.tracker.post("/v1/deliveries/replay", future).json()["replayed"] == 0);
  const Json past = {{"webhook", "shop"}, {"since", "2020-01-01T00:00:00Z"}};
  CHECK(world.tracker.post("/v1/deliveries/replay", past).json()["replayed"] == 2);
  REQUIRE(receiver.wait_for(2));
}

TEST_CASE("what is sent again says what holds it") {
  practice::WebhookReceiver receiver(verifying());
  const WebhookWorld world({{"shop", receiver.url()}});
  CHECK(world.tracker.post("/v1/webhooks/shop/test").json()["held"].is_null());
  REQUIRE(receiver.wait_for(1));
  REQUIRE(world.tracker.post("/v1/webhooks/shop/pause").status == 200);
  CHECK(world.tracker.post("/v1/webhooks/shop/test").json()["held"] == "paused");
  REQUIRE(world.tracker.post("/v1/webhooks/shop/resume").status == 200);
  REQUIRE(receiver.wait_for(2));
  receiver.answer_next({.status = 503, .headers = {{"Retry-After", "60"}}});
  (void)world.tracker.post("/v1/webhooks/shop/test");
  REQUIRE(eventually([&] { return !world.webhook("shop")["resting_until"].is_null(); }));
  const auto held = world.tracker.post("/v1/webhooks/shop/test").json();
  CHECK(held["held"] == "resting");
  // A resume lets go what waits for its next try, too.
  REQUIRE(world.tracker.post("/v1/webhooks/shop/resume").status == 200);
  CHECK(receiver.wait_for(5));
}

TEST_CASE("a replay that makes no sense says why") {
  practice::WebhookReceiver receiver(verifying());
  WebhookWorld world({{"shop", receiver.url()}});
  world.make_event("1");
  const auto code = [&](const Json& body) {
    return world.tracker.post("/v1/deliveries/replay", body).json()["code"].get<std::string>();
  };
  CHECK(code({{"webhook", "none"}, {"since", 0}}) == "webhook-unknown");
  CHECK(code({{"webhook", "shop"}}) == "validation-failed");
  CHECK(code({{"since", 0}}) == "validation-failed");
  CHECK(code({{"webhook", "shop"}, {"since", "noon"}}) == "validation-failed");
  CHECK(code({{"webhook", "shop"}, {"since", nullptr}}) == "validation-failed");
  CHECK(code({{"webhook", "shop"}, {"since", 0}, {"sinse", 0}}) == "validation-failed");
  CHECK(code({{"webhook", "shop"}, {"since", 99}}) == "cursor-expired");
  CHECK(code(Json::array()) == "validation-failed");
  world.reload({});
  CHECK(code({{"webhook", "shop"}, {"since", 0}}) == "conflict");
}

}  // namespace smm::test::webhook_steering_test
