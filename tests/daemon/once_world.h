#pragma once

#include "once_witness.h"
#include "practice-panel/server.h"
#include "tracker_process.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <random>
#include <string>
#include <vector>

namespace smm::test {

// SMM_ONCE_ROUNDS says how long the tests of once-only go on, SMM_ONCE_SEED repeats a run.
inline int rounds_wanted() {
  const char* wanted = std::getenv("SMM_ONCE_ROUNDS");
  return wanted == nullptr ? 100 : std::atoi(wanted);
}

inline unsigned seed_wanted() {
  const char* wanted = std::getenv("SMM_ONCE_SEED");
  return wanted == nullptr ? std::random_device{}()
                           : static_cast<unsigned>(std::strtoul(wanted, nullptr, 10));
}

// A daemon that can be killed at a certain step, and a panel that everything is asked of.
struct OnceWorld {
  OnceWorld() : panel(server.add_panel(rich("p1"))) { server.add_panel(rich("p2")); }

  static practice::PanelOptions rich(const std::string& name) {
    practice::PanelOptions options;
    options.name = name;
    options.balance = "1000000";
    return options;
  }
  [[nodiscard]] std::string kill_file() const { return tracker.directory() / "kill-point"; }
  [[nodiscard]] TrackerProcess::Options options() const {
    return {.config = fast_polling() + panel_section("p1", server.api_url("p1"), "place_timeout = \"1s\"\n"),
            .environment = {{"LD_PRELOAD", SMM_KILL_POINT},
                            {"KILL_POINT", kill_file()},
                            {"ASAN_OPTIONS", "verify_asan_link_order=0"}}};
  }
  bool start() { return tracker.start(options()); }
  [[nodiscard]] Told ask(const Intent& intent) const { return ask_for(tracker, "p1", intent); }
  // In one request to the daemon.
  [[nodiscard]] std::vector<Told> ask_many(const std::vector<Intent>& intents) const {
    const auto kind = intents.front().kind;
    auto orders = Json::array();
    for (const auto& intent : intents) orders.push_back("p1/" + intent.id);
    const auto answer =
        tracker.post(kind == Intent::Kind::refill ? "/v1/refills" : "/v1/cancels", Json{{"orders", orders}});
    std::vector<Told> all;
    if (answer.status != 200) return all;
    const auto items = answer.json()["items"];
    for (std::size_t i = 0; i < intents.size(); ++i) {
      Told each{intents[i], items[i]["status"].get<long>()};
      if (items[i].contains("problem")) each.sent = items[i]["problem"].value("sent", "");
      all.push_back(std::move(each));
    }
    return all;
  }
  // Orders that the panel takes a refill, or a cancel, of.
  void track(const std::vector<Intent>& intents) {
    std::vector<std::string> ids;
    for (const auto& intent : intents) {
      panel.script_order(intent.id, 1000, {});
      if (intent.kind == Intent::Kind::refill)
        panel.set_order(intent.id, {.status = "Completed", .remains = "0"});
      ids.push_back(intent.id);
    }
    REQUIRE(tracker.track("p1", ids) == ids.size());
  }

  practice::PracticeServer server;
  practice::PracticePanel& panel;
  TrackerProcess tracker;
};

}  // namespace smm::test
