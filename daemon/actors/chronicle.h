#pragma once

#include "actors/commit_feed.h"
#include "actors/note.h"
#include "domain/event.h"
#include "domain/ids.h"
#include "store/store.h"

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace smm::actors {

// Tells the log what the event log says, so that every such line is of something that was committed, and
// counts it for the metrics. Of what concerns single orders twenty lines in ten seconds are said one by one;
// beyond that those of one commit, a panel and a kind become one line.
class Chronicle {
 public:
  Chronicle(store::Store& store, CommitFeed& feed);
  Chronicle(const Chronicle&) = delete;
  Chronicle& operator=(const Chronicle&) = delete;

  // Since the program began, by panel and what became of it.
  using Tally = std::map<std::pair<PanelName, std::string>, std::int64_t>;
  [[nodiscard]] const Tally& status_changes() const { return status_changes_; }
  [[nodiscard]] const Tally& refills() const { return refills_; }

 private:
  using Heads = std::vector<const store::EventHead*>;

  void read(const store::Committed& committed);
  void count(const store::EventHead& head);
  void tell(const store::EventHead& head);
  void tell_together(const Heads& heads);
  [[nodiscard]] bool may_tell_each(std::size_t lines);

  store::Store& store_;
  Tally status_changes_;
  Tally refills_;
  std::int64_t span_began_ms_ = 0;
  std::size_t told_ = 0;  // lines about single orders, in this span
  CommitFeed::Subscription news_;
};

}  // namespace smm::actors
