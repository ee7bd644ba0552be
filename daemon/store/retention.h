#pragma once

#include "platform/database.h"
#include "store/store.h"
#include "store/webhooks.h"
#include "store/work.h"

#include <cstdint>
#include <vector>

namespace smm::store {

// Deletes what has been kept long enough, in slices. A round goes through the stages below in order and
// remembers where it is from one call to the next; what something pending still needs is passed over.
//
// * delivered deliveries, with their attempts, `deliveries` after they were delivered;
// * order.progress events `progress` after they were written, unless a delivery of them is still kept;
// * all other events `events` after they were written, with what is kept of their deliveries, unless one of
//   those is pending;
// * the history of an order that has ended, `history` after its end, its last change or its coming to us,
//   whichever was last: an end dated back takes nothing away at once;
// * placements, changes of services and balances 400 days after they were written, unless nobody knows yet
//   what became of the placement, or the balance is the panel's last (it may still stand);
// * 30 days after the same moment, of the points that moved only remains all but the last of each day (UTC);
// * unused pages of the file, while they are more than a quarter of it.
class Retention {
 public:
  Retention(platform::Database& database, Webhooks& webhooks);

  // Within a transaction. Rows looked at or deleted, `limit` and hardly more; fewer: the round is over, and
  // the next call begins another.
  std::int64_t step(const RetentionPolicy& policy, std::int64_t limit, Work& work);

 private:
  enum class Stage : std::uint8_t {
    deliveries,
    progress,
    events,
    history,
    thinning,
    placements,
    service_changes,
    balances,
    pages,
    over
  };

  std::int64_t expire_deliveries(const RetentionPolicy& policy, std::int64_t limit, Work& work);
  // Of a table whose numbers rise with time: what is over, and how many rows were looked at.
  struct Old {
    std::vector<std::int64_t> numbers;
    std::int64_t looked_at = 0;
  };
  [[nodiscard]] Old find_old(platform::Statement& candidates, Timestamp before, std::int64_t limit);
  std::int64_t expire_rows(platform::Statement& candidates, platform::Statement& deletion, Timestamp before,
                           std::int64_t limit);
  std::int64_t expire_events(platform::Statement& candidates, Timestamp before, std::int64_t limit,
                             Work& work);
  std::int64_t expire_history(Timestamp ended_before, std::int64_t limit);
  std::int64_t thin_history(Timestamp ended_before, std::int64_t limit);
  std::int64_t free_pages(std::int64_t limit);
  std::int64_t run(Stage stage, const RetentionPolicy& policy, std::int64_t limit, Work& work);

  [[nodiscard]] std::vector<std::int64_t> orders_ended(std::int64_t history_kept, Timestamp before,
                                                       std::int64_t limit);
  struct Points {
    std::int64_t count = 0;
    std::vector<std::int64_t> superfluous;  // revisions, the oldest first
  };
  [[nodiscard]] Points points_of(std::int64_t order_row);
  void set_history_kept(std::int64_t order_row, std::int64_t value);

  platform::Database& database_;
  Webhooks& webhooks_;
  Stage stage_ = Stage::deliveries;
  std::int64_t position_ = 0;  // within a table: what lies at or before it has been looked at in this round
  platform::Statement delete_delivered_;
  platform::Statement progress_candidates_;
  platform::Statement event_candidates_;
  platform::Statement delete_deliveries_of_;
  platform::Statement delete_event_;
  platform::Statement orders_ended_;
  platform::Statement delete_points_;
  platform::Statement points_;
  platform::Statement delete_point_;
  platform::Statement history_kept_;
  platform::Statement placement_candidates_;
  platform::Statement delete_placement_;
  platform::Statement service_change_candidates_;
  platform::Statement delete_service_change_;
  platform::Statement balance_candidates_;
  platform::Statement delete_balance_;
  platform::Statement page_count_;
  platform::Statement unused_pages_;
};

}  // namespace smm::store
