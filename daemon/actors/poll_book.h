#pragma once

#include "actors/due_queue.h"
#include "actors/poll_slot.h"
#include "domain/order.h"
#include "domain/policy.h"
#include "rules/batch.h"
#include "rules/schedule.h"
#include "store/store.h"

#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

namespace smm::actors {

// What is asked when: a panel's orders in memory with their due times. No I/O; the caller says what time it
// is.
class PollBook {
 public:
  explicit PollBook(PollPolicy policy) : policy_(policy) {}

  void reserve(std::size_t orders);
  // Adds an order, or takes over what changed of one that is here. The slot of an order forgotten goes to
  // another, but not before it has come back. `spread` in [0, 1): a known order's first
  // asking lies so much of its interval after `now` (after a start); an order never answered is due at once.
  Slot put(const store::PollEntry& entry, Timestamp now, double spread);
  void forget(std::int64_t row);
  [[nodiscard]] std::optional<Slot> find(std::int64_t row) const;
  [[nodiscard]] const PollSlot& at(Slot slot) const { return slots_[slot]; }
  [[nodiscard]] OrderId id_of(Slot slot) const;
  // Tells the processor that the slot is read soon: among a million it is in no cache.
  void fetch(Slot slot) const;

  struct Batch {
    std::vector<Slot> slots;                // to be asked now; empty = none yet
    std::optional<Timestamp> decide_again;  // then
  };
  // Takes the next batch out of the queues. What was taken comes back, once, by answered(), not_answered() or
  // put_back(); until then its slot is its own.
  // `in_flight`: how many orders are out already.
  Batch take(std::size_t batch_size, Timestamp now, std::size_t in_flight = 0);

  // Somebody looks at it: it goes into the next batch, beside what is due, unless it was asked about within
  // `fastest`. Where nothing falls due, what is wanted has a batch of its own, but no sooner than `fastest`
  // after the batch before; an order that ended only rides along. False: it is fresh enough, or out.
  bool want(Slot slot, Timestamp now);

  // The panel answered for it. The digest is believed from now on.
  void answered(Slot slot, std::uint64_t digest, Timestamp now);
  // The panel spoke of it to somebody else's question. As long as its slot is not out.
  void heard(Slot slot, Timestamp now);
  // What is known of it now, as long as its slot is out.
  void changed(Slot slot, const rules::ScheduleFacts& facts, std::optional<Timestamp> time_may_tell);
  void tell_at(Slot slot, std::optional<Timestamp> time_may_tell);
  // The panel said that it does not know it; it comes back by not_answered().
  void not_known(Slot slot);
  // Asked, and the panel said nothing about it.
  void not_answered(Slot slot, Timestamp now);
  // Not asked after all (the request failed): due at once, behind all who wait already, so that a batch that
  // always fails does not keep the others from their turn.
  void put_back(Slot slot, Timestamp now);
  // Takes it to be asked out of turn.
  void take_out(Slot slot);

  // Due times follow at once, also of orders that were not asked any more. Whether time tells anything by the
  // new policy is to be looked up when an order's next answer comes.
  void set_policy(const PollPolicy& policy);
  // The same bytes may mean something else from now on.
  void forget_digests();
  // Moves every due time by `step`: the wall clock was set back.
  void shift(Milliseconds step);
  // Moves what the paces are reckoned from: the wall clock made a step (of either direction). Whether time
  // tells anything is to be looked up, too.
  void clock_stepped(Milliseconds by);
  [[nodiscard]] std::size_t size() const { return live_; }
  [[nodiscard]] std::size_t paced() const { return paced_.size(); }
  [[nodiscard]] std::size_t due(Timestamp now, std::size_t limit) const;
  // How long the most overdue order has been waiting.
  [[nodiscard]] Milliseconds lag(Timestamp now) const;

 private:
  using ByRow = std::vector<Slot>;
  [[nodiscard]] ByRow::const_iterator place_of(std::int64_t row) const;
  Slot slot_for(std::int64_t row);
  void release(Slot slot);
  void leave_queues(Slot slot);
  void make_room_for_wanted(Batch& batch, std::size_t batch_size);
  void take_wanted(Batch& batch, std::size_t batch_size);
  void fill_up(Batch& batch, std::size_t batch_size, Timestamp now);
  void set_wanted(Slot slot, PollSlot::Wanted wanted);
  void schedule(Slot slot, Timestamp from);
  void reschedule(Slot slot);
  void enqueue(Slot slot, rules::Pace pace);

  PollPolicy policy_;
  std::vector<PollSlot> slots_;
  std::unordered_map<Slot, OrderId> long_ids_;  // those a slot has no room for
  ByRow by_row_;            // slots in use, ascending by row; rows come in that order but for a few
  std::vector<Slot> free_;  // slots of orders forgotten
  DueQueue paced_;
  DueQueue spare_;
  std::deque<Slot> wanted_;       // in the order they came; who is not wanted any more is passed over
  std::size_t wanted_count_ = 0;  // of them, who are wanted
  std::size_t wanted_batch_ = 0;  // and want a batch
  bool wanted_turn_ = false;      // of batches of one, every other
  Timestamp last_taken_;          // when the last batch was
  std::size_t live_ = 0;
};

}  // namespace smm::actors
