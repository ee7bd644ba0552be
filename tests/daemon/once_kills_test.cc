#include "once_witness.h"
#include "once_world.h"

#include <doctest/doctest.h>

#include <atomic>
#include <future>
#include <memory>
#include <thread>

namespace smm::test::once_kills_test {

// What costs money happens once, while clients go on asking and the daemon is killed at any moment.

using Kind = Intent::Kind;
using Fate = OnceWitness::Fate;

namespace {

std::vector<Intent> go_on_placing(const OnceWorld& world, int client, const std::atomic<bool>& over) {
  std::vector<Intent> intents;
  for (int number = 0; !over; ++number) {
    const auto name = std::to_string(client) + "/" + std::to_string(number);
    intents.push_back({Kind::place, "https://example.com/" + name});
    // A client that got no answer asks again with the same key.
    eventually([&] { return world.ask(intents.back()).status > 0; }, std::chrono::minutes(10));
  }
  return intents;
}

// Refills and cancels have no key: whoever got no answer looks whether there is a record.
bool has_record(const OnceWorld& world, const Intent& intent) {
  const auto* list = intent.kind == Kind::refill ? "/v1/refills?order=p1/" : "/v1/cancels?order=p1/";
  bool is_there = false;
  eventually([&] {
    const auto answer = world.tracker.get(list + intent.id);
    if (answer.status != 200) return false;
    is_there = !answer.json()["items"].empty();
    return true;
  });
  return is_there;
}

std::vector<Intent> go_on_asking(const OnceWorld& world, const std::vector<Intent>& pool,
                                 const std::atomic<bool>& over) {
  std::vector<Intent> intents;
  for (const auto& intent : pool) {
    if (over) break;
    intents.push_back(intent);
    while (world.ask(intent).status == 0 && !has_record(world, intent)) {
    }
  }
  return intents;
}

std::vector<Intent> pool_of(OnceWorld& world, Kind kind, int first, int count) {
  std::vector<Intent> pool;
  pool.reserve(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) pool.push_back({kind, std::to_string(first + i)});
  world.track(pool);
  return pool;
}

}  // namespace

TEST_CASE("kill -9 at any moment while clients go on asking: each once, and each is accounted for") {
  const auto seed = seed_wanted();
  const auto kills = std::max(10, rounds_wanted() / 5);
  CAPTURE(seed);
  OnceWorld world;
  world.panel.add_quirk({.name = "slow-reply", .probability = 0.3, .parameter = "20"});
  REQUIRE_MESSAGE(world.start(), world.tracker.log());
  const auto refills = pool_of(world, Kind::refill, 1'000'000, 50 * kills);
  const auto cancels = pool_of(world, Kind::cancel, 2'000'000, 50 * kills);
  std::atomic<bool> over = false;
  std::vector<std::future<std::vector<Intent>>> clients;
  const auto go_on = [&](auto action) {
    clients.push_back(std::async(std::launch::async, std::move(action)));
  };
  for (int client = 0; client < 3; ++client)
    go_on([&, client] { return go_on_placing(world, client, over); });
  go_on([&] { return go_on_asking(world, refills, over); });
  go_on([&] { return go_on_asking(world, cancels, over); });
  // Also when a check ends the test.
  const auto set_over = [&over](void*) { over = true; };
  std::unique_ptr<void, decltype(set_over)> end(&over, set_over);
  std::mt19937 random(seed);
  const auto let_run = [&](unsigned most) {
    std::this_thread::sleep_for(std::chrono::microseconds(random() % most));
  };
  // How many orders come to be placed between two kills depends on the machine: some must.
  const auto some_accepted = [&] {
    return !world.tracker.get("/v1/placements?state=accepted&limit=1").json()["items"].empty();
  };
  int kill = 0;
  for (; kill < kills || (kill < 10 * kills && !some_accepted()); ++kill) {
    let_run(150'000);
    world.tracker.kill_hard();
    // And while it puts right what the last end left behind.
    if (kill % 3 == 0) {
      world.tracker.launch(world.options());
      let_run(60'000);
      world.tracker.kill_hard();
    }
    REQUIRE_MESSAGE(world.start(), world.tracker.log());
  }
  end.reset();
  std::map<Intent, Fate> fates;
  std::size_t placed = 0;
  for (auto& client : clients) {
    for (const auto& intent : client.get()) {
      fates[intent] = Fate::killed;
      if (intent.kind == Kind::place) ++placed;
    }
  }
  const auto faults = OnceWitness(world.tracker, world.server).judge_all(fates);
  const auto placements = world.tracker.all_items("/v1/placements");
  const auto accepted = world.tracker.all_items("/v1/placements?state=accepted");
  MESSAGE(kill << " kills, " << fates.size() << " intents, of " << placed << " orders " << accepted.size()
               << " accepted, seed " << seed);
  CHECK_MESSAGE(faults.empty(), lines_of(faults));
  CHECK(placements.size() == placed);
  CHECK_FALSE(accepted.empty());
  for (const auto& placement : accepted)
    REQUIRE(world.tracker.get("/v1/orders/p1/" + placement["order"].get<std::string>()).status == 200);
}

}  // namespace smm::test::once_kills_test
