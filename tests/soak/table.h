#pragma once

#include "audit.h"
#include "inbox.h"
#include "panel_book.h"

#include <memory>
#include <vector>

namespace smm::test::soak {

// What was done to the daemon.
struct Counts {
  std::size_t kills = 0;
  std::size_t kills_at_start = 0;
  std::size_t stops = 0;
  std::size_t reloads = 0;
  std::size_t refused_reloads = 0;
  std::size_t outages = 0;
};

struct Outcome {
  std::size_t days = 0;
  const Counts& counts;
  const PanelBook::Totals& totals;
  const std::vector<std::unique_ptr<Inbox>>& inboxes;
  std::size_t placements_asked_again = 0;
  const Verdict& verdict;
};

void print_table(const Outcome& outcome);

}  // namespace smm::test::soak
