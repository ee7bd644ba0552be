#pragma once

#include "practice-panel/server.h"
#include "tracker_process.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <thread>
#include <vector>

// Practice panels, what they were asked, and a daemon with one of them.
namespace smm::test::one_panel {

namespace practice = smm::practice;

inline practice::PracticePanel& add_panel(practice::PracticeServer& server, const std::string& name) {
  practice::PanelOptions options;
  options.name = name;
  return server.add_panel(options);
}

inline practice::Quirk quirk(const std::string& name, const std::string& parameter = "",
                             const std::string& action = "status") {
  return {.name = name, .action = action, .parameter = parameter};
}

inline Json panel_of(const TrackerProcess& tracker, const std::string& name) {
  return tracker.get("/v1/panels/" + name).json();
}

inline Json order_of(const TrackerProcess& tracker, const std::string& panel, const std::string& id) {
  return tracker.get("/v1/orders/" + panel + "/" + id).json();
}

inline bool all_asked(const TrackerProcess& tracker) {
  return eventually([&] { return tracker.get("/v1/orders?status=new&limit=1").json()["items"].empty(); });
}

inline std::size_t events_of(const TrackerProcess& tracker, const std::string& type) {
  const auto events = tracker.all_events();
  return static_cast<std::size_t>(
      std::count_if(events.begin(), events.end(), [&](const Json& event) { return event["type"] == type; }));
}

// The requests one panel got, in order.
inline std::vector<practice::LedgerEntry> requests_of(practice::PracticeServer& server,
                                                      const std::string& panel) {
  auto entries = server.ledger().entries();
  std::erase_if(entries, [&](const auto& entry) { return entry.request.panel != panel; });
  return entries;
}

inline std::size_t requests_within(practice::PracticeServer& server, const std::string& panel,
                                   std::chrono::seconds time) {
  const auto before = server.ledger().requests(panel);
  std::this_thread::sleep_for(time);
  return server.ledger().requests(panel) - before;
}

// A daemon with one panel, polled fast.
struct OnePanel {
  explicit OnePanel(const std::string& more = "", const std::string& poll = fast_polling())
      : panel(add_panel(server, "p1")), config(poll + panel_section("p1", server.api_url("p1"), more)) {}

  bool start() { return tracker.start({.config = config}); }
  [[nodiscard]] Json order(const std::string& id) const { return order_of(tracker, "p1", id); }
  [[nodiscard]] std::size_t events(const std::string& type) const { return events_of(tracker, type); }

  practice::PracticeServer server;
  practice::PracticePanel& panel;
  TrackerProcess tracker;
  std::string config;
};

}  // namespace smm::test::one_panel
