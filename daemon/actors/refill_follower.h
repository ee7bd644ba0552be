#pragma once

#include "actors/batch_limit.h"
#include "actors/panel_line.h"
#include "domain/policy.h"
#include "domain/refill.h"
#include "panel/purchase_reply.h"
#include "rules/refill_state.h"
#include "store/purchases.h"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <utility>
#include <vector>

namespace smm::actors {

// Follows the refills one panel has accepted to their end, by refill_status in batches of up to 100, at the
// pace of rules::refill_interval. What a reply brings nothing new of is not written.
class RefillFollower {
 public:
  using Ended = std::function<void(const std::vector<Refill>&)>;

  // `ended`: told of refills after the commit in which they got their end. The line is closed before the
  // follower goes.
  RefillFollower(World world, PanelLine& line, PanelPolicy policy, Ended ended);
  RefillFollower(const RefillFollower&) = delete;
  RefillFollower& operator=(const RefillFollower&) = delete;

  void start();
  void set_policy(PanelPolicy policy);
  // Refills that have just got their answer: those accepted are followed from now on.
  void settled(const std::vector<Refill>& refills);
  // How many are followed.
  [[nodiscard]] std::size_t size() const { return followed_.size(); }

 private:
  struct Followed {
    Refill refill;
    Timestamp due;  // to be asked about; nothing of one whose id the panel never gave
    rules::RefillDoubt doubt;
  };
  // One request: our numbers, and the panel's ids in the same order.
  struct Batch {
    std::vector<std::int64_t> ids;
    std::vector<RefillId> upstream;
  };
  // What is to be written together.
  struct Findings {
    std::vector<store::RefillChange> changes;
    std::map<std::int64_t, rules::RefillDoubt> doubts;
  };

  void turn();
  void turn_soon(Timestamp when);
  void question();
  [[nodiscard]] std::optional<PanelLine::Outgoing> prepare(Batch& batch);
  void fill(Batch& batch, const std::vector<std::pair<Timestamp, std::int64_t>>& due);
  [[nodiscard]] std::optional<PanelLine::Verdict> answered(const Batch& batch,
                                                           const platform::HttpOutcome& outcome);
  [[nodiscard]] std::optional<PanelLine::Verdict> failed(const Batch& batch, const panel::Error& error);
  [[nodiscard]] Findings judge(const Batch& batch, const std::vector<panel::Said<panel::RefillReport>>& said,
                               Timestamp now) const;
  void expire(Timestamp now);
  [[nodiscard]] rules::ClockView clock_view() const;
  bool write_down(std::vector<store::RefillChange> changes);
  void add(Findings& findings, rules::RefillStep step) const;
  void put_off(const Batch& batch);
  [[nodiscard]] Timestamp next_due(const Refill& refill, Timestamp now) const;

  World world_;
  PanelLine& line_;
  PanelPolicy policy_;
  Ended ended_;
  std::map<std::int64_t, Followed> followed_;  // by our number
  BatchLimit batch_limit_;
  bool asking_ = false;  // a question waits or is under way
  platform::Timer timer_;
};

}  // namespace smm::actors
