#include "webhook_hours_world.h"
#include "webhook_permits.h"

#include <algorithm>
#include <map>

namespace smm::test::webhook_reload_test {

// Endpoints that come, go and change while deliveries flow.

using std::chrono::seconds;

namespace {

const std::string tracked_only = "events = [\"order.tracked\"]\n";

std::map<std::string, int> times_by_order(const practice::WebhookReceiver& receiver) {
  std::map<std::string, int> times;
  for (const auto& webhook : receiver.received()) ++times[name_of(webhook).order];
  return times;
}

// Each of these once, and nothing else.
void check_got(const practice::WebhookReceiver& receiver, const std::vector<std::string>& orders) {
  std::map<std::string, int> once;
  for (const auto& order : orders) once[order] = 1;
  CHECK(times_by_order(receiver) == once);
}

// No endpoint has anything left, nor ever will.
bool all_settled(const HoursWorld& world) {
  return eventually([&] { return world.deliveries("state=pending").empty(); });
}

std::vector<std::string> joined(std::vector<std::string> all, const std::vector<std::string>& more) {
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

}  // namespace

TEST_CASE("an endpoint added while deliveries flow gets what comes from then on, and nothing older") {
  RationedReceiver first(of_any_time(), 50);
  practice::WebhookReceiver added(of_any_time());
  const Hook shop{"shop", first->url(), tracked_only};
  HoursWorld world({shop});
  world.track(ids_from(1, 100));
  REQUIRE(first->wait_for(51));  // under way
  world.reload({shop, {"added", added.url(), tracked_only}});
  first.permit_all();
  world.track(ids_from(101, 100));
  REQUIRE(all_settled(world));
  check_got(*first, ids_from(1, 200));
  check_got(added, ids_from(101, 100));
  for (const auto* hook : {"shop", "added"}) {
    for (const auto& item : world.deliveries(std::string("webhook=") + hook)) CHECK(item["tries"] == 1);
  }
}

TEST_CASE("an endpoint removed while deliveries flow keeps its rows, and gets them when it comes back") {
  practice::WebhookReceiver going(of_any_time());
  practice::WebhookReceiver staying(of_any_time());
  going.answer_always({.delay = milliseconds(20)});
  const Hook removed{"going", going.url(), tracked_only};
  const Hook kept{"staying", staying.url(), tracked_only};
  HoursWorld world({removed, kept});
  world.track(ids_from(1, 60));
  REQUIRE(going.wait_for(4));
  world.reload({kept});
  const auto rows = world.deliveries("webhook=going");
  CHECK(rows.size() == 60);
  // A restart changes nothing about it.
  world.track(ids_from(61, 20));
  REQUIRE(staying.wait_for(80));
  REQUIRE(eventually([&] { return world.webhook("staying")["pending"] == 0; }));
  REQUIRE(world.tracker.stop().code == 0);
  REQUIRE(going.wait_until_left(seconds(30)));
  const auto seen = going.count();
  REQUIRE(world.tracker.start(world.options({kept})));
  world.track(ids_from(81, 20));
  REQUIRE(staying.wait_for(100));
  CHECK(going.count() == seen);
  CHECK(world.deliveries("webhook=going").size() == 60);
  world.reload({removed, kept});
  world.track(ids_from(101, 20));
  REQUIRE(all_settled(world));
  check_got(staying, ids_from(1, 120));
  // What was under way when it went may come twice; nothing else does, and nothing is missing.
  std::size_t twice = 0;
  const auto times = times_by_order(going);
  CHECK(times.size() == 80);
  for (const auto& order : joined(ids_from(1, 60), ids_from(101, 20))) {
    const auto found = times.find(order);
    REQUIRE_MESSAGE(found != times.end(), order);
    twice += found->second > 1 ? 1U : 0U;
  }
  CHECK(twice <= 2);
  CHECK(going.count() == 80 + twice);
}

TEST_CASE("a changed url, secret, header and rate hold from the next attempt on, also for what waits") {
  practice::WebhookReceiver before(of_any_time());
  auto next = of_any_time();
  next.secrets = {next_secret};
  practice::WebhookReceiver after(next);
  before.answer_always({.status = 500});
  Hook hook{"shop", before.url(), tracked_only + "headers = { \"X-Stage\" = \"one\" }\n"};
  HoursWorld world({hook});
  world.track(ids_from(1, 30));
  REQUIRE(eventually([&] {
    const auto rows = world.deliveries("webhook=shop");
    return std::all_of(rows.begin(), rows.end(),
                       [](const Json& row) { return row["tries"] > 0 && !row["next_try_at"].is_null(); });
  }));
  CHECK(distinct(before.received()).size() == 30);
  hook.url = after.url();
  hook.secrets = "\"keys/next\"";
  hook.rate = 10;
  hook.more = tracked_only + "headers = { \"X-Stage\" = \"two\" }\n";
  world.reload({hook});
  const auto seen = before.count();
  REQUIRE(after.wait_for(30));  // at the new address nothing waits for its next try
  REQUIRE(all_settled(world));
  CHECK(before.count() <= seen + 2);  // what was under way
  const auto received = after.received();
  CHECK(received.size() == 30);
  check_got(after, ids_from(1, 30));
  for (const auto& webhook : received) {
    CHECK(webhook.verdict == practice::SignatureVerdict::verified);
    CHECK(practice::find_header(webhook.headers, "X-Stage").value_or("") == "two");
  }
  // A second's worth at once, then ten a second, by the daemon's own record.
  std::vector<std::chrono::system_clock::time_point> sent;
  for (const auto& row : world.deliveries("webhook=shop")) {
    const auto attempts = world.delivery(row["id"])["attempts"];
    sent.push_back(moment_of(attempts.back()["started_at"]));
  }
  const auto [first, last] = std::minmax_element(sent.begin(), sent.end());
  CHECK(*last - *first >= milliseconds(1990));
  const auto first_sent = before.received();
  for (const auto& webhook : received) {
    const auto same = std::find_if(first_sent.begin(), first_sent.end(),
                                   [&](const auto& other) { return other.id == webhook.id; });
    REQUIRE(same != first_sent.end());
    CHECK(same->body == webhook.body);
  }
}

TEST_CASE("a changed choice of events and panels concerns what is written from then on") {
  practice::WebhookReceiver receiver(of_any_time());
  Hook hook{"shop", receiver.url(), tracked_only};
  HoursWorld world({hook});
  REQUIRE(world.tracker.post("/v1/webhooks/shop/pause").status == 200);
  world.track({"1", "2"});
  REQUIRE(eventually([&] { return world.tracker.all_events().size() == 4; }));
  hook.more = "events = [\"order.status_changed\"]\n";
  world.reload({hook});
  world.set_status("1", "Processing");
  REQUIRE(world.deliveries("webhook=shop").size() == 3);
  hook.more += "panels = [\"p2\"]\n";
  world.tracker.write_config(world.config_of({hook}) + panel_section("p2", world.server.api_url("p1")));
  REQUIRE(world.tracker.post("/v1/config/reload").status == 200);
  world.set_status("2", "Processing");
  REQUIRE(world.tracker.all_events().size() == 6);
  CHECK(world.webhook("shop")["pending"] == 3);
  REQUIRE(world.tracker.post("/v1/webhooks/shop/resume").status == 200);
  REQUIRE(all_settled(world));
  std::vector<std::string> types;
  for (const auto& webhook : receiver.received())
    types.push_back(name_of(webhook).order + " " + Json::parse(webhook.body)["type"].get<std::string>());
  std::sort(types.begin(), types.end());
  CHECK(types == std::vector<std::string>{"1 order.status_changed", "1 order.tracked", "2 order.tracked"});
}

TEST_CASE(
    "reloads all the time, with endpoints that come, go and move, lose nothing and double nothing settled") {
  practice::WebhookReceiver one(of_any_time());
  practice::WebhookReceiver two(of_any_time());
  for (auto* receiver : {&one, &two}) receiver->answer_always({.delay = milliseconds(1)});
  HoursWorld world({{"shop", one.url(), tracked_only}});
  int order = 0;
  std::size_t interruptions = 0;  // at most two transfers each time it goes
  for (int round = 0; round < 12; ++round) {
    world.track(ids_from(order + 1, 25));
    order += 25;
    std::vector<Hook> hooks = {{"shop", round % 2 == 0 ? two.url() : one.url(), tracked_only}};
    if (round % 3 == 2) {
      hooks.clear();
      interruptions += 2;
    }
    world.reload(hooks);
    if (hooks.empty()) world.reload({{"shop", two.url(), tracked_only}});
  }
  REQUIRE(all_settled(world));
  auto all = one.received();
  const auto more = two.received();
  all.insert(all.end(), more.begin(), more.end());
  CHECK(distinct(all).size() == static_cast<std::size_t>(order));
  CHECK(all.size() <= static_cast<std::size_t>(order) + interruptions);
  CHECK(!one.received().empty());
  for (const auto& item : world.deliveries("webhook=shop")) {
    CHECK(item["state"] == "delivered");
    CHECK(item["tries"] == 1);
  }
}

}  // namespace smm::test::webhook_reload_test
