#include "webhook_hours_world.h"

#include <algorithm>

namespace smm::test::webhook_hours_test {

// What takes minutes, hours and days.

using std::chrono::minutes;
using std::chrono::seconds;

namespace {

const std::vector<seconds> waits = {seconds(5),   seconds(30),  minutes(2),    minutes(10),
                                    minutes(30),  minutes(60),  minutes(120),  minutes(300),
                                    minutes(600), minutes(840), minutes(1200), minutes(1440)};

long long stamp_of(const practice::ReceivedWebhook& webhook) {
  return std::stoll(practice::find_header(webhook.headers, "webhook-timestamp").value_or("0"));
}

// The only delivery, once its `attempts`th attempt is recorded; perhaps with the next one, for the schedule's
// first wait passes by itself within seconds.
Json settled(const HoursWorld& world, std::size_t attempts) {
  Json found;
  const bool is_there = eventually([&] {
    const auto items = world.deliveries("webhook=shop");
    if (items.size() != 1) return false;
    found = world.delivery(items[0]["id"]);
    const auto& made = found["attempts"];
    return made.size() >= attempts && !made.back()["ended_at"].is_null();
  });
  REQUIRE_MESSAGE(is_there, found.dump() << world.tracker.log());
  return found;
}

// The wait that the daemon names after the last attempt is the schedule's, ± 20 %.
void check_wait(const Json& delivery) {
  CAPTURE(delivery.dump());
  const auto number = delivery["attempts"].size() - 1;
  const auto& failed = delivery["attempts"].back();
  const auto next = moment_of(delivery["next_try_at"]);
  CHECK(next - moment_of(failed["started_at"]) >= waits.at(number) * 8 / 10);
  CHECK(next - moment_of(failed["ended_at"]) <= waits.at(number) * 12 / 10);
}

void check_alike(const std::vector<practice::ReceivedWebhook>& received) {
  for (std::size_t i = 0; i < received.size(); ++i) {
    CHECK(received[i].id == received[0].id);
    CHECK(received[i].body == received[0].body);
    CHECK(received[i].verdict == practice::SignatureVerdict::verified);
    if (i > 0) CHECK(stamp_of(received[i]) > stamp_of(received[i - 1]));
  }
}

const Hook one_event(const std::string& url) {
  return {"shop", url, "events = [\"order.tracked\"]\n"};
}

}  // namespace

TEST_CASE(
    "five failures, then success: 5 s, 30 s, 2 m, 10 m and 30 m (± 20 %) between them, the same bytes") {
  practice::WebhookReceiver receiver(of_any_time());
  receiver.answer_next({.status = 500}, 5);
  HoursWorld world({one_event(receiver.url())});
  world.track({"1"});
  for (std::size_t failed = 1; failed <= 5; ++failed) {
    const auto delivery = settled(world, failed);
    if (delivery["attempts"].size() > failed) continue;
    CHECK(delivery["state"] == "pending");
    CHECK(delivery["tries"] == failed);
    check_wait(delivery);
    const auto due = moment_of(delivery["next_try_at"]);
    world.pass_until(delivery["next_try_at"]);
    REQUIRE_MESSAGE(receiver.wait_for(failed + 1), world.tracker.log());
    CHECK(moment_of(settled(world, failed + 1)["attempts"][failed]["started_at"]) >= due);
  }
  const auto delivery = settled(world, 6);
  CHECK(delivery["state"] == "delivered");
  CHECK(delivery["tries"] == 6);
  CHECK(receiver.count() == 6);
  check_alike(receiver.received());
}

TEST_CASE("after thirteen failures a delivery is dead, kept, shown, and can be resent") {
  practice::WebhookReceiver receiver(of_any_time());
  receiver.answer_next({.status = 500}, 13);
  HoursWorld world({one_event(receiver.url())});
  world.track({"1"});
  for (std::size_t failed = 1; failed <= 12; ++failed) {
    const auto delivery = settled(world, failed);
    if (delivery["attempts"].size() > failed) continue;
    check_wait(delivery);
    world.pass_until(delivery["next_try_at"]);
  }
  const auto dead = settled(world, 13);
  CHECK(dead["state"] == "dead");
  CHECK(dead["tries"] == 13);
  CHECK(dead["next_try_at"].is_null());
  CHECK(world.tracker.log().find("is given up after 13 tries: it answered 500") != std::string::npos);
  world.pass(std::chrono::hours(24 * 30));
  world.pass(minutes(2));  // retention has looked
  CHECK(receiver.count() == 13);
  CHECK(world.webhook("shop")["dead"] == 1);
  REQUIRE(world.deliveries("state=dead").size() == 1);
  CHECK(world.delivery(dead["id"])["attempts"].size() == 13);

  REQUIRE(world.tracker.post("/v1/deliveries/" + dead["id"].dump() + "/retry").status == 202);
  REQUIRE(receiver.wait_for(14));
  const auto resent = settled(world, 14);
  CHECK(resent["state"] == "delivered");
  CHECK(resent["tries"] == 1);
  check_alike(receiver.received());
}

TEST_CASE("an order whose oldest event fails is held up for 30 minutes, not longer, and no other order is") {
  PickyEndpoint watch;
  watch.refuse("1", 0);
  practice::WebhookReceiver receiver(watch.options());
  HoursWorld world({{"shop", receiver.url()}});
  world.track({"1", "2"});
  REQUIRE(watch.wait_for("2", 2));
  REQUIRE(receiver.wait_for(3));
  const auto failing_since = [&] {
    const auto oldest = world.deliveries("order=p1/1").back();
    return moment_of(world.delivery(oldest["id"])["attempts"][0]["ended_at"]);
  };
  REQUIRE(eventually([&] { return world.deliveries("order=p1/1").size() == 2; }));
  REQUIRE(eventually(
      [&] { return !world.delivery(world.deliveries("order=p1/1").back()["id"])["next_try_at"].is_null(); }));
  const auto began = failing_since();

  // 10 minutes: what is younger waits, and what is new of this order does, too.
  std::size_t of_other = 2;
  const auto pass_to = [&](minutes since) {
    world.pass(std::chrono::floor<seconds>(began + since - world.clock.now()));
    world.set_status("2", of_other % 2 == 0 ? "Processing" : "In progress");
    REQUIRE_MESSAGE(watch.wait_for("2", ++of_other), world.tracker.log());
  };
  pass_to(minutes(10));
  world.set_status("1", "Processing");
  REQUIRE(world.deliveries("order=p1/1").size() == 3);
  pass_to(minutes(20));
  pass_to(minutes(29));
  CHECK(watch.taken("1").empty());
  CHECK(world.deliveries("order=p1/1&state=pending").size() == 3);

  // 40 minutes: they pass it, in order; so does what is new.
  pass_to(minutes(40));
  REQUIRE_MESSAGE(watch.wait_for("1", 2), world.tracker.log());
  world.set_status("1", "In progress");
  REQUIRE(watch.wait_for("1", 3));
  const auto passed = watch.taken("1");
  CHECK(std::is_sorted(passed.begin(), passed.end()));
  CHECK(std::adjacent_find(passed.begin(), passed.end()) == passed.end());
  REQUIRE(eventually([&] { return world.deliveries("order=p1/1&state=delivered").size() == 3; }));
  const auto oldest = world.deliveries("order=p1/1&state=pending");
  REQUIRE(oldest.size() == 1);

  // It has not been given up.
  watch.refuse("", 0);
  world.pass_until(oldest[0]["next_try_at"]);
  REQUIRE(watch.wait_for("1", 4));
  CHECK(watch.taken("1").back() == oldest[0]["event"]["seq"]);
  CHECK(watch.taken("1").back() < passed.front());
}

TEST_CASE(
    "down for two hours with 5,000 rows: some thirty probes, each with another row, no try used up; then all "
    "comes, one at a time at first, in order, each once") {
  practice::WebhookReceiver receiver(of_any_time());
  HoursWorld world({{"shop", receiver.url()}});
  REQUIRE(world.tracker.post("/v1/webhooks/shop/pause").status == 200);
  world.track(ids_from(1, 2500));
  REQUIRE(eventually([&] { return world.webhook("shop")["pending"] == 5000; }, std::chrono::seconds(60)));
  REQUIRE(world.tracker.post("/v1/panels/p1/pause").status == 200);
  receiver.answer_always({.status = 503});
  REQUIRE(world.tracker.post("/v1/webhooks/shop/resume").status == 200);
  REQUIRE(eventually([&] { return !world.webhook("shop")["down_since"].is_null(); }));
  const auto tries_used = [&] {
    int tries = 0;
    for (const auto& item : world.deliveries("webhook=shop")) tries += item["tries"].get<int>();
    return tries;
  };
  const auto is_idle = [&] {  // no probe is under way, nor soon will be; the next is known
    const auto next = world.webhook("shop")["next_probe_at"];
    return !next.is_null() && moment_of(next) > world.clock.now() + seconds(3);
  };
  // Two go at a time: the one beside the fifth, which opened the breaker, is no probe.
  REQUIRE(eventually([&] { return none_under_way(world.tracker, "shop"); }));
  const auto used = tries_used();
  CHECK(used >= 5);
  CHECK(used <= 6);
  const auto down_since = moment_of(world.webhook("shop")["down_since"]);
  const auto before = static_cast<std::size_t>(used);  // received: what used up a try
  for (;;) {
    REQUIRE_MESSAGE(eventually(is_idle), world.webhook("shop").dump());
    const auto shown = world.webhook("shop");
    if (moment_of(shown["next_probe_at"]) > down_since + std::chrono::hours(2)) break;
    const auto seen = receiver.count();
    world.pass_until(shown["next_probe_at"]);
    REQUIRE_MESSAGE(receiver.wait_for(seen + 1), world.tracker.log());
    REQUIRE_MESSAGE(eventually(is_idle), world.webhook("shop").dump());
    CHECK(receiver.count() == seen + 1);
  }
  const auto probes = receiver.count() - before;
  MESSAGE(probes << " probes in two hours");
  CHECK(probes >= 24);
  CHECK(probes <= 38);
  auto received = receiver.received();
  CHECK(distinct({received.end() - static_cast<std::ptrdiff_t>(probes), received.end()}).size() == probes);
  CHECK(tries_used() == used);
  CHECK(world.webhook("shop")["pending"] == 5000);
  CHECK(world.webhook("shop")["dead"] == 0);

  receiver.clear();
  // Slow enough for a second one to be seen beside the first.
  receiver.answer_next({.delay = milliseconds(40)}, 12);
  receiver.answer_always({});
  world.pass_until(world.webhook("shop")["next_probe_at"]);
  REQUIRE_MESSAGE(receiver.wait_for(5000, std::chrono::seconds(120)), receiver.count());
  REQUIRE(eventually([&] { return world.webhook("shop")["pending"] == 0; }));
  received = receiver.received();
  CHECK(received.size() == 5000);
  CHECK(distinct(received).size() == 5000);
  check_in_order(received);
  // Each of the first five was answered before the next came; then there are two at once.
  std::set<std::uint64_t> connections;
  for (std::size_t i = 0; i < 12; ++i) {
    if (i <= 5 && i > 0) CHECK(received[i].arrived - received[i - 1].arrived >= milliseconds(40));
    if (i <= 5) CHECK(received[i].connection == received[0].connection);
  }
  for (const auto& webhook : received) connections.insert(webhook.connection);
  CHECK(connections.size() == 2);
}

}  // namespace smm::test::webhook_hours_test
