#include "practice-panel/http_server.h"
#include "shifted_clock.h"
#include "tiny_disk.h"
#include "webhook_world.h"

#include <algorithm>
#include <deque>
#include <set>

namespace smm::test::endpoints_test {

using std::chrono::seconds;

namespace {

std::vector<std::string> numbers(int count, int from = 1) {
  std::vector<std::string> ids;
  for (int i = from; i < from + count; ++i) ids.push_back(std::to_string(i));
  return ids;
}

// Nothing comes for so long.
bool stays_at(const practice::WebhookReceiver& receiver, std::size_t count, milliseconds time) {
  return !receiver.wait_for(count + 1, time);
}

// Writes until the disk takes nothing more; how many orders it took before.
int write_until_refused(const TrackerProcess& tracker, int from) {
  for (int i = from; i < from + 3000; ++i) {
    const auto answer = tracker.post("/v1/orders", Json{{"panel", "p1"}, {"id", std::to_string(i)}});
    if (answer.status == 503) return i - from;
  }
  FAIL("the disk never fills");
  return 0;
}

}  // namespace

TEST_CASE("a reload that drops a webhook and one that brings it back stranded what was under way") {
  practice::WebhookReceiver receiver(verifying());
  receiver.answer_always({.delivery = practice::Delivery::hang});
  WebhookWorld world({{"shop", receiver.url()}});
  REQUIRE(world.tracker.track("p1", numbers(5)) == 5);
  REQUIRE(receiver.wait_for(2));
  world.reload({});
  for (const auto& item : world.tracker.all_items("/v1/deliveries?state=pending")) {
    CAPTURE(item.dump());
    CHECK_FALSE(item["next_try_at"].is_null());
    CHECK(item["tries"] == 0);
  }
  CHECK(stays_at(receiver, 2, milliseconds(300)));
  receiver.answer_always({});
  world.reload({{"shop", receiver.url()}});
  CHECK(eventually([&] { return world.tracker.all_items("/v1/deliveries?state=delivered").size() == 5; }));
  const auto first = world.tracker.get("/v1/deliveries/1").json()["attempts"];
  REQUIRE(first.size() == 2);
  CHECK(first[0]["outcome"] == "interrupted");
  CHECK(first[1]["outcome"] == "delivered");
}

TEST_CASE("a clock set back silenced a webhook with a rate for the length of the step") {
  practice::ReceiverOptions untimed = verifying();
  untimed.tolerance.reset();
  practice::WebhookReceiver receiver(untimed);
  practice::WebhookReceiver failing(untimed);
  practice::WebhookReceiver resting(untimed);
  failing.answer_next({.status = 500});
  resting.answer_next({.status = 503, .headers = {{"Retry-After", "60"}}});
  ShiftedClock clock;
  TrackerProcess::Options options;
  options.environment = clock.environment();
  Hook limited{"limited", receiver.url()};
  limited.rate = 20;
  const WebhookWorld world({limited, {"failing", failing.url()}, {"resting", resting.url()}}, options);
  world.make_event("1");
  REQUIRE(receiver.wait_for(1));
  REQUIRE(failing.wait_for(1));
  REQUIRE(resting.wait_for(1));
  REQUIRE(world.delivery("failing", 1)["attempts"][0]["http_status"] == 500);
  REQUIRE(world.delivery("resting", 1)["state"] == "pending");
  clock.set_clock(-std::chrono::hours(3));
  world.make_event("2");
  CHECK(receiver.wait_for(2));
  CHECK(failing.wait_for(2));
  clock.pass(seconds(61));  // all that was to be waited for is over
  CHECK(failing.wait_for(3));
  CHECK(resting.wait_for(3));
  CHECK_MESSAGE(eventually([&] { return world.tracker.all_items("/v1/deliveries?state=pending").empty(); }),
                world.tracker.log());
}

TEST_CASE("a start with a clock far behind the stored times left deliveries waiting for it") {
  practice::ReceiverOptions untimed = verifying();
  untimed.tolerance.reset();
  practice::WebhookReceiver receiver(untimed);
  receiver.answer_next({.status = 503, .headers = {{"Retry-After", "60"}}});
  ShiftedClock clock;
  TrackerProcess::Options options;
  options.environment = clock.environment();
  clock.set_unseen(std::chrono::hours(24 * 100));
  WebhookWorld world({{"shop", receiver.url()}}, options);
  world.make_event("1");
  REQUIRE(world.delivery("shop", 1)["state"] == "pending");
  world.make_event("2");
  CHECK(world.tracker.stop().code == 0);
  clock.set_unseen(-std::chrono::hours(24 * 100));
  REQUIRE_MESSAGE(world.tracker.start(options), world.tracker.log());
  CHECK(stays_at(receiver, 1, milliseconds(300)));
  clock.pass(seconds(61));  // what was asked for is over
  CHECK_MESSAGE(receiver.wait_for(3), world.tracker.log());
}

TEST_CASE("a reload that adds a webhook on a full disk ended the program") {
  practice::WebhookReceiver receiver(verifying());
  TrackerProcess tracker;
  const TinyDisk disk(tracker.state());
  if (!disk.mounted()) {
    MESSAGE("skipped: a file system can only be mounted by root");
    return;
  }
  tracker.add_file("keys/shop", webhook_secret);
  REQUIRE_MESSAGE(tracker.start({.config = WebhookWorld::config_of({})}), tracker.log());
  disk.fill();
  write_until_refused(tracker, 1);
  tracker.write_config(WebhookWorld::config_of({{"shop", receiver.url()}}));
  CHECK(tracker.post("/v1/config/reload").status == 200);
  REQUIRE_MESSAGE(tracker.get("/v1/webhooks").status == 200, tracker.log());
  const auto refused = tracker.post("/v1/webhooks/shop/pause");
  CHECK(refused.status == 503);
  disk.make_room();
  REQUIRE(eventually([&] { return tracker.get("/v1/health").status == 200; }));
  REQUIRE(tracker.post("/v1/orders", Json{{"panel", "p1"}, {"id", "later"}}).status == 201);
  CHECK(receiver.wait_for(1));
  CHECK(tracker.stop().code == 0);
}

TEST_CASE("a start on a full disk with attempts to end and a webhook to add ended the program") {
  practice::WebhookReceiver receiver(verifying());
  receiver.answer_always({.delivery = practice::Delivery::hang});
  practice::WebhookReceiver added(verifying());
  TrackerProcess tracker;
  const TinyDisk disk(tracker.state());
  if (!disk.mounted()) {
    MESSAGE("skipped: a file system can only be mounted by root");
    return;
  }
  tracker.add_file("keys/shop", webhook_secret);
  REQUIRE_MESSAGE(tracker.start({.config = WebhookWorld::config_of({{"shop", receiver.url()}})}),
                  tracker.log());
  REQUIRE(tracker.post("/v1/orders", Json{{"panel", "p1"}, {"id", "a"}}).status == 201);
  REQUIRE(receiver.wait_for(1));
  tracker.kill_hard();
  receiver.answer_always({});
  disk.fill();
  tracker.launch({.config = WebhookWorld::config_of({{"shop", receiver.url()}, {"added", added.url()}})});
  REQUIRE_MESSAGE(eventually([&] { return tracker.get("/v1/webhooks").status == 200; }), tracker.log());
  CHECK(tracker.get("/v1/health").status == 503);
  CHECK(stays_at(receiver, 1, milliseconds(300)));
  disk.make_room();
  CHECK_MESSAGE(receiver.wait_for(2), tracker.log());
  REQUIRE(eventually([&] { return tracker.get("/v1/health").status == 200; }));
  REQUIRE(tracker.post("/v1/orders", Json{{"panel", "p1"}, {"id", "b"}}).status == 201);
  CHECK(added.wait_for(1));
  CHECK(tracker.stop().code == 0);
}

TEST_CASE(
    "an endpoint that quotes its request brought path, query, headers and signatures into the database") {
  practice::HttpServer echo(0, [](const practice::HttpRequest& request) {
    practice::HttpReply reply;
    reply.status = 404;
    reply.body = "Cannot " + request.method + " " + request.path + "\n";
    for (const auto& [name, value] : request.headers)
      reply.body.append(name).append(": ").append(value).append("\n");
    return reply;
  });
  Hook hook{"shop", "http://jim:hunter22@127.0.0.1:" + std::to_string(echo.port()) +
                        "/hooks/T0KEN-in-path?sig=QUERYSECRET"};
  hook.more = "events = [\"order.tracked\"]\nheaders = { \"X-Token\" = \"Token TOPSECRET-HEADER\" }\n";
  const WebhookWorld world({hook});
  world.make_event("1");
  const auto attempt = world.delivery("shop", 1)["attempts"][0];
  const auto response = attempt["response"].get<std::string>();
  CAPTURE(response);
  CHECK(response.find("Cannot POST [path]\n") == 0);
  CHECK(response.find("[header]") != std::string::npos);
  CHECK(response.find("[signature]") != std::string::npos);
  CHECK(response.find("evt_") != std::string::npos);
  for (const auto* secret : {"T0KEN", "QUERYSECRET", "TOPSECRET", "hunter22", "v1,", "amltOmh1bnRlcjIy"}) {
    CAPTURE(secret);
    CHECK(response.find(secret) == std::string::npos);
    for (const auto& entry : std::filesystem::directory_iterator(world.tracker.state()))
      CHECK_MESSAGE((secret[0] == 'v' || read_file(entry.path()).find(secret) == std::string::npos),
                    entry.path());
    CHECK(world.tracker.log().find(secret) == std::string::npos);
  }
}

TEST_CASE("hanging endpoints starved all the others: with 200 of them the good one gets its own at once") {
  practice::WebhookReceiver hanging(verifying());
  practice::WebhookReceiver good(verifying());
  hanging.answer_always({.delivery = practice::Delivery::hang});
  std::vector<Hook> hooks;
  hooks.reserve(201);
  const auto server = "http://127.0.0.1:" + std::to_string(hanging.port());
  for (int i = 0; i < 200; ++i)
    hooks.push_back({"bad" + std::to_string(i), server + "/" + std::to_string(i)});
  hooks.push_back({"zgood", good.url()});
  const WebhookWorld world(hooks);
  REQUIRE(world.tracker.track("p1", numbers(30)) == 30);
  REQUIRE(good.wait_for(30));
  // Each its own; a second one comes when the first has ended, which takes 15 s.
  REQUIRE(hanging.wait_for(200));
  const auto received = hanging.received();
  for (const auto& webhook : good.received()) CHECK(webhook.arrived - received.front().arrived < seconds(15));
  std::set<std::string> paths;
  for (std::size_t i = 0; i < 200; ++i) paths.insert(received[i].path);
  CHECK(paths.size() == 200);
  CHECK(world.tracker.get("/v1/version").status == 200);
}

TEST_CASE("Retry-After was forgotten at a restart; a resume ends it") {
  practice::WebhookReceiver receiver(verifying());
  receiver.answer_next({.status = 503, .headers = {{"Retry-After", "3600"}}});
  WebhookWorld world({{"shop", receiver.url()}});
  world.make_event("1");
  REQUIRE(world.delivery("shop", 1)["state"] == "pending");
  world.make_event("2");
  REQUIRE_FALSE(world.webhook("shop")["resting_until"].is_null());
  world.restart();
  world.make_event("3");
  CHECK(stays_at(receiver, 1, seconds(1)));
  CHECK_FALSE(world.webhook("shop")["resting_until"].is_null());
  // Neither does a reload end it.
  world.reload({{"shop", receiver.url()}});
  CHECK(stays_at(receiver, 1, milliseconds(300)));
  const auto shown = world.tracker.post("/v1/webhooks/shop/resume");
  CHECK(shown.status == 200);
  CHECK(shown.json()["resting_until"].is_null());
  CHECK(receiver.wait_for(4));
  CHECK(eventually([&] { return world.tracker.all_items("/v1/deliveries?state=delivered").size() == 3; }));
}

TEST_CASE("a paused webhook collects and is sent nothing, also after a restart, until it is resumed") {
  practice::WebhookReceiver receiver(verifying());
  WebhookWorld world({{"shop", receiver.url()}});
  const auto paused = world.tracker.post("/v1/webhooks/shop/pause");
  REQUIRE(paused.status == 200);
  CHECK(paused.json()["paused"] == true);
  world.make_event("1");
  world.restart();
  world.make_event("2");
  CHECK(stays_at(receiver, 0, milliseconds(500)));
  const auto shown = world.tracker.get("/v1/webhooks/shop").json();
  CHECK(shown["name"] == "shop");
  CHECK(shown["paused"] == true);
  CHECK(shown["pending"] == 2);
  const auto resumed = world.tracker.post("/v1/webhooks/shop/resume");
  REQUIRE(resumed.status == 200);
  CHECK(resumed.json()["paused"] == false);
  CHECK(receiver.wait_for(2));
  const auto nobody = world.tracker.get("/v1/webhooks/nobody");
  CHECK(nobody.status == 404);
  CHECK(nobody.json()["code"] == "webhook-unknown");
  CHECK(world.tracker.post("/v1/webhooks/nobody/resume").status == 404);
}

TEST_CASE("an endpoint disabled by 410 could not be revived: a resume does it") {
  practice::WebhookReceiver receiver(verifying());
  receiver.answer_next({.status = 410});
  const WebhookWorld world({{"shop", receiver.url()}});
  world.make_event("1");
  REQUIRE(eventually([&] { return world.webhook("shop")["disabled"] == true; }));
  world.make_event("2");
  const auto resumed = world.tracker.post("/v1/webhooks/shop/resume");
  CHECK(resumed.json()["disabled"] == false);
  CHECK(resumed.json()["disabled_reason"].is_null());
  world.make_event("3");
  CHECK(receiver.wait_for(2));
  CHECK(Json::parse(receiver.received().back().body)["data"]["order"] == "3");
}

}  // namespace smm::test::endpoints_test
