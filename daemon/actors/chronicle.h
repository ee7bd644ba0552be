#pragma once

#include "actors/commit_feed.h"
#include "actors/note.h"
#include "actors/storage_guard.h"
#include "domain/event.h"
#include "domain/ids.h"
#include "platform/event_loop.h"
#include "store/store.h"

#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace smm::actors {

// Tells the log what the event log says, so that every such line is of something that was committed, and
// counts it for the metrics. Of what concerns single orders twenty lines in ten seconds are said one by one;
// beyond that those of a panel, a kind and a status become one line for the first commit that brings several,
// and one for all that follow when the ten seconds are over.
class Chronicle {
 public:
  Chronicle(platform::EventLoop& loop, store::Store& store, StorageGuard& storage, CommitFeed& feed);
  Chronicle(const Chronicle&) = delete;
  Chronicle& operator=(const Chronicle&) = delete;

  // Since the program began, by panel and what became of it.
  using Tally = std::map<std::pair<PanelName, std::string>, std::int64_t>;
  [[nodiscard]] const Tally& status_changes() const { return status_changes_; }
  [[nodiscard]] const Tally& refills() const { return refills_; }

  // Says what waits for the end of its ten seconds: for the end of the program.
  void end_span();

 private:
  using Heads = std::vector<const store::EventHead*>;
  using Kind = std::tuple<PanelName, EventType, std::string>;  // the string: its status
  // Several events of one kind.
  struct Lot {
    std::int64_t first_seq = 0;
    store::EventHead last;
    std::int64_t count = 0;
  };

  void read(const store::Committed& committed);
  void count(const store::EventHead& head);
  void tell(const store::EventHead& head);
  void tell_together(const Heads& heads);
  void tell_lot(const Kind& kind, const Lot& lot);
  [[nodiscard]] bool may_tell_each(std::size_t lines);

  store::Store& store_;
  StorageGuard& storage_;
  Tally status_changes_;
  Tally refills_;
  // Ten seconds, from the first line about a single order.
  std::size_t told_ = 0;        // lines about single orders
  std::map<Kind, Lot> untold_;  // those that had a line together already, and what has none yet
  platform::Timer span_over_;   // armed: there is a span
  CommitFeed::Subscription news_;
};

}  // namespace smm::actors
