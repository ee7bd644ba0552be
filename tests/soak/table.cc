#include "table.h"

#include <iomanip>
#include <iostream>

namespace smm::test::soak {
namespace {

void print_row(const std::string& what, const std::string& figures) {
  std::cout << "  " << std::left << std::setw(30) << what << figures << "\n";
}

std::string n(std::size_t count) {
  auto text = std::to_string(count);
  for (auto at = static_cast<std::ptrdiff_t>(text.size()) - 3; at > 0; at -= 3)
    text.insert(static_cast<std::size_t>(at), ",");
  return text;
}

}  // namespace

void print_table(const Outcome& outcome) {
  const auto& totals = outcome.totals;
  const auto& counts = outcome.counts;
  const auto& verdict = outcome.verdict;
  print_row("orders, over days", n(verdict.orders) + ", " + n(outcome.days));
  print_row("killed; while starting", n(counts.kills) + "; " + n(counts.kills_at_start));
  print_row("stopped; reloaded; refused",
            n(counts.stops) + "; " + n(counts.reloads) + "; " + n(counts.refused_reloads));
  print_row("receivers shut for a while", n(counts.outages));
  print_row("requests to panels; ids", n(totals.requests) + "; " + n(totals.ids));
  print_row("answers disturbed, by quirks", n(totals.disturbed) + ", " + n(totals.quirks.size()));
  print_row("answers that may be lost", n(totals.may_be_lost));
  print_row("points of history", n(verdict.points));
  print_row("events; of an order's state", n(verdict.events) + "; " + n(verdict.changes));
  for (const auto& inbox : outcome.inboxes)
    print_row("POSTs to " + inbox->plan().name + "; events",
              n(inbox->posts()) + "; " + n(inbox->letters().size()));
  for (const auto& [action, states] : verdict.asked) {
    std::string text;
    for (const auto& [state, count] : states) text += (text.empty() ? "" : ", ") + state + " " + n(count);
    print_row(action, text);
  }
  print_row("placements asked for again", n(outcome.placements_asked_again));
  print_row("refills asked for by itself", n(verdict.refills_by_itself));
  print_row("orders as the panel has them", n(verdict.truths));
  print_row("faults", n(verdict.faults.count()));
}

}  // namespace smm::test::soak
