#include "actors/due_queue.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <random>

using smm::actors::DueQueue;

TEST_CASE("the queue agrees with a naive model through random puts, moves and removals") {
  std::mt19937 random(7);
  DueQueue queue;
  std::map<std::uint32_t, std::int64_t> model;
  const auto soonest = [&] {
    return std::min_element(model.begin(), model.end(),
                            [](const auto& a, const auto& b) { return a.second < b.second; });
  };
  for (int step = 0; step < 20'000; ++step) {
    const auto slot = static_cast<std::uint32_t>(random() % 300);
    switch (random() % 4) {
      case 0:
      case 1: {
        const auto due = static_cast<std::int64_t>(random() % 1000);
        queue.put(slot, due);
        model[slot] = due;
        break;
      }
      case 2:
        queue.remove(slot);
        model.erase(slot);
        break;
      default:
        if (!model.empty()) {
          REQUIRE(queue.soonest_due() == soonest()->second);
          const auto taken = queue.pop();
          REQUIRE(model.at(taken) == soonest()->second);
          model.erase(taken);
        }
    }
    REQUIRE(queue.size() == model.size());
    REQUIRE(queue.contains(slot) == (model.count(slot) > 0));
  }
  const auto due =
      std::count_if(model.begin(), model.end(), [](const auto& item) { return item.second <= 500; });
  CHECK(queue.count_due(500, 1000) == static_cast<std::size_t>(due));
  CHECK(queue.count_due(500, 3) == 3);
}

TEST_CASE("what is asked in turn and put behind all others comes back in turn, whoever leaves meanwhile") {
  std::mt19937 random(11);
  DueQueue queue;
  std::map<std::uint32_t, std::int64_t> model;
  const auto put = [&](std::uint32_t slot, std::int64_t due) {
    queue.put(slot, due);
    model[slot] = due;
  };
  for (std::uint32_t slot = 0; slot < 2000; ++slot) put(slot, static_cast<std::int64_t>(random() % 10'000));
  std::int64_t now = 10'000;
  for (int step = 0; step < 50'000; ++step) {
    const auto soonest = std::min_element(model.begin(), model.end(), [](const auto& a, const auto& b) {
                           return a.second < b.second;
                         })->second;
    REQUIRE(queue.soonest_due() == soonest);
    const auto taken = queue.pop();
    REQUIRE(model.at(taken) == soonest);
    model.erase(taken);
    now += static_cast<std::int64_t>(random() % 3);
    // Nearly all get the same interval again; some a short one, and a few one that is ten times as long.
    const auto kind = random() % 50;
    put(taken, now + (kind == 0 ? 100'000 : kind < 4 ? 50 : 10'000));
    if (step % 7 != 0) continue;
    const auto mover = static_cast<std::uint32_t>(random() % 2000);
    put(mover, now + static_cast<std::int64_t>(random() % 10'000));
  }
  REQUIRE(queue.size() == model.size());
  const auto due =
      std::count_if(model.begin(), model.end(), [&](const auto& item) { return item.second <= now + 500; });
  CHECK(queue.count_due(now + 500, 5000) == static_cast<std::size_t>(due));
}
