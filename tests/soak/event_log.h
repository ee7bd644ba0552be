#pragma once

#include "inbox.h"
#include "tracker_process.h"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace smm::test::soak {

// The daemon's event log, read once from its beginning and held against the inboxes on the way; what is
// needed later of each event is kept as digests.
class EventLog {
 public:
  explicit EventLog(const std::vector<const Inbox*>& inboxes);

  void read(const TrackerProcess& tracker);

  // Why an order's events are not its history; empty when they are.
  [[nodiscard]] std::string difference(const std::string& order, const std::vector<Json>& history,
                                       bool first_is_quiet) const;
  // What the events that tell of the panel's answer to what a record asked call its state; see
  // record_answered_by().
  [[nodiscard]] const std::vector<std::string>& answers_told(const std::string& record) const;
  [[nodiscard]] const Faults& faults() const { return faults_; }
  [[nodiscard]] std::size_t events() const { return events_; }
  [[nodiscard]] std::size_t changes() const { return changes_; }

 private:
  struct Desk {
    const Inbox* inbox;
    std::map<std::int64_t, Inbox::Letter> letters;
    std::size_t matched = 0;
  };
  struct Change {
    std::int64_t seq;
    std::size_t digest;
  };

  void read_line(std::string_view line);
  void check_desk(Desk& desk, const Json& event, std::int64_t seq, std::size_t digest);

  std::vector<Desk> desks_;
  std::unordered_map<std::string, std::vector<Change>> by_order_;
  std::map<std::string, std::vector<std::string>> answers_;
  Faults faults_;
  std::int64_t last_ = 0;
  std::size_t events_ = 0;
  std::size_t changes_ = 0;
};

}  // namespace smm::test::soak
