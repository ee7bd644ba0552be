#include "webhook_hours_world.h"
#include "webhook_permits.h"

#include <algorithm>
#include <map>
#include <set>

namespace smm::test::webhook_breaker_test {

using std::chrono::seconds;

namespace {

std::vector<std::string> numbers(int count) {
  std::vector<std::string> ids;
  for (int i = 1; i <= count; ++i) ids.push_back(std::to_string(i));
  return ids;
}

int tries(const WebhookWorld& world) {
  int sum = 0;
  for (const auto& item : world.tracker.all_items("/v1/deliveries?webhook=shop"))
    sum += item["tries"].get<int>();
  return sum;
}

std::set<std::string> ids_of(const std::vector<practice::ReceivedWebhook>& webhooks) {
  std::set<std::string> ids;
  for (const auto& webhook : webhooks) ids.insert(webhook.id);
  return ids;
}

}  // namespace

TEST_CASE("an endpoint that is down is probed, each time with another delivery, and no try is used up") {
  practice::WebhookReceiver receiver(verifying());
  receiver.answer_always({.status = 503});
  const WebhookWorld world({{"shop", receiver.url()}});
  REQUIRE(world.tracker.track("p1", numbers(30)) == 30);
  REQUIRE(eventually([&] { return !world.webhook("shop")["down_since"].is_null(); }));
  // Two go at a time: the one beside the fifth is no probe, and may still have been under way.
  REQUIRE(eventually([&] { return none_under_way(world.tracker, "shop"); }));
  const auto used = tries(world);
  CHECK(used >= 5);
  CHECK(used <= 6);
  // Whatever used up a try was received once; the probes came after it. The first after 4 to 6 s, the next
  // after 8 to 12 s more.
  const auto first = static_cast<std::size_t>(used);
  REQUIRE(receiver.wait_for(first + 2));
  REQUIRE(eventually([&] { return none_under_way(world.tracker, "shop"); }));
  CHECK(tries(world) == used);
  const auto all = receiver.received();
  CHECK(all[first].id != all[first + 1].id);
  CHECK(all[first + 1].arrived - all[first].arrived >= seconds(7));
  const auto shown = world.webhook("shop");
  CHECK_FALSE(shown["next_probe_at"].is_null());
  CHECK(shown["last_error"]["words"] == "it answered 503");

  receiver.clear();
  receiver.answer_always({});
  CHECK(world.tracker.post("/v1/webhooks/shop/resume").json()["down_since"].is_null());
  CHECK(eventually([&] { return ids_of(receiver.received()).size() == 30; }));
}

TEST_CASE("an answer closes the breaker by itself, and all that waited comes, each once") {
  practice::WebhookReceiver receiver(verifying());
  receiver.stop();
  const WebhookWorld world({{"shop", receiver.url()}});
  REQUIRE(world.tracker.track("p1", numbers(40)) == 40);
  REQUIRE(eventually([&] { return !world.webhook("shop")["down_since"].is_null(); }));
  receiver.start();
  REQUIRE(receiver.wait_for(40, seconds(40)));
  CHECK(world.webhook("shop")["down_since"].is_null());
  CHECK(ids_of(receiver.received()).size() == 40);
  CHECK(receiver.count() == 40);
}

TEST_CASE("any other code is an answer about its event: it uses up a try and opens nothing") {
  practice::WebhookReceiver receiver(verifying());
  receiver.answer_next({.status = 500}, 10);
  receiver.answer_next({.status = 404}, 10);
  const WebhookWorld world({{"shop", receiver.url()}});
  REQUIRE(world.tracker.track("p1", numbers(30)) == 30);
  REQUIRE(receiver.wait_for(30));
  CHECK(world.webhook("shop")["down_since"].is_null());
  CHECK(eventually([&] { return tries(world) >= 30; }));
}

TEST_CASE("a lone delivery whose next try is far off is what an endpoint that is down is probed with") {
  practice::WebhookReceiver receiver(verifying());
  receiver.answer_always({.status = 503});
  const WebhookWorld world({{"shop", receiver.url()}});
  world.make_event("1");
  const auto waits = world.failed_delivery("shop", 5)["next_try_at"];  // some 30 minutes
  REQUIRE(eventually([&] { return !world.webhook("shop")["down_since"].is_null(); }));
  REQUIRE(receiver.wait_for(6));
  const auto probed = world.delivery("shop", 6);
  CHECK(probed["tries"] == 5);
  CHECK(probed["next_try_at"] == waits);
  receiver.answer_always({});
  CHECK(eventually([&] { return world.delivery("shop", 7)["state"] == "delivered"; }));
}

TEST_CASE("what the old address of an endpoint still says does not concern the new one") {
  practice::WebhookReceiver receiver(verifying());
  RationedReceiver old(verifying(), 0);
  old->answer_next({.status = 410});
  old->answer_next({.status = 503, .headers = {{"Retry-After", "7200"}}});
  WebhookWorld world({{"shop", old->url()}});
  REQUIRE(world.tracker.track("p1", numbers(2)) == 2);
  REQUIRE(old->wait_for(2));
  world.reload({{"shop", receiver.url()}});
  old.permit_all();
  REQUIRE(eventually([&] {
    const auto items = world.tracker.all_items("/v1/deliveries?webhook=shop");
    return std::all_of(items.begin(), items.end(), [](const Json& item) { return item["tries"] > 0; });
  }));
  CHECK(world.webhook("shop")["disabled"] == false);
  CHECK(world.webhook("shop")["resting_until"].is_null());
  world.make_event("3");
  CHECK(receiver.wait_for(1));
}

TEST_CASE("a rest that the old address asked for is over at the new one") {
  practice::WebhookReceiver receiver(verifying());
  practice::WebhookReceiver old(verifying());
  old.answer_next({.status = 503, .headers = {{"Retry-After", "7200"}}});
  WebhookWorld world({{"shop", old.url()}});
  world.make_event("1");
  REQUIRE(eventually([&] { return !world.webhook("shop")["resting_until"].is_null(); }));
  world.reload({{"shop", receiver.url()}});
  CHECK(receiver.wait_for(1));
}

TEST_CASE("an endpoint that was down is asked at once at the address a reload gives it") {
  practice::WebhookReceiver receiver(of_any_time());
  practice::WebhookReceiver down(of_any_time());
  down.answer_always({.status = 503});
  const Hook shop{"shop", down.url(), "events = [\"order.tracked\"]\n"};
  HoursWorld world({shop});
  world.track(ids_from(1, 30));
  REQUIRE(eventually([&] { return !world.webhook("shop")["down_since"].is_null(); }));
  REQUIRE(eventually([&] { return none_under_way(world.tracker, "shop"); }));
  // After four probes in vain the next is more than a minute away.
  for (int i = 0; i < 4; ++i) {
    const auto next_probe = world.webhook("shop")["next_probe_at"];
    const auto seen = down.count();
    world.pass_until(next_probe);
    REQUIRE(down.wait_for(seen + 1));
    REQUIRE(eventually([&] { return none_under_way(world.tracker, "shop"); }));
  }
  const auto next_probe = world.webhook("shop")["next_probe_at"];
  CHECK(moment_of(next_probe) - world.clock.now() >= seconds(60));
  auto moved = shop;
  moved.url = receiver.url();
  world.reload({moved});
  CHECK(world.webhook("shop")["down_since"].is_null());
  CHECK(receiver.wait_for(30));
  CHECK(moment_of(next_probe) > world.clock.now());
}

TEST_CASE("one endpoint that is down does not hold up another") {
  practice::WebhookReceiver down(verifying());
  practice::WebhookReceiver good(verifying());
  down.answer_always({.status = 502});
  const WebhookWorld world({{"shop", down.url()}, {"good", good.url()}});
  REQUIRE(world.tracker.track("p1", numbers(50)) == 50);
  REQUIRE(good.wait_for(50));
  CHECK(eventually([&] { return !world.webhook("shop")["down_since"].is_null(); }));
  CHECK(world.webhook("good")["down_since"].is_null());
}

}  // namespace smm::test::webhook_breaker_test
