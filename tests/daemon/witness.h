#pragma once

#include "practice-panel/server.h"
#include "practice-panel/webhook_receiver.h"
#include "tracker_process.h"

#include <cstdint>
#include <set>
#include <string>
#include <vector>

namespace smm::test {

// What the daemon keeps, held against what the practice panel says it told it: two programs that share no
// code.
struct Findings {
  std::vector<std::string> faults;  // at most 20; empty when all is well
  std::size_t orders = 0;
  std::size_t points = 0;    // of history
  std::size_t events = 0;    // status_changed, progress and corrected
  std::size_t webhooks = 0;  // distinct ids received
};
[[nodiscard]] std::string to_text(const Findings& findings);

struct Comparison {
  TrackerProcess& tracker;
  practice::PracticeServer& server;
  const practice::WebhookReceiver* receiver = nullptr;  // subscribed to everything
  // How many requests the ledger held at each kill of the daemon: the last answer to each panel before one
  // may have been lost with it, or not.
  std::vector<std::size_t> kills{};
  // Panels whose ledger spells what it told otherwise than what may be kept (control characters, say).
  std::set<std::string> without{};
};

// For each order on each panel: its history is the sequence of different readings in the ledger's whole
// answers, point for point; its events are its history; each event arrived as a webhook that verifies, the
// same bytes on each attempt. The daemon must be serving, and have asked about every order since the panel's
// clock stood still.
[[nodiscard]] Findings compare(const Comparison& comparison);

// Orders that are done within ten seconds of the panel's time.
[[nodiscard]] practice::SeedOptions quick_courses();

// The section of a receiver that wants everything. Its secret's file is keys/shop.
[[nodiscard]] std::string webhook_section(const std::string& url);

// Stops the panels' clock and waits until each that is up was asked about all its orders again since.
[[nodiscard]] bool asked_again(practice::PracticeServer& server, const TrackerProcess& tracker);

// Waits until no webhook delivery is pending.
bool all_delivered(const TrackerProcess& tracker, milliseconds patience);

}  // namespace smm::test
