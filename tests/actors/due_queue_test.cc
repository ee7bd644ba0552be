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
