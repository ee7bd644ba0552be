#include "compat_world.h"

#include <chrono>
#include <future>

namespace smm::test::compat_account_test {

// Our own API v2: services and balance.

using std::chrono::steady_clock;

TEST_CASE("the list of services has the shape of the pages, from the database") {
  CompatWorld world;
  REQUIRE_MESSAGE(world.start(), world.tracker.log());
  const auto answer = world.ask("action=services");
  REQUIRE_MESSAGE(answer.status == 200, answer.body);
  const auto services = answer.json();
  REQUIRE(services.size() == world.panel.services().size());
  CHECK(services[0] == Json{{"service", 1},
                            {"name", "Followers"},
                            {"type", "Default"},
                            {"category", "First Category"},
                            {"rate", "0.90"},
                            {"min", "50"},
                            {"max", "10000"},
                            {"refill", true},
                            {"cancel", true}});
  CHECK(answer.headers.count("age") == 1);
  for (int i = 0; i < 20; ++i) CHECK(world.ask("action=services").body == answer.body);
  CHECK(world.count("services") == 1);
}

TEST_CASE("a list of 5,000 services comes whole and in the panel's order, also to many at once") {
  CompatWorld world;
  std::vector<practice::Service> many;
  for (long id = 1; id <= 5000; ++id)
    many.push_back({.id = 7001 - id, .name = "Service " + std::to_string(id)});
  world.panel.set_services(many);
  REQUIRE_MESSAGE(world.start(), world.tracker.log());
  std::vector<std::future<HttpAnswer>> answers;
  answers.reserve(6);
  for (int i = 0; i < 4; ++i)
    answers.push_back(std::async(std::launch::async, [&] { return world.ask("action=services"); }));
  for (auto& each : answers) {
    const auto services = each.get().json();
    REQUIRE(services.size() == 5000);
    bool in_order = true;
    for (std::size_t i = 0; i < 5000; ++i)
      in_order = in_order && services[i]["service"] == 7000 - static_cast<long>(i);
    CHECK(in_order);
  }
  CHECK(world.count("services") == 1);
}

TEST_CASE("the balance is the last one known, with its age") {
  CompatWorld world;
  REQUIRE_MESSAGE(world.start(), world.tracker.log());
  const auto answer = world.ask("action=balance");
  CHECK(answer.body == R"({"balance":"100.84292","currency":"USD"})");
  CHECK(answer.headers.count("age") == 1);
  for (int i = 0; i < 20; ++i) CHECK(world.ask("action=balance").body == answer.body);
  CHECK(world.count("balance") == 1);
}

TEST_CASE("a balance or a list that cannot be had costs the panel one request in ten seconds, whoever asks") {
  CompatWorld world;
  world.panel.add_quirk(quirk("html-500"));
  const auto began = steady_clock::now();
  REQUIRE_MESSAGE(world.start(), world.tracker.log());
  for (const std::string action : {"balance", "services"}) {
    CAPTURE(action);
    for (int i = 0; i < 20; ++i) {
      const auto words = world.ask("action=" + action).json()["error"].get<std::string>();
      CHECK_MESSAGE(words.rfind("Outcome unknown: ", 0) == 0, words);
    }
    const auto times = (steady_clock::now() - began) / std::chrono::seconds(10);
    CHECK(world.count(action) >= 1);
    CHECK(world.count(action) <= static_cast<std::size_t>(1 + times));
  }
}

TEST_CASE("a balance nobody has had yet is asked for once for all who wait for it") {
  CompatWorld world;
  world.panel.add_quirk(quirk("slow-reply", "balance", "300"));
  REQUIRE_MESSAGE(world.start(), world.tracker.log());
  std::vector<std::future<HttpAnswer>> answers;
  answers.reserve(6);
  for (int i = 0; i < 5; ++i)
    answers.push_back(std::async(std::launch::async, [&] { return world.ask("action=balance"); }));
  for (auto& answer : answers) CHECK(answer.get().json()["balance"] == "100.84292");
  CHECK(world.count("balance") == 1);
}

}  // namespace smm::test::compat_account_test
