#pragma once

#include "once_witness.h"
#include "practice-panel/ledger.h"
#include "readings.h"

#include <cstddef>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

namespace smm::test::soak {

namespace practice = smm::practice;

// A request that asked for something that costs money or may happen once only, as the panel saw it.
struct Sighting {
  practice::Ms clock{0};  // of the panel
  // The panel takes no such batches and said so of the whole: what was in it may be asked for one by one.
  bool was_refused_as_batch = false;
  bool comes_to_nothing = false;  // a cancel that the panel takes and forgets
};

// What the panels told and were asked, life by life of the daemon, in as little memory as days of it need.
class PanelBook {
 public:
  // Everything between two ends of the daemon; all its connections are over. What it was told last by each
  // panel before an end need not have been taken in.
  void enter(const std::vector<practice::LedgerEntry>& life);

  // The readings of an order in the order they were told, repetitions left out.
  [[nodiscard]] const std::vector<ToldReading>& told(const std::string& panel,
                                                     const std::string& order) const;
  [[nodiscard]] const std::map<Intent, std::vector<Sighting>>& sightings() const { return sightings_; }
  // Requests that should never have come: to other paths, or without the panel's key.
  [[nodiscard]] const std::vector<std::string>& strangers() const { return strangers_; }

  struct Totals {
    std::size_t requests = 0;
    std::size_t ids = 0;
    std::size_t disturbed = 0;                  // answers that a quirk changed, or that never came
    std::map<std::string, std::size_t> quirks;  // how often each
    std::size_t may_be_lost = 0;                // answers
  };
  [[nodiscard]] const Totals& totals() const { return totals_; }

 private:
  void enter_answer(const practice::LedgerEntry& entry, bool may_be_lost);
  void enter_request(const practice::LedgerEntry& entry);

  std::unordered_map<std::string, std::vector<ToldReading>> told_;
  std::map<Intent, std::vector<Sighting>> sightings_;
  std::vector<std::string> strangers_;
  Totals totals_;
};

}  // namespace smm::test::soak
