#include "panel_book.h"

#include <algorithm>
#include <set>

namespace smm::test::soak {
namespace {

// An answer that took so long that the daemon may have given it up (p3's `timeout` is 3 s).
constexpr std::chrono::milliseconds too_slow{1000};

bool has_quirk(const practice::LedgerEntry& entry, const char* name) {
  if (!entry.answer) return false;
  const auto& quirks = entry.answer->quirks;
  return std::find(quirks.begin(), quirks.end(), name) != quirks.end();
}

// Every byte was sent and the connection reset: nobody can know whether it arrived.
bool is_reset(const practice::LedgerEntry& entry) {
  return has_quirk(entry, "reset-after-reply");
}

bool is_slow(const practice::LedgerEntry& entry) {
  return entry.answer->at - entry.request.at >= too_slow;
}

bool is_refused_batch(const practice::LedgerEntry& entry) {
  static const std::set<std::string> refusals = {"no-batch", "small-batch", "batch-over-limit-refused",
                                                 "error-with-status", "http-404-json"};
  return entry.answer && entry.request.form.get("orders") && entry.answer->body.rfind("{\"error\"", 0) == 0 &&
         std::any_of(entry.answer->quirks.begin(), entry.answer->quirks.end(),
                     [](const std::string& quirk) { return refusals.count(quirk) > 0; });
}

std::string order_key(const std::string& panel, const std::string& order) {
  return panel + "/" + order;
}

}  // namespace

void PanelBook::enter(const std::vector<practice::LedgerEntry>& life) {
  if (life.empty()) return;
  const auto doubts = doubtful(life, {static_cast<std::size_t>(life.back().number)});
  for (const auto& entry : life) {
    enter_request(entry);
    if (!entry.answer) continue;
    const bool may_be_lost = doubts.count(entry.number) > 0 || is_reset(entry) || is_slow(entry);
    if (entry.answer->whole || is_reset(entry)) enter_answer(entry, may_be_lost);
  }
}

void PanelBook::enter_request(const practice::LedgerEntry& entry) {
  const auto& request = entry.request;
  ++totals_.requests;
  totals_.ids += request.asked.size();
  if (!entry.answer || !entry.answer->quirks.empty()) ++totals_.disturbed;
  if (entry.answer) {
    for (const auto& quirk : entry.answer->quirks) ++totals_.quirks[quirk];
  }
  if (request.panel.empty() || !request.key_right) strangers_.push_back(request.method + " " + request.path);
  const Sighting sighting{request.clock, is_refused_batch(entry), has_quirk(entry, "cancel-never-happens")};
  if (request.action == "add")
    sightings_[{Intent::Kind::place, request.form.get("link").value_or("")}].push_back(sighting);
  for (const auto kind : {Intent::Kind::refill, Intent::Kind::cancel}) {
    if (request.action != action_of(kind)) continue;
    for (const auto& order : request.asked) sightings_[{kind, order}].push_back(sighting);
  }
}

void PanelBook::enter_answer(const practice::LedgerEntry& entry, bool may_be_lost) {
  if (may_be_lost && !entry.answer->told.empty()) ++totals_.may_be_lost;
  for (const auto& [order, state] : entry.answer->told) {
    auto& readings = told_[order_key(entry.request.panel, order)];
    auto reading = reading_of(state);
    if (readings.empty() || readings.back().reading != reading) {
      readings.push_back({std::move(reading), may_be_lost});
    } else if (!may_be_lost) {
      readings.back().may_be_lost = false;
    }
  }
}

const std::vector<ToldReading>& PanelBook::told(const std::string& panel, const std::string& order) const {
  static const std::vector<ToldReading> none;
  const auto found = told_.find(order_key(panel, order));
  return found == told_.end() ? none : found->second;
}

}  // namespace smm::test::soak
