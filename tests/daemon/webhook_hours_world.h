#pragma once

#include "practice-panel/server.h"
#include "shifted_clock.h"
#include "webhook_world.h"

#include <ctime>
#include <iomanip>
#include <set>
#include <sstream>

// A daemon with webhooks whose time comes from the test, and a panel whose orders move when the test says so.
namespace smm::test {

inline practice::ReceiverOptions of_any_time() {
  auto options = verifying();
  options.tolerance.reset();
  return options;
}

// "2026-11-21T10:14:03.120Z"
inline std::chrono::system_clock::time_point moment_of(const Json& text) {
  std::tm broken{};
  std::istringstream input(text.get<std::string>());
  int millis = 0;
  char dot = 0;
  input >> std::get_time(&broken, "%Y-%m-%dT%H:%M:%S") >> dot >> millis;
  REQUIRE_MESSAGE(input, text.dump());
  return std::chrono::system_clock::from_time_t(timegm(&broken)) + milliseconds(millis);
}

inline std::vector<std::string> ids_from(int first, int count) {
  std::vector<std::string> ids;
  for (int i = first; i < first + count; ++i) ids.push_back(std::to_string(i));
  return ids;
}

inline std::set<std::string> distinct(const std::vector<practice::ReceivedWebhook>& webhooks) {
  std::set<std::string> ids;
  for (const auto& webhook : webhooks) ids.insert(webhook.id);
  return ids;
}

struct HoursWorld {
  explicit HoursWorld(const std::vector<Hook>& hooks) : panel(server.add_panel()) {
    tracker.add_file("keys/shop", webhook_secret);
    tracker.add_file("keys/next", next_secret);
    REQUIRE_MESSAGE(tracker.start({.config = config_of(hooks), .environment = clock.environment()}),
                    tracker.log());
  }
  [[nodiscard]] std::string config_of(const std::vector<Hook>& hooks) const {
    auto config = "[poll]\nfastest = \"100ms\"\nmoving = \"100ms\"\nslowest = \"200ms\"\n" + extra +
                  panel_section("p1", server.api_url("p1"));
    for (auto hook : hooks) {
      if (hook.more.empty()) hook.more = "events = [\"order.tracked\", \"order.status_changed\"]\n";
      config += section(hook);
    }
    return config;
  }
  // The panel has them Pending; each makes two events, tracked and its first sight.
  void track(const std::vector<std::string>& ids) {
    for (const auto& id : ids) panel.script_order(id, 1000, {});
    REQUIRE(tracker.track("p1", ids) == ids.size());
  }
  void set_status(const std::string& id, const std::string& status) {
    panel.set_order(id, {.status = status});
    REQUIRE(tracker.post("/v1/orders/p1/" + id + "/poll").status == 200);
  }
  void pass(std::chrono::seconds time) {
    clock.pass(time);
    poke();
  }
  void poke() const { REQUIRE(tracker.get("/v1/health?level=alive").status == 200); }
  [[nodiscard]] Json webhook(const std::string& name) const {
    return tracker.get("/v1/webhooks/" + name).json();
  }
  [[nodiscard]] std::vector<Json> deliveries(const std::string& filter) const {
    return tracker.all_items("/v1/deliveries?" + filter);
  }
  [[nodiscard]] Json delivery(const Json& id) const {
    return tracker.get("/v1/deliveries/" + id.dump()).json();
  }
  // Until the next moment that the daemon names, and a little more.
  void pass_until(const Json& moment) {
    const auto left = std::chrono::ceil<std::chrono::seconds>(moment_of(moment) - clock.now());
    pass(std::max(left, std::chrono::seconds(0)));
  }

  std::string extra{};
  practice::PracticeServer server;
  practice::PracticePanel& panel;
  ShiftedClock clock;
  TrackerProcess tracker;
};

}  // namespace smm::test
