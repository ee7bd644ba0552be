#pragma once

#include "actors/batch_limit.h"
#include "actors/panel_line.h"
#include "actors/poll_book.h"
#include "domain/policy.h"
#include "panel/reply.h"
#include "store/store.h"

#include <tl/expected.hpp>

#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace smm::actors {

// Follows the orders of one panel: decides what is asked when, asks it in batches over the panel's line, and
// lets the rules judge the replies. What goes wrong with this panel costs this poller only.
class Poller {
 public:
  // The line outlives the poller, and is closed before the poller goes.
  Poller(World world, PanelLine& line, PanelPolicy policy);
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;

  // Told of every order that changed, after the commit.
  void on_change(std::function<void(const Order&)> listener) { changed_ = std::move(listener); }
  // Fills the book from the database and begins.
  void start();
  void set_policy(PanelPolicy policy);

  // The storage takes writes again.
  void wake() { take_up_children(); }

  // An order came (or came back), or its row was changed by others.
  void track(const Order& order);
  void forget(std::int64_t row);

  using PollDone = std::function<void(std::optional<PanelLine::Refusal>)>;
  // Asks about one order before any other polling. `done` is called once, from the loop, after what was
  // learnt is committed.
  void poll_now(std::int64_t row, PollDone done);
  // Somebody looks at the order: unless it was asked about within `fastest`, it goes into the next batch.
  void want(std::int64_t row);
  // What a panel said of orders nobody follows here, to somebody else's question: they are tracked from now
  // on, without an event, and the panel's word is taken in as if a poll had brought it. Which of them are:
  // none where the configuration is against it or the storage takes no writes, and none that its user
  // untracked.
  std::vector<bool> take_up(const std::vector<Observation>& seen);

  struct Times {
    std::optional<Timestamp> polled_at;     // since the start of the daemon
    std::optional<Timestamp> next_poll_at;  // nothing: not any more
  };
  [[nodiscard]] Times times(std::int64_t row) const;

  struct View {
    std::size_t orders = 0;
    std::size_t due = 0;  // counts to 10,000
    Milliseconds lag{0};
    std::size_t batch_size = 0;
  };
  [[nodiscard]] View view() const;

 private:
  using Refusal = PanelLine::Refusal;
  using Verdict = PanelLine::Verdict;
  struct Waiting {
    std::int64_t row = 0;
    Timestamp deadline;
    PollDone done;
  };
  // One request under way.
  struct Batch {
    bool asked_for = false;  // by people, rather than by the schedule
    bool single = false;     // asked in the form for one order
    std::vector<Slot> slots;
    std::vector<OrderId> ids;
    std::vector<Waiting> waiting;
  };
  using BatchAt = std::list<Batch>::iterator;

  // Asking (poller.cc).
  [[nodiscard]] PanelLine::Poll next_poll(Timestamp now);
  void ask_for_people();
  [[nodiscard]] std::optional<PanelLine::Outgoing> prepare_asked_for(std::optional<BatchAt>& at);
  void drop_asked_for(PanelLine::Drop drop);
  bool join(Waiting& waiting, Slot slot);
  [[nodiscard]] PanelLine::Outgoing outgoing_of(const Batch& batch) const;
  void dropped(BatchAt at, PanelLine::Drop drop);

  // Takes over what steps the wall clock made since it was last asked, before anything is decided by it.
  void follow_clock();
  [[nodiscard]] std::optional<Timestamp> time_may_tell(const Order& order, Timestamp now) const;

  // Replies (poller_replies.cc).
  std::optional<Verdict> answered(BatchAt at, const platform::HttpOutcome& outcome);
  std::optional<Verdict> read_status(Batch& batch, const panel::Reply& reply);
  struct Findings {
    std::vector<rules::Change> changes;           // of orders the panel reported on
    std::vector<rules::Change> strangers;         // of orders it says it does not know
    std::vector<Slot> not_known;                  // of whom it says so; nobody, where that is its own trouble
    std::vector<bool> answered;                   // by index of the asked ids
    std::map<std::size_t, panel::Error> refused;  // by index too: what it says instead of an order's state
    std::size_t reported = 0;
    std::optional<panel::Error> unreadable;  // of an entry that is neither an object nor words
    std::size_t forgotten = 0;  // known and active a moment ago, and now it says it does not know them
  };
  tl::expected<Findings, panel::Error> judge(const Batch& batch, const std::vector<panel::Entry>& entries,
                                             Timestamp now);
  std::optional<panel::Error> judge_forgotten(const Batch& batch, const Findings& findings);
  void judge_entry(const panel::Entry& entry, Slot slot, const OrderId& id, Findings& findings,
                   Timestamp now);
  void judge_unchanged(Slot slot, Findings& findings, Timestamp now);
  [[nodiscard]] rules::Surroundings surroundings_of(const Order& order, Timestamp now);
  void commit(const Batch& batch, const std::vector<panel::Entry>& entries, const Findings& findings,
              Timestamp now);
  void learn_cut(const Batch& batch, const std::vector<panel::Entry>& entries);
  std::optional<Verdict> failed(Batch& batch, const panel::Error& error);
  void return_slots(const Batch& batch);
  void answer_each(const Batch& batch, const Findings& findings);
  void answer_waiting(const std::vector<Waiting>& waiting, const std::optional<Refusal>& refusal);
  void say_unknown_word(const Observation& seen);
  [[nodiscard]] std::optional<rules::Change> judge_seen(const Order& order, Observation& seen, Timestamp now);
  void follow_children(const rules::Change& change);
  void take_up_children();

  World world_;
  PanelLine& line_;
  PanelPolicy policy_;
  PollBook book_;
  std::function<void(const Order&)> changed_;
  std::deque<OrderId> children_;  // committed, and not in the book yet
  panel::StatusReader reader_;
  std::list<Batch> batches_;        // under way
  std::vector<Waiting> asked_for_;  // by people, and not sent yet
  BatchLimit batch_limit_;
  std::size_t suspected_cut_ = 0;  // the number of answers in a reply that stopped short
  // Orders asked for one at a time and not known any more, since the panel knew one.
  std::set<std::int64_t> forgotten_in_a_row_;
  std::set<std::string> unknown_words_;
  std::uint64_t clock_steps_ = 0;  // of the wall clock, taken over so far
  Milliseconds clock_moved_{0};    // by them
};

}  // namespace smm::actors
